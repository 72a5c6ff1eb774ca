"""The functions that are printed compute what loops over the definition compute."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from derivgen.derivation import Derivation
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE,
    SCALAR,
    Delta,
    Diag,
    Dim,
    Entry,
    Expr,
    Eye,
    Index,
    Kron,
    Layout,
    LogSumExp,
    MatMul,
    Number,
    Ones,
    Partial,
    Plus,
    Power,
    Product,
    Row,
    Shape,
    Size,
    Softmax,
    Sum,
    Symbol,
    Total,
    Trace,
    Transpose,
    Vec,
    Zeros,
    number,
)
from derivgen.problem.model import Scope
from derivgen.render.numpy import numpy_expression, numpy_function
from tests.render.samples import SCOPE, TWO, A, A_ij, X, a, apply, i, j, k, l, m, n, quadratic_form, x, x_i, x_j, x_k

Array = NDArray[Any]
RANDOM = np.random.default_rng(0)
x_value, A_value, X_value = RANDOM.normal(size=(4, 1)), RANDOM.normal(size=(4, 4)), RANDOM.normal(size=(3, 4))
a_value = 1.7
DECLARED = {"a": a, "x": x, "A": A, "X": X}


def compiled(source: str) -> Callable[..., Array]:
    space: dict[str, Any] = {}
    exec(source, space)
    made: Callable[..., Array] = space["derivative"]
    return made


def found(result: Expr, shape: Shape, form: str = "matrix", **changes: Any) -> Array:
    derivation = Derivation("derive", x, (), result, form, shape, layout=Layout.DENOMINATOR)
    function = compiled(numpy_function(replace(derivation, **changes), Scope(symbols=DECLARED)))
    return function(a_value, x_value, A_value, X_value)


def stable_softmax(z: Array) -> Array:
    powers: Array = np.exp(z)
    total: float = powers.sum()
    return powers / total


sigmoid_x = 1 / (1 + np.exp(-x_value))
MATRICES: list[tuple[str, Expr, Shape, Array]] = [
    ("sum", MatMul((Plus((A, Transpose(A))), x)), (n, ONE), (A_value + A_value.T) @ x_value),
    ("scalar", MatMul((Transpose(x), A, x)), SCALAR, x_value.T @ A_value @ x_value),
    ("chain", MatMul((Transpose(x), x, Transpose(x))), (ONE, n), (x_value.T @ x_value) * x_value.T),
    ("scaled", Product((MatMul((Transpose(x), x)), A)), (n, n), (x_value.T @ x_value) * A_value),
    ("scalar in a chain", MatMul((x, Trace(A), Transpose(x))), (n, n), np.trace(A_value) * x_value @ x_value.T),
    ("quotient", Product((x, Power(a, MINUS_ONE), Power(Size(n), MINUS_ONE))), (n, ONE), x_value / a_value / 4),
    ("minus", Plus((x, Product((number(-3), x)))), (n, ONE), -2 * x_value),
    ("sigmoid", apply("sigmoid", x), (n, ONE), sigmoid_x),
    ("erf", apply("erf", x), (n, ONE), np.array([[math.erf(value)] for value in x_value[:, 0]])),
    ("softmax", Softmax(x), (n, ONE), stable_softmax(x_value)),
    ("logsumexp", LogSumExp(x), SCALAR, np.log(np.exp(x_value).sum()).reshape(1, 1)),
    ("softmax of rows", Softmax(X, 1), (m, n), np.exp(X_value) / np.exp(X_value).sum(axis=1)[:, None]),
    ("softmax of columns", Softmax(X, 0), (m, n), np.exp(X_value) / np.exp(X_value).sum(axis=0)[None, :]),
    ("logsumexp of rows", LogSumExp(X, 1), (m, ONE), np.log(np.exp(X_value).sum(axis=1))[:, None]),
    ("logsumexp of columns", LogSumExp(X, 0), (n, ONE), np.log(np.exp(X_value).sum(axis=0))[:, None]),
    ("softplus", apply("softplus", x), (n, ONE), np.log1p(np.exp(x_value))),
    ("relu", apply("relu", x), (n, ONE), x_value * (x_value > 0)),
    ("step", apply("step", x), (n, ONE), np.where(x_value > 0, 1.0, 0.0)),
    ("diag of a vector", Diag(x), (n, n), np.diag(x_value[:, 0])),
    ("diag of a matrix", Diag(A), (n, ONE), np.diag(A_value).reshape(-1, 1)),
    ("vec", Vec(X), (Dim(1, ("m", "n")), ONE), np.array([[X_value[r, c]] for c in range(4) for r in range(3)])),
    ("kron", Kron(Eye(n), X), (Dim(1, ("m", "n")), Dim(1, ("n", "n"))), np.kron(np.eye(4), X_value)),
    ("ones", Ones((n, ONE)), (n, ONE), np.ones((4, 1))),
    ("zeros", Zeros((m, n)), (m, n), np.zeros((3, 4))),
    ("number", number(0), (n, ONE), np.zeros((4, 1))),
    ("bound index", Product((Sum(i, Power(x_i, TWO)), A)), (n, n), (x_value**2).sum() * A_value),
    ("entry of a compound", Sum(i, Entry(MatMul((A, x)), (i,))), SCALAR, (A_value @ x_value).sum().reshape(1, 1)),
    ("deltas", Sum(i, Sum(j, Product((Delta(i, j), A_ij)))), SCALAR, np.trace(A_value).reshape(1, 1)),
    ("sum of nothing that varies", Product((Sum(i, a), x)), (n, ONE), 4 * a_value * x_value),
    ("total", Total(X), SCALAR, X_value.sum().reshape(1, 1)),
    (
        "rows",
        Sum(Index("t", m), MatMul((Row(X, Index("t", m)), Transpose(Row(X, Index("t", m)))))),
        (n, n),
        X_value.T @ X_value,
    ),
]


@pytest.mark.parametrize(("result", "shape", "value"), [row[1:] for row in MATRICES], ids=[row[0] for row in MATRICES])
def test_matrix_results(result: Expr, shape: Shape, value: Array) -> None:
    actual = found(result, shape)
    assert actual.shape == value.shape
    np.testing.assert_allclose(actual, value, rtol=1e-12)


def test_large_arguments_do_not_overflow() -> None:
    big = Product((number(1000), x))
    with np.errstate(over="raise", invalid="raise"):
        for result in (Softmax(big), apply("softplus", big), LogSumExp(big)):
            assert np.isfinite(found(result, (n, ONE) if result != LogSumExp(big) else SCALAR)).all()


def test_the_gradient_is_that_of_central_differences() -> None:
    function = compiled(numpy_function(quadratic_form(), SCOPE))

    def value(at: Array) -> float:
        return float(sum(at[r, 0] * A_value[r, c] * at[c, 0] for r, c in product(range(4), repeat=2)))

    steps = 1e-6 * np.eye(4)
    slopes = [(value(x_value + s[:, None]) - value(x_value - s[:, None])) / 2e-6 for s in steps]
    np.testing.assert_allclose(function(x_value, A_value)[:, 0], slopes, rtol=1e-6)


# the derivative of Y_ij = sum_p X_ip A_pj by X_kl is delta_ik A_lj; here Y is m x n and X is m x n
mi, mk, p = Index("i", m), Index("k", m), Index("p", n)
LINEAR = Product((Delta(mi, mk), Entry(A, (l, j))))
WITH_SUM = Sum(p, Product((Delta(mi, mk), Delta(l, p), Entry(A, (p, j)))))


@pytest.mark.parametrize("result", [LINEAR, WITH_SUM], ids=["plain", "with a sum"])
@pytest.mark.parametrize("layout", list(Layout))
def test_more_than_two_axes_are_stacked_by_vec(result: Expr, layout: Layout) -> None:
    actual = found(result, SCALAR, "index", layout=layout, value_indices=(mi, j), wrt_indices=(mk, l))
    expected = np.zeros((12, 12))
    for r, c, s, t in product(range(3), range(4), range(3), range(4)):
        # vec stacks columns: entry (r, c) of an m x n matrix is number r + 3 c
        expected[r + 3 * c, s + 3 * t] = A_value[t, c] * (r == s)
    np.testing.assert_allclose(actual, expected.T if layout == Layout.DENOMINATOR else expected)


def test_an_array_that_depends_on_an_index_makes_loops() -> None:
    row = Row(A, i)
    result = Product((MatMul((Transpose(row), x)), x_k, Entry(A, (i, j))))
    actual = found(result, SCALAR, "index", layout=Layout.NUMERATOR, value_indices=(i, j), wrt_indices=(k,))
    expected = np.zeros((16, 4))
    for r, c, s in product(range(4), repeat=3):
        expected[r + 4 * c, s] = (A_value @ x_value)[r, 0] * x_value[s, 0] * A_value[r, c]
    np.testing.assert_allclose(actual, expected)


def test_sums_over_one_letter_with_two_ranges() -> None:
    over_n, over_m = Sum(j, x_j), Sum(Index("j", m), Entry(X, (Index("j", m), i)))
    actual = found(Product((over_n, over_m)), SCALAR, "index", wrt_indices=(i,))
    np.testing.assert_allclose(actual, x_value.sum() * X_value.sum(axis=0)[:, None])


ENTRIES = Product((x_i, Entry(X, (mk, i))))
FEW_AXES = [
    (Layout.DENOMINATOR, (), (mk, i), (3, 4)),
    (Layout.NUMERATOR, (), (mk, i), (4, 3)),
    (Layout.MIXED, (), (mk, i), (3, 4)),
    (Layout.DENOMINATOR, (mk,), (i,), (4, 3)),
    (Layout.NUMERATOR, (mk,), (i,), (3, 4)),
    (Layout.MIXED, (mk,), (i,), (3, 4)),
    (Layout.DENOMINATOR, (mk, i), (), (3, 4)),
    (Layout.NUMERATOR, (mk, i), (), (3, 4)),
]


@pytest.mark.parametrize(("layout", "value", "wrt", "shape"), FEW_AXES)
def test_an_index_form_of_two_axes_follows_the_table(
    layout: Layout, value: tuple[Index, ...], wrt: tuple[Index, ...], shape: tuple[int, int]
) -> None:
    actual = found(ENTRIES, SCALAR, "index", layout=layout, value_indices=value, wrt_indices=wrt)
    expected = X_value * x_value.T
    np.testing.assert_allclose(actual, expected if shape == (3, 4) else expected.T)


ONE_AXIS = [
    (Layout.DENOMINATOR, (), (i,), (4, 1)),
    (Layout.NUMERATOR, (), (i,), (1, 4)),
    (Layout.MIXED, (), (i,), (4, 1)),
    (Layout.DENOMINATOR, (i,), (), (1, 4)),
    (Layout.NUMERATOR, (i,), (), (4, 1)),
    (Layout.MIXED, (i,), (), (4, 1)),
]


@pytest.mark.parametrize(("layout", "value", "wrt", "shape"), ONE_AXIS)
def test_an_index_form_of_one_axis_follows_the_table(
    layout: Layout, value: tuple[Index, ...], wrt: tuple[Index, ...], shape: tuple[int, int]
) -> None:
    actual = found(x_i, SCALAR, "index", layout=layout, value_indices=value, wrt_indices=wrt)
    np.testing.assert_allclose(actual, x_value.reshape(shape))


def test_names_that_python_has_already() -> None:
    names = ["lambda", "np", "sum", "θ", "sigmoid"]
    given = {name: Symbol(name, (n, ONE)) for name in names}
    result = Plus((*given.values(), apply("sigmoid", given["np"])))
    source = numpy_function(Derivation("derive", x, (), result, "matrix", (n, ONE)), Scope(symbols=given))
    arguments = [argument.arg for argument in ast.parse(source).body[-1].args.args]  # type: ignore[attr-defined]
    assert arguments == ["lambda_", "np_", "sum_", "θ", "sigmoid_"]
    values = [RANDOM.normal(size=(4, 1)) for _ in names]
    np.testing.assert_allclose(compiled(source)(*values), sum(values) + 1 / (1 + np.exp(-values[1])))


def test_named_quantities_are_computed_first() -> None:
    z = Symbol("z", (n, ONE))
    scope = Scope(symbols={"x": x, "A": A, "z": z}, definitions={"z": MatMul((A, x))})
    derivation = Derivation("derive", z, (), Product((TWO, z)), "matrix", (n, ONE))
    function = compiled(numpy_function(derivation, scope))
    np.testing.assert_allclose(function(x_value, A_value), 2 * A_value @ x_value)


def test_vectors_may_be_flat() -> None:
    function = compiled(numpy_function(quadratic_form(), SCOPE))
    np.testing.assert_allclose(function(x_value[:, 0], A_value), function(x_value, A_value))


def test_a_derivative_that_is_not_taken_is_refused() -> None:
    with pytest.raises(CannotDerive):
        found(Partial(a, a), SCALAR)


@pytest.mark.parametrize("expr", [apply("sigmoid", x), LogSumExp(x), Softmax(x), Vec(X), Product((Size(n), x))])
def test_an_expression_stands_alone(expr: Expr) -> None:
    shape = SCALAR if isinstance(expr, LogSumExp) else (n, ONE)
    value = eval(numpy_expression(expr), {"np": np, "x": x_value, "X": X_value})
    np.testing.assert_allclose(value, found(expr, shape).reshape(np.shape(value)))


def test_numbers_keep_their_value() -> None:
    third = Number(number(1).value / 3)
    np.testing.assert_allclose(found(Product((x, third)), (n, ONE)), x_value / 3)
