"""Has an equation one solution only? For equations that are linear in their one unknown, a scalar or an array."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from derivgen.derivation import Equation
from derivgen.errors import ShapeError
from derivgen.expr.build import plus, product
from derivgen.expr.nodes import MINUS_ONE, At, Dim, Expr, Matrix, Number, Symbol
from derivgen.verify.arrays import Array, BadPoint, TooLarge
from derivgen.verify.bench import TOLERANCE, TOO_LARGE, Bench, Verdict
from derivgen.verify.evaluate import Evaluator, Unknown


def only_solution(
    unknown: Symbol, equations: tuple[Equation, ...], points: tuple[tuple[Expr, ...], ...], bench: Bench
) -> Verdict:
    """Is the one of `points` the only solution of `equations`?

    At numbers for all other symbols: both sides differ by an array that is linear in the unknown, and the matrix of
    that has full rank.
    """
    if len(points) != 1:
        return Verdict("wrong", message="a linear equation has one solution, or none, or too many to be listed")
    apart = [plus((one.left, product((MINUS_ONE, one.right)))) for one in equations]
    tried = 0
    try:
        with np.errstate(all="ignore"):
            for evaluator in bench.evaluators(False):
                try:
                    evaluator.array(points[0][0])
                    found = _fault(evaluator, unknown, apart)
                except BadPoint:
                    continue
                if found:
                    return Verdict("unchecked" if found == _BENT else "wrong", tried + 1, message=found)
                tried += 1
                if tried == bench.wanted:
                    break
    except Unknown as unknown_symbol:
        return Verdict("unchecked", message=str(unknown_symbol))
    except TooLarge:
        return Verdict("unchecked", message=TOO_LARGE)
    except ShapeError as error:
        return Verdict("wrong", message=str(error))
    return Verdict("numeric", tried) if tried else Verdict("unchecked", message="no point was found")


_BENT = "the equation is not linear, so that other solutions were not looked for"


def _fault(evaluator: Evaluator, unknown: Symbol, apart: list[Expr]) -> str:
    """What is wrong with the equations at one point; empty where they have one solution."""
    rows, columns = evaluator.point.shape(unknown.shape)
    count = rows * columns

    def value(entries: list[int]) -> Array:
        array: Expr = Matrix(tuple(Number(Fraction(one)) for one in entries), (Dim(rows), Dim(columns)))
        sides = [np.ravel(evaluator.array(At(one, (unknown,), (array,)))) for one in apart]
        joined: Array = np.concatenate(sides).astype(float)
        if not np.isfinite(joined).all():
            raise BadPoint
        return joined

    origin = value([0] * count)
    slopes = np.stack([value([int(n == place) for n in range(count)]) - origin for place in range(count)], axis=1)
    somewhere = [place * place - 3 * place + 5 for place in range(count)]
    expected = origin + slopes @ np.array(somewhere, dtype=float)
    scale = max(float(np.abs(expected).max()), float(np.abs(slopes).max()), float(np.abs(origin).max()))
    # roundings of some hundred operations, and the numbers of `somewhere` are below a hundred
    if np.abs(value(somewhere) - expected).max() > 100 * TOLERANCE * scale:
        return _BENT
    if np.linalg.matrix_rank(slopes, tol=TOLERANCE * scale) < count:
        return "there are other solutions"
    return ""
