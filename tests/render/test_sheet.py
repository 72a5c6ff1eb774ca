"""What authors write is data, and a sheet reads as it should."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from markupsafe import Markup

from derivgen.derivation import Step
from derivgen.errors import TemplateError
from derivgen.problem.model import Part
from derivgen.render.environment import Math, environment, escaped, fill, prompt, render, template_folder, words
from derivgen.render.report import Answer
from derivgen.render.sheet import origin, sheet_tex, sheet_view
from tests.render.samples import SHEET, FakeClaim, claim, long_derivation, part, problem, quadratic_form, report_for

HOSTILE = [
    (r"\input{/etc/passwd}", r"{\textbackslash}input{\{}/etc/passwd{\}}"),
    (r"50% & #1 a_b ~ ^", r"50{\%} {\&} {\#}1 a{\_}b {\textasciitilde} {\textasciicircum}"),
    ("$x$", r"{\$}x{\$}"),
    ("((( 7 * 7 )))", "((( 7 * 7 )))"),
    ("<b>&amp;", r"{\ensuremath{<}}b{\ensuremath{>}}{\&}amp;"),
    ("漢", r"{\ttfamily U+6F22}"),
    ("naïve", "naïve"),
]


@pytest.mark.parametrize(("text", "shown"), HOSTILE)
def test_text_is_escaped(text: str, shown: str) -> None:
    assert environment().from_string("((( text )))").render(text=text) == shown


def test_mathematics_of_our_printer_is_not_escaped() -> None:
    assert escaped(Math(r"\frac{1}{2}")) == r"\frac{1}{2}"


PROMPTS = [
    (r"Let $x^2 > 0$ & more.", r"Let $x^2 > 0$ {\&} more."),
    (r"\emph{very} \textbf{bold \textit{it}}", r"\emph{very} \textbf{bold \textit{it}}"),
    (r"costs \$5", r"costs \$5"),
    ("two\n\nparagraphs", "two\n\nparagraphs"),
    ("$$x$$", r"\[x\]"),
    ("$α$", r"${\ensuremath{\alpha}}$"),
]


@pytest.mark.parametrize(("text", "shown"), PROMPTS)
def test_prompts(text: str, shown: str) -> None:
    assert prompt(text) == Markup(shown)


@pytest.mark.parametrize(
    "text",
    ["a $ b", "$x}$", "${x$", "$a % b$", "$a^^41$", r"$\input{x}$", r"\write18{ls}", "$\\begin{x}$", "$a\n\nb$", "$ $"],
)
def test_prompts_that_are_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        prompt(text)


def test_a_template_cannot_reach_python() -> None:
    with pytest.raises(TemplateError):
        render(environment(), "latex/sheet.tex.j2")  # nothing is given: StrictUndefined
    made = environment()
    with pytest.raises(Exception, match="unsafe|access"):
        made.from_string("((( ''.__class__.__mro__ )))").render()


def test_sentences_take_the_form_of_the_number() -> None:
    assert fill(["{count} point", "{count} points"], count=1) == "1 point"
    assert fill(["{count} point", "{count} points"], count=3) == "3 points"
    assert fill("error {error}", error=Math("10^2")) == "error $10^2$"


def test_every_step_has_a_template() -> None:
    for step in get_args(Step):
        assert (template_folder() / "latex" / "steps" / f"{step.__name__.lower()}.tex.j2").is_file()


def test_a_template_of_the_user_extends_ours(tmp_path: Path) -> None:
    (tmp_path / "latex").mkdir()
    (tmp_path / "latex" / "sheet.tex.j2").write_text(
        '((* extends "builtin/latex/sheet.tex.j2" *))\n((* block footer_left *))ours((* endblock *))\n'
    )
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / "xx.yaml").write_text("given: gegeben\nrules: {sum rule: Summenregel}\n")
    tex = sheet_tex(solved(part()), tmp_path, locale="xx")
    assert r"\fancyfoot[L]{\small\dgquiet{ours}}" in tex
    assert "gegeben" in tex and "Summenregel" in tex
    assert words("xx", tmp_path)["sought"] == "sought"


def solved(one: Part, edition: str = "solutions", **claimed: str):  # type: ignore[no-untyped-def]
    derivation = quadratic_form()
    verdict = FakeClaim(**claimed) if claimed else None
    answers = [Answer(one, derivation, report_for(derivation), verdict)]
    return sheet_view(SHEET, [(problem(one), answers)], edition=edition, version="1.0")


def test_a_heading_is_printed_once_in_its_chain() -> None:
    (chain,) = solved(part()).problems[0].parts[0].blocks
    assert [line.opens for line in chain.lines] == [True, True, False, False, False, False]


def test_the_editions_show_less() -> None:
    one = part(hint="Write it out.")
    assert "Write it out" in sheet_tex(solved(one, "hints"))
    exercises = sheet_tex(solved(one, "exercises"))
    assert "Write it out" not in exercises and r"\dgline{" not in exercises.split(r"\begin{document}")[1]
    key = sheet_tex(solved(one, "key")).split(r"\begin{document}")[1]
    assert r"\dgresult{" in key and r"\dgline{" not in key


def test_a_claim_that_holds_is_a_note() -> None:
    tex = sheet_tex(solved(part(claim=claim(quadratic_form().result)), status="holds", message="claim holds"))
    assert r"The answer of Kim {\&} Vijayakumar agrees." in tex


def test_a_wrong_claim_is_an_erratum() -> None:
    one = part(claim=claim(quadratic_form().statement), erratum="The sign is $-1$.")
    tex = sheet_tex(solved(one, status="wrong", message="claim is wrong: at n = 3 it gives 4, the derivative is 5"))
    assert "Erratum." in tex and "At n = 3 it gives 4, the derivative is 5." in tex and "The sign is $-1$." in tex


def test_a_line_that_was_not_checked_is_marked() -> None:
    derivation = quadratic_form()
    report = report_for(derivation, *["exact"] * 3, "unchecked", *["exact"] * 3)
    view = sheet_view(SHEET, [(problem(part()), [Answer(part(), derivation, report)])])
    assert (view.checked, view.total) == (6, 7)
    assert sheet_tex(view).count("not checked]") == 1


def test_a_problem_nobody_answered() -> None:
    one = part(task="text", expression=None, wrt=None, text="Think about it.", prompt="")
    assert "Think about it." in sheet_tex(sheet_view(SHEET, [(problem(one), [Answer(one)])]))


def test_lines_of_the_document_lead_back_to_the_problem() -> None:
    tex = sheet_tex(solved(part(prompt="Find the GRADIENT.")))
    line = next(number for number, text in enumerate(tex.split("\n"), 1) if "GRADIENT" in text)
    assert origin(tex, line) == ("problems/quadratic.yaml", 9)
    assert origin(tex, 1) is None


def test_a_title_may_hold_mathematics() -> None:
    view = sheet_view(SHEET, [(problem(part(), title=r"The gradient of $\mathbf{x}$"), [Answer(part())])])
    assert r"{The gradient of $\mathbf{x}$}{Section 2.3, exercise 3}{The gradient of x}" in sheet_tex(view)


def test_a_file_name_cannot_end_its_comment() -> None:
    one = part()
    one = replace(one, place=replace(one.place, file="a\n\\input{b}\u2028"))
    tex = sheet_tex(solved(one))
    assert "%@ a?\\input{b}?:10\n" in tex


def test_a_second_derivative_is_called_one() -> None:
    derivation = replace(quadratic_form(), order=2)
    view = sheet_view(SHEET, [(problem(part()), [Answer(part(), derivation, report_for(derivation))])])
    assert r"\partial^{2}" in sheet_tex(view)


def test_long_lines_are_broken() -> None:
    derivation = long_derivation()
    view = sheet_view(SHEET, [(problem(part()), [Answer(part(), derivation, report_for(derivation))])])
    assert r"\quad " in sheet_tex(view)
