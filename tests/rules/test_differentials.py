"""The laws of differentials, and those that gather and turn them, on examples: what each gives, and that it is true
(see test_rules.py).
"""

from __future__ import annotations

import pytest

from derivgen.derivation import Rule
from derivgen.expr.nodes import (
    DIFFERENTIAL,
    ONE,
    Det,
    Diag,
    Differential,
    Expr,
    Eye,
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
    Size,
    Softmax,
    Symbol,
    Total,
    Trace,
    Transpose,
    Vec,
    Zeros,
)
from derivgen.rules import differentials, gathering, turning
from derivgen.verify.checks import check_equal

from .symbols import A, B, C, X, b, c, fn, m, minus, n, num, over, t, times, x, y

MARK = frozenset({DIFFERENTIAL})
dx, dA, dX, dt = (
    Symbol("dx", (n, ONE), MARK),
    Symbol("dA", (n, n), MARK),
    Symbol("dX", (m, n), MARK),
    Symbol("dt", (ONE, ONE), MARK),
)


def d_x(body: Expr) -> Differential:
    return Differential(body, x, dx)


def d_A(body: Expr) -> Differential:
    return Differential(body, A, dA)


def d_t(body: Expr) -> Differential:
    return Differential(body, t, dt)


def chain(*factors: Expr) -> MatMul:
    return MatMul(factors)


xT, yT, dxT, dAT = Transpose(x), Transpose(y), Transpose(dx), Transpose(dA)
inv_A = Inverse(A)
soft = Softmax(x)
outer = MatMul((x, Transpose(x)))
ones = Ones((n, ONE))

