"""Each printer knows each node, and writes as a textbook does."""

from __future__ import annotations

from fractions import Fraction
from typing import get_args

import pytest

from derivgen.expr import nodes
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE,
    Apply,
    Column,
    Delta,
    Diag,
    Differential,
    Dim,
    Entry,
    Expr,
    Index,
    Inverse,
    Kron,
    LogDet,
    LogSumExp,
    MatMul,
    Norm,
    Number,
    Ones,
    Partial,
    Plus,
    Power,
    Product,
    Row,
    Size,
    Softmax,
    Sum,
    Symbol,
    Trace,
    Transpose,
    number,
)
from derivgen.render.breaking import break_lines, width
from derivgen.render.latex import LatexStyle, latex, latex_lines
from derivgen.render.plain import unicode_math
from tests.render.samples import (
    EVERY_NODE,
    TWO,
    A,
    A_ij,
    X,
    a,
    abstract,
    apply,
    b,
    dx,
    f,
    i,
    j,
    k,
    m,
    n,
    theta,
    x,
    x_i,
    x_j,
    x_k,
    y,
)

half = Number(Fraction(1, 2))
At = Transpose(A)
gradient = MatMul((Plus((A, At)), x))
e_i, e_k = apply("exp", x_i), apply("exp", x_k)


def sym(name: str, *shape: Dim, latex: str = "") -> Symbol:
    rows, columns, *_ = (*shape, ONE, ONE)
    return Symbol(name, (rows, columns), latex=latex)


u, v = sym("u"), sym("v")
below_two = Power(TWO, MINUS_ONE)

