"""The forward and the backward pass through a graph of named quantities, with numbers or with symbols.

    z = wx + b = 0.5(2) + 1 = 2,  h = sigmoid(z) = ...     each quantity in its order
    dL/dh = dL/dy dy/dh     from L back: upstream times local, summed over the quantities in which h stands

Numbers are kept as fractions, or to NEAR decimals where they have no exact value; what is shown is rounded. Rounded
line by line, each line goes on with what the one before has shown; else a line takes as many more decimals as its last
digit needs to be right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from derivgen.derivation import (
    Conclude,
    Derivation,
    Fact,
    Grid,
    Instance,
    Rewrite,
    Statement,
    Step,
    Table,
    law,
)
from derivgen.derive.dressing import dressed
from derivgen.derive.evaluation import elementary, put_in, round_off, rounded, ungrouped, value_lines, value_of
from derivgen.derive.iteration import ROUNDED_TO
from derivgen.derive.multiplying import Chain
from derivgen.derive.paths import Graph, partial_of, quantities_of
from derivgen.derive.substituting import tidy
from derivgen.errors import CannotDerive
from derivgen.expr.build import factors_of, plus, product, terms_of
from derivgen.expr.nodes import (
    ONE,
    ONE_NUMBER,
    SCALAR,
    ZERO_NUMBER,
    Apply,
    Dim,
    Expr,
    Group,
    Layout,
    Matrix,
    Number,
    Partial,
    Plus,
    Product,
    Symbol,
    number,
)
from derivgen.expr.text import split_sign, text
from derivgen.expr.walk import parts, size, subexpressions, symbols, transform, with_parts
from derivgen.problem.model import Part
from derivgen.rules.chaining import chain_rule, partial_derivative, put_derivatives_in
from derivgen.rules.differentiation import KINKED
from derivgen.rules.scalar_forms import simplify_scalar

NEAR = 60
"""Decimals of numbers that have no exact value."""

MOST_GUARD = 12
"""More decimals than are shown that a line may take."""

MOST_WITH_LINES = 12
"""Quantities; of more, the values stand in tables only."""
MOST_EDGES = 16
"""Local derivatives that get lines of their own; more are listed."""
MOST_NODES = 60
"""A graph of more quantities is not passed back through on a sheet."""
MOST_LOCAL = 150
"""Local derivatives in all."""
WIDE = 6
"""Columns of a table of numbers."""
LONGEST = 60
"""Nodes of an expression that shorter forms are looked for."""

by_definition = law("definition", r"z = w x + b", "definition")
logistic = law("sigmoid", r"\sigma(z) = \frac{1}{1 + e^{-z}}", "definition")

LAWS = (by_definition, logistic)


@dataclass(frozen=True, slots=True)
class Value:
    """A number: as near as it is known, and as lines that are rounded go on with it."""

    near: Fraction
    exact: bool
    shown: Number | None = None


def forward(part: Part, layout: Layout) -> Derivation:
    """Each quantity that `part.expression` is made of, with the numbers put in and worked out.

    Raises CannotDerive where a symbol has no number, or a quantity no value.
    """
    graph = quantities_of(part)
    work = _Numbers.of(part, graph)
    names = _in_order(graph)
    if missing := _without_number(graph, work):
        name = missing[0].name
        raise CannotDerive(f"a forward pass puts numbers in, and {name} has none: give it in `symbols` or `at`")
    _values(graph, work, names, lines=len(names) <= MOST_WITH_LINES)
    steps = work.steps
    if len(names) > MOST_WITH_LINES or (len(names) > 3 and not work.staged):
        steps += work.tables(names)
    steps += work.about_rounding()
    result, digits = work.ends(_asked(part, graph))
    return _derivation("forward", part, graph, work, result, digits)


def backward(part: Part, layout: Layout) -> Derivation:
    """The derivatives of `part.expression` by `part.given.variables`, passed back from it quantity by quantity.

    Raises CannotDerive where there is no law for a derivative, or a quantity has no value.
    """
    graph = quantities_of(part)
    names, targets = _in_order(graph), part.given.variables
    if len(names) > MOST_NODES:
        raise CannotDerive(f"a graph of {len(names)} quantities is too large for a sheet; at most {MOST_NODES}")
    work = _Numbers.of(part, graph)
    if _without_number(graph, work):
        found = _with_symbols(graph, names, work, targets)
        result: Expr = _column(found)
        digits = None
    else:
        _with_numbers(graph, names, work, targets)
        result, digits = work.ends(_asked(part, graph))
    work.steps += [_cost(*pair) for pair in part.given.sizes]
    return _derivation("backward", part, graph, work, result, digits)


def _derivation(task: str, part: Part, graph: Graph, work: _Numbers, result: Expr, digits: int | None) -> Derivation:
    asked = _asked(part, graph)
    made = Derivation(
        task=task,
        statement=graph.top,
        steps=tuple(work.steps),
        result=result,
        form="matrix",
        shape=(Dim(len(asked)), ONE) if len(asked) > 1 else SCALAR,
        quantity=graph.quantity,
        question=_column(asked),
        named=(*graph.levels.items(), *graph.named),
        digits=digits,
    )
    return dressed(made, decimal=True, ordinary=False) if work.rounds else made


def _asked(part: Part, graph: Graph) -> tuple[Expr, ...]:
    """What is asked for: quantities of a forward pass, derivatives of a backward pass."""
    if part.task == "backward":
        return tuple(_whole(graph, one) for one in part.given.variables)
    return part.expression.entries if isinstance(part.expression, Matrix) else (graph.quantity,)


def _column(entries: Iterable[Expr]) -> Expr:
    own = tuple(entries)
    return own[0] if len(own) == 1 else Matrix(own, (Dim(len(own)), ONE))


# --- the graph ------------------------------------------------------------------------------------------------------


def _in_order(graph: Graph) -> tuple[Symbol, ...]:
    """The quantities as they are worked out, the last one at the end."""
    return (*graph.levels, graph.quantity)


def _whole(graph: Graph, by: Symbol) -> Partial:
    """The derivative of the last quantity by `by`, by all ways."""
    return Partial(graph.quantity, by)


def _local(graph: Graph, node: Symbol, by: Symbol) -> Expr:
    """The derivative of `node` by `by`, which stands in its formula, as it is written."""
    found = graph.partial(node, by)
    return replace(found, ordinary=False) if isinstance(found, Partial) else found


def _formula(graph: Graph, node: Symbol, by: Symbol) -> Expr:
    """What the local derivative is, by names: h(1 - h) where h is the sigmoid of z."""
    known = {meaning: one for one in _in_order(graph) if isinstance(meaning := graph.meaning(one), Apply)}
    return transform(_slope(graph.meaning(node), by), lambda one: known.get(one) if isinstance(one, Apply) else None)


def _slope(expr: Expr, by: Symbol) -> Expr:
    """The derivative of a formula; of a sum term by term, as it is read: -(t/h - (1 - t)/(1 - h))."""
    match expr:
        case Plus(terms):
            return plus(term for term in (_slope(one, by) for one in terms) if term != ZERO_NUMBER)
        case Product((Number() as front, Plus() as inner)):
            return product((front, _slope(inner, by)))
    return partial_of(expr, by)


def _ways_out(graph: Graph, names: tuple[Symbol, ...]) -> dict[Symbol, list[Symbol]]:
    """For each quantity and variable, in which quantities it stands; the last one comes first."""
    out: dict[Symbol, list[Symbol]] = {}
    for node in (names[-1], *names[:-1]):
        for one in graph.below(node):
            out.setdefault(one, []).append(node)
    return out


def _leading_up(graph: Graph, names: tuple[Symbol, ...], targets: tuple[Symbol, ...]) -> set[Symbol]:
    """The quantities that one of `targets` has a way to, and these."""
    found = set(targets)
    for node in names:
        if any(one in found for one in graph.below(node)):
            found.add(node)
    return found


def _edges(
    graph: Graph, names: tuple[Symbol, ...], targets: tuple[Symbol, ...]
) -> tuple[set[Symbol], list[tuple[Symbol, Symbol]]]:
    """What leads up from `targets`, and which of it is made of which directly, from the last quantity back."""
    up = _leading_up(graph, names, targets)
    edges = [(node, by) for node in reversed(names) if node in up for by in graph.below(node) if by in up]
    if len(edges) > MOST_LOCAL:
        raise CannotDerive(f"{len(edges)} local derivatives are too many for a sheet; at most {MOST_LOCAL}")
    return up, edges


def _without_number(graph: Graph, work: _Numbers) -> list[Symbol]:
    return [
        one
        for node in _in_order(graph)
        for one in symbols(graph.meaning(node))
        if one not in graph.levels and one not in work.known
    ]


# --- numbers --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Numbers:
    """The numbers of a pass, and the lines that they are worked out in."""

    asked: int | None
    staged: bool
    known: dict[Expr, Value] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    rounds: bool = False
    """Whether a line was rounded."""

    @classmethod
    def of(cls, part: Part, graph: Graph) -> _Numbers:
        work = cls(part.digits, part.given.staged)
        for name, rows in part.scope.values.items():
            symbol = part.scope.symbols[name]
            if symbol.shape == SCALAR:
                value = rows[0][0]
                work.known[symbol] = Value(value, True, Number(value))
        return work

    @property
    def digits(self) -> int:
        return ROUNDED_TO if self.asked is None else self.asked

    def is_short(self, value: Value) -> bool:
        """It is shown as it is."""
        return value.exact and (self.asked is None or 10**self.digits % value.near.denominator == 0)

    def is_plain(self, formula: Expr) -> bool:
        """A number that needs no working out."""
        return isinstance(formula, Number) and self.is_short(Value(formula.value, True))

    def is_put_exactly(self, value: Value) -> bool:
        """What stands in a line for it is no other number."""
        return self.is_short(value) and self.put(value, 0).value == value.near

    def put(self, value: Value, guard: int) -> Number:
        """What stands in a line for `value`."""
        if self.staged and value.shown is not None:
            return value.shown
        return Number(value.near) if self.is_short(value) else _rounded(value.near, self.digits + guard)

    def near(self, expr: Expr) -> Value:
        """The value of `expr` in what is known."""
        own = {one: self.known[one] for one in _known_in(expr, self.known)}
        found = value_of(_filled(expr, {one: Number(value.near) for one, value in own.items()}), {})
        exact = isinstance(found, Number) and all(value.exact for value in own.values())
        close = found if exact else rounded(found, NEAR)
        if not isinstance(close, Number):
            raise CannotDerive("a value cannot be worked out in numbers")
        return Value(close.value, exact)

    def worked(self, heading: Expr, formula: Expr, chain: Chain) -> Value:
        """Adds the lines from the end of `chain`, which is `formula`, to its number; keeps and gives that."""
        value = self.near(formula)
        own = [self.known[one] for one in _known_in(formula, self.known)]
        right = Number(value.near) if self.is_short(value) else _rounded(value.near, self.digits)
        if all(map(self.is_put_exactly, own)) and value.exact:
            lines, end = self._lines(heading, formula, 0, None, value)
        else:
            for guard in range(1 if self.staged else MOST_GUARD):
                lines, end = self._lines(heading, formula, guard, self.digits + guard, value)
                if end == right:
                    break
            else:
                if not self.staged:
                    raise CannotDerive("the numbers on the way are too far apart to be rounded")
        self.steps += [*chain.lines, *lines]
        self.rounds |= any(line.digits is not None for line in lines)
        assert isinstance(end, Number)
        self.known[heading] = replace(value, shown=end)
        return value

    def _lines(
        self, heading: Expr, formula: Expr, guard: int, digits: int | None, value: Value
    ) -> tuple[list[Rewrite], Expr]:
        start = _filled(formula, {one: self.put(self.known[one], guard) for one in _known_in(formula, self.known)})
        lines: list[Rewrite] = []
        if start != formula:
            plain = all(self.is_put_exactly(self.known[one]) for one in _known_in(formula, self.known))
            kept = None if plain else self._kept(value, start)
            lines.append(Rewrite((put_in,), formula, start, heading, digits=kept))
        more, end = value_lines(start, {}, heading, digits=digits, staged=True)
        end = ungrouped(end)
        lines += [line for line in more if isinstance(line, Rewrite)]
        if isinstance(end, Number) and not (digits is None and self.is_short(value)):
            shown = _rounded(end.value, self.digits)
            if shown != end:
                before: Expr = end
                if lines and lines[-1].rules == (round_off,):
                    before = lines.pop().before  # rounded once, not twice
                lines.append(Rewrite((round_off,), before, shown, heading, digits=_apart(before, shown, self.digits)))
            elif lines and digits is not None:
                lines[-1] = replace(lines[-1], after=shown)
            end = shown
        if not isinstance(end, Number):
            raise CannotDerive("a value cannot be worked out in numbers")
        return lines, end

    def _kept(self, value: Value, start: Expr) -> int:
        """How many decimals of `value` are right where rounded numbers are put in; below 0 tens and hundreds."""
        return _apart(start, Number(value.near), self.digits)

    def tables(self, names: tuple[Expr, ...]) -> list[Step]:
        """The values of `names` side by side, in tables that fit the page."""
        all_short = all(self.is_short(self.known[one]) for one in names)
        digits = None if all_short else self.digits
        made: list[Step] = []
        for start in range(0, len(names), WIDE):
            own = names[start : start + WIDE]
            cells = tuple(Instance(one, self.put(replace(self.known[one], shown=None), 0)) for one in own)
            made.append(Grid(own, (cells,), digits))
        return made

    def about_rounding(self) -> list[Step]:
        if not self.rounds:
            return []
        key = "rounded_staged" if self.staged else "rounded_shown"
        return [Statement(key, (("digits", number(self.digits)),))]

    def ends(self, headings: tuple[Expr, ...]) -> tuple[Expr, int | None]:
        """Adds a box for each of `headings`; gives the results and the decimals they are rounded to."""
        results: list[Expr] = []
        for heading in headings:
            value = self.known[heading]
            short = self.is_short(value)
            result: Expr = Number(value.near) if short else _rounded(value.near, self.digits)
            if self.staged and value.shown not in (None, result):
                assert value.shown is not None
                fact = Fact(heading, "=" if short else "≈", result, None if short else self.digits)
                said = (("quantity", heading), ("staged", value.shown), ("exact", result))
                self.steps.append(Statement("last_digit_of", said, (fact,), shown=False))
            results.append(result)
        for heading, result in zip(headings, results, strict=True):
            digits = None if self.is_short(self.known[heading]) else self.digits
            self.steps.append(Conclude(heading, result, heading, digits=digits))
        exact = all(self.is_short(self.known[heading]) for heading in headings)
        return _column(results), None if exact else self.digits


def _rounded(value: Fraction, digits: int) -> Number:
    found = rounded(Number(value), digits)
    assert isinstance(found, Number)
    return found


def _apart(before: Expr, after: Number, digits: int) -> int:
    """To how many decimals, at most `digits`, an expression of numbers is `after`."""
    near = rounded(value_of(before, {}), NEAR)
    if not isinstance(near, Number):
        raise CannotDerive("a value cannot be worked out in numbers")
    return _agreement(near.value, after.value, digits)


def _agreement(one: Fraction, other: Fraction, digits: int) -> int:
    """To how many decimals, at most `digits`, two numbers agree."""
    while 2 * abs(one - other) * Fraction(10) ** digits > 1:
        digits -= 1
    return digits


def _known_in(expr: Expr, known: Mapping[Expr, Value]) -> list[Expr]:
    """What in `expr` has a number; a derivative as a whole."""
    if expr in known:
        return [expr]
    return list(dict.fromkeys(one for part in parts(expr) for one in _known_in(part, known)))


def _filled(expr: Expr, numbers: Mapping[Expr, Number]) -> Expr:
    """`expr` with `numbers` put in, in parentheses."""
    if expr in numbers:
        return Group(numbers[expr])
    return with_parts(expr, tuple(_filled(part, numbers) for part in parts(expr)))


# --- forward --------------------------------------------------------------------------------------------------------


def _values(graph: Graph, work: _Numbers, names: tuple[Symbol, ...], lines: bool) -> None:
    """Works out the quantities one after another, with lines or without."""
    for node in names:
        meaning = graph.meaning(node)
        if not lines:
            work.known[node] = work.near(meaning)
            continue
        chain = Chain(node, node)
        chain.to(meaning, by_definition)
        chain.to(_logistic_in(meaning), logistic)
        work.worked(node, chain.current, chain)


def _logistic_in(expr: Expr) -> Expr:
    """`expr` with the sigmoid as the quotient that it is, where it stands at the top."""
    match expr:
        case Apply(function) if function.name == "sigmoid" and not any(function.orders):
            return elementary(expr)
    return expr


# --- backward with numbers ------------------------------------------------------------------------------------------


def _with_numbers(graph: Graph, names: tuple[Symbol, ...], work: _Numbers, targets: tuple[Symbol, ...]) -> None:
    up, edges = _edges(graph, names, targets)
    _values(graph, work, names, lines=False)
    work.steps += [Statement("forward_values"), *work.tables(names)]
    _refuse_kinks(graph, [node for node in names if node in up], work)
    formulas = {edge: _formula(graph, *edge) for edge in edges}
    listed = [edge for edge in edges if len(edges) > MOST_EDGES or work.is_plain(formulas[edge])]
    for node, by in edges:
        heading, formula = _local(graph, node, by), formulas[node, by]
        if (node, by) in listed:
            work.known[heading] = work.near(formula)
            continue
        chain = Chain(heading, heading)
        chain.to(formula, partial_derivative)
        work.worked(heading, formula, chain)
    if listed:
        work.steps.append(_table(graph, listed))
    for _, heading, formula in _backwards(graph, names, up):
        if formula == heading:
            continue
        chain = Chain(heading, heading)
        chain.to(formula, chain_rule)
        work.worked(heading, formula, chain)
    for one in targets:
        work.known.setdefault(_whole(graph, one), Value(Fraction(0), True, ZERO_NUMBER))
    work.steps += work.about_rounding()


def _refuse_kinks(graph: Graph, nodes: list[Symbol], work: _Numbers) -> None:
    """Raises CannotDerive where one of the functions with a kink stands at it: there it has no derivative."""
    for node in nodes:
        for one in subexpressions(graph.meaning(node)):
            if isinstance(one, Apply) and one.function.name in KINKED and work.near(one.arguments[0]).near == 0:
                raise CannotDerive(
                    f"{text(one)} has a kink where {text(one.arguments[0])} is 0, so no derivative there"
                )


def _backwards(graph: Graph, names: tuple[Symbol, ...], up: set[Symbol]) -> list[tuple[Symbol, Partial, Expr]]:
    """Each quantity and variable from the last one back: its derivative, and the sum over its ways out."""
    out = _ways_out(graph, names)
    found: list[tuple[Symbol, Partial, Expr]] = []
    for by in dict.fromkeys((*reversed(names[:-1]), *graph.variables)):
        if by not in up or by not in out:
            continue
        terms = []
        for node in out[by]:
            local = _local(graph, node, by)
            terms.append(local if node == graph.quantity else product((_whole(graph, node), local)))
        found.append((by, _whole(graph, by), plus(terms)))
    return found


def _table(graph: Graph, edges: list[tuple[Symbol, Symbol]]) -> Table:
    cells = [Instance(_local(graph, node, by), _formula(graph, node, by)) for node, by in edges]
    wide = 3 if len(cells) == 3 else 2
    rows = tuple(tuple(cells[start : start + wide]) for start in range(0, len(cells), wide))
    return Table(rows, (partial_derivative,))


# --- backward with symbols ------------------------------------------------------------------------------------------


def _with_symbols(graph: Graph, names: tuple[Symbol, ...], work: _Numbers, targets: tuple[Symbol, ...]) -> list[Expr]:
    """The derivatives by the variables, by the names of the quantities."""
    up, edges = _edges(graph, names, targets)
    if edges:
        work.steps.append(_table(graph, edges))
    values: dict[Expr, Expr] = {_local(graph, node, by): _formula(graph, node, by) for node, by in edges}
    for _, heading, formula in _backwards(graph, names, up):
        if formula == heading:
            continue
        chain = Chain(heading, heading)
        chain.to(formula, chain_rule)
        chain.to(_in_symbols(formula, values), put_derivatives_in)
        _shortened(chain)
        work.steps += chain.lines
        values[heading] = chain.current
    found = [values.get(_whole(graph, one), ZERO_NUMBER) for one in targets]
    for one, value in zip(targets, found, strict=True):
        work.steps.append(Conclude(_whole(graph, one), value, _whole(graph, one)))
    return found


def _in_symbols(formula: Expr, values: Mapping[Expr, Expr]) -> Expr:
    """A sum of products of derivatives, with `values` in their places."""

    def put(one: Expr) -> Expr:
        known = [values.get(factor, factor) for factor in factors_of(one)]
        if ZERO_NUMBER in known:
            return ZERO_NUMBER
        kept = [factor for factor in known if factor != ONE_NUMBER]
        return product(
            Group(factor) if place and split_sign(factor)[0] < 0 else factor for place, factor in enumerate(kept)
        )

    return plus(term for term in map(put, terms_of(formula)) if term != ZERO_NUMBER)


def _shortened(chain: Chain) -> None:
    tidy(chain)
    better = simplify_scalar(chain.current) if size(chain.current) <= LONGEST else None
    if better is not None and 2 * size(better) <= size(chain.current):
        chain.to(better, simplify_scalar)


# --- the cost -------------------------------------------------------------------------------------------------------


def _cost(inputs: int, outputs: int) -> Statement:
    """How many passes each mode takes for so many inputs and outputs."""
    most, least = max(inputs, outputs), min(inputs, outputs)
    factor = Fraction(most, least)
    key, relation = ("cost_reverse", ">") if inputs > outputs else ("cost_forward", "<")
    if inputs == outputs:
        key, relation = "cost_equal", "="
    said = (("inputs", number(inputs)), ("outputs", number(outputs)), ("factor", number(factor)))
    facts = (
        Fact(number(inputs), relation, number(outputs)),
        Fact(product((number(factor), number(least))), "=", number(most)),
    )
    return Statement(key, said, facts, shown=False)
