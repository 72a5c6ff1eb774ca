"""Problem files with something wrong: the ones of problems/, with bytes, words, lines or fields changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

ROOT = Path(__file__).parents[2] / "problems"

BYTES = (
    *(b"\0", b"\t", b"\r", b"\xff", b"\xc3", b"\xe2\x80\xae", b"\xef\xbb\xbf"),
    *(b"'", b'"', b"$", b"#", b"\\", b": ", b"{"),
)
"""What is put between two bytes."""

WORDS = (
    *("x", "A", "x.T", "2x", "x^2", "x'", "lambda", "λ", "@", "**", "* *", "(", ")", "[", "]", "[i, j]"),
    *("sum(", "inv(x)", "eye(10**6)", "9**9**9", "1e999", "0", "-1", "1/0", "NaN", "inf", "9" * 60, "1000000000"),
    *("''", '"', "'", "$", r"\frac", r"\input{/etc/passwd}", "^^41", "é", "\u202e", "\U0001d465", "x" * 60),
    *("|", ">", "- ", "? ", ": ", " #", "&a", "*a", "!!int", "<<", "---", "...", "~", "null", "{}", "[]", "{a: b}"),
    *("vector(n)", "matrix(n, n)", "matrix(m, n) symmetric", "scalar", "index(n)", "vector(0)", "elementwise"),
    *("derive", "wrt", "claim", "parts", "symbols", "prompt", "define", "evaluate", "at", "steps", "order", "digits"),
    *("numerator", "differential", "[1, 2]", "[[1]]"),
)
"""What takes the place of a word."""

VALUES = (
    *("", "[]", "{}", "[[]]", "{a: {b: c}}", "- a", "|", "x", "0", "-1", "1e9", "[1, [2, 3]]", "true"),
    *(
        "x @ x",
        "A @ A @ A",
        "x + 1",
        "exp(x) / 0",
        "sum(A[i, j], i, j)",
        "[x, x]",
        "vector(n) as \\alpha",
        "{left: x, right: y}",
        "[x, y, z]",
    ),
)
"""What takes the place of the value of a field."""

WORD = re.compile(r"\w+|\s+|[^\w\s]")
FIELD = re.compile(r"^(\s*(?:- )?)([\w.]+):(.*)$", re.MULTILINE)


@cache
def sources() -> tuple[bytes, ...]:
    """The problem and sheet files, in one order."""
    return tuple(path.read_bytes() for path in sorted(ROOT.rglob("*.yaml")))


def _bytes(draw: st.DrawFn, source: bytes) -> bytes:
    place = draw(st.integers(0, len(source)))
    removed = draw(st.integers(0, 20))
    return source[:place] + draw(st.sampled_from((b"", *BYTES))) + source[place + removed :]


def _words(draw: st.DrawFn, source: bytes) -> bytes:
    words = WORD.findall(source.decode(errors="replace"))
    if not words:
        return source
    place = draw(st.integers(0, len(words) - 1))
    other = draw(st.sampled_from(WORDS) | st.integers(0, len(words) - 1).map(words.__getitem__))
    words[place : place + draw(st.integers(0, 2))] = [other]
    return "".join(words).encode(errors="replace")


def _lines(draw: st.DrawFn, source: bytes) -> bytes:
    lines = source.split(b"\n")
    one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    match draw(st.sampled_from(("remove", "repeat", "exchange", "indent", "outdent", "cut", "join"))):
        case "remove":
            del lines[one]
        case "repeat":
            lines.insert(other, lines[one])
        case "exchange":
            lines[one], lines[other] = lines[other], lines[one]
        case "indent":
            lines[one] = b" " * draw(st.integers(1, 4)) + lines[one]
        case "outdent":
            lines[one] = lines[one].removeprefix(b"  ")
        case "cut":
            del lines[one:]
        case "join":
            lines[one : one + 2] = [b" ".join(lines[one : one + 2])]
    return b"\n".join(lines)


def _fields(draw: st.DrawFn, source: bytes) -> bytes:
    text = source.decode(errors="replace")
    fields = list(FIELD.finditer(text))
    if not fields:
        return source
    one, other = (draw(st.sampled_from(fields)) for _ in range(2))
    lead, name, value = one.groups()
    match draw(st.sampled_from(("value", "name", "other value", "remove"))):
        case "value":
            value = f" {draw(st.sampled_from(VALUES))}"
        case "name":
            name = other[2]
        case "other value":
            value = other[3]
        case "remove":
            return (text[: one.start()] + text[one.end() + 1 :]).encode(errors="replace")
    return f"{text[: one.start()]}{lead}{name}:{value}{text[one.end() :]}".encode(errors="replace")


FORMULA = re.compile(
    rb"^[ -]*(?:derive|claim|gradient|jacobian|hessian|evaluate|expand|left|right|[a-z]\w?): (.*)$", re.MULTILINE
)
OPERAND = re.compile(rb"[A-Za-z]\w*|[0-9.]+|[-+*/@]+")
FORMULAS = (
    b"+",
    b"-",
    b"*",
    b"@",
    b"/",
    b"**",
    b"x",
    b"y",
    b"A",
    b"2",
    b"0",
    b"1",
    b".T + ",
    b"exp",
    b"log",
    b"sum",
    b"norm",
)


def _formulas(draw: st.DrawFn, source: bytes) -> bytes:
    """A name, a number or an operator of a formula becomes another one."""
    lines = list(FORMULA.finditer(source))
    if not lines:
        return source
    line = draw(st.sampled_from(lines))
    places = list(OPERAND.finditer(source, line.start(1), line.end(1)))
    if not places:
        return source
    one, other = (draw(st.sampled_from(places)) for _ in range(2))
    chosen = draw(st.sampled_from((other[0], *FORMULAS)))
    return source[: one.start()] + chosen + source[one.end() :]


CHANGES: tuple[Callable[[st.DrawFn, bytes], bytes], ...] = (
    _bytes,
    _words,
    _words,
    _lines,
    _fields,
    _fields,
    _formulas,
    _formulas,
)


@st.composite
def mutated_files(draw: st.DrawFn) -> bytes:
    """One file of problems/ with one to four changes."""
    content = draw(st.sampled_from(sources()))
    for change in draw(st.lists(st.sampled_from(CHANGES), min_size=1, max_size=4)):
        content = change(draw, content)
    return content
