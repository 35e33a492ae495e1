"""What a measurement leaves for the report, in two tables: every measure query by query, and the scores behind it.

    report/values.parquet   set, mode, system, measure, query_id, value
    report/pairs.parquet    mode, query_id, product_id, rank, first, teacher, student, place, weight

A row of `pairs.parquet` is one candidate: in the mode "judged-only" each judged product, in "full catalogue" each that
the first stage found. `rank` is its first-stage rank and `place` its rank in the blend, both from 1; `first`, `teacher`
and `student` are scores, missing beyond the window; `weight` is the student's share in that query's blend. Rows of a
query stand together, by rank.
"""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from eval.errors import MachineError
from eval.evaluation import Evaluation
from eval.trec import Run, ranking

VALUES, PAIRS = "values.parquet", "pairs.parquet"

_NAME = pa.dictionary(pa.int32(), pa.string())
_VALUES = pa.schema(
    [(name, _NAME) for name in ("set", "mode", "system", "measure", "query_id")] + [("value", pa.float64())]
)
_PAIRS = pa.schema(
    [
        ("mode", _NAME),
        ("query_id", _NAME),
        ("product_id", pa.string()),
        ("rank", pa.int32()),
        ("first", pa.float64()),
        ("teacher", pa.float32()),
        ("student", pa.float32()),
        ("place", pa.int32()),
        ("weight", pa.float64()),
    ]
)


def values_table(evaluations: Mapping[str, Evaluation]) -> pa.Table:
    """Every value of every query; evaluations are named "SET, MODE"."""
    tables = []
    for title, evaluation in evaluations.items():
        name, _, mode = title.partition(", ")
        for system, by_measure in evaluation.values.items():
            for measure, values in by_measure.items():
                same = {"set": name, "mode": mode, "system": system, "measure": measure}
                columns: dict[str, list] = {column: [text] * len(values) for column, text in same.items()}
                columns |= {"query_id": list(values), "value": list(values.values())}
                tables.append(_table(columns, _VALUES))
    return pa.concat_tables(tables).unify_dictionaries()


def pairs_table(
    mode: str, order: Run, first: Run, teacher: Run, student: Run, blended: Run, weights: Mapping[str, float]
) -> pa.Table:
    """The candidates of each query of `order`, the first stage's ranking; `blended` is the final one."""
    columns: dict[str, list] = {name: [] for name in _PAIRS.names}
    for query_id, candidates in order.items():
        ranked = ranking(candidates)
        places = {product: place for place, product in enumerate(ranking(blended[query_id]), start=1)}
        columns["mode"] += [mode] * len(ranked)
        columns["query_id"] += [query_id] * len(ranked)
        columns["product_id"] += ranked
        columns["rank"] += range(1, len(ranked) + 1)
        for name, run in (("first", first), ("teacher", teacher), ("student", student)):
            scores = run.get(query_id, {})
            columns[name] += [scores.get(product) for product in ranked]
        columns["place"] += [places[product] for product in ranked]
        columns["weight"] += [weights[query_id]] * len(ranked)
    return _table(columns, _PAIRS)


def write_tables(values: pa.Table, pairs: pa.Table, directory: Path) -> None:
    """Write both into `report/`."""
    pq.write_table(values, directory / VALUES, compression="zstd")
    pq.write_table(pairs, directory / PAIRS, compression="zstd")


def read_table(path: Path) -> pa.Table:
    """Read one of them.

    Raises:
        MachineError: when it is missing or broken.
    """
    try:
        return pq.read_table(path)
    except FileNotFoundError:
        raise MachineError(f"{path} is missing; distilrank run the config again, to measure anew") from None
    except (OSError, pa.ArrowException) as error:
        raise MachineError(f"{path} cannot be read ({error}); remove it and distilrank run the config again") from None


def _table(columns: Mapping[str, list], schema: pa.Schema) -> pa.Table:
    arrays = []
    for field in schema:
        values = columns[field.name]
        if pa.types.is_dictionary(field.type):
            arrays.append(pa.array(values, pa.string()).dictionary_encode())
        else:
            arrays.append(pa.array(values, field.type))
    return pa.Table.from_arrays(arrays, schema=schema)
