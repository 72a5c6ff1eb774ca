"""Laws of multiplying out, of the chain rule through named quantities, and of solving linear equations."""

from __future__ import annotations

from fractions import Fraction

import pytest

from derivgen.derivation import Rule
from derivgen.expr.nodes import (
    ONE,
    Apply,
    Det,
    Diag,
    Dim,
    Entry,
    Expr,
    Function,
    Inverse,
    MatMul,
    Matrix,
    MatrixPower,
    Norm,
    Number,
    Partial,
    Plus,
    Power,
    Product,
    Symbol,
    Transpose,
)
from derivgen.rules import arrays, chaining, linear_equations, matrix_products, multiplying
from derivgen.verify.checks import check_equal

from .symbols import A, B, fn, minus, num, over, times, x, y, z

two, three = Dim(2), Dim(3)
a, b, c, d, s, t = (Symbol(letter) for letter in "abcdst")
M = Symbol("M", (two, two))
W = Symbol("W", (two, two), frozenset({"symmetric"}))
v = Symbol("v", (two, ONE))


def square(*entries: Expr) -> Matrix:
    side = 2 if len(entries) == 4 else 3
    return Matrix(entries, (Dim(side), Dim(side)))


def column(*entries: Expr) -> Matrix:
    return Matrix(entries, (Dim(len(entries)), ONE))


def row(*entries: Expr) -> Matrix:
    return Matrix(entries, (ONE, Dim(len(entries))))


def power(base: Expr, exponent: int) -> Power:
    return Power(base, num(exponent))


M_11, M_12, M_21, M_22 = (Entry(M, place) for place in ((1, 1), (1, 2), (2, 1), (2, 2)))
v_1, v_2 = Entry(v, (1,)), Entry(v, (2,))
numbers = square(num(2), num(1), num(1), num(3))
nine = square(*map(num, (2, 1, 0, 1, 3, 1, 0, 1, 4)))
a_b, c_d = Plus((a, b)), Plus((c, d))
Ax, By = MatMul((A, x)), MatMul((B, y))
tan_a, tan_b = fn("tan", a), fn("tan", b)
cosines = times(fn("cos", a), fn("cos", b))
sines = times(num(-1), fn("sin", a), fn("sin", b))
written = arrays.written_out({})

