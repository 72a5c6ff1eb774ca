"""What a rule, a step and a derivation are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from derivgen.expr.nodes import Entry, Expr, Index, Layout, Shape, Symbol
from derivgen.expr.text import text
from derivgen.picture import Picture


@dataclass(frozen=True, slots=True)
class Rule:
    """A named law: rewrites the root of one expression, or gives None where the law does not apply.

    `name` is what stands at the right of a line, `law` the law itself in LaTeX, `source` where it can be looked up.
    """

    name: str
    law: str
    source: str
    rewrite: Callable[[Expr], Expr | None] = field(compare=False, repr=False)
    letters: tuple[Expr, ...] = ()
    """Expressions that end `name`, separated by commas; a page sets them as mathematics."""

    def __call__(self, expr: Expr) -> Expr | None:
        return self.rewrite(expr)


def rule(
    name: str, *, law: str, source: str, letters: tuple[Expr, ...] = ()
) -> Callable[[Callable[[Expr], Expr | None]], Rule]:
    """Makes a function that rewrites the root of one expression a Rule; `letters` stand after its name."""
    phrase = f"{name} {', '.join(map(text, letters))}" if letters else name

    def made(rewrite: Callable[[Expr], Expr | None]) -> Rule:
        return Rule(phrase, law, source, rewrite, letters)

    return made


def law(name: str, law: str, source: str) -> Rule:
    """A law that a line is named after, where what it does is done by a kind of task and not by a rewriting rule."""
    return Rule(name, law, source, lambda expr: None)


@dataclass(frozen=True, slots=True)
class Instance:
    """A law at work: `left` = `right`, shown beside the name of its rule, such as dx_i/dx_k = delta_ik."""

    left: Expr
    right: Expr
    rule: Rule | None = None
    """The rule that it stands for: where the instance is shown, the name need not be."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One line of the sheet: `before` equals `after` by `rules` (the main one first, then those folded into the line).

    `heading` is what the line says is equal to `after`: the same quantity under the name the reader knows it by (f, or
    df/dx_k). Where it is the heading of the line above, it is printed once. Both `before` and `after` are scalars in
    index notation or arrays of one shape.
    """

    rules: tuple[Rule, ...]
    before: Expr
    after: Expr
    heading: Expr
    instances: tuple[Instance, ...] = ()
    substeps: tuple[Rewrite, ...] = ()
    digits: int | None = None
    """Where it is a number, `after` is `before` rounded to so many decimals: the line has the sign of approximation."""

    @property
    def rule(self) -> str:
        """The names of the laws, as one phrase."""
        return ", ".join(dict.fromkeys(rule.name for rule in self.rules))


@dataclass(frozen=True, slots=True)
class Conclude:
    """The last line: the whole array `result` whose entries the lines before have found.

    `goal` is the scalar in index notation that was looked for (an entry of the derivative); `entry` is its place in
    `result`. They are None where `form` is "index": then `result` is the index form itself.
    """

    goal: Expr
    result: Expr
    heading: Expr
    """What the result is the value of: d f / d x, or the expression that was to be brought to matrix form."""
    rows: Index | None = None
    columns: Index | None = None
    digits: int | None = None
    """`result` is rounded to so many decimals."""


@dataclass(frozen=True, slots=True)
class Define:
    """From here on `symbol` stands for `meaning`: let u = 3x + 2. Then `before`, where given, is `after`: f = u^4."""

    symbol: Symbol
    meaning: Expr
    before: Expr | None = None
    after: Expr | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Equalities listed side by side, a line for each row: u = x^2, u' = 2x."""

    rows: tuple[tuple[Instance, ...], ...]
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of numbers: under `header`, cells of which each shows the right side of an Instance and means its left.

    `digits` is to how many decimals the cells are rounded, None where they are exact.
    """

    header: tuple[Expr, ...]
    cells: tuple[tuple[Instance, ...], ...]
    digits: int | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """`left` and `right` are related by `relation`, one of = < > <= >= !=; where it is `≈`, right is rounded."""

    left: Expr
    relation: str
    right: Expr
    digits: int | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence: the one of the locale named `key`, with `values` filled in; it holds because of `facts`.

    `facts` are shown before the sentence, in one line, where `shown` says so.
    """

    key: str
    values: tuple[tuple[str, Expr], ...] = ()
    facts: tuple[Fact, ...] = ()
    shown: bool = True
    boxed: bool = False
    """It is the answer, and stands in a box."""
    ticked: bool = False
    """It says that a second way has led to the same, and stands out by a tick."""


@dataclass(frozen=True, slots=True)
class Equation:
    """An equation that is asked to hold; it is no identity."""

    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Solve:
    """One line of solving: `equations` follow from what stands above by `rules`, in the case that `case` opens.

    Every equation must hold at each of `points` (values of the unknowns, in the order of the Solutions step), which
    are the solutions that the case leads to.
    """

    rules: tuple[Rule, ...]
    equations: tuple[Equation, ...]
    points: tuple[tuple[Expr, ...], ...]
    case: tuple[Equation, ...] = ()
    """What the case assumes, where the solution branches: x = 0."""
    of: tuple[Equation, ...] = ()
    """What the line starts from, where that is not the line above; it holds at the points too."""
    either: bool = False
    """At each of the points one of `equations` holds: x = 0 or x = 1."""
    unknowns: tuple[Symbol, ...] = ()
    """Those that the line is about, where they are not those of the Solutions step; `points` are values of them."""


