"""The student as a directory that `eland_import_hub_model --task-type text_similarity` imports into Elasticsearch.

eland pins older versions of torch and transformers, so it gets an environment of its own; here the model is written in
the form that those read, and everything that would make the import fail, or rank otherwise, is checked first.
"""

import json
import os
import shlex
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel

from eval.errors import InputError
from eval.files import atomic_path, read_json, write_json
from rerank.student import Student
from rerank.types import Pair
from retrieval.quiet import quiet_transformers
from retrieval.types import Product, Query

MODEL, REFERENCE = "model", "reference.json"
FAMILIES = ("bert", "distilbert", "electra", "mobilebert")
"""Architectures whose tokenizer is BERT's WordPiece, which Elasticsearch has of its own."""
ELAND = {8: "eland[pytorch]==8.18.2", 9: "eland[pytorch]==9.2.0"}
"""By the cluster's major version: eland's client is elasticsearch-py of the same one."""

_TOLERANCE = 1e-3
_SAMPLES = (
    ("red shoe", "Red leather shoe | Acme | red"),
    ("4-tier shelves, not brown", "Étagère à 4 niveaux (blanc) 靴"),
    ("usb-c cable 2m", ""),
)


def export_for_eland(student_path: Path, out: Path, *, name: str, major: int) -> None:
    """Write the directory: `model/`, `reference.json` with scores to compare, `check.py`, and `import.sh`.

    Args:
        out: it must not exist.
        name: the model's id in the cluster.
        major: the cluster's major version.

    Raises:
        InputError: for an existing `out`, or a student that Elasticsearch cannot run; the message says why.
        MachineError: when the student cannot be read, or the disk refuses.
    """
    if out.exists():
        raise InputError(f"{out} exists, and nothing is overwritten; name a place that does not, or remove it")
    if major not in ELAND:
        raise InputError(f"Elasticsearch {major} is not known here; expected {' or '.join(map(str, ELAND))}")
    labels = len(read_json(student_path / "config.json").get("id2label", {0: "", 1: ""}))  # absent: two
    if labels != 1:
        raise InputError(f"{student_path} has {labels} labels, and Elasticsearch's text_similarity takes one")
    student = Student.load(student_path, device="cpu")
    if problems := _problems(student):
        raise InputError(f"{student_path} cannot run inside Elasticsearch: {'; '.join(problems)}")
    vocabulary = _vocabulary(student)
    with atomic_path(out) as directory:
        model = directory / MODEL
        model.mkdir(parents=True)
        with quiet_transformers():
            student.model.save_pretrained(model)
        (model / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
        _write_settings(student, model)
        write_json(directory / REFERENCE, {"max_length": student.max_length, "pairs": _reference(student)})
        (directory / "requirements.txt").write_text(f"{ELAND[major]}\n", encoding="utf-8")
        check = Path(__file__).with_name("eland_check.py").read_text(encoding="utf-8")
        (directory / "check.py").write_text(check, encoding="utf-8")
        script = directory / "import.sh"
        script.write_text(_script(name), encoding="utf-8")
        for file in model.iterdir():
            os.chmod(file, 0o644)
        script.chmod(0o755)


def _problems(student: Student) -> list[str]:
    """What keeps it out of Elasticsearch."""
    config = student.model.config
    found = []
    if not type(student.model).__name__.endswith("ForSequenceClassification"):
        found.append(f"it is a {type(student.model).__name__}, not a …ForSequenceClassification")
    if config.model_type not in FAMILIES:
        found.append(f"its architecture is {config.model_type}; expected one of {', '.join(FAMILIES)}")
    found += _tokenizer_problems(student)
    return found or _tracing_problems(student.model)


def _tokenizer_problems(student: Student) -> list[str]:
    """Elasticsearch has a BERT tokenizer of its own, which knows a vocabulary and whether to fold case; no more."""
    backend = json.loads(student.pair_encoder.tokenizer.backend_tokenizer.to_str())
    model, normalizer = backend["model"], backend["normalizer"] or {}
    if model["type"] != "WordPiece":
        return [f"its tokenizer is {model['type']}; expected WordPiece"]
    if normalizer.get("type") != "BertNormalizer" or (backend["pre_tokenizer"] or {}).get("type") != "BertPreTokenizer":
        return ["its tokenizer prepares text in other ways than BERT's"]
    strips = normalizer.get("strip_accents")
    if strips is not None and strips != normalizer["lowercase"]:
        return ["its tokenizer folds case and accents apart, which Elasticsearch cannot"]
    return []


def _tracing_problems(model: PreTrainedModel) -> list[str]:
    """eland traces the model on the four inputs that Elasticsearch gives; the trace has to hold for other lengths."""
    eager = type(model)(model.config).eval()
    eager.load_state_dict(model.state_dict())
    eager.set_attn_implementation("eager")

    class _Traced(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = eager

        def forward(self, ids: Any, mask: Any, types: Any, positions: Any) -> Any:
            more = {"token_type_ids": types, "position_ids": positions}
            if model.config.model_type == "distilbert":
                more = {}
            return self.model(input_ids=ids, attention_mask=mask, **more).logits

    def inputs(length: int) -> tuple[torch.Tensor, ...]:
        ids = torch.arange(length).remainder(model.config.vocab_size)[None]
        return ids, torch.ones_like(ids), torch.zeros_like(ids), torch.arange(length)[None]

    whole = _Traced().eval()
    try:
        with torch.no_grad(), quiet_transformers(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the tracer: the trace is tried on other lengths below
            traced = torch.jit.trace(whole, inputs(32), check_trace=False)
            apart = max(float((traced(*inputs(n)) - whole(*inputs(n))).abs().max()) for n in (8, 32, 17))
    except Exception as error:  # whatever a model that cannot be traced raises
        return [f"it cannot be traced: {' '.join(str(error).split())[:200]}"]
    return [] if apart < _TOLERANCE else [f"its trace scores other lengths wrongly (by {apart:.3g})"]


def _vocabulary(student: Student) -> list[str]:
    words = student.pair_encoder.tokenizer.get_vocab()
    ordered = sorted(words, key=words.__getitem__)
    if [words[word] for word in ordered] != list(range(len(ordered))):
        raise InputError("the tokenizer's vocabulary has gaps, which a vocab.txt cannot have")
    return ordered


def _write_settings(student: Student, model: Path) -> None:
    """The tokenizer in the words of transformers 4, which eland reads without its fast form."""
    tokenizer = student.pair_encoder.tokenizer
    normalizer = json.loads(tokenizer.backend_tokenizer.to_str())["normalizer"]
    special = {f"{kind}_token": getattr(tokenizer, f"{kind}_token") for kind in ("pad", "unk", "cls", "sep", "mask")}
    settings = {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": normalizer["lowercase"],
        "strip_accents": normalizer.get("strip_accents"),
        "tokenize_chinese_chars": normalizer.get("handle_chinese_chars", True),
        "model_max_length": student.max_length,
        **special,
    }
    write_json(model / "tokenizer_config.json", settings)
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    config["torch_dtype"] = config.pop("dtype", "float32")
    write_json(model / "config.json", config)


def _reference(student: Student) -> list[dict[str, Any]]:
    """Pairs and the student's logits for them."""
    first = student.template.fields[0]
    pairs: Sequence[Pair] = [(Query("0", query), Product("0", {first: text})) for query, text in _SAMPLES]
    scores: np.ndarray = student.score(pairs)
    texts = [student.template.text(product) for _, product in pairs]
    return [
        {"query": query.text, "text": text, "score": float(score)}
        for (query, _), text, score in zip(pairs, texts, scores, strict=True)
    ]


def _script(name: str) -> str:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return f"""#!/usr/bin/env bash
# Import the student into Elasticsearch, from an environment of its own:
#   ES_URL=http://localhost:9200 ES_API_KEY=… ./import.sh          (or ES_USERNAME and ES_PASSWORD)
set -euo pipefail
cd "$(dirname "$0")"
: "${{ES_URL:?is the address of the cluster}}"
if [ ! -x eland/bin/eland_import_hub_model ]; then
  "${{PYTHON:-python{python}}}" -m venv eland
  eland/bin/pip install --quiet --requirement requirements.txt
fi
eland/bin/python check.py
eland/bin/eland_import_hub_model --hub-model-id {MODEL} --task-type text_similarity \\
  --es-model-id {shlex.quote(name)} "$@"
"""
