"""Training the bi-encoder: a teacher's order of a query's products, in-batch negatives, and the catalogue's own text.

What it learns from is handed in, texts with their targets; it must not know which teacher, judge or log they come from.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from eval.errors import InputError
from eval.files import atomic_path
from retrieval.checkpoints import Checkpoints
from retrieval.contrastive import info_nce
from retrieval.encoder import Encoder
from retrieval.encoder_data import EncoderData, Planned, ScoredList, TextPair
from retrieval.loop_options import LoopOptions
from retrieval.number_format import uses_bfloat16
from retrieval.progress import Progress
from retrieval.quiet import quiet_transformers
from retrieval.training_loop import TrainingLoop, trainable_weights
from retrieval.training_mode import training_mode

__all__ = ["EncoderTrainOptions", "EncoderTrainResult", "ScoredList", "TextPair", "train_encoder"]

ListLoss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""Of (scores, targets, weights), each [lists, n]: a scalar; `rerank.losses` has several."""


@dataclass(frozen=True, kw_only=True)
class EncoderTrainOptions(LoopOptions):
    """How to train a bi-encoder.

    A score is a cosine divided by `temperature`; the list loss compares it with `target_scale` × target, so that with
    .05 and 4 a full match and none should lie .2 of cosine apart. `list_weight`, `contrastive_weight` and `pair_weight`
    weigh the list loss, the in-batch negatives of the lists, and the pairs of texts. A batch holds lists of at most
    `list_size` products and `products_per_batch` together, or `pairs_per_batch` pairs. From `positive_from` on a
    product's target makes it a positive of its query, up to `negative_to` a negative.

    `interpolate`: shares of the trained weights, the rest being those it began with (Wortsman et al. 2021, arXiv
    2109.01903: fine-tuning on little data forgets less so); the share that validates best is kept, 0 (nothing learnt)
    among them. Without validation it is the middle one.
    """

    epochs: int = 1
    learning_rate: float = 2e-5
    freeze_embeddings: bool = True
    temperature: float = 0.05
    target_scale: float = 4.0
    list_weight: float = 1.0
    contrastive_weight: float = 0.2
    pair_weight: float = 0.2
    list_size: int = 16
    products_per_batch: int = 128
    pairs_per_batch: int = 64
    positive_from: float = 0.9
    negative_to: float = 0.1
    interpolate: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class EncoderTrainResult:
    """What happened.

    Steps, each epoch's loss and validation, the best epoch from 1; `shares`: the validation of each share of the
    trained weights that was tried (empty without validation); `share`: the one that was kept.
    """

    steps: int
    losses: tuple[float, ...]
    validations: tuple[float, ...]
    best_epoch: int
    shares: dict[float, float]
    share: float


def train_encoder(
    encoder: Encoder,
    lists: Sequence[ScoredList],
    pairs: Sequence[TextPair],
    options: EncoderTrainOptions,
    path: Path,
    *,
    list_loss: ListLoss,
    loss_name: str,
    checkpoints: Path | None = None,
    validate: Callable[[Encoder], float] | None = None,
    progress: Progress | None = None,
) -> EncoderTrainResult:
    """Train `encoder` in place and save it at `path`, a sentence-transformers directory, whole or not at all.

    Interrupted at any moment and started again with the same arguments it goes on from its last checkpoint and ends
    with the same bits (CPU, same number of threads). The caller's random state is untouched.

    Args:
        encoder: as it stands before training, on its device.
        list_loss: of a list's scores; `loss_name` says which it is, for the checkpoint.
        checkpoints: a directory of this training's own; None trains without.
        validate: of the encoder as it stands after each epoch, and of each share; higher is better.
        progress: called with (steps done, all steps); when it raises a DistilrankError, a checkpoint is written first.

    Raises:
        InputError: when there is nothing to learn from, a target is outside [0, 1], a share of `interpolate` is, or the
            checkpoint is another training's.
        MachineError: when training diverges, or the disk is full.
    """
    _check_shares(options.interpolate)
    data = EncoderData(encoder, lists, pairs, positive_from=options.positive_from, negative_to=options.negative_to)
    model, device = encoder.model, encoder.model.device
    if options.freeze_embeddings:
        encoder.body.get_input_embeddings().requires_grad_(False)
    before = {name: weight.detach().clone() for name, weight in trainable_weights(model).items()}
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(options.seed)
        kept = None
        if checkpoints is not None:
            settings = {name: value for name, value in asdict(options).items() if name != "checkpoint_seconds"}
            kept = Checkpoints(checkpoints, data.fingerprint(before, {**settings, "loss": loss_name}))
        loop = TrainingLoop(
            model,
            lambda epoch: data.epoch(
                epoch,
                list_size=options.list_size,
                products_per_batch=options.products_per_batch,
                pairs_per_batch=options.pairs_per_batch,
                seed=options.seed,
            ),
            lambda batch: _loss(encoder, data, options, list_loss, batch),
            options,
            kept,
        )
        with training_mode(encoder.body, options.dropout, data.longest):
            loop.go_on(None if validate is None else lambda: validate(encoder), progress)
    model.eval()
    shares, share = _interpolate(encoder, before, options.interpolate, validate)
    _save(encoder, path)
    state = loop.state
    return EncoderTrainResult(state.steps, state.losses, state.validations, state.best_epoch, shares, share)


