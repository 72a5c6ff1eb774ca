"""The laws of differentiation, on a derivative not yet taken.

A `Partial` is moved one level by each rule: to the strictly smaller parts of what it stands before, so the rules come
to an end. ROUTINE holds what nobody writes a line for, LINEAR what passes through sums, NONLINEAR what makes a line of
its own. By the entry rule a matrix derivative is ordinary calculus on one entry.
"""

from __future__ import annotations

from fractions import Fraction

from derivgen.derivation import Rule, rule
from derivgen.expr.build import inverse, matrix_power, plus, product
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE_NUMBER,
    ZERO_NUMBER,
    Apply,
    Delta,
    Det,
    Entry,
    Expr,
    Function,
    Inverse,
    LogDet,
    LogSumExp,
    MatrixPower,
    Norm,
    Number,
    Partial,
    Plus,
    Power,
    Product,
    Softmax,
    Subscript,
    Sum,
    Symbol,
    Trace,
    Upper,
)
from derivgen.expr.shapes import axes, shape
from derivgen.expr.walk import all_indices, depends_on, fresh_index
from derivgen.rules.expansion import OPENED, entry, in_line, log_sum_exp, softmax
from derivgen.rules.functions import derivative_of

COOKBOOK = "Petersen & Pedersen, The Matrix Cookbook (2012)"
MAGNUS = "Magnus & Neudecker, Matrix Differential Calculus (2019)"
CALCULUS = "Spivak, Calculus (2008), ch. 10"


KINKED = ("relu", "abs", "sign", "step")
"""The functions that have no derivative at 0."""


def varies(expr: Expr, wrt: Symbol | Entry) -> bool:
    """Whether `expr` depends on the variable that `wrt` is, or is an entry of."""
    symbol = wrt.base if isinstance(wrt, Entry) else wrt
    assert isinstance(symbol, Symbol)
    return depends_on(expr, symbol)


@rule("constant", law=r"\partial c = 0", source=CALCULUS)
def constant_rule(expr: Expr) -> Expr | None:
    match expr:
        case Partial(body, wrt) if not varies(body, wrt):
            return ZERO_NUMBER
    return None


@rule("entries are independent", law=r"\partial x_i / \partial x_k = \delta_{ik}", source=f"{COOKBOOK}, sec. 2")
def entry_rule(expr: Expr) -> Expr | None:
    """One delta for each subscript: dX_ij/dX_kl = delta_ik delta_jl. A scalar by itself is 1."""
    match expr:
        case Partial(Symbol() as body, Symbol() as wrt) if body == wrt:
            return ONE_NUMBER
        case Partial(Entry(Symbol() as base, own), Entry(Symbol() as variable, other)) if base == variable:
            if base.assumptions & STRUCTURED:
                return None
            return product(_delta(left, right) for left, right in zip(own, other, strict=True))
    return None


STRUCTURED = frozenset({"symmetric", "diagonal", "triangular"})
"""Assumptions that a variable keeps while it moves: its entries are not independent.

A positive definite matrix is symmetric too, but its entries are moved alone unless it is declared so: that gives the
derivative of log det S that textbooks print, S^-1.
"""


@rule(
    "entries move in pairs",
    law=r"\partial S_{ij} / \partial S_{kl}"
    r" = \delta_{ik}\delta_{jl} + \delta_{il}\delta_{jk} - \delta_{ik}\delta_{jl}\delta_{kl}",
    source=f"{COOKBOOK}, eq. (139)",
)
def symmetric_entry_rule(expr: Expr) -> Expr | None:
    """S_kl and S_lk are one variable; on the diagonal it is counted once."""
    match expr:
        case Partial(Entry(Symbol() as base, (i, j)), Entry(Symbol() as variable, (k, l))) if base == variable:
            if "symmetric" in base.assumptions and not base.assumptions & {"diagonal", "triangular"}:
                once = product((_delta(i, k), _delta(j, l)))
                again = product((_delta(i, l), _delta(j, k)))
                return plus((once, again, product((MINUS_ONE, once, _delta(k, l)))))
    return None


@rule(
    "only the diagonal moves",
    law=r"\partial D_{ij} / \partial D_{kl} = \delta_{ik}\delta_{jl}\delta_{kl}",
    source=f"{COOKBOOK}, eq. (142)",
)
def diagonal_entry_rule(expr: Expr) -> Expr | None:
    match expr:
        case Partial(Entry(Symbol() as base, (i, j)), Entry(Symbol() as variable, (k, l))) if base == variable:
            if "diagonal" in base.assumptions:
                return product((_delta(i, k), _delta(j, l), _delta(k, l)))
    return None


