"""How long reranking 100 products takes, and what it costs in nDCG, beside what others do with the same weights.

    python -m benchmarks.rerank DATA STUDENT [SHALLOWER …]      (from the repository's root)

DATA is an ESCI directory (the published parquet pair), STUDENT a student's directory (`student/` of a run). All systems
rerank the same 100 products for the same queries, interleaved in one run; figures are medians over queries of the
best of a few rounds. Further students are timed with our runtime alone. Systems whose packages are missing are left
out, and said so. The exports are made in a temporary directory.
"""

import argparse
import os
import platform
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from eval.measures import per_query
from rerank.runtime.export import Precision, export_student
from rerank.runtime.exported import ExportedStudent
from rerank.runtime.product_tokens import ProductTokens
from rerank.student import Student
from rerank.types import Pair
from retrieval.catalogue import Catalogue
from retrieval.data.read import read_data
from retrieval.types import Query

PLAIN = "onnxruntime int8, sorted, batch 8"

Score = Callable[[Query, Sequence[int]], np.ndarray]


class Bench:
    """Products in a catalogue, queries with judged products, and the systems under test."""

    def __init__(self, data: Path, folder: Path, products: int, queries: int) -> None:
        found = read_data("esci", data)
        self.catalogue = Catalogue.write(found.products(), folder / "catalogue")
        full = [i for i, gains in found.qrels.items() if len(gains) >= 40 and len(set(gains.values())) >= 2]
        self.queries = {i: found.queries[i] for i in full}
        self.qrels = {i: found.qrels[i] for i in full}
        random = np.random.default_rng(0)
        self.lists: dict[str, list[int]] = {}
        for i in [i for i in full if found.splits[i] == "test"][:queries]:
            judged = [self.catalogue.row(product_id) for product_id in self.qrels[i]][:products]
            others = [row for row in random.permutation(len(self.catalogue)).tolist() if row not in set(judged)]
            self.lists[i] = judged + others[: products - len(judged)]
        single = [i for i, split in found.splits.items() if split == "train" and i not in self.qrels][:256]
        sample = self.catalogue.products(random.permutation(len(self.catalogue))[: len(single)].tolist())
        self.calibration = [(found.queries[i], product) for i, product in zip(single, sample, strict=True)]

    def pairs(self, query: Query, rows: Sequence[int]) -> list[Pair]:
        """The query with each product, as texts."""
        return [(query, product) for product in self.catalogue.products(rows)]

    def time(self, systems: dict[str, Score], rounds: int) -> dict[str, tuple[float, float]]:
        """Each system's milliseconds and its milliseconds of processor time, the systems taking turns.

        Both are medians over queries of the least of all rounds. Processor time, of all threads together, tells the
        work apart from what else the machine does.
        """
        taken = {name: np.full((2, rounds, len(self.lists)), np.inf) for name in systems}
        for score in systems.values():
            score(self.queries[next(iter(self.lists))], self.lists[next(iter(self.lists))])
        for turn in range(rounds):
            for place, (query_id, rows) in enumerate(self.lists.items()):
                for name, score in systems.items():
                    started = time.perf_counter(), time.process_time()
                    score(self.queries[query_id], rows)
                    ended = time.perf_counter(), time.process_time()
                    taken[name][:, turn, place] = 1000 * np.subtract(ended, started)
        medians = {name: np.median(values.min(axis=1), axis=1) for name, values in taken.items()}
        return {name: (float(wall), float(cpu)) for name, (wall, cpu) in medians.items()}

    def ndcg(self, score: Score, queries: int) -> float:
        """Mean nDCG@10 over the first full queries, their judged products alone."""
        qrels = dict(list(self.qrels.items())[:queries])
        run = {}
        for query_id, gains in qrels.items():
            rows = [self.catalogue.row(product_id) for product_id in gains]
            run[query_id] = dict(zip(gains, score(self.queries[query_id], rows).tolist(), strict=True))
        return float(np.mean(list(per_query(qrels, run, ["nDCG@10"])["nDCG@10"].values()))) if run else float("nan")


