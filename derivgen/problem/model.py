"""Problems, parts and sheets, read and with every expression parsed. Data only; problem.load makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from derivgen.errors import Place
from derivgen.expr.nodes import Dim, Expr, Function, Index, Layout, Shape, Slope, Symbol

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
    """Named intermediate quantities in order, written out in declared symbols; those of `unwritten` by the names of
    others. An expression that uses one holds its Symbol, declared in `symbols`."""
    levels: Mapping[str, Expr] = field(default_factory=dict)
    """The quantities of `define` as they were written, by the names of those before them."""
    unwritten: frozenset[str] = frozenset()
    """The quantities of `define` that would be too long with all others written out."""
    entries: Mapping[str, tuple[Symbol, ...]] = field(default_factory=dict)
    """The scalars that a vector declared as `x: vector(x1, x2)` stacks; x is one of `definitions`, too."""
    maps: Mapping[str, Map] = field(default_factory=dict)
    """Abstract functions of vectors and matrices, such as `f: function(vector(n) -> vector(m))`."""
    slopes: Mapping[tuple[str, str], Slope] = field(default_factory=dict)
    """Derivatives that are not taken, which expressions may name: dy/dx for (y, x)."""
    drawn: Mapping[str, Expr] = field(default_factory=dict)
    """What has been drawn for each parameter: a number, an array of numbers, or an expression."""
    layout: Layout = Layout.DENOMINATOR
    """The layout of a derivative `diff(u(x), x)` of one of `maps`."""

    @property
    def parameters(self) -> Mapping[str, Expr]:
        """What has been drawn for the names that nothing else is called by: a declared symbol goes before it."""
        return {name: expr for name, expr in self.drawn.items() if name not in self.symbols}

    @property
    def meanings(self) -> Mapping[str, Expr]:
        """What each name of `definitions` stands for, by the names before it, however often it uses one."""
        return {**self.definitions, **self.levels}

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
    word: str = ""
    """For `classify`: minimum, maximum, saddle or undecided, in place of the expression."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a part of calculus gives besides its expression.

    `variables` are the scalars that it differentiates by, in that order. Points are values of them in their order.
    """

    variables: tuple[Symbol, ...] = ()
    at: tuple[tuple[Symbol, Expr], ...] = ()
    """Where to evaluate: names with their values."""
    start: tuple[Expr, ...] = ()
    """Where a descent or Newton's method begins."""
    rate: Fraction | None = None
    """The learning rate."""
    steps: int = 1
    direction: tuple[Expr, ...] = ()
    ranges: tuple[tuple[Fraction, Fraction], ...] = ()
    """What a plot shows of each variable."""
    data: tuple[tuple[Symbol, tuple[Fraction, ...]], ...] = ()
    """Columns of a data table: what each symbol is at each data point."""
    left_to_right: bool = False
    """How the symbols of a mixed derivative are read: d2f/dxdy is by x first, where it is read left to right."""
    staged: bool = False
    """Numbers are rounded line by line and used on as they were rounded; else only the end is rounded."""
    decimal: bool = False
    """The author wrote decimals, so numbers are shown as decimals where these are finite."""
    kind: str = ""
    """Of a plot: contours, surface or path."""
    sizes: tuple[tuple[int, int], ...] = ()
    """Numbers of inputs and outputs for which forward and reverse mode are compared."""
    path: tuple[Expr, ...] = ()
    """The path of a diagram that is to be seen: names, or entries of them."""
    layers: tuple[Dim, ...] = ()
    """How many units each layer of a network has; where there are some, the diagram is one of a network."""
    names: tuple[Expr, ...] = ()
    """Of the layers: vectors, scalars or entries."""
    weights: tuple[Expr, ...] = ()
    depth: str = ""
    """For `backprop`: the letter that stands for the number of layers, all like that of `define`."""
    feeds: tuple[Symbol, Symbol] | None = None
    """With `depth`: what is put into a layer, and the quantity of the layer before that it is above the first."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing asked. `task` names the field that asks it: derive, partials, critical_points, ..., or text."""

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
    name: str = ""
    """What the author calls the quantity; empty where a letter is chosen."""
    detail: str = ""
    digits: int | None = None
    form: str = ""
    depends: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    given: Given = field(default_factory=Given)
    right: Expr | None = None
    """For `show`: the right side of the identity; `expression` is the left one."""
    options: tuple[str, ...] = ()
    """For `shapes`: what is offered. How it is to be read depends on the layout, so it is text."""
    functions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For `shapes`: the symbols that are functions of others, with those that they depend on."""
    places: Mapping[str, Place] = field(default_factory=dict)
    """Where each field of the part stands in the file."""
    language: str = ""
    """For `code`: numpy or torch."""
    about: Part | None = None
    """For `code`: the part whose result is recomputed."""
    numbers: Mapping[str, Values] = field(default_factory=dict)
    """For `code`: what it computes with; anything else is drawn at random."""


def part_letter(number: int) -> str:
    """The letter of part `number`, counted from 1: a, ..., z, aa, ..."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return letters[number - 1] if number <= 26 else part_letter((number - 1) // 26) + letters[(number - 1) % 26]


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
    logarithm: str = ""
    """How the natural logarithm is printed: log or ln; empty where the sheet says it."""
    refs: tuple[str, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict)
    draws: tuple[tuple[str, str], ...] = ()
    """Parameters, each with what has been drawn for it, as it would be written."""
    inserts: Mapping[str, Expr | str] = field(default_factory=dict)
    """What stands in the texts as `@(...)`: what is between the parentheses, and the word or expression that it is."""


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
    logarithm: str = ""
    edition: str = "solutions"
    template: str = "sheet"
