"""What the cells of an experiment share, made once in a directory: data, index, first-stage lists, a warm student.

On the shop (no data path): some 2,000 products, 300 judged train queries, 300 test queries that measure, a log; the
teacher is `rater.Rater`. On ESCI (`data`): the given grades of a large language model are the labels, and all full
queries measure, none of their judgements being learnt. The student has few layers of MiniLM's. It starts every cell
"warm": it has learnt the first stage's own scores of pairs of the log (`rerank.weak_supervision`) and no label at
all, since from a language model's bare weights so small a set of labels teaches next to nothing.
"""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from rich.console import Console

from augment.guard import LeakGuard
from augment.journal import LabelledQuery
from augment.mine_options import MineOptions
from augment.mining import mine
from augment.pairs import Pairs
from benchmarks.experiments.given import as_labelled, read_given
from benchmarks.experiments.rater import Rater
from benchmarks.shop_truth import ShopTruth
from eval.files import read_json, write_json
from eval.measures import per_query
from rerank.pipeline import SearchPipeline
from rerank.student import Student, build_student, train_student
from rerank.training import Group, TrainOptions, train
from rerank.types import Reranker
from rerank.weak_supervision import LOSS
from retrieval.data.search_data import LogQuery
from retrieval.product_text import ProductTemplate
from retrieval.shop.intents import Intent
from retrieval.types import Query, Retriever
from workflow.config.run import Config
from workflow.measure.systems import RememberedRetriever, judged_only, judged_pairs
from workflow.run.directory import RunDirectory
from workflow.run.prepared import Prepared, load_prepared
from workflow.runner import run_stages
from workflow.stages.first_stage import model_path, open_first_stages, open_vectors, student_template
from workflow.stages.labelled import LabelUse, labelled_groups
from workflow.stages.pretrain import weak_groups

MEASURE = "nDCG@10"
MAX_LENGTH = 64
TRAIN = TrainOptions(epochs=1, learning_rate=1e-4, pairs_per_batch=48, freeze_embeddings=True, dropout=0.0)
WARM = dataclasses.replace(TRAIN, loss=LOSS, epochs=2, learning_rate=3e-4)
WARM_QUERIES = 800
_SHOP = {"products": 2000, "train": 300, "dev": 40, "test": 300, "log": 3000, "judged": 16, "seed": 1}


