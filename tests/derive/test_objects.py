"""Gradient, Jacobian, Hessian, directional derivatives, tangent planes: equal to SymPy's, every line true."""

from __future__ import annotations

from pathlib import Path

import pytest
import sympy

from derivgen.build.solve import Solved, solve_problem
from derivgen.derivation import Conclude, Statement
from derivgen.expr.nodes import Expr, Layout, Matrix
from derivgen.expr.sympy_bridge import to_sympy
from derivgen.problem.load import load_problem
from derivgen.render.plain import unicode_math

x, y, z = sympy.symbols("x y z", real=True)

FORMULAS = [
    "x**2*y + 3*x*y**2 - 2*x + y",
    "exp(x*y) + x**2*y**3",
    "sin(y + cos(x))",
    "x**y + y**x",
    "log(x**2 + y**2)",
    "x/(x + y)",
    "sqrt(1 + x**2*y**2)",
    "x*y*exp(-x - y)",
]


def solved(tmp_path: Path, part: str, layout: Layout | None = None) -> Solved:
    file = tmp_path / "problem.yaml"
    symbols = "x: scalar positive, y: scalar positive, z: scalar"
    file.write_text(f"title: t\nsymbols: {{{symbols}}}\nparts:\n  - {part}\n", encoding="utf-8")
    (found,) = solve_problem(load_problem(file), layout)
    return found


def result(one: Solved) -> Expr:
    assert one.derivation is not None, one.refusal
    assert one.report is not None and one.report.verified, one.report
    return one.derivation.result


def matrix(expr: Expr) -> sympy.Matrix:
    assert isinstance(expr, Matrix)
    rows, columns = expr.shape[0].number, expr.shape[1].number
    return sympy.Matrix(rows, columns, [unsigned(entry) for entry in expr.entries])


def unsigned(expr: Expr) -> sympy.Expr:
    """SymPy's formula in x, y, z, whatever was declared of them."""
    found = to_sympy(expr)
    return found.subs({symbol: {"x": x, "y": y, "z": z}[symbol.name] for symbol in found.free_symbols})


def near(left: sympy.Matrix, right: sympy.Matrix) -> bool:
    at = {x: sympy.Rational(7, 5), y: sympy.Rational(3, 4), z: sympy.Rational(1, 3)}
    gaps = [sympy.N((a - b).subs(at), 30) for a, b in zip(left, right, strict=True)]
    return left.shape == right.shape and all(abs(gap) < 1e-20 for gap in gaps)


@pytest.mark.parametrize("formula", FORMULAS)
def test_gradient(tmp_path: Path, formula: str) -> None:
    expected = sympy.Matrix([sympy.sympify(formula, {"x": x, "y": y}).diff(one) for one in (x, y)])
    assert near(matrix(result(solved(tmp_path, f"gradient: {formula}\n    wrt: [x, y]"))), expected)


def test_a_gradient_is_a_row_in_numerator_layout(tmp_path: Path) -> None:
    found = matrix(result(solved(tmp_path, "gradient: x*y**2\n    wrt: [x, y]", Layout.NUMERATOR)))
    assert found == sympy.Matrix([[y**2, 2 * x * y]])


@pytest.mark.parametrize("formula", FORMULAS)
def test_hessian(tmp_path: Path, formula: str) -> None:
    expected = sympy.hessian(sympy.sympify(formula, {"x": x, "y": y}), (x, y))
    assert near(matrix(result(solved(tmp_path, f"hessian: {formula}\n    wrt: [x, y]"))), expected)


@pytest.mark.parametrize("formula", FORMULAS)
def test_mixed_derivatives_in_both_orders(tmp_path: Path, formula: str) -> None:
    expected = sympy.sympify(formula, {"x": x, "y": y}).diff(x).diff(y)
    for order in ("[x, y]", "[y, x]"):
        found = unsigned(result(solved(tmp_path, f"derive: {formula}\n    wrt: {order}")))
        assert near(sympy.Matrix([found]), sympy.Matrix([expected]))


@pytest.mark.parametrize(
    ("layout", "turned"), [(Layout.NUMERATOR, False), (Layout.MIXED, False), (Layout.DENOMINATOR, True)]
)
def test_jacobian_by_layout(tmp_path: Path, layout: Layout, turned: bool) -> None:
    rows = [x**2 + y, x * y, x + 2 * y**2]
    expected = sympy.Matrix(rows).jacobian([x, y])
    found = matrix(result(solved(tmp_path, "jacobian: [x**2 + y, x*y, x + 2*y**2]\n    wrt: [x, y]", layout)))
    assert near(found, expected.T if turned else expected)


def test_clairaut_is_said_with_its_hypothesis(tmp_path: Path) -> None:
    found = solved(tmp_path, "partials: x**3*y**2\n    order: 2")
    assert found.derivation is not None
    assert [step.key for step in found.derivation.steps if isinstance(step, Statement)] == ["clairaut"]


