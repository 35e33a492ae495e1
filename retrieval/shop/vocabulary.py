"""The words of a shop: product types, attributes, values and how titles and shoppers word them, read from plain tables.

A world (`main_world`, `second_world`) is data in the notation that `main_world`'s docstring explains. Reading it checks
what a true grade rests on: every name is known, and a wording means one value of its attribute and one product type.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from eval.errors import InputError

Kind = Literal["choice", "number", "feature", "colour", "brand", "model", "fits"]

_BACK = re.compile(
    r"(with|without|for|no|not|pack|set|size|in|on|of|ages|sleeps|seats|from|fits|over|does|non)\b", re.I
)
_SMALL = frozenset({"for", "with", "without", "and", "of", "in", "to", "by", "or", "the", "from", "on"})


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an attribute; `titles` is empty for a feature that the product has not (and so doesn't mention)."""

    key: str
    titles: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    family: str = ""
    number: float = 0.0


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something products of a type differ in. `cumulative` are the values' shares, added up, for drawing one."""

    name: str
    kind: Kind
    values: tuple[Value, ...]
    negatable: bool = False
    ranged: bool = False
    cumulative: tuple[float, ...] = field(default=(), compare=False)

    def value(self, key: str) -> Value:
        """The value of that key; KeyError when there is none."""
        for value in self.values:
            if value.key == key:
                return value
        raise KeyError(key)


