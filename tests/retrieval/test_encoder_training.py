"""The bi-encoder learns what it is told, resumes to the same bits, and forgets no more than dev allows."""

from pathlib import Path

import numpy as np
import pytest
import torch

from eval.errors import InputError, PartialError
from eval.files import fingerprint
from rerank.losses import margin_mse
from retrieval.encoder import Encoder
from retrieval.encoder_data import EncoderData
from retrieval.encoder_training import EncoderTrainOptions, EncoderTrainResult, ScoredList, TextPair, train_encoder
from retrieval.progress import Progress

COLOURS, THINGS = ("red", "blue", "green", "black"), ("shirt", "lamp", "bag", "desk")
TITLES = [f"{colour} {thing}" for colour in COLOURS for thing in THINGS]
OPTIONS = EncoderTrainOptions(
    epochs=8,
    learning_rate=1e-3,
    dropout=0.0,
    list_size=4,
    products_per_batch=8,
    pairs_per_batch=4,
    precision="float32",
    freeze_embeddings=False,
    interpolate=(0.5, 1.0),
    pair_weight=1.0,
    seed=3,
)


def _lists() -> list[ScoredList]:
    """Shoppers who want a thing like it red (1), less so blue (.5), and in no other colour."""
    target = {"red": 1.0, "blue": 0.5, "green": 0.0, "black": 0.0}
    return [
        ScoredList(
            thing,
            [f"{colour} {thing}" for colour in COLOURS],
            np.array([target[colour] for colour in COLOURS], np.float32),
            [f"green {THINGS[place - 1]}", f"black {thing}"],
        )
        for place, thing in enumerate(THINGS)
    ]


PAIRS = [TextPair(title, f"{title} cotton for kids") for title in TITLES]


def _agreement(encoder: Encoder) -> float:
    """Share of the lists' pairs with different targets that the cosines order right."""
    right = []
    for entry in _lists():
        cosines = encoder.encode(list(entry.products)) @ encoder.encode([entry.query])[0]
        pairs = [(i, j) for i in range(4) for j in range(4) if entry.targets[i] > entry.targets[j]]
        right += [cosines[i] > cosines[j] for i, j in pairs]
    return float(np.mean(right))


def _recognised(encoder: Encoder) -> float:
    """Share of the pairs' texts that lie nearer to their own title than to any other one."""
    cosines = encoder.encode([pair.query for pair in PAIRS]) @ encoder.encode([pair.product for pair in PAIRS]).T
    return float(np.mean(cosines.argmax(1) == np.arange(len(PAIRS))))


def _train(
    model: Path, path: Path, options: EncoderTrainOptions = OPTIONS, progress: Progress | None = None
) -> EncoderTrainResult:
    return train_encoder(
        Encoder(str(model), device="cpu"),
        _lists(),
        PAIRS,
        options,
        path / "trained",
        list_loss=margin_mse,
        loss_name="margin_mse",
        checkpoints=path / "checkpoints",
        validate=_agreement,
        progress=progress,
    )


@pytest.fixture(scope="module")
def trained(tiny_encoder_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, EncoderTrainResult]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    path = tmp_path_factory.mktemp("trained")
    result = _train(tiny_encoder_dir, path)
    torch.set_num_threads(threads)
    return path / "trained", result


def test_it_learns_the_order_and_is_saved_as_it_stands(
    tiny_encoder: Encoder, trained: tuple[Path, EncoderTrainResult]
) -> None:
    path, result = trained
    assert _agreement(tiny_encoder) < 0.8
    saved = Encoder(str(path), device="cpu")
    assert _agreement(saved) == max(result.shares.values()) >= 0.95
    assert result.losses[-1] < result.losses[0]
    assert _recognised(saved) > _recognised(tiny_encoder) + 0.25  # pairs teach too


def test_a_spent_budget_goes_on_to_the_same_bits(
    tiny_encoder_dir: Path, tmp_path: Path, trained: tuple[Path, EncoderTrainResult]
) -> None:
    torch.set_num_threads(1)
    seen: list[int] = []

    def stop_at(step: int) -> Progress:
        def progress(done: int, total: int) -> None:
            seen.append(done)
            if done == step:
                raise PartialError("the budget is spent")

        return progress

    for step in (1, 5, 17):
        with pytest.raises(PartialError):
            _train(tiny_encoder_dir, tmp_path, progress=stop_at(step))
        assert not (tmp_path / "trained").exists()
    result = _train(tiny_encoder_dir, tmp_path, progress=stop_at(-1))
    assert seen == list(range(1, result.steps + 1))  # no step was taken twice
    assert result == trained[1]
    assert fingerprint([tmp_path / "trained"]) == fingerprint([trained[0]])


