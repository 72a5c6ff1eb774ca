"""Reading LaTeX: every row of docs/latex-input.md, and what is between the rows."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from derivgen.build.question import scope_from
from derivgen.errors import ExpressionError
from derivgen.expr.nodes import Expr
from derivgen.expr.shapes import shape
from derivgen.problem.expression import parse_expression
from derivgen.problem.latex_input import parse_latex
from derivgen.problem.latex_input.names import names_in
from derivgen.problem.tokens import LatexText
from tests.problem.test_round_trip import same

PAGE = (Path(__file__).parents[2] / "docs" / "latex-input.md").read_text(encoding="utf-8")
DECLARED = next(
    block["symbols"]
    for block in map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
    if "symbols" in block
)
SCOPE = scope_from([f"{name}: {declared}" for name, declared in DECLARED.items()], [])


def _rows(columns: int) -> list[list[str]]:
    """The cells of the tables of the page that have so many columns; code without its marks."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| LaTeX")]
    cells = [
        [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|(?=[ |])|(?<= )\|", line)[1:-1]]
        for line in lines
    ]
    return [row for row in cells if len(row) == columns]


def _code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


READ = [(_code(latex)[0], _code(text)[0]) for latex, text in _rows(2)]
REFUSED = [(_code(latex)[0], why, _code(write)) for latex, why, write in _rows(3)]


def test_the_tables_are_found() -> None:
    assert len(READ) > 60
    assert len(READ) + len(REFUSED) == len(re.findall(r"^\| `", PAGE, re.MULTILINE))


@pytest.mark.parametrize(("latex", "text"), READ, ids=[latex for latex, _ in READ])
def test_read(latex: str, text: str) -> None:
    assert same(parse_latex(latex, SCOPE)) == same(parse_expression(text, SCOPE))


@pytest.mark.parametrize(("latex", "why", "write"), REFUSED, ids=[latex for latex, _, _ in REFUSED])
def test_refused(latex: str, why: str, write: list[str]) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_latex(latex, SCOPE)
    assert why in caught.value.message
    for instead in write:
        parse_latex(instead, SCOPE)


# latex, what the caret underlines, the message, part of the hint
PLACES = [
    (r"\mathbf{x}^\top A y", r"\mathbf{x}^\top A", "n and m differ", r"did you mean"),
    (r"s + \foo", r"\foo", r"`\foo` is not read", ""),
    (r"s + \sinn t", r"\sinn", r"`\sinn` is not read", r"did you mean \sin?"),
    (r"s + \lambda", r"\lambda", r"\lambda is not declared", ""),
    (r"\alpha_1 + s", r"\alpha_1", r"\alpha_1 is not declared", "declare alpha (its subscript picks entries)"),
    (r"s + x_{ij}", "x_{ij}", "takes 1 subscript, not 2", "`x_ij: scalar`"),
    ("s + M_i", "M_i", "takes 2 subscripts, not 1", r"row i is M_{i,:}"),
    ("s_1", "s_1", "s is a scalar and has no entries", "`s_1: scalar`"),
    ("f_1(s)", "f_1", "f is a function and has no entries", ""),
    (r"s + x_{:}", "x_{:}", "nothing is picked", ""),
    (r"x_0 + s", "0", "entries are counted from 1", ""),
    (r"\frac{s}{t", "{t"[:1], "this `{` is not closed", ""),
    ("s}", "}", "nothing was opened that this `}` closes", ""),
    ("(s", "(", "this `(` is not closed", ""),
    ("s)", ")", "nothing was opened that this `)` closes", ""),
    ("[s)", ")", "`[` is closed by `)`", ""),
    (r"\left( s \right]", r"\right]", r"`\left(` is closed by `\right]`", ""),
    (r"\lvert s", r"\lvert", r"this `\lvert` is not closed", ""),
    ("s +", "+", "something is missing after `+`", ""),
    ("+ + s", "+ +", "two signs follow each other", "parentheses"),
    ("s^", "^", "something is missing after `^`", ""),
    ("s^{}", "{}", "something is missing", ""),
    (r"\frac{}{2}", r"\frac{}{2}", "something is missing between these braces", ""),
    (r"\frac{1}", "\\", r"an argument is missing after `\frac`", ""),
    (r"\vec\frac{1}{2}", r"\frac", "stands without braces as an argument", r"write {\frac{...}}"),
    (r"\begin{bmatrix} 1", "1", r"`\begin{bmatrix}` is not closed", ""),
    (r"\begin{bmatrix} 1 \end{pmatrix}", "\\", r"`\begin{bmatrix}` is closed by `\end{pmatrix}`", ""),
    (r"\begin{bmatrix} 1 & 2 \\ 3 \end{bmatrix}", None, "the rows of an array have one length", ""),
    (r"\begin{bmatrix} 1 & x \end{bmatrix}", "x", "entries are scalars", ""),
    (r"\begin{cases} 1 \end{cases}", None, "the environment `cases` is not read", "a part of its own"),
    ("$s$", "$", "`$` has no meaning", "no dollar signs"),
    ("s # t", "#", "`#` has no meaning", ""),
    (r"s \\ t", r"\\", "has no meaning here", "one line"),
    ("s, t", ",", "a comma has no meaning here", ""),
    ("g(s)", "g(s)", "g takes 2 arguments, not 1", ""),
    ("g'(s, t)", "g'", "say by which argument", r"\partial_1 g"),
    ("f + s", "f", "f is a function: give its argument in parentheses", "write f(x)"),
    ("w + s", "w", "w is an index", ""),
    (r"\operatorname{frob}(s)", r"\operatorname{frob}", "neither declared nor a function", ""),
    (r"\text{for all } s", r"\text{for all }", "neither declared nor a function", "outside the expression"),
    (r"\operatorname{diag} x", None, "takes its argument in parentheses", ""),
    (r"\sum x_i", r"\sum", r"\sum has no index", r"write \sum_{i=1}^{n}"),
    (r"\sum_{i \ne j} x_i", r"\ne", "a condition below a sum sign", r"\delta_{ij}"),
    (r"\sum_i s", "i", "the sum runs over i, which does not occur in it", ""),
    (r"\sum_{ii} x_i", "i", "the letter i is bound twice", ""),
    (r"\frac{1}{x}", None, "no scalar to divide by", r"\oslash"),
    (r"\frac{s}{0}", None, "division by zero", ""),
    (r"M^{1/2}", None, "the power of a matrix is a whole number", ""),
    (r"s^{x}", None, "the exponent is an array", r"\odot"),
    (r"I_{m \times n} + M", r"I_{m \times n}", "the identity is square", ""),
    (r"A \odot M", None, "m and n differ", ""),
    (r"x \odot y \otimes z", r"\otimes", "side by side", "parentheses"),
    (r"||s| t|", None, "", ""),
    (r"s^2^3", "^3", "a second superscript", ""),
    (r"x_i_j", "_j", "a second subscript", "one pair of braces"),
    (r"\hat{s t}", r"\hat{s t}", "is no name", r"\hat{y}_i"),
    (r"s \, 2", None, "a number follows what it multiplies", ""),
    ("1.", ".", "has no meaning", "a full stop at the end is left out"),
    (r"\left. s \right|_0", ".", "a delimiter that is not seen", ""),
    (r"\mathbb{R}", r"\mathbb{R}", "is not read", ""),
    (r"\mathbf{2}", r"\mathbf{2}", "no array of ones or zeros", ""),
    ("s²", "²", "has no meaning", "write ^2"),
    ("", "", "the expression is empty", ""),
]


@pytest.mark.parametrize(("latex", "marked", "message", "hint"), PLACES, ids=[row[0] for row in PLACES])
def test_place(latex: str, marked: str | None, message: str, hint: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_latex(latex, SCOPE)
    error = caught.value
    assert message in error.message
    assert hint in error.hint
    if marked:
        assert latex[error.offset : error.offset + error.width] == marked


DECLARED_BOTH = ["x: vector(n)", "x_1: scalar", "T: scalar integer", "M: matrix(n, n)", "A: matrix(m, n)", "s: scalar"]

# declarations, latex, what it is as text; a message where it is refused
BY_DECLARATION = [
    (DECLARED_BOTH, "x_1", None, "x_1 is x or x_1: both are declared"),
    (DECLARED_BOTH, "(x)_1", "x[1]", ""),
    (DECLARED_BOTH, r"\mathrm{x_1}", "x_1", ""),
    (DECLARED_BOTH, "x_2", "x[2]", ""),
    (DECLARED_BOTH, "M^T", None, "M^T is a transpose or a power"),
    (DECLARED_BOTH, r"M^\top", "M.T", ""),
    (DECLARED_BOTH, r"M^{\mathsf T}", "M.T", ""),
    (DECLARED_BOTH, "A^T", "A.T", ""),
    (DECLARED_BOTH, "s^T", "s**T", ""),
    (["x: vector(n)", "x_prime: vector(n)"], "x'", "x_prime", ""),
    (["x: vector(n)", "x_star: vector(n)"], "x^* + x", "x_star + x", ""),
    (["x: vector(x1, x2)"], "x_1 x_2", "x1*x2", ""),
    (["sigma: scalar", "t: scalar"], r"\sigma(t + 1)", None, "and this looks like a function"),
    (["sigma: scalar", "t: scalar"], r"\sigma \cdot (t + 1)", "sigma*(t + 1)", ""),
    (["sigma: elementwise", "t: scalar"], r"\sigma(t)", "sigma(t)", ""),
    (["e: scalar", "t: scalar"], "e^t", None, "e is declared, and e^x is an exponential"),
    (["e: scalar", "t: scalar"], "e^2", "e**2", ""),
    (["e: elementwise", "t: scalar"], "e^t + e(t)", "exp(t) + e(t)", ""),
    (["e: elementwise", "t: scalar"], "e^t(t + 1)", "exp(t)*(t + 1)", ""),
    (["e: elementwise", "t: scalar"], "e^2(t)", None, "the power of a function has more than one meaning"),
    (["I: scalar", "t: scalar"], "I t", "I*t", ""),
    (["delta: vector(n)"], r"\delta_i", "delta[i]", ""),
    (["pi: vector(n)"], r"\pi", "pi", ""),
    (["n: scalar", "t: scalar"], "n t", "n*t", ""),
    (["loss: scalar"], r"\mathrm{loss}", "loss", ""),
    (["loss: scalar"], "loss", None, "l is not declared"),
    (["a: vector(n) as \\mathbf{w}^{(1)}", "b: vector(n)"], r"\mathbf{w}^{(1)} + b", "a + b", ""),
    (["a: vector(n) as \\mathbf{w}^{(1)}", "i: index(n)"], r"w^{(1)}_i", "a[i]", ""),
    (["W_1: matrix(n, n)", "x: vector(n)"], r"W_1 x + \mathbf{W}_{1,i:}", "W_1 @ x + W_1[i, :]", ""),
    (["W_1: matrix(n, n)"], r"W_{1,ij} + W_{1,i,j}", "W_1[i, j] + W_1[i, j]", ""),
    (["A: matrix(n, n)", "Alpha: scalar"], "A", None, "both are declared"),
    (["y: vector(n)", "yhat: vector(n)"], r"\hat{y} + ŷ", "yhat + yhat", ""),
    (["lambda: scalar", "β: scalar"], r"\lambda \beta + λβ", "lambda*beta + lambda*beta", ""),
    (["epsilon: scalar"], r"\varepsilon + \epsilon", "epsilon + epsilon", ""),
    (["X: matrix(2, 3)"], "X_{13}", "X[1, 3]", ""),
    (["X: matrix(2, 3)"], "X_{31}", None, "3 is beyond the last, 2"),
]


@pytest.mark.parametrize(("declared", "latex", "text", "message"), BY_DECLARATION)
def test_what_is_declared_decides(declared: list[str], latex: str, text: str | None, message: str) -> None:
    scope = scope_from(declared, [])
    if text is None:
        with pytest.raises(ExpressionError) as caught:
            parse_latex(latex, scope)
        assert message in caught.value.message
    else:
        assert same(parse_latex(latex, scope)) == same(parse_expression(text, scope))


LARGE = {
    "too long": (r"\, " * 9000, "too long: 27000 characters"),
    "names": ("s+" * 1000 + "s", "at most 1000 names and numbers"),
    "braces": ("{" * 5000, "nested too deep"),
    "parentheses": ("(" * 51 + "s" + ")" * 51, "nested too deep"),
    "sums": (r"\sum_i " * 300 + "x_i", "nested too deep"),
    "functions": (r"\log " * 900 + "s", "nested too deep"),
    "digits": ("9" * 60, "too many digits"),
    "powers": ("s^{9^{9^9}}", "the power is too large"),
    "cells": (r"\begin{bmatrix}" + "1&" * 900 + r"1\end{bmatrix}", "at most 400 entries"),
    "identities": ("I+" * 998 + "A", "m and n differ"),
    "backslashes": ("\\" * 15000, "missing"),
}


@pytest.mark.parametrize(("latex", "message"), LARGE.values(), ids=LARGE)
def test_limits(latex: str, message: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ExpressionError) as caught:
        parse_latex(latex, SCOPE)
    assert message in caught.value.message
    assert time.perf_counter() - start < 2


_PIECES = (
    r"x y z A M s t f g w \mathbf \mathbf{x} { } ( ) [ ] \left( \right) \left| | \| || ^ _ ^T ^\top ^{-1} _i _{ij} "
    r"_{i,:} \sum \sum_{i=1}^n \frac \frac{s}{t} \sqrt[3] \sin \log \det \operatorname{tr} \text{a} \exp e^ \sigma "
    r"\delta_{ij} + - * / \cdot \odot \otimes \oslash = < , : !  ' 1 .5 . \partial_1 \nabla \mathbf{1} I_n & \\ \dots "
    r"\begin{bmatrix} \end{bmatrix} \hat{y} \bigl \foo ~ % $ # λ ŷ × ½ \begin \end{x} K_{m,n} \mathbb{1} \ "
).split()


@settings(max_examples=500, deadline=2000)
@given(st.lists(st.sampled_from([*_PIECES, *(latex for latex, _ in READ)]), min_size=1, max_size=12).map(" ".join))
def test_anything_is_read_or_refused_with_a_place(latex: str) -> None:
    found = _outcome(latex)
    if isinstance(found, ExpressionError):
        assert 0 <= found.offset <= len(latex)
        assert found.width >= 1
        assert found.message
    else:
        assert not any(name.startswith("?") for dim in shape(found) for name in dim.names)


def _outcome(latex: str) -> Expr | ExpressionError:
    try:
        return parse_latex(latex, SCOPE)
    except ExpressionError as error:
        return error


def test_names_that_stand_in_latex() -> None:
    known = {"r_1", "r", "z", "y_hat", "loss"}
    assert names_in(r"\mathbf{r}_1^\top \frac{\hat{y}}{z_i} + \mathrm{loss} q", known) == ("r_1", "y_hat", "z", "loss")
    assert names_in(r"\frac{", known) == ()


def test_a_marked_text_is_latex() -> None:
    latex = r"\mathbf{x}^\top \mathbf{x}"
    assert parse_expression(LatexText(latex), SCOPE) == parse_latex(latex, SCOPE)
