"""Reading LaTeX: every row of docs/latex-input.md, and what is between the rows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from derivgen.build.question import scope_from
from derivgen.errors import ExpressionError
from derivgen.problem.expression import parse_expression
from derivgen.problem.latex_input import parse_latex
from tests.problem.test_round_trip import same

PAGE = (Path(__file__).parents[2] / "docs" / "latex-input.md").read_text(encoding="utf-8")
DECLARED = next(
    block["symbols"]
    for block in map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
    if "symbols" in block
)
SCOPE = scope_from([f"{name}: {declared}" for name, declared in DECLARED.items()], [])


def _rows(columns: int) -> list[list[str]]:
    """The cells of the tables of the page that have so many columns; code without its marks."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| LaTeX")]
    cells = [
        [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|(?=[ |])|(?<= )\|", line)[1:-1]]
        for line in lines
    ]
    return [row for row in cells if len(row) == columns]


def _code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


READ = [(_code(latex)[0], _code(text)[0]) for latex, text in _rows(2)]
REFUSED = [(_code(latex)[0], why, _code(write)) for latex, why, write in _rows(3)]


def test_the_tables_are_found() -> None:
    assert len(READ) > 60
    assert len(REFUSED) > 30


@pytest.mark.parametrize(("latex", "text"), READ, ids=[latex for latex, _ in READ])
def test_read(latex: str, text: str) -> None:
    assert same(parse_latex(latex, SCOPE)) == same(parse_expression(text, SCOPE))


@pytest.mark.parametrize(("latex", "why", "write"), REFUSED, ids=[latex for latex, _, _ in REFUSED])
def test_refused(latex: str, why: str, write: list[str]) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_latex(latex, SCOPE)
    assert why in caught.value.message
    for instead in write:
        parse_latex(instead, SCOPE)
