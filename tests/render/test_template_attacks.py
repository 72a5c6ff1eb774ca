"""Templates of strangers: what each attack does to plain Jinja, and that it does nothing here."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from jinja2 import Environment, FileSystemLoader
from jinja2.sandbox import ImmutableSandboxedEnvironment

from derivgen.derivation import rule
from derivgen.errors import ProblemError, TemplateError
from derivgen.expr.nodes import Expr, Symbol
from derivgen.render import apart
from derivgen.render.apart import rendered
from derivgen.render.environment import words

SECRET = "the secret of the machine"


@dataclass(frozen=True, slots=True)
class View:
    """A view that holds what a careless author of views might put there."""

    title: str
    file: Path
    rule: object
    numbers: dict[str, int]


@rule("a rule", law="u = u", source="none")
def unchanged(expr: Expr) -> Expr | None:
    return expr


DELIMITERS = {
    "block_start_string": "((*",
    "block_end_string": "*))",
    "variable_start_string": "(((",
    "variable_end_string": ")))",
    "comment_start_string": "((=",
    "comment_end_string": "=))",
}


def _folder(tmp_path: Path, template: str) -> Path:
    (tmp_path / "secret.txt").write_text(SECRET)
    (tmp_path / "own" / "latex").mkdir(parents=True)
    (tmp_path / "own" / "latex" / "sheet.tex.j2").write_text(template)
    (tmp_path / "own" / "latex" / "link.tex.j2").symlink_to(tmp_path / "secret.txt")
    return tmp_path / "own"


def _view(tmp_path: Path) -> View:
    return View("T", tmp_path / "secret.txt", unchanged, {"a": 1})


# name, template, what plain Jinja prints of it
READING = [
    (
        "cycler",
        "((( cycler.__init__.__globals__['__builtins__']['__import__']('subprocess').getoutput('echo o' ~ 'wned') )))",
        "owned",
    ),
    (
        "lipsum",
        "((( lipsum.__globals__['__builtins__']['__import__']('subprocess').getoutput('echo o' ~ 'wned') )))",
        "owned",
    ),
    ("namespace", "((( namespace.__init__.__globals__['json'].dumps('o' ~ 'wned') )))", "owned"),
    ("self", "((( self.__init__.__globals__['sys'].modules['json'].dumps('o' ~ 'wned') )))", "owned"),
    ("an unknown name", "((( nothing.__init__.__globals__['sys'].modules['json'].dumps('o' ~ 'wned') )))", "owned"),
    ("classes", "((( ''.__class__.__mro__[1].__subclasses__() | length > 100 )))", "True"),
    ("the filter attr", "((( ('' | attr('__class__')).__name__ * 2 )))", "strstr"),
    (
        "the filter map",
        "((( [sheet] | map(attribute='__class__') | map(attribute='__name__') | first | lower )))",
        "view",
    ),
    ("format", "((( '{0.__class__.__name__}'.format(sheet) | lower )))", "view"),
    ("format_map", "((( '{s.__class__.__name__}'.format_map({'s': sheet}) | lower )))", "view"),
    ("brackets", "((( ''['__class__']['__name__'] * 2 )))", "strstr"),
    ("a method of what is passed", "((( sheet.file.read_text() )))", SECRET),
    (
        "a method by map",
        "((* for read in [sheet.file] | map(attribute='read_text') *))((( read() )))((* endfor *))",
        SECRET,
    ),
    ("a function of a rule", "((( sheet.rule.rewrite.__globals__['SECRET'] )))", SECRET),
    ("calling a rule", "((( sheet.rule(sheet).title )))", "T"),
    ("changing what is passed", "((( sheet.numbers.update({'a': 2}) )))((( sheet.numbers.a )))", "None2"),
    ("a link out of the folder", "((* include 'latex/link.tex.j2' *))", SECRET),
    ("half a character", "((( '\\ud800' | safe )))", "\ud800"),
    ("an address in memory", "((( range )))", "<class 'range'>"),
]


@pytest.mark.parametrize(("template", "printed"), [row[1:] for row in READING], ids=[row[0] for row in READING])
def test_what_a_template_reads(tmp_path: Path, template: str, printed: str) -> None:
    folder, view = _folder(tmp_path, template), _view(tmp_path)
    plain = Environment(loader=FileSystemLoader(folder), **DELIMITERS)  # type: ignore[arg-type]
    assert printed in plain.get_template("latex/sheet.tex.j2").render(sheet=view)
    with pytest.raises(TemplateError) as raised:
        rendered("latex/sheet.tex.j2", folder, "en", {"sheet": view})
    assert str(folder) in str(raised.value) and printed not in str(raised.value)


SANDBOX_LETS_PASS = ("a method of what is passed", "a method by map", "calling a rule", "an address in memory")


@pytest.mark.parametrize("template", [row[1] for row in READING if row[0] in SANDBOX_LETS_PASS])
def test_the_sandbox_of_jinja_is_not_enough(tmp_path: Path, template: str) -> None:
    folder = _folder(tmp_path, template)
    sandbox = ImmutableSandboxedEnvironment(loader=FileSystemLoader(folder), **DELIMITERS)  # type: ignore[arg-type]
    assert sandbox.get_template("latex/sheet.tex.j2").render(sheet=_view(tmp_path))


# name, template
TAKING = [
    ("a long range", "((* for i in range(10**10) *))((* endfor *))"),
    ("ranges in ranges", "((* for i in range(99999) *))((* for j in range(99999) *))((* endfor *))((* endfor *))"),
    ("a repeated text", "((( 'x' * 10**10 )))"),
    ("a repeated list", "((( [1] * 10**10 )))"),
    ("center", "((( 'x' | center(10**10) )))"),
    ("indent", "((( ('x\n' * 10**6) | indent(10**5) )))"),
    ("the filter format", "((( '%10000000000d' | format(1) )))"),
    ("a tower", "((( 9**(9**9) )))"),
    ("slice", "((( [1] | slice(10**9) | list | length )))"),
    ("doubling", "((* set n = namespace(s='x') *))((* for i in range(60) *))((* set n.s = n.s ~ n.s *))((* endfor *))"),
    ("replacing", "((( ('x' * 10**5) | replace('x', 'y' * 10**5) )))"),
    (
        "a tree of macros",
        "((* macro f(n) *))((* if n *))((( f(n - 1) )))((( f(n - 1) )))((* endif *))((* endmacro *))((( f(60) )))",
    ),
    (
        "a tree of includes",
        "((* set n = (n or 0) + 1 *))"
        "((* for i in 'xx' *))((* if n < 60 *))((* include 'latex/sheet.tex.j2' *))((* endif *))((* endfor *))",
    ),
    ("a flood", "((* for i in range(99999) *))((* for j in range(999) *))xxxxxxxxxx((* endfor *))((* endfor *))"),
]

PLAIN = """
import json, resource, sys
from jinja2 import Environment, FileSystemLoader
folder, delimiters = json.loads(sys.argv[1])
resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
resource.setrlimit(resource.RLIMIT_AS, (500_000_000, 500_000_000))
try:
    Environment(loader=FileSystemLoader(folder), **delimiters).get_template("latex/sheet.tex.j2").render(n=0)
