"""Expressions of strangers: what each attack does to `eval` or `sympify`; here it is refused, with its place."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from derivgen.build import limits
from derivgen.build.question import derivative_question, scope_from
from derivgen.build.solve import solve
from derivgen.errors import ExpressionError
from derivgen.expr.nodes import Layout
from derivgen.problem import parse_expression

SCOPE = scope_from(("x: vector(n)", "A: matrix(n, n)", "s: scalar", "k: scalar integer", "f: elementwise"), ())

# what reads it without defence, the attack, the message here and the text that the caret underlines
ATTACKS = [
    ("eval", "__import__('os').system('echo owned')", "`__import__`: names do not start", "__import__"),
    ("sympify", "__import__('os').system('echo owned')", "`__import__`: names do not start", "__import__"),
    ("sympify", "S(\"__import__('os').system('echo owned')\")", '`"` has no meaning', '"'),
    ("eval", "open('secret.txt').read()", "`'` has no meaning", "'"),
    ("eval", "x.__class__.__base__.__subclasses__() and 'owned'", "`__class__`: names do not start", "__class__"),
    ("eval", "x.real.conjugate.__self__ and 'owned'", "`__self__`: names do not start", "__self__"),
    ("eval", "(lambda: 'owned')()", "`'` has no meaning", "'"),
    ("eval", "(y := chr(111) + 'wned')", "`=` has no meaning", "="),
    ("eval", "f'{chr(111)}wned'", "`'` has no meaning", "'"),
    ("eval", "[print('owned') for i in (1, 2)]", "`'` has no meaning", "'"),
    ("eval", "print(*(chr(111) + chr(119) + chr(110) + chr(101) + chr(100)))", "something is missing", "(*"),
    ("eval", "dict(owned=x)", "arguments have no names", "dict(owned=x)"),
    (
        "eval",
        "print(chr(111), chr(119), chr(110), chr(101), chr(100), sep=chr(0))",
        "arguments have no names",
        "print(",
    ),
    # letters that Python takes for those of `eval` and `print`
    ("eval", "𝐞𝐯𝐚𝐥('chr(111) + \"wned\"')", "`𝐞𝐯𝐚𝐥`: names are made of Latin", "𝐞𝐯𝐚𝐥"),
    ("eval", "𝐩𝐫𝐢𝐧𝐭(chr(111) + chr(119), chr(110))", "`𝐩𝐫𝐢𝐧𝐭`: names are made of Latin", "𝐩𝐫𝐢𝐧𝐭"),
    ("eval", "9**9**9", "the power is too large", "9**9**9"),
    ("sympify", "9**9**9", "the power is too large", "9**9**9"),
    ("sympify", "factorial(10**7)", "there is no function factorial", "factorial"),
    ("eval", "sum(range(10**10))", "there is no function range", "range"),
    ("eval", "2**(10**11)", "the power is too large", "2**(10**11)"),
    ("eval", "[0]*10**10 + [s]*10**999", "the power is too large", "10**999"),
    ("sympify", "eye(10**5)", "10**5 is no dimension", "10**5"),
    ("sympify", "ones(20000, 20000)", "20000 is no dimension", "20000"),
    ("eval", "(1 << 10**11)", "`<` has no meaning", "<"),
]

WITHOUT_DEFENCE = """
import json, resource, sys
reader, text = json.loads(sys.argv[1])
if reader == "sympify":
    from sympy import sympify as read
else:
    def read(text):
        return eval(text, {"x": 1})
used = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
resource.setrlimit(resource.RLIMIT_CPU, (used + 2, used + 2))
resource.setrlimit(resource.RLIMIT_AS, (1_000_000_000, 1_000_000_000))
try:
    print(read(text))
except MemoryError:
    sys.exit("no memory left")
