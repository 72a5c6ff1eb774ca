"""Critical points and their kinds: against solutions found another way, and refused where there is nothing to show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from textwrap import indent

import numpy as np
import pytest

from derivgen.build.solve import Solved, solve
from derivgen.derivation import Rewrite, Solutions, Solve, Statement
from derivgen.expr.nodes import Layout, number
from derivgen.expr.text import text
from derivgen.problem.load import load_problem
from derivgen.render.terminal import derivation_text
from derivgen.verify.checks import check_derivation

SYMBOLS = "symbols: {x: scalar, y: scalar, z: scalar, w: scalar, p: scalar positive, a: 2, c: scalar}\n"


def solved(folder: Path, written: str) -> Solved:
    """The first part of a problem whose part has the fields `written`."""
    file = folder / "problem.yaml"
    file.write_text(f"title: T\n{SYMBOLS}parts:\n  -\n{indent(written, '    ')}\n", encoding="utf-8")
    return solve(load_problem(file).parts[0], 1, Layout.DENOMINATOR)


def points(found: Solved) -> str:
    assert found.derivation is not None and found.report is not None, found.refusal
    assert found.report.verified, found.report
    return text(found.derivation.result)


# what, its critical points in ascending order (by hand, or by another program)
POINTS = [
    ("x**2 - x*y + y**2 + 2*x - y", "[[-1, 0]]"),
    ("x**2 + y**2 - 2*x - 4*y + 5", "[[1, 2]]"),
    ("x**2 + x*y + 2*y**2", "[[0, 0]]"),
    ("x**3 + y**3 - 3*x*y", "[[0, 0], [1, 1]]"),
    ("x**4 + y**4 - 4*x*y", "[[-1, -1], [0, 0], [1, 1]]"),
    ("x**4 + y**4", "[[0, 0]]"),
    ("x**2 - y**2", "[[0, 0]]"),
    ("x**3 - 3*x*y**2", "[[0, 0]]"),
    ("x*y*(1 - x - y)", "[[0, 0], [0, 1], [1/3, 1/3], [1, 0]]"),
    ("(x**2 + y**2)*exp(-x)", "[[0, 0], [2, 0]]"),
    ("x**2*y - x**2 - y**2", "[[-sqrt(2), 1], [0, 0], [sqrt(2), 1]]"),
    ("x*(x**2 + y**2 - 1)", "[[-sqrt(3) / 3, 0], [0, -1], [0, 1], [sqrt(3) / 3, 0]]"),
    ("x**3 + 3*x*y**2 - 15*x - 12*y", "[[-2, -1], [-1, -2], [1, 2], [2, 1]]"),
    ("x*y + 8/x + 1/y", "[[4, 1/2]]"),
    ("x**4 + y**4 - 2*x**2 + 4*x*y - 2*y**2", "[[-sqrt(2), sqrt(2)], [0, 0], [sqrt(2), -sqrt(2)]]"),
    ("(x**2 + y**2)**2", "[[0, 0]]"),
    ("(1 - x)**2 + 100*(y - x**2)**2", "[[1, 1]]"),
    ("(x**2 - 1)**2 + (x**2*y - x - 1)**2", "[[-1, 0], [1, 2]]"),
    ("x*y*exp(-(x**2 + y**2)/2)", "[[-1, -1], [-1, 1], [0, 0], [1, -1], [1, 1]]"),
    ("x*exp(y) - exp(x)", "[[0, 0]]"),
    ("log(1 + x**2 + y**2)", "[[0, 0]]"),
    ("x**2 + y**2 + z**2 + x*y*z", "[[-2, -2, -2], [-2, 2, 2], [0, 0, 0], [2, -2, 2], [2, 2, -2]]"),
    ("x**2 + y**2 + z**2 - x*y + 2*z - x", "[[2/3, 1/3, -1]]"),
    ("a*x**2 - x*y + a*y**2 - 3*x", "[[4/5, 1/5]]"),
    ("x**3 - 3*x", "[-1, 1]"),
    ("x**4 + x**3", "[-3/4, 0]"),
    ("x*exp(-x)", "[1]"),
    ("log(x) - x", "[1]"),
    ("x*log(x)", "[exp(-1)]"),
    ("exp(x) - 2*x", "[log(2)]"),
    ("sqrt(x) - x", "[1/4]"),
    ("x/(1 + x**2)", "[-1, 1]"),
    ("x**3 - x**2 - 3*x", "[1/3 - sqrt(10) / 3, 1/3 + sqrt(10) / 3]"),
    ("p**3 - 3*p", "[1]"),
]


@pytest.mark.parametrize(("written", "expected"), POINTS, ids=[row[0] for row in POINTS])
def test_finds_all_points(written: str, expected: str, tmp_path: Path) -> None:
    assert points(solved(tmp_path, f"critical_points: {written}")) == expected


# what, a part of the reason
REFUSED = [
    ("(x - y)**2", "not isolated: f is stationary at every point with x - y = 0"),
    ("(x**2 + y**2 - 1)**2", "every point with x**2 + y**2 - 1 = 0"),
    ("x*y*z", "not isolated"),
    ("x + y**2", "no critical point: its derivative by x is 1"),
    ("x**2*y + 4*x", "its derivatives are not zero together: they lead to 4 = 0, which never holds"),
    ("(4 + 2*x*y + 2*x**2*y**2 + 4*y**4)**2", "no elimination"),
    ("exp(x)", "no critical point: its derivative by x is exp(x)"),
    ("x**3 + x", "its derivative by x is 3 * x**2 + 1, which is never zero"),
    ("log(x)", "no critical point"),
    ("sqrt(x**2 + y**2)", "it has no value or no derivative"),
    ("sin(x)", "repeats itself"),
    ("abs(x)", "kinks"),
    ("x**4 - 3*x**3 + x + 1", "no exact form"),
    ("c*x**2", "c has no value"),
    ("x**2 + sigmoid(x)", "no law"),
]


@pytest.mark.parametrize(("written", "reason"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refuses(written: str, reason: str, tmp_path: Path) -> None:
    wrt = "\nwrt: x" if "c*" in written else ""
    assert reason in solved(tmp_path, f"critical_points: {written}{wrt}").refusal


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("number", range(4))
def test_linear_systems(size: int, number: int, tmp_path: Path) -> None:
    """1/2 x'Ax + b'x is stationary where Ax = -b, and of the kind that the eigenvalues of A say."""
    source = np.random.default_rng(10 * size + number)
    names = "xyzw"[:size]
    half = source.integers(-3, 4, size=(size, size))
    A = half + half.T + 2 * np.diag(source.integers(1, 4, size=size))
    b = source.integers(-4, 5, size=size)
    terms = [f"{A[i, j]}*{names[i]}*{names[j]}/2" for i in range(size) for j in range(size)]
    terms += [f"{b[i]}*{names[i]}" for i in range(size)]
    assert abs(np.linalg.det(A)) > 0.5, "these seeds draw no singular matrix"
    found = solved(tmp_path, f"classify: {' + '.join(terms)}\nwrt: [{', '.join(names)}]")
    assert found.derivation is not None and found.report is not None and found.report.verified
    shown = points(found).strip("[]").split(", ")
    values = [float(np.divide(*map(float, (*one.split("/"), "1")[:2]))) for one in shown]
    assert np.allclose(values, np.linalg.solve(A, -b))
    eigenvalues = np.linalg.eigvalsh(A)
    word = "minimum" if min(eigenvalues) > 0 else "maximum" if max(eigenvalues) < 0 else "saddle"
    assert found.derivation.verdict == word


# what, where (empty: everywhere), the kinds
KINDS = [
    ("x**2 - x*y + y**2 + 2*x - y", "", "minimum"),
    ("x**2 + y**2 - 2*x - 4*y + 5", "[1, 2]", "minimum"),
    ("x**2 + x*y + 2*y**2", "[1, 2]", "none"),
    ("x**2 + x*y + 2*y**2", "[0, 0]", "minimum"),
    ("x**3 + y**3 - 3*x*y", "", "saddle, minimum"),
    ("x**4 + y**4", "", "undecided"),
    ("x**2 + y**4", "", "undecided"),
    ("x**3 - 3*x*y**2", "", "undecided"),
    ("x**2 - y**2", "", "saddle"),
    ("x**2*y - x**2 - y**2", "", "saddle, maximum, saddle"),
    ("x*y*(1 - x - y)", "", "saddle, saddle, maximum, saddle"),
    ("3*x**2 + 2*x*y + y**2", "", "minimum"),
    ("-x**2 - y**2 - z**2 + x*y", "", "maximum"),
    ("x**2 + y**2 + z**2 + 4*x*y", "", "saddle"),
    ("x**2 + y**2 + z**4 - x*y", "", "undecided"),
    ("x**2 - y**2 + z**4 - x*y", "", "saddle"),
    ("x**2 + y**2 - 2*z**2", "", "saddle"),
    ("x**2 + y**2 + z**4", "", "undecided"),
    ("x**3 - 3*x", "", "maximum, minimum"),
    ("x**3", "0", "undecided"),
    ("x**2", "3", "none"),
    # eigenvalues of which one is ten thousand million times the other
    ("x*y + 5*x + 3 + 2*x**2*y**4", "", "saddle, minimum"),
]


@pytest.mark.parametrize(("written", "at", "expected"), KINDS, ids=[f"{row[0]} {row[1]}" for row in KINDS])
def test_kinds(written: str, at: str, expected: str, tmp_path: Path) -> None:
    found = solved(tmp_path, f"classify: {written}" + (f"\nat: {at}" if at else ""))
    points(found)
    assert found.derivation is not None and found.derivation.verdict == expected


# the task, a claim, what is said of it
CLAIMS = [
    ("critical_points: x**3 + y**3 - 3*x*y", "[[1, 1], [0, 0]]", "claim holds"),
    ("critical_points: x**3 + y**3 - 3*x*y", "[0, 0]", "claim is wrong: (1, 1) is missing"),
    (
        "critical_points: x**3 + y**3 - 3*x*y",
        "[[0, 0], [1, 1], [2, 0]]",
        "claim is wrong: (2, 0) is no critical point: the gradient there is (12, -6)",
    ),
    ("critical_points: x**3 + y**3 - 3*x*y", "[0, 1, 1]", "claim is wrong: a point has 2 coordinates"),
    ("critical_points: x**2*y - x**2 - y**2", "[[0, 0], [sqrt(2), 1], [-sqrt(2), 1]]", "claim holds"),
    (
        "critical_points: x**2*y - x**2 - y**2",
        "[[0, 0], [1.41, 1], [-1.41, 1]]",
        "claim holds, rounded to 2 digits",
    ),
    ("critical_points: x**3 - 3*x", "[1, -1]", "claim holds"),
    ("critical_points: x**2 - x", "1/2", "claim holds"),
    ("critical_points: x**2 - x", "1", "claim is wrong: 1 is no critical point: the gradient there is 1"),
    ("classify: x**3 + y**3 - 3*x*y", "saddle, minimum", "claim holds"),
    (
        "classify: x**3 + y**3 - 3*x*y",
        "minimum",
        "claim is wrong: there are 2 critical points, (0, 0), (1, 1), and it names 1 kinds",
    ),
    ("classify: x**2 - y**2", "minimum", "claim is wrong: (0, 0) is a saddle"),
    ("classify: x**4 + y**4", "minimum", "claim is wrong: (0, 0) is not decided by the second derivatives"),
    (
        "classify: x**2 + x*y + 2*y**2\nat: [1, 2]",
        "minimum",
        "claim is wrong: (1, 2) is no critical point, the gradient there is (4, 9)",
    ),
]


@pytest.mark.parametrize(("written", "claim", "message"), CLAIMS, ids=[f"{row[0]} {row[1]}" for row in CLAIMS])
def test_claims(written: str, claim: str, message: str, tmp_path: Path) -> None:
    found = solved(tmp_path, f"{written}\nclaim: {claim}")
    assert found.claim is not None and found.claim.message == message


ELIMINATION = """\
                  ∂f/∂x = 2 x - y + 2                                  partial derivative
                  ∂f/∂y = -x + 2 y - 1                                 partial derivative
          2 x - y + 2 = 0
         -x + 2 y - 1 = 0                                              critical point
  -x + 2 y - 1 = 0 ⟹ x = 2 y - 1                                       solve for the unknown
   2 x - y + 2 = 0 ⟹ 2 (2 y - 1) - y + 2 = 0                           put in
                 ⟹ 4 y - 2 - y + 2 = 0                                 multiply out
                 ⟹ 3 y = 0                                             simplify
                 ⟹ y = 0                                               solve for the unknown
                 ⟹ x = 2 y - 1 = 2 (0) - 1 = -1                        put in
