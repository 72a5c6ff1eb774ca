"""The chain rule through named quantities: f of u and v, and these of x and y.

A table of partial derivatives; then for each variable the sum over all paths from f to it, with the derivatives put in,
and the names by what they stand for.
"""

from __future__ import annotations

from itertools import pairwise

from derivgen.derivation import Conclude, Derivation, Fact, Instance, Statement, Step, Table
from derivgen.derive.domain import domain_of
from derivgen.derive.evaluation import in_the_box, ungrouped, value_lines
from derivgen.derive.good_form import form_lines
from derivgen.derive.multiplying import Chain, multiply_scalars
from derivgen.derive.paths import Graph, graph_of, partial_of
from derivgen.derive.substituting import good_lines, is_polynomial, lines_of, put, tidy
from derivgen.errors import CannotDerive
from derivgen.expr.build import plus, product
from derivgen.expr.nodes import (
    ONE,
    ONE_NUMBER,
    SCALAR,
    ZERO_NUMBER,
    At,
    Dim,
    Expr,
    Group,
    Layout,
    MatMul,
    Matrix,
    Number,
    Partial,
    Plus,
    Product,
    Symbol,
    Transpose,
)
from derivgen.expr.text import split_sign
from derivgen.expr.walk import depends_on, size
from derivgen.problem.model import Part
from derivgen.rules.arrays import matrix_product, matrix_transposed
from derivgen.rules.chaining import (
    chain_rule,
    chain_rule_matrix,
    jacobian_matrix,
    partial_derivative,
    put_derivatives_in,
    substitute_back,
)
from derivgen.rules.linear_equations import stacked

MOST_PATHS = 12
"""A sum over more paths is too long to be followed."""

SHORT = 14
"""What has fewer parts is short enough to be differentiated once more, as a check."""


def chain(part: Part, layout: Layout) -> Derivation:
    """The derivatives of `part.expression` by its variables, through the quantities that it is made of.

    Raises CannotDerive where something in it is no formula of scalars.
    """
    graph = graph_of(part)
    variables = graph.variables
    for variable in variables:
        if len(list(graph.paths(graph.quantity, variable))) > MOST_PATHS:
            raise CannotDerive(f"more than {MOST_PATHS} paths lead from the quantity to {variable.name}")
    steps: list[Step] = []
    array = _array(part, graph)
    if array is not None:
        found = _by_matrices(graph, array, steps)
    else:
        table = table_of(graph)
        steps += [table] if table.rows else []
        found = [_derivative(graph, variable, steps, part.form) for variable in variables]
    values = _values(part, graph, found, steps)
    steps += _check(graph, found)
    question: list[Expr] = [graph.total(variable) for variable in variables]
    if part.given.at:
        places, at = tuple(one for one, _ in part.given.at), tuple(one for _, one in part.given.at)
        question = [At(one, places, at) for one in question]
    of = (Dim(len(variables)), ONE)
    single = len(variables) == 1
    return Derivation(
        task="chain",
        statement=graph.top,
        steps=tuple(steps),
        result=values[0] if single else Matrix(tuple(values), of),
        form="matrix",
        shape=SCALAR if single else of,
        quantity=graph.quantity,
        question=question[0] if single else Matrix(tuple(question), of),
        named=(*graph.levels.items(), *graph.named),
        domain=domain_of(ungrouped(put(graph.top, graph.in_full()))),
        digits=part.digits if part.given.at else None,
    )


# --- the table ------------------------------------------------------------------------------------------------------


def table_of(graph: Graph) -> Table:
    """The derivatives of each quantity by what it is made of directly."""
    rows: list[tuple[Instance, ...]] = []
    cells = {node: _cells(graph, node) for node in graph.reached()}
    top = cells.pop(graph.quantity)
    rows += _in_rows(top)
    if len({len(own) for own in cells.values()}) == 1 and len(next(iter(cells.values()))) > 1:
        for own in cells.values():
            rows += _in_rows(own)
    else:
        rows += _in_rows(tuple(cell for own in cells.values() for cell in own))
    return Table(tuple(rows), (partial_derivative,))


def _cells(graph: Graph, node: Symbol) -> tuple[Instance, ...]:
    meaning = graph.meaning(node)
    return tuple(Instance(graph.partial(node, by), partial_of(meaning, by)) for by in graph.below(node))


def _in_rows(cells: tuple[Instance, ...]) -> list[tuple[Instance, ...]]:
    wide = 3 if len(cells) == 3 else 2
    return [cells[start : start + wide] for start in range(0, len(cells), wide)]


# --- one variable ---------------------------------------------------------------------------------------------------


def _derivative(graph: Graph, variable: Symbol, steps: list[Step], form: str) -> Expr:
    """Adds the lines for one variable; gives the derivative by it, in the form asked for."""
    heading = graph.total(variable)
    paths = list(graph.paths(graph.quantity, variable))
    lines = Chain(heading, heading)
    if not paths:
        lines.to(ZERO_NUMBER, partial_derivative)
    else:
        pairs = [list(pairwise(path)) for path in paths]
        if [len(one) for one in pairs] != [1]:
            lines.to(plus(product(graph.partial(*pair) for pair in own) for own in pairs), chain_rule)
        terms = [product_of([partial_of(graph.meaning(node), by) for node, by in own]) for own in pairs]
        lines.to(plus(term for term in terms if term != ZERO_NUMBER), put_derivatives_in)
        _finished(lines, graph)
    steps += lines.lines
    result = lines.current
    if form:
        more, result = form_lines(result, heading, form)
        steps += more
    steps.append(Conclude(heading, result, heading))
    return result


