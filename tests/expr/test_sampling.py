"""Values of formulas on arrays, against the exact evaluation of verify, point by point."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from derivgen.errors import CannotDerive
from derivgen.expr.nodes import (
    FUNCTIONS,
    ONE,
    Apply,
    At,
    Dim,
    Entry,
    Expr,
    Function,
    Group,
    Index,
    MatMul,
    Number,
    Pi,
    Plus,
    Power,
    Product,
    Symbol,
    Transpose,
    number,
)
from derivgen.expr.sampling import sample
from derivgen.expr.text import text
from derivgen.verify import arrays

x, y = Symbol("x"), Symbol("y")
v = Symbol("v", (Dim(2), ONE))
n = Dim(1, ("n",))
nan = math.nan


def apply(name: str, argument: Expr) -> Apply:
    return Apply(Function(name), (argument,))


def power(base: Expr, exponent: int | Fraction) -> Power:
    return Power(base, number(exponent))


# expression, values of x, values of the expression (y is 2)
TABLE: list[tuple[Expr, list[float], list[float]]] = [
    (number(3), [0, 1], [3, 3]),
    (x, [-1, 5], [-1, 5]),
    (Plus((x, y, number(1))), [0, -3], [3, 0]),
    (Plus(()), [7], [0]),
    (Product((number(-1), x, y)), [3, -1], [-6, 2]),
    (Product(()), [7], [1]),
    (Product((Pi(), x)), [0, 2], [0, 2 * math.pi]),
    (Group(Plus((x, y))), [1], [3]),
    # values are taken outside: x + y at x = x y, y = 5
    (At(Plus((x, y)), (x, y), (Product((x, y)), number(5))), [3, 0], [11, 5]),
    (power(x, 2), [-3, 0], [9, 0]),
    (power(x, -1), [-4, 0], [-0.25, nan]),
    (power(x, Fraction(1, 2)), [9, -1], [3, nan]),
    (power(x, 0), [0, 2], [1, 1]),
    (Power(y, x), [3, -1], [8, 0.5]),
    (Power(Number(Fraction(1, 2)), x), [2], [0.25]),
    (apply("log", x), [1, 0, -1], [0, nan, nan]),
    (apply("sqrt", x), [16, -1], [4, nan]),
    (apply("asin", x), [0, 2], [0, nan]),
    (apply("relu", x), [-2, 3], [0, 3]),
    (apply("step", x), [-2, 0, 3], [0, 0, 1]),
    (apply("softplus", x), [-1000, 1000], [0, 1000]),
    (apply("sigmoid", x), [-1000, 0, 1000], [0, 0.5, 1]),
    (apply("exp", x), [0, 1000], [1, nan]),
    # not 0: there is no value to take exp of
    (apply("exp", Product((number(-1), power(x, -2)))), [0], [nan]),
    (Product((power(x, -1), x)), [0, 2], [nan, 1]),
]


@pytest.mark.parametrize(("expr", "at", "values"), TABLE, ids=lambda c: "" if isinstance(c, list) else text(c))
def test_values(expr: Expr, at: list[float], values: list[float]) -> None:
    points = np.array(at, dtype=float)
    found = sample(expr, {x: points, y: np.full_like(points, 2.0)})
    assert found.shape == points.shape
    np.testing.assert_allclose(found, values, rtol=1e-15)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_are_those_of_the_check(name: str) -> None:
    points = np.array([-0.7, 0.3, 0.9]) if name not in ("log", "sqrt") else np.array([0.3, 0.9, 4.0])
    # two libraries of functions: a few units in the last place
    np.testing.assert_allclose(
        sample(apply(name, x), {x: points}),
        [arrays.function_value(name, np.array([[point]]))[0, 0] for point in points],
        rtol=1e-14,
    )


def test_entries_of_a_vector() -> None:
    first, second = Entry(v, (1,)), Entry(v, (2,))
    at = {first: np.array([1.0, 2.0]), second: np.array([10.0, 20.0])}
    assert sample(Plus((first, Product((number(2), second)))), at).tolist() == [21.0, 42.0]


# expression, message
REFUSED: list[tuple[Expr, str]] = [
    (Plus((x, Symbol("a"))), "a picture needs a number for a"),
    (Entry(v, (2,)), r"a picture needs a number for v\[2\]"),
    (Entry(v, (Index("i", Dim(2)),)), r"v\[i\] is none"),
    (MatMul((Transpose(v), v)), "v.T @ v is none"),
    (Apply(Function("f", (0,), abstract=True), (x,)), r"f\(x\) is none"),
]


@pytest.mark.parametrize(("expr", "message"), REFUSED, ids=lambda c: c if isinstance(c, str) else text(c))
def test_refused(expr: Expr, message: str) -> None:
    with pytest.raises(CannotDerive, match=message):
        sample(expr, {x: np.array([1.0])})
