"""Live changes carried over to a new index of the run: what was put stays put, what was deleted stays deleted.

The newest word on each id counts. A product put live is put again, with the fields that the new catalogue has; its
vector is kept where encoder and text template are as before, else it is encoded anew. What the new catalogue already
says (the product is there with the same fields, the deleted id is not there) is left out, so that changes which have
found their way into the shop's data vanish from the log.
"""

import contextlib
from pathlib import Path

import numpy as np

from eval.errors import MachineError
from retrieval.catalogue import Catalogue
from retrieval.dense import DenseRetriever
from retrieval.live.generation import changed_ids, generation_path, old_products
from retrieval.live.log import Log, Record, Segment
from retrieval.live.pointer import Pointer
from retrieval.live.records import Change
from retrieval.types import Product
from retrieval.vector_index import normalise

_BATCH = 512
Newest = dict[str, tuple[Product, np.ndarray] | None]
"""By id, the product put last with its vector; None for one deleted."""


def rebase(old: Pointer, log: Log, live: Path, dense: DenseRetriever, base: str, texts: str) -> Pointer:
    """Write the changes that `old` leads to into a new segment, fit for the run's new index; returns where they begin.

    The caller holds the log's lock alone, and makes the pointer the current one.

    Raises:
        MachineError: what `old` leads to is damaged, or the disk refuses.
    """
    newest, sequence = _newest(old, log, live)
    catalogue = dense.catalogue
    deleted = [product_id for product_id, put in newest.items() if put is None and product_id in catalogue]
    puts = []
    for put in newest.values():
        if put is not None:
            product, vector = put
            fitting = Product(product.id, {name: product[name] for name in catalogue.fields})
            if fitting != _product(catalogue, product.id):
                puts.append((fitting, vector))
    number = log.last(old.segment) + 2  # not the next one: no reader of the old log may run into it
    log.create(number)
    pointer = Pointer(0, number, sequence, base, texts)
    end = 0
    for start in range(0, len(deleted), _BATCH):
        sequence += 1
        end = log.append(number, end, sequence, Change(deleted=deleted[start : start + _BATCH]).payload)
    for start in range(0, len(puts), _BATCH):
        some = puts[start : start + _BATCH]
        products = [product for product, _ in some]
        if old.texts == texts:
            vectors = np.stack([vector for _, vector in some])
        else:
            template = dense.index.manifest.template
            vectors = normalise(dense.encoder.encode_products([template.text(product) for product in products]))
        sequence += 1
        end = log.append(number, end, sequence, Change(products, vectors).payload)
    return pointer


def _newest(old: Pointer, log: Log, live: Path) -> tuple[Newest, int]:
    newest: Newest = {}
    if old.generation:
        directory = generation_path(live, old.generation)
        catalogue, vectors_of = old_products(directory)
        changed = changed_ids(directory)
        there = [product_id for product_id in changed if product_id in catalogue]
        rows = [catalogue.row(product_id) for product_id in there]
        newest = dict.fromkeys(changed)
        if rows:
            vectors = vectors_of(np.array(rows, dtype=np.int64))
            newest |= {p.id: (p, vector) for p, vector in zip(catalogue.products(rows), vectors, strict=True)}
    sequence = old.sequence
    for number in range(old.segment, log.last(old.segment) + 1):
        with contextlib.closing(Segment(log, number)) as segment:
            for record in segment.records(0):
                change, sequence = _decoded(record, segment.path), record.sequence
                newest |= dict.fromkeys(change.deleted)
                newest |= {p.id: (p, vector) for p, vector in zip(change.put, change.vectors, strict=True)}
    return newest, sequence


def _decoded(record: Record, path: Path) -> Change:
    try:
        return Change.decode(record.payload)
    except ValueError as error:
        raise MachineError(
            f"{path} holds something else than a change at byte {record.start} ({error}); use the version of "
            "distilrank that wrote it"
        ) from None


def _product(catalogue: Catalogue, product_id: str) -> Product | None:
    return catalogue.product(product_id) if product_id in catalogue else None
