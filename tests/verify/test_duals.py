"""Derivatives by dual numbers against SymPy and against closed forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp

from derivgen.expr.nodes import (
    FUNCTIONS,
    MINUS_ONE,
    Apply,
    Delta,
    Det,
    Diag,
    Entry,
    Expr,
    Index,
    Inverse,
    Kron,
    LogDet,
    LogSumExp,
    MatMul,
    MatrixPower,
    Norm,
    Partial,
    Plus,
    Power,
    Product,
    Row,
    Softmax,
    Sum,
    Symbol,
    Total,
    Trace,
    Transpose,
    Vec,
    number,
)
from derivgen.verify.arrays import BadPoint
from derivgen.verify.differences import AGREEMENT, central_differences
from derivgen.verify.evaluate import Evaluator, evaluate

from .symbols import A, B, W, X, at, fun, half, i, j, k, l, n, point_for, t, u, x, y

# pending derivative, the same without one, free indices of either
PARTIALS: list[tuple[Expr, Expr, tuple[Index, ...]]] = [
    (Partial(at(x, i), at(x, k)), Delta(i, k), (i, k)),
    (Partial(at(x, k), at(x, k)), number(1), (k,)),
    (Partial(Power(at(x, k), number(2)), at(x, k)), Product((number(2), at(x, k))), (k,)),
    (Partial(Power(at(x, i), number(2)), at(x, k)), Product((number(2), at(x, i), Delta(i, k))), (i, k)),
    (Partial(at(y, i), at(x, k)), number(0), (i, k)),
    (Partial(at(A, i, j), at(A, k, l)), Product((Delta(i, k), Delta(j, l))), (i, j, k, l)),
    (Partial(at(A, i, j), at(A, j, i)), Delta(i, j), (i, j)),
    (Partial(at(A, i, j), at(A, 1, j)), Delta(i, 1), (i, j)),
    (Partial(Trace(A), at(A, i, j)), Delta(i, j), (i, j)),
    (Partial(Sum(i, at(x, i)), at(x, i)), number(1), (i,)),
    (Partial(Sum(k, Product((at(x, k), at(y, k)))), at(x, k)), at(y, k), (k,)),
    (Partial(Product((t, t, u)), t), Product((number(2), t, u)), ()),
    (Partial(Power(t, number(0)), t), number(0), ()),
    # the inner derivative is by the same variable, and must not see the perturbation of the outer one
    (Partial(Product((t, Partial(Product((t, u)), u))), t), Product((number(2), t)), ()),
    (Partial(Product((t, Partial(Plus((t, u)), t))), t), number(1), ()),
    (Partial(Product((t, Partial(Power(t, number(2)), t))), t), Product((number(4), t)), ()),
    (Partial(Partial(Power(t, number(3)), t), t), Product((number(6), t)), ()),
    (
        Partial(Partial(Sum(i, Sum(j, Product((at(x, i), at(A, i, j), at(x, j))))), at(x, k)), at(x, l)),
        Plus((at(A, k, l), at(A, l, k))),
        (k, l),
    ),
    (
        Partial(Product((at(x, k), Partial(Power(at(x, i), number(2)), at(x, k)))), at(x, l)),
        Plus(
            (
                Product((Delta(k, l), number(2), at(x, i), Delta(i, k))),
                Product((at(x, k), number(2), Delta(i, l), Delta(i, k))),
            )
        ),
        (i, k, l),
    ),
]


@pytest.mark.parametrize(("pending", "taken", "indices"), PARTIALS)
def test_partials(pending: Expr, taken: Expr, indices: tuple[Index, ...]) -> None:
    point = point_for(pending, taken)
    found = evaluate(pending, point, indices, exact=True)
    assert (found == evaluate(taken, point, indices, exact=True)).all()


_z = sp.Symbol("z", real=True)
_IN_SYMPY: dict[str, Callable[[Any], Any]] = {
    "sigmoid": lambda z: 1 / (1 + sp.exp(-z)),
    "softplus": lambda z: sp.log(1 + sp.exp(z)),
    "relu": lambda z: z * sp.Heaviside(z),
    "abs": sp.Abs,
    "step": lambda z: (sp.sign(z) + 1) / 2,
}


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_by_sympy(name: str, order: int) -> None:
    expr: Expr = Apply(fun(name), (t,))
    for _ in range(order):
        expr = Partial(expr, t)
    point = point_for(expr, domain="small")
    at_z = point.array("t", False).item()
    known = (_IN_SYMPY.get(name) or getattr(sp, name))(_z).diff(_z, order)
    expected = float(known.subs(_z, at_z)) if not known.has(sp.Heaviside) else float(order == 1)
    assert evaluate(expr, point).item() == pytest.approx(expected, rel=1e-9)
    assert evaluate(Apply(fun(name, order), (t,)), point).item() == pytest.approx(expected, rel=1e-9)


def test_kinks_are_bad_points() -> None:
    zero = Plus((t, Product((MINUS_ONE, t))))
    for name in ("relu", "abs", "sign", "step"):
        with pytest.raises(BadPoint):
            evaluate(Apply(fun(name, 1), (zero,)), point_for(zero, domain="general"))


def test_powers_by_sympy() -> None:
    T, U = sp.symbols("t u", positive=True)
    table: list[tuple[Expr, Any]] = [
        (Power(t, u), T**U),
        (Power(t, t), T**T),
        (Power(t, number(half(1))), sp.sqrt(T)),
        (Power(number(2), t), 2**T),
        (Power(Plus((t, u)), Product((t, u))), (T + U) ** (T * U)),
    ]
    for expr, known in table:
        for first in ((t, T), (u, U)):
            for second in ((t, T), (u, U)):
                pending = Partial(Partial(expr, first[0]), second[0])
                point = point_for(pending, domain="positive")
                values = {T: point.values["t"].item(), U: point.values.get("u", np.array(1)).item()}
                expected = float(known.diff(first[1], second[1]).subs(values))
                assert evaluate(pending, point).item() == pytest.approx(expected, rel=1e-9)


def test_abstract_functions_have_their_derivatives() -> None:
    f, outer = fun("f", abstract=True), fun("g", 0, 0, abstract=True)
    square = Power(t, number(2))
    for pending, taken in [
        (Partial(Apply(f, (t,)), t), Apply(fun("f", 1, abstract=True), (t,))),
        (Partial(Partial(Apply(f, (t,)), t), t), Apply(fun("f", 2, abstract=True), (t,))),
        (Partial(Apply(f, (square,)), t), Product((number(2), t, Apply(fun("f", 1, abstract=True), (square,))))),
        (
            Partial(Apply(outer, (t, square)), t),
            Plus(
                (
                    Apply(fun("g", 1, 0, abstract=True), (t, square)),
                    Product((number(2), t, Apply(fun("g", 0, 1, abstract=True), (t, square)))),
                )
            ),
        ),
        (Partial(Partial(Apply(outer, (t, u)), u), t), Apply(fun("g", 1, 1, abstract=True), (t, u))),
    ]:
        point = point_for(pending, domain="general")
        assert evaluate(pending, point).item() == pytest.approx(evaluate(taken, point).item(), rel=1e-10)


# every operation on arrays, first and second derivatives, against central differences
ARRAYS: list[tuple[Expr, Symbol]] = [
    (MatMul((A, x)), x),
    (MatMul((Transpose(x), A, x)), x),
    (MatMul((X, A, Transpose(X))), X),
    (Transpose(W), W),
    (Inverse(X), X),
    (MatMul((Inverse(X), x)), X),
    (Trace(MatMul((X, X, B))), X),
    (Det(X), X),
    (LogDet(X), X),
    (Total(Product((W, W))), W),
    (Norm(x), x),
    (Norm(W), W),
    (Norm(W, 1), W),
    (LogSumExp(x), x),
    (Softmax(x), x),
    (Softmax(MatMul((W, x))), x),
    (LogSumExp(W, 1), W),
    (LogSumExp(W, 0), W),
    (Softmax(W, 1), W),
    (Softmax(MatMul((W, X)), 0), X),
    (Diag(x), x),
    (Diag(MatMul((X, X))), X),
    (Vec(Product((W, W))), W),
    (Kron(W, x), W),
    (Kron(x, Product((x, x))), x),
    (MatrixPower(X, number(3)), X),
    (MatrixPower(X, number(-2)), X),
    (Power(Plus((number(3), x)), number(half(5))), x),
    (Power(Plus((number(3), MatMul((Transpose(x), x)))), x), x),
    (Plus((A, MatMul((Transpose(x), x)))), x),
    (Total(Plus((A, MatMul((Transpose(x), x))))), x),
    (Product((MatMul((Transpose(x), y)), x, x)), x),
    (Row(X, 2), X),
    (Apply(fun("tanh"), (MatMul((W, x)),)), x),
    (Apply(fun("f", 0, 0, abstract=True), (x, Product((x, y)))), x),
]


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("expr", "wrt"), ARRAYS)
def test_arrays_by_differences(expr: Expr, wrt: Symbol, order: int) -> None:
    point = point_for(expr, domain="general")
    duals = Evaluator(point, False).derivative(expr, wrt, order)
    differences, most = central_differences(point, {}, expr, wrt, order)
    assert duals.shape == (*evaluate(expr, point).shape, *point.shape(wrt.shape) * order)
    scale = max(most, np.abs(duals).max())
    # the operations here are steeper than those of a derivation: inverses of matrices that are no better than they are
    assert np.abs(duals - differences).max() <= 100 * AGREEMENT[order] * scale


def test_exact_derivatives_of_inverse_and_determinant() -> None:
    point = point_for(X)
    evaluator = Evaluator(point, True)
    inverse = evaluator.array(Inverse(X))
    # d log det X / dX = X^-T
    cofactors = evaluator.derivative(Det(X), X, 1)[0, 0] / evaluator.array(Det(X)).item()
    assert (cofactors == inverse.T).all()
    # dX^-1_ab / dX_cd = - X^-1_ac X^-1_db
    found = evaluator.derivative(Inverse(X), X, 1)
    assert (found == -np.einsum("ac,db->abcd", inverse, inverse, optimize=False)).all()


def test_a_defined_quantity_can_be_the_variable() -> None:
    """d(z't)/dz for z = A x counts only what moves through z."""
    z = Symbol("z", x.shape)
    expr = MatMul((Transpose(z), x))
    evaluator = Evaluator(point_for(expr, A), True, {"z": MatMul((A, x))})
    assert (evaluator.derivative(expr, z, 1)[0, 0] == evaluator.point.values["x"]).all()
    through = evaluator.derivative(expr, x, 1)[0, 0]
    A_value, x_value = evaluator.point.values["A"], evaluator.point.values["x"]
    assert (through == (A_value + A_value.T) @ x_value).all()


# the words that tie the entries of a variable, d tr(X' B)/dX_ab by loops
STRUCTURES: list[tuple[set[str], Callable[[Any, int, int], Any]]] = [
    (set(), lambda b, i, j: b[i, j]),
    ({"symmetric"}, lambda b, i, j: b[i, i] if i == j else b[i, j] + b[j, i]),
    ({"diagonal"}, lambda b, i, j: b[i, i] if i == j else 0),
    ({"triangular"}, lambda b, i, j: b[i, j] if i <= j else 0),
    ({"orthogonal"}, lambda b, i, j: b[i, j]),
    ({"positive_definite"}, lambda b, i, j: b[i, j]),
]


@pytest.mark.parametrize(("words", "entry"), STRUCTURES)
def test_structured_variables(words: set[str], entry: Callable[[Any, int, int], Any]) -> None:
    S = Symbol("S", (n, n), frozenset(words))
    expr = Trace(MatMul((Transpose(S), B)))
    point = point_for(expr)
    found = Evaluator(point, True).derivative(expr, S, 1)[0, 0]
    size = point.size(n)
    assert [[entry(point.values["B"], i, j) for j in range(size)] for i in range(size)] == found.tolist()


def test_entries_of_an_entry() -> None:
    """The subscripts of the variable may stand in the body as well: d(A_ij x_j)/dx_j at each i, j."""
    pending = Partial(Product((at(A, i, j), at(x, j))), at(x, j))
    point = point_for(pending)
    assert (evaluate(pending, point, (i, j), exact=True)[..., 0, 0] == point.values["A"]).all()
    assert isinstance(pending.wrt, Entry)
