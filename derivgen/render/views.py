"""A sheet as data: what a reader meets, in order, and what the edition shows of it.

The views hold expressions, numbers and names; the words and the markup are the templates'. Every format is made from
them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from derivgen.derivation import Equation, Fact, Instance, Rewrite, Rule
from derivgen.expr.nodes import ONE, Expr, Index, Matrix, Shape, Symbol
from derivgen.picture import Picture


@dataclass(frozen=True, slots=True)
class Edition:
    """What of a sheet is shown."""

    hints: bool = False
    steps: bool = False
    results: bool = False


EDITIONS = {
    "exercises": Edition(),
    "hints": Edition(hints=True),
    "solutions": Edition(hints=True, steps=True, results=True),
    "answers": Edition(results=True),
    "key": Edition(results=True),
}


@dataclass(frozen=True, slots=True)
class SymbolView:
    """A declared symbol: `role` is variable, constant, function or symbol."""

    symbol: Symbol
    role: str
    shape: Shape
    assumptions: tuple[str, ...]
    value: Expr | None = None
    """Its number, or the array of its numbers or of the scalars that it stacks, where that is small."""

    @property
    def entries(self) -> tuple[Expr, ...]:
        """What a column consists of."""
        value = self.value
        return value.entries if isinstance(value, Matrix) and value.shape[1] == ONE else ()


@dataclass(frozen=True, slots=True)
class SymbolsView:
    """Declared symbols under one word for their role: scalars of which nothing more is known, or one symbol."""

    role: str
    items: tuple[SymbolView, ...]


@dataclass(frozen=True, slots=True)
class LawName:
    """The name of a law as it stands beside a line; `letters` are the expressions that the name ends in."""

    name: str
    letters: tuple[Expr, ...] = ()


def law_names(rules: Iterable[Rule]) -> tuple[LawName, ...]:
    """The names of `rules`, each once."""
    return tuple({rule.name: LawName(rule.name, rule.letters) for rule in rules}.values())


def margin(line: Rewrite) -> tuple[tuple[LawName, ...], tuple[Instance, ...]]:
    """What stands at the right of a line: the names of its laws, and one law at work, for which its name is left
    out.
    """
    instances = line.instances[:1]
    said = {instance.rule for instance in instances}
    return law_names(rule for rule in line.rules if rule not in said), instances


@dataclass(frozen=True, slots=True)
class LineView:
    """One line: `heading` stands on the left in the first line of its chain. `kind` is the name of its template."""

    heading: Expr
    opens: bool
    after: Expr
    rules: tuple[LawName, ...]
    instances: tuple[Instance, ...]
    status: str
    kind: str = "rewrite"
    about: bool = False
    """`after` is rounded: the sign before it is that of an approximation."""


@dataclass(frozen=True, slots=True)
class ChainView:
    """Lines under each other."""

    lines: tuple[LineView, ...]
    kind: str = "chain"


@dataclass(frozen=True, slots=True)
class DefineView:
    """Let `symbol` be `meaning`; then `before` is `after`."""

    symbol: Symbol
    meaning: Expr
    before: Expr | None
    after: Expr | None
    status: str
    kind: str = "define"


@dataclass(frozen=True, slots=True)
class TableView:
    """Equalities side by side."""

    rows: tuple[tuple[Instance, ...], ...]
    rules: tuple[LawName, ...]
    status: str
    kind: str = "table"


@dataclass(frozen=True, slots=True)
class GridView:
    """A table of numbers under the expressions that they are values of."""

    header: tuple[Expr, ...]
    cells: tuple[tuple[Expr, ...], ...]
    about: bool
    status: str
    kind: str = "grid"


@dataclass(frozen=True, slots=True)
class StatementView:
    """A sentence of the locale, and what it follows from."""

    key: str
    values: dict[str, Expr]
    facts: tuple[Fact, ...]
    status: str
    boxed: bool = False
    ticked: bool = False
    kind: str = "statement"


@dataclass(frozen=True, slots=True)
class SolveView:
    """Equations that follow from those above; `case` is what is assumed from here on."""

    chains: tuple[tuple[Equation, ...], ...]
    """Equations; those that say of one unknown what it is, one after the other, stand in one line."""
    case: tuple[Equation, ...]
    rules: tuple[LawName, ...]
    status: str
    of: tuple[Equation, ...] = ()
    either: bool = False
    starts: bool = False
    """Nothing above leads to it: it is the system to be solved."""


@dataclass(frozen=True, slots=True)
class SolvingView:
    """Lines of solving under each other, all in one case."""

    lines: tuple[SolveView, ...]
    kind: str = "solve"


@dataclass(frozen=True, slots=True)
class SolutionsView:
    """All the points at which equations hold."""

    unknowns: tuple[Symbol, ...]
    points: tuple[tuple[Expr, ...], ...]
    status: str
    kind: str = "solutions"


@dataclass(frozen=True, slots=True)
class ResultView:
    """What a part came to. `shape` is None for an index form, where `reason` says why there is no matrix."""

    heading: Expr
    result: Expr
    shape: Shape | None
    layout: str
    reason: str
    by_row: bool
    others: tuple[tuple[str, Expr, Shape], ...]
    """The result in the layouts where it is another one."""
    layouts: tuple[tuple[str, Expr, Shape], ...]
    """The result in every layout."""
    kind: str = "conclude"
    about: bool = False


@dataclass(frozen=True, slots=True)
class ResultsView:
    """Several results in one box."""

    results: tuple[ResultView, ...]
    kind: str = "results"


@dataclass(frozen=True, slots=True)
class DrawingView:
    """A picture; the template lays it out."""

    picture: Picture
    kind: str = "drawing"


@dataclass(frozen=True, slots=True)
class OptionView:
    """One option; `misfit` or `shape` is the reason of its verdict."""

    shown: Expr
    verdict: str
    operation: str
    left: Expr | None
    left_shape: Shape | None
    right: Expr | None
    right_shape: Shape | None
    shape: Shape | None
    """Of an option that is defined."""


@dataclass(frozen=True, slots=True)
class OptionsView:
    """Options with what their shapes say; `used` are the symbols and derivatives that they are made of."""

    options: tuple[OptionView, ...]
    used: tuple[tuple[Expr, Shape], ...]
    wanted: Shape
    status: str
    kind: str = "options"


@dataclass(frozen=True, slots=True)
class ListingView:
    """A program and what it printed; `framework` is the name of what it needs, `package` how it is installed."""

    framework: str
    package: str
    source: tuple[str, ...]
    output: tuple[str, ...]
    status: str
    kind: str = "listing"


@dataclass(frozen=True, slots=True)
class SoughtView:
    """What a part is about: the name of the expression, its derivative, and the entry of that at `place`."""

    name: Expr | None
    statement: Expr
    derivative: Expr | None = None
    shape: Shape | None = None
    entry: Expr | None = None
    place: tuple[Index, ...] = ()
    by_row: bool = False
    domain: tuple[Fact, ...] = ()
    """Where the statement can be differentiated, as far as that is not everywhere."""
    options: tuple[Expr, ...] = ()
    """What is offered as the answer."""
    right: Expr | None = None
    """What the statement is compared with."""
    functions: tuple[Expr, ...] = ()
    """What depends on what: z(y), y(x)."""


Block = (
    ChainView
    | DefineView
    | TableView
    | GridView
    | StatementView
    | SolvingView
    | SolutionsView
    | DrawingView
    | OptionsView
    | ListingView
    | ResultView
    | ResultsView
)
"""What a derivation is made of, in order. Each kind has a template of its name in steps/."""


@dataclass(frozen=True, slots=True)
class CheckView:
    """How many lines were checked and how; `error` is the largest relative error where that was numerical.

    `result` is how the end was checked against the question: exact, numeric, differences (a derivative) or unchecked.
    """

    exact: int
    numeric: int
    unchecked: int
    points: int
    error: float
    result: str
    result_error: float
    verified: bool

    @property
    def lines(self) -> int:
        return self.exact + self.numeric + self.unchecked


@dataclass(frozen=True, slots=True)
class ClaimView:
    status: str
    message: str
    expression: Expr
    text: str
    source: str
    erratum: str
    word: str = ""
    """What is claimed where that is no formula: minimum."""


@dataclass(frozen=True, slots=True)
class PartView:
    """One part; `mark` is its place in the problem file, `label` its letter, empty where there is one part only."""

    label: str
    task: str
    mark: str
    prompt_mark: str
    prompt: str
    text: str
    hint: str
    remark: str
    points: Fraction | None
    assumed: tuple[SymbolView, ...]
    """Symbols of which the part assumes more than the problem does, with the words that it adds."""
    sought: SoughtView | None
    blocks: tuple[Block, ...]
    """The steps, as far as the edition shows them; the last result is `result`."""
    result: ResultView | None
    check: CheckView | None
    claim: ClaimView | None


@dataclass(frozen=True, slots=True)
class DefinitionView:
    """A named quantity and what it is defined as."""

    symbol: Symbol
    meaning: Expr


@dataclass(frozen=True, slots=True)
class ProblemView:
    number: int
    title: str
    source: str
    mark: str
    prompt: str
    symbols: tuple[SymbolsView, ...]
    definitions: tuple[DefinitionView, ...]
    parts: tuple[PartView, ...]


@dataclass(frozen=True, slots=True)
class SheetView:
    """A whole sheet; `total` lines are printed, of which `checked` were checked."""

    title: str
    course: str
    author: str
    date: str
    edition: str
    layout: str
    version: str
    shows: Edition
    problems: tuple[ProblemView, ...]
    checked: int
    total: int
    template: str = "sheet"
    form: str = ""
    """The form id of a variant."""
    student: str = ""
    """Whose variant it is."""
    rendered: tuple[str, ...] = ()
    """The problems as LaTeX, where they were rendered before; `problems` is empty then."""
