"""From the config's data section to what a reader found, and a fingerprint of the files it read."""

from pathlib import Path

from eval.errors import InputError
from eval.files import fingerprint
from eval.grades import ESCI, WANDS, Grade, GradeScale
from retrieval.data.plain import PlainColumns
from retrieval.data.read import read_data
from retrieval.data.search_data import SearchData
from retrieval.shop.shop import shop_data
from workflow.config import Config, DataSection


def read_input(config: Config) -> SearchData:
    """Read (or, for the shop, generate) catalogue, queries, judgements and log."""
    data = config.data
    if data.format == "shop":
        return shop_data(**data.shop.model_dump())
    return read_data(
        data.format,
        Path(data.path) if data.path else None,
        products=data.products,
        queries=data.queries,
        judgements=data.judgements,
        log=data.log,
        columns=PlainColumns(**data.columns.model_dump()),
        scale=_scale(data),
        locale=data.locale,
        seed=config.seed,
    )


def input_fingerprint(config: Config) -> str:
    """Changes whenever the bytes of an input file do; the shop's inputs are its options, which are in the config.

    Raises:
        InputError: when a path that is given does not exist, or none is given.
    """
    data = config.data
    if data.format == "shop":
        return "shop"
    given = [data.path, data.products, data.queries, data.judgements, data.log, config.teacher.labels]
    root = Path(data.path) if data.path else Path()
    paths = [root / name if (root / name).exists() else Path(name) for name in given if name]
    if not paths:
        raise InputError("no data given: say where it is with --data PATH, or in the config (data: path: …)")
    for path in paths:
        if not path.exists():
            raise InputError(
                f"{path} does not exist; give the data's place with --data PATH or in the config's data section"
            )
    return fingerprint(paths)


def label_file(config: Config) -> Path | None:
    """The file of given labels, looked for beside the data first."""
    if config.teacher.labels is None:
        return None
    beside = Path(config.data.path or ".") / config.teacher.labels
    return beside if beside.exists() else Path(config.teacher.labels)


def _scale(data: DataSection) -> GradeScale | None:
    if data.scale is None:
        return None
    if isinstance(data.scale, str):
        return {"esci": ESCI, "wands": WANDS}[data.scale]
    ordered = sorted(data.scale.items(), key=lambda item: -item[1][0])
    grades = tuple(Grade(name, gain, target) for name, (gain, target) in ordered)
    return GradeScale("own", grades, grades[0].name)
