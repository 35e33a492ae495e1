"""How many threads a command's arithmetic has."""

import os

from workflow.config.run import Config


def set_threads(config: Config, wanted: int | None = None) -> None:
    """Thread counts on purpose, before torch and FAISS are loaded; OMP_NUM_THREADS wins where it is set.

    `wanted` is the command's own number, None for the config's, or else all cores.
    """
    cores = len(os.sched_getaffinity(0))
    threads = os.environ.setdefault("OMP_NUM_THREADS", str(wanted or config.threads or cores))
    # Two libraries with unlike numbers wait for each other in busy loops: measured three times slower.
    os.environ.setdefault("MKL_NUM_THREADS", threads)
    # The tokenizer's own threads would fight theirs.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
