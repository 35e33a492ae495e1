"""The generated queries of a run: by template, and by a large language model where the config names one."""

from contextlib import closing
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from augment.generated import GeneratedQuery
from augment.query_templates import template_queries
from augment.query_writer import product_request, shop_requests, write_queries
from eval.files import read_json, write_json
from rerank.api.cache import AnswerCache
from retrieval.types import Product
from workflow.config.generate import WriterSection
from workflow.run.prepared import Prepared
from workflow.run.work import Work
from workflow.stages.first_stage import teacher_template

_TRIED = 2  # products looked at for each query by template: some give none, some the same as another
_ANSWER_TOKENS = 600


class Generated(NamedTuple):
    """The queries, and lines for the user."""

    queries: list[GeneratedQuery]
    warnings: list[str]


def generated_queries(work: Work, prepared: Prepared) -> Generated:
    """What `generate` asks for. Kept until mining is done, so that mining goes on with the very same queries."""
    kept = work.run.scratch("mine") / "generated.json"
    if not kept.exists():
        made = _by_template(work, prepared)
        warnings: list[str] = []
        if work.config.generate.llm is not None:
            written, warnings = _by_model(work, prepared, work.config.generate.llm)
            made += written
        write_json(kept, {"queries": made, "warnings": warnings})
    stored: dict[str, Any] = read_json(kept)
    return Generated([GeneratedQuery(*query) for query in stored["queries"]], stored["warnings"])


def _by_template(work: Work, prepared: Prepared) -> list[GeneratedQuery]:
    wanted = work.config.generate.templates
    products = _drawn(prepared, _TRIED * wanted, work.config.seed)
    found = dict.fromkeys(
        GeneratedQuery(query.text, f"template:{query.template}")
        for query in template_queries(products, work.config.seed)
    )
    return list(islice(found, wanted))


def _by_model(work: Work, prepared: Prepared, section: WriterSection) -> tuple[list[GeneratedQuery], list[str]]:
    template = teacher_template(work.config, prepared.catalogue)
    requests = [
        (product_request(template.text(product), section.per_product), "llm:product")
        for product in _drawn(prepared, section.products, work.config.seed + 1)
    ]
    if section.shop is not None:
        requests += [(request, "llm:shop") for request in shop_requests(section.shop, section.shop_queries)]
    with closing(AnswerCache(work.run.written)) as cache:
        written = write_queries(
            section.endpoint(max_tokens=_ANSWER_TOKENS),
            requests,
            cache,
            concurrency=section.concurrency,
            limit_tokens=section.limit_tokens,
            progress=work.progress.task("writing queries"),
        )
    if not written.unanswered:
        return written.queries, []
    return written.queries, [f"{written.unanswered:,} of {len(requests):,} requests for queries got no answer"]


def _drawn(prepared: Prepared, count: int, seed: int) -> list[Product]:
    """So many products (or all) at random, in random order."""
    catalogue = prepared.catalogue
    rows = np.random.default_rng(seed).permutation(len(catalogue))[:count]
    return catalogue.products(rows.tolist())