@dataclass(frozen=True, slots=True)
class ProductType:
    """A kind of product: its nouns in titles, those only shoppers use, and its relations to other types (by name).

    `serves` are the complements that this type is an accessory of: its titles may name them ("for grill").
    """

    name: str
    department: str
    title_nouns: tuple[str, ...]
    query_nouns: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    siblings: tuple[str, ...]
    complements: tuple[str, ...]
    serves: tuple[str, ...] = ()

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of that name, if the type has it."""
        return next((attribute for attribute in self.attributes if attribute.name == name), None)


@dataclass(frozen=True, slots=True)
class Concept:
    """What a query's noun means: one type, or a broader word's several; with every type related to them."""

    name: str
    title_nouns: tuple[str, ...]
    query_nouns: tuple[str, ...]
    types: tuple[str, ...]
    siblings: frozenset[str]
    complements: frozenset[str]


@dataclass(frozen=True, slots=True)
class Tables:
    """A world as it is written: text tables (see `main_world`)."""

    name: str
    units: str
    attributes: str
    models: str
    colours: str
    types: str
    broader: str
    brands: str
    marketing: str
    details: str
    fillers: str
    negations: str
    ranges: str
    title_patterns: str
    query_patterns: str


@dataclass(frozen=True, slots=True)
class World:
    """A world that has been read. `tiers` maps a brand to its price tier: 0 premium, 1 ordinary, 2 budget."""

    name: str
    types: tuple[ProductType, ...]
    by_name: dict[str, ProductType]
    concepts: dict[str, Concept]
    broader_of: dict[str, tuple[str, ...]]
    tiers: dict[str, int]
    marketing: tuple[str, ...]
    details: tuple[str, ...]
    fillers: tuple[str, ...]
    negations: tuple[str, ...]
    ranges: dict[str, tuple[str, ...]]
    title_patterns: tuple[str, ...]
    query_patterns: tuple[str, ...]


def goes_back(wording: str) -> bool:
    """Whether a wording reads as a phrase behind the noun ("with lid"), not as an adjective before it."""
    return _BACK.match(wording) is not None


def title_case(text: str) -> str:
    """Capitals as in product titles; what has capitals or digits keeps them."""
    words = text.split(" ")
    return " ".join(w if (w in _SMALL and i) or not w.islower() else w[:1].upper() + w[1:] for i, w in enumerate(words))


def read_world(tables: Tables) -> World:
    """Read and check a world.

    Raises:
        InputError: when a name is unknown or used twice, or when a wording has two meanings.
    """
    reader = _Reader(tables)
    types = tuple(reader.types())
    by_name = {kind.name: kind for kind in types}
    _check_relations(types, by_name, tables.name)
    types = tuple(_symmetric(kind, types) for kind in types)
    by_name = {kind.name: kind for kind in types}
    concepts = {kind.name: _concept(kind.name, kind.title_nouns, kind.query_nouns, [kind]) for kind in types}
    broader_of: dict[str, tuple[str, ...]] = {kind.name: () for kind in types}
    for line in _lines(tables.broader):
        nouns, members = line.split(":")
        titles = _cut(nouns, ",")
        names = _cut(members, ",")
        unknown = [name for name in names if name not in by_name]
        if unknown or titles[0] in concepts:
            raise InputError(f"shop world {tables.name!r}: bad broader word {line!r} (unknown or taken: {unknown})")
        concepts[titles[0]] = _concept(titles[0], (), titles, [by_name[name] for name in names])
        for name in names:
            broader_of[name] = (*broader_of[name], titles[0])
    _check_unique([(noun, c.name) for c in concepts.values() for noun in (*c.title_nouns, *c.query_nouns)], "type")
    return World(
        name=tables.name,
        types=types,
        by_name=by_name,
        concepts=concepts,
        broader_of=broader_of,
        tiers=reader.tiers,
        marketing=_cut(tables.marketing, "|"),
        details=_cut(tables.details, "|"),
        fillers=_cut(tables.fillers, "|"),
        negations=_cut(tables.negations, "|"),
        ranges={name: _cut(words, "|") for name, words in (line.split(":") for line in _lines(tables.ranges))},
        title_patterns=tuple(_lines(tables.title_patterns)),
        query_patterns=tuple(_lines(tables.query_patterns)),
    )


class _Reader:
    """Reads the attribute tables first, so that the types can be read line by line."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.tiers: dict[str, int] = {}
        self.units = {re.split(r"[ :]", line, maxsplit=1)[0]: line for line in _lines(tables.units)}
        self.choices = dict(self._choices())
        self.models = {name: _cut(rest, ",") for name, rest in (ln.split(":") for ln in _lines(tables.models))}
        self.colours = self._colours()
        self.brands = dict(self._brands())

    def types(self) -> Iterator[ProductType]:
        department = ""
        for line in _lines(self.tables.types):
            if line.startswith("["):
                department = line.strip("[]")
                continue
            nouns, attributes, siblings, complements = (column.strip() for column in line.split("|"))
            titles, queries = (_cut(part, ",") for part in (nouns + ";").split(";")[:2])
            read = [self._attribute(token, line) for token in attributes.split() if token != "-"]
            model = next((attribute for attribute in read if attribute.kind == "model"), None)
            brands = self._makers(model) if model else self.brands[department]
            names = [attribute.name for attribute in read]
            if len(set(names)) < len(names):
                raise InputError(f"shop world {self.tables.name!r}: an attribute comes twice in {line!r}")
            _check_unique(
                [(w.casefold(), a.name) for a in (brands, *read) for v in a.values for w in (*v.titles, *v.queries)],
                titles[0],
            )
            yield ProductType(
                name=titles[0],
                department=department,
                title_nouns=titles,
                query_nouns=queries,
                attributes=(brands, *read),
                siblings=_cut(siblings, ","),
                complements=_cut(complements, ","),
            )

    def _attribute(self, token: str, line: str) -> Attribute:
        if "=" in token:
            unit, numbers = token.split("=")
            if unit in self.units:
                return self._numbers(unit, numbers.split("/"))
        elif ":" in token:
            kind, name = token.split(":")
            if kind == "colour" and name in self.colours:
                return self.colours[name]
            if kind in ("model", "fits") and name in self.models:
                return self._device(name, "model" if kind == "model" else "fits")
        elif token in self.choices:
            return self.choices[token]
        raise InputError(f"shop world {self.tables.name!r}: unknown attribute {token!r} in {line!r}")

    def _choices(self) -> Iterator[tuple[str, Attribute]]:
        for line in _lines(self.tables.attributes):
            head, rest = line.split(":", 1)
            negatable = head.endswith(" not")
            name = head.removesuffix(" not").replace(" ", "_")
            if name.startswith("+"):
                has = _value(rest)
                values: tuple[Value, ...] = (Value("no"), Value("yes", has.titles, has.queries, has.lacks))
                yield name, _attribute(name[1:], "feature", values, shares=(0.55, 0.45))
            else:
                values = tuple(_value(part) for part in rest.split("|"))
                wordings = [(w, value.key) for value in values for w in (*value.titles, *value.queries)]
                _check_unique([(w.casefold(), key) for w, key in wordings], name)
                yield name, _attribute(name, "choice", values, negatable=negatable)

    def _colours(self) -> dict[str, Attribute]:
        palettes: dict[str, list[Value]] = {}
        for line in _lines(self.tables.colours):
            palette, family, shades = line.split(":")
            for shade in shades.split("|"):
                titles, queries = (_cut(part, ",") for part in shade.split(";"))
                # A wording that is the family's own name ("blue") asks for the family, never for one shade of it.
                own = tuple(w for w in titles[1:] if w != family.strip())
                value = Value(titles[0], titles[1:], (*own, *(q for q in queries if q != family.strip())))
                palettes.setdefault(palette, []).append(
                    Value(value.key, tuple(map(title_case, value.titles)), value.queries, family=family.strip())
                )
        for palette, values in palettes.items():
            _check_unique([(q, value.key) for value in values for q in value.queries], f"colour:{palette}")
        return {name: _attribute("colour", "colour", tuple(v), negatable=True) for name, v in palettes.items()}

    def _numbers(self, unit: str, numbers: Sequence[str]) -> Attribute:
        head, rest = self.units[unit].split(":", 1)
        wordings, _, conversion = rest.partition(" = ")
        titles, queries = (_cut(part, ",") for part in wordings.split(";"))
        values = []
        for text in numbers:
            more: tuple[str, ...] = ()
            if conversion:
                factor, other = conversion.split()
                converted = float(text) * float(factor)
                if converted <= 72 or float(factor) >= 1000:
                    more = (f"{converted:g} {other}",)
            values.append(
                Value(
                    text,
                    (*(w.replace("{}", text) for w in titles), *more),
                    (*(w.replace("{}", text) for w in (*queries, *titles)), *more),
                    number=float(text),
                )
            )
        return _attribute(unit, "number", tuple(values), ranged=head.endswith(" range"))

    def _device(self, name: str, kind: Kind) -> Attribute:
        values = tuple(
            Value(model, (f"for {model}", f"compatible with {model}", model), (model.lower(), f"for {model.lower()}"))
            if kind == "fits"
            else Value(model, (model,), (model.lower(),), family=model.split(" ", 1)[0])
            for model in self.models[name]
        )
        return _attribute(name, kind, values)

    def _makers(self, model: Attribute) -> Attribute:
        makers = tuple(dict.fromkeys(value.family for value in model.values))
        self.tiers.update(dict.fromkeys(makers, 1))
        return _attribute("brand", "brand", tuple(Value(m, (m,), (m.lower(),)) for m in makers))

    def _brands(self) -> Iterator[tuple[str, Attribute]]:
        for line in _lines(self.tables.brands):
            department, rest = line.split(":")
            tiers = [_cut(part, ",") for part in rest.split("|")]
            self.tiers.update({brand: tier for tier, brands in enumerate(tiers) for brand in brands})
            # Ordinary brands sell most: they come first, and earlier values are drawn more often.
            ordered = (*tiers[1], *tiers[2], *tiers[0])
            values = tuple(Value(brand, (brand,), (brand.lower(),)) for brand in ordered)
            yield department, _attribute("brand", "brand", values)


