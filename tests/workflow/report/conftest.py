"""Measured runs for the report, made once."""

import sys
from pathlib import Path

import pytest

from retrieval.data.search_data import SearchData
from retrieval.shop.shop import shop_data
from retrieval.types import Product, Query

sys.path.insert(0, str(Path(__file__).parent))  # tests here import `made_run`
from made_run import make_run

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'


@pytest.fixture(scope="session")
def shop() -> SearchData:
    """A shop with 160 test queries whose texts and product titles are hostile."""
    data = shop_data(products=300, train=6, dev=20, test=160, log=200, seed=4, judged=10)
    products = [Product(p.id, {**p.fields, "title": f"{p['title']} {HOSTILE}"}) for p in data.products()]
    data.products = lambda: iter(products)
    data.queries = {i: Query(i, f"{query.text} {HOSTILE}") for i, query in data.queries.items()}
    return data


@pytest.fixture(scope="session")
def good_run(shop: SearchData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student that is better than its first stage, on the whole and everywhere."""
    return make_run(tmp_path_factory.mktemp("good"), "good", shop)


@pytest.fixture(scope="session")
def flawed_run(shop: SearchData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As good, but the other way round on queries that exclude something."""
    return make_run(tmp_path_factory.mktemp("flawed"), "flawed", shop, flaw=excludes)


def excludes(text: str) -> bool:
    """Whether a query of the shop excludes something."""
    return bool({"without", "no", "not"} & set(text.lower().split()))