"""


@pytest.mark.parametrize(("reader", "text"), [row[:2] for row in ATTACKS], ids=lambda part: part[:30])
def test_the_attack_works_without_defence(tmp_path: Path, reader: str, text: str) -> None:
    (tmp_path / "secret.txt").write_text("owned")
    arguments = [sys.executable, "-c", WITHOUT_DEFENCE, json.dumps([reader, text])]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    printed = done.stdout.translate({0: None, 32: None, 10: None})
    assert done.returncode < 0 or "no memory left" in done.stderr or "own" in printed or "MemoryError" in done.stderr


# the attack, the message and the text that the caret underlines
LARGE = [
    ("(" * 10_000 + "x" + ")" * 10_000, "this expression is too long: 20001 characters, at most 5000", "("),
    ("x+" * 500_000 + "x", "this expression is too long: 1000001 characters", "x"),
    ("((" * 26 + "x" + "))" * 26, "parentheses are nested too deep, at most 50", "("),
    ("x" + "@A.T" * 1_200, "this expression is too long: 2401 names", "x"),
    ("-" * 4_000 + "s", "this expression is nested too deep", "-"),
    ("9" * 100, "this number has too many digits, at most 50", "9"),
    ("1e999999", "the exponent of this number is too large, at most 100", "1e999999"),
    ("s * 1e-999999", "the exponent of this number is too large, at most 100", "1e-999999"),
    ("(9**99)**99", "the power is too large, at most 100", "(9**99)**99"),
    ("*".join(["9**99"] * 99), "the numbers in this expression are too large", "9"),
    ("((s**99)**99)**99", "the power is too large, at most 1000", "(s**99)**99"),
    ("ones(1000000000)", "1000000000 is no dimension: a whole number from 1 to 10000", "1000000000"),
    ("eye(10**6)", "10**6 is no dimension", "10**6"),
    ("matrix_power(A, 10**9)", "the power is too large, at most 100", "matrix_power(A, 10**9)"),
    ("matrix_power(matrix_power(A, 99), 99)", "the power is too large, at most 100", "matrix_power("),
    ("x[1000000000]", "1000000000 is beyond the last", "1000000000"),
    ("sum(x[i], *i)", "something is missing between `,` and `*`", ", *"),
    ("\u0445", "`\u0445`: names are made of Latin and Greek letters", "\u0445"),
    ("\uff58", "`\uff58`: names are made of Latin and Greek letters", "\uff58"),
    ("s\u200b", "the character U+200B has no meaning", "\N{REPLACEMENT CHARACTER}"),
    ("s + \u202es", "the character U+202E has no meaning", "\N{REPLACEMENT CHARACTER}"),
    ("\u00aa", "`\u00aa`: names are made of Latin", "\u00aa"),
    ("s + '''", "`'` has no meaning", "'"),
    ("s if s else s", "an operator is missing between `s` and `if`", "s if"),
]

REFUSED = [row[1:] for row in ATTACKS] + LARGE


@pytest.mark.parametrize(("text", "message", "marked"), REFUSED, ids=[row[0][:30] for row in REFUSED])
def test_it_is_refused_with_its_place(text: str, message: str, marked: str) -> None:
    began = time.process_time()
    with pytest.raises(ExpressionError) as raised:
        parse_expression(text, SCOPE)
    assert time.process_time() - began < 1
    complaint = raised.value.complaints[0]
    assert message in complaint.message and complaint.place is not None
    assert complaint.place.source[complaint.place.column - 1 :].startswith(marked)


# formulas that are right, and larger in each step
QUICK = [
    "tr(" + "kron(A, " * 40 + "A" + ")" * 40 + ")",
    "sum(x[a]*x[b]*x[c]*x[d]*x[e]*x[g]*x[h], a, b, c, d, e, g, h)",
    "ones(10000, 1).T @ ones(10000, 10000) @ ones(10000)",
    "exp(" * 49 + "s" + ")" * 49,
    "s**" * 90 + "s",
    "@".join(["A"] * 900),
    "vec(" * 10 + "A" + ")" * 10,
]


@pytest.mark.parametrize("text", QUICK, ids=lambda text: text[:30])
def test_what_is_read_is_read_quickly(text: str) -> None:
    began = time.process_time()
    parse_expression(text, SCOPE)
    assert time.process_time() - began < 1


MEASURED = """
import json, resource, sys
from derivgen.build.question import scope_from
from derivgen.errors import ExpressionError
from derivgen.problem import parse_expression
scope = scope_from(("x: vector(n)", "A: matrix(n, n)", "s: scalar"), ())
for text in json.load(sys.stdin):
    try:
        parse_expression(text, scope)
    except ExpressionError:
        pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory() -> None:
    texts = json.dumps([text for text, _, _ in REFUSED] + QUICK)
    done = subprocess.run([sys.executable, "-c", MEASURED], input=texts, capture_output=True, text=True, check=True)
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(done.stdout) * unit < 500_000_000


def _refusal(expression: str) -> str:
    return solve(derivative_question(expression, "s", SCOPE), 1, Layout.DENOMINATOR).refusal


def test_what_a_formula_leads_to_has_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    tower = "(" * 49 + "s" + "+1)*s" * 49
    monkeypatch.setattr(limits, "SECONDS", 0.5)
    began = time.process_time()
    assert _refusal(tower) == "this takes more than 0.5 s to derive and check"
    assert time.process_time() - began < 2
    assert not _refusal("s**2")


def test_memory_has_limits() -> None:
    with pytest.raises(limits.TooMuch, match="more than 100 MB of memory"), limits.limited(memory=100_000_000):
        bytearray(10**9)
    with pytest.raises(limits.TooMuch, match="nested too deep"), limits.limited():
        _deeper(0)
    assert len(bytearray(2 * 10**8)) == 2 * 10**8


def _deeper(depth: int) -> int:
    return _deeper(depth + 1) + 1
