"""Matching of shapes: which of the options can be the derivative, and which cannot even be written down.

A function is known here by no more than its derivatives: y = y_0 + J x with any y_0 and any J. At any point a
derivative depends on the functions by their values and slopes there, and such a y can have any of these. So an option
that is right for all of these is right for all functions, and one that is not is wrong. Which it is the check finds
(verify/options.py): nothing is derived here but shapes.
"""

from __future__ import annotations

from derivgen.derivation import Conclude, Derivation, Misfit, Option, Options
from derivgen.derive.naming import indices_for, quantity_for, reserved_names
from derivgen.errors import CannotDerive, ExpressionError
from derivgen.expr.build import plus, product, transpose
from derivgen.expr.nodes import ONE, SCALAR, Entry, Expr, Layout, MatMul, Partial, Shape, Slope, Symbol, Trace
from derivgen.expr.shapes import axes, shape, slope_shape
from derivgen.expr.walk import all_indices, symbols
from derivgen.problem.model import Part
from derivgen.problem.options import ReadOption, read_option, with_slopes


def shapes(part: Part, layout: Layout) -> Derivation:
    """The options of `part`, each with what its shape says.

    Raises CannotDerive where the derivative that is asked for has more than two axes.
    """
    statement, wrt = part.expression, part.wrt
    assert statement is not None and wrt is not None
    wanted = slope_shape(shape(statement), wrt.shape, layout)
    if wanted is None or part.wrt_transposed:
        raise CannotDerive("shapes are matched for derivatives of scalars and columns by scalars and columns")
    scope = with_slopes(part.scope, part.functions, layout)
    try:
        read = [read_option(text, scope) for text in part.options]
    except ExpressionError as error:
        raise CannotDerive(f"an option cannot be read in {layout} layout: {error.message}") from error
    options = tuple(_judged(one, wanted) for one in read)
    found = dict.fromkeys(node for one in read for node in symbols(one.expr))
    used = tuple(sorted(found, key=lambda symbol: not isinstance(symbol, Slope)))  # derivatives first
    reserved = reserved_names(part.scope, statement)
    quantity = quantity_for(statement, shape(statement), reserved)
    if isinstance(statement, Symbol) and statement.name in part.functions:
        quantity = statement
    value = indices_for(axes(statement), ("j",), all_indices(statement), reserved)
    by = indices_for(axes(wrt), ("i", "k"), (*all_indices(statement), *value), reserved)
    variable = Entry(wrt, by) if by else wrt
    goal = Partial(Entry(statement, value) if value else statement, variable)
    heading = Partial(statement, wrt, ordinary=True)
    return Derivation(
        task="shapes",
        statement=statement,
        steps=(Options(options, used, wanted), Conclude(goal, statement, heading)),
        result=statement,
        form="matrix",
        shape=wanted,
        quantity=quantity,
        wrt=wrt,
        layout=layout,
        value_indices=value,
        wrt_indices=by,
        named=meanings(part, layout),
        verdict=", ".join(one.verdict for one in options),
    )


def _judged(one: ReadOption, wanted: Shape) -> Option:
    if one.left is not None and one.right is not None:
        return Option(one.shown, one.expr, "undefined", Misfit(one.operation, one.left, one.right))
    return Option(one.shown, one.expr, "possible" if shape(one.expr) == wanted else "shape")


def meanings(part: Part, layout: Layout) -> tuple[tuple[Symbol, Expr], ...]:
    """Each function as y_0 + J x, and each derivative dy/dx as J in the layout.

    Raises CannotDerive where one of these has more than two axes.
    """
    by_pair = with_slopes(part.scope, part.functions, layout).slopes
    found: list[tuple[Symbol, Expr]] = []
    for name, arguments in part.functions.items():
        y = part.scope.symbols[name]
        terms: list[Expr] = [Symbol(f"{name}#0", y.shape)]
        for argument in arguments:
            x = part.scope.symbols[argument]
            if (name, argument) not in by_pair:
                raise CannotDerive(f"the derivative of {name} by {argument} has more than two axes")
            slope, term = _linear(f"{name}#{argument}", y, x, layout)
            terms.append(term)
            found.append((by_pair[name, argument], slope))
        found.append((y, plus(terms)))
    return tuple(found)


def _linear(name: str, y: Symbol, x: Symbol, layout: Layout) -> tuple[Expr, Expr]:
    """The derivative of the linear function of x that `name` is the matrix of, and the function."""
    numerator, denominator = layout is Layout.NUMERATOR, layout is Layout.DENOMINATOR
    if x.shape == SCALAR:
        k = Symbol(name, y.shape)
        is_row = denominator and y.shape != SCALAR and y.shape[1] == ONE
        return transpose(k) if is_row else k, product((k, x))
    if y.shape == SCALAR:
        g = Symbol(name, x.shape)
        # tr(G'X), which is g'x for a column
        return transpose(g) if numerator else g, _inner(g, x)
    j = Symbol(name, (y.shape[0], x.shape[0]))
    return transpose(j) if denominator else j, MatMul((j, x))


def _inner(g: Symbol, x: Symbol) -> Expr:
    both = MatMul((transpose(g), x))
    return both if x.shape[1] == ONE else Trace(both)
