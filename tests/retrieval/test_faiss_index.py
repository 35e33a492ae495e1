import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval.errors import InputError, MachineError
from eval.files import read_json
from retrieval import faiss_index, vector_index
from retrieval.catalogue import Catalogue
from retrieval.faiss_index import build_index, load_index
from retrieval.index_kinds import KINDS, Kind, choose_kind
from retrieval.index_recall import exact_cuts, measured_recall
from retrieval.product_text import ProductTemplate
from retrieval.types import Product
from retrieval.vector_index import VectorIndex

COUNT, DIMENSION = 3000, 24
APPROXIMATE = ("hnsw", "ivf_flat", "ivf_pq")
TEMPLATE = ProductTemplate(("title",))


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    products = (Product(str(row), {"title": "x"}) for row in range(COUNT))
    return Catalogue.write(products, tmp_path_factory.mktemp("catalogue") / "catalogue")


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    """Gaussian vectors of lengths .01 to 100, a zero vector, and 400 parallel ones in no order of length."""
    rng = np.random.default_rng(3)
    made = rng.normal(size=(COUNT, DIMENSION)) * 10 ** rng.uniform(-2, 2, size=(COUNT, 1))
    made[1000:1400] = made[1000] * rng.choice([0.25, 0.5, 2, 8], size=(400, 1))
    made[17] = 0
    return made.astype(np.float32)


