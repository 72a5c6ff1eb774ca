"""Is the solution of a linear equation the only one?"""

from __future__ import annotations

import pytest

from derivgen.derivation import Equation
from derivgen.expr.nodes import (
    ONE,
    ZERO_NUMBER,
    Apply,
    Dim,
    Expr,
    Function,
    Inverse,
    MatMul,
    Matrix,
    Power,
    Product,
    Symbol,
    Zeros,
    number,
)
from derivgen.verify.bench import Bench
from derivgen.verify.linear import only_solution

n = Dim(1, ("n",))
x, b = Symbol("x", (n, ONE)), Symbol("b", (n, ONE))
A = Symbol("A", (n, n), frozenset({"invertible"}))
w, a = Symbol("w"), Symbol("a", assumptions=frozenset({"nonzero"}))
two = Dim(2)
p = Symbol("p", (two, ONE))
singular = Matrix(tuple(map(number, (1, 2, 2, 4))), (two, two))

# unknown, equation, solution, verdict
TABLE: list[tuple[Symbol, Equation, Expr, str]] = [
    (x, Equation(MatMul((A, x)), b), MatMul((Inverse(A), b)), "numeric"),
    (w, Equation(Product((a, w)), number(3)), Product((number(3), Power(a, number(-1)))), "numeric"),
    (p, Equation(MatMul((singular, p)), Zeros((two, ONE))), Zeros((two, ONE)), "wrong"),
    (w, Equation(Power(w, number(2)), ZERO_NUMBER), ZERO_NUMBER, "unchecked"),
    (x, Equation(Apply(Function("exp"), (x,)), b), b, "unchecked"),
]


@pytest.mark.parametrize(("unknown", "equation", "solution", "status"), TABLE)
def test_only_solution(unknown: Symbol, equation: Equation, solution: Expr, status: str) -> None:
    bench = Bench((equation.left, equation.right, solution))
    assert only_solution(unknown, (equation,), ((solution,),), bench).status == status


def test_two_solutions_of_a_linear_equation() -> None:
    bench = Bench((x, b))
    assert only_solution(x, (Equation(x, b),), ((b,), (x,)), bench).status == "wrong"