@rule(
    "only the upper triangle moves",
    law=r"\partial U_{ij} / \partial U_{kl} = \delta_{ik}\delta_{jl}\,[k \le l]",
    source=f"{COOKBOOK}, sec. 2.8",
)
def triangular_entry_rule(expr: Expr) -> Expr | None:
    """[k <= l] is the entry of the matrix with ones on and above the diagonal."""
    match expr:
        case Partial(Entry(Symbol() as base, (i, j)), Entry(Symbol() as variable, (k, l))) if base == variable:
            if "triangular" in base.assumptions and "diagonal" not in base.assumptions:
                return product((_delta(i, k), _delta(j, l), Entry(Upper(base.shape[0]), (k, l))))
    return None


def _delta(left: Subscript, right: Subscript) -> Expr:
    if left == right:
        return ONE_NUMBER
    if isinstance(left, int) and isinstance(right, int):
        return ZERO_NUMBER
    return Delta(left, right)


@rule("sum rule", law=r"\partial(u + v) = \partial u + \partial v", source=CALCULUS)
def sum_rule(expr: Expr) -> Expr | None:
    match expr:
        case Partial(Plus(terms), wrt):
            return plus(Partial(term, wrt) for term in terms if varies(term, wrt))
        case Partial(Sum(index, body), wrt):
            return Sum(index, Partial(body, wrt))
    return None


@rule("constant factor", law=r"\partial(c\,u) = c\,\partial u", source=CALCULUS)
def constant_factor_rule(expr: Expr) -> Expr | None:
    """Where one factor alone depends on the variable, it alone is differentiated, in its own place."""
    match expr:
        case Partial(Product(factors), wrt) if sum(varies(factor, wrt) for factor in factors) == 1:
            return product(Partial(factor, wrt) if varies(factor, wrt) else factor for factor in factors)
    return None


@rule("product rule", law=r"\partial(uv) = (\partial u)\,v + u\,(\partial v)", source=CALCULUS)
def product_rule(expr: Expr) -> Expr | None:
    """One term for each factor that varies, each in the factor's own place: the line shows which one moved."""
    match expr:
        case Partial(Product(factors), wrt) if sum(varies(factor, wrt) for factor in factors) > 1:
            return plus(
                product((*factors[:n], Partial(factor, wrt), *factors[n + 1 :]))
                for n, factor in enumerate(factors)
                if varies(factor, wrt)
            )
    return None


@rule("quotient rule", law=r"\partial(u/v) = \frac{(\partial u)\,v - u\,\partial v}{v^2}", source=CALCULUS)
def quotient_rule(expr: Expr) -> Expr | None:
    """Where numerator and denominator both vary; u is all of the numerator that does, constants stay in front."""
    match expr:
        case Partial(Product(factors), wrt):
            below = [factor for factor in factors if _is_denominator(factor) and varies(factor, wrt)]
            above = [factor for factor in factors if factor not in below and varies(factor, wrt)]
            if len(below) != 1 or not above:
                return None
            (denominator,) = below
            assert isinstance(denominator, Power)
            fixed = [factor for factor in factors if not varies(factor, wrt)]
            u, v = product(above), denominator.base
            top = plus(
                (
                    product((Partial(u, wrt), v)),
                    product((MINUS_ONE, u, Partial(v, wrt))),
                )
            )
            return product((*fixed, top, Power(v, Number(Fraction(-2)))))
    return None


def _is_denominator(expr: Expr) -> bool:
    return isinstance(expr, Power) and expr.exponent == MINUS_ONE


@rule("power rule", law=r"\partial\,u^p = p\,u^{p-1}\,\partial u", source=CALCULUS)
def power_rule(expr: Expr) -> Expr | None:
    match expr:
        case Partial(Power(base, exponent), wrt) if varies(base, wrt) and not varies(exponent, wrt):
            lowered: Expr
            if isinstance(exponent, Number):
                lowered = Number(exponent.value - 1)
            else:
                lowered = Plus((exponent, MINUS_ONE))
            factor = base if lowered == ONE_NUMBER else Power(base, lowered)
            return product((exponent, factor, Partial(base, wrt)))
    return None


@rule("exponential rule", law=r"\partial\,c^{v} = c^{v}\,\log(c)\,\partial v", source=CALCULUS)
def exponential_rule(expr: Expr) -> Expr | None:
    match expr:
        case Partial(Power(base, exponent), wrt) if varies(exponent, wrt) and not varies(base, wrt):
            return product((Power(base, exponent), Apply(Function("log"), (base,)), Partial(exponent, wrt)))
    return None


