"""Declarations, assumptions and the LaTeX that a file may contain."""

from __future__ import annotations

from fractions import Fraction

import pytest

from derivgen.errors import ExpressionError
from derivgen.expr.nodes import ONE, SCALAR, Dim, Function, Index, Symbol
from derivgen.problem.declarations import Declaration, assume, declare, parse_assumption, parse_declaration
from derivgen.problem.latex_text import name_latex_fault, text_faults
from derivgen.problem.model import Map, Scope

m, n = Dim(1, ("m",)), Dim(1, ("n",))
half = Fraction(1, 2)


def _symbol(*shape: Dim, words: str = "", latex: str = "") -> Symbol:
    return Symbol("q", (shape[0], shape[1]) if shape else SCALAR, frozenset(words.split()), latex)


DECLARED: list[tuple[str, Declaration]] = [
    ("scalar", Declaration(_symbol())),
    ("scalar positive integer", Declaration(_symbol(words="positive integer"))),
    ("vector(n)", Declaration(_symbol(n, ONE))),
    ("vector( 3 )", Declaration(_symbol(Dim(3), ONE))),
    ("vector(n) onehot", Declaration(_symbol(n, ONE, words="onehot"))),
    ("matrix(m,n)", Declaration(_symbol(m, n))),
    ("matrix(n, n) symmetric positive-definite", Declaration(_symbol(n, n, words="symmetric positive_definite"))),
    ("index(n)", Declaration(Index("q", n))),
    ("elementwise", Declaration(Function("q", (), abstract=True))),
    ("function(scalar, scalar -> scalar)", Declaration(Function("q", (0, 0), abstract=True))),
    ("function(vector(n) -> vector(m))", Declaration(Map(((n, ONE),), (m, ONE)))),
    ("function(scalar, matrix(m, n) -> scalar)", Declaration(Map((SCALAR, (m, n)), SCALAR))),
    ("3", Declaration(_symbol(), ((Fraction(3),),))),
    ("-0.8", Declaration(_symbol(), ((Fraction(-4, 5),),))),
    ("1/2 positive", Declaration(_symbol(words="positive"), ((half,),))),
    ("[1, 1/2]", Declaration(_symbol(Dim(2), ONE), ((Fraction(1),), (half,)))),
    ("[[1, 0.5]]", Declaration(_symbol(ONE, Dim(2)), ((Fraction(1), half),))),
    ("vector(n) as \\boldsymbol{\\alpha}_{t-1}", Declaration(_symbol(n, ONE, latex="\\boldsymbol{\\alpha}_{t-1}"))),
    ("index(n) as t'", Declaration(Index("q", n, "t'"))),
]


@pytest.mark.parametrize(("text", "expected"), DECLARED, ids=[row[0] for row in DECLARED])
def test_declared(text: str, expected: Declaration) -> None:
    assert parse_declaration("q", text) == expected


# text, message begins with, what is underlined
REFUSED: list[tuple[str, str, str]] = [
    ("vectr(n)", "`vectr` is no type", "vectr"),
    ("symmetric matrix(n, n)", "`symmetric` is no type", "symmetric"),
    ("vector", "the dimensions of the vector are missing", "vector"),
    ("vector(n", "this `(` is not closed", "("),
    ("matrix(n)", "a matrix has 2 dimensions", "n"),
    ("matrix(m, 0)", "a dimension is a whole number from 1 to 10000", "0"),
    ("matrix(m, n + 1)", "`n + 1` is no dimension", "n + 1"),
    ("vector(x1, 2)", "`2` is no name of an entry", "2"),
    ("matrix([[a, b], [c, d]])", "matrix(m, n) takes 2 dimensions", "[[a"),
    ("scalar(n)", "scalar has no dimensions", "(n)"),
    ("matrix(m, n) symmetric", "symmetric is said of square matrices; q is (m, n)", " symmetric"),
    ("scalar onehot", "onehot is said of vectors, and of the rows of a matrix; q is (1, 1)", "onehot"),
    ("[[0, 1], [1, 1]] onehot", "q is said to be onehot, but its values are not", "[[0"),
    ("matrix(m, n) unit", "unit is said of vectors; q is (m, n)", " unit"),
    ("vector(n) positve", "`positve` is no assumption", "positve"),
    ("index(n) positive", "assumptions do not go with index", " positive"),
    ("elementwise positive", "assumptions do not go with elementwise", "positive"),
    ("function(vector(n))", "the types of the function are missing", "function"),
    ("function(vectr(n) -> scalar)", "a function takes scalar, vector(n) or matrix(m, n)", "v"),
    ("1/0", "division by zero", "1/0"),
    ("1..2", "`1..2` is no number", "1..2"),
    ("--3", "`--3` is no number", "--3"),
    ("1e999", "the exponent of this number is too large", "1e999"),
    ("-3 positive", "q is said to be positive, but its values are not", "-3"),
    ("[1, 2", "this `[` is not closed", "["),
    ("[1, a]", "`a` is no number", "a"),
    ("[[1, 2], [3]]", "the rows of a matrix have one length", "[[1"),
    ("[[1, 2], [3, 4]] symmetric", "q is said to be symmetric, but its values are not", "[[1"),
    ("", "nothing says what q is", ""),
    ("scalar as \\input{a}", "`\\input` is not allowed in the LaTeX of a name", "\\input"),
    ("scalar as", "`as` is no assumption", "as"),
]


