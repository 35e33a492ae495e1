"""What a chat completion says of a pair: a grade, by the first token's log-probabilities or else by the text."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.grades import GradeScale
from rerank.grade_labels import label_of_grade, label_of_shares
from rerank.types import Label

FROM_TEXT = "graded from the answer's text: no log-probabilities"
"""The reason of a label that is sound, but knows no shares of the grades."""

_ENOUGH = 0.2  # probability on grades below which the first token was no answer
_SHOWN = 40


@dataclass(frozen=True)
class Answer:
    """`tops` are the likeliest first tokens with their log-probabilities, None where the server gives none.

    `tokens_in` and `tokens_out` are what the server counted (None where it does not say).
    """

    text: str
    tops: Mapping[str, float] | None
    tokens_in: int | None
    tokens_out: int | None


def read_answer(completion: Any) -> Answer:
    """From the decoded body of a chat completion.

    Raises:
        KeyError, IndexError, TypeError, AttributeError, ValueError: when it is none.
    """
    choice = completion["choices"][0]
    text = choice["message"].get("content") or ""
    content = (choice.get("logprobs") or {}).get("content") or []
    # Some models begin with a blank token.
    first = next((token for token in content if token["token"].strip()), None)
    tops = None
    if first is not None:
        tops = {entry["token"]: float(entry["logprob"]) for entry in [*(first.get("top_logprobs") or ()), first]}
    usage = completion.get("usage") or {}
    return Answer(str(text), tops, _count(usage, "prompt_tokens"), _count(usage, "completion_tokens"))


def label_of_answer(answer: Answer, letters: Sequence[str], scale: GradeScale) -> Label:
    """The label; a failed one when the answer is empty or is no grade."""
    if not answer.text.strip() and not answer.tops:
        return _failed("the answer is empty")
    if answer.tops:
        shares = [0.0] * len(letters)
        for token, logprob in answer.tops.items():
            place = _place(token, letters)
            if place is not None and math.isfinite(logprob):
                shares[place] += math.exp(min(logprob, 0.0))
        if sum(shares) >= _ENOUGH:
            return label_of_shares(shares, scale)
    place = _said(answer.text, letters, scale)
    if place is None:
        return _failed(f"the answer is no grade: {' '.join(answer.text.split())[:_SHOWN]!r}")
    return label_of_grade(place, scale, FROM_TEXT)


def _said(text: str, letters: Sequence[str], scale: GradeScale) -> int | None:
    """The grade that a text is, or begins with."""
    said = re.match(r"\W*(\w+)", text)
    if said is None:
        return None
    word = said.group(1).casefold()
    place = _place(word, letters)
    names = [grade.name.casefold() for grade in scale.grades]
    return names.index(word) if place is None and word in names else place


def _place(token: str, letters: Sequence[str]) -> int | None:
    bare = token.strip().strip("\"'*().:").casefold()
    folded = [letter.casefold() for letter in letters]
    return folded.index(bare) if bare in folded else None


def _count(usage: Mapping[str, Any], name: str) -> int | None:
    value = usage.get(name)
    return value if isinstance(value, int) else None


def _failed(reason: str) -> Label:
    return Label(float("nan"), None, "failed", reason)
