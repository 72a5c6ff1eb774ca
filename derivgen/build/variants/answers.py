"""The answers of a part as a row of a table."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TextIO

from derivgen.build.solve import Solved
from derivgen.build.variants.model import AnswerRow, DrawMade, Student
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import Expr, Matrix
from derivgen.expr.sympy_bridge import to_sympy
from derivgen.expr.text import text
from derivgen.expr.walk import symbols
from derivgen.problem.model import Values, part_letter
from derivgen.problem.parameters.exact import NotRational, NoValue, value
from derivgen.render.latex import latex

HEADER = ("student", "name", "form", "problem", "part", "answer", "latex", "number")
PLACES = 10
"""Significant digits of the column `number`."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets take for the beginning of a formula."""


def answer_row(problem: int, solved: Solved) -> AnswerRow | None:
    """What was found for a part; None where nothing was asked."""
    derivation = solved.derivation
    if derivation is None or solved.part.task in ("code", "plot", "diagram"):
        return None
    result = derivation.result
    said = derivation.verdict or text(result)
    number = _number(result, solved.part.scope.values)
    return AnswerRow(problem, part_letter(solved.number), said, latex(result), number)


def _number(result: Expr, values: Mapping[str, Values]) -> str:
    """The decimal value of a result that depends on nothing; an array as [a, b]."""
    if any(symbol.name not in values for symbol in symbols(result)):
        return ""
    try:
        rows = value(result, values)
    except (NotRational, NoValue, AttributeError):
        return _irrational(result)
    numbers = [[f"{float(one):.{PLACES}g}" for one in row] for row in rows]
    if len(numbers) * len(numbers[0]) == 1:
        return numbers[0][0]
    if len(numbers[0]) == 1:
        return f"[{', '.join(row[0] for row in numbers)}]"
    lines = [f"[{', '.join(row)}]" for row in numbers]
    return f"[{', '.join(lines)}]"


def _irrational(result: Expr) -> str:
    entries = result.entries if isinstance(result, Matrix) else (result,)
    try:
        numbers = [f"{float(to_sympy(entry)):.{PLACES}g}" for entry in entries]
    except (CannotDerive, TypeError):
        return ""
    return numbers[0] if len(numbers) == 1 else f"[{', '.join(numbers)}]"


def open_table(path: Path) -> TextIO:
    """A new table with its header."""
    file = path.open("w", encoding="utf-8", newline="")
    csv.writer(file, lineterminator="\n").writerow(HEADER)
    return file


def write_rows(file: TextIO, form: str, student: Student, problems: Iterable[DrawMade]) -> None:
    """The answers of one student. A name or id that a spreadsheet would take for a formula gets an apostrophe."""
    names = [f"'{name}" if name.startswith(FORMULA) else name for name in (student.id, student.name)]
    writer = csv.writer(file, lineterminator="\n")
    for made in problems:
        for row in made.answers:
            writer.writerow((*names, form, row.problem, row.part, row.text, row.latex, row.number))
