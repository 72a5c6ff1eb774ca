"""Values at points: what the lines read like, that the end is right by SymPy, and what has no value."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
import sympy

from derivgen.build.question import scope_from
from derivgen.build.solve import solve_problem
from derivgen.derivation import Conclude, Rewrite, Statement
from derivgen.derive.evaluation import rounded, value_lines
from derivgen.errors import CannotDerive
from derivgen.expr.build import ungrouped
from derivgen.expr.nodes import Number
from derivgen.expr.sympy_bridge import to_sympy
from derivgen.expr.text import text as plain_text
from derivgen.problem.expression import parse_expression
from derivgen.problem.load import load_problem
from derivgen.render.latex import latex
from derivgen.render.plain import unicode_math

SCOPE = scope_from([f"{name}: scalar" for name in "xywb"], ())

# expression, point, the lines
LINES = [
    ("2*x*y + 3*y**2 - 2", {"x": 1, "y": 2}, ["2 (1) (2) + 3 (2)² - 2", "4 + 12 - 2", "14"]),
    ("x**2 - x*y + y", {"x": -1, "y": 0}, ["(-1)² - (-1) (0) + 0", "1 - 0 + 0", "1"]),
    (
        "(y - w*x - b)**2",
        {"y": 7, "w": "3/2", "x": 3, "b": 2},
        ["(7 - (3/2) (3) - 2)²", "(7 - 9/2 - 2)²", "(1/2)²", "1/4"],
    ),
    ("y*exp(x*y)", {"x": 0, "y": 1}, ["(1) exp((0) (1))", "(1) exp(0)", "(1) (1)", "1"]),
    ("sqrt(x**2 + y**2)", {"x": 3, "y": 4}, ["sqrt((3)² + (4)²)", "sqrt(9 + 16)", "sqrt(25)", "5"]),
    ("(x + y)/w", {"x": 12, "y": 4, "w": 5}, ["(12 + 4)/5", "16/5"]),
    ("pi*w**2*y/3", {"w": 3, "y": 2}, ["(1/3) π (3)² (2)", "(1/3) π (9) (2)", "18 π/3", "6 π"]),
    ("4*exp(x)/y", {"x": 2, "y": 2}, ["4 exp(2)/2", "2 exp(2)"]),
    ("x*y - w*b", {"x": 2, "y": 2, "w": 0, "b": 0}, ["(2) (2) - (0) (0)", "4 - 0", "4"]),
    ("x - 2*y", {"x": 0, "y": 0}, ["0 - 2 (0)", "0 - 0", "0"]),
    ("exp(x) - y*w", {"x": 2, "y": 0, "w": 1}, ["exp(2) - (0) (1)", "exp(2) - 0", "exp(2)"]),
    # the square of the number waits for that of the sum
    (
        "3*(x + 1)**2 - 3*y**2",
        {"x": 1, "y": 4},
        ["3 (1 + 1)² - 3 (4)²", "3 · 2² - 3 (4)²", "12 - 48", "-36"],
    ),
    ("exp(x) + exp(x) - y + 1", {"x": 2, "y": 1}, ["exp(2) + exp(2) - 1 + 1", "exp(2) + exp(2)", "2 exp(2)"]),
]


def lines(text: str, at: dict[str, object], **options: object) -> tuple[list[str], object]:
    expr = parse_expression(text, SCOPE)
    point = {SCOPE.symbols[name]: Number(Fraction(str(value))) for name, value in at.items()}
    steps, value = value_lines(expr, point, expr, **options)  # type: ignore[arg-type]
    return [unicode_math(step.after) for step in steps if isinstance(step, Rewrite)], value


@pytest.mark.parametrize(("text", "at", "shown"), LINES, ids=[row[0] for row in LINES])
def test_lines(text: str, at: dict[str, object], shown: list[str]) -> None:
    assert lines(text, at)[0] == shown


@pytest.mark.parametrize(("text", "at", "shown"), LINES, ids=[row[0] for row in LINES])
def test_value_is_that_of_sympy(text: str, at: dict[str, object], shown: list[str]) -> None:
    _, value = lines(text, at)
    formula = to_sympy(parse_expression(text, SCOPE))
    expected = formula.subs({symbol: sympy.Rational(str(at[symbol.name])) for symbol in formula.free_symbols})
    assert sympy.simplify(to_sympy(value) - expected) == 0  # type: ignore[arg-type]


# digits, rounded at the end, rounded line by line
ROUNDED = [
    ("1/(1 + exp(-x))", {"x": 2}, 4, "8808/10000", "8808/10000"),
    ("sqrt(x)", {"x": 320}, 2, "1789/100", "1789/100"),
    # 1.414 * 1.732 = 2.449 049, but sqrt(6) = 2.449 49
    ("sqrt(x)*sqrt(y)*1000", {"x": 2, "y": 3}, 3, "2449490/1000", "2449048/1000"),
]


@pytest.mark.parametrize(("text", "at", "digits", "end", "staged"), ROUNDED, ids=[row[0] for row in ROUNDED])
def test_rounding(text: str, at: dict[str, object], digits: int, end: str, staged: str) -> None:
    assert lines(text, at, digits=digits)[1] == Number(Fraction(end))
    assert lines(text, at, digits=digits, staged=True)[1] == Number(Fraction(staged))


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [("1/2", 3, "0.500"), ("2", 2, "2.00"), ("-0.1", 1, "-0.1"), ("2/3", 4, "0.6667"), ("1/8", 14, "0.12500000000000")],
)
def test_a_rounded_number_shows_all_its_decimals(value: str, places: int, shown: str) -> None:
    near = rounded(Number(Fraction(value)), places)
    assert near is not None
    assert (unicode_math(near), latex(near), plain_text(near)) == (shown, shown, shown)
    assert near == Number(Fraction(shown))


STAGED = [
    ("evaluate: exp(-x)*y; at: {x: 0.5, y: 2}; digits: 3", "1.213"),
    ("evaluate: sqrt(x)*sqrt(y)*1000; at: {x: 2, y: 3}; digits: 3", "2449.490"),
    ("gradient: exp(-x)*y; wrt: [x, y]; at: {x: 0.5, y: 2}; digits: 3", "[-1.213, 0.607]"),
    ("evaluate: sqrt(x)*y; at: {x: 2, y: 3}; digits: 2", "4.24"),
]


@pytest.mark.parametrize(("fields", "result"), STAGED, ids=[row[0] for row in STAGED])
def test_the_box_is_the_exact_value_rounded(tmp_path: Path, fields: str, result: str) -> None:
    lines = "\n    ".join(fields.split("; "))
    path = tmp_path / "problem.yaml"
    path.write_text(
        f"title: T\nsymbols: {{x: scalar, y: scalar}}\nparts:\n  - {lines}\n    rounding: staged\n", encoding="utf-8"
    )
    (found,) = solve_problem(load_problem(path), None)
    assert found.derivation is not None, found.refusal
    assert found.report is not None and found.report.verified, found.report
    assert plain_text(found.derivation.result) == result
    box = found.derivation.steps[-1]
    ends = [step for step in found.derivation.steps if isinstance(step, Rewrite)]
    said = any(isinstance(step, Statement) and step.key == "last_digit" for step in found.derivation.steps)
    assert isinstance(box, Conclude) and box.result == found.derivation.result
    assert said == (ungrouped(ends[-1].after) != box.result)


def test_a_last_digit_that_differs_is_said() -> None:
    expr = parse_expression("sqrt(x)*sqrt(y)*1000", SCOPE)
    point = {SCOPE.symbols["x"]: Number(Fraction(2)), SCOPE.symbols["y"]: Number(Fraction(3))}
    steps, _ = value_lines(expr, point, expr, digits=3, staged=True)
    assert [step.key for step in steps if isinstance(step, Statement)] == ["rounded_staged", "last_digit"]


OUTSIDE = [
    ("log(x)", {"x": 0}, "the logarithm of 0 is no real number"),
    ("1/(x - 1)", {"x": 1}, "division by zero"),
    ("sqrt(x)", {"x": -4}, "the square root of -4 is no real number"),
    ("asin(x)", {"x": 2}, "the arcsine of 2 is no real number"),
    ("0*log(x)", {"x": -1}, "the logarithm of -1 is no real number"),
]


@pytest.mark.parametrize(("text", "at", "message"), OUTSIDE, ids=[row[0] for row in OUTSIDE])
def test_outside_the_domain(text: str, at: dict[str, object], message: str) -> None:
    with pytest.raises(CannotDerive, match=message):
        lines(text, at)


@pytest.mark.parametrize(
    ("value", "digits", "shown"), [("0.125", 2, "0.13"), ("-0.125", 2, "-0.13"), ("2/3", 3, "0.667")]
)
def test_ties_go_away_from_zero(value: str, digits: int, shown: str) -> None:
    assert rounded(Number(Fraction(value)), digits) == Number(Fraction(shown))
