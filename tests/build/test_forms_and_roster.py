"""Form ids, and the list of students."""

from __future__ import annotations

from pathlib import Path

import pytest

from derivgen.build.variants.forms import SIGNS, as_typed, form_ids
from derivgen.build.variants.model import Student
from derivgen.build.variants.roster import read_roster
from derivgen.errors import ProblemError

FORMS = form_ids("seed", "sheet", [str(number) for number in range(2000)])


def test_ids_differ_and_are_read_back() -> None:
    assert len(set(FORMS)) == 2000 and all(as_typed(form) == form for form in FORMS)


def test_ids_depend_on_the_student_alone() -> None:
    assert form_ids("seed", "sheet", ["7", "5"]) == (FORMS[7], FORMS[5])


@pytest.mark.parametrize(("seed", "sheet"), [("Seed", "sheet"), ("seed", "sheet 2")])
def test_ids_depend_on_seed_and_sheet(seed: str, sheet: str) -> None:
    assert form_ids(seed, sheet, ["7"]) != (FORMS[7],)


@pytest.mark.parametrize("place", range(8))
def test_every_wrong_sign_is_found(place: int) -> None:
    signs = FORMS[0].replace("-", "")
    wrong = (signs[:place] + sign + signs[place + 1 :] for sign in SIGNS if sign != signs[place])
    assert [as_typed(one) for one in wrong] == [None] * 31


TYPED = [("{0}", True), (" {0} ", True), ("{1}", True), ("{0}0", False), ("", False), ("é" * 8, False)]


@pytest.mark.parametrize(("form", "known"), TYPED)
def test_as_typed(form: str, known: bool) -> None:
    typed = form.format(FORMS[0], FORMS[0].lower().replace("-", "").replace("0", "o").replace("1", "l"))
    assert as_typed(typed) == (FORMS[0] if known else None)


def roster(folder: Path, content: bytes) -> Path:
    file = folder / "class.csv"
    file.write_bytes(content)
    return file


ADA, EMMY = Student("s1", "Lovelace, Ada"), Student("s2", "Emmy Nöther")

# the bytes of a roster, the students in it
ROSTERS = [
    ('name,id\n"Lovelace, Ada",s1\nEmmy Nöther,s2\n'.encode(), (ADA, EMMY)),
    ('name,id\r\n"Lovelace, Ada",s1\r\nEmmy Nöther,s2\r\n'.encode(), (ADA, EMMY)),
    ("\ufeffName;ID;mark\nEmmy Nöther;s2;1,3\n".encode(), (EMMY,)),
    ("id\tname\ns2\t Emmy   Nöther \n\n".encode(), (EMMY,)),
    (b'name,id\n"Ada ""the first""",s1', (Student("s1", 'Ada "the first"'),)),
    (b"name,id\n,s1\n", (Student("s1"),)),
]


@pytest.mark.parametrize(("content", "students"), ROSTERS)
def test_rosters(content: bytes, students: tuple[Student, ...], tmp_path: Path) -> None:
    assert read_roster(roster(tmp_path, content)) == students


# the bytes of a roster, where, what is said
COMPLAINTS = [
    (b"name,number\nAda,1\n", "1:1", "no column `id`"),
    (b"", "1:1", "no column `name`"),
    (b"name,id\n", "1:1", "no students"),
    (b"name,id\nAda,1\nLovelace, Ada,2\n", "3:1", "3 columns, the first line has 2"),
    (b"name,id\nAda,1\n\nEmmy,\n", "4:1", "the id is missing"),
    (b'name,id\n"Ada\nLovelace",1\nEmmy,1\n', "4:1", "stands twice, first in line 2"),
    (b'name,id\nAda,1\n"Emmy,2\n', "3:1", "cannot be read"),
    (b"name,id\nA\x07da,1\n", "2:1", "cannot be printed"),
    (b"name,id\n" + b"a" * 300 + b",1\n", "2:1", "too long"),
    (b"name,id\nN\xf6ther,1\n", "", "line 2 is not UTF-8"),
]


@pytest.mark.parametrize(("content", "where", "said"), COMPLAINTS)
def test_complaints(content: bytes, where: str, said: str, tmp_path: Path) -> None:
    file = roster(tmp_path, content)
    with pytest.raises(ProblemError) as caught:
        read_roster(file)
    first = str(caught.value.complaints[0])
    assert first.startswith(f"{file}:{where}") and said in first


def test_a_roster_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="cannot be read"):
        read_roster(tmp_path / "none.csv")