@dataclass(frozen=True, slots=True)
class Solutions:
    """All real `points` at which the `equations` in `unknowns` hold."""

    unknowns: tuple[Symbol, ...]
    equations: tuple[Equation, ...]
    points: tuple[tuple[Expr, ...], ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture of the statement."""

    picture: Picture


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why an expression is not defined: `left` and `right` do not fit; `operation` is product, sum or entries."""

    operation: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Option:
    """One of several expressions that are offered as an answer.

    `verdict` is undefined (then `misfit` says why), shape (it has another shape than is wanted), possible (its shape
    is the one that is wanted), right (and so is its value) or false (its value is another one).
    """

    shown: Expr
    """The expression as it is printed; where it is not defined, its symbols have shapes that fit."""
    expr: Expr
    """The expression itself; where it is not defined, its shapes do not fit."""
    verdict: str
    misfit: Misfit | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """Which of `options` can be the derivative that is asked for, by their shapes, and which is."""

    options: tuple[Option, ...]
    used: tuple[Expr, ...]
    """The symbols and derivatives that the options are made of."""
    wanted: Shape


@dataclass(frozen=True, slots=True)
class Listing:
    """A program of ours that computes the result a second way, and what it printed when it was run.

    `language` is numpy or torch; `status` is ran, missing (the framework is not installed) or failed.
    """

    language: str
    source: str
    output: str = ""
    status: str = "missing"

    @property
    def agrees(self) -> bool:
        """Whether its last line says that both ways give the same."""
        return self.status == "ran" and says_agreement(self.output)


AGREES = "agree to"
"""How the last line of what a listing prints begins: `agree to 1e-06: True`."""


def says_agreement(output: str) -> bool:
    last = output.rstrip().rpartition("\n")[2]
    return last.startswith(f"{AGREES} ") and last.endswith(": True")


Step = Rewrite | Define | Table | Grid | Statement | Solve | Solutions | Drawing | Options | Conclude | Listing


@dataclass(frozen=True, slots=True)
class Placed:
    """`name` is how the symbol or the size `of` one layer is called in the layer `place` + `offset`.

    `place` is the letter of any layer or that of the last one, or empty for 0.
    """

    name: str
    of: str
    place: str
    offset: int


@dataclass(frozen=True, slots=True)
class Layered:
    """A network of `count` layers, each like `layer`: quantities by those before them, with sizes of its own.

    `feeds` are the symbol that is put in, and the quantity of the layer before that stands there above the first layer.
    A line of the derivation is true for every number of layers, and every layer `index` for which all symbols in it
    have a layer, but for the last layer where its heading is one of `below`.
    """

    count: str
    index: str
    layer: tuple[tuple[Symbol, Expr], ...]
    feeds: tuple[Symbol, Symbol]
    own: tuple[Symbol, ...]
    """The parameters that each layer has for itself."""
    loss: tuple[Symbol, Expr]
    """In the quantities of the last layer."""
    below: tuple[Expr, ...]
    """The headings of lines that are about layers below the last one only."""
    placed: tuple[Placed, ...]
    sizes: tuple[Placed, ...]


@dataclass(frozen=True, slots=True)
class Derivation:
    """The steps of one part and what they lead to.

    `statement` is the expression that was given, in matrix or index notation; `wrt` what it is differentiated by (None
    where nothing is). `quantity` names the statement in the lines: f, or y for a vector. `value_indices` and
    `wrt_indices` are the free indices of the entries: the (i; k) of dy_i/dx_k.

    `result` is an array of shape `shape` in the layout `layout` where `form` is "matrix"; where it is "index" it is a
    scalar with free indices, and `reason` says why there is no two-dimensional form.
    """

    task: str
    statement: Expr
    steps: tuple[Step, ...]
    result: Expr
    form: str
    shape: Shape
    quantity: Symbol | None = None
    wrt: Symbol | None = None
    wrt_transposed: bool = False
    """The derivative is by the row vector wrt.T, so the result is transposed."""
    layout: Layout | None = None
    value_indices: tuple[Index, ...] = ()
    wrt_indices: tuple[Index, ...] = ()
    order: int = 1
    reason: str = ""
    others: tuple[tuple[Layout, Expr], ...] = ()
    """The result in the layouts where it differs from `result`."""
    direction: Symbol | None = None
    """The dX of lines that go by differentials: there f stands for its differential, not for an entry."""

    question: Expr | None = None
    """What `result` is the value of, where that is not the derivative of `statement` by `wrt`: an expression with
    pending derivatives, such as the array of partial derivatives, or their values at a point."""
    named: tuple[tuple[Symbol, Expr], ...] = ()
    """Symbols that lines use beside those of the problem, in order, and what they stand for: f' for df/dx."""
    domain: tuple[Fact, ...] = ()
    """Where what is derived has a meaning, as far as that is not everywhere: x > 0."""
    verdict: str = ""
    """For `classify`: minimum, maximum, saddle or undecided; for several points, one word for each, with commas. For
    `shapes`: the verdict on each option."""
    digits: int | None = None
    """The decimals that numbers are rounded to, where they are."""
    layered: Layered | None = None
    """For `backprop` through layers whose number is a letter: what the layers of the lines are."""
    right: Expr | None = None
    """For `show`: the other side, which `statement` is compared with, as it is printed."""

    @property
    def lines(self) -> tuple[Rewrite, ...]:
        return tuple(step for step in self.steps if isinstance(step, Rewrite))


def entry_of(array: Expr, subscripts: tuple[Index, ...]) -> Expr:
    """The entry of `array` at `subscripts`; the array itself where it is a scalar."""
    return Entry(array, subscripts) if subscripts else array