LATEX: list[tuple[Expr, str]] = [
    # one fraction, as its author divided; a coefficient where it is one, and before arrays
    (Product((Plus((u, v)), below_two)), r"\frac{u + v}{2}"),
    (Product((half, Plus((u, v)))), r"\frac{u + v}{2}"),
    (Product((u, below_two)), r"\frac{u}{2}"),
    (Product((TWO, Power(u, TWO), Power(number(3), MINUS_ONE))), r"\frac{2 u^{2}}{3}"),
    (Product((MINUS_ONE, u, below_two)), r"-\frac{u}{2}"),
    (Product((half, u)), r"\frac{1}{2}\,u"),
    (Product((half, Plus((Power(u, TWO), v)))), r"\frac{1}{2}\,(u^{2} + v)"),
    (Product((A, below_two)), r"\frac{1}{2}\,\mathbf{A}"),
    (Product((u, below_two, MatMul((A, x)))), r"\frac{1}{2}\,u\,\mathbf{A}\mathbf{x}"),
    (Product((Plus((Entry(x, (i,)), Entry(y, (i,)))), below_two)), r"\frac{1}{2}\,(x_{i} + y_{i})"),
    # a sum beside a fraction keeps its parentheses
    (
        Product((Power(Size(n), number(-1)), Plus((Entry(x, (i,)), Entry(y, (i,)))))),
        r"\frac{1}{n}\,(x_{i} + y_{i})",
    ),
    (Product((Power(Size(n), number(-1)), Plus((x, y)))), r"\frac{1}{n}\,(\mathbf{x} + \mathbf{y})"),
    (MatMul((Transpose(dx), A, dx)), r"(\mathrm{d}\mathbf{x})^{\mathsf T}\mathbf{A}\,\mathrm{d}\mathbf{x}"),
    (Differential(f, x, dx), r"\mathrm{d}f"),
    (
        MatMul((Transpose(x), Differential(MatMul((A, x)), x, dx))),
        r"\mathbf{x}^{\mathsf T}\,\mathrm{d}(\mathbf{A}\mathbf{x})",
    ),
    (A_ij, "A_{ij}"),
    (theta, r"\boldsymbol{\theta}"),
    (Entry(theta, (i,)), r"\theta_{i}"),
    (sym("θ", n), r"\boldsymbol{\theta}"),
    (sym("alpha_prev"), r"\alpha_{\text{prev}}"),
    (sym("x1"), "x_{1}"),
    (Entry(sym("x1", n), (i,)), "x_{1,i}"),
    (sym("y_hat", n), r"\hat{\mathbf{y}}"),
    (sym("ŷ", n), r"\hat{\mathbf{y}}"),
    (Entry(sym("yhat", n), (i,)), r"\hat{y}_{i}"),
    (sym("Gamma", n, n), r"\boldsymbol{\Gamma}"),
    (sym("loss"), r"\mathrm{loss}"),
    (sym("W", n, n, latex=r"\mathbf{W}^{(2)}"), r"\mathbf{W}^{(2)}"),
    (Entry(sym("W", n, n, latex=r"\mathbf{W}"), (i, j)), "W_{ij}"),
    (Entry(A, (Index("i", n, latex=r"i'"), j)), "A_{i',j}"),
    (Entry(A, (1, 12)), "A_{1,12}"),
    (Entry(sym("b", n, latex=r"\boldsymbol{\alpha}_{t-1}"), (i,)), r"\alpha_{t-1,i}"),
    (Entry(sym("c", n, latex=r"\mathbf{c}_t^{*}"), (i,)), r"{c_t^{*}}_{i}"),
    (Entry(Column(A, Index("x_t", n)), (i,)), r"(\mathbf{A}_{:,x_{t}})_{i}"),
    (Power(sym("x_star"), TWO), "(x^{*})^{2}"),
    (Power(Entry(sym("x_star", n), (i,)), TWO), "(x_{i}^{*})^{2}"),
    (Entry(At, (k, i)), r"(\mathbf{A}^{\mathsf T})_{ki}"),
    (Entry(MatMul((A, x)), (k,)), r"(\mathbf{A}\mathbf{x})_{k}"),
    (Entry(gradient, (k,)), r"\bigl((\mathbf{A} + \mathbf{A}^{\mathsf T})\,\mathbf{x}\bigr)_{k}"),
    (Entry(Softmax(x), (i,)), r"\operatorname{softmax}(\mathbf{x})_{i}"),
    (Softmax(X, 1), r"\operatorname{softmax}_{\mathrm{row}}(\mathbf{X})"),
    (Entry(Softmax(X, 0), (i, k)), r"\operatorname{softmax}_{\mathrm{col}}(\mathbf{X})_{ik}"),
    (LogSumExp(X, 1), r"\operatorname{logsumexp}_{\mathrm{row}}(\mathbf{X})"),
    (Row(X, i), r"\mathbf{X}_{i,:}"),
    (Column(X, 2), r"\mathbf{X}_{:,2}"),
    (Delta(i, k), r"\delta_{ik}"),
    (gradient, r"(\mathbf{A} + \mathbf{A}^{\mathsf T})\,\mathbf{x}"),
    (Transpose(Inverse(A)), r"\mathbf{A}^{-\mathsf T}"),
    (Inverse(At), r"\mathbf{A}^{-\mathsf T}"),
    (Inverse(MatMul((A, A))), r"(\mathbf{A}\mathbf{A})^{-1}"),
    (Product((TWO, MatMul((A, x)))), r"2\,\mathbf{A}\mathbf{x}"),
    (Product((MINUS_ONE, MatMul((A, x)))), r"-\mathbf{A}\mathbf{x}"),
    (Product((x, y)), r"\mathbf{x} \odot \mathbf{y}"),
    (MatMul((A, Product((x, y)))), r"\mathbf{A}\,(\mathbf{x} \odot \mathbf{y})"),
    (Product((MatMul((A, x)), y)), r"(\mathbf{A}\mathbf{x}) \odot \mathbf{y}"),
    (Product((x, Power(y, MINUS_ONE))), r"\mathbf{x} \oslash \mathbf{y}"),
    (Power(x, TWO), r"\mathbf{x}^{\odot 2}"),
    (Product((x_i, number(0), x_j)), r"x_{i} \cdot 0\,x_{j}"),
    (Product((TWO, number(3), a)), r"2 \cdot 3 a"),
    (Product((a, b)), "a b"),
    (Product((a, Plus((a, b)))), r"a\,\bigl(a + b\bigr)"),
    (Product((MatMul((Transpose(x), x)), x)), r"(\mathbf{x}^{\mathsf T}\mathbf{x})\,\mathbf{x}"),
    (Plus((a, Product((MINUS_ONE, b)))), "a - b"),
    (Plus((a, Product((MINUS_ONE, Plus((a, b)))))), "a - (a + b)"),
    (Plus((Product((MINUS_ONE, a)), b)), "-a + b"),
    (Product((half, Power(Norm(x), TWO))), r"\frac{1}{2}\,\lVert\mathbf{x}\rVert_{2}^{2}"),
    (Product((Power(Size(n), MINUS_ONE), Trace(A))), r"\frac{1}{n}\,\operatorname{tr}(\mathbf{A})"),
    (Product((e_i, Power(Sum(k, e_k), MINUS_ONE))), r"\frac{e^{x_{i}}}{\sum_{k} e^{x_{k}}}"),
    (Power(a, half), r"\sqrt{a}"),
    (Power(a, Number(Fraction(-1, 2))), r"\frac{1}{\sqrt{a}}"),
    (Power(Plus((a, b)), TWO), "(a + b)^{2}"),
    (Power(Power(a, TWO), TWO), "(a^{2})^{2}"),
    (Norm(X), r"\lVert\mathbf{X}\rVert_{F}"),
    (Norm(x, 1), r"\lVert\mathbf{x}\rVert_{1}"),
    (LogDet(X), r"\log\lvert\det \mathbf{X}\rvert"),
    (Kron(A, X), r"\mathbf{A} \otimes \mathbf{X}"),
    (Diag(x), r"\operatorname{diag}(\mathbf{x})"),
    (Ones((ONE, n)), r"\mathbf{1}_{n}^{\mathsf T}"),
    (Sum(i, Plus((a, x_i))), r"\sum_{i}\bigl(a + x_{i}\bigr)"),
    (Product((Sum(i, x_i), a)), r"\Bigl(\sum_{i} x_{i}\Bigr)\,a"),
    (Product((a, Sum(i, x_i))), r"a \sum_{i} x_{i}"),
    (Power(apply("sin", a), TWO), r"\sin^{2}(a)"),
    (Power(apply("sigmoid", a), TWO), r"\sigma(a)^{2}"),
    (apply("exp", Product((MINUS_ONE, a))), "e^{-a}"),
    (apply("exp", Sum(i, x_i)), r"\exp\Bigl(\sum_{i} x_{i}\Bigr)"),
    (apply("exp", x), r"\exp(\mathbf{x})"),
    (apply("relu", a), r"\operatorname{relu}(a)"),
    (apply("step", a), r"\mathbf{1}[a > 0]"),
    (apply("step", x), r"\mathbf{1}[\mathbf{x} > 0]"),
    (apply("abs", a), r"\lvert a\rvert"),
    (Apply(abstract("g", 1), (a,)), "g'(a)"),
    (Apply(abstract("g", 1, 0), (a, b)), r"\partial_{1} g(a, b)"),
    (Apply(abstract("g", 1, 2), (a, b)), r"\partial_{1}\partial_{2}^{2} g(a, b)"),
    (Partial(f, x_k), r"\frac{\partial f}{\partial x_{k}}"),
    (Partial(Product((x_i, x_j)), x_k), r"\frac{\partial}{\partial x_{k}}\bigl(x_{i}\,x_{j}\bigr)"),
    (Partial(apply("sin", a), a), r"\frac{\partial}{\partial a} \sin(a)"),
    (Partial(Partial(f, x), x), r"\frac{\partial^{2} f}{\partial \mathbf{x}\,\partial \mathbf{x}^{\mathsf T}}"),
    (Partial(Partial(f, x_k), x_j), r"\frac{\partial^{2} f}{\partial x_{j}\,\partial x_{k}}"),
    (Partial(Partial(f, a), a), r"\frac{\partial^{2} f}{\partial a^{2}}"),
]


