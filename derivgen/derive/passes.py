"""The forward and the backward pass through a graph of named quantities, with numbers or with symbols.

z = wx + b = 0.5(2) + 1 = 2,  h = sigmoid(z) = ...     each quantity in its order
dL/dh = dL/dy dy/dh     from L back: upstream times local, summed over the quantities in which h stands
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from derivgen.derivation import (
    Conclude,
    Derivation,
    Fact,
    Instance,
    Statement,
    Table,
    law,
)
from derivgen.derive.dressing import dressed
from derivgen.derive.evaluation import elementary
from derivgen.derive.multiplying import Chain
from derivgen.derive.pass_numbers import Numbers, Value, column
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
from derivgen.expr.walk import size, subexpressions, symbols, transform
from derivgen.problem.model import Part
from derivgen.rules.chaining import chain_rule, partial_derivative, put_derivatives_in
from derivgen.rules.differentiation import KINKED
from derivgen.rules.scalar_forms import simplify_scalar

MOST_WITH_LINES = 12
"""Quantities; of more, the values stand in tables only."""
MOST_EDGES = 16
"""Local derivatives that get lines of their own; more are listed."""
MOST_NODES = 60
"""Quantities that a sheet passes back through in lines; in numbers, through more of them without lines."""
MOST_COMPUTED = 5_000
"""Quantities that are passed back through at all."""
MOST_LOCAL = 150
"""Local derivatives in all."""
LONGEST = 60
"""Nodes of an expression that shorter forms are looked for."""

by_definition = law("definition", r"z = w x + b", "definition")
logistic = law("sigmoid", r"\sigma(z) = \frac{1}{1 + e^{-z}}", "definition")

LAWS = (by_definition, logistic)


def forward(part: Part, layout: Layout) -> Derivation:
    """Each quantity that `part.expression` is made of, with the numbers put in and worked out.

    Raises CannotDerive where a symbol has no number, or a quantity no value.
    """
    graph = quantities_of(part)
    work = Numbers.of(part, graph)
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
    work = Numbers.of(part, graph)
    if unknown := _without_number(graph, work):
        if len(names) > MOST_NODES:
            raise CannotDerive(
                f"a graph of {len(names)} quantities is too large to be passed back through in symbols, at most "
                f"{MOST_NODES}: give {unknown[0].name} a number, in `symbols` or `at`"
            )
        found = _with_symbols(graph, names, work, targets)
        result: Expr = column(found)
        digits = None
    else:
        _with_numbers(graph, names, work, targets)
        result, digits = work.ends(_asked(part, graph))
    work.steps += [cost(*pair) for pair in part.given.sizes]
    return _derivation("backward", part, graph, work, result, digits)


def _derivation(task: str, part: Part, graph: Graph, work: Numbers, result: Expr, digits: int | None) -> Derivation:
    asked = _asked(part, graph)
    made = Derivation(
        task=task,
        statement=graph.top,
        steps=tuple(work.steps),
        result=result,
        form="matrix",
        shape=(Dim(len(asked)), ONE) if len(asked) > 1 else SCALAR,
        quantity=graph.quantity,
        question=column(asked),
        named=(*graph.levels.items(), *graph.named),
        digits=digits,
    )
    return dressed(made, decimal=True, ordinary=False) if work.rounds else made


def _asked(part: Part, graph: Graph) -> tuple[Expr, ...]:
    """What is asked for: quantities of a forward pass, derivatives of a backward pass."""
    if part.task == "backward":
        return tuple(_whole(graph, one) for one in part.given.variables)
    return part.expression.entries if isinstance(part.expression, Matrix) else (graph.quantity,)


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


def _without_number(graph: Graph, work: Numbers) -> list[Symbol]:
    return [
        one
        for node in _in_order(graph)
        for one in symbols(graph.meaning(node))
        if one not in graph.levels and one not in work.known
    ]


# --- forward --------------------------------------------------------------------------------------------------------


def _values(graph: Graph, work: Numbers, names: tuple[Symbol, ...], lines: bool) -> None:
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


def _with_numbers(graph: Graph, names: tuple[Symbol, ...], work: Numbers, targets: tuple[Symbol, ...]) -> None:
    if len(names) > MOST_NODES:
        _without_lines(graph, names, work, targets)
        return
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


def _without_lines(graph: Graph, names: tuple[Symbol, ...], work: Numbers, targets: tuple[Symbol, ...]) -> None:
    """The numbers of a graph that is too large for a line a quantity: what is passed back is said, not shown."""
    if len(names) > MOST_COMPUTED:
        raise CannotDerive(f"a graph of {len(names)} quantities is too large; at most {MOST_COMPUTED}")
    up = _leading_up(graph, names, targets)
    _values(graph, work, names, lines=False)
    work.steps += [Statement("forward_values"), *work.tables(names)]
    _refuse_kinks(graph, [node for node in names if node in up], work)
    edges = 0
    slopes: dict[Symbol, Value] = {names[-1]: Value(Fraction(1), True)}
    for node in reversed(names):
        if node not in up or node not in slopes:
            continue
        for by in graph.below(node):
            if by in up:
                edges += 1
                local = work.near(_formula(graph, node, by))
                term = work.kept(slopes[node].near * local.near, slopes[node].exact and local.exact)
                sent = slopes.get(by, Value(Fraction(0), True))
                slopes[by] = Value(sent.near + term.near, sent.exact and term.exact)
    said = (("quantities", number(len(names))), ("derivatives", number(edges)))
    work.steps.append(Statement("passed_back", said))
    for one in targets:
        work.known[_whole(graph, one)] = slopes.get(one, Value(Fraction(0), True))


def _refuse_kinks(graph: Graph, nodes: list[Symbol], work: Numbers) -> None:
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


def _with_symbols(graph: Graph, names: tuple[Symbol, ...], work: Numbers, targets: tuple[Symbol, ...]) -> list[Expr]:
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


def cost(inputs: int, outputs: int) -> Statement:
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
