"""Small data sets in each published layout, right in every detail; tests break one thing at a time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

PRODUCT_COLUMNS = ("id", "title", "description", "bullet_point", "brand", "color", "locale")
EXAMPLE_COLUMNS = ("query_id", "query", "product_id", "esci_label", "split", "small_version", "product_locale")

ESCI_PRODUCTS: list[tuple[Any, ...]] = [
    ("B1", "Red <b>wool</b> shirt", "Soft &amp; warm", "washable", "Acme", "red", "us"),
    ("B2", "Blue shirt", None, None, None, "blue", "us"),
    ("B3", "Desk lamp", "A lamp", "", "Lumo", None, "us"),
    ("B1", "Camisa roja", None, None, "Acme", "rojo", "es"),
]
ESCI_EXAMPLES: list[tuple[Any, ...]] = [
    (11, "red shirt", "B1", "E", "train", 1, "us"),
    (11, "red shirt", "B2", "S", "train", 1, "us"),
    (12, "lamp", "B3", "E", "train", 0, "us"),
    (21, "blue shirt", "B2", "E", "test", 1, "us"),
    (21, "blue shirt", "B1", "C", "test", 1, "us"),
    (21, "blue shirt", "B3", "I", "test", 1, "us"),
    (22, "light", "B3", "E", "test", 0, "us"),
    (31, "camisa", "B1", "E", "train", 1, "es"),
]

WANDS_PRODUCTS = [
    "product_id\tproduct_name\tproduct_class\tcategory hierarchy\tproduct_description\tproduct_features"
    "\trating_count\taverage_rating\treview_count",
    "0\tsolid wood platform bed\tBeds\tFurniture / Beds\tgood , deep sleep\theight:30|wood:oak\t15.0\t4.5\t15.0",
    '1\t"36"" vanity"\tVanities\tBath / Vanities\t\tcolor:blue\t\t\t',
    "2\tdesk lamp\tLamps\tLighting\ta lamp\tbulb:led\t3.0\t5.0\t1.0",
]
WANDS_QUERIES = ["query_id\tquery\tquery_class", "0\twood bed\tBeds", '1\t"fawkes 36"" vanity"\t', "2\tlamp\tLamps"]
WANDS_LABELS = [
    "id\tquery_id\tproduct_id\tlabel",
    "0\t0\t0\tExact",
    "1\t0\t2\tIrrelevant",
    "2\t1\t1\tPartial",
    "3\t2\t2\tExact",
]

PLAIN_PRODUCTS = ["product_id,title,brand", "p1,red shirt,Acme", "p2,blue shirt,", 'p3,"lamp, small",Lumo']
PLAIN_QUERIES = ["query_id,query,split", "1,red shirt,train", "2,lamp,test"]
PLAIN_JUDGEMENTS = ["query_id,product_id,grade", "1,p1,E", "1,p2,S", "2,p3,E"]


def write_lines(path: Path, lines: list[str]) -> Path:
    """Write lines as UTF-8."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_esci(
    path: Path,
    products: list[tuple[Any, ...]] = ESCI_PRODUCTS,
    examples: list[tuple[Any, ...]] = ESCI_EXAMPLES,
    rename: dict[str, str] | None = None,
) -> Path:
    """Write the parquet pair; `rename` misspells columns."""
    rename = rename or {}
    names = [f"product_{name}" for name in PRODUCT_COLUMNS]
    columns = {
        rename.get(name, name): list(values) for name, values in zip(names, zip(*products, strict=True), strict=True)
    }
    pq.write_table(pa.table(columns), path / "shopping_queries_dataset_products.parquet")
    columns = {
        rename.get(name, name): list(values)
        for name, values in zip(EXAMPLE_COLUMNS, zip(*examples, strict=True), strict=True)
    }
    pq.write_table(pa.table(columns), path / "shopping_queries_dataset_examples.parquet")
    return path


def write_wands(
    path: Path,
    products: list[str] = WANDS_PRODUCTS,
    queries: list[str] = WANDS_QUERIES,
    labels: list[str] = WANDS_LABELS,
) -> Path:
    """Write the three files."""
    write_lines(path / "product.csv", products)
    write_lines(path / "query.csv", queries)
    write_lines(path / "label.csv", labels)
    return path


def write_plain(
    path: Path,
    products: list[str] = PLAIN_PRODUCTS,
    queries: list[str] | None = PLAIN_QUERIES,
    judgements: list[str] = PLAIN_JUDGEMENTS,
) -> Path:
    """Write products.csv, queries.csv (unless None) and judgements.csv."""
    write_lines(path / "products.csv", products)
    if queries is not None:
        write_lines(path / "queries.csv", queries)
    write_lines(path / "judgements.csv", judgements)
    return path


@pytest.fixture
def esci(tmp_path: Path) -> Callable[..., Path]:
    """Writes an ESCI directory."""
    return lambda *args, **changes: write_esci(tmp_path, *args, **changes)


@pytest.fixture
def wands(tmp_path: Path) -> Callable[..., Path]:
    """Writes a WANDS directory."""
    return lambda **changes: write_wands(tmp_path, **changes)


@pytest.fixture
def plain(tmp_path: Path) -> Callable[..., Path]:
    """Writes a directory of one's own files."""
    return lambda **changes: write_plain(tmp_path, **changes)
