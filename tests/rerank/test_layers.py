from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AlbertConfig, AlbertForSequenceClassification, AutoModelForSequenceClassification

from eval.errors import InputError, MachineError
from rerank.layers import choose_layers, keep_layers, layer_stack

ARCHITECTURES = ["bert", "roberta", "xlm-roberta", "distilbert", "electra", "modernbert"]


@pytest.mark.parametrize(
    ("total", "layers", "chosen"),
    [
        (6, None, (0, 1, 2, 3, 4, 5)),
        (6, 6, (0, 1, 2, 3, 4, 5)),
        (6, 3, (0, 3, 5)),
        (6, 2, (0, 5)),
        (6, 1, (0,)),
        (12, 6, (0, 2, 4, 7, 9, 11)),
        (12, 4, (0, 4, 7, 11)),
        (6, [1, 4], (1, 4)),
    ],
)
def test_layers_are_chosen_evenly_or_as_listed(total: int, layers: list[int] | int | None, chosen: tuple[int, ...]):
    assert choose_layers(total, layers) == chosen


@pytest.mark.parametrize("layers", [0, 7, [], [2, 1], [1, 1], [-1, 2], [0, 6]])
def test_layers_the_parent_lacks_are_refused(layers: list[int] | int):
    with pytest.raises(InputError, match="cannot keep"):
        choose_layers(6, layers)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_kept_layers_have_the_parents_weights(architecture: str, tiny_parent: Callable[[str], Path]):
    parent = AutoModelForSequenceClassification.from_pretrained(tiny_parent(architecture), num_labels=1)
    # A ModernBERT of four layers has global attention in the first and the last.
    smaller = keep_layers(parent, [0, 3])

    _, before = layer_stack(parent)
    name, after = layer_stack(smaller)
    assert len(before) == 4
    assert smaller.config.num_hidden_layers == len(after) == 2
    for kept, original in zip(after, (before[0], before[3]), strict=True):
        ours, theirs = kept.state_dict(), original.state_dict()
        assert ours
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    others = {key: value for key, value in parent.state_dict().items() if not key.startswith(f"{name}.")}
    assert all(torch.equal(smaller.state_dict()[key], value) for key, value in others.items())


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_first_layers_compute_what_they_compute_in_the_parent(
    architecture: str, tiny_parent: Callable[[str], Path]
):
    parent = AutoModelForSequenceClassification.from_pretrained(tiny_parent(architecture), num_labels=1).eval()
    smaller = keep_layers(parent, [0, 1])
    ids = torch.arange(5, 25).reshape(2, 10)
    with torch.inference_mode():
        expected = parent.base_model(ids, output_hidden_states=True).hidden_states[2]
        got = smaller.base_model(ids, output_hidden_states=True).hidden_states[-1]
        if architecture == "modernbert":  # its last hidden state is normalised once more
            expected = parent.base_model.final_norm(expected)
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_cut_model_scores_alike_after_saving(architecture: str, tiny_parent: Callable[[str], Path], tmp_path: Path):
    parent = AutoModelForSequenceClassification.from_pretrained(tiny_parent(architecture), num_labels=1)
    smaller = keep_layers(parent, [0, 3]).eval()
    smaller.save_pretrained(tmp_path)
    loaded, info = AutoModelForSequenceClassification.from_pretrained(tmp_path, output_loading_info=True)
    ids = torch.arange(5, 25).reshape(2, 10)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    with torch.inference_mode():
        torch.testing.assert_close(loaded.eval()(ids).logits, smaller(ids).logits)


def test_cutting_leaves_the_parent_and_the_random_state(tiny_parent: Callable[[str], Path]):
    parent = AutoModelForSequenceClassification.from_pretrained(tiny_parent("bert"), num_labels=1)
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    keep_layers(parent, [0])
    assert torch.equal(torch.rand(3), expected)
    assert parent.config.num_hidden_layers == len(layer_stack(parent)[1]) == 4


def test_a_modernbert_order_its_config_cannot_say_is_refused(tiny_parent: Callable[[str], Path]):
    parent = AutoModelForSequenceClassification.from_pretrained(tiny_parent("modernbert"), num_labels=1)
    with pytest.raises(InputError, match=r"choose among its global layers \[0, 3\]"):
        keep_layers(parent, [1, 3])
    with pytest.raises(MachineError, match="keep layer 0"):
        keep_layers(parent, [3])


def test_shared_layers_are_refused():
    config = AlbertConfig(
        vocab_size=10, embedding_size=4, hidden_size=8, num_hidden_layers=4, num_attention_heads=2, intermediate_size=8
    )
    with pytest.raises(MachineError, match="0 lists of 4 layers"):
        layer_stack(AlbertForSequenceClassification(config))
