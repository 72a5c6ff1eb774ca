"""Problems, parts and sheets, read and with every expression parsed. Data only; problem.load makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from derivgen.errors import Place
from derivgen.expr.nodes import Expr, Function, Index, Layout, Shape, Symbol

Values = tuple[tuple[Fraction, ...], ...]
"""The rows of an array with given numbers; one row of one number for a scalar."""


@dataclass(frozen=True, slots=True)
class Map:
    """An abstract function that does not act entry by entry: the shapes it takes and the shape it gives."""

    arguments: tuple[Shape, ...]
    result: Shape


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that expressions of one part may use.

    `indices` are the declared ones (`x_t: index(W)`); letters inside brackets that nobody declared need no entry here.
    `functions` are abstract functions that act entry by entry; `values` the numbers of the symbols that have them;
    `sizes` the names of dimensions, which expressions may use as numbers (the n of 1/n).
    """

    symbols: Mapping[str, Symbol] = field(default_factory=dict)
    indices: Mapping[str, Index] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    values: Mapping[str, Values] = field(default_factory=dict)
    sizes: frozenset[str] = frozenset()
    definitions: Mapping[str, Expr] = field(default_factory=dict)
    """Named intermediate quantities in order; an expression that uses one holds its Symbol, declared in `symbols`."""
    maps: Mapping[str, Map] = field(default_factory=dict)
    """Abstract functions of vectors and matrices, such as `f: function(vector(n) -> vector(m))`."""

    def with_assumptions(self, name: str, words: frozenset[str]) -> Scope:
        """The same scope with more known about the symbol `name`."""
        symbol = self.symbols[name]
        known = replace(symbol, assumptions=symbol.assumptions | words)
        return replace(self, symbols={**self.symbols, name: known})


@dataclass(frozen=True, slots=True)
class Claim:
    """An answer that somebody states. `digits` is how many decimals it was written with, None where it has none."""

    expression: Expr
    text: str
    source: str = ""
    digits: int | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One thing asked. `task` names the field that asks it: derive, matrix_form, element_form, layouts or text."""

    task: str
    scope: Scope
    place: Place
    expression: Expr | None = None
    expression_text: str = ""
    wrt: Symbol | None = None
    wrt_transposed: bool = False
    order: int = 1
    layout: Layout | None = None
    """The layout that the part itself asks for."""
    free: tuple[str, ...] = ()
    """For matrix_form: the free indices, rows first, where the author says so."""
    text: str = ""
    """For the task `text`: what it says."""
    prompt: str = ""
    hint: str = ""
    remark: str = ""
    points: Fraction | None = None
    claim: Claim | None = None
    erratum: str = ""
    method: str = "index"
    label: str = ""
    detail: str = ""
    digits: int | None = None
    form: str = ""
    depends: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict)
    """Where each field of the part stands in the file."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem file."""

    path: Path
    title: str
    parts: tuple[Part, ...]
    scope: Scope
    source: str = ""
    prompt: str = ""
    layout: Layout | None = None
    refs: tuple[str, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Problems printed together. `path` is the sheet file, or the problem file of a sheet of one."""

    path: Path
    title: str
    problems: tuple[Path, ...]
    course: str = ""
    author: str = ""
    date: str = ""
    layout: Layout | None = None
    edition: str = "solutions"
    template: str = "sheet"
