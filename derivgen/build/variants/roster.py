"""The students of a course: a CSV file with the columns `name` and `id`, or so many that are only numbered."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from derivgen.build.variants.model import Student
from derivgen.errors import Complaint, Place, ProblemError
from derivgen.problem.names import printable, shorten

LARGEST_ROSTER = 20_000_000
LONGEST_FIELD = 200
MOST_COMPLAINTS = 50
SEPARATORS = ",;\t"
"""What spreadsheets put between columns, by the language of their user."""


def numbered(count: int) -> tuple[Student, ...]:
    """`count` students without names: 1, 2, 3, ..."""
    return tuple(Student(str(number)) for number in range(1, count + 1))


def read_roster(path: Path) -> tuple[Student, ...]:
    """The students in the file at `path`, in its order.

    Raises ProblemError, with the line of everything that is wrong.
    """
    text = _text(path)
    lines = text.split("\n")
    complaints: list[Complaint] = []

    def complain(line: int, message: str, hint: str = "") -> None:
        source = printable(lines[line - 1][:200].rstrip("\r")) if line <= len(lines) else ""
        complaints.append(Complaint(message, Place(str(path), line, 1, source, max(1, len(source))), hint))

    rows = _rows(text, complain)
    _, header = next(rows, (1, []))
    columns = {name.strip().lower(): place for place, name in enumerate(header)}
    missing = [name for name in ("name", "id") if name not in columns]
    if missing:
        complain(1, f"the roster has no column `{missing[0]}`", "its first line is: name,id")
        raise ProblemError(*complaints)
    students: dict[str, Student] = {}
    first: dict[str, int] = {}
    for line, row in rows:
        if len(row) != len(header):
            hint = "a name with a comma stands in double quotes"
            complain(line, f"this line has {len(row)} columns, the first line has {len(header)}", hint)
            continue
        name, own = (" ".join(row[columns[column]].split()) for column in ("name", "id"))
        fault = _fault(name, "name") or _fault(own, "id")
        if fault or not own:
            complain(line, fault or "the id is missing")
        elif own in students:
            complain(line, f"the id `{shorten(own)}` stands twice, first in line {first[own]}")
        else:
            students[own], first[own] = Student(own, name), line
    if not students and not complaints:
        complain(1, "the roster has no students")
    if complaints:
        raise ProblemError(*complaints[:MOST_COMPLAINTS])
    return tuple(students.values())


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_ROSTER + 1)
    except OSError as error:
        raise ProblemError(Complaint(f"{path}: cannot be read ({error.strerror})")) from None
    if len(raw) > LARGEST_ROSTER:
        raise ProblemError(Complaint(f"{path}: the roster is too large, at most {LARGEST_ROSTER} bytes"))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        hint = "save it as CSV UTF-8"
        raise ProblemError(Complaint(f"{path}: line {line} is not UTF-8", None, hint)) from None


def _rows(text: str, complain: Callable[[int, str, str], None]) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, each with the line on which it begins."""

    head = text.split("\n", 1)[0]
    separator = max(SEPARATORS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for row in reader:
            if any(field.strip() for field in row):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        complain(line, f"this line cannot be read: {error}", 'a double quote inside a field is written ""')


def _fault(field: str, what: str) -> str:
    if len(field) > LONGEST_FIELD:
        return f"the {what} is too long, at most {LONGEST_FIELD} characters"
    if not field.isprintable():
        return f"the {what} has a character that cannot be printed"
    return ""
