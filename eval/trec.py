"""Judgements and rankings as TREC files hold them, and the one order in which a run is read.

The format parts its columns by white space, which a shop's own ids may hold ("SKU 12"): there it is written as URLs
write it ("SKU%2012"), and read back. An id that holds such an escape itself has its "%" written as "%25"; all other ids
stand as they are.
"""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from eval.errors import InputError
from eval.files import atomic_path

Qrels = dict[str, dict[str, int]]
"""Query id to product id to the gain of its grade, a whole number ≥ 0."""

Run = dict[str, dict[str, float]]
"""Query id to product id to score; higher is better, only the order within a query means anything."""

_SPACE = re.compile(r"[\t-\r ]")  # what parts columns; a no-break space does not
_ESCAPED = re.compile(r"%(09|0A|0B|0C|0D|20|25)")
_TO_ESCAPE = re.compile(rf"{_SPACE.pattern}|%(?={_ESCAPED.pattern[1:]})")


def ranking(scores: Mapping[str, float]) -> list[str]:
    """Product ids, best first: by score as float32, and ties by id from Z to A.

    Both are trec_eval's rules. The tie rule has no meaning, which is its merit: it favours no system, and does not
    depend on the order in which a system happened to list its products.

    Raises:
        InputError: when a score is NaN.
    """
    with np.errstate(over="ignore"):  # a score beyond float32's range ranks as infinite
        ordered = sorted(((float(np.float32(score)), product) for product, score in scores.items()), reverse=True)
    for score, product in ordered:
        if math.isnan(score):
            raise InputError(f"product {product!r} has the score NaN, which has no rank; score it or leave it out")
    return [product for _, product in ordered]


def read_qrels(path: Path) -> Qrels:
    """Read TREC qrels: a line is "query-id iteration product-id gain", parted by white space (in an id: "%20").

    The same judgement twice is read once.

    Raises:
        InputError: naming file and line, when a line is not such, or two lines grade one pair differently; also when
            the file is missing or holds nothing.
    """
    qrels: Qrels = {}
    for number, (written_query, _, written_product, text) in _lines(
        path, ("query-id", "iteration", "product-id", "gain")
    ):
        query, product = _read_id(written_query), _read_id(written_product)
        try:
            gain = int(text)
        except ValueError:
            gain = -1
        if gain < 0:
            raise InputError(f"{path}, line {number}: the gain is {text!r}; expected a whole number from 0 upwards")
        known = qrels.setdefault(query, {}).setdefault(product, gain)
        if known != gain:
            raise InputError(
                f"{path}, line {number}: query {query!r} and product {product!r} have the gain {gain} here and {known} "
                "before; keep one"
            )
    return qrels


def write_qrels(qrels: Qrels, path: Path) -> None:
    """Write TREC qrels, whole or not at all, in the order of `qrels`.

    Raises:
        InputError: when an id is empty.
        MachineError: when the file cannot be written.
    """
    with atomic_path(Path(path)) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        for query, judged in qrels.items():
            for product, gain in judged.items():
                file.write(f"{_id(query)} 0 {_id(product)} {gain}\n")


def read_run(path: Path) -> Run:
    """Read a TREC run: a line is "query-id Q0 product-id rank score tag"; the score orders, as in trec_eval.

    White space in an id is written "%20", as in qrels.

    Raises:
        InputError: naming file and line, when a line is not such, a score is no finite number, or a query lists a
            product twice; also when the file is missing or holds nothing.
    """
    run: Run = {}
    for number, (written_query, _, written_product, _, text, _) in _lines(
        path, ("query-id", "Q0", "product-id", "rank", "score", "tag")
    ):
        query, product = _read_id(written_query), _read_id(written_product)
        try:
            score = float(text)
        except ValueError:
            score = math.nan
        if not math.isfinite(score):
            raise InputError(f"{path}, line {number}: the score is {text!r}; expected a finite number")
        products = run.setdefault(query, {})
        if product in products:
            raise InputError(f"{path}, line {number}: query {query!r} lists product {product!r} twice; keep one")
        products[product] = score
    return run


def write_run(run: Run, path: Path, tag: str) -> None:
    """Write a TREC run, whole or not at all: queries in the order of `run`, products by `ranking`, every digit.

    Raises:
        InputError: when an id is empty, the tag is empty or holds white space, or a score is NaN.
        MachineError: when the file cannot be written.
    """
    if not tag or _SPACE.search(tag):
        raise InputError(f"the tag is {tag!r}; expected one word, since a run parts its columns by white space")
    with atomic_path(Path(path)) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        for query, scores in run.items():
            for rank, product in enumerate(ranking(scores), start=1):
                file.write(f"{_id(query)} Q0 {_id(product)} {rank} {float(scores[product])!r} {tag}\n")


def _lines(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Each line's number (from 1) and its values, as many as `columns`; blank lines are skipped."""
    empty = True
    try:
        with Path(path).open("rb") as file:
            for number, raw in enumerate(file, start=1):
                try:
                    # Split the bytes: only ASCII white space parts columns, so ids may hold a no-break space.
                    values = [value.decode() for value in raw.removeprefix(b"\xef\xbb\xbf").split()]
                except UnicodeDecodeError as error:
                    raise InputError(f"{path}, line {number}: not UTF-8 ({error.reason}); save it as UTF-8") from None
                if not values:
                    continue
                if len(values) != len(columns):
                    raise InputError(
                        f"{path}, line {number}: {len(values)} columns; expected {len(columns)}: {' '.join(columns)}"
                    )
                empty = False
                yield number, values
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}; check the path") from error
    if empty:
        raise InputError(f"{path} holds no lines; expected lines of {' '.join(columns)}")


def _id(text: str) -> str:
    """The id as it stands in a file; `_read_id` gives it back."""
    if not text:
        raise InputError("an id is empty, which a TREC file cannot hold; name the query or product")
    return _TO_ESCAPE.sub(lambda found: f"%{ord(found[0]):02X}", text)


def _read_id(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
