"""Chain rules for functions that nobody gave, in each layout."""

from __future__ import annotations

from pathlib import Path

import pytest

from derivgen.build.solve import solve
from derivgen.expr.nodes import Layout
from derivgen.expr.text import text
from derivgen.verify.checks import check_derivation

from .solving import made_wrong, parts_of

SYMBOLS = """
  x: vector(p)
  y: vector(r)
  w: vector(q)
  z: vector(n)
  t: scalar
  h: scalar
  f: scalar
  g1: scalar
  g2: scalar
  X: matrix(m, n)
"""

# functions, of, by, the rule in denominator, numerator and mixed layout
ROWS = [
    ("{h: f, f: t}", "h", "t", ("diff(h, f) * diff(f, t)",) * 3),
    ("{h: [g1, g2], g1: t, g2: t}", "h", "t", ("diff(h, g1) * diff(g1, t) + diff(h, g2) * diff(g2, t)",) * 3),
    (
        "{z: y, y: x}",
        "z",
        "x",
        ("diff(y, x) @ diff(z, y)", "diff(z, y) @ diff(y, x)", "diff(z, y) @ diff(y, x)"),
    ),
    (
        "{h: y, y: x}",
        "h",
        "x",
        ("diff(y, x) @ diff(h, y)", "diff(h, y) @ diff(y, x)", "diff(y, x).T @ diff(h, y)"),
    ),
    (
        "{z: y, y: w, w: x}",
        "z",
        "x",
        (
            "diff(w, x) @ diff(y, w) @ diff(z, y)",
            "diff(z, y) @ diff(y, w) @ diff(w, x)",
            "diff(z, y) @ diff(y, w) @ diff(w, x)",
        ),
    ),
    (
        "{z: [y, w], y: x, w: x}",
        "z",
        "x",
        (
            "diff(w, x) @ diff(z, w) + diff(y, x) @ diff(z, y)",
            "diff(z, w) @ diff(w, x) + diff(z, y) @ diff(y, x)",
            "diff(z, w) @ diff(w, x) + diff(z, y) @ diff(y, x)",
        ),
    ),
    (
        "{z: y, y: t}",
        "z",
        "t",
        ("diff(y, t) @ diff(z, y)", "diff(z, y) @ diff(y, t)", "diff(z, y) @ diff(y, t)"),
    ),
    (
        "{z: f, f: x}",
        "z",
        "x",
        ("diff(f, x) @ diff(z, f)", "diff(z, f) @ diff(f, x)", "diff(z, f) @ diff(f, x).T"),
    ),
]


def given(functions: str, of: str, by: str, more: str = "") -> str:
    return f"title: Chain\nsymbols:{SYMBOLS}parts:\n  - chain: {of}\n    wrt: {by}\n    functions: {functions}\n{more}"


@pytest.mark.parametrize(("place", "layout"), list(enumerate(Layout)))
@pytest.mark.parametrize(("functions", "of", "by", "rules"), ROWS, ids=[row[0] for row in ROWS])
def test_rules(
    tmp_path: Path, functions: str, of: str, by: str, rules: tuple[str, ...], place: int, layout: Layout
) -> None:
    wanted = dict(zip((Layout.DENOMINATOR, Layout.NUMERATOR, Layout.MIXED), rules, strict=True))[layout]
    more = f"    layout: {layout}\n    claim: {wanted}\n"
    answer = solve(parts_of(tmp_path, given(functions, of, by, more))[0], 1, layout)
    assert answer.derivation is not None, answer.refusal
    assert sorted(text(answer.derivation.result).split(" + ")) == sorted(wanted.split(" + "))
    assert answer.report is not None and answer.report.verified
    assert answer.claim is not None and answer.claim.status == "holds"


@pytest.mark.parametrize("row", ROWS[1:6], ids=[row[0] for row in ROWS[1:6]])
def test_a_line_made_wrong_is_found(tmp_path: Path, row: tuple[str, str, str, tuple[str, ...]]) -> None:
    answer = solve(parts_of(tmp_path, given(*row[:3]))[0], 1, Layout.DENOMINATOR)
    assert answer.derivation is not None
    for what, changed in made_wrong(answer.derivation):
        assert check_derivation(changed).is_wrong, what


def test_a_wrong_claim(tmp_path: Path) -> None:
    more = "    claim: diff(h, g1) * diff(g1, t)\n"
    part = parts_of(tmp_path, given("{h: [g1, g2], g1: t, g2: t}", "h", "t", more))[0]
    answer = solve(part, 1, Layout.DENOMINATOR)
    assert answer.claim is not None and answer.claim.status == "wrong"


def test_a_claim_in_another_layout_does_not_fit(tmp_path: Path) -> None:
    part = parts_of(tmp_path, given("{z: y, y: x}", "z", "x", "    claim: diff(y, x) @ diff(z, y)\n"))[0]
    answer = solve(part, 1, Layout.NUMERATOR)
    assert answer.claim is not None and answer.claim.status == "wrong" and "differ" in answer.claim.message


REFUSED = [
    ("{z: [y, x], y: x}", "z", "x", "two meanings"),
    ("{z: y}", "z", "x", "0 paths"),
    ("{y: X, z: y}", "z", "X", "two axes"),
]


@pytest.mark.parametrize(("functions", "of", "by", "message"), REFUSED, ids=[row[3] for row in REFUSED])
def test_refusals(tmp_path: Path, functions: str, of: str, by: str, message: str) -> None:
    assert message in solve(parts_of(tmp_path, given(functions, of, by))[0], 1, Layout.DENOMINATOR).refusal
