"""Functions of vectors and matrices that nobody gave: product rules and chain rules in each layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from derivgen.build.solve import Solved, solve
from derivgen.expr.nodes import Layout
from derivgen.expr.text import text
from derivgen.render.latex import latex
from derivgen.verify.checks import check_derivation
from derivgen.verify.images import derivative

from .solving import made_wrong, parts_of

SYMBOLS = """
  x: vector(m)
  s: vector(m)
  y: vector(n)
  t: scalar
  B: matrix(n, n)
  C: matrix(n, m)
  X: matrix(n, q)
  a: function(vector(m) -> scalar)
  u: function(vector(m) -> vector(n))
  v: function(vector(m) -> vector(n))
  w: function(scalar -> vector(n))
  P: function(scalar -> matrix(n, n))
  g: function(vector(n) -> scalar)
  z: function(matrix(1, q) -> scalar)
  h: function(vector(m), vector(m) -> vector(n))
  A: function(vector(m) -> matrix(n, n))
  f: elementwise
"""

# of, by, the derivative in denominator, numerator and mixed layout: written by hand from the definition
ROWS = [
    (
        "u(x).T @ v(x)",
        "x",
        (
            "diff(u(x), x) @ v(x) + diff(v(x), x) @ u(x)",
            "v(x).T @ diff(u(x), x) + u(x).T @ diff(v(x), x)",
            "diff(u(x), x).T @ v(x) + diff(v(x), x).T @ u(x)",
        ),
    ),
    (
        "u(x).T @ B @ v(x)",
        "x",
        (
            "diff(u(x), x) @ B @ v(x) + diff(v(x), x) @ B.T @ u(x)",
            "v(x).T @ B.T @ diff(u(x), x) + u(x).T @ B @ diff(v(x), x)",
            "diff(u(x), x).T @ B @ v(x) + diff(v(x), x).T @ B.T @ u(x)",
        ),
    ),
    (
        "a(x) * u(x)",
        "x",
        (
            "diff(a(x), x) @ u(x).T + a(x)*diff(u(x), x)",
            "u(x) @ diff(a(x), x) + a(x)*diff(u(x), x)",
            "u(x) @ diff(a(x), x).T + a(x)*diff(u(x), x)",
        ),
    ),
    (
        "u(x) * v(x)",
        "x",
        (
            "diff(u(x), x) @ diag(v(x)) + diff(v(x), x) @ diag(u(x))",
            "diag(v(x)) @ diff(u(x), x) + diag(u(x)) @ diff(v(x), x)",
            "diag(v(x)) @ diff(u(x), x) + diag(u(x)) @ diff(v(x), x)",
        ),
    ),
    (
        "norm(u(x))",
        "x",
        (
            "diff(u(x), x) @ u(x) / norm(u(x))",
            "u(x).T @ diff(u(x), x) / norm(u(x))",
            "diff(u(x), x).T @ u(x) / norm(u(x))",
        ),
    ),
    (
        "f(u(x))",
        "x",
        (
            "diff(u(x), x) @ diag(D(f)(u(x)))",
            "diag(D(f)(u(x))) @ diff(u(x), x)",
            "diag(D(f)(u(x))) @ diff(u(x), x)",
        ),
    ),
    ("g(C @ x)", "x", ("C.T @ diff(g(C @ x), C @ x)", "diff(g(C @ x), C @ x) @ C", "C.T @ diff(g(C @ x), C @ x)")),
    (
        "z(y.T @ X)",
        "X",
        (
            "y @ diff(z(y.T @ X), y.T @ X)",
            "diff(z(y.T @ X), y.T @ X) @ y.T",
            "y @ diff(z(y.T @ X), y.T @ X)",
        ),
    ),
    (
        "P(t) @ w(t)",
        "t",
        (
            "(diff(P(t), t) @ w(t) + P(t) @ diff(w(t), t).T).T",
            "diff(P(t), t) @ w(t) + P(t) @ diff(w(t), t)",
            "diff(P(t), t) @ w(t) + P(t) @ diff(w(t), t)",
        ),
    ),
    (
        "h(x, 3*x)",
        "x",
        ("diff(h(x, 3*x), x) + 3*diff(h(x, 3*x), 3*x)",) * 3,
    ),
]


def _solved(folder: Path, of: str, by: str, layout: Layout, claim: str = "", extra: str = "") -> Solved:
    parts = f"  - derive: {of}\n    wrt: {by}\n    layout: {layout}\n{extra}" + (
        f"    claim: {claim}\n" if claim else ""
    )
    (part,) = parts_of(folder, f"title: T\nsymbols:{SYMBOLS}parts:\n{parts}")
    return solve(part, 1, layout)


@pytest.mark.parametrize("place", range(3), ids=[str(layout) for layout in Layout])
@pytest.mark.parametrize(("of", "by", "rules"), ROWS, ids=[row[0] for row in ROWS])
def test_the_rule_in_each_layout(tmp_path: Path, of: str, by: str, rules: tuple[str, ...], place: int) -> None:
    solved = _solved(tmp_path, of, by, list(Layout)[place], rules[place])
    assert not solved.refusal
    assert solved.report is not None and solved.report.verified
    assert solved.claim is not None and solved.claim.status == "holds"
    assert solved.derivation is not None and solved.derivation.form == "matrix"


@pytest.mark.parametrize(("of", "by"), [row[:2] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_step_that_is_not_true_is_found(tmp_path: Path, of: str, by: str) -> None:
    solved = _solved(tmp_path, of, by, Layout.DENOMINATOR)
    assert solved.derivation is not None
    changed = list(made_wrong(solved.derivation))
    assert changed
    for what, derivation in changed:
        assert check_derivation(derivation).is_wrong, what


WRONG = [
    ("u(x).T @ v(x)", "diff(u(x), x) @ u(x) + diff(v(x), x) @ v(x)"),
    ("u(x).T @ v(x)", "diff(u(x), x) @ v(x) - diff(v(x), x) @ u(x)"),
    ("u(x) * v(x)", "diff(u(x), x) @ diag(v(x))"),
    ("a(x) * u(x)", "a(x) * diff(u(x), x)"),
]


@pytest.mark.parametrize(("of", "claim"), WRONG)
def test_a_wrong_claim_is_found(tmp_path: Path, of: str, claim: str) -> None:
    solved = _solved(tmp_path, of, "x", Layout.DENOMINATOR, claim)
    assert solved.claim is not None and solved.claim.status == "wrong"


def test_a_claim_about_one_element(tmp_path: Path) -> None:
    claim = "sum(diff(u(x)[k], x[i])*v(x)[k] + u(x)[k]*diff(v(x)[k], x[i]), k)"
    solved = _solved(tmp_path, "u(x).T @ v(x)", "x", Layout.DENOMINATOR, claim)
    assert solved.claim is not None and solved.claim.status == "holds"


def test_three_axes_stay_in_index_form(tmp_path: Path) -> None:
    solved = _solved(tmp_path, "A(x) @ u(x)", "x", Layout.DENOMINATOR)
    assert solved.derivation is not None and solved.derivation.form == "index"
    assert solved.report is not None and solved.report.verified


def test_a_second_derivative_stays_in_index_form(tmp_path: Path) -> None:
    solved = _solved(tmp_path, "y.T @ u(x)", "x", Layout.DENOMINATOR, extra="    order: 2\n")
    assert solved.derivation is not None and solved.derivation.form == "index"
    assert solved.report is not None and solved.report.verified


def test_a_function_at_one_place_is_printed_by_its_letter(tmp_path: Path) -> None:
    solved = _solved(tmp_path, "u(x).T @ v(x)", "x", Layout.DENOMINATOR)
    assert solved.derivation is not None
    shown = latex(solved.derivation.result)
    assert r"\mathbf{v}(" not in shown and r"\frac{\mathrm{d} \mathbf{u}}{\mathrm{d}\mathbf{x}}" in shown
    assert latex(solved.derivation.statement).count(r"(\mathbf{x})") == 2


def test_a_function_at_two_places_keeps_its_arguments(tmp_path: Path) -> None:
    solved = _solved(tmp_path, "u(x).T @ u(2*x)", "x", Layout.DENOMINATOR)
    assert solved.derivation is not None
    assert r"\mathbf{u}(\mathbf{x})" in latex(solved.derivation.result)
    assert solved.report is not None and solved.report.verified


def test_the_method_of_differentials_has_no_law_for_it(tmp_path: Path) -> None:
    solved = _solved(tmp_path, "u(x).T @ v(x)", "x", Layout.DENOMINATOR, extra="    method: differential\n")
    assert "no law for the differential of u(x)" in solved.refusal


@pytest.mark.parametrize(
    ("of", "is_said"),
    [("x * s", True), ("f(x, s)", True), ("x.T @ s", False), ("C @ x", False), ("x * x", False)],
)
def test_it_is_said_what_does_not_depend_on_the_variable(tmp_path: Path, of: str, is_said: bool) -> None:
    solved = _solved(tmp_path, of, "x", Layout.DENOMINATOR)
    assert solved.derivation is not None and solved.report is not None and solved.report.verified
    keys = [getattr(step, "key", "") for step in solved.derivation.steps]
    assert ("independent" in keys) == is_said


def test_values_differ_from_entry_to_entry() -> None:
    found = np.asarray(derivative("u", (3, 1), (np.array([[0.3], [0.7]]),), 0, Layout.NUMERATOR))
    assert found.shape == (3, 2)
    assert len(np.unique(found.round(6))) == 6


def test_the_result_reads_back(tmp_path: Path) -> None:
    solved = _solved(tmp_path, "u(x).T @ v(x)", "x", Layout.NUMERATOR)
    assert solved.derivation is not None
    again = _solved(tmp_path, "u(x).T @ v(x)", "x", Layout.NUMERATOR, text(solved.derivation.result))
    assert again.claim is not None and again.claim.status == "holds"
