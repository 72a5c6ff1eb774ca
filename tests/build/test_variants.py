"""Variants end to end: the example of docs/variants.md, and sheets of two problems."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import sympy
from click.testing import CliRunner
from pypdf import PdfReader, PdfWriter

from derivgen.build.sheets import Options
from derivgen.build.variants import VariantOptions, build_variants, many, replay
from derivgen.build.variants.merging import MergeTask, merge
from derivgen.build.variants.model import Student
from derivgen.build.variants.roster import numbered
from derivgen.cli import main
from derivgen.errors import Complaint, ProblemError
from derivgen.render.engine import engines

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "variants"
TEX = Options(formats=("tex",))
needs_tex = pytest.mark.skipif(not engines(), reason="no pdflatex on this machine")


def build(
    sheet: Path, output: Path, students: Sequence[Student], options: Options = TEX, seed: str = "S", jobs: int = 1
) -> tuple[Complaint, ...]:
    chosen = VariantOptions(seed)
    return build_variants(sheet, students, replace(options, output=output), chosen, jobs, lambda line: None)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "week-1" / "answers.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def forms(folder: Path) -> list[dict[str, object]]:
    lines = (folder / "week-1" / "variants.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[1:]]


@pytest.fixture(scope="module")
def thirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example for 30 students, as LaTeX."""
    output = tmp_path_factory.mktemp("thirty")
    assert build(EXAMPLE / "week-1.sheet.yaml", output, numbered(30)) == ()
    return output


# --- the answers ------------------------------------------------------------------------------------------------------

x, y, z = sympy.symbols("x y z")


def expected(problem: int, part: str, drawn: dict[str, str]) -> sympy.Basic:
    """The answer of the example, by SymPy from what was drawn."""
    value = {name: sympy.sympify(text, rational=True) for name, text in drawn.items() if name != "pet"}
    match problem, part:
        case 1, "a":
            return sympy.diff(value["a"] * x**3 + value["b"] * x**2, x)
        case 1, _:
            return sympy.diff((x - value["r"]) * (x - value["s"]), x).subs(x, value["b"])
        case 2, _:
            f = value["a"] * x**2 * y + value["b"] * y**2
            return sympy.Matrix([f.diff(x), f.diff(y)]).subs({x: value["u"], y: value["v"]})
        case 3, _:
            column = sympy.Matrix([x, y])
            return (column.T * sympy.Matrix(value["A"]) * column)[0]
        case 4, _:
            f = x**2 + value["k"] * y**2
            start = {x: value["x0"], y: value["y0"]}
            return sympy.Matrix([one - value["rate"] * f.diff(name).subs(start) for name, one in start.items()])
        case _:
            return sympy.diff(value["c"] * value["g"] ** value["n"], x)


def test_the_answers_are_those_of_sympy(thirty: Path) -> None:
    drawn = {str(form["form"]): form["drawn"] for form in forms(thirty)}
    found = rows(thirty)
    assert len(found) == 30 * 6
    for row in found:
        own = drawn[row["form"]]
        assert isinstance(own, list)
        wanted = expected(int(row["problem"]), row["part"], own[int(row["problem"]) - 1])
        answer = sympy.sympify(row["answer"], rational=True)
        answer = sympy.Matrix(answer) if isinstance(answer, list) else answer
        difference = answer - wanted
        assert (
            difference.is_zero_matrix if isinstance(difference, sympy.MatrixBase) else sympy.simplify(difference) == 0
        )


def test_numbers_are_those_of_the_answers(thirty: Path) -> None:
    with_numbers = [row for row in rows(thirty) if row["number"]]
    # the slope, the gradient and the step; the polynomial where it happens to be a number
    assert len(with_numbers) >= 90
    for row in with_numbers:
        exact = sympy.flatten([sympy.sympify(row["answer"], rational=True)])
        assert json.loads(row["number"] if "[" in row["number"] else f"[{row['number']}]") == [float(e) for e in exact]


def test_conditions_hold_in_every_variant(thirty: Path) -> None:
    for form in forms(thirty):
        assert isinstance(form["drawn"], list)
        _, gradient, definite, _, _ = form["drawn"]
        assert gradient["a"] != gradient["b"] and gradient["u"] != gradient["v"]
        values = sympy.Matrix(sympy.sympify(definite["A"])).eigenvals()
        assert all(one.is_integer and one != 0 for one in values)


