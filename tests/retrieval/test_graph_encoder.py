import json
import logging
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, LlamaConfig, LlamaModel

import retrieval.graph_encoder
from eval.errors import MachineError
from eval.files import read_json
from retrieval.encoder import Encoder, EncoderSource
from retrieval.graph_encoder import GRAPH, MANIFEST, TOKENIZER, WEIGHTS, GraphEncoder, NoGraphError, open_text_encoder
from retrieval.graph_tracing import TOLERANCE, write_graph_encoder

TEXTS = [
    "red shoe",
    "hat",
    "",
    "  ",
    "A Large WOODEN table, with steel legs & a lamp for the desk  ",
    "ÄÖÜ 電気 \x00\u202e 👩‍👩‍👧 10–20 €",
    "shoe " * 3000,
    "x" * 50_000,
    "hat",
]


class Written(NamedTuple):
    source: EncoderSource
    path: Path
    torch: Encoder


Write = Callable[..., Written]


@pytest.fixture(scope="session")
def write(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Writes a model's graph."""

    def make(model: Path, max_length: int | None = None, query_prefix: str = "", product_prefix: str = "") -> Written:
        source = EncoderSource(str(model), max_length, query_prefix, product_prefix)
        encoder = Encoder(
            source.path,
            device="cpu",
            max_length=max_length,
            query_prefix=query_prefix,
            product_prefix=product_prefix,
        )
        path = tmp_path_factory.mktemp("graph") / "encoder"
        write_graph_encoder(source, encoder, path)
        return Written(source, path, encoder)

    return make


@pytest.fixture(scope="session")
def written(write: Write, tiny_encoder_dir: Path) -> Written:
    return write(tiny_encoder_dir)


@pytest.fixture
def copied(written: Written, tmp_path: Path) -> Written:
    """The graph to be damaged."""
    return written._replace(path=Path(shutil.copytree(written.path, tmp_path / "encoder")))


@pytest.fixture
def model(tiny_encoder_dir: Path, tmp_path: Path) -> Path:
    """The model to be changed."""
    return Path(shutil.copytree(tiny_encoder_dir, tmp_path / "model"))


def _assert_as_torch(written: Written) -> None:
    graph = GraphEncoder(written.path, written.source)
    assert (graph.dim, graph.fingerprint) == (written.torch.dim, written.torch.fingerprint)
    for ours, theirs in (
        (graph.encode_queries, written.torch.encode_queries),
        (graph.encode_products, written.torch.encode_products),
    ):
        vectors = ours(TEXTS)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(vectors, theirs(TEXTS), atol=2e-6)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_the_vectors_are_torchs(written: Written) -> None:
    about = read_json(written.path / MANIFEST)
    assert "why_torch" not in about
    assert 0 < about["largest_difference"] < TOLERANCE
    _assert_as_torch(written)


@pytest.mark.parametrize(
    "pooling", ["cls_token", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"]
)
def test_other_poolings(pooling: str, model: Path, write: Write) -> None:
    settings = {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": False}
    (model / "1_Pooling" / "config.json").write_text(json.dumps({**settings, f"pooling_mode_{pooling}": True}))
    _assert_as_torch(write(model))


def test_modules_after_the_pooling(model: Path, write: Write) -> None:
    torch.manual_seed(3)
    modules = json.loads((model / "modules.json").read_text())
    dense = {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"}
    (model / "modules.json").write_text(json.dumps([*modules, dense]))
    (model / "2_Dense").mkdir()
    settings = {
        "in_features": 32,
        "out_features": 12,
        "bias": True,
        "activation_function": "torch.nn.modules.activation.Tanh",
    }
    (model / "2_Dense" / "config.json").write_text(json.dumps(settings))
    weights = {"linear.weight": torch.randn(12, 32), "linear.bias": torch.randn(12)}
    save_file(weights, model / "2_Dense" / "model.safetensors")
    made = write(model)
    assert made.torch.dim == 12
    _assert_as_torch(made)


def test_a_decoder_with_its_last_token(model: Path, tiny_llama_dir: Path, write: Write) -> None:
    for name in ("model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"):
        (model / name).unlink()
    torch.manual_seed(0)
    LlamaModel(LlamaConfig.from_pretrained(tiny_llama_dir)).save_pretrained(model)
    AutoTokenizer.from_pretrained(tiny_llama_dir).save_pretrained(model)
    (model / "1_Pooling" / "config.json").write_text(
        json.dumps({"word_embedding_dimension": 32, "pooling_mode_lasttoken": True, "pooling_mode_mean_tokens": False})
    )
    _assert_as_torch(write(model))


def test_prefixes_and_maximal_length(tiny_encoder_dir: Path, write: Write) -> None:
    made = write(tiny_encoder_dir, 7, "query: ", "product: ")
    _assert_as_torch(made)
    graph = GraphEncoder(made.path, made.source)
    assert not np.allclose(graph.encode_queries(["hat"]), graph.encode_products(["hat"]), atol=1e-3)
    np.testing.assert_array_equal(
        graph.encode_queries(["red shoe hat lamp"]), graph.encode_queries(["red shoe hat lamp and more"])
    )


def test_a_vector_does_not_depend_on_its_neighbours_or_on_threads(written: Written) -> None:
    graph = GraphEncoder(written.path, written.source)
    alone = np.concatenate([graph.encode_queries([text]) for text in TEXTS])
    np.testing.assert_array_equal(graph.encode_queries(TEXTS), alone)
    np.testing.assert_array_equal(graph.encode_queries(TEXTS[::-1]), alone[::-1])
    with ThreadPoolExecutor(8) as threads:
        for found in threads.map(graph.encode_queries, [TEXTS] * 24):
            np.testing.assert_array_equal(found, alone)
    assert graph.encode_queries([]).shape == (0, graph.dim)


def test_what_is_no_text_is_refused_as_by_torch(written: Written) -> None:
    for encoder in (written.torch, GraphEncoder(written.path, written.source)):
        with pytest.raises(TypeError, match="InputSequence"):
            encoder.encode_queries(["\ud800 shoe"])


def test_the_same_model_gives_the_same_bytes(written: Written, tmp_path: Path) -> None:
    write_graph_encoder(written.source, written.torch, tmp_path / "again")
    names = sorted(path.name for path in written.path.iterdir())
    assert names == sorted([GRAPH, WEIGHTS, TOKENIZER, MANIFEST])
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (written.path / name).read_bytes()
        assert (written.path / name).stat().st_mode & 0o044 == (written.path / MANIFEST).stat().st_mode & 0o044


def test_the_graph_is_what_opens(written: Written, caplog: pytest.LogCaptureFixture) -> None:
    encoder = open_text_encoder(written.path, written.source)
    assert isinstance(encoder, GraphEncoder)
    assert encoder.engine == "onnxruntime"
    assert not caplog.records


def test_a_graph_of_another_encoder_is_not_used(
    written: Written, model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    weights = load_file(model / "model.safetensors")
    weights["embeddings.word_embeddings.weight"] += 0.1
    save_file(weights, model / "model.safetensors", metadata={"format": "pt"})
    others = [
        EncoderSource(str(model)),
        written.source._replace(max_length=9),
        written.source._replace(query_prefix="q"),
    ]
    for source in others:
        with pytest.raises(MachineError, match="is of another encoder; build the index again"):
            GraphEncoder(written.path, source)
        encoder = open_text_encoder(written.path, source)
        assert encoder.engine.startswith("torch (")
        np.testing.assert_array_equal(encoder.encode_queries(["hat"]), source.load().encode_queries(["hat"]))
    assert len(caplog.records) == len(others)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _flip(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)


@pytest.mark.parametrize("harm", [_cut, _flip, Path.unlink])
@pytest.mark.parametrize("name", [GRAPH, WEIGHTS, TOKENIZER])
def test_a_damaged_graph_is_not_used(
    name: str, harm: Callable[[Path], None], copied: Written, caplog: pytest.LogCaptureFixture
) -> None:
    harm(copied.path / name)
    encoder = open_text_encoder(copied.path, copied.source)
    assert encoder.engine == f"torch ({copied.path} is damaged; build the index again)"
    np.testing.assert_array_equal(encoder.encode_queries(["hat"]), copied.torch.encode_queries(["hat"]))
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert str(copied.path) in caplog.text


@pytest.mark.parametrize("content", [None, "{", "[]", '{"format": 0}', "null"])
def test_a_missing_or_broken_manifest(content: str | None, copied: Written) -> None:
    (copied.path / MANIFEST).unlink()
    if content is not None:
        (copied.path / MANIFEST).write_text(content)
    with pytest.raises(MachineError, match=str(copied.path)):
        GraphEncoder(copied.path, copied.source)
    assert open_text_encoder(copied.path, copied.source).engine.startswith("torch (")


def test_without_onnxruntime_torch_answers(
    written: Written, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    encoder = open_text_encoder(written.path, written.source)
    assert "onnxruntime is not installed; run: pip install 'distilrank[serve]'" in encoder.engine
    np.testing.assert_array_equal(encoder.encode_queries(["hat"]), written.torch.encode_queries(["hat"]))
    assert "onnxruntime is not installed" in caplog.text


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_nothing_is_written_without_what_it_takes(
    missing: str,
    tiny_encoder_dir: Path,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    _assert_stays_with_torch(write(tiny_encoder_dir), f"{missing} is not installed; run: pip install", caplog)


def test_a_model_whose_graph_answers_otherwise_stays_with_torch(
    model: Path, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    pooling = json.loads((model / "1_Pooling" / "config.json").read_text())
    (model / "1_Pooling" / "config.json").write_text(json.dumps({**pooling, "include_prompt": False}))
    _assert_stays_with_torch(
        write(model, query_prefix="query: "), "the graph's vectors differ from torch's by ", caplog
    )


def test_a_model_that_does_not_trace_stays_with_torch(
    tiny_encoder_dir: Path, write: Write, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def looks_into_its_input(self: torch.nn.Module, ids: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("this model\nlooks into its input")

    monkeypatch.setattr("retrieval.graph_tracing._Traced.forward", looks_into_its_input)
    _assert_stays_with_torch(write(tiny_encoder_dir), "RuntimeError: this model looks into its input", caplog)


def _assert_stays_with_torch(made: Written, why: str, caplog: pytest.LogCaptureFixture) -> None:
    assert [path.name for path in made.path.iterdir()] == [MANIFEST]
    about = read_json(made.path / MANIFEST)
    assert about["why_torch"].startswith(why)
    assert "files" not in about
    with pytest.raises(NoGraphError, match=why):
        GraphEncoder(made.path, made.source)
    encoder = open_text_encoder(made.path, made.source)
    assert isinstance(encoder, Encoder)
    assert encoder.engine.startswith(f"torch ({why}")
    assert not caplog.records  # it was told when the index was built


def test_on_a_gpu_torch_answers(
    written: Written, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(
        retrieval.graph_encoder, "torch", SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: True))
    )
    assert open_text_encoder(written.path, written.source).engine == "torch (there is a GPU)"
    assert not caplog.records
