"""One door to all readers: find out what a directory holds, then read it."""

from pathlib import Path

from eval.errors import InputError
from eval.grades import GradeScale
from retrieval.data import beir, esci, wands
from retrieval.data.plain import PlainColumns, read_plain
from retrieval.data.search_data import SearchData
from retrieval.data.tables import SUFFIXES

FORMATS = ("auto", "esci", "wands", "beir", "plain")
_PRODUCT_STEMS = ("products", "catalogue", "catalog")
_QUERY_STEMS = ("queries",)
_JUDGEMENT_STEMS = ("judgements", "judgments")
_LOG_STEMS = ("query_log", "log", "unlabelled_queries")


def read_data(
    format: str,
    path: Path | None = None,
    *,
    products: Path | str | None = None,
    queries: Path | str | None = None,
    judgements: Path | str | None = None,
    log: Path | str | None = None,
    columns: PlainColumns | None = None,
    scale: GradeScale | None = None,
    locale: str = "us",
    seed: int = 7,
) -> SearchData:
    """Read the data in the directory `path`; `format` is one of `FORMATS`.

    `products`, `queries`, `judgements` (plain form) and `log` (all forms) name files, looked for in `path` first; those
    not named are found by their usual names (products, queries, judgements; query_log, log, unlabelled_queries).
    `columns` is for the plain form, `locale` for ESCI, `seed` makes the split where the data have none.

    Raises:
        InputError: when the format is unknown or cannot be told, files are missing, or the data are wrong.
    """
    if format not in FORMATS:
        raise InputError(f"data format {format!r} is unknown; expected one of {', '.join(FORMATS)}")
    root = Path(path) if path is not None else None
    if root is not None and not root.is_dir():
        raise InputError(f"{root} is no directory; give the directory that holds the data")
    if format == "auto":
        format = "plain" if products or judgements else detect_format(root)
    log_file = _given(root, log) if log else _found(root, _LOG_STEMS, (*SUFFIXES, ".txt"))
    if format == "plain":
        product_file = _given(root, products) if products else _found(root, _PRODUCT_STEMS, SUFFIXES)
        judgement_file = _given(root, judgements) if judgements else _found(root, _JUDGEMENT_STEMS, SUFFIXES)
        query_file = _given(root, queries) if queries else _found(root, _QUERY_STEMS, SUFFIXES)
        if product_file is None or judgement_file is None:
            missing = "products" if product_file is None else "judgements"
            where = f"{root} holds no file of {missing}" if root else f"no file of {missing} given"
            raise InputError(f"{where}; expected {missing} with one of {', '.join(SUFFIXES)}{_listing(root)}")
        name = root.name if root else None
        return read_plain(
            product_file, judgement_file, query_file, columns=columns, scale=scale, log=log_file, seed=seed, name=name
        )
    if root is None:
        raise InputError(f"no directory given; the format {format!r} needs the one that holds its files")
    if format == "esci":
        return esci.read_esci(root, locale=locale, log=log_file, scale=scale)
    if format == "wands":
        return wands.read_wands(root, seed=seed, log=log_file, scale=scale)
    return beir.read_beir(root, log=log_file, scale=scale)


def detect_format(root: Path | None) -> str:
    """The format of a directory, told by the names of its files.

    Raises:
        InputError: when they are those of no known format; lists what is there.
    """
    if root is None:
        raise InputError("no data given; name a directory, or the files of products and judgements")
    needed = {
        "esci": (esci.EXAMPLES, esci.PRODUCTS),
        "wands": (wands.PRODUCTS, wands.QUERIES, wands.LABELS),
        "beir": (beir.CORPUS, beir.QUERIES, beir.QRELS),
    }
    for format, names in needed.items():
        if all((root / name).exists() for name in names):
            return format
    if _found(root, _PRODUCT_STEMS, SUFFIXES) and _found(root, _JUDGEMENT_STEMS, SUFFIXES):
        return "plain"
    expected = "; ".join(f"{format}: {', '.join(names)}" for format, names in needed.items())
    raise InputError(
        f"{root} holds no known format; expected {expected}; plain: products and judgements as "
        f"{', '.join(SUFFIXES)}{_listing(root)}"
    )


def _given(root: Path | None, name: Path | str) -> Path:
    beside = root / name if root is not None else Path(name)
    if beside.exists():
        return beside
    if Path(name).exists():
        return Path(name)
    raise InputError(f"{beside} does not exist; check the path{_listing(root)}")


def _found(root: Path | None, stems: tuple[str, ...], suffixes: tuple[str, ...]) -> Path | None:
    if root is None:
        return None
    found = [root / f"{stem}{suffix}" for stem in stems for suffix in suffixes if (root / f"{stem}{suffix}").is_file()]
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise InputError(f"{root} holds {names}; say which one is meant, or move the others away")
    return found[0] if found else None


def _listing(root: Path | None) -> str:
    if root is None:
        return ""
    names = sorted(file.name for file in root.iterdir())
    more = ", …" if len(names) > 12 else ""
    return f" (found: {', '.join(names[:12]) or 'nothing'}{more})"
