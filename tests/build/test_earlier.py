"""A part starts from what a part before has boxed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from derivgen.build.solve import Solved, solve_problem
from derivgen.derivation import Rewrite
from derivgen.problem.load import load_problem
from derivgen.problem.model import part_letter
from derivgen.verify.checks import check_derivation

GRADIENT = "gradient: x**2 + y**2\n    wrt: [x, y]"


def solved(tmp_path: Path, *parts: str) -> tuple[Solved, ...]:
    file = tmp_path / "problem.yaml"
    written = "".join(f"  - {part}\n" for part in parts)
    file.write_text(f"title: t\nsymbols: {{x: scalar, y: scalar}}\nparts:\n{written}", encoding="utf-8")
    return solve_problem(load_problem(file))


def rules(one: Solved) -> list[str]:
    assert one.derivation is not None and one.report is not None and one.report.verified
    return [step.rule for step in one.derivation.steps if isinstance(step, Rewrite)]


def test_a_later_part_begins_with_the_result(tmp_path: Path) -> None:
    _, later = solved(tmp_path, GRADIENT, f"{GRADIENT}\n    at: [1, 2]")
    assert rules(later) == ["part (a)", "put the numbers in", "work out"]


def test_the_answer_itself_is_derived_again(tmp_path: Path) -> None:
    first, again = solved(tmp_path, GRADIENT, GRADIENT)
    assert rules(first) == rules(again)


def test_another_function_is_derived(tmp_path: Path) -> None:
    _, later = solved(tmp_path, GRADIENT, "gradient: x**2 - y**2\n    wrt: [x, y]\n    at: [1, 2]")
    assert "part (a)" not in rules(later)


def test_boxes_at_the_end_leave_the_lines_before_them(tmp_path: Path) -> None:
    file = tmp_path / "problem.yaml"
    parts = "".join(f"  - backward: f\n    wrt: [{wrt}]\n    digits: 2\n" for wrt in ("x", "x, y"))
    start = "title: t\nsymbols: {x: 2, y: 3}\ndefine: {s: x*y, f: exp(s/7)}\nparts:\n"
    file.write_text(f"{start}{parts}", encoding="utf-8")
    _, later = solve_problem(load_problem(file))
    assert rules(later).count("chain rule") == 2 and "part (a)" not in rules(later)


def test_in_full_detail_nothing_is_left_out(tmp_path: Path) -> None:
    _, later = solved(tmp_path, GRADIENT, f"{GRADIENT}\n    at: [1, 2]\n    detail: full")
    assert "part (a)" not in rules(later)


def test_a_line_that_repeats_a_result_is_checked(tmp_path: Path) -> None:
    first, later = solved(tmp_path, GRADIENT, f"{GRADIENT}\n    at: [1, 2]")
    assert later.derivation is not None and first.derivation is not None
    step = later.derivation.steps[0]
    assert isinstance(step, Rewrite)
    other = solved(tmp_path, "gradient: x**2 - y**2\n    wrt: [x, y]")[0].derivation
    assert other is not None
    wrong = replace(later.derivation, steps=(replace(step, after=other.result), *later.derivation.steps[1:]))
    assert not check_derivation(wrong).verified


@pytest.mark.parametrize(("number", "letter"), [(1, "a"), (26, "z"), (27, "aa"), (53, "ba")])
def test_letters(number: int, letter: str) -> None:
    assert part_letter(number) == letter
