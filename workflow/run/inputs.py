"""From the config's data section to what a reader found; and the options as keys take them, files by their bytes."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from eval.errors import InputError
from eval.files import fingerprint
from retrieval.data.beir import QRELS, SCALE
from retrieval.data.plain import PlainColumns
from retrieval.data.ratings import add_ratings
from retrieval.data.read import read_data
from retrieval.data.search_data import SearchData
from retrieval.data.tables import SUFFIXES
from retrieval.encoder import default_encoder_path, model_files
from retrieval.shop.shop import shop_data
from workflow.config.run import Config
from workflow.run.stage import FINGERPRINT

_FILES = ("products", "queries", "judgements", "log")


def read_input(config: Config) -> SearchData:
    """Read (or, for the shop, generate) catalogue, queries, judgements and log; ratings join the judgements.

    Raises:
        InputError: when something is missing or wrong.
    """
    data = _read(config)
    ratings = config.data.ratings
    return data if ratings is None else add_ratings(data, _place(config, ratings))


def _read(config: Config) -> SearchData:
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
        scale=data.grade_scale(),
        locale=data.locale,
        seed=config.seed,
    )


def label_file(config: Config) -> Path | None:
    """The file of given labels, looked for beside the data first."""
    return _place(config, config.teacher.labels) if config.teacher.labels is not None else None


def key_options(config: Config) -> dict[str, Any]:
    """The config's options as stages' keys take them.

    Data and local models count by the bytes of their files, however their path is spelt; a model of the hub counts by
    its name. The shop's data are its options. What `data.dev` does not ask for does not count.

    Raises:
        InputError: when a path that is given does not exist, or no data is given.
        MachineError: when the embedded model is wanted and not installed.
    """
    options = config.model_dump(mode="json")
    options["data"] |= _data(config)
    options["data"] |= {name: None for name in ("folds", "holdout") if config.data.dev != name}
    labels = label_file(config)
    options["teacher"]["labels"] = None if labels is None else _fingerprint([_existing(labels)])
    named = (config.encoder.model, config.teacher.model, config.student_parent)
    models = {name: _model(name) for name in set(named)}
    if config.teacher.api is not None and config.teacher.api.prompt is not None:
        options["teacher"]["api"]["prompt"] = _fingerprint([_existing(Path(config.teacher.api.prompt))])
    options["teacher"]["ensemble"] = [_model(name) for name in config.teacher.ensemble]
    options["encoder"]["model"], options["teacher"]["model"], options["student"]["parent"] = map(models.get, named)
    return options


def _data(config: Config) -> dict[str, str | None]:
    data = config.data
    found: dict[str, str | None] = dict.fromkeys(("path", *_FILES, "ratings"))
    if data.ratings is not None:
        found["ratings"] = _fingerprint([_existing(_place(config, data.ratings))])
    if data.format == "shop":
        return found
    given = {name: _place(config, path) for name in _FILES if (path := getattr(data, name))}
    if not given and not data.path:
        raise InputError("no data given: say where it is with --data PATH, or in the config (data: path: …)")
    if data.path:
        root = _existing(Path(data.path))
        found["path"] = _fingerprint(_readable(root, label_file(config)) if root.is_dir() else [root])
    return found | {name: _fingerprint([_existing(path)]) for name, path in given.items()}


def _readable(root: Path, labels: Path | None) -> list[Path]:
    """The files that a reader could open in a data directory; given labels are the teacher's alone."""
    beside = [path for path in root.iterdir() if path.suffix.lower() in (*SUFFIXES, ".txt") or path.name == SCALE]
    found = sorted(path for path in [*beside, *(root / QRELS).glob("*.tsv")] if path.is_file())
    return [path for path in found if labels is None or path.resolve() != labels.resolve()]


def _model(name: str) -> str:
    path = Path(default_encoder_path() if name == "default" else name)
    return _fingerprint(model_files(path)) if name != "teacher" and path.is_dir() else name


def _place(config: Config, name: str) -> Path:
    """As the readers look for a file: beside the data first."""
    beside = Path(config.data.path or ".") / name
    return beside if beside.exists() else Path(name)


def _existing(path: Path) -> Path:
    if not path.exists():
        raise InputError(
            f"{path} does not exist; give the data's place with --data PATH or in the config's data section"
        )
    return path


def _fingerprint(files: Iterable[Path]) -> str:
    return FINGERPRINT + fingerprint(files)
