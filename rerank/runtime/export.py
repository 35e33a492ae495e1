"""From a student's directory to its runtime: the graph, its scales, and the batch plan measured on this machine."""

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np

from eval.errors import InputError
from eval.files import atomic_path, write_json
from rerank.runtime.engines import Engine, OnnxEngine, TorchEngine
from rerank.runtime.exported import FORMAT, GRAPH, MANIFEST, ExportedStudent, student_fingerprint, takes_types
from rerank.runtime.plan import BatchPlan, fastest_plan
from rerank.runtime.quantise import Scale, Watched
from rerank.runtime.weights import Weights, read_weights
from rerank.student import Student
from rerank.types import Pair

Precision = Literal["int8", "float32"]


def export_student(
    student: Path,
    path: Path,
    precision: Precision,
    calibration: Sequence[Pair],
    *,
    check: Callable[[ExportedStudent], dict[str, Any]] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the directory `path`, whole or not at all; answers what its manifest says.

    An architecture that has no graph here (ModernBERT) is computed by torch, in float32.

    Args:
        student: what `save_student` wrote.
        calibration: pairs as they are served, none of them held out: they fix the scales of int8, and the plan is
            measured on the first hundred.
        check: looks at the runtime before it is put in its place; what it answers goes into the manifest as "parity",
            what it raises leaves `path` as it was.
        facts: more for the manifest.

    Raises:
        InputError: when there is no calibration pair, or int8 is asked of an architecture without a graph.
        MachineError: when the student or onnxruntime does not load, or the disk refuses.
    """
    if not calibration:
        raise InputError("no pair to calibrate the export with; mine pairs first")
    model = Student.load(student, device="cpu")
    weights = read_weights(model.model)
    if weights is None and precision == "int8":
        raise InputError(
            f"{student} is a {model.model.config.model_type} student, which is exported in float32 only; "
            "use --precision auto or float32"
        )
    with atomic_path(Path(path)) as temporary:
        temporary.mkdir(parents=True)
        engine: Engine
        if weights is None:
            engine = TorchEngine(model.model, takes_types(model.pair_encoder.tokenizer), "cpu")
        else:
            scales = calibrate(weights, model, calibration, temporary) if precision == "int8" else None
            write_graph(weights, temporary / GRAPH, scales)
            engine = OnnxEngine(temporary / GRAPH)
        plan, medians = _measured_plan(engine, model, calibration)
        about: dict[str, Any] = {
            "format": FORMAT,
            "engine": "torch" if weights is None else "onnxruntime",
            "precision": precision,
            "student": student_fingerprint(student),
            "plan": asdict(plan),
            "plan_milliseconds": [asdict(plan) | {"milliseconds": round(ms, 2)} for plan, ms in medians.items()],
            "plan_threads": len(os.sched_getaffinity(0)),
            **(facts or {}),
        }
        if check is not None:
            with _runtime(engine, model, plan) as exported:
                about["parity"] = check(exported)
        write_json(temporary / MANIFEST, about)
    return about


def write_graph(weights: Weights, path: Path, scales: dict[str, Scale] | None, *, watched: bool = False) -> None:
    """Write the student's graph to a file."""
    from rerank.runtime.graph import build_graph

    path.write_bytes(build_graph(weights, scales, watched=watched).SerializeToString())


def calibrate(weights: Weights, model: Student, pairs: Sequence[Pair], scratch: Path) -> dict[str, Scale]:
    """The scales that the float32 student's own activations on these pairs ask for."""
    file = scratch / "watched.onnx"
    write_graph(weights, file, None, watched=True)
    engine, seen = OnnxEngine(file), defaultdict[str, Watched](Watched)
    file.unlink()
    tokens = model.pair_encoder.encode(pairs)
    lengths = tokens.lengths
    for rows, _ in BatchPlan(token_budget=512).batches(lengths, model.max_length):  # no padding is seen
        batch = {name: array.numpy().astype(np.int32) for name, array in tokens.batch(rows).items()}
        ids = batch["input_ids"]
        types = batch.get("token_type_ids", np.zeros_like(ids))
        for site, values in engine.all_outputs(ids, types, lengths[rows].astype(np.int32)).items():
            if site != "scores":
                seen[site].add(values)
    scales = {}
    for number, layer in enumerate(weights.layers):
        readers = {
            "attention": (layer.query, layer.key, layer.value),
            "output": (layer.output,),
            "inner": (layer.inner,),
            "outer": (layer.outer,),
        }
        for name, linears in readers.items():
            weight = np.concatenate([linear.weight for linear in linears], axis=1)
            scales[f"{number}.{name}"] = seen[f"{number}.{name}"].scale(weight)
    return scales


def _measured_plan(engine: Engine, model: Student, pairs: Sequence[Pair]) -> tuple[BatchPlan, dict[BatchPlan, float]]:
    with _runtime(engine, model, BatchPlan()) as runtime:
        request = runtime.prepare(pairs[:100])
        return fastest_plan(lambda plan: runtime.compute(request, plan))


def _runtime(engine: Engine, model: Student, plan: BatchPlan) -> ExportedStudent:
    return ExportedStudent(engine, model.pair_encoder.tokenizer, model.template, max_length=model.max_length, plan=plan)
