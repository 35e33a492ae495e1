"""Who may learn from what: no query is measured by a model that saw it, and no held-out query is mined."""

from pathlib import Path

import pytest

from eval.errors import InputError
from eval.grades import ESCI
from retrieval.catalogue import Catalogue
from retrieval.types import Product, Query
from workflow.config.run import Config
from workflow.run.chains import chains, protected_queries
from workflow.run.directory import RunDirectory
from workflow.run.prepared import Prepared


def _prepared(tmp_path: Path, train: int, dev: int, test: int, singles: int = 0) -> Prepared:
    catalogue = Catalogue.write([Product("p", {"title": "a"}), Product("q", {"title": "b"})], tmp_path / "catalogue")
    splits = {f"{split}{i}": split for split, n in (("train", train), ("dev", dev), ("test", test)) for i in range(n)}
    qrels = {query_id: {"p": 100, "q": 0} for query_id in splits}
    for i in range(singles):
        splits[f"single{i}"] = "train"
        qrels[f"single{i}"] = {"p": 100}
    queries = {query_id: Query(query_id, query_id) for query_id in splits}
    return Prepared(catalogue, queries, splits, qrels, ESCI, [])


def _config(**data: object) -> Config:
    return Config.model_validate({"name": "c", "data": data})


def test_a_given_dev_split_is_one_chain(tmp_path: Path) -> None:
    prepared = _prepared(tmp_path, 3, 2, 2, singles=1)
    (chain,) = chains(_config(), prepared, RunDirectory(tmp_path))
    assert set(chain.train_ids) == {"train0", "train1", "train2", "single0"}
    assert set(chain.dev_ids) == {"dev0", "dev1"}
    assert set(protected_queries(prepared, [chain])) == {"dev0", "dev1", "test0", "test1"}


def test_folds_hold_out_every_graded_train_query_once_and_never_learn_a_test_query(tmp_path: Path) -> None:
    prepared = _prepared(tmp_path, 7, 0, 2, singles=3)
    made = chains(_config(dev="folds", folds=3), prepared, RunDirectory(tmp_path))
    *folds, main = made
    held_out = [query_id for chain in folds for query_id in chain.dev_ids]
    assert sorted(held_out) == [f"train{i}" for i in range(7)]
    for chain in folds:
        assert not set(chain.train_ids) & set(chain.dev_ids)
        assert len(chain.train_ids) + len(chain.dev_ids) == 10
    assert len(main.train_ids) == 10
    assert main.dev_ids == ()
    assert not any("test" in query_id for chain in made for query_id in chain.train_ids)
    assert set(protected_queries(prepared, made)) == {*held_out, "test0", "test1"}
    assert made == chains(_config(dev="folds", folds=3), prepared, RunDirectory(tmp_path))  # the seed decides


def test_a_holdout_is_a_share_of_the_graded_train_queries(tmp_path: Path) -> None:
    prepared = _prepared(tmp_path, 10, 0, 1, singles=2)
    (chain,) = chains(_config(dev="holdout", holdout=0.3), prepared, RunDirectory(tmp_path))
    assert len(chain.dev_ids) == 3
    assert len(chain.train_ids) == 9
    assert set(protected_queries(prepared, [chain])) == {*chain.dev_ids, "test0"}


@pytest.mark.parametrize(
    ("sizes", "data", "message"),
    [
        ((0, 1, 1), {}, "nothing to learn a ranking from"),
        ((2, 0, 1), {}, "set data.dev: folds"),
        ((2, 0, 1), {"dev": "folds", "folds": 3}, "cannot fill 3 folds"),
        ((1, 0, 1), {"dev": "holdout"}, "leaves nothing to learn from"),
    ],
)
def test_too_few_queries_are_said(
    tmp_path: Path, sizes: tuple[int, int, int], data: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        chains(_config(**data), _prepared(tmp_path, *sizes), RunDirectory(tmp_path))


def test_a_train_query_that_is_nearly_a_held_out_one_is_not_learnt(tmp_path: Path) -> None:
    prepared = _prepared(tmp_path, 4, 1, 1)
    texts = {
        "train0": "red running shoes men",
        "train1": "red shoes men running",
        "test0": "Blue hat!",
        "train2": "blue hat",
    }
    for query_id, text in texts.items():
        prepared.queries[query_id] = Query(query_id, text)
    (chain,) = chains(_config(), prepared, RunDirectory(tmp_path))
    assert set(chain.train_ids) == {"train0", "train1", "train3"}  # train2 is a test query
    *folds, main = chains(_config(dev="folds", folds=4), prepared, RunDirectory(tmp_path))
    assert "train2" not in main.train_ids
    assert "dev0" in main.train_ids  # no dev split is given, so these judgements are there to learn from
    for chain in folds:
        learnt, held_out = set(chain.train_ids), set(chain.dev_ids)
        assert not ("train0" in held_out and "train1" in learnt)
        assert not ("train1" in held_out and "train0" in learnt)
