"""The catalogue's vectors on disk: encoded shard by shard, so that a killed run goes on where it stopped.

While it works, the directory holds `embeddings.partial` (an .npy file in the making) and `shards.json` (what the
vectors depend on, and a hash of each finished shard's texts). A shard counts once it is on disk; what a killed run
wrote beyond that is cut off. Each shard is encoded on its own, so the finished `embeddings.npy` is the same bytes
however often work was interrupted.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from eval.errors import InputError, MachineError
from eval.files import read_json, write_json
from retrieval.catalogue import Catalogue
from retrieval.encoder import Encoder
from retrieval.product_text import ProductTemplate
from retrieval.progress import Progress

EMBEDDINGS = "embeddings.npy"
_DTYPE = np.dtype("<f4")

EncodeShards = Callable[[Sequence[tuple[int, int]]], Iterator[np.ndarray]]
"""From shards (first row, row after the last) to their products' vectors, float32 [rows, dim], in order."""


def embed_catalogue(
    encoder: Encoder,
    catalogue: Catalogue,
    template: ProductTemplate,
    path: Path,
    *,
    shard_size: int = 4096,
    batch_size: int = 128,
    encode_shards: EncodeShards | None = None,
    progress: Progress | None = None,
) -> np.memmap:
    """Encode every product's text; float32 unit vectors [len(catalogue), encoder.dim], row by row, memory-mapped.

    `path` is a directory. Finished shards are kept as long as encoder, template, sizes and their products' texts are
    unchanged; else the work begins anew. `encode_shards`, where given, encodes the missing ones elsewhere.
    `progress` is called with (products done, products), first with what an earlier run left.

    Raises:
        InputError: the catalogue is empty.
        MachineError: the disk is full, or cannot be written.
    """
    count = len(catalogue)
    if count == 0:
        raise InputError("the catalogue holds no product; there is nothing to encode")
    path = Path(path)
    shards = [(start, min(start + shard_size, count)) for start in range(0, count, shard_size)]
    key = {
        "encoder": encoder.fingerprint,
        "fields": list(template.fields),
        "max_characters": template.max_characters,
        "count": count,
        "dimension": encoder.dim,
        "shard_size": shard_size,
        "batch_size": batch_size,
    }
    final, unfinished, record = path / EMBEDDINGS, path / "embeddings.partial", path / "shards.json"
    header = _header(count, encoder.dim)
    row_bytes = encoder.dim * _DTYPE.itemsize
    whole = len(header) + count * row_bytes

    def report(done: int) -> None:
        if progress is not None:
            progress(done, count)

    def report_within(start: int, done: int, _: int) -> None:
        report(start + done)

    try:
        path.mkdir(parents=True, exist_ok=True)
        hashes = _unchanged(record, key, catalogue, template, shards)
        if len(hashes) == len(shards) and final.exists() and final.stat().st_size == whole:
            report(count)
            return _open(final)
        final.unlink(missing_ok=True)
        written = unfinished.stat().st_size if unfinished.exists() else 0
        kept = [end for (_, end), _ in zip(shards, hashes, strict=False) if len(header) + end * row_bytes <= written]
        hashes = hashes[: len(kept)]
        report(kept[-1] if kept else 0)
        with unfinished.open("r+b" if kept else "wb") as stream:
            if kept:
                stream.truncate(len(header) + kept[-1] * row_bytes)
                stream.seek(0, os.SEEK_END)
            else:
                stream.write(header)
            missing = shards[len(kept) :]
            elsewhere: Iterator[np.ndarray] = iter(()) if encode_shards is None else encode_shards(missing)
            for start, end in missing:
                texts = catalogue.texts(template, start, end)
                if encode_shards is None:
                    vectors = encoder.encode_products(texts, batch_size, progress=partial(report_within, start))
                else:
                    vectors = next(elsewhere)
                    report(end)
                stream.write(vectors.astype(_DTYPE).tobytes())
                stream.flush()
                os.fsync(stream.fileno())
                hashes.append(_hash(texts))
                write_json(record, {"key": key, "shards": hashes})
        os.replace(unfinished, final)
    except OSError as error:
        raise MachineError(
            f"cannot write {path}: {error.strerror or error}; free space or choose another place"
        ) from error
    return _open(final)


def _unchanged(
    record: Path, key: dict[str, Any], catalogue: Catalogue, template: ProductTemplate, shards: list[tuple[int, int]]
) -> list[str]:
    """Hashes of the leading shards that are done and whose texts are still the same."""
    stored = read_json(record) if record.exists() else {}
    if stored.get("key") != key:
        return []
    kept: list[str] = []
    for (start, end), expected in zip(shards, stored["shards"], strict=False):
        if _hash(catalogue.texts(template, start, end)) != expected:
            break
        kept.append(expected)
    return kept


def _hash(texts: list[str]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()[:16]


def _header(count: int, dimension: int) -> bytes:
    stream = BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": _DTYPE.str, "fortran_order": False, "shape": (count, dimension)}
    )
    return stream.getvalue()


def _open(path: Path) -> np.memmap:
    vectors = np.load(path, mmap_mode="r")
    assert isinstance(vectors, np.memmap)
    return vectors
