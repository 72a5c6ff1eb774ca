"""Sheets through TeX: nothing sticks out, errors have their line, nothing outside the folder is touched."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from derivgen.errors import EngineMissing, TexError
from derivgen.expr.nodes import FUNCTIONS
from derivgen.problem.latex_text import ENVIRONMENTS, MATH_WORDS
from derivgen.render import engine, log
from derivgen.render.engine import compile_tex, compile_with_log, engines, find_engine
from derivgen.render.environment import environment, tex_text
from derivgen.render.latex import LatexStyle, latex
from derivgen.render.report import Answer
from derivgen.render.sheet import origin, sheet_tex, sheet_view
from derivgen.render.views import SheetView
from tests.render.samples import (
    EVERY_NODE,
    SHEET,
    FakeClaim,
    claim,
    long_derivation,
    part,
    problem,
    quadratic_form,
    report_for,
)

pytestmark = pytest.mark.skipif(not engines(), reason="there is no TeX engine")


def document(body: str) -> str:
    preamble = environment().get_template("latex/preamble.tex.j2").render()
    return f"{preamble}\\begin{{document}}\n{body}\n\\end{{document}}\n"


def sheet() -> SheetView:
    short, long = quadratic_form(), long_derivation()
    first = part(claim=claim(short.result), hint="Write out the entries.", prompt="Find the gradient, at 50% & more.")
    second = part(claim=claim(short.statement), erratum=r"It takes $\mathbf{A}$ to be symmetric.", remark="None.")
    third = part(task="layouts")
    fourth = part(task="text", prompt="", expression=None, text=r"Some text with $x_1$ and \textbf{bold words}.")
    index = replace(short, form="index", result=long.lines[1].after, reason="an index with three edges", others=())
    answers = [
        Answer(first, short, report_for(short), FakeClaim("holds")),
        Answer(
            second, long, report_for(long, "exact", "unchecked", "numeric"), FakeClaim("wrong", "it gives 4, not 5")
        ),
        Answer(third, short, report_for(short)),
        Answer(fourth),
    ]
    title = "A very long title of a problem that does not leave any room for its source at all on its line"
    return sheet_view(
        SHEET,
        [
            (problem(first, second, third, fourth), answers),
            (problem(part(), title=title), [Answer(part(), index, report_for(index))]),
        ],
        version="1.0",
    )


def test_a_sheet_has_nothing_overfull() -> None:
    made = compile_with_log(sheet_tex(sheet()))
    assert made.pdf.startswith(b"%PDF")
    assert [box for box in made.boxes if box.overfull] == []
    assert made.passes == 2


def test_a_pdf_is_the_same_every_time() -> None:
    tex = sheet_tex(sheet())
    assert compile_tex(tex) == compile_tex(tex)


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="there is no pdftotext")
def test_a_page_says_what_was_checked(tmp_path: Path) -> None:
    path = tmp_path / "sheet.pdf"
    path.write_bytes(compile_tex(sheet_tex(sheet())))
    shown = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True).stdout
    for words in ("each of the 7 lines exactly at 3 points", "denominator layout", "[not checked]", "Erratum.", "3/3"):
        assert words in shown


def test_every_node_compiles() -> None:
    styles = (LatexStyle(), LatexStyle(inline=True), LatexStyle(mark_free=True, ranges=True))
    body = "\n".join(rf"${latex(expr, style)}$\par" for expr in EVERY_NODE for style in styles)
    compile_tex(document(body))


# these take arguments or belong together
ARGUMENTS = frozenset("begin end left right middle substack".split())
TWO_ARGUMENTS = frozenset("frac dfrac tfrac binom overset underset stackrel".split())
DELIMITED = re.compile(r"(?i)big+[lrm]?")


def test_every_command_that_problem_files_may_use_compiles() -> None:
    body = [rf"\begin{{{name}}} a \end{{{name}}}" for name in sorted(ENVIRONMENTS)]
    body += [r"\sum_{\substack{a\\b}}", r"\left( a \middle| b \right)", r"\sum\limits_a \sum\nolimits_a"]
    for word in sorted(MATH_WORDS - ARGUMENTS - {"limits", "nolimits"}):
        if DELIMITED.fullmatch(word):
            body.append(rf"\{word}(")
        elif word == "not":
            body.append(r"\not=")
        else:
            body.append(rf"\{word}{{a}}{{b}}" if word in TWO_ARGUMENTS else rf"\{word}{{a}}")
    compile_tex(document("\n".join(f"${item}$\\par" for item in body)))


def test_every_function_compiles() -> None:
    from tests.render.samples import a, apply

    compile_tex(document("\n".join(f"${latex(apply(name, a))}$" for name in sorted(FUNCTIONS))))


def test_any_text_compiles() -> None:
    signs = [
        chr(code) for code in [*range(0x20, 0x7F), *range(0xA0, 0x2300), 0x6F22, 0x1F600] if chr(code).isprintable()
    ]
    compile_tex(document("\n".join(f"{tex_text(sign)}\\par" for sign in signs)), time_limit=120)


def test_an_error_is_led_back_to_the_problem() -> None:
    tex = sheet_tex(sheet_view(SHEET, [(problem(part(prompt=r"Find $\frac{1}{2}_a_b$.")), [Answer(part())])]))
    broken = tex.replace("Find the gradient.", r"Find $\nosuchcommand$.")
    with pytest.raises(TexError, match="Undefined control sequence") as caught:
        compile_tex(broken)
    assert caught.value.line is not None
    assert "nosuchcommand" in broken.split("\n")[caught.value.line - 1]
    assert origin(broken, caught.value.line) == ("problems/quadratic.yaml", 9)


BROKEN = [
    ("a\n\n\\undefined b", "Undefined control sequence", r"\undefined"),
    ("a\n$x^2^3$", "Double superscript", "x^2^3"),
    ("a\n\\emph{open\n\nb", "Paragraph ended|Runaway|File ended|ended by", "open"),
    ("a\n\\usepackage{nosuchpackage}", "Can be used only in preamble|nosuchpackage", "nosuchpackage"),
]


@pytest.mark.parametrize(("body", "message", "line"), BROKEN, ids=["undefined", "double", "open", "package"])
def test_errors_have_their_line(body: str, message: str, line: str) -> None:
    source = document(body)
    with pytest.raises(TexError, match=message) as caught:
        compile_tex(source)
    assert caught.value.line is not None
    near = source.split("\n")[max(0, caught.value.line - 2) : caught.value.line + 1]
    assert any(line in text for text in near)


ATTACKS = [
    r"\input{/etc/passwd}",
    r"\immediate\write18{touch shell}\input{shell}",
    r"\openin1=/etc/passwd \ifeof1 \errmessage{not there}\fi",
    r"\immediate\openout1=/tmp/derivgen-attack ",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_tex_is_confined(attack: str) -> None:
    with pytest.raises(TexError):
        compile_tex(document(attack))
    assert not Path("/tmp/derivgen-attack").exists()


def test_a_loop_is_ended() -> None:
    with pytest.raises(TexError, match="stopped after 2 seconds"):
        compile_tex(document(r"\loop\iftrue\repeat"), time_limit=2)


def test_an_engine_that_is_not_there() -> None:
    with pytest.raises(EngineMissing, match=r"derivgen\[tex\]"):
        find_engine("no-such-tex")


def test_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "engines", list)
    with pytest.raises(EngineMissing, match="no pdflatex"):
        find_engine()


LOG = """\
./sheet.tex:12: Undefined control sequence.
l.12 a \\nosuch
               b
Overfull \\hbox (12.3pt too wide) in paragraph at lines 20--21
Underfull \\vbox (badness 10000) has occurred while \\output is active []
./sheet.tex:12:  ==> Fatal error occurred, no output PDF file produced!
"""


def test_the_log_is_read() -> None:
    assert log.errors(LOG) == [log.LogError("Undefined control sequence.", 12, "a \\nosuch")]
    over, under = log.boxes(LOG)
    assert (over.overfull, over.line, over.excess) == (True, 20, 12.3)
    assert not under.overfull and not under.horizontal
