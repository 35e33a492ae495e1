"""What an API teacher is told: a grading guide for the scale at hand, then one query and one product."""

import string
from collections.abc import Mapping
from dataclasses import dataclass

from eval.errors import InputError
from eval.grades import ESCI, WANDS, GradeScale
from rerank.types import Pair
from retrieval.product_text import ProductTemplate

GRADES = "{grades}"
"""Where in the instructions the grades are listed."""

INSTRUCTIONS = """\
You judge the results of an online shop's search engine. You are shown what a shopper typed and one product of the
shop. Say how well the product answers what the shopper wants.

Grades:
{grades}

- Judge by the meaning of the words, not by how many of them are shared. A misspelt query means what the shopper most
  likely meant.
- Requirements count: kind of product, brand, colour, size, material, number, for whom, what it must fit, "without".
  A product that breaks one of them does not get the best grade.
- Judge this product alone. Where its text is silent, go by what is likely for such a product.

Answer with the letter of the grade and nothing else."""

_GUIDES: dict[str, Mapping[str, str]] = {
    ESCI.name: {
        "E": "exact: it is what the query asks for and meets every requirement in it",
        "S": "substitute: the same kind of product, but a requirement is missed or unclear; some would take it",
        "C": "complement: not what is asked for, but used together with it",
        "I": "irrelevant: anything else",
    },
    WANDS.name: {
        "Exact": "it is what the query asks for and meets every requirement in it",
        "Partial": "it has something of what is asked for: the kind of product, or its style, but not all",
        "Irrelevant": "it does not answer the query",
    },
}


@dataclass(frozen=True)
class GradingPrompt:
    """The messages of a pair; `letters` stand for the scale's grades, best first."""

    system: str
    letters: tuple[str, ...]
    template: ProductTemplate

    def messages(self, pair: Pair) -> list[dict[str, str]]:
        """A chat's beginning: the guide, then the pair."""
        query, product = pair
        said = f"Query: {' '.join(query.text.split())}\nProduct: {self.template.text(product)}"
        return [{"role": "system", "content": self.system}, {"role": "user", "content": said}]


def grading_prompt(
    scale: GradeScale,
    template: ProductTemplate,
    instructions: str = INSTRUCTIONS,
    guide: Mapping[str, str] | None = None,
) -> GradingPrompt:
    """The prompt for a scale.

    Args:
        instructions: the whole guide, with `{grades}` where the grades are to be listed.
        guide: what each grade means, by its name; those left out are described by what they are worth.

    Raises:
        InputError: when `{grades}` is missing, a name is no grade, or there are more grades than letters.
    """
    if GRADES not in instructions:
        raise InputError(f"the grading prompt lacks {GRADES}, the place where the grades are listed; put it in")
    names = [grade.name for grade in scale.grades]
    unknown = [name for name in guide or {} if name not in names]
    if unknown:
        raise InputError(f"teacher.api.guide describes {', '.join(unknown)}; the scale has {', '.join(names)}")
    letters = grade_letters(scale)
    described = {**_GUIDES.get(scale.name, {}), **(guide or {})}
    lines = []
    for place, (letter, grade) in enumerate(zip(letters, scale.grades, strict=True)):
        meaning = described.get(grade.name) or _worth(place, grade.target, scale)
        lines.append(f"{letter} = {meaning}" if letter == grade.name else f"{letter} = {grade.name}: {meaning}")
    return GradingPrompt(instructions.replace(GRADES, "\n".join(lines)), letters, template)


def grade_letters(scale: GradeScale) -> tuple[str, ...]:
    """One letter a grade, best first: the grades' names where they are single letters, else A, B, C …

    A grade is then one token of every model, whose probability says how sure the model is.
    """
    names = tuple(grade.name for grade in scale.grades)
    if len({name.upper() for name in names if len(name) == 1 and name.isalpha()}) == len(names):
        return names
    if len(names) > len(string.ascii_uppercase):
        raise InputError(f"{len(names)} grades are more than there are letters to grade with; merge some")
    return tuple(string.ascii_uppercase[: len(names)])


def _worth(place: int, target: float, scale: GradeScale) -> str:
    if place == 0:
        return "it is what the query asks for and meets every requirement in it"
    if place == len(scale.grades) - 1:
        return "it does not answer the query"
    return f"in between, worth {target:.0%} of the best grade to the shopper"
