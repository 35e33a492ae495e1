"""How long reranking 100 products takes, and what it costs in nDCG, beside what others do with the same weights.

    python -m benchmarks.rerank DATA STUDENT [SHALLOWER …]      (from the repository's root)

DATA is an ESCI directory (the published parquet pair), STUDENT a student's directory (`student/` of a run). All systems
rerank the same 100 products for the same queries, interleaved in one run; figures are medians over queries of the
best of a few rounds. Further students are timed with our runtime alone. Systems whose packages are missing are left
out, and said so. The exports are made in a temporary directory.

A list is a query's judged products, filled up with random others to 100. All of it is ranked, for the milliseconds and
for nDCG@10, which then counts the judged products: a shortlist that left judged products out for others would show.
Shortlists (`serve.shortlist`) take the nearest products by the cosines of vectors made beforehand (`--encoder`); the
query is encoded within the time that is measured. With further students there are cascades, too: the shallower one
reads the whole list, STUDENT what it ranks first.
"""

import argparse
import os
import platform
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from eval.measures import per_query
from rerank.runtime.export import Precision, export_student
from rerank.runtime.exported import ExportedStudent
from rerank.runtime.product_tokens import ProductTokens
from rerank.shortlist import Cosines, ShortlistedReranker
from rerank.student import Student
from rerank.types import Pair, Reranker, RowReranker
from retrieval.catalogue import Catalogue
from retrieval.data.read import read_data
from retrieval.encoder import EncoderSource, default_encoder_path
from retrieval.graph_encoder import open_text_encoder
from retrieval.graph_tracing import write_graph_encoder
from retrieval.live.cosines import StoredCosines
from retrieval.product_text import ProductTemplate
from retrieval.text_rows import TextRows
from retrieval.types import Product, Products, Query
from retrieval.vector_index import vector_scores

PLAIN = "onnxruntime int8, sorted, batch 8"

Score = Callable[[Query, Sequence[int]], np.ndarray]


class Bench:
    """Products in a catalogue, queries with judged products, and the systems under test."""

    def __init__(self, data: Path, folder: Path, products: int, queries: int, judged_queries: int) -> None:
        found = read_data("esci", data)
        self.catalogue = Catalogue.write(found.products(), folder / "catalogue")
        full = [i for i, gains in found.qrels.items() if len(gains) >= 40 and len(set(gains.values())) >= 2]
        self.queries = {i: found.queries[i] for i in full}
        self.qrels = {i: dict(list(found.qrels[i].items())[:products]) for i in full}
        self.measured = {i: self.qrels[i] for i in full[:judged_queries]}
        self.timed = [i for i in full if found.splits[i] == "test"][:queries]
        random = np.random.default_rng(0)
        self.lists: dict[str, list[int]] = {}
        for i in dict.fromkeys([*full[:judged_queries], *self.timed]):
            judged = [self.catalogue.row(product_id) for product_id in self.qrels[i]]
            others = random.permutation(np.setdiff1d(np.arange(len(self.catalogue)), judged)).tolist()
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
        taken = {name: np.full((2, rounds, len(self.timed)), np.inf) for name in systems}
        for score in systems.values():
            score(self.queries[self.timed[0]], self.lists[self.timed[0]])
        for turn in range(rounds):
            for place, query_id in enumerate(self.timed):
                for name, score in systems.items():
                    started = time.perf_counter(), time.process_time()
                    score(self.queries[query_id], self.lists[query_id])
                    ended = time.perf_counter(), time.process_time()
                    taken[name][:, turn, place] = 1000 * np.subtract(ended, started)
        medians = {name: np.median(values.min(axis=1), axis=1) for name, values in taken.items()}
        return {name: (float(wall), float(cpu)) for name, (wall, cpu) in medians.items()}

    def ndcg(self, score: Score) -> float:
        """Mean nDCG@10 over the queries it is asked of: of the judged products, whose lists are ranked whole."""
        qrels = self.measured
        run = {}
        for query_id, gains in qrels.items():
            scores = score(self.queries[query_id], self.lists[query_id])[: len(gains)]  # the judged come first
            run[query_id] = dict(zip(gains, scores.tolist(), strict=True))
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


def exported(bench: Bench, path: Path, folder: Path, threads: int, precision: Precision) -> ExportedStudent:
    """A student in our runtime, with the products tokenised beforehand."""
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
    return ExportedStudent.load(student / "export", ProductTokens.load(student / "tokens"), threads=threads)


def by_texts(bench: Bench, reranker: Reranker) -> Score:
    """Asked with the products' texts."""
    return lambda query, rows: reranker.score(bench.pairs(query, rows))


