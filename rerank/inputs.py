"""From query-product pairs to token ids: sentence pairs for encoders, a prompt for decoders."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from transformers import PreTrainedTokenizerBase

from eval.errors import MachineError
from rerank.types import Pair
from retrieval.model_tokens import Tokens
from retrieval.product_text import ProductTemplate

__all__ = ["ModelKind", "PairEncoder", "Tokens"]

ModelKind = Literal["encoder", "decoder"]

_CHUNK = 4096


class PairEncoder:
    """Turns pairs into tokens with one model's tokenizer.

    Encoders read `query [SEP] product`, the longer of the two cut first, exactly as sentence_transformers.CrossEncoder
    does. Decoders read a prompt, of which only the product's text (and a query beyond half the length) is cut, so that
    the last token, whose state the classifier reads, is always the same. A decoder's tokenizer without a pad token pads
    with its end-of-text token: `pad_id` is what the model's `config.pad_token_id` must be.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, kind: ModelKind, template: ProductTemplate, max_length: int
    ) -> None:
        self.tokenizer = tokenizer
        self.kind = kind
        self.template = template
        self.max_length = max_length
        if tokenizer.pad_token_id is None:
            if tokenizer.eos_token is None:
                raise MachineError(
                    "the model's tokenizer has neither a pad nor an end-of-text token; choose another model"
                )
            tokenizer.pad_token = tokenizer.eos_token
        self.pad_id: int = tokenizer.pad_token_id

    def encode(self, pairs: Sequence[Pair]) -> Tokens:
        """Tokenise pairs, in order."""
        ids: list[np.ndarray] = []
        types: list[np.ndarray] = []
        for start in range(0, len(pairs), _CHUNK):
            chunk = pairs[start : start + _CHUNK]
            queries = [" ".join(query.text.split()) for query, _ in chunk]
            products = [self.template.text(product) for _, product in chunk]
            if self.kind == "decoder":
                ids += [np.array(row, dtype=np.int32) for row in self._prompts(queries, products)]
                continue
            encoded = self.tokenizer(queries, products, truncation="longest_first", max_length=self.max_length)
            ids += [np.array(row, dtype=np.int32) for row in encoded["input_ids"]]
            types += [np.array(row, dtype=np.uint8) for row in encoded.get("token_type_ids", [])]
        return Tokens.of(ids, types, self.pad_id)

    def _prompts(self, queries: list[str], products: list[str]) -> list[list[int]]:
        opening = [i for i in self.tokenizer("")["input_ids"] if i == self.tokenizer.bos_token_id]
        before = [opening + row for row in self._plain([f"Query: {query}" for query in queries], self.max_length // 2)]
        between, ending = self._plain(["\nProduct:", "\nHow relevant is the product to the query?"], self.max_length)
        room = self.max_length - len(between) - len(ending)
        if room < self.max_length // 2 + 8:
            raise MachineError(f"max_length {self.max_length} leaves no room for the prompt; use 64 or more")
        middle = self._plain([f" {product}" for product in products], self.max_length)
        return [
            head + between + body[: max(room - len(head), 0)] + ending
            for head, body in zip(before, middle, strict=True)
        ]

    def _plain(self, texts: list[str], longest: int) -> list[list[int]]:
        encoded = self.tokenizer(texts, add_special_tokens=False, truncation=True, max_length=longest)
        return encoded["input_ids"]
