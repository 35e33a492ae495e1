"""Packages that only some commands need."""

import importlib.util

from eval.errors import MachineError

RUNTIME = ("onnx", "onnxruntime")
SERVING = ("aiohttp", "fastapi", "onnxruntime", "prometheus_client", "uvicorn")


def missing(modules: tuple[str, ...]) -> list[str]:
    """Those of the modules that are not installed."""
    return [module for module in modules if importlib.util.find_spec(module) is None]


def require(modules: tuple[str, ...], extra: str) -> None:
    """Check that the modules of an extra are installed.

    Raises:
        MachineError: naming the first that is not, with the command that installs it.
    """
    for module in missing(modules):
        raise MachineError(f"{module} is not installed; run: pip install 'distilrank[{extra}]'")
