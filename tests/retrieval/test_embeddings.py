import errno
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eval.errors import MachineError
from retrieval.catalogue import Catalogue
from retrieval.embeddings import embed_catalogue
from retrieval.encoder import Encoder
from retrieval.product_text import ProductTemplate
from retrieval.types import Product

SHARD, BATCH = 32, 8
CHILD = """
import sys, time
from retrieval.catalogue import Catalogue
from retrieval.embeddings import embed_catalogue
from retrieval.encoder import Encoder
from retrieval.product_text import ProductTemplate

catalogue, encoder, path = Catalogue.load(sys.argv[1]), Encoder(sys.argv[2], device="cpu"), sys.argv[3]
template = ProductTemplate(("title", "brand", "colour"))
embed_catalogue(encoder, catalogue, template, path, shard_size=32, batch_size=8, progress=lambda *_: time.sleep(0.02))
"""


class StopError(Exception):
    """Raised by a progress callback."""


def embed(encoder: Encoder, catalogue: Catalogue, template: ProductTemplate, path: Path) -> list[int]:
    """Embed; returns the numbers of products done as reported."""
    done: list[int] = []
    vectors = embed_catalogue(
        encoder, catalogue, template, path, shard_size=SHARD, batch_size=BATCH, progress=lambda d, _: done.append(d)
    )
    assert isinstance(vectors, np.memmap)
    assert vectors.shape == (len(catalogue), encoder.dim)
    assert vectors.dtype == np.float32
    return done


@pytest.fixture(scope="module")
def whole(
    tiny_encoder: Encoder,
    small_catalogue: Catalogue,
    template: ProductTemplate,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The directory of an undisturbed run."""
    path = tmp_path_factory.mktemp("embeddings") / "whole"
    done = embed(tiny_encoder, small_catalogue, template, path)
    assert done[0] == 0
    assert done[-1] == len(small_catalogue)
    assert done == sorted(done)
    return path


def same(one: Path, two: Path) -> bool:
    files = [sorted(file.name for file in path.iterdir()) for path in (one, two)]
    assert files[0] == files[1] == ["embeddings.npy", "shards.json"]
    return all((one / name).read_bytes() == (two / name).read_bytes() for name in files[0])


def test_rows_are_the_products_vectors(
    whole: Path, tiny_encoder: Encoder, small_products: list[Product], template: ProductTemplate
) -> None:
    expected = tiny_encoder.encode_products([template.text(product) for product in small_products])
    np.testing.assert_allclose(np.load(whole / "embeddings.npy"), expected, atol=2e-6)


def test_finished_work_is_not_done_again(
    whole: Path, tiny_encoder: Encoder, small_catalogue: Catalogue, template: ProductTemplate
) -> None:
    before = (whole / "embeddings.npy").stat()
    assert embed(tiny_encoder, small_catalogue, template, whole) == [len(small_catalogue)]
    assert (whole / "embeddings.npy").stat().st_mtime_ns == before.st_mtime_ns


def test_killed_at_a_random_moment(
    whole: Path,
    tiny_encoder: Encoder,
    tiny_encoder_dir: Path,
    small_catalogue: Catalogue,
    template: ProductTemplate,
    tmp_path: Path,
) -> None:
    path, rng = tmp_path / "killed", random.Random(time.time_ns())
    command = [sys.executable, "-c", CHILD, str(small_catalogue.path), str(tiny_encoder_dir), str(path)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while child.poll() is None and not (path / "shards.json").exists():  # until the first shard is done
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.5))
    finally:
        child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    done = embed(tiny_encoder, small_catalogue, template, path)
    assert 0 < done[0] < len(small_catalogue)  # it went on, not from the beginning
    assert same(path, whole)


def test_a_torn_shard_is_cut_off(
    whole: Path, tiny_encoder: Encoder, small_catalogue: Catalogue, template: ProductTemplate, tmp_path: Path
) -> None:
    def stop(done: int, _: int) -> None:
        if done > 3 * SHARD:
            raise StopError

    with pytest.raises(StopError):
        embed_catalogue(
            tiny_encoder, small_catalogue, template, tmp_path, shard_size=SHARD, batch_size=BATCH, progress=stop
        )
    with (tmp_path / "embeddings.partial").open("ab") as stream:
        stream.write(b"half a shard")
    assert embed(tiny_encoder, small_catalogue, template, tmp_path)[0] == 3 * SHARD
    assert same(tmp_path, whole)


def test_lost_bytes_are_encoded_again(
    whole: Path, tiny_encoder: Encoder, small_catalogue: Catalogue, template: ProductTemplate, tmp_path: Path
) -> None:
    (tmp_path / "shards.json").write_bytes((whole / "shards.json").read_bytes())
    bytes_of_two = 128 + 2 * SHARD * tiny_encoder.dim * 4
    (tmp_path / "embeddings.partial").write_bytes((whole / "embeddings.npy").read_bytes()[: bytes_of_two + 100])
    assert embed(tiny_encoder, small_catalogue, template, tmp_path)[0] == 2 * SHARD
    assert same(tmp_path, whole)


def test_killed_just_before_the_end(
    whole: Path, tiny_encoder: Encoder, small_catalogue: Catalogue, template: ProductTemplate, tmp_path: Path
) -> None:
    (tmp_path / "shards.json").write_bytes((whole / "shards.json").read_bytes())
    (tmp_path / "embeddings.partial").write_bytes((whole / "embeddings.npy").read_bytes())
    assert embed(tiny_encoder, small_catalogue, template, tmp_path) == [len(small_catalogue)]
    assert same(tmp_path, whole)


def test_changes_are_noticed(
    tiny_encoder: Encoder,
    tiny_encoder_dir: Path,
    small_catalogue: Catalogue,
    small_products: list[Product],
    template: ProductTemplate,
    tmp_path: Path,
) -> None:
    path = tmp_path / "vectors"
    embed(tiny_encoder, small_catalogue, template, path)
    changed = list(small_products)
    changed[-1] = replace(changed[-1], fields={"title": "something else"})
    other = Catalogue.write(changed, tmp_path / "other")
    prefixed = Encoder(str(tiny_encoder_dir), device="cpu", product_prefix="product: ")
    assert embed(tiny_encoder, other, template, path)[0] == 0
    np.testing.assert_allclose(
        np.load(path / "embeddings.npy")[-1], tiny_encoder.encode(["something else"])[0], atol=2e-6
    )
    assert embed(prefixed, other, template, path)[0] == 0
    assert embed(prefixed, other, ProductTemplate(("title",)), path)[0] == 0
    assert embed(prefixed, other, ProductTemplate(("title",)), path) == [len(other)]


def test_a_full_disk_loses_nothing(
    whole: Path,
    tiny_encoder: Encoder,
    small_catalogue: Catalogue,
    template: ProductTemplate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = 0

    def fsync(_: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 8:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises(MachineError, match="No space left on device; free space") as caught:
            embed(tiny_encoder, small_catalogue, template, tmp_path)
    assert "\n" not in str(caught.value)
    assert embed(tiny_encoder, small_catalogue, template, tmp_path)[0] > 0
    assert same(tmp_path, whole)
