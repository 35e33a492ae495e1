"""A small Elasticsearch, or OpenSearch, over real HTTP: what clients are tested against where there is no cluster.

    with FakeElastic("9.1.0") as node:                     # or FakeElastic("3.1.0", engine="opensearch")
        client = elasticsearch.Elasticsearch(node.url)
        node.faults.status("/_bulk", 429, times=2, headers={"Retry-After": "0"})
        node.faults.close("/_bulk", when="middle")              # half of the operations, then it hangs up
        node.faults.delay("/_search", seconds=1.0)
        node.faults.reject({"p7": 400})                    # these documents, in every bulk request
        node.faults.fail_shards(1)                         # a search misses a shard, and says so
        node.requests                                      # what was asked: method, path, parameters, headers, body

`FakeElastic(..., store=node.store)` is a second node of the same cluster. `node.route(method, template, handler)` adds
an endpoint or replaces one (`"/_plugins/_ml/models/{id}"`); a handler takes the `Request` and the names in the
template, and returns a JSON value, a `Response`, or raises `ElasticError`.

What it emulates, as the real servers do it:

- The product header, `/` of both engines, media types with `compatible-with` (8.x refuses 9; OpenSearch refuses them
  all), errors in Elasticsearch's form, HEAD, licence, features and plugins (all three are constructor arguments).
- Indices with mappings (dynamic too), several shards, near real time (a document is found after a refresh), aliases,
  bulk with an answer for each item, msearch with an answer for each search, count, mget, scroll, points in time.
- Analysis with standard, whitespace, keyword and english, and custom ones of their parts. BM25 as Lucene computes it,
  but for its rounding of lengths above 39; document frequencies are a shard's unless dfs_query_then_fetch is asked.
- match, multi_match, match_phrase, term(s), ids, exists, prefix, range, bool, dis_max, constant_score, function_score,
  script_score (cosineSimilarity alone), knn (exact, in both engines' forms); sort, search_after, collapse, post_filter,
  _source filtering, fields, highlight (the whole field, words marked), aggregations (terms, filter, filters, stats and
  their kin, with sub-aggregations); the retrievers standard, knn and rrf.
- Queries that only the search proxy's searches hold, simply: see `more_queries.py`; rescore, suggest (empty), explain.
- `_inference` endpoints are kept and returned, not run.

What it does not: security, any script but a few, models, synonyms, fuzziness (accepted, without effect), nested
documents, field types beyond those of `mappings.py`; runtime fields are accepted and empty. What it does not know is an
error, as with the real servers, never silently ignored.
"""

from fake_elastic.faults import Faults
from fake_elastic.protocol import ElasticError, Request, Response
from fake_elastic.server import FakeElastic

__all__ = ["ElasticError", "FakeElastic", "Faults", "Request", "Response"]