@rule(
    "logarithmic differentiation",
    law=r"\partial\,u^{v} = u^{v}\,\partial(v \log u)",
    source=CALCULUS,
)
def logarithmic_rule(expr: Expr) -> Expr | None:
    match expr:
        case Partial(Power(base, exponent), wrt) if varies(exponent, wrt) and varies(base, wrt):
            return product((Power(base, exponent), Partial(product((exponent, Apply(Function("log"), (base,)))), wrt)))
    return None


@rule("chain rule", law=r"\partial f(u) = f'(u)\,\partial u", source=CALCULUS)
def chain_rule(expr: Expr) -> Expr | None:
    """For a function of several arguments, a term for each argument that varies."""
    match expr:
        case Partial(Apply(function, arguments), wrt) if varies(expr.body, wrt):
            return plus(
                product((derivative_of(function, arguments, place), Partial(argument, wrt)))
                for place, argument in enumerate(arguments)
                if varies(argument, wrt)
            )
    return None


@rule(
    "chain rule, slope 0 at the kink",
    law=r"\partial \operatorname{relu}(u) = \mathbf{1}[u > 0]\,\partial u,"
    r"\ \partial \lvert u \rvert = \operatorname{sign}(u)\,\partial u",
    source="Rockafellar, Convex Analysis (1970), sec. 23: one of the subgradients",
)
def kink_rule(expr: Expr) -> Expr | None:
    """relu, the absolute value, the sign and the step have no derivative at 0; the value 0 is taken there."""
    match expr:
        case Partial(Apply(Function(name, _, False), (argument,)), wrt) if name in KINKED:
            if varies(argument, wrt):
                function = Function(name)
                return product((derivative_of(function, (argument,), 0), Partial(argument, wrt)))
    return None


@rule(
    "derivative of a norm",
    law=r"\partial \lVert x \rVert = \frac{\partial \lVert x \rVert^2}{2\,\lVert x \rVert}",
    source=f"{COOKBOOK}, sec. 2.6",
)
def norm_rule(expr: Expr) -> Expr | None:
    """The chain rule on the square root of the squared norm; x is not zero."""
    match expr:
        case Partial(Norm(_, 2) as norm, wrt):
            squared = Partial(Power(norm, Number(Fraction(2))), wrt)
            return product((squared, Power(product((Number(Fraction(2)), norm)), MINUS_ONE)))
    return None


def _differentials(array: Expr, wrt: Symbol | Entry) -> tuple[tuple[Subscript, Subscript], Expr]:
    """New subscripts (k, l) for a square matrix, and the pending derivative of its entry there."""
    used = all_indices(array) + all_indices(wrt)
    (rows, columns) = axes(array)
    row = fresh_index(rows, used)
    column = fresh_index(columns, (*used, row))
    return (row, column), Partial(entry(array, (row, column)), wrt)


@rule(
    "derivative of an inverse",
    law=r"\partial X^{-1} = -X^{-1}\,(\partial X)\,X^{-1}",
    source=f"{COOKBOOK}, eq. (59)",
)
def inverse_rule(expr: Expr) -> Expr | None:
    """From X X^-1 = I: (dX) X^-1 + X dX^-1 = 0."""
    match expr:
        case Partial(Entry(Inverse(body) as inverted, (row, column)), wrt) if varies(body, wrt):
            used = (*all_indices(expr),)
            dim = shape(body)[0]
            left = fresh_index(dim, used)
            right = fresh_index(dim, (*used, left))
            moved = Partial(entry(body, (left, right)), wrt)
            inner = product((MINUS_ONE, Entry(inverted, (row, left)), moved, Entry(inverted, (right, column))))
            return Sum(left, Sum(right, inner))
    return None


@rule(
    "derivative of a log determinant",
    law=r"\partial \log\lvert\det X\rvert = \operatorname{tr}(X^{-1}\,\partial X)",
    source=f"{COOKBOOK}, eq. (43)",
)
def log_det_rule(expr: Expr) -> Expr | None:
    match expr:
        case Partial(LogDet(body), wrt) if varies(body, wrt):
            (row, column), moved = _differentials(body, wrt)
            inverted = entry(inverse(body), (column, row))
            assert not isinstance(row, int) and not isinstance(column, int)
            return Sum(row, Sum(column, product((inverted, moved))))
    return None


