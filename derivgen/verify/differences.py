"""Derivatives a second way: by central differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product as combinations
from math import prod

import numpy as np

from derivgen.expr.build import plus, product
from derivgen.expr.nodes import At, Entry, Expr, Index, Number, Partial, Symbol
from derivgen.expr.walk import parts, subexpressions, transform
from derivgen.verify.arrays import Array
from derivgen.verify.evaluate import Evaluator
from derivgen.verify.points import Point

STEP = {1: 1e-5, 2: 2e-4}
"""By order: truncation (about h²) and rounding (about 1e-16/h, 1e-16/h²) are both small."""

# order 1: h² = 1e-10 and 1e-16/h = 1e-11; order 2: h² = 4e-8 and 1e-16/h² = 3e-9; times third (fourth) derivatives that
# are some hundred times the value at the points used here
AGREEMENT = {1: 1e-6, 2: 1e-4}


def central_differences(
    point: Point,
    definitions: Mapping[str, Expr],
    statement: Expr,
    wrt: Symbol,
    order: int,
    indices: Sequence[Index] = (),
) -> tuple[Array, float]:
    """What Evaluator.derivative gives, from values of `statement` alone, and the greatest of these (order 1 or 2).

    All entries of `wrt` are moved at once, each along an axis of its own.
    """
    step = STEP[order]
    total: Array = np.zeros((1, 1))
    most = 0.0
    for signs in combinations((1, -1), repeat=order):
        evaluator = Evaluator(point, False, definitions)
        moved = sum(sign * step * evaluator.direction(at, wrt) for at, sign in enumerate(signs))
        evaluator.shifts = {wrt.name: np.asarray(moved)}
        value = evaluator.array(statement)
        most = max(most, float(np.abs(value).max()))
        total = total + prod(signs) * value
    return evaluator.tensor(total / (2 * step) ** order, wrt, order, indices), most


def derivative_order(expr: Expr) -> int | None:
    """How many derivatives stand inside each other in `expr`; None where one is by an entry of an array."""
    if any(isinstance(node, Partial) and isinstance(node.wrt, Entry) for node in subexpressions(expr)):
        return None
    return _depth(expr)


def _depth(expr: Expr) -> int:
    own = 1 if isinstance(expr, Partial) else 0
    return own + max(map(_depth, parts(expr)), default=0)


def by_differences(expr: Expr, order: int) -> Expr:
    """`expr` with a central difference in place of each derivative by a scalar symbol."""
    step = Number(Fraction(STEP[order]).limit_denominator(10**9))

    def difference(node: Expr) -> Expr | None:
        if not isinstance(node, Partial) or not isinstance(node.wrt, Symbol):
            return None
        ahead, behind = (
            At(node.body, (node.wrt,), (plus((node.wrt, product((Number(Fraction(sign)), step)))),)) for sign in (1, -1)
        )
        slope = product((Number(1 / (2 * step.value)), plus((ahead, product((Number(Fraction(-1)), behind))))))
        return slope

    return transform(expr, difference)
