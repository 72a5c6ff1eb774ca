"""Parameters as data: what each is drawn from, and the conditions on them together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod

from derivgen.errors import Place
from derivgen.expr.nodes import SCALAR, Dim, Expr, Shape, Symbol


@dataclass(frozen=True, slots=True)
class Range:
    """`count` numbers from `first` on, `step` apart, without those of `excluded`."""

    first: Fraction
    step: Fraction
    count: int
    excluded: frozenset[Fraction] = frozenset()
    decimal: bool = False
    """It was written with a decimal point."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of `texts`: expressions, or words where `are_words`. `values` are their numbers, where all have one."""

    texts: tuple[str, ...]
    values: tuple[Fraction, ...] | None = None
    are_words: bool = False
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Array:
    """A matrix whose entries are drawn one by one; `structure` is symmetric, diagonal or empty."""

    rows: int
    columns: int
    entries: Range | Choice
    structure: str = ""

    @property
    def free(self) -> tuple[tuple[int, int], ...]:
        """The places whose entries are drawn."""
        return tuple(
            (i, j)
            for i in range(self.rows)
            for j in range(self.columns)
            if not self.structure or i == j or (self.structure == "symmetric" and i < j)
        )


@dataclass(frozen=True, slots=True)
class Worked:
    """What is worked out from other parameters, `names`: the value of `expr`."""

    expr: Expr
    names: tuple[str, ...]
    shape: Shape = SCALAR


Source = Range | Choice | Array | Worked


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    source: Source
    place: Place

    @property
    def symbol(self) -> Symbol | None:
        """What stands for it in conditions; None where it has no numbers."""
        match self.source:
            case Range():
                return Symbol(self.name)
            case Choice(_, values):
                return Symbol(self.name) if values is not None else None
            case Array(rows, columns):
                return Symbol(self.name, (Dim(rows), Dim(columns)))
            case Worked(_, _, shape):
                return Symbol(self.name, shape)

    @property
    def count(self) -> int:
        """How many different draws there are."""
        match self.source:
            case Range(_, _, count, excluded):
                return count - len(excluded)
            case Choice(texts):
                return len(texts)
            case Array(_, _, entries):
                return prod(Parameter("", entries, self.place).count for _ in self.source.free)
            case Worked():
                return 1


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left` related to `right` by one of = != < <= > >=."""

    left: Expr
    relation: str
    right: Expr


@dataclass(frozen=True, slots=True)
class Said:
    """`predicate` of `arguments`, or its contrary."""

    predicate: str
    arguments: tuple[Expr, ...]
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Condition:
    """All of `tests`; `names` are the parameters that they speak of."""

    text: str
    tests: tuple[Comparison | Said, ...]
    names: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Parameters:
    """All parameters of a problem, by name and in order."""

    by_name: Mapping[str, Parameter] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()

    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The names that conditions tie to one another; what nothing ties is a group of its own.

        Each group is drawn by itself, so that a parameter more, or a condition on others, changes no other group.
        """
        parent = {name: name for name in self.by_name}

        def root(name: str) -> str:
            while parent[name] != name:
                name = parent[name]
            return name

        for names in self._ties():
            for name in names[1:]:
                parent[root(name)] = root(names[0])
        found: dict[str, list[str]] = {}
        for name in self.by_name:
            found.setdefault(root(name), []).append(name)
        return tuple(map(tuple, found.values()))

    def _ties(self) -> Iterable[tuple[str, ...]]:
        yield from (condition.names for condition in self.conditions)
        for name, parameter in self.by_name.items():
            if isinstance(parameter.source, Worked):
                yield (name, *parameter.source.names)