# --- sheet and key ----------------------------------------------------------------------------------------------------


def test_sheet_and_key_carry_the_form(thirty: Path) -> None:
    for form in forms(thirty):
        name = str(form["form"])
        sheet, key = (
            (thirty / "week-1" / "forms" / f"{name}{ending}.tex").read_text(encoding="utf-8") for ending in ("", "-key")
        )
        assert name in sheet and name in key
        assert (
            "lines checked" in key
            and "lines checked" not in sheet
            and r"\dgresult" not in sheet.split(r"\begin{document}")[1]
        )
        assert re.findall(r"Differentiate .*", sheet) == re.findall(r"Differentiate .*", key)


def test_the_seed_is_in_no_sheet(tmp_path: Path) -> None:
    build(EXAMPLE / "week-1.sheet.yaml", tmp_path, numbered(1), seed="Xyzzy-4711")
    assert all("Xyzzy" not in file.read_text(encoding="utf-8") for file in (tmp_path / "week-1" / "forms").iterdir())


def test_a_name_is_text(tmp_path: Path) -> None:
    students = (Student("a/../b", r"\input{/etc/passwd} & #1 $x"), Student("c", "\u674e\u56db"))
    build(EXAMPLE / "week-1.sheet.yaml", tmp_path, students)
    names = [str(form["form"]) for form in forms(tmp_path)]
    sheets = [(tmp_path / "week-1" / "forms" / f"{name}.tex").read_text(encoding="utf-8") for name in names]
    assert r"\input" not in sheets[0] and r"{\&}" in sheets[0]
    assert r"\textbf{c}" in sheets[1]  # the fonts do not have the name
    assert {file.name for file in (tmp_path / "week-1").iterdir()} == {"answers.csv", "variants.jsonl", "forms"}


# --- the same again ---------------------------------------------------------------------------------------------------


def test_the_same_bytes_in_any_number_of_processes_and_batches(
    thirty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "BATCH", 7)
    monkeypatch.setattr(many, "MOST_KEPT", 3)
    # in a folder as deep as the other one, because the manifest has the way to the sheet from there
    output = thirty.with_name("again")
    assert build(EXAMPLE / "week-1.sheet.yaml", output, numbered(30), jobs=2) == ()
    assert contents(output) == contents(thirty)


def test_another_seed_gives_others(thirty: Path, tmp_path: Path) -> None:
    build(EXAMPLE / "week-1.sheet.yaml", tmp_path, numbered(30), seed="T")
    assert [form["drawn"] for form in forms(tmp_path)] != [form["drawn"] for form in forms(thirty)]


def changed(folder: Path, problems: str) -> Path:
    """The example with other problems on its sheet."""
    copy = folder / "copy"
    shutil.copytree(EXAMPLE, copy)
    sheet = copy / "week-1.sheet.yaml"
    text = re.sub(r"problems: .*", f"problems: [{problems}]", sheet.read_text(encoding="utf-8"))
    sheet.write_text(text, encoding="utf-8")
    return sheet


# the problems of a sheet, the places of these in the example
ORDERS = [
    ("chain.yaml, quadratic.yaml", (4, 0)),
    ("gradient.yaml, descent.yaml, definite.yaml", (1, 3, 2)),
]


@pytest.mark.parametrize(("problems", "places"), ORDERS)
def test_other_problems_on_the_sheet_change_no_draw(
    problems: str, places: tuple[int, ...], thirty: Path, tmp_path: Path
) -> None:
    build(changed(tmp_path, problems), tmp_path / "out", numbered(5))
    for form, before in zip(forms(tmp_path / "out"), forms(thirty), strict=False):
        assert isinstance(before["drawn"], list)
        assert form["drawn"] == [before["drawn"][place] for place in places] and form["form"] == before["form"]


def test_a_student_is_drawn_for_by_id_alone(thirty: Path, tmp_path: Path) -> None:
    build(EXAMPLE / "week-1.sheet.yaml", tmp_path, (Student("7", "Ada"), Student("3", "Emmy")))
    before = {form["id"]: form["drawn"] for form in forms(thirty)}
    assert [form["drawn"] for form in forms(tmp_path)] == [before["7"], before["3"]]


