"""Values of expressions against plain loops and plain NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivgen.errors import ShapeError
from derivgen.expr.nodes import (
    FUNCTIONS,
    MINUS_ONE,
    SCALAR,
    Apply,
    Column,
    Commutation,
    Delta,
    Det,
    Diag,
    Entry,
    Expr,
    Eye,
    Index,
    Inverse,
    Kron,
    LogDet,
    LogSumExp,
    MatMul,
    MatrixPower,
    Norm,
    Ones,
    Plus,
    Power,
    Product,
    Row,
    Size,
    Softmax,
    Sum,
    Total,
    Trace,
    Transpose,
    Upper,
    Vec,
    Zeros,
    number,
)
from derivgen.expr.walk import free_indices, rename
from derivgen.verify.arrays import Array, BadPoint, Irrational, function_value
from derivgen.verify.evaluate import Unknown, evaluate
from derivgen.verify.points import Point

from .symbols import A, B, W, a, at, b, c, fun, half, i, j, k, looped, n, point_for, r, t, u, x, y

Values = dict[str, Any]

# expression in index notation, its free indices, its entry by loops over values v and index values (from 0)
INDEX_NOTATION: list[tuple[Expr, tuple[Index, ...], Callable[..., Any]]] = [
    (at(x, i), (i,), lambda v, i: v["x"][i, 0]),
    (Entry(Transpose(x), (i,)), (i,), lambda v, i: v["x"][i, 0]),
    (at(A, i, j), (i, j), lambda v, i, j: v["A"][i, j]),
    (at(A, j, i), (i, j), lambda v, i, j: v["A"][j, i]),
    (at(A, i, i), (i,), lambda v, i: v["A"][i, i]),
    (at(A, 2, i), (i,), lambda v, i: v["A"][1, i]),
    (at(x, 2), (), lambda v: v["x"][1, 0]),
    (Delta(i, j), (i, j), lambda v, i, j: int(i == j)),
    (Delta(i, i), (i,), lambda v, i: 1),
    (Delta(2, j), (j,), lambda v, j: int(j == 1)),
    (Sum(i, number(3)), (), lambda v: 3 * len(v["x0"])),
    (Sum(i, at(x, j)), (j,), lambda v, j: len(v["x"]) * v["x"][j, 0]),
    (
        Sum(i, Sum(j, Product((at(x, i), at(A, i, j), at(x, j))))),
        (),
        lambda v: sum(v["x"][i, 0] * v["A"][i, j] * v["x"][j, 0] for i in _n(v) for j in _n(v)),
    ),
    (
        Sum(j, Product((at(W, r, j), at(x, j)))),
        (r,),
        lambda v, r: sum(v["W"][r, j] * v["x"][j, 0] for j in _n(v)),
    ),
    # one letter bound twice: side by side, inside itself, and free outside
    (
        Product((Sum(i, at(x, i)), Sum(i, at(y, i)))),
        (),
        lambda v: sum(v["x"][i, 0] for i in _n(v)) * sum(v["y"][i, 0] for i in _n(v)),
    ),
    (
        Sum(i, Product((at(x, i), Sum(i, at(A, i, i))))),
        (),
        lambda v: sum(v["x"][i, 0] for i in _n(v)) * sum(v["A"][i, i] for i in _n(v)),
    ),
    (
        Product((at(x, i), Sum(i, at(x, i)))),
        (i,),
        lambda v, i: v["x"][i, 0] * sum(v["x"][q, 0] for q in _n(v)),
    ),
    # entries of arrays that depend on an index themselves
    (Entry(MatMul((A, Row(A, i))), (j,)), (i, j), lambda v, i, j: sum(v["A"][j, q] * v["A"][i, q] for q in _n(v))),
    (Entry(MatMul((A, Row(A, i))), (i,)), (i,), lambda v, i: sum(v["A"][i, q] * v["A"][i, q] for q in _n(v))),
    (Entry(Column(A, i), (i,)), (i,), lambda v, i: v["A"][i, i]),
    (Entry(Product((at(x, j), A)), (i, j)), (i, j), lambda v, i, j: v["x"][j, 0] * v["A"][i, j]),
]


def _n(values: Values) -> range:
    return range(len(values["x"] if "x" in values else values["A"]))


@pytest.mark.parametrize(("expr", "indices", "entry"), INDEX_NOTATION)
def test_index_notation(expr: Expr, indices: tuple[Index, ...], entry: Callable[..., Any]) -> None:
    for number_of in range(3):
        point = point_for(expr, number=number_of)
        values: Values = {**point.values, "x0": range(point.size(n)) if "n" in point.sizes else ()}
        expected = looped(point, indices, lambda *place, values=values: entry(values, *place))
        assert (evaluate(expr, point, indices, exact=True) == expected).all()
        assert np.allclose(evaluate(expr, point, indices), expected.astype(float), rtol=1e-12)


def _power_sum(M: Array) -> Array:
    return np.asarray(M @ M @ M)


# array, the same by NumPy from the float values of the symbols
MATRIX_NOTATION: list[tuple[Expr, Callable[[Values], Any]]] = [
    (Plus((A, Transpose(B))), lambda v: v["A"] + v["B"].T),
    (Plus((A, number(2))), lambda v: v["A"] + 2),
    (Product((MINUS_ONE, t, A, B)), lambda v: -v["t"] * v["A"] * v["B"]),
    (Power(A, number(2)), lambda v: v["A"] ** 2),
    (Power(A, number(-1)), lambda v: 1 / v["A"]),
    (Power(A, number(0)), lambda v: np.ones_like(v["A"])),
    (MatMul((W, A, x)), lambda v: v["W"] @ v["A"] @ v["x"]),
    (MatMul((Transpose(x), y)), lambda v: v["x"].T @ v["y"]),
    (MatrixPower(A, number(3)), lambda v: _power_sum(v["A"])),
    (MatrixPower(A, number(0)), lambda v: np.eye(len(v["A"]))),
    (MatrixPower(A, number(-2)), lambda v: np.linalg.inv(v["A"] @ v["A"])),
    (Inverse(A), lambda v: np.linalg.inv(v["A"])),
    (Trace(A), lambda v: [[np.trace(v["A"])]]),
    (Det(A), lambda v: [[np.linalg.det(v["A"])]]),
    (LogDet(A), lambda v: [[np.linalg.slogdet(v["A"])[1]]]),
    (Total(W), lambda v: [[v["W"].sum()]]),
    (Norm(W), lambda v: [[np.sqrt((v["W"] ** 2).sum())]]),
    (Norm(W, 1), lambda v: [[np.abs(v["W"]).sum()]]),
    (LogSumExp(x), lambda v: [[np.log(np.exp(v["x"]).sum())]]),
    (Softmax(x), lambda v: np.exp(v["x"]) / np.exp(v["x"]).sum()),
    (LogSumExp(W, 1), lambda v: np.log(np.exp(v["W"]).sum(axis=1))[:, None]),
    (LogSumExp(W, 0), lambda v: np.log(np.exp(v["W"]).sum(axis=0))[:, None]),
    (Softmax(W, 1), lambda v: np.exp(v["W"]) / np.exp(v["W"]).sum(axis=1)[:, None]),
    (Softmax(W, 0), lambda v: np.exp(v["W"]) / np.exp(v["W"]).sum(axis=0)[None, :]),
    (Diag(x), lambda v: np.diag(v["x"][:, 0])),
    (Diag(A), lambda v: np.diag(v["A"])[:, None]),
    (Vec(W), lambda v: v["W"].reshape(-1, 1, order="F")),
    (Kron(W, A), lambda v: np.kron(v["W"], v["A"])),
    (Kron(x, Transpose(c)), lambda v: np.kron(v["x"], v["c"].T)),
    (Row(W, 2), lambda v: v["W"][1][:, None]),
    (Column(W, 2), lambda v: v["W"][:, 1:2]),
    (Ones(W.shape), lambda v: np.ones(v["shape"])),
    (Zeros(W.shape), lambda v: np.zeros(v["shape"])),
    (Eye(n), lambda v: np.eye(v["n"])),
    (Upper(n), lambda v: np.triu(np.ones((v["n"], v["n"])))),
    (MatMul((Commutation(W.shape), Vec(W))), lambda v: v["W"].ravel(order="C")[:, None]),
    (Size(n * n), lambda v: [[v["n"] ** 2]]),
    (Power(Apply(fun("abs"), (A,)), number(half(3))), lambda v: np.abs(v["A"]) ** 1.5),
    (Apply(fun("sigmoid"), (MatMul((A, x)),)), lambda v: 1 / (1 + np.exp(-v["A"] @ v["x"]))),
]


@pytest.mark.parametrize(("expr", "expected"), MATRIX_NOTATION)
def test_matrix_notation(expr: Expr, expected: Callable[[Values], Any]) -> None:
    for number_of in range(3):
        point = point_for(expr, W, number=number_of, domain="general")
        values: Values = {name: point.array(name, False) for name in point.values}
        values |= {"shape": point.shape(W.shape), "n": point.size(n)}
        assert np.allclose(evaluate(expr, point), expected(values), rtol=1e-10)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_are_those_of_python(name: str) -> None:
    own: dict[str, Callable[[float], float]] = {
        "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
        "softplus": lambda z: math.log(1 + math.exp(z)),
        "relu": lambda z: max(z, 0.0),
        "abs": abs,
        "sign": lambda z: math.copysign(1, z),
        "step": lambda z: float(z > 0),
    }
    plain = own.get(name) or getattr(math, name)
    points = np.array([[0.3, 0.7], [0.2, 0.9]])
    assert np.allclose(function_value(name, points), [[plain(z) for z in row] for row in points])


def test_exact_numbers_stay_exact() -> None:
    point = point_for(A)
    product = evaluate(MatMul((A, Inverse(A))), point, exact=True)
    assert (product == np.eye(len(product), dtype=int)).all()
    quotient = evaluate(Power(Plus((t, t, t)), MINUS_ONE), point_for(t), exact=True).item()
    assert isinstance(quotient, Fraction | int) and quotient == 1 / Fraction(3 * point_for(t).values["t"].item())


def test_exact_determinant_of_a_singular_matrix() -> None:
    v = MatMul((x, Transpose(x)))
    assert evaluate(Det(v), point_for(v), exact=True).item() == 0
    with pytest.raises(BadPoint):
        evaluate(Inverse(v), point_for(v), exact=True)


@pytest.mark.parametrize("expr", [Softmax(x), LogDet(A), Norm(x), Apply(fun("exp"), (x,)), Power(t, number(half(1)))])
def test_what_is_irrational_says_so(expr: Expr) -> None:
    with pytest.raises(Irrational):
        evaluate(expr, point_for(expr), exact=True)


@pytest.mark.parametrize(
    "expr",
    [
        Apply(fun("log"), (Product((MINUS_ONE, Power(t, number(2)))),)),
        Power(Plus((t, Product((MINUS_ONE, t)))), MINUS_ONE),
        Inverse(MatMul((x, Transpose(x)))),
        Apply(fun("exp"), (Product((number(10**6), Power(t, number(2)))),)),
    ],
)
def test_no_value_is_a_bad_point(expr: Expr) -> None:
    with pytest.raises(BadPoint):
        evaluate(expr, point_for(expr, domain="general"))


@pytest.mark.parametrize(
    "expr",
    [
        Product((x, A)),
        Plus((x, Transpose(x))),
        MatMul((A, W)),
        Trace(W),
        at(x, i, j),
        at(x, r),
        at(x, 0),
        Inverse(W),
    ],
)
def test_shapes_that_do_not_fit(expr: Expr) -> None:
    with pytest.raises(ShapeError):
        evaluate(expr, point_for(expr), free_indices(expr), exact=True)


def test_unknown_symbol() -> None:
    with pytest.raises(Unknown):
        evaluate(x, point_for(A))


def test_abstract_functions_differ() -> None:
    f, g = fun("f", abstract=True), fun("g", abstract=True)
    two, swapped = fun("f", 0, 0, abstract=True), (u, t)
    exprs = [
        Apply(f, (t,)),
        Apply(g, (t,)),
        Apply(two, (t, u)),
        Apply(two, swapped),
        Apply(fun("f", 1, abstract=True), (t,)),
    ]
    point = point_for(*exprs, domain="general")
    values = {round(evaluate(expr, point).item(), 9) for expr in exprs}
    assert len(values) == len(exprs)


# --- any rational expression has one value in both arithmetics ------------------------------------------------------

_scalars = st.recursive(
    st.sampled_from(
        [number(2), number(half(-1)), t, at(x, i), at(x, j), at(A, i, j), at(A, j, i), Delta(i, j), Trace(B)]
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda terms: Plus(tuple(terms))),
        st.lists(inner, min_size=1, max_size=3).map(lambda factors: Product(tuple(factors))),
        inner.map(lambda body: Sum(i, body)),
        inner.map(lambda body: Sum(j, body)),
        inner.map(lambda body: Power(body, number(2))),
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(_scalars)
def test_exact_and_float_agree(expr: Expr) -> None:
    exact_point = point_for(expr, x)
    exact = evaluate(expr, exact_point, (i, j), exact=True)
    floating = evaluate(expr, exact_point, (i, j))
    assert np.allclose(exact.astype(float), floating, rtol=1e-9, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(_scalars)
def test_free_indices_one_at_a_time(expr: Expr) -> None:
    """The value at i = 1, j = 2 is that of the expression with these numbers in place of i and j."""
    point = point_for(expr, x)
    whole = evaluate(expr, point, (i, j), exact=True)
    fixed = rename(rename(expr, i, 1), j, 2)
    assert evaluate(fixed, point, (), exact=True).item() == whole[0, 1, 0, 0]


def test_a_scalar_has_the_shape_of_a_scalar() -> None:
    point: Point = point_for(Plus((a, b)))
    assert evaluate(MatMul((Transpose(a), b)), point).shape == point.shape(SCALAR)
    assert evaluate(at(a, k), point, (k,)).shape == (point.size(n), 1, 1)
