"""Make the base of a decoder teacher where there is no hub: a small Llama that has learnt how to compare texts.

    python -m benchmarks.decoder_teacher [--runs runs] [--queries 3000] [--epochs 1]
    distilrank run configs/shop-decoder.yaml
    cd runs/shop-decoder/report/judged-only
    distilrank evaluate --judged-only --qrels ../qrels.txt --measures nDCG@10 bm25.run teacher.run student.run

Adapters on random weights learn next to nothing: a base must know something that they can steer. A pretrained LLM does.
This one starts with MiniLM's word embeddings and with attention that looks for a product's words in the query
(`benchmarks.wired_llama`), and learns with all its weights the first stage's own order of pairs mined from the log
(`rerank.weak_supervision`). It sees no judgement, and mining leaves held-out queries and their near duplicates out.
"""

import argparse
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, processors
from transformers import AutoModel, PreTrainedTokenizerFast

import distilrank
from augment.guard import LeakGuard
from augment.mine_options import MineOptions
from augment.mining import mine
from benchmarks.wired_llama import LAYERS, wired_llama, word_width
from eval.files import atomic_path
from rerank.inputs import PairEncoder
from rerank.train_options import TrainOptions
from rerank.training import train
from rerank.weak_supervision import LOSS
from retrieval.encoder import default_encoder_path
from workflow.config.run import Config, load_config
from workflow.run.chains import chains, protected_queries
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared
from workflow.stages.first_stage import open_first_stages, student_template, teacher_template
from workflow.stages.pretrain import weak_groups

CONFIG = Path(__file__).parents[1] / "configs" / "shop-decoder.yaml"
_PROMPT = "Query: Product: How relevant is the product to the query?"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--queries", type=int, default=3000, help="of the log, each with a dozen products")
    parser.add_argument("--layers", type=int, default=LAYERS)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    options = parser.parse_args()
    base = options.runs / "shop-decoder-base"
    if base.exists():
        print(f"{base} is there; remove it to make it anew")
        return
    code = distilrank.main(["index", str(CONFIG), "--runs", str(options.runs)])
    if code:
        raise SystemExit(code)
    config = load_config(CONFIG)
    run = RunDirectory(options.runs / config.name)
    begun = time.perf_counter()
    pairs = make_base(config, run, base, options)
    seconds = time.perf_counter() - begun
    times = "once" if options.epochs == 1 else f"{options.epochs} times"
    print(f"{base}: mined {pairs:,} pairs and learnt the first stage's order of them, {times}, in {seconds:.0f} s")


def make_base(config: Config, run: RunDirectory, path: Path, options: argparse.Namespace) -> int:
    """Mine pairs of the log, make tokenizer and decoder, and train it on the first stage's scores; how many pairs."""
    prepared = load_prepared(run.data)
    catalogue, template = prepared.catalogue, teacher_template(config, prepared.catalogue)
    first_stages = open_first_stages(config, catalogue, run)
    protected = protected_queries(prepared, chains(config, prepared, run))
    pairs = mine(
        prepared.log,
        first_stages,
        catalogue,
        run.scratch("base") / "pairs",
        first_stage=config.index.first_stage,
        guard=LeakGuard(prepared.queries[i] for i in protected),
        template=student_template(config, catalogue),
        options=MineOptions(queries=options.queries),
        seed=config.seed,
        progress=told("mining"),
    )
    groups = weak_groups(prepared, first_stages[config.index.first_stage], pairs)
    texts = [*catalogue.texts(template, 0, len(catalogue)), *(group.query.text for group in groups), _PROMPT]
    tokenizer, words = words_of(Path(default_encoder_path()), texts, word_width(options.hidden))
    torch.manual_seed(config.seed)
    model = wired_llama(
        words,
        first=tokenizer.bos_token_id,
        end=tokenizer.eos_token_id,
        pad=tokenizer.pad_token_id,
        product=tokenizer.convert_tokens_to_ids("product"),
        layers=options.layers,
    )
    result = train(
        model,
        PairEncoder(tokenizer, "decoder", template, config.teacher.max_length),
        groups,
        TrainOptions(
            loss=LOSS,
            epochs=options.epochs,
            learning_rate=options.learning_rate,
            group_size=6,  # half of a query's products, so that a batch has more queries
            pairs_per_batch=48,
            seed=config.seed,
        ),
        checkpoints=run.scratch("base") / "checkpoints",
        progress=told("training the base"),
    )
    print("mean loss of each epoch:", ", ".join(f"{loss:.4f}" for loss in result.losses))
    with atomic_path(path) as temporary:
        model.save_pretrained(temporary)
        tokenizer.save_pretrained(temporary)
    shutil.rmtree(run.scratch("base"), ignore_errors=True)
    return len(pairs)


def words_of(source: Path, texts: Iterable[str], width: int) -> tuple[PreTrainedTokenizerFast, torch.Tensor]:
    """The tokenizer of the BERT at `source`, of whose pieces it keeps those in the texts and single letters, and the
    pieces' embeddings [pieces, width]: the principal components of the model's own."""
    backend = Tokenizer.from_file(str(source / "tokenizer.json"))
    backend.no_padding()
    backend.no_truncation()
    known = backend.get_vocab()
    kept = {piece for encoding in backend.encode_batch(list(texts)) for piece in encoding.tokens}
    kept |= {piece for piece in known if len(piece.removeprefix("##")) == 1} | {"[PAD]", "[UNK]", "[CLS]", "[SEP]"}
    pieces = sorted(kept, key=known.__getitem__)
    numbers = {piece: number for number, piece in enumerate(pieces)}
    small = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    small.normalizer, small.pre_tokenizer, small.decoder = (
        backend.normalizer,
        backend.pre_tokenizer,
        decoders.WordPiece(),
    )
    small.post_processor = processors.TemplateProcessing(
        single="[CLS] $A", special_tokens=[("[CLS]", numbers["[CLS]"])]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=small,
        model_max_length=256,
        bos_token="[CLS]",
        eos_token="[SEP]",
        pad_token="[PAD]",
        unk_token="[UNK]",
    )
    embeddings = AutoModel.from_pretrained(source).get_input_embeddings().weight.detach()
    words = embeddings[[known[piece] for piece in pieces]].double()
    words -= words.mean(dim=0)
    components = torch.linalg.svd(words, full_matrices=False)[2][:width]
    return tokenizer, (words @ components.T).float()


def told(what: str) -> Callable[[int, int], None]:
    """Progress that prints a line every 15 seconds or so."""
    last = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > 15:
            last = time.monotonic()
            print(f"  {what}: {done:,} of {total:,}", flush=True)

    return progress


if __name__ == "__main__":
    main()