except MemoryError:
    sys.exit("no memory left")
"""


@pytest.mark.parametrize("template", [row[1] for row in TAKING], ids=[row[0] for row in TAKING])
def test_what_a_template_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: str) -> None:
    folder = _folder(tmp_path, template)
    arguments = [sys.executable, "-c", PLAIN, json.dumps([str(folder), DELIMITERS])]
    plain = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert plain.returncode < 0 or "no memory left" in plain.stderr, plain.stderr
    monkeypatch.setattr(apart, "SECONDS", 1)
    began = time.perf_counter()
    with pytest.raises(TemplateError, match=r"more than|too much|too large|Overflow|No range|circle") as raised:
        rendered("latex/sheet.tex.j2", folder, "en", {"n": 0})
    assert str(folder) in str(raised.value)
    assert time.perf_counter() - began < 20


# template, the line and the message
PLACED = [
    ("one\n((( nothing )))\n", ":2: 'nothing' is undefined"),
    ("one\n\n((* if *))\n", ":3: Expected an expression, got 'end of statement block'"),
    ("((( 1 + 'a' )))", ":1: TypeError: unsupported operand type"),
    ("one\n((( 1 / 0 )))", ":2: ZeroDivisionError: division by zero"),
    ("((( none_at_all )))", ":1: a template prints a value that is not there"),
    ("\n((( title.nothing )))", ":2: 'str object' has no attribute 'nothing'"),
    ("((* include 'latex/none.tex.j2' *))", ":1: there is no template latex/none.tex.j2"),
    ("((* include '../secret.txt' *))", ":1: there is no template ../secret.txt"),
    ("((* include '/etc/passwd' *))", ":1: there is no template /etc/passwd"),
    ("((* extends 'latex/sheet.tex.j2' *))", "templates or macros go in a circle"),
    ("((* macro f() *))((( f() )))((* endmacro *))((( f() )))", "templates or macros go in a circle"),
    ("((( title.upper() )))((( title.format() )))", ":1: access to attribute 'format' of 'str' object is unsafe."),
    ("((( '$x' | prompt )))", ":1: this `$` is not closed: $x"),
    ("((( 1 | math )))", ":1: TypeError"),
    ("((( [3, 1] | random )))", ":1: No filter named 'random'."),
]


@pytest.mark.parametrize(("template", "message"), PLACED, ids=[row[0] for row in PLACED])
def test_faults_have_their_place(tmp_path: Path, template: str, message: str) -> None:
    folder = _folder(tmp_path, template)
    with pytest.raises(TemplateError) as raised:
        rendered("latex/sheet.tex.j2", folder, "en", {"title": "T", "none_at_all": None})
    assert message in str(raised.value) and str(raised.value).startswith(str(folder))


def test_what_a_template_may_do(tmp_path: Path) -> None:
    template = """((* set n = namespace(sum=0) *))((* for one in sheet.numbers.values() *))\
((* set n.sum = n.sum + one *))((( loop.index ))) of ((( loop.length ))), ((* endfor *))((( n.sum ))), \
((( sheet.title.upper() ))), ((( sheet.rule.name ))), ((( x | inline )))"""
    folder = _folder(tmp_path, template)
    shown = rendered("latex/sheet.tex.j2", folder, "en", {"sheet": _view(tmp_path), "x": Symbol("x")})
    assert shown == "1 of 1, 1, T, a rule, x"


def test_words_that_multiply(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(25))
    loaded = yaml.safe_load(bomb)["a15"]
    assert len(str(loaded)) > 2**16
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / "en.yaml").write_text(bomb)
    with pytest.raises(ProblemError, match="anchors"):
        words("en", tmp_path)