def sentence_transformers(bench: Bench, path: Path) -> Score:
    """CrossEncoder as it comes."""
    from sentence_transformers import CrossEncoder

    model, template = CrossEncoder(str(path)), Student.load(path, device="cpu").template

    def score(query: Query, rows: Sequence[int]) -> np.ndarray:
        texts = [(query.text, template.text(product)) for product in bench.catalogue.products(rows)]
        return model.predict(texts, show_progress_bar=False)

    return score


def sentence_transformers_onnx(bench: Bench, path: Path, folder: Path) -> Score:
    """CrossEncoder's own ONNX backend, quantised with its own tool for this kind of machine; it needs optimum."""
    import optimum.onnxruntime  # noqa: F401
    from sentence_transformers import CrossEncoder, export_dynamic_quantized_onnx_model

    made = folder / "sentence-transformers"
    CrossEncoder(str(path), backend="onnx").save_pretrained(str(made))
    export_dynamic_quantized_onnx_model(CrossEncoder(str(made), backend="onnx"), "avx512_vnni", str(made))
    options = {"file_name": "onnx/model_qint8_avx512_vnni.onnx"}
    model, template = CrossEncoder(str(made), backend="onnx", model_kwargs=options), Student.load(path).template

    def score(query: Query, rows: Sequence[int]) -> np.ndarray:
        texts = [(query.text, template.text(product)) for product in bench.catalogue.products(rows)]
        return model.predict(texts, show_progress_bar=False)

    return score


