"""Data out, for other tools: BEIR's layout and Quepid's ratings. (TREC files are written by eval/trec.py.)"""

import csv
import json
from collections.abc import Collection, Iterable
from pathlib import Path

from eval.files import atomic_path, write_json
from retrieval.data.beir import CORPUS, QRELS, QRELS_COLUMNS, QUERIES, SCALE
from retrieval.data.search_data import SPLITS, SearchData, Split

LOG = "query_log.tsv"


def write_beir(data: SearchData, path: Path) -> None:
    """Write the directory `path` in BEIR's layout, whole or not at all; `read_data("beir", path)` gives `data` back.

    `description` becomes the document's text, fields other than the title its metadata, gains the scores. Beside
    BEIR's files stand scale.json and, where there is a log, query_log.tsv, which BEIR's own loader passes over.

    Raises:
        MachineError: when the directory cannot be written.
    """
    with atomic_path(Path(path)) as temporary:
        (temporary / QRELS).mkdir(parents=True)
        with (temporary / CORPUS).open("w", encoding="utf-8", newline="\n") as stream:
            for product in data.products():
                others = {name: value for name, value in product.fields.items() if name not in ("title", "description")}
                title = {"title": product["title"]} if "title" in product.fields else {}
                row = {"_id": product.id, **title, "text": product["description"], "metadata": others}
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        with (temporary / QUERIES).open("w", encoding="utf-8", newline="\n") as stream:
            for query in data.queries.values():
                stream.write(json.dumps({"_id": query.id, "text": query.text}, ensure_ascii=False) + "\n")
        for split in SPLITS:
            rows = [
                (query_id, product_id, str(gain))
                for query_id, judged in data.qrels.items()
                if data.splits[query_id] == split
                for product_id, gain in judged.items()
            ]
            if rows:
                _write_table(temporary / QRELS / f"{split}.tsv", [QRELS_COLUMNS, *rows], "\t")
        scale = data.scale
        grades = [[grade.name, grade.gain, grade.target] for grade in scale.grades]
        write_json(temporary / SCALE, {"name": scale.name, "grades": grades, "relevant_from": scale.relevant_from})
        if data.log:
            entries = [(entry.text, str(entry.frequency)) for entry in data.log]
            _write_table(temporary / LOG, [("query", "frequency"), *entries], "\t")


def write_quepid(data: SearchData, path: Path, splits: Collection[Split] = SPLITS) -> None:
    """Write judgements as the CSV that Quepid imports: query (its text), docid, rating.

    The rating counts the grades below: 0 is the worst, so ESCI's E S C I become 3 2 1 0, Quepid's own default scale.
    Quepid knows a query by its text alone: of two queries with one text, the first one's rating of a product counts.

    Raises:
        MachineError: when the file cannot be written.
    """
    worst = len(data.scale.grades) - 1
    ratings: dict[tuple[str, str], str] = {}
    for query_id, judged in data.qrels.items():
        if data.splits[query_id] in splits:
            for product_id, gain in judged.items():
                rating = str(worst - data.scale.index(gain))
                ratings.setdefault((data.queries[query_id].text, product_id), rating)
    with atomic_path(Path(path)) as temporary:
        rows = [(text, product_id, rating) for (text, product_id), rating in ratings.items()]
        _write_table(temporary, [("query", "docid", "rating"), *rows], ",")


def write_quepid_queue(pairs: Iterable[tuple[str, str]], path: Path) -> None:
    """Write pairs of query text and product id as the CSV that Quepid imports, their ratings left open.

    Raises:
        MachineError: when the file cannot be written.
    """
    with atomic_path(Path(path)) as temporary:
        rows = [(text, product_id, "") for text, product_id in pairs]
        _write_table(temporary, [("query", "docid", "rating"), *rows], ",")


def _write_table(path: Path, rows: Collection[tuple[str, ...]], delimiter: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(rows)
