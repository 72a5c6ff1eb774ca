"""Identities and their counterexamples: textbook ones, and none that is wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from derivgen.derivation import Define, Derivation, Statement
from derivgen.errors import ProblemError
from derivgen.expr.build import product
from derivgen.expr.nodes import Matrix, Number, number
from derivgen.render.terminal import derivation_text
from derivgen.verify.checks import check_derivation

from .solving import made_wrong, parts_of, solved

SYMBOLS = """
  A: matrix(n, n)
  B: matrix(n, n)
  C: matrix(m, n)
  D: matrix(n, p)
  S: matrix(n, n) symmetric
  x: vector(n)
  y: vector(n)
  z: vector(m)
  c: scalar
  G: matrix(p, q)
"""

TRUE = [
    ("(C @ D).T", "D.T @ C.T"),
    ("(A + B) @ D", "A @ D + B @ D"),
    ("(A + B) @ (A - B)", "A @ A - A @ B + B @ A - B @ B"),
    ("tr(A @ B)", "tr(B @ A)"),
    ("tr(A.T)", "tr(A)"),
    ("z.T @ C @ x", "x.T @ C.T @ z"),
    ("(c * A).T", "c * A.T"),
    ("c * (A + B)", "c * A + c * B"),
    ("x.T @ y", "sum(x * y)"),
    ("(C @ D) @ G", "C @ (D @ G)"),
    ("A @ (A @ (A @ B))", "((A @ A) @ A) @ B"),
    ("(A + B) + A", "A + (B + A)"),
    ("x @ (x.T @ y)", "(x @ x.T) @ y"),
    ("x.T @ A @ x", "x.T @ A.T @ x"),
    ("(x + y).T @ (x + y)", "x.T @ x + 2 * x.T @ y + y.T @ y"),
]

FALSE = [
    ("A @ B", "B @ A"),
    ("(A + B) @ (A + B)", "A @ A + 2 * A @ B + B @ B"),
    ("(A @ B).T", "A.T @ B.T"),
    ("x @ y.T", "y @ x.T"),
    ("A @ A.T", "A.T @ A"),
    ("x.T @ A @ y", "x.T @ A.T @ y"),
    ("A.T", "A"),
    ("c * A", "A"),
]


def given(left: str, right: str, more: str = "") -> str:
    return f"title: Show\nsymbols:{SYMBOLS}parts:\n  - show: {{left: {left!r}, right: {right!r}}}\n{more}"


def derived(folder: Path, left: str, right: str) -> Derivation:
    answer = solved(folder, given(left, right))
    assert answer.derivation is not None, answer.refusal
    assert answer.report is not None and answer.report.verified
    return answer.derivation


@pytest.mark.parametrize(("left", "right"), TRUE, ids=[row[0] for row in TRUE])
def test_holds(tmp_path: Path, left: str, right: str) -> None:
    assert derived(tmp_path, left, right).verdict == "holds"


@pytest.mark.parametrize(("left", "right"), FALSE, ids=[row[0] for row in FALSE])
def test_fails(tmp_path: Path, left: str, right: str) -> None:
    """NumPy finds the two sides different for the very matrices that the derivation gives."""
    found = derived(tmp_path, left, right)
    assert found.verdict == "fails"
    values = {}
    for step in found.steps:
        if isinstance(step, Define):
            match step.meaning:
                case Matrix(entries, (rows, columns)):
                    numbers = [float(one.value) for one in entries if isinstance(one, Number)]
                    values[step.symbol.name.partition("#")[0]] = np.array(numbers).reshape(rows.number, columns.number)
                case Number(value):
                    values[step.symbol.name.partition("#")[0]] = np.array(float(value))
    assert not np.array_equal(eval(left, dict(values)), eval(right, dict(values)))


@pytest.mark.parametrize(("left", "right"), [TRUE[0], FALSE[0], FALSE[1]])
def test_a_line_made_wrong_is_found(tmp_path: Path, left: str, right: str) -> None:
    found = derived(tmp_path, left, right)
    for what, changed in made_wrong(found):
        assert check_derivation(changed).is_wrong, what


def test_a_false_identity_is_found_to_be_wrong(tmp_path: Path) -> None:
    found = derived(tmp_path, *TRUE[0])
    assert check_derivation(replace(found, result=product((number(2), found.result)))).is_wrong


def test_a_product_that_is_not_defined(tmp_path: Path) -> None:
    found = derived(tmp_path, "C @ D", "D @ C")
    assert found.verdict == "undefined"
    assert "D has p columns and C has m rows" in derivation_text(found)
    statement = found.steps[0]
    assert isinstance(statement, Statement) and statement.boxed
    fact = statement.facts[0]
    same = replace(statement, facts=(replace(fact, right=fact.left),))
    assert check_derivation(replace(found, steps=(same,))).is_wrong


def test_the_grouping_is_printed_as_it_is_written(tmp_path: Path) -> None:
    shown = derivation_text(derived(tmp_path, "(C @ D) @ G", "C @ (D @ G)"))
    assert "((C D) G)_ij" in shown and "(C (D G))_ij" in shown
    assert "finite sums may change places, so both sides have the same entries" in shown


REFUSED = [
    ("S.T", "S", "assumed"),
    ("exp(c) * exp(c)", "exp(2 * c)", "worked out|not shown"),
    ("det(A @ B)", "det(A) * det(B)", "worked out|not shown"),
]


@pytest.mark.parametrize(("left", "right", "message"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refusals(tmp_path: Path, left: str, right: str, message: str) -> None:
    answer = solved(tmp_path, given(left, right))
    assert answer.derivation is None
    assert re.search(message, answer.refusal)


WRONG_FILES = [
    ("  - show: {left: A}\n", "has two sides"),
    ("  - show: {left: A, right: x}\n", "different shapes"),
    ("  - show: {left: A + x, right: A}\n", "A is \\(n, n\\), x is"),
    ("  - show: {left: A, right: Q}\n", "Q is not declared"),
    ("  - show: {left: A, right: B}\n    claim: A\n", "does not go with `show`"),
]


@pytest.mark.parametrize(("part", "message"), WRONG_FILES, ids=[row[1] for row in WRONG_FILES])
def test_complaints(tmp_path: Path, part: str, message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        parts_of(tmp_path, f"title: Show\nsymbols:{SYMBOLS}parts:\n{part}")