def product_of(values: list[Expr]) -> Expr:
    """Derivatives side by side, fractions of numbers in front; a minus sign inside gets parentheses."""
    if ZERO_NUMBER in values:
        return ZERO_NUMBER
    if len(values) > 1 and values[0] == ONE_NUMBER:
        values = [*values[1:], ONE_NUMBER]
    front: list[Expr] = []
    for place, value in enumerate(values):
        match value:
            case Product((Number(own) as first, *rest)) if place and own > 0 and own.denominator > 1 and rest:
                front, values[place] = [*front, first], product(rest)
    shown = [
        Group(value) if place and split_sign(value)[0] < 0 and not isinstance(value, Plus) else value
        for place, value in enumerate(values)
    ]
    return product((*front, *shown))


def _finished(lines: Chain, graph: Graph) -> None:
    """The lines from a sum of products to the derivative in the variables, in a good form."""
    tidy(lines)
    inside = {one: meaning for one, meaning in graph.in_full().items() if depends_on(lines.current, one)}
    if inside:
        lines.to(put(lines.current, inside), substitute_back)
    good_lines(lines)


# --- several variables by matrices ----------------------------------------------------------------------------------


def _array(part: Part, graph: Graph) -> tuple[Symbol, tuple[Symbol, ...]] | None:
    """The one vector that f is made of, with its entries, where that is made of the variables directly."""
    for name, own in graph.entries.items():
        levels = tuple(graph.levels)
        is_all = bool(levels) and set(levels) | set(graph.below(graph.quantity)) <= set(own)
        if is_all and len(graph.variables) > 1:
            return part.scope.symbols[name], own
    return None


def _by_matrices(graph: Graph, array: tuple[Symbol, tuple[Symbol, ...]], steps: list[Step]) -> list[Expr]:
    """The lines of J' times the gradient by the vector; gives the derivatives."""
    vector, own = array
    f, variables = graph.quantity, graph.variables
    m, n = Dim(len(own)), Dim(len(variables))
    bold = rf"\mathbf{{{vector.name}}}" if len(vector.name) == 1 else vector.latex or vector.name
    outer = Symbol(f"∇_{vector.name} {f.name}", (m, ONE), latex=rf"\nabla_{{\!{bold}}} {f.name}")
    jacobian = Symbol("J" if "J" not in {one.name for one in (*own, *variables)} else "J_1", (m, n))
    whole = Symbol(f"∇{f.name}", (n, ONE), latex=rf"\nabla {f.name}")
    levels = {one: graph.levels.get(one, one) for one in own}
    partials = Matrix(tuple(Partial(f, one) for one in own), (m, ONE))
    slopes = Matrix(tuple(Partial(one, by) for one in own for by in variables), (m, n))
    sought = Matrix(tuple(Partial(f, by) for by in variables), (n, ONE))
    graph.named += [(outer, partials), (jacobian, slopes), (whole, sought)]

    first = Chain(outer, outer)
    first.to(partials, stacked)
    first.to(Matrix(tuple(partial_of(graph.top, one) for one in own), (m, ONE)), partial_derivative)
    second = Chain(jacobian, jacobian)
    second.to(slopes, jacobian_matrix)
    second.to(Matrix(tuple(partial_of(levels[one], by) for one in own for by in variables), (m, n)), partial_derivative)
    lines = Chain(whole, whole)
    lines.to(MatMul((Transpose(jacobian), outer)), chain_rule_matrix)
    turned = matrix_transposed(Transpose(second.current))
    assert turned is not None
    lines.to(MatMul((turned, first.current)), put_derivatives_in)
    made = matrix_product(lines.current)
    assert isinstance(made, Matrix)
    lines.to(made, matrix_product)
    _finished(lines, graph)
    steps += [*first.lines, *second.lines, *lines.lines, Conclude(whole, lines.current, whole)]
    assert isinstance(lines.current, Matrix)
    return list(lines.current.entries)


# --- a check, and values --------------------------------------------------------------------------------------------


def _check(graph: Graph, found: list[Expr]) -> list[Step]:
    """The same by substituting before differentiating, where that is short."""
    inside = graph.in_full()
    direct = Chain(graph.top, graph.quantity)
    direct.to(put(graph.top, inside), substitute_back)
    if not is_polynomial(ungrouped(direct.current)):
        return []
    lines_of(direct, ungrouped(direct.current))
    direct.lines = direct.lines[:1]
    try:
        multiply_scalars(direct)
    except CannotDerive:
        return []
    if size(direct.current) > SHORT or len(direct.lines) > 5:
        return []
    facts = []
    for variable, own in zip(graph.variables, found, strict=True):
        slope = Partial(direct.current, variable, ordinary=len(graph.variables) == 1)
        facts.append(Fact(slope, "=", own))
    return [Statement("chain_check"), *direct.lines, Statement("chain_agrees", (), tuple(facts), ticked=True)]


def _values(part: Part, graph: Graph, found: list[Expr], steps: list[Step]) -> list[Expr]:
    """The derivatives at the point that is given; without one, as they are."""
    if not part.given.at:
        return found
    at = dict(part.given.at)
    values: list[Expr] = []
    for variable, own in zip(graph.variables, found, strict=True):
        heading = At(graph.total(variable), tuple(at), tuple(at.values()))
        lines, value = value_lines(own, at, heading, digits=part.digits, staged=part.given.staged)
        value, digits = in_the_box(own, at, lines, value, part.digits, part.given.staged)
        steps += lines
        steps.append(Conclude(heading, value, heading, digits=digits))
        values.append(value)
    return values
