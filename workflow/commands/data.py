"""`distilrank data`: describe and export; and the data that a directory or a config names."""

import argparse
import json
from pathlib import Path

from eval.errors import InputError
from retrieval.data.search_data import SearchData
from workflow.config.run import load_config

_SUFFIXES = (".yaml", ".yml")


def describe_command(options: argparse.Namespace) -> int:
    """What a data directory, or a config's data section, holds."""
    from retrieval.data.describe import describe

    description = describe(read_named(options.path, options.data, options.log, options.format))
    print(json.dumps(description.to_json(), ensure_ascii=False) if options.json else description.text())
    return 0


def export_command(options: argparse.Namespace) -> int:
    """Data in another tool's form, at a place where nothing stands yet."""
    from retrieval.data.writers import write_beir, write_quepid

    out: Path = options.out
    if out.exists():
        raise InputError(f"{out} exists, and export overwrites nothing; name a place that does not, or remove it")
    data = read_named(options.path, options.data, options.log, options.format)
    {"beir": write_beir, "quepid": write_quepid}[options.to](data, out)
    judged = sum(len(gains) for gains in data.qrels.values())
    print(f"{out}: {len(data.queries):,} queries, {judged:,} judgements, as {options.to}")
    return 0


def read_named(path: Path, data: Path | None = None, log: Path | None = None, form: str | None = None) -> SearchData:
    """The data that a directory or a config names; what else is given wins over the config.

    Raises:
        InputError: when there is none, or `data`, a config's directory, is given without a config.
    """
    if path.suffix in _SUFFIXES and not path.is_dir():
        from workflow.run.inputs import read_input

        given = {"data.path": data, "data.log": log, "data.format": form}
        return read_input(load_config(path, {name: str(value) for name, value in given.items() if value}))
    if data is not None:
        raise InputError(f"--data is for a config, {path} is none; give one of the two")
    from retrieval.data.read import read_data

    return read_data(form or "auto", path, log=log)