def test_each_draw_is_derived_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []

    def counted(task: many.DrawTask) -> many.DrawMade:
        seen.append((task.number, task.drawn))
        return original(task)

    original = many.make_draw
    monkeypatch.setattr(many, "make_draw", counted)
    build(changed(tmp_path, "chain.yaml"), tmp_path / "out", numbered(300))
    # chain.yaml: 3 functions, 4 powers, 8 factors, 3 pets
    assert len(seen) == len(set(seen)) <= 288


@pytest.mark.parametrize("place", [0, 17, 29])
def test_replay(place: int, thirty: Path, tmp_path: Path) -> None:
    form = str(forms(thirty)[place]["form"])
    lines: list[str] = []
    manifest = thirty / "week-1" / "variants.jsonl"
    assert replay(form.lower(), manifest, Options(output=tmp_path), lines.append) == ()
    for ending in ("", "-key"):
        made = (tmp_path / f"{form}{ending}.tex").read_bytes()
        assert made == (thirty / "week-1" / "forms" / f"{form}{ending}.tex").read_bytes()
    assert "identical" in lines[-1]


def test_replay_says_what_has_changed(tmp_path: Path) -> None:
    sheet = changed(tmp_path, "chain.yaml, quadratic.yaml")
    build(sheet, tmp_path / "out", numbered(2))
    file = sheet.parent / "quadratic.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("A polynomial", "A cubic"), encoding="utf-8")
    manifest, form = tmp_path / "out" / "week-1" / "variants.jsonl", str(forms(tmp_path / "out")[0]["form"])
    (complaint,) = replay(form, manifest, Options(output=tmp_path / "again"), lambda line: None)
    assert "not identical" in complaint.message and "problem 2 (quadratic.yaml) has changed" in complaint.hint


# what is asked of a manifest, what is said
REFUSED = [("AAAA-AAAA", "no form id"), ("0000-0000", "there is no form")]


@pytest.mark.parametrize(("form", "said"), REFUSED)
def test_replay_refuses(form: str, said: str, thirty: Path) -> None:
    with pytest.raises(ProblemError, match=said):
        replay(form, thirty / "week-1" / "variants.jsonl", Options(), lambda line: None)


@pytest.mark.parametrize("content", ["", "x", "[]", "{}\n", '{"sheet": 1}\n{"form": "0000-0000"}\n'])
def test_what_is_no_manifest(content: str, tmp_path: Path) -> None:
    file = tmp_path / "m.jsonl"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ProblemError, match="no manifest"):
        replay("0000-0000", file, Options(), lambda line: None)


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_variant_that_fails_fails_alone(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "title: T\nparameters: {a: -1..1}\nsymbols: {x: scalar}\nparts:\n  - derive: x**2/a\n    wrt: x\n",
        encoding="utf-8",
    )
    output = tmp_path / "out"
    complaints = build(tmp_path / "p.yaml", output, numbered(30))
    lines = (output / "p" / "variants.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    assert 0 < len(complaints) < 30 and len(lines) + len(complaints) == 30
    assert all("division by zero" in one.message and "drawn: a = 0" in one.hint for one in complaints)
    assert all(json.loads(line)["drawn"] != [{"a": "0"}] for line in lines)


def test_a_wrong_claim_fails_its_variants(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "title: T\nparameters: {a: 1..2}\nsymbols: {x: scalar}\nparts:\n"
        "  - derive: a*x**2\n    wrt: x\n    claim: 2*x\n",
        encoding="utf-8",
    )
    complaints = build(tmp_path / "p.yaml", tmp_path / "out", numbered(20))
    assert 0 < len(complaints) < 20 and all("claim is wrong" in one.message for one in complaints)


# --- PDF --------------------------------------------------------------------------------------------------------------


@needs_tex
def test_ten_variants_of_two_problems_as_pdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "MOST_MERGED", 6)
    sheet, options = changed(tmp_path, "quadratic.yaml, gradient.yaml"), Options()
    assert build(sheet, tmp_path / "one", numbered(10), options, jobs=2) == ()
    assert build(sheet, tmp_path / "two", numbered(2), options) == ()
    again = contents(tmp_path / "two" / "week-1" / "forms")
    assert again.items() <= contents(tmp_path / "one" / "week-1" / "forms").items() and len(again) == 4
    folder = tmp_path / "one" / "week-1"
    names = [str(form["form"]) for form in forms(tmp_path / "one")]
    for place, name in enumerate(names):
        texts = [
            "".join(page.extract_text() for page in PdfReader(folder / "forms" / f"{name}{ending}.pdf").pages)
            for ending in ("", "-key")
        ]
        assert all(name in text for text in texts), place
        assert "Checked" in texts[1] and "Checked" not in texts[0]
    for ending in ("", "-key"):
        pages = [len(PdfReader(folder / "forms" / f"{name}{ending}.pdf").pages) for name in names]
        for number, slice_of in enumerate((slice(0, 6), slice(6, 10)), 1):
            whole = PdfReader(folder / f"week-1{ending}-{number}.pdf")
            assert len(whole.pages) == sum(pages[slice_of])
            assert [item.title for item in whole.outline] == names[slice_of]