@pytest.mark.parametrize(("expr", "shown"), LATEX, ids=[shown for _, shown in LATEX])
def test_latex(expr: Expr, shown: str) -> None:
    assert latex(expr) == shown


STYLES = [
    (Sum(i, x_i), LatexStyle(ranges=True), r"\sum_{i=1}^{n} x_{i}"),
    (Sum(i, Product((x_i, A_ij))), LatexStyle(mark_free=True), r"\sum_{i} x_{i}\,A_{i\free{j}}"),
    (Partial(x_i, x_k), LatexStyle(inline=True), r"\partial x_{i}/\partial x_{k}"),
    (Product((half, a)), LatexStyle(inline=True), r"a/2"),
    (Partial(f, x), LatexStyle(by_row=True), r"\frac{\partial f}{\partial \mathbf{x}^{\mathsf T}}"),
]


@pytest.mark.parametrize(("expr", "style", "shown"), STYLES)
def test_latex_styles(expr: Expr, style: LatexStyle, shown: str) -> None:
    assert latex(expr, style) == shown


PLAIN: list[tuple[Expr, str]] = [
    (Sum(i, Sum(j, Product((x_i, A_ij, x_j)))), "Σ_i Σ_j x_i A_ij x_j"),
    (Partial(Product((x_i, x_j)), x_k), "∂/∂x_k (x_i x_j)"),
    (Partial(f, x_k), "∂f/∂x_k"),
    (gradient, "(A + Aᵀ) x"),
    (Power(Norm(x), TWO), "‖x‖²"),
    (Product((x, y)), "x ⊙ y"),
    (Product((TWO, MatMul((A, x)))), "2 A x"),
    (Product((half, a)), "(1/2) a"),
    (Product((e_i, Power(Sum(k, e_k), MINUS_ONE))), "exp(x_i)/(Σ_k exp(x_k))"),
    (Product((x, Power(y, MINUS_ONE))), "x ⊘ y"),
    (MatMul((Transpose(dx), A, dx)), "(dx)ᵀ A dx"),
    (Differential(f, x, dx), "df"),
    (MatMul((Transpose(x), Differential(MatMul((A, x)), x, dx))), "xᵀ d(A x)"),
    (theta, "θ"),
    (Entry(sym("y_hat", n), (i,)), "ŷ_i"),
    (Inverse(At), "A⁻ᵀ"),
    (Plus((a, Product((MINUS_ONE, Plus((a, b)))))), "a - (a + b)"),
]


