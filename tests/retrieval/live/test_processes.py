"""Several processes on one live directory, killed at any moment: what was acknowledged is there, the log is sound."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from retrieval.live.shop import LiveShop
from retrieval.types import Product
from tests.retrieval.live.live_base import Base, Model, content, follow, operation
from tests.retrieval.live.live_process import IDS, change, chat, die_in_merge, fill_disk, start, told

OpenShop = Callable[..., LiveShop]
KILLS = 4


@pytest.mark.parametrize("merge_every", [0, 2], ids=["writing", "writing and merging"])
def test_sigkill_at_random_moments_loses_nothing_acknowledged(
    merge_every: int, base: Base, open_shop: OpenShop, small_products: list[Product], tmp_path: Path
) -> None:
    moments = random.Random(merge_every)
    model: Model = {product.id: dict(product.fields) for product in small_products}
    reader, done, merged = open_shop(), 0, 0
    for kill in range(KILLS):
        acknowledged = tmp_path / f"acknowledged {kill}"
        process = start(change, base, tmp_path / "live", acknowledged, 1, done, merge_every)
        wanted = moments.randint(1, 5)
        while process.is_alive() and len(told(acknowledged)) < wanted:
            time.sleep(0.002)
        time.sleep(moments.uniform(0, 0.05))
        process.kill()
        process.join()
        numbers = told(acknowledged)
        assert numbers == list(range(done, done + len(numbers)))
        assert numbers, "it ended by itself"
        for number in numbers:
            follow(model, operation(1, number, IDS))
        done += len(numbers)
        shop = open_shop()
        found = content(shop)
        if found != model:  # the next one was durable when the process died, but not yet acknowledged
            follow(model, operation(1, done, IDS))
            done += 1
        assert found == model
        if kill % 2:  # else the next process is the first to write after the kill
            shop.put([Product(f"after {kill}", {"title": "lamp"})])
            follow(model, ([Product(f"after {kill}", {"title": "lamp"})], []))
        merged = shop.view().generation
        reader.refresh()
    assert bool(merged) == bool(merge_every)
    limit = time.monotonic() + 20
    while content(reader) != model and time.monotonic() < limit:
        reader.refresh()
        time.sleep(0.01)
    assert content(reader) == model


def test_a_merge_killed_before_its_change_leaves_the_old_generation(
    base: Base, open_shop: OpenShop, tmp_path: Path
) -> None:
    shop = open_shop()
    shop.put([Product("lamp", {"title": "lamp"})])
    before = content(shop)
    for _ in range(2):
        process = start(die_in_merge, base, tmp_path / "live")
        process.join()
        assert process.exitcode == -9
        assert content(open_shop()) == before
    assert any((tmp_path / "live" / "generations").glob(".*"))
    shop.delete(["lamp"])
    assert shop.merge()
    assert [path.name for path in (tmp_path / "live" / "generations").iterdir()] == ["000001"]
    assert len(list((tmp_path / "live" / "log").iterdir())) == 1
    assert "lamp" not in content(open_shop())


def test_processes_that_write_at_once_see_each_other(base: Base, open_shop: OpenShop, tmp_path: Path) -> None:
    names, count = ["one", "two"], 15
    processes = [
        start(chat, base, tmp_path / "live", tmp_path / name, name, [n for n in names if n != name], count)
        for name in names
    ]
    for process in processes:
        process.join()
    assert [told(tmp_path / name) for name in names] == [["all seen"], ["all seen"]]
    shop = open_shop()
    assert shop.view().version == 2 * count
    assert {f"{name} {number}" for name in names for number in range(count)} <= content(shop).keys()


def test_a_full_disk_accepts_nothing_and_the_log_goes_on_when_there_is_room(
    base: Base, open_shop: OpenShop, tmp_path: Path
) -> None:
    process = start(fill_disk, base, tmp_path / "live", tmp_path / "said")
    process.join()
    assert process.exitcode == 0
    (kind, message, number, version), (merge_kind, merge_message), after = told(tmp_path / "said")
    assert kind == merge_kind == "MachineError"
    assert "00000001.wal: File too large; the change was not accepted: free space" in message
    assert "cannot write" in merge_message
    assert 0 < number == version  # all before were accepted, and no part of the one that was not
    assert after == [number + 1, True, 400 + number + 1]
    assert content(open_shop()).keys() >= {"after", f"new {number - 1}"}
    assert f"new {number}" not in content(open_shop())
