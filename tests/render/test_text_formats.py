"""Derivations in the terminal and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

from derivgen.expr.nodes import SCALAR, Product, Sum
from derivgen.expr.text import text
from derivgen.render.json import derivation_json
from derivgen.render.terminal import derivation_text
from tests.render.samples import A_kj, FakeClaim, j, quadratic_form, report_for, x_j

TERMINAL = """\
        f = Σ_i Σ_j x_i A_ij x_j                        write out the entries
  ∂f/∂x_k = Σ_i Σ_j ∂/∂x_k (x_i A_ij x_j)               sum rule
          = Σ_i Σ_j (δ_ik A_ij x_j + x_i A_ij δ_jk)     product rule, ∂x_i/∂x_k = δ_ik
          = Σ_j A_kj x_j + Σ_i x_i A_ik                 a delta keeps one term of its sum
          = (A x)_k + (Aᵀ x)_k                          rows times columns
          = ((A + Aᵀ) x)_k                              common factor
    ∂f/∂x = (A + A.T) @ x                               n x 1, denominator layout
"""


def test_terminal() -> None:
    assert derivation_text(quadratic_form()) + "\n" == TERMINAL


def test_terminal_says_what_was_checked() -> None:
    derivation = quadratic_form()
    shown = derivation_text(derivation, report_for(derivation), FakeClaim("holds", "claim holds")).split("\n")
    assert shown[-2].startswith("Checked: each of the 7 lines exactly at 3 points; the result against central")
    assert shown[-1] == "claim holds"


def test_narrow_terminal() -> None:
    shown = derivation_text(quadratic_form(), columns=60).split("\n")
    assert max(len(line.split("  ")[-1]) for line in shown) < 60


def test_json_follows_the_contract() -> None:
    derivation = quadratic_form()
    found = json.loads(
        json.dumps(derivation_json(derivation, report_for(derivation), FakeClaim("holds", "claim holds")))
    )
    assert found["version"] == 1 and found["layout"] == "denominator" and found["verified"] is True
    assert found["expression"]["text"] == "x.T @ A @ x"
    assert len(found["steps"]) == 6
    assert found["steps"][1]["verified"] == {"status": "exact", "points": 3, "error": 0.0}
    assert found["steps"][2]["rule"] == "product rule"
    assert found["result"] == {
        "text": text(derivation.result),
        "latex": r"(\mathbf{A} + \mathbf{A}^{\mathsf T})\,\mathbf{x}",
        "numpy": "(A + A.T) @ x",
        "shape": ["n", "1"],
        "form": "matrix",
    }
    assert found["claim"] == {"status": "holds", "message": "claim holds"}


def test_json_of_an_index_form() -> None:
    entries = Sum(j, Product((A_kj, x_j)))
    found = derivation_json(replace(quadratic_form(), form="index", result=entries, shape=SCALAR, reason="three edges"))
    assert found["result"]["shape"] == ["n"] and found["result"]["reason"] == "three edges"
    assert found["steps"][0]["verified"]["status"] == "unchecked" and found["verified"] is False
