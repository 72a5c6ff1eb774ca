"""The table of derivatives against SymPy's."""

from __future__ import annotations

import pytest
import sympy

from derivgen.expr.nodes import FUNCTIONS, Apply, Function, Symbol
from derivgen.expr.sympy_bridge import to_sympy
from derivgen.rules.functions import DERIVATIVES, derivative_of

t = sympy.Symbol("t", real=True)
DEFINED = {
    "sigmoid": 1 / (1 + sympy.exp(-t)),
    "softplus": sympy.log(1 + sympy.exp(t)),
    "relu": sympy.Max(t, 0),
    "abs": sympy.Abs(t),
    "step": sympy.Heaviside(t, 0),
}
POINTS = [sympy.Rational(-7, 10), sympy.Rational(-1, 5), sympy.Rational(3, 10), sympy.Rational(9, 10)]


def defined(formula: sympy.Expr) -> sympy.Expr:
    """`formula` with the functions that SymPy lacks written by their definitions."""
    for name, body in DEFINED.items():
        formula = formula.replace(
            lambda node, name=name: node.func.__name__ == name, lambda node, body=body: body.subs(t, node.args[0])
        )
    return formula


@pytest.mark.parametrize("name", sorted(DERIVATIVES))
def test_agrees_with_sympy(name: str) -> None:
    function = to_sympy(Apply(Function(name), (Symbol("t"),)))
    ours = defined(to_sympy(derivative_of(Function(name), (Symbol("t"),), 0)))
    theirs = sympy.diff(defined(function), t)
    points = [point for point in POINTS if name not in ("log", "sqrt") or point > 0]
    for point in points:
        assert abs(complex((ours - theirs).subs(t, point).doit().evalf())) < 1e-12


def test_every_function_has_one() -> None:
    assert set(DERIVATIVES) == FUNCTIONS
