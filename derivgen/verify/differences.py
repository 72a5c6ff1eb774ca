"""Derivatives a second way: by central differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod

import numpy as np

from derivgen.expr.nodes import Expr, Index, Symbol
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
    for signs in product((1, -1), repeat=order):
        evaluator = Evaluator(point, False, definitions)
        moved = sum(sign * step * evaluator.direction(at, wrt) for at, sign in enumerate(signs))
        evaluator.shifts = {wrt.name: np.asarray(moved)}
        value = evaluator.array(statement)
        most = max(most, float(np.abs(value).max()))
        total = total + prod(signs) * value
    return evaluator.tensor(total / (2 * step) ** order, wrt, order, indices), most