class Setting:
    """Opens, or first makes, what is shared in the directory `work`; takes minutes the first time, seconds after."""

    def __init__(self, work: Path, data: Path | None = None, *, tests: int = 300) -> None:
        torch.set_num_threads(1)
        source = {"format": "shop", "shop": _SHOP} if data is None else {"format": "esci", "path": str(data)}
        # On real queries BM25 reads the long fields too, as configs/esci-150.yaml has it.
        fields = (
            {} if data is None else {"words": {"title": 3, "brand": 3, "colour": 3, "bullets": 1, "description": 1}}
        )
        self.config = Config.model_validate({"name": work.name, "threads": 1, "data": source, "fields": fields})
        self.run = RunDirectory(work)
        self.data = data
        if not (self.run.stages / "index.json").exists():
            run_stages(self.config, self.run, "index", Console(), accept=frozenset(), retry_failed=False)
        self.prepared: Prepared = load_prepared(self.run.data)
        self.template = student_template(self.config, self.prepared.catalogue)
        if data is None:
            self.test = self.prepared.graded(self.prepared.split("test"))[:tests]
            held_out = self.prepared.split("dev", "test")
        else:  # the queries with long lists; their judgements measure and are never learnt
            full = self.prepared.graded(self.prepared.split("train", "test"))
            self.test = [i for i in full if len(self.prepared.qrels[i]) >= 40][:tests]
            held_out = full
        self.guard = LeakGuard(self.prepared.queries[i] for i in held_out)

    @cached_property
    def stages(self) -> Mapping[str, Retriever]:
        """The first stages, asked once for each query."""
        opened = open_first_stages(self.config, self.prepared.catalogue, self.run)
        return {name: RememberedRetriever(retriever) for name, retriever in opened.items()}

    @cached_property
    def log(self) -> list[LogQuery]:
        """The logged queries; of the shop's, those that the rater understands."""
        logged = self.prepared.log
        return [entry for entry in logged if entry.text in self._meant] if self.data is None else logged

    @cached_property
    def truth(self) -> ShopTruth:
        """The shop's true grades."""
        return ShopTruth(self.config)

    def rater(self, seed: int, noise: float = 0.0) -> Rater:
        """The shop's simulated teacher."""
        return Rater(self.truth, self._meant, seed=seed, noise=noise)

    @cached_property
    def _meant(self) -> dict[str, Intent]:
        """What the log's texts mean, but for those that repeat a test query."""
        drawn = self.truth.shop.judged_queries(
            {"train": _SHOP["train"], "dev": _SHOP["dev"], "test": _SHOP["test"]},
            _SHOP["judged"],
            judge=self.truth.judge,
        )
        leaks = [one.query.text for one in drawn if one.split == "test"]
        return self.truth.shop.meant_log(_SHOP["log"], leaks, judge=self.truth.judge)[1]

    def pairs(
        self,
        options: MineOptions,
        seed: int,
        *,
        retrievers: Sequence[str] = ("bm25", "dense", "hybrid"),
        first_stage: str = "hybrid",
        scorer: Reranker | None = None,
        labelled: Collection[str] = (),
    ) -> Pairs:
        """Pairs mined from the log; kept, so that the same question is answered at once the next time."""
        asked = [dataclasses.asdict(options), seed, list(retrievers), first_stage, scorer is not None, sorted(labelled)]
        name = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:12]
        return mine(
            self.log,
            {name: self.stages[name] for name in retrievers},
            self.prepared.catalogue,
            self.run.root / "mined" / name,
            first_stage=first_stage,
            guard=self.guard,
            template=self.template,
            options=options,
            seed=seed,
            vectors=open_vectors(self.run),
            scorer=scorer,
            labelled=labelled,
        )

    def label(self, pairs: Pairs, rater: Rater) -> list[LabelledQuery]:
        """The rater's labels of mined pairs, query by query."""
        rows: dict[str, list] = {}
        for pair in pairs:
            rows.setdefault(pair.query_id, []).append(pair)
        labelled = []
        for query_id, some in rows.items():
            query = Query(query_id, some[0].query)
            products = self.prepared.catalogue.products([self.prepared.catalogue.row(p.product_id) for p in some])
            labelled.append(as_labelled(query, products, rater.label([(query, product) for product in products])))
        return labelled

    @cached_property
    def given(self) -> list[LabelledQuery]:
        """ESCI: a large language model's labels of logged queries, in the file's order."""
        assert self.data is not None
        return read_given(self.data / "llm_labels.parquet", self.prepared, self.guard)

    def budget(self, queries: int, seed: int, rater: Rater | None = None) -> list[LabelledQuery]:
        """Labels of `queries` logged queries: mined as by default and rated, or on ESCI drawn from those given."""
        if self.data is None:
            pairs = self.pairs(MineOptions(queries=queries, pool=4 * queries), seed)
            return self.label(pairs, rater or self.rater(seed))
        drawn = np.random.default_rng(seed).permutation(len(self.given))[:queries]
        return [self.given[place] for place in np.sort(drawn)]

    def groups(self, labels: Iterable[LabelledQuery], loss: str, use: LabelUse | None = None) -> list[Group]:
        """What a student trains on."""
        return labelled_groups(self.prepared, labels, loss, use)[0]

    def first_stage_groups(self) -> list[Group]:
        """What the start learns: mined pairs of the log with the first stage's scores."""
        pairs = self.pairs(MineOptions(queries=WARM_QUERIES, pool=4 * WARM_QUERIES), seed=0)
        return weak_groups(self.prepared, self.stages["hybrid"], pairs)

    def start(self, layers: int = 2, template: ProductTemplate | None = None) -> Path:
        """The warm student of so many layers, which reads products as `template` says (by default as the setting)."""
        template = template or self.template
        name = f"{layers}-{'-'.join(template.fields)}"
        path = self.run.root / "start" / name
        if not path.exists():
            train_student(
                model_path("default"),
                self.first_stage_groups(),
                WARM,
                path,
                template,
                layers=layers,
                max_length=MAX_LENGTH,
                checkpoints=self.run.root / "start" / f"{name}-checkpoints",
                progress=_told(f"start, {layers} layers"),
            )
        return path

    def student(
        self,
        groups: Sequence[Group],
        options: TrainOptions,
        parent: Path | None = None,
        template: ProductTemplate | None = None,
    ) -> Student:
        """A student trained from `parent` (the two-layer start), in memory alone."""
        start = build_student(parent or self.start(), seed=options.seed)
        template = template or self.template
        student = Student(start.model, start.tokenizer, template, max_length=MAX_LENGTH, precision="auto")
        train(start.model, student.pair_encoder, groups, options)
        return student

    def values(self, reranker: Reranker) -> dict[str, float]:
        """Judged-only nDCG@10 of each test query."""
        pairs = judged_pairs(self.prepared, self.test)
        scores = reranker.score(pairs).tolist()
        run: dict[str, dict[str, float]] = {}
        for (query, product), score in zip(pairs, scores, strict=True):
            run.setdefault(query.id, {})[product.id] = score
        return per_query({i: self.prepared.qrels[i] for i in self.test}, run, [MEASURE])[MEASURE]

    def ranked(self, reranker: Reranker, share: float) -> dict[str, float]:
        """The same as products are ranked in a search: `share` of the reranker's score, the rest the hybrid's."""
        catalogue, hybrid = self.prepared.catalogue, self.stages["hybrid"]
        pipeline = SearchPipeline(hybrid, reranker, catalogue, self.template, blend_weight=share)
        order = judged_only(pipeline, self.prepared, self.test, lambda done, of: None).order
        return per_query({i: self.prepared.qrels[i] for i in self.test}, order, [MEASURE])[MEASURE]

    def references(self) -> dict[str, dict[str, float]]:
        """The values of the first stages and of the start, kept in the directory."""
        path = self.run.root / "references.json"
        if not path.exists():
            found = {name: self.values(FirstStageScorer(stage)) for name, stage in self.stages.items()}
            write_json(path, {**found, "start": self.values(Student.load(self.start(), precision="auto"))})
        return read_json(path)


def _told(what: str) -> Callable[[int, int], None]:
    """Prints now and then how far long work is."""

    def progress(done: int, total: int) -> None:
        if done % 50 == 0:
            print(f"<!-- {what}: step {done} of {total} -->", flush=True)

    return progress


class FirstStageScorer:
    """A first stage as a reranker of judged lists."""

    def __init__(self, stage: Retriever) -> None:
        self.stage = stage

    def score(self, pairs: Sequence) -> np.ndarray:
        lists: dict[Query, list[str]] = {}
        for query, product in pairs:
            lists.setdefault(query, []).append(product.id)
        return np.concatenate([self.stage.score_products(query, ids) for query, ids in lists.items()])