def blank(folder: Path, name: str, pages: int) -> Path:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(100, 100)
    writer.write(folder / name)
    return folder / name


@pytest.mark.parametrize(("duplex", "pages"), [(False, 6), (True, 8)])
def test_merging(duplex: bool, pages: int, tmp_path: Path) -> None:
    files = tuple((str(count), blank(tmp_path, f"{count}.pdf", count)) for count in (1, 2, 3))
    merged = [merge(MergeTask(files, tmp_path / f"{name}.pdf", duplex)) for name in "ab"]
    whole = PdfReader(merged[0])
    assert len(whole.pages) == pages and merged[0].read_bytes() == merged[1].read_bytes()
    starts = [whole.get_destination_page_number(item) for item in whole.outline]
    assert starts == ([0, 2, 4] if duplex else [0, 1, 3])


# --- the command ------------------------------------------------------------------------------------------------------

SHEET = str(EXAMPLE / "week-1.sheet.yaml")

# arguments, exit status, what is said
COMMANDS = [
    ((SHEET, "--variants", "2", "--roster", "class.csv"), 2, "either --variants or --roster"),
    ((SHEET, "--seed", "S"), 2, "either --variants or --roster"),
    (("--variants", "2"), 2, "one sheet or problem file"),
    ((str(EXAMPLE), "--variants", "2"), 2, "one sheet or problem file"),
    (("--replay", "0000-0000"), 2, "--replay needs --manifest"),
    ((SHEET, "--variants", "0"), 2, "0 is not in the range"),
    ((SHEET, "--roster", "none.csv"), 1, "none.csv: cannot be read"),
    (("none.yaml", "--variants", "2"), 1, "there is no such file"),
    (("--replay", "0000-0000", "--manifest", "none.jsonl"), 1, "none.jsonl: cannot be read"),
    (("--replay", "no", "--manifest", "none.jsonl"), 1, "`no` is no form id"),
]


@pytest.mark.parametrize(("arguments", "status", "said"), COMMANDS)
def test_command(arguments: tuple[str, ...], status: int, said: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["build", *arguments, "--output", str(tmp_path / "out")])
    assert result.exit_code == status and said in result.output and not (tmp_path / "out").exists()


def test_build_and_replay_by_command(tmp_path: Path) -> None:
    roster = tmp_path / "class.csv"
    roster.write_text("name,id\nAda,1\nEmmy,2\n", encoding="utf-8")
    options = ["--format", "tex", "--jobs", "1", "--output", str(tmp_path / "out")]
    made = CliRunner().invoke(main, ["build", SHEET, "--roster", str(roster), "--seed", "S", *options])
    assert made.exit_code == 0 and "2 of 2 students" in made.output
    form, manifest = str(forms(tmp_path / "out")[1]["form"]), tmp_path / "out" / "week-1" / "variants.jsonl"
    again = CliRunner().invoke(main, ["build", "--replay", form, "--manifest", str(manifest), *options])
    assert again.exit_code == 0 and f"form {form}: identical" in again.output
