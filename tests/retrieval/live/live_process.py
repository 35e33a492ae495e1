"""Processes that change a live catalogue, each on its own; they tell what was acknowledged in a file.

Forked from the clean server that also runs the workflow's commands: a fork of pytest would inherit its threads' locks.
"""

import json
import os
import resource
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch

from eval.errors import DistilrankError
from retrieval.catalogue import Catalogue
from retrieval.types import Product
from tests.retrieval.live.live_base import Base, operation, perform
from tests.workflow.clean_process import _SERVER

IDS = [f"new {number}" for number in range(25)]


def start(work: Callable[..., None], *arguments: object) -> BaseProcess:
    """Start `work(*arguments)`."""
    process = _SERVER.Process(target=work, args=arguments)
    process.start()
    return process


def tell(path: Path, said: object) -> None:
    """Append a line that outlives this process."""
    with path.open("a") as stream:
        stream.write(json.dumps(said) + "\n")


def told(path: Path) -> list:
    """The whole lines."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


def change(base: Base, live: Path, acknowledged: Path, seed: int, first: int, merge_every: int) -> None:
    """Operations from number `first` on, for ever; each is told once it is acknowledged."""
    torch.set_num_threads(1)
    shop = base.open(live)
    number = first
    while True:
        perform(shop, operation(seed, number, IDS))
        tell(acknowledged, number)
        number += 1
        if merge_every and number % merge_every == 0:
            shop.merge()


def die_in_merge(base: Base, live: Path) -> None:
    """Be killed when all of a new generation is written, but nobody has been told."""
    torch.set_num_threads(1)

    def finish(directory: Path, catalogue: Catalogue) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    base.open(live).merge(finish)


def chat(base: Base, live: Path, said: Path, name: str, others: list[str], count: int) -> None:
    """Put `count` products one by one, and each time wait to see as many of every other's."""
    torch.set_num_threads(1)
    shop = base.open(live)
    for number in range(count):
        shop.put([Product(f"{name} {number}", {"title": f"lamp of {name}"})])
        limit = time.monotonic() + 60
        while not all(f"{other} {number}" in shop.view().catalogue for other in others):
            if time.monotonic() > limit:
                tell(said, f"{name} did not see {number}")
                return
            shop.refresh()
            time.sleep(0.005)
    tell(said, "all seen")


def fill_disk(base: Base, live: Path, said: Path) -> None:
    """Put until no file may grow any more, then once more when it may."""
    torch.set_num_threads(1)
    shop = base.open(live)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limit))
    number = 0
    for number in range(100):
        try:
            shop.put([Product(f"new {number}", {"title": "lamp"})])
        except DistilrankError as error:
            tell(said, [type(error).__name__, str(error), number, shop.view().version])
            break
    try:
        shop.merge()
    except DistilrankError as error:
        tell(said, [type(error).__name__, str(error)])
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    tell(said, [shop.put([Product("after", {"title": "there is room"})]), shop.merge(), shop.view().products])