@pytest.fixture(scope="module")
def queries(vectors: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(4)
    return np.concatenate([rng.normal(size=(30, DIMENSION)).astype(np.float32) * 7, vectors[1000:1001] * 3])


@pytest.fixture(scope="module")
def cosines(vectors: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Brute force, float64 [queries, products]."""
    products, asked = vectors.astype(np.float64), queries.astype(np.float64)
    lengths = np.maximum(np.linalg.norm(products, axis=1), 1e-30)
    return asked @ products.T / np.linalg.norm(asked, axis=1)[:, None] / lengths


@pytest.fixture(scope="module")
def indexes(
    catalogue: Catalogue, vectors: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, VectorIndex]:
    root = tmp_path_factory.mktemp("indexes")
    return {kind: built(root / kind, catalogue, vectors, kind) for kind in KINDS}


def built(path: Path, catalogue: Catalogue, vectors: np.ndarray, kind: Kind) -> VectorIndex:
    build_index(vectors, path, catalogue, TEMPLATE, kind=kind, encoder_fingerprint="abc", connections=16)
    return load_index(path, "abc")


def recall(found: list[tuple[np.ndarray, np.ndarray]], cosines: np.ndarray, rows: np.ndarray, k: int) -> float:
    best = np.sort(cosines[:, rows], axis=1)[:, ::-1][:, min(k, len(rows)) - 1]
    return float(np.mean([np.sum(scores >= cut - 1e-6) / k for (_, scores), cut in zip(found, best, strict=True)]))


@pytest.mark.parametrize("k", [1, 10, 200, 5000])
@pytest.mark.parametrize("step", [None, 2, 700])
def test_flat_is_brute_force(k: int, step: int | None, indexes: dict, queries: np.ndarray, cosines: np.ndarray) -> None:
    rows = np.arange(0, COUNT, step or 1)
    found = indexes["flat"].search(queries, k, None if step is None else rows)
    for (hits, scores), truth in zip(found, cosines, strict=True):
        rounded = truth[rows].astype(np.float32)
        np.testing.assert_allclose(scores, np.sort(rounded)[::-1][:k], atol=1e-6)
        np.testing.assert_allclose(scores, truth[hits], atol=1e-6)
        assert hits.dtype == np.int64
        assert scores.dtype == np.float32


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_cosines_whatever_the_lengths(
    kind: str, indexes: dict, queries: np.ndarray, cosines: np.ndarray
) -> None:
    rows = np.array([2999, 17, 5, 1000, 5])
    np.testing.assert_allclose(indexes[kind].scores(queries[3], rows), cosines[3, rows], atol=1e-6)
    assert indexes[kind].scores(queries[3], rows)[1] == 0  # a zero vector is like nothing


def test_ties_come_in_row_order_even_where_k_cuts_them(
    catalogue: Catalogue, vectors: np.ndarray, tmp_path: Path
) -> None:
    vectors = vectors.copy()
    vectors[1000:1400] = vectors[1000]
    index = built(tmp_path / "flat", catalogue, vectors, "flat")
    for k in (1, 10, 333, 400):
        (hits, scores), (other, _) = index.search(np.stack([vectors[1000] * 5, vectors[3]]), k)
        assert hits.tolist() == list(range(1000, 1000 + k))
        assert len(set(scores.tolist())) == 1
        assert other[0] == 3
    (hits, _) = index.search(vectors[1000:1001], 3, np.arange(1200, COUNT))[0]
    assert hits.tolist() == [1200, 1201, 1202]


def test_different_vectors_of_equal_score_come_in_row_order(catalogue: Catalogue, tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    vectors = np.zeros((COUNT, DIMENSION), dtype=np.float32)
    vectors[:, 0] = 3  # cosine .6 with the first axis, in every direction around it
    vectors[:, 1:4] = rng.normal(size=(COUNT, 3))
    vectors[:, 1:4] *= 4 / np.linalg.norm(vectors[:, 1:4], axis=1, keepdims=True)
    index = built(tmp_path / "flat", catalogue, vectors, "flat")
    query = np.eye(1, DIMENSION, dtype=np.float32)
    every = np.concatenate([scores for _, scores in index.search(query, COUNT)])
    for k in (1, 20, 2000):
        (hits, scores) = index.search(query, k)[0]
        best = np.sort(every)[::-1][:k]
        assert scores.tolist() == best.tolist()
        truth = index.scores(query[0], np.arange(COUNT))
        assert hits.tolist() == np.lexsort((np.arange(COUNT), -truth))[:k].tolist()


def test_scores_do_not_depend_on_what_is_searched_beside(indexes: dict, queries: np.ndarray) -> None:
    together = indexes["flat"].search(queries, 20)
    for query, (hits, scores) in zip(queries, together, strict=True):
        (alone, alone_scores) = indexes["flat"].search(query[None], 20)[0]
        assert hits.tolist() == alone.tolist()
        assert scores.tolist() == alone_scores.tolist()
        assert indexes["flat"].scores(query, hits).tolist() == scores.tolist()


@pytest.mark.parametrize("kind", APPROXIMATE)
def test_recall_is_high_and_the_manifest_says_how_high(
    kind: Kind,
    indexes: dict,
    catalogue: Catalogue,
    vectors: np.ndarray,
    queries: np.ndarray,
    cosines: np.ndarray,
    tmp_path: Path,
) -> None:
    assert recall(indexes[kind].search(queries, 20), cosines, np.arange(COUNT), 20) >= 0.95
    manifest = build_index(
        vectors, tmp_path / kind, catalogue, TEMPLATE, kind=kind, encoder_fingerprint="abc", queries=queries
    )
    index = load_index(tmp_path / kind, "abc")
    assert index.manifest == manifest
    truth = recall(index.search(queries, 100), cosines, np.arange(COUNT), 100)
    assert manifest.recall == pytest.approx(truth, abs=1e-4)
    assert 0.95 <= manifest.recall <= 1.0
    assert (manifest.probes > 0) == kind.startswith("ivf")


@pytest.mark.parametrize("kind", ["ivf_flat", "ivf_pq"])
def test_too_few_probes_are_told_by_the_recall(
    kind: Kind, catalogue: Catalogue, vectors: np.ndarray, queries: np.ndarray, tmp_path: Path
) -> None:
    def build(probes: int) -> float:
        return build_index(
            vectors,
            tmp_path / kind,
            catalogue,
            TEMPLATE,
            kind=kind,
            encoder_fingerprint="abc",
            queries=queries,
            probes=probes,
        ).recall

    assert build(5) < 0.6
    every = build(10_000)  # cells there are not so many of: all are looked into
    assert every == 1.0 if kind == "ivf_flat" else every > 0.95  # codes are scored anew, those that are proposed
    index = load_index(tmp_path / kind, "abc")
    assert measured_recall(index, queries, exact_cuts(index, queries)) == pytest.approx(every, abs=1e-4)
    (tmp_path / kind / "vectors.faiss").unlink()
    with pytest.raises(MachineError, match=r"cannot be read.*build it again"):
        load_index(tmp_path / kind, "abc")


@pytest.mark.parametrize("count", [1, 150])
@pytest.mark.parametrize("kind", ["ivf_flat", "ivf_pq"])
def test_fewer_vectors_than_dimensions(kind: Kind, count: int, tmp_path: Path) -> None:
    catalogue = Catalogue.write((Product(str(row), {"title": "x"}) for row in range(count)), tmp_path / "catalogue")
    vectors = np.random.default_rng(2).normal(size=(count, 384)).astype(np.float32)
    index = built(tmp_path / kind, catalogue, vectors, kind)
    assert [hits[0] for hits, _ in index.search(vectors, 1)] == list(range(count))


def test_a_kind_is_chosen_by_size_or_by_name() -> None:
    assert [choose_kind("auto", count) for count in (1, 50_000, 50_001, 2_000_000, 3_000_000)] == [
        "flat",
        "flat",
        "ivf_flat",
        "ivf_flat",
        "ivf_pq",
    ]
    assert choose_kind("hnsw", 10) == "hnsw"


class Silent:
    """A device that computes nothing and does not say so."""

    def add(self, vectors: np.ndarray) -> None: ...

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((len(queries), k)), np.zeros((len(queries), k), dtype=np.int64)


class FakeGpu:
    """FAISS as on a machine with a GPU: a copy on the device is the index itself, and searches there are counted."""

    def __init__(self, faiss: Any, wrong: str = "") -> None:
        self.faiss = faiss
        self.wrong = wrong
        self.copies = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.faiss, name)

    def get_num_gpus(self) -> int:
        return 1

    def StandardGpuResources(self) -> object:  # noqa: N802
        return object()

    def index_cpu_to_gpu(self, resources: object, device: int, index: Any) -> Any:
        self.copies += 1
        if self.wrong == "no kernels":
            raise RuntimeError("Error in void faiss::gpu::Kernel\nCUDA error 209 no kernel image is available")
        return Silent() if self.wrong == "silent" else index

    def index_gpu_to_cpu(self, index: Any) -> Any:
        return index


@pytest.mark.parametrize("kind", KINDS)
def test_a_gpu_that_works_answers_the_same(
    kind: Kind,
    indexes: dict,
    catalogue: Catalogue,
    vectors: np.ndarray,
    queries: np.ndarray,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake = FakeGpu(vector_index.import_faiss())
    monkeypatch.setattr(faiss_index, "import_faiss", lambda: fake)
    build_index(
        vectors, tmp_path / kind, catalogue, TEMPLATE, kind=kind, encoder_fingerprint="abc", connections=16, gpu=True
    )
    index = load_index(tmp_path / kind, "abc", gpu=True)
    assert fake.copies == {"flat": 2, "hnsw": 0, "ivf_flat": 4, "ivf_pq": 4}[kind]  # each copy is tried on a toy first
    rows = np.arange(0, COUNT, 2)
    for where in (None, rows):
        for (hits, scores), (expected, others) in zip(
            index.search(queries, 20, where), indexes[kind].search(queries, 20, where), strict=True
        ):
            assert (hits.tolist(), scores.tolist()) == (expected.tolist(), others.tolist())


@pytest.mark.parametrize(("wrong", "said"), [("no kernels", "no kernel image"), ("silent", "wrong neighbours")])
def test_a_gpu_that_does_not_work_is_a_warning(
    wrong: str,
    said: str,
    indexes: dict,
    catalogue: Catalogue,
    vectors: np.ndarray,
    queries: np.ndarray,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(faiss_index, "import_faiss", lambda: FakeGpu(vector_index.import_faiss(), wrong))
    with pytest.warns(UserWarning, match=f"GPU cannot be used.*{said}.*the CPU does it"):
        build_index(
            vectors, tmp_path / "ivf", catalogue, TEMPLATE, kind="ivf_flat", encoder_fingerprint="abc", gpu=True
        )
    with pytest.warns(UserWarning, match="the CPU does it"):
        index = load_index(tmp_path / "ivf", "abc", gpu=True)
    assert index.search(queries, 5)[0][0].tolist() == indexes["ivf_flat"].search(queries, 5)[0][0].tolist()


@pytest.mark.parametrize("kind", APPROXIMATE)
def test_recall_among_near_copies(kind: Kind, catalogue: Catalogue, vectors: np.ndarray, tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    vectors = vectors.copy()
    spellings = vectors[1000] * (1 + rng.normal(size=(8, DIMENSION)) * 1e-6)  # one text, padded in eight ways
    vectors[1000:1400] = spellings[rng.integers(8, size=400)]
    index = built(tmp_path / kind, catalogue, vectors, kind)
    asked = rng.normal(size=(30, DIMENSION)).astype(np.float32)
    truth = vector_index.normalise(asked).astype(np.float64) @ vector_index.normalise(vectors).astype(np.float64).T
    assert recall(index.search(asked, 20), truth, np.arange(COUNT), 20) >= 0.95


@pytest.mark.parametrize("kind", APPROXIMATE)
@pytest.mark.parametrize("step", [2, 10, 300])
def test_recall_under_a_filter(
    step: int, kind: str, indexes: dict, queries: np.ndarray, cosines: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.arange(1, COUNT, step)
    exact = indexes[kind].search(queries, 10, rows)
    assert recall(exact, cosines, rows, 10) == 1.0
    monkeypatch.setattr(vector_index, "EXACT_ROWS", 0)
    monkeypatch.setattr(vector_index, "EXACT_SHARE", 0.0)  # now the graph, or the cells, answer
    walked = indexes[kind].search(queries, 10, rows)
    assert all(set(hits.tolist()) <= set(rows.tolist()) and len(hits) == 10 for hits, _ in walked)
    assert recall(walked, cosines, rows, 10) >= 0.95


def test_hnsw_gives_k_hits_even_where_the_walk_finds_fewer(
    catalogue: Catalogue, vectors: np.ndarray, queries: np.ndarray, tmp_path: Path
) -> None:
    build_index(
        vectors,
        tmp_path / "sparse",
        catalogue,
        TEMPLATE,
        kind="hnsw",
        encoder_fingerprint="abc",
        connections=2,
        construction=2,
    )
    index = load_index(tmp_path / "sparse", "abc")
    for hits, _ in index.search(queries, COUNT):
        assert sorted(hits.tolist()) == list(range(COUNT))


@pytest.mark.parametrize("kind", KINDS)
def test_no_rows(kind: str, indexes: dict, queries: np.ndarray) -> None:
    found = indexes[kind].search(queries[:2], 10, np.zeros(0, dtype=np.int64))
    assert [(hits.tolist(), scores.tolist()) for hits, scores in found] == [([], []), ([], [])]
    assert indexes[kind].search(queries[:0], 10) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_vectors_give_the_same_bytes(
    kind: Kind, catalogue: Catalogue, vectors: np.ndarray, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        built(tmp_path / name, catalogue, vectors, kind)
    assert (tmp_path / "one/index.faiss").read_bytes() == (tmp_path / "two/index.faiss").read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", KINDS)
def test_an_opened_index_is_memory_mapped(
    kind: Kind, catalogue: Catalogue, vectors: np.ndarray, tmp_path: Path
) -> None:
    index = built(tmp_path / kind, catalogue, vectors, kind)
    assert f"{tmp_path}/{kind}/index.faiss" in Path("/proc/self/maps").read_text()
    assert index.manifest.count == COUNT


def test_manifest(catalogue: Catalogue, vectors: np.ndarray, tmp_path: Path) -> None:
    index = built(tmp_path / "flat", catalogue, vectors, "flat")
    stored = read_json(tmp_path / "flat/manifest.json")
    assert (stored["kind"], stored["count"], stored["dimension"]) == ("flat", COUNT, DIMENSION)
    assert (stored["encoder"], stored["fields"], stored["max_characters"]) == ("abc", ["title"], 2000)
    assert index.manifest.fields == ("title",)


def test_another_encoder_is_refused(catalogue: Catalogue, vectors: np.ndarray, tmp_path: Path) -> None:
    built(tmp_path / "flat", catalogue, vectors, "flat")
    with pytest.raises(InputError, match=r"built with another encoder \(abc, now def") as caught:
        load_index(tmp_path / "flat", "def")
    assert "\n" not in str(caught.value)


def test_another_catalogue_is_refused(catalogue: Catalogue, indexes: dict, tmp_path: Path) -> None:
    fewer = Catalogue.write((Product(str(row), {"title": "x"}) for row in range(5)), tmp_path / "fewer")
    other = Catalogue.write((Product(f"{row}!", {"title": "x"}) for row in range(COUNT)), tmp_path / "other")
    indexes["flat"].manifest.check_catalogue(catalogue)
    for wrong in (fewer, other):
        with pytest.raises(InputError, match="products of another catalogue"):
            indexes["flat"].manifest.check_catalogue(wrong)


def test_no_sound_index(catalogue: Catalogue, vectors: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"manifest\.json is missing"):
        load_index(tmp_path / "nowhere", "abc")
    built(tmp_path / "cut", catalogue, vectors, "flat")
    file = tmp_path / "cut/index.faiss"
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(MachineError, match=r"cannot be read.*build it again"):
        load_index(tmp_path / "cut", "abc")
    file.unlink()
    with pytest.raises(MachineError, match=r"cannot be read.*build it again") as caught:
        load_index(tmp_path / "cut", "abc")
    assert "\n" not in str(caught.value)
    (tmp_path / "cut/manifest.json").write_text('{"format": 99}')
    with pytest.raises(MachineError, match="no index of this version"):
        load_index(tmp_path / "cut", "abc")


def test_bad_input(catalogue: Catalogue, vectors: np.ndarray, tmp_path: Path) -> None:
    def build(embeddings: np.ndarray, kind: str = "flat") -> None:
        build_index(embeddings, tmp_path / "bad", catalogue, TEMPLATE, kind=kind, encoder_fingerprint="abc")  # type: ignore[arg-type]

    with pytest.raises(InputError, match="'ivf' is unknown; expected flat, hnsw, ivf_flat or ivf_pq"):
        build(vectors, "ivf")
    with pytest.raises(InputError, match=r"shape \(2999, 24\) do not fit a catalogue of 3000"):
        build(vectors[1:])
    broken = vectors.copy()
    broken[77, 3] = np.nan
    with pytest.raises(InputError, match="not finite"):
        build(broken)
    assert not (tmp_path / "bad").exists()


def test_missing_faiss_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MachineError) as caught:
        load_index(tmp_path, "abc")
    assert "pip install 'distilrank[cpu]'" in str(caught.value)
    assert "pip install 'distilrank[gpu]'" in str(caught.value)