@pytest.mark.parametrize(("expr", "shown"), PLAIN, ids=[shown for _, shown in PLAIN])
def test_unicode_math(expr: Expr, shown: str) -> None:
    assert unicode_math(expr) == shown


def test_samples_hold_every_node() -> None:
    assert {type(expr) for expr in EVERY_NODE} == set(get_args(nodes.Expr))


@pytest.mark.parametrize("outer", EVERY_NODE, ids=lambda expr: type(expr).__name__)
def test_every_node_is_printed_by_every_printer(outer: Expr) -> None:
    assert latex(outer) and unicode_math(outer)


@pytest.mark.parametrize("name", sorted(nodes.FUNCTIONS))
def test_every_function_is_printed(name: str) -> None:
    assert latex(apply(name, a)) and unicode_math(apply(name, x))


def test_short_lines_are_not_broken() -> None:
    assert latex_lines(gradient, 20) == [latex(gradient)]


def test_lines_break_before_signs_outside_parentheses() -> None:
    term = Product((a, Plus((a, b))))
    assert latex_lines(Plus((term, term, term)), 13) == [
        r"a\,\bigl(a + b\bigr) + a\,\bigl(a + b\bigr)",
        r"{}+ a\,\bigl(a + b\bigr)",
    ]


def test_broken_lines_fit() -> None:
    long = Sum(i, Plus(tuple(Product((x_i, A_ij, e_k, Norm(x))) for _ in range(9))))
    lines = latex_lines(long, 20)
    assert len(lines) > 2
    assert max(map(width, lines)) <= 20


def test_a_fraction_is_not_broken_inside() -> None:
    tex = r"\frac{a + b + c + d + e + f}{2}"
    assert break_lines(tex, 3) == [tex]


def test_sizes_in_two_letters() -> None:
    assert latex(Ones((m, n))) == r"\mathbf{1}_{m \times n}"