(x, y) = (-1, 0)
"""


def test_elimination_as_it_is_taught(tmp_path: Path) -> None:
    found = solved(tmp_path, "critical_points: x**2 - x*y + y**2 + 2*x - y")
    assert found.derivation is not None
    shown = derivation_text(found.derivation)
    for line in ELIMINATION.splitlines():
        assert " ".join(line.split()) in " ".join(shown.split())


def test_every_line_of_solving_leads_to_points_or_ends_a_case(tmp_path: Path) -> None:
    found = solved(tmp_path, "critical_points: x**2*y - x**2 - y**2")
    assert found.derivation is not None
    steps = [step for step in found.derivation.steps if isinstance(step, Solve)]
    ends = next(step for step in found.derivation.steps if isinstance(step, Solutions))
    assert {point for step in steps for point in step.points} == set(ends.points)
    cases = [step for step in steps if step.case]
    assert [text(step.case[0].left) for step in cases] == ["x", "y"]
    assert sum(len(step.points) for step in cases) == len(ends.points)


EIGENVALUES = [
    ("x**2 + y**2 - 4*x", ["2"], "a double root counts twice"),
    ("x**2 + 2*y**2 - 4*x", ["2", "4"], "a product is zero"),
    ("x**2 + y**2 - x*y", ["1", "3"], "a product is zero"),
    ("x**2 + 2*y**2 + 2*x*y", ["3 - sqrt(5)", "3 + sqrt(5)"], "simplify"),
    ("x**2 - y**2 + 2*x*y", ["-2 * sqrt(2)", "2 * sqrt(2)"], "take roots"),
    ("-x**2 - x*y - y**2", ["-3", "-1"], "a product is zero"),
]


@pytest.mark.parametrize(("formula", "values", "law"), EIGENVALUES, ids=[row[0] for row in EIGENVALUES])
def test_eigenvalues_are_solved_for(formula: str, values: list[str], law: str, tmp_path: Path) -> None:
    found = solved(tmp_path, f"classify: {formula}")
    assert found.derivation is not None and found.report is not None and found.report.verified, found.refusal
    lines = [step for step in found.derivation.steps if isinstance(step, Solve) and step.unknowns]
    assert [text(one.right) for one in lines[-1].equations] == values
    assert lines[-1].rules[0].name == law
    assert lines[0].of[0].right == number(0)
    import sympy

    x, y = sympy.symbols("x y")
    expected = sympy.hessian(sympy.sympify(formula), (x, y)).eigenvals()
    assert {sympy.sympify(one) for one in values} == set(expected)


def test_a_wrong_eigenvalue_is_found(tmp_path: Path) -> None:
    found = solved(tmp_path, "classify: x**2 + y**2 - x*y")
    made = found.derivation
    assert made is not None
    place, line = next((n, s) for n, s in enumerate(made.steps) if isinstance(s, Solve) and s.unknowns)
    wrong = replace(line, points=((number(1),), (number(2),)))
    assert check_derivation(replace(made, steps=(*made.steps[:place], wrong, *made.steps[place + 1 :]))).is_wrong


def test_a_point_that_is_none_is_said_in_a_box(tmp_path: Path) -> None:
    found = solved(tmp_path, "classify: x**2 + x*y + 2*y**2\nat: [1, 2]")
    assert found.derivation is not None
    last = found.derivation.steps[-1]
    assert isinstance(last, Statement) and last.boxed and last.key == "not_critical"
    lines = [step for step in found.derivation.steps if isinstance(step, Rewrite)]
    assert text(lines[-1].after) == "[4, 9]"


def test_a_solution_outside_the_domain_is_left_out(tmp_path: Path) -> None:
    found = solved(tmp_path, "critical_points: log(x) - x**2/2")
    assert points(found) == "[1]"
    assert found.derivation is not None
    assert any(isinstance(step, Statement) and step.key == "outside_domain" for step in found.derivation.steps)
