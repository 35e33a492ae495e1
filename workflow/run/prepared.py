"""The prepared inputs of a run: what the readers found, in one form on disk (`data/`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from eval.files import atomic_path, read_json, write_json
from eval.grades import Grade, GradeScale
from eval.trec import Qrels
from retrieval.catalogue import Catalogue
from retrieval.data.search_data import LogQuery, SearchData
from retrieval.types import Query

_QRELS = pa.schema([("query_id", pa.string()), ("product_id", pa.string()), ("gain", pa.int64())])
_LOG = pa.schema([("text", pa.string()), ("frequency", pa.int64())])


@dataclass(frozen=True)
class Prepared:
    """Catalogue, queries by split, judgements (gains), grade scale and query log."""

    catalogue: Catalogue
    queries: dict[str, Query]
    splits: dict[str, str]
    qrels: Qrels
    scale: GradeScale
    log: list[LogQuery]

    def split(self, *names: str) -> list[str]:
        """Ids of the splits' judged queries, in the order of the data."""
        return [query_id for query_id, split in self.splits.items() if split in names and self.qrels.get(query_id)]

    def graded(self, query_ids: Sequence[str]) -> list[str]:
        """Those of the queries that have two grades or more: only these can be ranked well or badly."""
        return [query_id for query_id in query_ids if len(set(self.qrels[query_id].values())) >= 2]


def write_prepared(data: SearchData, path: Path) -> Catalogue:
    """Write all of `data` to the directory `path`, whole or not at all.

    Judgements of products that the catalogue lacks have been counted by the reader; none is written.
    """
    with atomic_path(path) as temporary:
        temporary.mkdir(parents=True)
        catalogue = Catalogue.write(data.products(), temporary / "catalogue")
        judged = [
            {"query_id": query_id, "product_id": product_id, "gain": gain}
            for query_id, gains in data.qrels.items()
            for product_id, gain in gains.items()
            if product_id in catalogue
        ]
        pq.write_table(pa.Table.from_pylist(judged, schema=_QRELS), temporary / "qrels.parquet")
        ids = list(data.queries)
        rows = {
            "id": ids,
            "text": [data.queries[i].text for i in ids],
            "split": [data.splits.get(i, "train") for i in ids],
        }
        pq.write_table(pa.table(rows), temporary / "queries.parquet")
        log = {"text": [entry.text for entry in data.log], "frequency": [entry.frequency for entry in data.log]}
        pq.write_table(pa.table(log, schema=_LOG), temporary / "log.parquet")
        scale = data.scale
        grades = [[grade.name, grade.gain, grade.target] for grade in scale.grades]
        write_json(
            temporary / "scale.json", {"name": scale.name, "grades": grades, "relevant_from": scale.relevant_from}
        )
        write_json(temporary / "problems.json", data.problems.lines())
    return Catalogue.load(path / "catalogue")


def load_prepared(path: Path) -> Prepared:
    """Open what `write_prepared` wrote; the catalogue stays memory-mapped."""
    queries = pq.read_table(path / "queries.parquet").to_pylist()
    scale = read_json(path / "scale.json")
    qrels: Qrels = {}
    for row in pq.read_table(path / "qrels.parquet").to_pylist():
        qrels.setdefault(row["query_id"], {})[row["product_id"]] = row["gain"]
    return Prepared(
        catalogue=Catalogue.load(path / "catalogue"),
        queries={row["id"]: Query(row["id"], row["text"]) for row in queries},
        splits={row["id"]: row["split"] for row in queries},
        qrels=qrels,
        scale=GradeScale(scale["name"], tuple(Grade(*grade) for grade in scale["grades"]), scale["relevant_from"]),
        log=[LogQuery(row["text"], row["frequency"]) for row in pq.read_table(path / "log.parquet").to_pylist()],
    )
