"""What computes a batch: onnxruntime on CPUs, torch in half precision on a GPU, torch where there is no graph."""

from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from transformers import PreTrainedModel

from retrieval.onnx_session import open_session


class Engine(Protocol):
    """Scores one batch; several threads may ask at once."""

    def run(self, ids: np.ndarray, types: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """float32 [batch] for `ids` and `types` int32 [batch, tokens] and `lengths` int32 [batch]."""
        ...


class OnnxEngine:
    """An exported graph in onnxruntime. A call runs on the thread that makes it, and on no other.

    Batches of a request run beside each other: two threads on two batches never wait for each other within a layer.

    Raises:
        MachineError: onnxruntime is not installed, or `path` is no graph of its.
    """

    def __init__(self, path: Path) -> None:
        # The graph is as it should run: further fusions would bring back operators that were measured to be slower.
        self._session = open_session(path, "run distilrank export again", as_written=True)

    def run(self, ids: np.ndarray, types: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """float32 [batch]."""
        return self._session.run(["scores"], {"ids": ids, "types": types, "lengths": lengths})[0]

    def all_outputs(self, ids: np.ndarray, types: np.ndarray, lengths: np.ndarray) -> dict[str, np.ndarray]:
        """Everything that the graph says, by name (a graph made for calibration tells more than scores)."""
        names = [output.name for output in self._session.get_outputs()]
        found = self._session.run(names, {"ids": ids, "types": types, "lengths": lengths})
        return dict(zip(names, found, strict=True))


class TorchEngine:
    """The student itself, in float32 on a CPU and in half precision on a GPU, the logit in float32.

    On a GPU a score may differ in its last bits with the batch it is in: matrix kernels are chosen by size.
    """

    def __init__(self, model: PreTrainedModel, takes_types: bool, device: str) -> None:
        self._device = torch.device(device)
        self._takes_types = takes_types
        dtype = torch.float32 if self._device.type == "cpu" else torch.float16
        self._model = model.eval().to(self._device, dtype)

    def run(self, ids: np.ndarray, types: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """float32 [batch]."""
        mask = np.arange(ids.shape[1])[None, :] < lengths[:, None]
        inputs = {"input_ids": ids, "attention_mask": mask.astype(np.int32)}
        if self._takes_types:
            inputs["token_type_ids"] = types
        tensors = {name: torch.from_numpy(value).long().to(self._device) for name, value in inputs.items()}
        with torch.inference_mode():
            return self._model(**tensors).logits[:, 0].float().cpu().numpy()
