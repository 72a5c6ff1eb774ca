"""What the quantity of a part is called: f or y, or as the author says, in every task."""

from __future__ import annotations

from pathlib import Path

import pytest

from derivgen.errors import ProblemError
from derivgen.problem import load_problem
from derivgen.render.sheet import sheet_tex, sheet_view
from derivgen.render.terminal import derivation_text
from tests.render.samples import SHEET

from .solving import solved

HEAD = """
title: Names
symbols:
  w: scalar
  b: scalar
  y1: scalar
  x: vector(n)
  A: matrix(n, n) symmetric positive_definite
define:
  u: w*b
parts:
"""

# the part, a name that its lines show
SHOWN = [
    ("gradient: (w + b)**2\n    wrt: [w, b]", "∂f/∂w"),
    ("gradient: (w + b)**2\n    wrt: [w, b]\n    name: L", "∂L/∂w"),
    ("derive: w**2\n    wrt: w\n    name: L", "L' = "),
    ("jacobian: [w*b, w]\n    wrt: [w, b]", "∂f1/∂w"),
    ("jacobian: [w*b, w]\n    wrt: [w, b]\n    name: g", "∂g2/∂w"),
    ("hessian: w**2*b\n    wrt: [w, b]\n    name: L", "∂²L/∂w²"),
    ("partials: w**2*b\n    order: 2\n    name: L", "∂²L/∂w²"),
    ("evaluate: w**2\n    at: {w: 2}\n    name: E", "E(2) = (2)²"),
    ("critical_points: w**2 + b**2\n    name: L", "∂L/∂w"),
    ("classify: w**2 + b**2\n    at: [0, 0]\n    name: L", "∂²L/∂w²"),
    ("chain: u**2\n    wrt: w\n    name: z", "dz/du"),
    ("descend: w**2 + b**2\n    start: [1, 1]\n    rate: 0.1\n    name: L", "∂L/∂w"),
    ("newton: w**2 + b**2\n    start: [1, 1]\n    name: L", "∂L/∂w"),
    ("directional: w**2 + b**2\n    at: [1, 2]\n    direction: [3, 4]\n    name: L", "∇L(1, 2)"),
    ("tangent_plane: w**2 + b**2\n    at: [1, 2]\n    name: g", "z = g(1, 2)"),
    ("expand: (w + b)**2\n    name: s", "s = w² + 2 b w + b²"),
    ("solve: x.T @ A @ x\n    wrt: x\n    name: L", "∇L = 2 A x"),
    ("derive: x.T @ A @ x\n    wrt: x\n    name: J", "J = Σ_i"),
    ("derive: A @ x\n    wrt: x\n    name: k", "k_j = Σ_l A_jl x_l"),
    ("derive: x.T @ A @ x\n    wrt: x\n    name: J\n    method: differential", "dJ = "),
    ("matrix_form: sum(A[i, j]*x[j], j)\n    name: q", "q_i = (A x)_i"),
    ("element_form: A @ x\n    name: q", "q_i = Σ_j A_ij x_j"),
]


@pytest.mark.parametrize(("part", "shown"), SHOWN, ids=[part.split("\n    wrt")[0] for part, _ in SHOWN])
def test_the_lines_show_the_name(tmp_path: Path, part: str, shown: str) -> None:
    answer = solved(tmp_path, f"{HEAD}  - {part}\n")
    assert answer.derivation is not None and answer.report is not None, answer.refusal
    assert shown in derivation_text(answer.derivation)
    assert answer.report.verified


def test_the_sheet_states_the_quantity_by_its_name(tmp_path: Path) -> None:
    answer = solved(tmp_path, f"{HEAD}  - partials: w**2*b\n    wrt: w\n    name: phi\n")
    problem = load_problem(tmp_path / "problem.yaml")
    tex = sheet_tex(sheet_view(SHEET, [(problem, [answer])]))
    assert r"\phi(w, b) = w^{2} b" in tex
    assert r"\frac{\partial \phi}{\partial w}" in tex


def test_a_vector_of_formulas_keeps_off_numbered_symbols(tmp_path: Path) -> None:
    """With y1 declared, an entry called y_1 would be taken for it."""
    answer = solved(tmp_path, f"{HEAD}  - jacobian: [y1*w, w]\n    wrt: [w]\n")
    assert answer.derivation is not None and answer.derivation.quantity is not None
    assert answer.derivation.quantity.name == "f"


REFUSED = [
    ("derive: w**2\n    wrt: w\n    name: loss", "`loss` is no letter"),
    ("derive: w**2\n    wrt: w\n    name: b", "`b` is declared as something else"),
    ("derive: w**2\n    wrt: w\n    name: n", "`n` is declared as something else"),
    ("derive: w**2\n    wrt: w\n    name: u", "`u` is declared as something else"),
    ("jacobian: [w, b]\n    wrt: [w, b]\n    name: J", "`J` has a meaning of its own with `jacobian`"),
    ("text: Nothing.\n    name: L", "`name` does not go with `text`"),
]


@pytest.mark.parametrize(("part", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_names_that_are_refused(tmp_path: Path, part: str, message: str) -> None:
    path = tmp_path / "problem.yaml"
    path.write_text(f"{HEAD}  - {part}\n", encoding="utf-8")
    with pytest.raises(ProblemError, match=message):
        load_problem(path)