def export_plain(path: Path, folder: Path) -> Path:
    """What a tracer makes of the student: float32, all tokens through all layers."""
    model = AutoModelForSequenceClassification.from_pretrained(path, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(path)
    found = tokenizer(["a b", "c"], ["d", "e f"], padding=True, return_tensors="pt")
    # In the order of the model's own arguments: the tracer names its inputs by place, whatever they are called here.
    sample = {name: found[name] for name in ("input_ids", "attention_mask", "token_type_ids") if name in found}
    dynamic = {name: {0: "batch", 1: "tokens"} for name in sample}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (sample,),
            str(folder / "plain.onnx"),
            input_names=list(sample),
            output_names=["logits"],
            dynamic_axes={**dynamic, "logits": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
    return folder / "plain.onnx"


def sorted_batches(bench: Bench, path: Path, run: Callable[[dict[str, np.ndarray]], np.ndarray], size: int) -> Score:
    """Texts tokenised in the request, pairs sorted by length, batches of `size`."""
    student = Student.load(path, device="cpu")

    def score(query: Query, rows: Sequence[int]) -> np.ndarray:
        tokens = student.pair_encoder.encode(bench.pairs(query, rows))
        order = np.argsort(-tokens.lengths, kind="stable")
        scores = np.empty(len(order), dtype=np.float32)
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            scores[chosen] = run({name: value.numpy() for name, value in tokens.batch(chosen).items()})[:, 0]
        return scores

    return score


def plain_onnxruntime(bench: Bench, path: Path, plain: Path, threads: int, *, int8: bool) -> Score:
    """onnxruntime as its own tools set it up, with dynamic int8 (one scale a batch) or float32."""
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    file = plain
    if int8:
        file = plain.with_name("int8.onnx")
        quantize_dynamic(plain, file, weight_type=QuantType.QInt8, per_channel=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return sorted_batches(bench, path, lambda inputs: session.run(None, inputs)[0], 8)


def openvino(bench: Bench, path: Path, plain: Path, threads: int) -> Score:
    """OpenVINO on the plain graph, in the precision it takes by itself (bfloat16 where the machine has it)."""
    import openvino

    compiled = openvino.Core().compile_model(str(plain), "CPU", {"INFERENCE_NUM_THREADS": threads})
    return sorted_batches(bench, path, lambda inputs: compiled(inputs)[0], 16)


def ours(bench: Bench, path: Path, folder: Path, threads: int, precision: Precision, *, texts: bool = False) -> Score:
    """Our runtime, with the products tokenised beforehand, or from texts."""
    student = folder / f"{path.resolve().as_posix().replace('/', '-')}-{precision}"
    if not student.exists():
        files = [file for file in path.iterdir() if file.is_file()]
        student.mkdir()
        for file in files:
            shutil.copy(file, student)
        export_student(student, student / "export", precision, bench.calibration)
        model = Student.load(student, device="cpu")
        ProductTokens.build(
            student / "tokens",
            bench.catalogue,
            model.template,
            model.pair_encoder.tokenizer,
            max_length=model.max_length,
        )
    runtime = ExportedStudent.load(student / "export", ProductTokens.load(student / "tokens"), threads=threads)
    if texts:
        return lambda query, rows: runtime.score(bench.pairs(query, rows))
    return lambda query, rows: runtime.score_rows(query, rows, bench.catalogue)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DATA", help="an ESCI directory")
    parser.add_argument("student", type=Path, metavar="STUDENT", help="a student's directory")
    parser.add_argument("further", type=Path, nargs="*", metavar="SHALLOWER", help="more students, ours alone")
    parser.add_argument("--products", type=int, default=100)
    parser.add_argument("--queries", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--judged", type=int, default=100, help="queries for nDCG@10 (default: all with full lists)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as name:
        measure(options, Path(name))


def measure(options: argparse.Namespace, folder: Path) -> None:
    """All systems that can be made here."""
    bench = Bench(options.data, folder, options.products, options.queries)
    path, threads = options.student, options.threads
    plain = export_plain(path, folder)
    makers: dict[str, Callable[[], Score]] = {
        "sentence-transformers, default": lambda: sentence_transformers(bench, path),
        "sentence-transformers, ONNX int8": lambda: sentence_transformers_onnx(bench, path, folder),
        "onnxruntime float32, sorted, batch 8": lambda: plain_onnxruntime(bench, path, plain, threads, int8=False),
        PLAIN: lambda: plain_onnxruntime(bench, path, plain, threads, int8=True),
        "OpenVINO, sorted, batch 16": lambda: openvino(bench, path, plain, threads),
        "ours, float32": lambda: ours(bench, path, folder, threads, "float32"),
        "ours, int8, from texts": lambda: ours(bench, path, folder, threads, "int8", texts=True),
        "ours, int8": lambda: ours(bench, path, folder, threads, "int8"),
        **{f"ours, int8, {other}": partial(ours, bench, other, folder, threads, "int8") for other in options.further},
    }
    systems = {}
    for name, make in makers.items():
        try:
            systems[name] = make()
        except ImportError as error:
            print(f"left out: {name} ({error.name or error} is not installed)")
    took = bench.time(systems, options.rounds)
    tokens = Student.load(path, device="cpu").pair_encoder
    lengths = [tokens.encode(bench.pairs(bench.queries[i], rows)).lengths.mean() for i, rows in bench.lists.items()]
    quality = {name: bench.ndcg(score, options.judged) for name, score in systems.items()}
    first = next(iter(took))
    print(
        f"\n{options.products} products, {np.mean(lengths):.0f} tokens a pair, {len(bench.lists)} queries, {threads} "
        f"threads, {cpu()}; nDCG@10 of the judged products of {min(options.judged, len(bench.qrels))} queries (E 100, "
        "S 10, C 1, linear)\n"
    )
    print(f"| system | ms | × {first} | × {PLAIN} | CPU ms | nDCG@10 | of the default's |")
    print("|---|---|---|---|---|---|---|")
    for name, (wall, spent) in took.items():
        print(
            f"| {name} | {wall:.0f} | {took[first][0] / wall:.1f} | {took[PLAIN][0] / wall:.2f} | {spent:.0f} "
            f"| {quality[name]:.4f} | {100 * quality[name] / quality[first]:.1f} % |"
        )


def cpu() -> str:
    """The processor's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if platform.system() == "Linux" else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
