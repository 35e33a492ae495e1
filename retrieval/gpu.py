"""FAISS on a GPU, where it really works: wheels have shipped without kernels for some devices (faiss-gpu-wheels#119).

A GPU that is there is tried, adding and searching, before anything rests on it; whatever goes wrong then is a warning,
and the CPU does the work.
"""

import threading
import warnings
from typing import Any

import numpy as np

LARGEST_K = 2048
"""What a search on a GPU may ask for at most."""

_TRIED = 256


class GpuIndex:
    """A copy of an index on the first GPU; one search at a time, since FAISS's resources of a device are not shared."""

    def __init__(self, faiss: Any, resources: Any, index: Any) -> None:
        self._resources = resources  # must live as long as the index
        self._lock = threading.Lock()
        self.index = faiss.index_cpu_to_gpu(resources, 0, index)

    def search(self, queries: np.ndarray, k: int, params: Any) -> tuple[np.ndarray, np.ndarray]:
        """Scores and vectors, as FAISS gives them."""
        with self._lock:
            return self.index.search(queries, k, params=params)


def gpu_copy(faiss: Any, index: Any) -> GpuIndex | None:
    """`index` on the first GPU; None where there is none, or, with a warning, one that does not work."""
    if not hasattr(faiss, "StandardGpuResources") or not faiss.get_num_gpus():
        return None
    try:
        resources = faiss.StandardGpuResources()
        if _finds_neighbours(faiss, resources):
            return GpuIndex(faiss, resources, index)
        reason = "it gives wrong neighbours"
    except Exception as error:  # whatever a wheel without this device's kernels raises
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1][:200]
    warnings.warn(f"the GPU cannot be used for the index ({reason}); the CPU does it", stacklevel=2)
    return None


def _finds_neighbours(faiss: Any, resources: Any) -> bool:
    """A real add and a real search: each vector is nearest to itself."""
    vectors = np.random.default_rng(0).normal(size=(_TRIED, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = faiss.index_cpu_to_gpu(resources, 0, faiss.IndexFlatIP(vectors.shape[1]))
    index.add(vectors)
    _, found = index.search(vectors, 1)
    return found[:, 0].tolist() == list(range(_TRIED))