def _loss(
    encoder: Encoder, data: EncoderData, options: EncoderTrainOptions, list_loss: ListLoss, batch: Planned
) -> torch.Tensor:
    device = encoder.model.device
    if not batch.lists:
        pairs = data.pairs(batch.parts, device)
        scores = _scores(encoder, options, pairs.queries, pairs.products)
        own = torch.eye(len(pairs.same), dtype=torch.bool, device=device)
        both = info_nce(scores, own, pairs.same & ~own) + info_nce(scores.T, own, (pairs.same & ~own).T)
        return options.pair_weight * both / 2
    lists = data.lists(batch.parts, device)
    scores = _scores(encoder, options, lists.queries, lists.products)
    own = scores[lists.rows, torch.arange(len(lists.rows), device=device)]
    listed = torch.zeros_like(lists.targets).index_put((lists.rows, lists.places), own)
    ordered = list_loss(listed, options.target_scale * lists.targets, lists.weights)
    contrasted = info_nce(scores, lists.positive, lists.ignored)
    return options.list_weight * ordered + options.contrastive_weight * contrasted


def _scores(
    encoder: Encoder,
    options: EncoderTrainOptions,
    queries: dict[str, torch.Tensor],
    products: dict[str, torch.Tensor],
) -> torch.Tensor:
    """float32 [queries, products]: cosines over the temperature."""
    device = encoder.model.device
    with torch.autocast(device.type, torch.bfloat16, enabled=uses_bfloat16(options.precision, device)):
        asked, offered = encoder.vectors(queries), encoder.vectors(products)
    return asked @ offered.T / options.temperature


def _interpolate(
    encoder: Encoder,
    before: dict[str, torch.Tensor],
    shares: Sequence[float],
    validate: Callable[[Encoder], float] | None,
) -> tuple[dict[float, float], float]:
    """Put the best mixture of first and trained weights into the encoder; validations by share, and the share."""
    trained = {name: weight.detach().clone() for name, weight in trainable_weights(encoder.model).items()}

    def put(share: float) -> None:
        with torch.no_grad():
            for name, weight in trainable_weights(encoder.model).items():
                weight.copy_(torch.lerp(before[name], trained[name], share))

    if validate is None:
        share = sorted(shares)[len(shares) // 2]
        put(share)
        return {}, share
    values = {}
    for share in (0.0, *sorted(shares)):
        put(share)
        values[share] = validate(encoder)
    best = max(values, key=lambda share: values[share])
    put(best)
    return values, best


def _check_shares(shares: Sequence[float]) -> None:
    if not shares or not all(0 < share <= 1 for share in shares):
        raise InputError(f"interpolate is {list(shares)}; expected shares of the trained weights above 0, up to 1")


def _save(encoder: Encoder, path: Path) -> None:
    with atomic_path(path) as temporary, quiet_transformers():
        encoder.model.save_pretrained(str(temporary), create_model_card=False)
