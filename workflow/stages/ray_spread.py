"""Items worked on by Ray workers, through Ray Data; knows nothing of what the work is."""

import logging
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

import pyarrow as pa

from augment.journal import LABEL_SCHEMA
from eval.errors import MachineError


class Where(NamedTuple):
    """A cluster's address ("local": this machine alone), how many workers, and the GPUs of each."""

    address: str
    workers: int
    gpus: float


def labels_to(rows: list[dict[str, Any]]) -> bytes:
    """Label rows as the bytes of an Arrow stream, which Ray carries as they are."""
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, LABEL_SCHEMA) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=LABEL_SCHEMA))
    return stream.getvalue().to_pybytes()


def labels_from(carried: bytes) -> list[dict[str, Any]]:
    """What `labels_to` was given."""
    return pa.ipc.open_stream(carried).read_all().to_pylist()


def spread(
    where: Where, worker: type, arguments: tuple[Any, ...], items: list[dict[str, Any]], *, ordered: bool
) -> Iterator[dict[str, Any]]:
    """What workers make of the items, one a task; in the items' order where `ordered`, else as they are done.

    Each worker is made once, of `arguments`, and called with an item. A worker that dies is made anew, its item done
    again.

    Raises:
        MachineError: when ray is not installed, or no cluster answers.
    """
    if not items:
        return
    ray = _ray()
    started = not ray.is_initialized()
    if started:
        options = {"include_dashboard": False} if where.address == "local" else {}
        try:
            ray.init(where.address, log_to_driver=False, logging_level=logging.WARNING, **options)
        except Exception as error:  # Ray raises plain ones, too
            reason = " ".join(str(error).split())[:160]
            raise MachineError(
                f"no Ray cluster answers at ray.address {where.address!r} ({reason}); start one (ray start --head), "
                "or set ray.address: local"
            ) from error
    try:
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.execution_options.preserve_order = ordered
        workers = min(where.workers, len(items))
        made = ray.data.from_items(items, override_num_blocks=len(items)).map(
            worker, fn_constructor_args=arguments, concurrency=workers, num_cpus=1, num_gpus=where.gpus or None
        )
        yield from made.iter_rows()
    finally:
        if started:
            ray.shutdown()


def _ray() -> ModuleType:
    try:
        import ray
        import ray.data  # optional: the extra `ray`
    except ImportError as error:
        raise MachineError(
            "ray.address needs Ray Data, which is not installed: pip install 'distilrank[ray]'"
        ) from error
    return ray