@pytest.mark.parametrize(("text", "message", "marked"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused(text: str, message: str, marked: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        parse_declaration("q", text)
    error = raised.value
    assert error.message.startswith(message)
    assert text[error.offset : error.offset + error.width].startswith(marked)


def test_assumptions() -> None:
    assert parse_assumption("A symmetric invertible") == ("A", frozenset({"symmetric", "invertible"}))
    scope = declare(Scope(), "A", parse_declaration("A", "matrix(n, n)"))
    assert scope.sizes == {"n"}
    assert assume(scope, "A symmetric").symbols["A"].assumptions == {"symmetric"}


ASSUMED_WRONGLY = [
    ("A", "the assumption is missing"),
    ("", "an assumption begins with a name, as in `A symmetric`"),
    ("B symmetric", "B is not declared"),
    ("A unit", "unit is said of vectors; A is (n, n)"),
    ("A nice", "`nice` is no assumption"),
]


@pytest.mark.parametrize(("text", "message"), ASSUMED_WRONGLY)
def test_assumed_wrongly(text: str, message: str) -> None:
    scope = declare(Scope(), "A", parse_declaration("A", "matrix(n, n)"))
    with pytest.raises(ExpressionError) as raised:
        assume(scope, text)
    assert raised.value.message == message


GOOD_NAMES = [
    "x",
    "\\alpha",
    "\\boldsymbol{\\alpha}_{t-1}",
    "\\hat{y}",
    "x^{(1)}_i",
    "W'",
    "\\mathbf{x}^\\star",
    "x_{i_j}",
]


@pytest.mark.parametrize("latex", GOOD_NAMES)
def test_good_names(latex: str) -> None:
    assert name_latex_fault(latex) is None


BAD_NAMES = [
    "\\input{a}",
    "x^^41",
    "{",
    "}",
    "x_1_2",
    "x^",
    "_",
    "a$b",
    "a%b",
    "\\\\",
    "\\",
    "x#1",
    "x" * 201,
    "é",
    "x_{}}",
]


@pytest.mark.parametrize("latex", BAD_NAMES)
def test_bad_names(latex: str) -> None:
    assert name_latex_fault(latex) is not None


GOOD_TEXTS = [
    "",
    "plain text, 100% & #1 {fine}",
    r"costs \$5",
    r"$\frac{\partial f}{\partial \mathbf{x}} \in \mathbb{R}^{n \times m}$",
    r"$$\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}$$",
    r"\emph{Why} is $f$ \textbf{smooth}?",
    r"$\left( \sum_{i=1}^n x_i \right)$ and $\lVert x \rVert_2 = \|x\|$",
    r"$x \text{ if } y$",
    r"$50\% \ \{1, 2\}$",
]


@pytest.mark.parametrize("text", GOOD_TEXTS)
def test_good_texts(text: str) -> None:
    assert list(text_faults(text)) == []


BAD_TEXTS: list[tuple[str, str]] = [
    ("costs $5", "$"),
    ("$$x$", "$"),
    (r"\input{/etc/passwd}", r"\input"),
    (r"$\write18{ls}$", r"\write"),
    (r"$\csname input\endcsname$", r"\csname"),
    (r"$\def\x{}$", r"\def"),
    (r"$\catcode`\%=12$", r"\catcode"),
    (r"$\directlua{}$", r"\directlua"),
    (r"$\special{}$", r"\special"),
    (r"$\usepackage{x}$", r"\usepackage"),
    (r"$\href{a}{b}$", r"\href"),
    ("$^^5cinput$", "^^"),
    ("a ^^5cinput", "^^"),
    (r"$\begin{verbatim}\end{verbatim}$", r"\begin{verbatim}"),
    (r"$\begin {filecontents}\end{filecontents}$", r"\begin {filecontents}"),
    (r"$\begin{bmatrix}$", r"\begin{bmatrix}"),
    (r"$\end{bmatrix}$", r"\end{bmatrix}"),
    (r"$\left( x$", r"\left( x"),
    ("$}{$", "}"),
    ("a } b", "}"),
    ("$a % b$", "%"),
    ("$a # b$", "#"),
    ("$$$$", "$"),
    ("$x\n\ny$", "x"),
    (r"the \alpha", r"\alpha"),
    ("a\\", "\\"),
    ("$a\\$", "$"),
    ("nul \0", "\0"),
    ("\u202eevil", "\u202e"),
    ("lone \ud800", "\ud800"),
    ("$" + "{" * 100 + "}" * 100 + "$", "{"),
]


@pytest.mark.parametrize(("text", "marked"), BAD_TEXTS, ids=[ascii(row[0])[:40] for row in BAD_TEXTS])
def test_bad_texts(text: str, marked: str) -> None:
    faults = list(text_faults(text))
    assert any(text[fault.offset : fault.offset + fault.width].startswith(marked) for fault in faults), faults
