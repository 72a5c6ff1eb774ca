"""What the task `shapes` offers, read with the derivatives that it may name: dy/dx in the shape of a layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from derivgen.errors import ExpressionError
from derivgen.expr.nodes import SCALAR, Dim, Expr, Layout, Plus, Slope, Symbol
from derivgen.expr.shapes import shape, slope_shape
from derivgen.expr.walk import subexpressions, transform
from derivgen.problem.expression import parse_expression
from derivgen.problem.model import Scope
from derivgen.problem.operations import ShapesDiffer

MOST_OPTIONS = 20


@dataclass(frozen=True, slots=True)
class ReadOption:
    """One option: as it is printed, as it is, and the operands that do not fit where it is not defined."""

    shown: Expr
    expr: Expr
    operation: str = ""
    left: Expr | None = None
    right: Expr | None = None


def pairs(functions: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
    """(y, x) for each y that is a function of an x."""
    return ((name, argument) for name, arguments in functions.items() for argument in arguments)


def with_slopes(scope: Scope, functions: Mapping[str, tuple[str, ...]], layout: Layout) -> Scope:
    """`scope` with the derivatives of `functions`, as far as they are arrays of rows and columns."""
    slopes: dict[tuple[str, str], Slope] = {}
    for name, argument in pairs(functions):
        y, x = scope.symbols[name], scope.symbols[argument]
        of = slope_shape(y.shape, x.shape, layout)
        if of is not None:
            slopes[name, argument] = Slope(f"diff({name}, {argument})", of, frozenset(), "", y, x)
    return replace(scope, slopes=slopes)


def read_option(text: str, scope: Scope) -> ReadOption:
    """What `text` offers.

    Raises ExpressionError where it cannot be read for another reason than that two shapes do not fit.
    """
    try:
        expr = parse_expression(text, scope)
    except ShapesDiffer as error:
        shown = parse_expression(text, _fitting(scope))
        originals: dict[str, Symbol] = {**scope.symbols, **{one.name: one for one in scope.slopes.values()}}
        itself = transform(shown, lambda node: originals.get(node.name) if isinstance(node, Symbol) else None)
        return ReadOption(shown, itself, error.operation, error.left.expr, error.right.expr)
    for node in subexpressions(expr):
        # the notation adds a scalar to every entry; on paper a scalar and an array have no sum
        if isinstance(node, Plus) and len({shape(term) for term in node.terms}) > 1:
            left = node.terms[0]
            right = next(term for term in node.terms if shape(term) != shape(left))
            return ReadOption(expr, expr, "sum", left, right)
    return ReadOption(expr, expr)


def _fitting(scope: Scope) -> Scope:
    """`scope` with every array square and of one size, so that everything in it can be multiplied and added."""
    size = Dim(1, ("n",))
    symbols = {
        name: symbol if symbol.shape == SCALAR else replace(symbol, shape=(size, size))
        for name, symbol in scope.symbols.items()
    }
    slopes = {
        pair: slope if slope.shape == SCALAR else replace(slope, shape=(size, size))
        for pair, slope in scope.slopes.items()
    }
    return replace(scope, symbols=symbols, slopes=slopes, definitions={}, levels={}, values={})


def option_fault(text: str, scope: Scope) -> ExpressionError | None:
    """What is wrong with the text of an option, other than its shapes."""
    try:
        read_option(text, scope)
    except ExpressionError as error:
        return error
    return None