# part, what SymPy says it is
AT_POINTS = [
    ("directional: x**2*y\n    at: [1, 2]\n    wrt: [x, y]\n    direction: [3, 4]", sympy.Rational(16, 5)),
    ("directional: x*y + z\n    at: [1, 2, 3]\n    direction: [1, 1, 1]", 4 / sympy.sqrt(3)),
    ("tangent_plane: x**2 + x*y\n    at: [1, 2]", 4 * x + y - 3),
    ("derive: x**3\n    wrt: x\n    at: {x: 2}", sympy.Integer(12)),
    ("derive: x**4\n    wrt: x\n    order: 2\n    at: {x: 2}", sympy.Integer(48)),
]


@pytest.mark.parametrize(("part", "expected"), AT_POINTS, ids=[row[0].split("\n")[0] for row in AT_POINTS])
def test_at_a_point(tmp_path: Path, part: str, expected: sympy.Expr) -> None:
    assert sympy.simplify(unsigned(result(solved(tmp_path, part))) - expected) == 0


# part, why it is refused
REFUSED = [
    ("derive: log(x - 1)\n    wrt: x\n    at: {x: 1}", "division by zero"),
    ("evaluate: log(x - 1)\n    at: {x: 1}", "the logarithm of 0 is no real number"),
    ("directional: x**2 + y**2\n    at: [0, 0]\n    direction: steepest descent", "the gradient vanishes there"),
    ("directional: x*y\n    at: [1, 1]\n    direction: [0, 0]", "the direction is zero"),
    ("derive: x**2\n    wrt: x\n    form: simple", "there is no form `simple`"),
    ("derive: x**2\n    wrt: x\n    form: in terms of sigmoid(x)", "no form of 2 * x in terms of sigmoid(x) was found"),
]


@pytest.mark.parametrize(("part", "reason"), REFUSED, ids=[row[0].split("\n")[0] for row in REFUSED])
def test_refused_with_the_reason(tmp_path: Path, part: str, reason: str) -> None:
    assert reason in solved(tmp_path, part).refusal


# part, its result: several variables where the formula has one, forms that are asked for
NAMED = [
    ("partials: x**2\n    wrt: [x, y]", sympy.Matrix([2 * x, 0])),
    ("derive: x**3\n    wrt: [x, y]", sympy.Integer(0)),
    ("gradient: tan(x)\n    wrt: [x, y]", sympy.Matrix([1 + sympy.tan(x) ** 2, 0])),
]


@pytest.mark.parametrize(("part", "expected"), NAMED, ids=[row[0].split("\n")[0] for row in NAMED])
def test_variables_that_the_formula_does_not_have(tmp_path: Path, part: str, expected: sympy.Expr) -> None:
    found = result(solved(tmp_path, part))
    assert (matrix(found) if isinstance(found, Matrix) else unsigned(found)) == expected


def test_the_entries_of_a_gradient_have_the_form_asked_for(tmp_path: Path) -> None:
    found = result(solved(tmp_path, "gradient: x*y**2 + x**2*y\n    wrt: [x, y]\n    form: factored"))
    assert isinstance(found, Matrix)
    assert [type(entry).__name__ for entry in found.entries] == ["Product", "Product"]


HESSIANS = [
    "{hessian: x**2*y + y**3, wrt: [x, y]}",
    "{classify: x**2 + x*y + y**2 - 3*x - 3*y, wrt: [x, y]}",
    "{newton: x**2 + x*y + 2*y**2, wrt: [x, y], start: [1, 1]}",
]


@pytest.mark.parametrize("part", HESSIANS)
def test_the_hessian_is_printed_in_one_way(tmp_path: Path, part: str) -> None:
    """In the row of x and the column of y stands d2f/dx dy, x first."""
    one = solved(tmp_path, part)
    assert one.derivation is not None, one.refusal
    ends = [line.after for line in one.derivation.lines]
    array = next(end for end in ends if isinstance(end, Matrix) and len(end.entries) == 4)
    assert unicode_math(array) == "[[∂²f/∂x², ∂²f/∂x ∂y], [∂²f/∂y ∂x, ∂²f/∂y²]]"


def test_a_constant_hessian_has_one_box(tmp_path: Path) -> None:
    one = solved(tmp_path, "{hessian: x**2 + x*y + y**2, wrt: [x, y], at: [1, 2]}")
    assert unicode_math(result(one)) == "[[2, 1], [1, 2]]"
    assert one.derivation is not None
    boxes = [step for step in one.derivation.steps if isinstance(step, Conclude)]
    assert [unicode_math(box.heading) for box in boxes] == ["H(1, 2)"]
