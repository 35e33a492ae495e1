"""Where the text is found in a body, and which of several."""

import pytest

from serving.proxy.passing import PassThroughError
from serving.proxy.query_text import plain_words, query_text

MATCH = {"match": {"title": "red shoe"}}
OTHER = {"match": {"category": "footwear"}}
MULTI = {"multi_match": {"query": "red  Shoe", "fields": ["title", "brand"]}}
TERM = {"term": {"brand": "acme"}}
BUILDER = {"field": "v", "k": 10, "query_vector_builder": {"text_embedding": {"model_text": "red shoe"}}}


@pytest.mark.parametrize(
    "query",
    [
        MATCH,
        {"match": {"title": {"query": "red shoe", "operator": "and"}}},
        {"match_phrase": {"title": "red shoe"}},
        {"match_phrase_prefix": {"title": {"query": "red shoe"}}},
        {"match_bool_prefix": {"title": "red shoe"}},
        {"combined_fields": {"query": "red shoe", "fields": ["title"]}},
        {"query_string": {"query": '+red AND "shoe"^2'}},
        {"simple_query_string": {"query": "red | shoe*"}},
        {"semantic": {"field": "s", "query": "red shoe"}},
        {"sparse_vector": {"field": "s", "inference_id": "i", "query": "red shoe"}},
        {"text_expansion": {"ml.tokens": {"model_id": "elser", "model_text": "red shoe"}}},
        {"neural": {"embedding": {"query_text": "red shoe", "model_id": "m", "k": 50}}},
        {"neural_sparse": {"embedding": {"query_text": "red shoe", "model_id": "m"}}},
        {"knn": BUILDER},
        {"bool": {"must": MATCH, "filter": [TERM, OTHER], "must_not": [OTHER]}},
        {"bool": {"must": [TERM], "should": [MATCH]}},
        {"bool": {"should": [MATCH, MULTI, {"match_phrase": {"title": "RED SHOE"}}]}},
        {"bool": {"must": [MULTI], "should": [OTHER]}},  # what must match goes before what should
        {"bool": {"must": [MULTI, OTHER]}},  # several fields go before one
        {"bool": {"must": [{"bool": {"should": [MATCH, MULTI]}}], "should": [OTHER]}},
        {"bool": {"must": [{"query_string": {"query": "status:active"}}, MATCH]}},
        {"dis_max": {"queries": [MATCH, MULTI]}},
        {"function_score": {"query": MATCH, "functions": [{"filter": OTHER, "weight": 2}]}},
        {"script_score": {"query": MATCH, "script": {"source": "_score"}}},
        {"constant_score": {"filter": MATCH}},
        {"boosting": {"positive": MATCH, "negative": OTHER, "negative_boost": 0.5}},
        {"nested": {"path": "variants", "query": MATCH}},
        {"has_child": {"type": "offer", "query": MATCH}},
        {"hybrid": {"queries": [MATCH, {"neural": {"e": {"query_text": "red shoe", "model_id": "m"}}}]}},
    ],
    ids=lambda query: next(iter(query)),
)
def test_the_text_of_a_query(query):
    assert " ".join(query_text({"query": query}).casefold().split()) == "red shoe"


@pytest.mark.parametrize(
    "body",
    [
        {"knn": BUILDER},
        {"knn": [BUILDER, {"field": "w", "query_vector": [1, 2]}], "query": MATCH},
        {"sub_searches": [{"query": MATCH}, {"query": MULTI}], "rank": {"rrf": {}}},
        {"retriever": {"standard": {"query": MATCH, "filter": OTHER}}},
        {"retriever": {"knn": BUILDER}},
        {"retriever": {"rrf": {"retrievers": [{"standard": {"query": MATCH}}, {"knn": BUILDER}]}}},
        {"retriever": {"rrf": {"query": "red shoe", "fields": ["title"]}}},
        {"retriever": {"linear": {"retrievers": [{"retriever": {"standard": {"query": MATCH}}, "weight": 2}]}}},
        {"retriever": {"rescorer": {"retriever": {"standard": {"query": MATCH}}, "rescore": {}}}},
    ],
    ids=str,
)
def test_the_text_of_other_sections(body):
    assert query_text(body) == "red shoe"


def test_the_urls_query_takes_the_place_of_the_bodys():
    assert query_text({"query": OTHER}, "red shoe") == "red shoe"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "no_query_text"),
        ({"query": {"match_all": {}}}, "no_query_text"),
        ({"query": {"bool": {"filter": [MATCH]}}}, "no_query_text"),
        ({"query": {"match": {"title": "  "}}}, "no_query_text"),
        ({"query": {"match": {"sku": 4711}}}, "no_query_text"),
        ({"query": {"more_like_this": {"like": "red shoe"}}}, "no_query_text"),
        ({"query": {"percolate": {"field": "q", "document": {"title": "red shoe"}}}}, "no_query_text"),
        ({"knn": {"field": "v", "query_vector": [1.0], "k": 3}}, "no_query_text"),
        ({"suggest": {"s": {"text": "red sheo", "term": {"field": "title"}}}}, "no_query_text"),
        ({"query": {"bool": {"must": [MATCH, OTHER]}}}, "several_query_texts"),
        ({"query": {"bool": {"should": [MATCH, OTHER]}}}, "several_query_texts"),
        ({"query": {"bool": {"must": [MULTI, {"query_string": {"query": "footwear"}}]}}}, "several_query_texts"),
        ({"query": {"query_string": {"query": "title:red AND brand:acme"}}}, "query_syntax"),
        ({"query": {"simple_query_string": {"query": "red -blue"}}}, "query_syntax"),
        ({"query": {"pinned": {"ids": ["1"], "organic": MATCH}}}, "pinned"),
        ({"query": {"bool": {"must": {"rule": {"organic": MATCH, "ruleset_ids": ["r"]}}}}}, "pinned"),
        ({"retriever": {"text_similarity_reranker": {"retriever": {"standard": {"query": MATCH}}}}}, "own_rerank"),
        ({"retriever": {"pinned": {"retriever": {"standard": {"query": MATCH}}}}}, "pinned"),
        ({"retriever": {"of_tomorrow": {}}}, "retriever"),
        ({"query": 3, "knn": "a", "sub_searches": [None], "retriever": []}, "no_query_text"),
        ({"query": {"bool": 3, "match": None, "nested": [], "dis_max": {"queries": 3}}}, "no_query_text"),
    ],
    ids=str,
)
def test_there_is_no_one_text(body, reason):
    with pytest.raises(PassThroughError) as passed:
        query_text(body)
    assert passed.value.reason == reason


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("usb-c cable 2 m", "usb-c cable 2 m"),
        ('"red shoe" OR (boot AND leather)', "red shoe boot leather"),
        ("+red +shoe~2 boot^1.5 || lea*", "red shoe boot lea"),
        (r"16\:9 monitor \(27 inch\)", "16:9 monitor (27 inch)"),
        (r"\-5 degrees c\+\+", "-5 degrees c++"),
        ("title:red", ""),
        ("price:[1 TO 5] red", ""),
        ("red NOT blue", ""),
        ("red -blue", ""),
        ("!blue", ""),
        ("/re[dx]/", ""),
        ("r?d shoe", ""),
        ("r*d shoe", ""),
        ("{a TO b}", ""),
        ("AND", ""),
    ],
)
def test_the_words_of_lucenes_language(expression, words):
    assert plain_words(expression) == words