def test_dev_decides_how_much_is_kept_and_may_keep_nothing(tiny_encoder_dir: Path, tmp_path: Path) -> None:
    before = Encoder(str(tiny_encoder_dir), device="cpu")

    def train(name: str, values: list[float] | None) -> tuple[Encoder, EncoderTrainResult]:
        said = iter(values or [])
        result = train_encoder(
            Encoder(str(tiny_encoder_dir), device="cpu"),
            _lists(),
            [],
            EncoderTrainOptions(epochs=1, learning_rate=1e-2, interpolate=(1.0, 0.25), freeze_embeddings=False),
            tmp_path / name,
            list_loss=margin_mse,
            loss_name="margin_mse",
            validate=None if values is None else lambda _: next(said),
        )
        return Encoder(str(tmp_path / name), device="cpu"), result

    nothing, result = train("nothing", [0.1, 0.5, 0.2, 0.4])  # after the epoch, then shares 0, .25 and 1
    assert (result.share, result.shares) == (0.0, {0.0: 0.5, 0.25: 0.2, 1.0: 0.4})
    np.testing.assert_array_equal(nothing.encode(TITLES), before.encode(TITLES))
    some, result = train("some", [0.1, 0.2, 0.5, 0.4])
    assert result.share == 0.25
    every, result = train("unwatched", None)
    assert (result.share, result.shares) == (1.0, {})
    moved = [np.abs(one.encode(TITLES) - before.encode(TITLES)).max() for one in (some, every)]
    assert 0 < moved[0] < moved[1]


def test_training_reads_texts_as_encoding_does(tiny_encoder: Encoder) -> None:
    texts = ["red shirt", " blue lamp without cable ", "", "shirt " * 80]
    with torch.no_grad():
        vectors = tiny_encoder.vectors(tiny_encoder.tokens(texts, "query: ").batch(range(4))).numpy()
    encoder = Encoder(tiny_encoder.path, device="cpu", query_prefix="query: ")
    np.testing.assert_allclose(vectors, encoder.encode_queries(texts), atol=1e-6)


def test_what_is_known_of_a_query_holds_for_every_product_of_the_batch(tiny_encoder: Encoder) -> None:
    data = EncoderData(tiny_encoder, _lists(), [], positive_from=0.9, negative_to=0.1)
    (batch,) = data.epoch(0, list_size=8, products_per_batch=64, pairs_per_batch=4, seed=0)
    made = data.lists(batch.parts, torch.device("cpu"))
    # 5 texts a query (one of the two negatives is scored already): 1 positive, 1 in between, for each of 4 queries.
    assert made.positive.shape == made.ignored.shape == (4, 20)
    assert made.positive.sum(1).tolist() == [1] * 4
    assert made.ignored.sum(1).tolist() == [1] * 4
    assert made.weights.sum(1).tolist() == [4] * 4  # a mere negative has no target
    positive = [(part.group, int(places)) for part in batch.parts for places in part.places]
    for row, part in enumerate(batch.parts):
        (column,) = np.flatnonzero(made.positive[row].numpy())
        assert positive[column] == (part.group, 0)


@pytest.mark.parametrize(
    ("lists", "said"),
    [
        ([], "nothing to learn from"),
        ([ScoredList("q", ["a", "b"], np.array([1.0], np.float32))], "2 products and 1 targets"),
        ([ScoredList("q", ["a"], np.array([8.0], np.float32))], "outside 0 to 1"),
    ],
)
def test_bad_input(lists: list[ScoredList], said: str, tiny_encoder: Encoder) -> None:
    with pytest.raises(InputError, match=said):
        EncoderData(tiny_encoder, lists, [], positive_from=0.9, negative_to=0.1)


def test_another_trainings_checkpoint_is_refused(
    tiny_encoder_dir: Path, tmp_path: Path, trained: tuple[Path, EncoderTrainResult]
) -> None:
    with pytest.raises(InputError, match="written with other data, options or first weights"):
        train_encoder(
            Encoder(str(tiny_encoder_dir), device="cpu"),
            _lists(),
            [],
            OPTIONS,
            tmp_path,
            list_loss=margin_mse,
            loss_name="margin_mse",
            checkpoints=trained[0].parent / "checkpoints",
        )
    with pytest.raises(InputError, match=r"interpolate is \[2\.0\]"):
        _train(tiny_encoder_dir, tmp_path, EncoderTrainOptions(interpolate=(2.0,)))