# rule, before, after
TABLE: list[tuple[Rule, Expr, Expr | None]] = [
    (written, M, square(M_11, M_12, M_21, M_22)),
    (written, v, column(v_1, v_2)),
    (written, A, None),
    (
        arrays.matrix_transposed,
        Transpose(Matrix((a, b, c, d, s, t), (two, three))),
        Matrix((a, d, b, s, c, t), (three, two)),
    ),
    (
        arrays.matrix_product,
        MatMul((square(a, b, c, d), column(s, t))),
        column(Plus((times(a, s), times(b, t))), Plus((times(c, s), times(d, t)))),
    ),
    (
        arrays.matrix_product,
        MatMul((row(a, b), numbers, column(s, t))),
        MatMul((row(a, b), column(Plus((times(num(2), s), t)), Plus((s, times(num(3), t)))))),
    ),
    (arrays.matrix_product, MatMul((row(a, b), column(s, t))), Plus((times(a, s), times(b, t)))),
    (arrays.matrix_product, MatMul((A, x)), None),
    (
        arrays.matrix_sum,
        Plus((column(a, b), minus(column(c, d)))),
        column(Plus((a, minus(c))), Plus((b, minus(d)))),
    ),
    (arrays.matrix_sum, Plus((A, B)), None),
    (arrays.scaled_matrix, times(c, column(a, num(2))), column(times(c, a), times(num(2), c))),
    (arrays.determinant, Det(square(a, b, c, d)), Plus((times(a, d), times(num(-1), b, c)))),
    (
        arrays.inverse_of_two,
        Inverse(numbers),
        times(
            over(Plus((times(num(2), num(3)), times(num(-1), num(1), num(1))))),
            square(num(3), num(-1), num(-1), num(2)),
        ),
    ),
    (
        arrays.inverse_by_cofactors,
        Inverse(nine),
        times(over(Det(nine)), square(*map(num, (11, -4, 1, -4, 8, -2, 1, -2, 5)))),
    ),
    (arrays.inverse_by_cofactors, Inverse(numbers), None),
    (
        multiplying.square_of_sum,
        power(Plus((times(num(2), a), num(-3))), 2),
        Plus((times(num(4), power(a, 2)), times(num(-12), a), num(9))),
    ),
    (multiplying.square_of_sum, power(Plus((a, b, c)), 2), None),
    (multiplying.power_as_product, power(a_b, 2), times(a_b, a_b)),
    (multiplying.power_as_product, power(a, 2), None),
    (matrix_products.matrix_power_as_product, MatrixPower(Plus((A, B)), num(2)), MatMul((Plus((A, B)), Plus((A, B))))),
    (matrix_products.norm_as_product, power(Norm(x), 2), MatMul((Transpose(x), x))),
    (multiplying.distribute_first, times(a_b, c_d), Plus((times(a, c_d), times(b, c_d)))),
    (multiplying.distribute_first, times(a, c_d), None),
    (
        multiplying.distribute_one,
        times(num(-2), a, Plus((a, num(3)))),
        Plus((times(num(-2), power(a, 2)), times(num(-6), a))),
    ),
    (multiplying.tidy_monomial, times(b, num(2), a, b, num(3)), times(num(6), a, power(b, 2))),
    (multiplying.tidy_monomial, power(times(num(2), a), 3), times(num(8), power(a, 3))),
    (multiplying.tidy_monomial, times(num(2), a), None),
    (multiplying.collect, Plus((times(num(2), a), b, a)), Plus((times(num(3), a), b))),
    (multiplying.collect_in_entries, Plus((times(M_12, v_1), times(M_21, v_1))), times(Plus((M_12, M_21)), v_1)),
    (multiplying.descending, Plus((a, power(a, 2), num(1))), Plus((power(a, 2), a, num(1)))),
    (multiplying.descending, Plus((fn("exp", a), a)), None),
    (multiplying.symmetric_entries, Entry(W, (2, 1)), Entry(W, (1, 2))),
    (multiplying.symmetric_entries, Entry(M, (2, 1)), None),
    (matrix_products.transpose_of_sum, Transpose(Plus((Ax, minus(y)))), Plus((Transpose(Ax), minus(Transpose(y))))),
    (matrix_products.transpose_of_product, Transpose(Ax), MatMul((Transpose(x), Transpose(A)))),
    (
        matrix_products.distribute_matrices,
        MatMul((Plus((A, minus(B))), Plus((x, y)))),
        Plus((Ax, MatMul((A, y)), minus(MatMul((B, x))), minus(By))),
    ),
    (matrix_products.distribute_matrices, Ax, None),
    (chaining.chain_rule, a_b, None),
    (chaining.jacobian_matrix, A, None),
    (chaining.partial_derivative, Partial(times(a, power(b, 2)), b), times(num(2), a, b)),
    (chaining.partial_derivative, Partial(a, b), None),
    (chaining.put_derivatives_in, a_b, None),
    (chaining.substitute_back, a_b, None),
    (chaining.tidy_terms, Plus((times(a, num(2), b), times(num(3), b, a))), times(num(5), a, b)),
    (chaining.tidy_terms, times(a, Plus((b, minus(Plus((c, minus(d))))))), times(a, Plus((b, minus(c), d)))),
    (chaining.one_plus_square_of_tangent, Plus((num(1), power(tan_a, 2))), power(fn("cos", a), -2)),
    (chaining.one_plus_square_of_tangent, Plus((num(1), power(a, 2))), None),
    (
        chaining.cosines_times_tangents,
        times(
            power(fn("cos", a), -2),
            power(Plus((num(1), times(num(-1), tan_a, tan_b))), -2),
            power(fn("cos", b), -2),
        ),
        power(Plus((cosines, sines)), -2),
    ),
    (chaining.cosine_of_sum, Plus((cosines, sines)), Apply(Function("cos"), (a_b,))),
    (linear_equations.stationary, a, None),
    (linear_equations.stacked, A, None),
    (linear_equations.divide_sides, times(num(2), a), a),
    (linear_equations.multiply_sides, Plus((times(num(1, 2), a), b)), Plus((a, times(num(2), b)))),
    (linear_equations.other_side, a_b, None),
    (linear_equations.factor_out, Plus((Ax, MatMul((B, x)))), MatMul((Plus((A, B)), x))),
    (linear_equations.by_inverse, MatMul((Inverse(A), A, x)), x),
    (linear_equations.entrywise_as_diagonal, times(x, z), MatMul((Diag(x), z))),
    (linear_equations.linear_system, A, None),
    (linear_equations.hessian_of_gradient, A, None),
    (linear_equations.quadratic_form, A, None),
]
"""`None` where the rule must leave the expression alone; those of equations keep the solutions, not the value."""

OF_EQUATIONS = (linear_equations.divide_sides, linear_equations.multiply_sides)


@pytest.mark.parametrize(("rule", "before", "after"), TABLE, ids=lambda one: getattr(one, "name", ""))
def test_rewrites(rule: Rule, before: Expr, after: Expr | None) -> None:
    assert rule(before) == after


TRUE = [row for row in TABLE if row[2] is not None and row[0] not in OF_EQUATIONS]


@pytest.mark.parametrize(("rule", "before", "after"), TRUE, ids=lambda one: getattr(one, "name", ""))
def test_is_true(rule: Rule, before: Expr, after: Expr) -> None:
    assert check_equal(before, after).status in ("exact", "numeric")


def test_numbers_stay_to_be_worked_out() -> None:
    product = arrays.matrix_product(MatMul((numbers, column(num(1), num(2)))))
    assert product == column(
        Plus((Product((num(2), num(1))), Product((num(1), num(2))))),
        Plus((Product((num(1), num(1))), Product((num(3), num(2))))),
    )


def test_values_of_symbols() -> None:
    known = arrays.written_out({"M": ((Fraction(1), Fraction(2)), (Fraction(3), Fraction(4)))})
    assert known(M) == square(*(Number(Fraction(one)) for one in (1, 2, 3, 4)))
