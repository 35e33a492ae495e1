"""Packages that only some commands need."""

import importlib.util

from eval.errors import MachineError

SERVING = ("aiohttp", "fastapi", "onnxruntime", "prometheus_client", "uvicorn")


def require(modules: tuple[str, ...], extra: str) -> None:
    """Check that the modules of an extra are installed.

    Raises:
        MachineError: naming the first that is not, with the command that installs it.
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise MachineError(f"{module} is not installed; run: pip install 'distilrank[{extra}]'")
