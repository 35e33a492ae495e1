"""How a shopper types an intent: synonyms, word order, units, negations, plurals, filler words and misspellings."""

import random
import re

from retrieval.shop.intents import Constraint, Intent
from retrieval.shop.vocabulary import Attribute, Value, World, goes_back

_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip


class QueryWriter:
    """Words intents; `misspelt` is the share of queries with one slip of the keyboard."""

    def __init__(self, world: World, misspelt: float = 0.18) -> None:
        self.world = world
        self.misspelt = misspelt

    def write(self, intent: Intent, rng: random.Random) -> str:
        """The text of a query, lower case, one space between words."""
        concept = intent.concept
        only_shoppers = concept.query_nouns and (not concept.title_nouns or rng.random() < 0.55)
        noun = rng.choice(concept.query_nouns if only_shoppers else concept.title_nouns)
        if rng.random() < 0.1:
            noun = _other_number(noun)
        front: list[str] = []
        back: list[str] = []
        for constraint in intent.constraints:
            wording = self._wording(intent, constraint, rng)
            (back if goes_back(wording) or rng.random() < 0.25 else front).append(wording)
        if rng.random() < 0.5:
            front.reverse()
        pattern = rng.choice(self.world.query_patterns)
        if not front:
            pattern = "{filler} {noun} {back}" if "{filler}" in pattern else "{noun} {back}"
        filler = rng.choice(self.world.fillers) if "{filler}" in pattern else ""
        text = pattern.format(noun=noun, front=" ".join(front), back=" ".join(back), filler=filler)
        text = " ".join(text.lower().split())
        return misspell(text, rng) if rng.random() < self.misspelt else text

    def _wording(self, intent: Intent, constraint: Constraint, rng: random.Random) -> str:
        attribute = self._attribute(intent, constraint)
        if constraint.operator in ("family", "not family"):
            word = constraint.value
        elif attribute.kind == "feature":
            yes = attribute.values[1]
            return rng.choice(yes.lacks if constraint.value == "no" else yes.queries)
        elif constraint.operator in self.world.ranges:
            bound = _number_value(attribute, constraint.value)
            # The first query wordings are the unit's own; the conversion, if any, is the last one.
            return rng.choice(self.world.ranges[constraint.operator]).format(bound.queries[int(rng.random() * 2)])
        else:
            value = attribute.value(constraint.value)
            word = value.titles[0].lower() if constraint.operator == "not" else rng.choice(value.queries)
        if constraint.operator in ("not", "not family"):
            return rng.choice(self.world.negations).format(word)
        return word

    def _attribute(self, intent: Intent, constraint: Constraint) -> Attribute:
        """The attribute of the first named type that knows the value."""
        for name in intent.concept.types:
            attribute = self.world.by_name[name].attribute(constraint.attribute)
            if attribute and any(_names(constraint, attribute, value) for value in attribute.values):
                return attribute
        raise KeyError(f"no type of {intent.concept.name!r} knows {constraint}")


def _names(constraint: Constraint, attribute: Attribute, value: Value) -> bool:
    if attribute.kind == "number":
        return value.number == float(constraint.value)
    return constraint.value in (value.key, value.family)


def _number_value(attribute: Attribute, number: str) -> Value:
    return next(value for value in attribute.values if value.number == float(number))


def _other_number(noun: str) -> str:
    """Singular for plural and the other way round, as shoppers do: naive, last word only."""
    if noun.endswith(("ss", "us")) or " for " in noun:
        return noun
    if noun.endswith("s"):
        return noun[:-1]
    if noun.endswith(("ch", "sh", "x")):
        return noun + "es"
    return noun + "s"


def misspell(text: str, rng: random.Random) -> str:
    """One slip in one word of five letters or more: a neighbouring key, a dropped, doubled or swapped letter.

    The first letter and all digits stay; text without such a word stays as it is.
    """
    words = [match.span() for match in re.finditer(r"[a-z]{5,}", text)]
    if not words:
        return text
    start, end = rng.choice(words)
    place = rng.randrange(start + 1, end - 1)
    letter = text[place]
    slip = rng.randrange(4)
    if slip == 0:
        changed = rng.choice(_NEIGHBOURS[letter])
    elif slip == 1:
        changed = ""
    elif slip == 2:
        changed = letter * 2
    else:
        return text[:place] + text[place + 1] + letter + text[place + 2 :]
    return text[:place] + changed + text[place + 1 :]
