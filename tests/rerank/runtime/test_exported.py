"""An exported student scores as its float32 student does, whatever a pair is asked with, from any thread."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from eval.errors import InputError, MachineError
from rerank.runtime.export import export_student
from rerank.runtime.exported import ExportedStudent
from rerank.runtime.plan import PLANS, BatchPlan
from rerank.runtime.product_tokens import ProductTokens
from rerank.runtime.quantise import THRESHOLDS
from rerank.student import Student
from rerank.types import Pair, Reranker, RowReranker
from retrieval.catalogue import Catalogue
from retrieval.types import Product, Query

_CPU = Path("/proc/cpuinfo")
_SATURATES = _CPU.exists() and not set(_CPU.read_text().split()) & {"avx512_vnni", "avx_vnni", "asimddp"}
"""Without such instructions sums of two int8 products are cut at 16 bits."""


@pytest.fixture(scope="session")
def exported_dir(student_dir: Path, pairs: list[Pair]) -> Callable[[str], Path]:
    """The export of the BERT student in a precision, beside the student; read it, do not write it."""
    made: dict[str, Path] = {}

    def export(precision: str) -> Path:
        if precision not in made:
            student = student_dir.with_name(f"bert-{precision}")
            shutil.copytree(student_dir, student)
            export_student(student, student / "export", precision, pairs[:150])
            made[precision] = student / "export"
        return made[precision]

    return export


@pytest.fixture(params=["int8", "float32"])
def exported(request: pytest.FixtureRequest, exported_dir: Callable[[str], Path]) -> ExportedStudent:
    with ExportedStudent.load(exported_dir(request.param), threads=2) as found:
        yield found


def test_it_is_a_reranker_by_pairs_and_by_rows(exported: ExportedStudent) -> None:
    assert isinstance(exported, Reranker)
    assert isinstance(exported, RowReranker)


@pytest.mark.parametrize("architecture", ["bert", "roberta", "xlm-roberta", "distilbert", "electra", "modernbert"])
def test_float32_scores_are_the_students(
    architecture: str, make_student: Callable[[str], Path], pairs: list[Pair]
) -> None:
    student = make_student(architecture)
    expected = Student.load(student, device="cpu").score(pairs)
    facts = export_student(student, student / "export", "float32", pairs[:20])
    assert facts["engine"] == ("torch" if architecture == "modernbert" else "onnxruntime")
    assert expected.std() > 0.002
    with ExportedStudent.load(student / "export") as exported:
        np.testing.assert_allclose(exported.score(pairs), expected, atol=2e-6)


def test_int8_scores_are_near_the_students(exported_dir: Callable[[str], Path], pairs: list[Pair]) -> None:
    path = exported_dir("int8")
    expected = Student.load(path.parent, device="cpu").score(pairs)
    with ExportedStudent.load(path) as exported:
        found = exported.score(pairs)
    assert np.abs(found - expected).max() > 1e-6
    assert np.corrcoef(found, expected)[0, 1] > 0.99


@pytest.mark.skipif(_SATURATES, reason="int8 products saturate here, by more than outlying channels cost")
def test_outlying_channels_are_brought_down(
    student_dir: Path, tmp_path: Path, pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    student, model = tmp_path / "student", Student.load(student_dir, device="cpu")
    for layer in model.model.bert.encoder.layer:
        layer.attention.output.LayerNorm.bias.data[3] = 40.0
    shutil.copytree(student_dir, student)
    model.model.save_pretrained(student)
    expected = Student.load(student, device="cpu").score(pairs)
    errors = []
    for thresholds in (THRESHOLDS, (1.0,)):
        monkeypatch.setattr("rerank.runtime.quantise.THRESHOLDS", thresholds)
        export_student(student, student / "export", "int8", pairs[:150])
        with ExportedStudent.load(student / "export") as exported:
            errors.append(np.abs(exported.score(pairs) - expected).mean())
    assert errors[0] < errors[1] / 3


def test_a_score_does_not_depend_on_its_neighbours(exported: ExportedStudent, pairs: list[Pair]) -> None:
    together = exported.score(pairs)
    assert exported.score(pairs).tobytes() == together.tobytes()
    alone = np.concatenate([exported.score([pair]) for pair in pairs])
    assert alone.tobytes() == together.tobytes()
    order = np.random.default_rng(1).permutation(len(pairs))
    assert exported.score([pairs[i] for i in order]).tobytes() == together[order].tobytes()


def test_a_score_does_not_depend_on_the_plan(exported: ExportedStudent, pairs: list[Pair]) -> None:
    inputs = exported.prepare(pairs)
    alone = exported.score(pairs)
    for plan in (*PLANS, BatchPlan(token_budget=1)):
        np.testing.assert_array_equal(exported.compute(inputs, plan), alone)


def test_threads_and_requests_side_by_side_change_no_bit(
    exported_dir: Callable[[str], Path], pairs: list[Pair]
) -> None:
    with ExportedStudent.load(exported_dir("int8"), threads=1) as single:
        expected = single.score(pairs)
    with ExportedStudent.load(exported_dir("int8"), threads=3) as exported, ThreadPoolExecutor(6) as pool:
        slices = [slice(start, start + 40) for start in range(0, 260, 10)]
        for part, found in zip(slices, pool.map(lambda part: exported.score(pairs[part]), slices), strict=True):
            assert found.tobytes() == expected[part].tobytes()


def test_nothing_is_scored_as_nothing(exported: ExportedStudent) -> None:
    assert exported.score([]).shape == (0,)
    assert exported.score_rows(Query("q", "red"), [], _Reader([])).shape == (0,)


class _Reader:
    """A catalogue that counts what is read of it."""

    def __init__(self, products: list[Product]) -> None:
        self.all = products
        self.read: list[int] = []

    def row(self, product_id: str) -> int:
        return [product.id for product in self.all].index(product_id)

    def products(self, rows: list[int]) -> list[Product]:
        self.read += rows
        return [self.all[row] for row in rows]


def test_rows_score_as_their_products_do_and_only_new_ones_are_read(
    exported_dir: Callable[[str], Path], student_dir: Path, pairs: list[Pair], tmp_path: Path
) -> None:
    products = [product for _, product in pairs]
    catalogue = Catalogue.write(iter(products[:200]), tmp_path / "catalogue")
    path = exported_dir("int8")
    student = Student.load(path.parent, device="cpu")
    tokenizer = student.pair_encoder.tokenizer
    ProductTokens.build(tmp_path / "tokens", catalogue, student.template, tokenizer, max_length=student.max_length)
    tokens = ProductTokens.load(tmp_path / "tokens")
    tokens.check(catalogue, student.template, tokenizer)
    reader = _Reader(products)
    rows = [250, 3, 199, 3, 200, 7, 250]
    with ExportedStudent.load(path, tokens) as exported:
        for query, _ in pairs[:6]:
            expected = exported.score([(query, products[row]) for row in rows])
            assert exported.score_rows(query, rows, reader).tobytes() == expected.tobytes()
        assert sorted(reader.read) == [200, 250]


def test_the_products_remembered_beyond_the_store_are_bounded(
    exported_dir: Callable[[str], Path], pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rerank.runtime.exported._REMEMBERED", 5)
    reader = _Reader([product for _, product in pairs])
    with ExportedStudent.load(exported_dir("float32")) as exported:
        first = exported.score_rows(pairs[0][0], list(range(8)), reader)
        assert reader.read == list(range(8))
        assert exported.score_rows(pairs[0][0], [7, 6, 3], reader).tobytes() == first[[7, 6, 3]].tobytes()
        assert reader.read == list(range(8))
        exported.score_rows(pairs[0][0], [0], reader)
        assert reader.read == [*range(8), 0]


def test_an_export_of_another_student_is_refused(exported_dir: Callable[[str], Path], tmp_path: Path) -> None:
    shutil.copytree(exported_dir("float32").parent, tmp_path / "student")
    (tmp_path / "student" / "README.md").write_text("a card written later")
    ExportedStudent.load(tmp_path / "student" / "export").close()
    config = tmp_path / "student" / "student.json"
    config.write_text(config.read_text().replace("32", "31"))
    with pytest.raises(MachineError, match="has changed since it was exported"):
        ExportedStudent.load(tmp_path / "student" / "export")


@pytest.mark.parametrize("spoil", ["truncated", "garbage", "missing", "manifest", "format"])
def test_a_broken_export_is_refused_in_one_line(
    spoil: str, exported_dir: Callable[[str], Path], tmp_path: Path
) -> None:
    shutil.copytree(exported_dir("int8").parent, tmp_path / "student")
    graph, manifest = (tmp_path / "student" / "export" / name for name in ("student.onnx", "manifest.json"))
    match spoil:
        case "truncated":
            graph.write_bytes(graph.read_bytes()[:500])
        case "garbage":
            graph.write_bytes(b"garbage")
        case "missing":
            graph.unlink()
        case "manifest":
            manifest.write_text("[]")
        case "format":
            manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 9'))
    with pytest.raises(MachineError, match="run distilrank export again") as caught:
        ExportedStudent.load(tmp_path / "student" / "export")
    assert "\n" not in str(caught.value)


def test_threads_below_one_are_refused(exported_dir: Callable[[str], Path]) -> None:
    with pytest.raises(InputError, match="threads is 0"):
        ExportedStudent.load(exported_dir("int8"), threads=0)


def test_int8_of_a_modernbert_is_refused(make_student: Callable[[str], Path], pairs: list[Pair]) -> None:
    student = make_student("modernbert")
    with pytest.raises(InputError, match="float32 only"):
        export_student(student, student / "export", "int8", pairs[:5])
    assert not (student / "export").exists()


def test_a_failed_check_leaves_nothing_and_keeps_the_old(student_dir: Path, tmp_path: Path, pairs: list[Pair]) -> None:
    student = tmp_path / "student"
    shutil.copytree(student_dir, student)

    def refuse(exported: ExportedStudent) -> dict[str, float]:
        raise InputError("not good enough")

    with pytest.raises(InputError, match="not good enough"):
        export_student(student, student / "export", "int8", pairs[:20], check=refuse)
    assert not (student / "export").exists()
    export_student(student, student / "export", "float32", pairs[:20])
    with pytest.raises(InputError, match="not good enough"):
        export_student(student, student / "export", "int8", pairs[:20], check=refuse)
    ExportedStudent.load(student / "export").close()
    assert sorted(path.name for path in student.iterdir() if path.name.startswith(".")) == []