def _attribute(
    name: str,
    kind: Kind,
    values: tuple[Value, ...],
    *,
    negatable: bool = False,
    ranged: bool = False,
    shares: Sequence[float] | None = None,
) -> Attribute:
    weights = list(shares) if shares else [1 / (1 + 0.25 * place) for place in range(len(values))]
    total = sum(weights)
    cumulative = tuple(itertools.accumulate(weight / total for weight in weights))
    return Attribute(name, kind, values, negatable, ranged, (*cumulative[:-1], 1.0))


def _value(text: str) -> Value:
    parts = [_cut(part, ",") for part in text.split(";")]
    titles, queries, lacks = (*parts, (), ())[:3]
    # Shoppers' own words come twice: they prefer them to the shop's.
    shoppers = tuple(word.lower() for word in (*queries, *queries, *titles))
    return Value(titles[0].lower(), tuple(map(title_case, titles)), shoppers, lacks)


def _concept(name: str, titles: Sequence[str], queries: Sequence[str], members: Sequence[ProductType]) -> Concept:
    types = tuple(kind.name for kind in members)
    siblings = frozenset(s for kind in members for s in kind.siblings) - frozenset(types)
    complements = frozenset(c for kind in members for c in kind.complements) - frozenset(types) - siblings
    return Concept(name, tuple(titles), tuple(queries), types, siblings, complements)


def _symmetric(kind: ProductType, types: Sequence[ProductType]) -> ProductType:
    """A substitute or complement works both ways; what substitutes is no complement."""
    siblings = dict.fromkeys(kind.siblings + tuple(other.name for other in types if kind.name in other.siblings))
    serves = tuple(other.name for other in types if kind.name in other.complements and other.name not in siblings)
    complements = tuple(name for name in dict.fromkeys(kind.complements + serves) if name not in siblings)
    return ProductType(
        kind.name,
        kind.department,
        kind.title_nouns,
        kind.query_nouns,
        kind.attributes,
        tuple(siblings),
        complements,
        serves,
    )


def _check_relations(types: Sequence[ProductType], by_name: dict[str, ProductType], world: str) -> None:
    for kind in types:
        for other in (*kind.siblings, *kind.complements):
            if other not in by_name or other == kind.name:
                raise InputError(f"shop world {world!r}: {kind.name!r} is related to {other!r}, which is no other type")


def _check_unique(wordings: Sequence[tuple[str, str]], where: str) -> None:
    meanings: dict[str, str] = {}
    for wording, meaning in wordings:
        if meanings.setdefault(wording, meaning) != meaning:
            raise InputError(f"shop: {wording!r} means both {meanings[wording]!r} and {meaning!r} ({where})")


def _lines(table: str) -> list[str]:
    return [line.strip() for line in table.strip().splitlines() if line.strip()]


def _cut(text: str, separator: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(separator) if part.strip() not in ("", "-"))
