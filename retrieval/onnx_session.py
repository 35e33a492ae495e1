"""Opens an ONNX graph in onnxruntime so that a call runs on the thread that makes it, and on no other."""

from pathlib import Path
from typing import Any

from eval.errors import MachineError


def open_session(path: Path, remedy: str, *, as_written: bool = False) -> Any:
    """An `onnxruntime.InferenceSession` on the CPU; any number of threads may run it at once.

    Args:
        remedy: what helps against a graph that does not load: "run distilrank export again".
        as_written: no operators are fused.

    Raises:
        MachineError: onnxruntime is not installed, or `path` is no graph of its.
    """
    try:
        import onnxruntime
    except ImportError:
        raise MachineError("onnxruntime is not installed; run: pip install 'distilrank[serve]'") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if as_written:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    # Weights are used in the form the kernels want; the form in the file need not stay in memory beside it.
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no base class of their own
        reason = " ".join(str(error).split())[:200]
        raise MachineError(
            f"{path} does not load in onnxruntime {onnxruntime.__version__} ({reason}); {remedy}"
        ) from error