# rule, before, after
TABLE: list[tuple[Rule, Expr, Expr | None]] = [
    (differentials.constant, d_x(chain(A, y)), Zeros((n, ONE))),
    (differentials.constant, d_x(c), num(0)),
    (differentials.constant, d_x(chain(A, x)), None),
    (differentials.variable, d_x(x), dx),
    (differentials.variable, d_x(xT), dxT),
    (differentials.sum_rule, d_x(Plus((x, y, times(x, x)))), Plus((d_x(x), d_x(times(x, x))))),
    (differentials.sum_rule, d_t(Plus((t, x))), times(d_t(t), ones)),
    (differentials.constant_factor, d_A(chain(B, A, C)), chain(B, d_A(A), C)),
    (differentials.constant_factor, d_A(Kron(B, A)), Kron(B, d_A(A))),
    (differentials.product_rule, d_x(chain(xT, A, x)), Plus((chain(d_x(xT), A, x), chain(xT, A, d_x(x))))),
    (
        differentials.product_rule,
        d_x(times(x, y, fn("sin", x))),
        Plus((times(d_x(x), y, fn("sin", x)), times(x, y, d_x(fn("sin", x))))),
    ),
    (
        differentials.quotient_rule,
        d_x(times(x, over(chain(xT, y)))),
        times(
            Power(chain(xT, y), num(-2)),
            Plus((times(chain(xT, y), d_x(x)), times(num(-1), d_x(chain(xT, y)), x))),
        ),
    ),
    (differentials.trace, d_A(Trace(chain(A, A))), Trace(d_A(chain(A, A)))),
    (differentials.transposed, d_A(Transpose(Plus((A, chain(A, A))))), Transpose(d_A(Plus((A, chain(A, A)))))),
    (differentials.total, d_x(Total(times(x, x))), Total(d_x(times(x, x)))),
    (differentials.linear_map, d_A(Diag(chain(A, A))), Diag(d_A(chain(A, A)))),
    (differentials.linear_map, d_A(Vec(chain(A, A))), Vec(d_A(chain(A, A)))),
    (differentials.inverse, d_A(inv_A), minus(chain(inv_A, d_A(A), inv_A))),
    (differentials.determinant, d_A(Det(A)), times(Det(A), Trace(chain(inv_A, d_A(A))))),
    (differentials.log_determinant, d_A(LogDet(A)), Trace(chain(inv_A, d_A(A)))),
    (
        differentials.trace_of_power,
        d_A(Trace(MatrixPower(A, num(3)))),
        times(num(3), Trace(chain(MatrixPower(A, num(2)), d_A(A)))),
    ),
    (differentials.matrix_power, d_A(MatrixPower(A, num(3))), d_A(chain(A, A, A))),
    (differentials.matrix_power, d_A(MatrixPower(A, num(-2))), d_A(Inverse(chain(A, A)))),
    (differentials.chain_rule, d_x(fn("sin", times(x, y))), times(fn("cos", times(x, y)), d_x(times(x, y)))),
    (differentials.power_rule, d_x(Power(x, num(3))), times(num(3), Power(x, num(2)), d_x(x))),
    (
        differentials.exponential_rule,
        d_x(Power(fn("exp", c), x)),
        times(Power(fn("exp", c), x), fn("log", fn("exp", c)), d_x(x)),
    ),
    (
        differentials.logarithmic_rule,
        d_x(Power(fn("exp", x), x)),
        times(Power(fn("exp", x), x), d_x(times(x, fn("log", fn("exp", x))))),
    ),
    (differentials.squared_norm, d_x(Power(Norm(x), num(2))), times(num(2), chain(xT, d_x(x)))),
    (differentials.squared_norm, d_A(Power(Norm(A), num(2))), times(num(2), Trace(chain(Transpose(A), d_A(A))))),
    (differentials.norm, d_x(Norm(x)), times(over(Norm(x)), chain(xT, d_x(x)))),
    (differentials.norm, d_x(Norm(x, 1)), chain(Transpose(fn("sign", x)), d_x(x))),
    (differentials.log_sum_exp, d_x(LogSumExp(x)), chain(Transpose(soft), d_x(x))),
    (
        differentials.log_sum_exp,
        d_x(LogSumExp(outer, 1)),
        chain(Product((Softmax(outer, 1), d_x(outer))), Ones((n, ONE))),
    ),
    (
        differentials.log_sum_exp,
        d_x(LogSumExp(outer, 0)),
        chain(Transpose(Product((Softmax(outer, 0), d_x(outer)))), Ones((n, ONE))),
    ),
    (
        differentials.softmax,
        d_x(Softmax(outer, 0)),
        Plus(
            (
                Product((Softmax(outer, 0), d_x(outer))),
                times(num(-1), Softmax(outer, 0), chain(Ones((n, n)), times(Softmax(outer, 0), d_x(outer)))),
            )
        ),
    ),
    (differentials.softmax, d_x(soft), chain(Plus((Diag(soft), minus(chain(soft, Transpose(soft))))), d_x(x))),
    (gathering.multiplied_out, chain(xT, Plus((A, B)), y), None),
    (gathering.multiplied_out, chain(xT, Plus((dA, dAT)), y), Plus((chain(xT, dA, y), chain(xT, dAT, y)))),
    (gathering.multiplied_out, Kron(B, Plus((dA, chain(C, dA)))), Plus((Kron(B, dA), Kron(B, chain(C, dA))))),
    (gathering.linear_trace, Trace(Plus((dA, chain(B, dA)))), Plus((Trace(dA), Trace(chain(B, dA))))),
    (gathering.linear_trace, Total(Plus((dx, times(y, dx)))), Plus((Total(dx), Total(times(y, dx))))),
    (gathering.scalar_out, Trace(times(c, dA)), times(c, Trace(dA))),
    (gathering.scalar_out, Kron(B, times(c, dA)), times(c, Kron(B, dA))),
    (gathering.turned_product, Transpose(chain(B, dA)), chain(dAT, Transpose(B))),
    (gathering.summed, Total(times(y, dx)), chain(yT, dx)),
    (gathering.summed, Total(times(X, dX)), Trace(chain(Transpose(X), dX))),
    (gathering.summed, Total(dx), chain(Ones((ONE, n)), dx)),
    (gathering.summed, Total(dX), chain(Ones((ONE, m)), dX, ones)),
    (gathering.summed, Total(Diag(dA)), Trace(dA)),
    (gathering.summed, Total(ones), Size(n)),
    (gathering.trace_of_hadamard, Trace(chain(B, times(C, dA))), Trace(chain(times(B, Transpose(C)), dA))),
    (gathering.trace_of_hadamard, Trace(times(C, dA)), Trace(chain(Diag(Diag(C)), dA))),
    (gathering.inner_of_hadamard, chain(xT, times(y, chain(A, dx))), chain(Transpose(times(x, y)), A, dx)),
    (gathering.inner_of_hadamard, chain(times(yT, dxT), x), chain(Transpose(times(y, x)), dx)),
    (gathering.diagonals, chain(Diag(dx), y), times(y, dx)),
    (gathering.diagonals, Trace(chain(B, Diag(dx))), chain(Transpose(Diag(B)), dx)),
    (gathering.diagonals, Trace(Diag(dx)), Total(dx)),
    (gathering.diagonals, chain(xT, Diag(dA)), Trace(chain(Diag(x), dA))),
    (gathering.diagonals, Diag(chain(A, dx, yT)), times(chain(A, dx), y)),
    (gathering.diagonals, times(B, Diag(dx)), Diag(times(Diag(B), dx))),
    (gathering.diagonals, Diag(Diag(dx)), dx),
    (gathering.diagonals, Diag(chain(A, Diag(dx), B)), chain(times(A, Transpose(B)), dx)),
    (gathering.diagonals, Diag(chain(A, Diag(dx))), times(Diag(A), dx)),
    (gathering.inner_of_vec, chain(Transpose(Vec(B)), Vec(dA)), Trace(chain(Transpose(B), dA))),
    (gathering.trace_of_kronecker, Trace(Kron(dA, B)), times(Trace(B), Trace(dA))),
    (turning.turned_trace, Trace(chain(dAT, B)), Trace(chain(Transpose(B), dA))),
    (turning.turned_scalar, chain(dxT, A, y), chain(yT, Transpose(A), dx)),
    (turning.turned_scalar, chain(xT, A, dx), None),
    (turning.cyclic, Trace(chain(B, dA, C)), Trace(chain(C, B, dA))),
    (turning.cyclic, chain(xT, dA, y), Trace(chain(y, xT, dA))),
    (turning.cyclic, Trace(chain(A, dx, yT)), chain(yT, A, dx)),
    (turning.scalar_anywhere, times(chain(yT, dx), x), chain(x, yT, dx)),
    (turning.scalar_anywhere, chain(A, x, dxT, y), chain(A, x, yT, dx)),
    (gathering.hadamard_as_diagonal, times(y, chain(A, dx)), chain(Diag(y), A, dx)),
    (gathering.hadamard_as_diagonal, times(B, chain(dx, yT)), chain(Diag(dx), B, Diag(y))),
    (
        turning.collected,
        Plus((chain(xT, dx), times(c, chain(yT, A, dx)))),
        chain(Plus((xT, times(c, chain(yT, A)))), dx),
    ),
    (turning.collected, Plus((Trace(dA), Trace(chain(B, dA)))), Trace(chain(Plus((Eye(n), B)), dA))),
    (turning.collected, Plus((times(dt, x), times(t, y, dt))), times(Plus((x, times(t, y))), dt)),
    (turning.collected, Plus((chain(xT, dx), chain(dxT, x))), None),
]
"""`None` where the rule must leave the expression alone."""


@pytest.mark.parametrize(("rule", "before", "after"), TABLE, ids=lambda one: getattr(one, "name", ""))
def test_rewrites(rule: Rule, before: Expr, after: Expr | None) -> None:
    assert rule(before) == after


TRUE = [(rule, before, after) for rule, before, after in TABLE if after is not None]


@pytest.mark.parametrize(("rule", "before", "after"), TRUE, ids=lambda one: getattr(one, "name", ""))
def test_is_true(rule: Rule, before: Expr, after: Expr) -> None:
    assert check_equal(before, after).status in ("exact", "numeric")


def test_each_rule_has_a_row() -> None:
    assert {*differentials.DIFFERENTIALS, *turning.TURNING} == {rule for rule, _, _ in TABLE}


def test_b_is_not_what_moves() -> None:
    assert gathering.moves(chain(b, dxT)) and not gathering.moves(chain(b, xT))