@rule(
    "Jacobi's formula",
    law=r"\partial \det X = \det(X)\,\operatorname{tr}(X^{-1}\,\partial X)",
    source=f"{COOKBOOK}, eq. (41)",
)
def det_rule(expr: Expr) -> Expr | None:
    match expr:
        case Partial(Det(body), wrt) if varies(body, wrt):
            (row, column), moved = _differentials(body, wrt)
            inverted = entry(inverse(body), (column, row))
            assert not isinstance(row, int) and not isinstance(column, int)
            return product((Det(body), Sum(row, Sum(column, product((inverted, moved))))))
    return None


@rule(
    "derivative of a softmax",
    law=r"\partial s_i = s_i\,\bigl(\partial z_i - \textstyle\sum_j s_j\,\partial z_j\bigr)",
    source="Bishop, Pattern Recognition and Machine Learning (2006), eq. (4.106)",
)
def softmax_rule(expr: Expr) -> Expr | None:
    """The quotient rule on e^{z_i} / sum_j e^{z_j}, with both parts read as entries of the softmax again; of a matrix
    in its row, or in its column.
    """
    match expr:
        case Partial(Entry(Softmax(body, int() as axis) as soft, own), wrt) if varies(body, wrt):
            index = fresh_index(axes(body)[axis], all_indices(expr))
            other = in_line(own[1 - axis], index, axis)
            mean = Sum(index, product((Entry(soft, other), Partial(entry(body, other), wrt))))
            moved = plus((Partial(entry(body, own), wrt), product((MINUS_ONE, mean))))
            return product((Entry(soft, own), moved))
        case Partial(Entry(Softmax(body) as soft, (own,)), wrt) if varies(body, wrt):
            index = fresh_index(axes(body)[0], all_indices(expr))
            mean = Sum(index, product((Entry(soft, (index,)), Partial(entry(body, (index,)), wrt))))
            moved = plus((Partial(entry(body, (own,)), wrt), product((MINUS_ONE, mean))))
            return product((Entry(soft, (own,)), moved))
    return None


@rule(
    "derivative of log-sum-exp",
    law=r"\partial \log \textstyle\sum_i e^{z_i} = \sum_i \operatorname{softmax}(z)_i\,\partial z_i",
    source="Boyd & Vandenberghe, Convex Optimization (2004), sec. 3.1.5",
)
def log_sum_exp_rule(expr: Expr) -> Expr | None:
    match expr:
        case Partial(Entry(LogSumExp(body, int() as axis), (own,)), wrt) if varies(body, wrt):
            index = fresh_index(axes(body)[axis], all_indices(expr))
            there = in_line(own, index, axis)
            return Sum(index, product((Entry(Softmax(body, axis), there), Partial(entry(body, there), wrt))))
        case Partial(LogSumExp(body, None), wrt) if varies(body, wrt) and len(axes(body)) == 1:
            index = fresh_index(axes(body)[0], all_indices(expr))
            return Sum(index, product((Entry(Softmax(body), (index,)), Partial(entry(body, (index,)), wrt))))
    return None


@rule(
    "derivative of the trace of a power",
    law=r"\partial \operatorname{tr} X^k = k\,\operatorname{tr}(X^{k-1}\,\partial X)",
    source=f"{COOKBOOK}, eq. (121)",
)
def trace_of_power_rule(expr: Expr) -> Expr | None:
    match expr:
        case Partial(Trace(MatrixPower(base, exponent)), wrt) if varies(base, wrt) and not varies(exponent, wrt):
            (row, column), moved = _differentials(base, wrt)
            assert not isinstance(row, int) and not isinstance(column, int)
            lowered = matrix_power(base, _less_one(exponent))
            return product((exponent, Sum(row, Sum(column, product((entry(lowered, (column, row)), moved))))))
    return None


def _less_one(exponent: Expr) -> Expr:
    return Number(exponent.value - 1) if isinstance(exponent, Number) else Plus((exponent, MINUS_ONE))


ROUTINE: tuple[Rule, ...] = (
    constant_rule,
    entry_rule,
    symmetric_entry_rule,
    diagonal_entry_rule,
    triangular_entry_rule,
)
LINEAR: tuple[Rule, ...] = (*OPENED, sum_rule, constant_factor_rule)
NONLINEAR: tuple[Rule, ...] = (
    softmax_rule,
    softmax,
    log_sum_exp_rule,
    log_sum_exp,
    trace_of_power_rule,
    quotient_rule,
    product_rule,
    power_rule,
    exponential_rule,
    logarithmic_rule,
    kink_rule,
    chain_rule,
    norm_rule,
    inverse_rule,
    log_det_rule,
    det_rule,
)
"""In the order of trying: a quotient is a product to whoever asks the product rule first."""