def by_rows(bench: Bench, reranker: RowReranker) -> Score:
    """Asked with the products' rows in the catalogue."""
    return lambda query, rows: reranker.score_rows(query, rows, bench.catalogue)


def stored_cosines(bench: Bench, source: EncoderSource, folder: Path, template: ProductTemplate) -> StoredCosines:
    """Those of the products in the lists, whose vectors are made here; queries are encoded as a run encodes them."""
    encoder = source.load()
    write_graph_encoder(source, encoder, folder / "encoder")
    rows = sorted({row for rows in bench.lists.values() for row in rows})
    vectors = np.zeros((len(bench.catalogue), encoder.dim), dtype=np.float32)
    vectors[rows] = encoder.encode_products([template.text(product) for product in bench.catalogue.products(rows)])
    return StoredCosines(
        open_text_encoder(folder / "encoder", source),
        partial(vector_scores, vectors),
        TextRows(bench.catalogue, template),
    )


class FirstLook:
    """A shallower student's scores where a shortlist asks for cosines."""

    def __init__(self, student: ExportedStudent) -> None:
        self._student = student

    def of_rows(self, query: Query, rows: np.ndarray, products: Products | None) -> np.ndarray:
        """float32 [len(rows)]."""
        assert products is not None
        return self._student.score_rows(query, rows.tolist(), products)

    def rows(self, products: Sequence[Product]) -> np.ndarray:
        """No product is known by its text here."""
        return np.full(len(products), -1)


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
    parser.add_argument("--keep", type=int, nargs="*", default=[25, 20], help="how many products a shortlist keeps")
    parser.add_argument("--encoder", default=None, help="a bi-encoder's directory (default: the embedded MiniLM)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as name:
        measure(options, Path(name))


def measure(options: argparse.Namespace, folder: Path) -> None:
    """All systems that can be made here."""
    bench = Bench(options.data, folder, options.products, options.queries, options.judged)
    path, threads = options.student, options.threads
    plain = export_plain(path, folder)

    @cache
    def student(which: Path, precision: Precision) -> ExportedStudent:
        return exported(bench, which, folder, threads, precision)

    def ours(which: Path, precision: Precision) -> Score:
        return by_rows(bench, student(which, precision))

    def shortlist(keep: int, look: Callable[[], Cosines]) -> Score:
        return by_rows(bench, ShortlistedReranker(look(), student(path, "int8"), keep))

    @cache
    def cosines() -> Cosines:
        source = EncoderSource(options.encoder or default_encoder_path())
        return stored_cosines(bench, source, folder, Student.load(path, device="cpu").template)

    def first_look(other: Path) -> Cosines:
        return FirstLook(student(other, "int8"))

    makers: dict[str, Callable[[], Score]] = {
        "sentence-transformers, default": lambda: sentence_transformers(bench, path),
        "sentence-transformers, ONNX int8": lambda: sentence_transformers_onnx(bench, path, folder),
        "onnxruntime float32, sorted, batch 8": lambda: plain_onnxruntime(bench, path, plain, threads, int8=False),
        PLAIN: lambda: plain_onnxruntime(bench, path, plain, threads, int8=True),
        "OpenVINO, sorted, batch 16": lambda: openvino(bench, path, plain, threads),
        "ours, float32": lambda: ours(path, "float32"),
        "ours, int8, from texts": lambda: by_texts(bench, student(path, "int8")),
        "ours, int8": lambda: ours(path, "int8"),
    }
    for keep in options.keep:
        makers[f"ours, int8, shortlist of {keep}"] = partial(shortlist, keep, cosines)
    for other in options.further:
        makers[f"ours, int8, {other}"] = partial(ours, other, "int8")
        for keep in options.keep:
            makers[f"ours, int8, shortlist of {keep} by {other}"] = partial(shortlist, keep, partial(first_look, other))
    systems = {}
    for name, make in makers.items():
        try:
            systems[name] = make()
        except ImportError as error:
            print(f"left out: {name} ({error.name or error} is not installed)")
    took = bench.time(systems, options.rounds)
    tokens = Student.load(path, device="cpu").pair_encoder
    lengths = [tokens.encode(bench.pairs(bench.queries[i], bench.lists[i])).lengths.mean() for i in bench.timed]
    quality = {name: bench.ndcg(score) for name, score in systems.items()}
    first = next(iter(took))
    lists = f"lists of {options.products}, the judged products and random others, ranked whole"
    print(
        f"\n{options.products} products, {np.mean(lengths):.0f} tokens a pair, {len(bench.timed)} queries, {threads} "
        f"threads, {cpu()}; nDCG@10 (E 100, S 10, C 1, linear) of {len(bench.measured)} queries: {lists}; then "
        "the judged are counted\n"
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
