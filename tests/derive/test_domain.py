"""Where a formula can be differentiated: what is said of it, and that nothing is said where it is so everywhere."""

from __future__ import annotations

import pytest

from derivgen.build.question import scope_from
from derivgen.derive.domain import domain_of
from derivgen.expr.text import text
from derivgen.problem.expression import parse_expression

SCOPE = scope_from(["x: scalar", "y: scalar", "n: scalar integer"], ())

# formula, the conditions
DOMAINS = [
    ("log(x)", ["x > 0"]),
    ("log(2*x + 1)", ["x > -1/2"]),
    ("log(3 - x)", ["x < 3"]),
    ("log(x**2)", ["x != 0"]),
    ("log(abs(x))", ["x != 0"]),
    ("1/(x - 1)", ["x != 1"]),
    ("1/(x**2 + 1)", []),
    ("1/(1 + exp(-x))", []),
    ("sqrt(x)*log(x)", ["x > 0"]),
    ("x**x", ["x > 0"]),
    ("x**3 + x**n", []),
    ("asin(x)", ["abs(x) < 1"]),
    ("asin(x/(2 + x**2))", []),
    ("abs(x)", ["x != 0"]),
    ("y/(x*y)", ["x * y != 0"]),
    # the sign of what stands before x is not known
    ("log(relu(y)*x + 1)", ["relu(y) * x + 1 > 0", "y != 0"]),
    ("log(x*(1 - relu(5)) + 1)", ["x * (1 - relu(5)) + 1 > 0"]),
]


@pytest.mark.parametrize(("formula", "conditions"), DOMAINS, ids=[row[0] for row in DOMAINS])
def test_domain(formula: str, conditions: list[str]) -> None:
    found = domain_of(parse_expression(formula, SCOPE))
    assert [f"{text(fact.left)} {fact.relation} {text(fact.right)}" for fact in found] == conditions
