"""A student's directory: what is in it, and why every sentence-transformers from 5.0 on gives the same scores from it.

5.0 to 5.3 read the activation from `config.json`, 5.4 and later from `config_sentence_transformers.json` where
`modules.json` stands beside it. Without it all of them fall back to a Sigmoid in silence, which squeezes
margin-trained scores into ties. Tokenizers written by transformers 5 carry names that transformers 4 does not know.
It must not know how a student is trained.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from eval.errors import InputError
from eval.files import atomic_path
from retrieval.product_text import ProductTemplate
from retrieval.quiet import quiet_transformers

STUDENT_FILE = "student.json"
IDENTITY = "torch.nn.modules.linear.Identity"
# These count positions from after the padding token's number.
_OFFSET_POSITIONS = {"camembert", "mpnet", "roberta", "xlm-roberta", "xlm-roberta-xl"}


def save_student(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    path: Path,
    template: ProductTemplate,
    *,
    max_length: int,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write a student directory, whole or not at all, that every sentence-transformers from 5.0 on loads alike.

    The tokenizer is saved without the truncation and the fixed padding that
    some parents carry, and cuts at `max_length` tokens.

    Args:
        template: how product texts are composed; stored, so that serving composes them alike.
        max_length: tokens of query and product together.
        facts: what else `student.json` should tell (parent, layers, training).

    Raises:
        InputError: when the model has fewer positions than `max_length`.
        MachineError: when the disk refuses.
    """
    check_length(model.config, max_length)
    with atomic_path(Path(path)) as directory:
        directory.mkdir()
        with quiet_transformers():
            model.save_pretrained(directory)
        _save_tokenizer(tokenizer, directory, max_length)
        _write_activation(directory)
        about = {
            "format": 1,
            "template": {"fields": list(template.fields), "max_characters": template.max_characters},
            "max_length": max_length,
            **(facts or {}),
        }
        _dump(directory / STUDENT_FILE, about)
        # safetensors writes for the owner's eyes only; a served directory is often read by another user.
        for file in directory.iterdir():
            os.chmod(file, 0o644)


def check_length(config: PretrainedConfig, max_length: int) -> None:
    """Refuse a length that the model has no positions for.

    Raises:
        InputError: naming the longest that fits.
    """
    positions = getattr(config, "max_position_embeddings", None)
    if positions is None:
        return
    if config.model_type in _OFFSET_POSITIONS:
        positions -= config.pad_token_id + 1
    if not 8 <= max_length <= positions:
        raise InputError(f"max_length {max_length} does not fit the model: choose 8 to {positions}")


def _save_tokenizer(tokenizer: PreTrainedTokenizerBase, directory: Path, max_length: int) -> None:
    tokenizer.save_pretrained(directory)
    whole = directory / "tokenizer.json"
    if whole.exists():
        backend = Tokenizer.from_file(str(whole))
        backend.no_truncation()
        backend.no_padding()
        backend.save(str(whole))
    file = directory / "tokenizer_config.json"
    settings = json.loads(file.read_text(encoding="utf-8"))
    for name in ("max_length", "truncation_strategy", "stride", "pad_to_multiple_of", "is_local", "local_files_only"):
        settings.pop(name, None)
    settings["model_max_length"] = max_length
    # Said, not left to defaults: a tokenizer without a class of its own gives token types in transformers 4, none in 5.
    settings["model_input_names"] = list(tokenizer.model_input_names)
    # Names that transformers 5 writes and transformers 4 does not know; both know these.
    if settings.get("tokenizer_class") == "TokenizersBackend":
        settings["tokenizer_class"] = "PreTrainedTokenizerFast"
    if isinstance(settings.get("extra_special_tokens"), list):
        settings["additional_special_tokens"] = settings.pop("extra_special_tokens")
    _dump(file, settings)


def _write_activation(directory: Path) -> None:
    """Say Identity wherever a version of sentence-transformers reads the activation.

    The versions written are those whose layout this is, not the installed ones: a reader that is older than the version
    it finds warns, and the layouts have been readable since.
    """
    file = directory / "config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    config["sentence_transformers"] = {"activation_fn": IDENTITY, "version": "5.0.0"}
    if "layer_types" in config and "rope_parameters" in config:  # ModernBERT, in the words of transformers 4
        rope = config["rope_parameters"]
        config["global_rope_theta"] = rope["full_attention"]["rope_theta"]
        config["local_rope_theta"] = rope["sliding_attention"]["rope_theta"]
    _dump(file, config)
    _dump(
        directory / "config_sentence_transformers.json",
        {
            "__version__": {"sentence_transformers": "5.4.0"},
            "activation_fn": IDENTITY,
            "default_prompt_name": None,
            "model_type": "CrossEncoder",
            "prompts": {},
        },
    )
    _dump(
        directory / "modules.json",
        [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"}],
    )
    _dump(
        directory / "sentence_bert_config.json",
        {
            "transformer_task": "sequence-classification",
            "modality_config": {"text": {"method": "forward", "method_output_name": "logits"}},
            "module_output_name": "scores",
        },
    )


def _dump(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
