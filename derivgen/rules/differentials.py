"""The laws of differentials on matrix notation, after Magnus and Neudecker.

A `Differential` is moved one level by each law of DIFFERENTIALS: to the strictly smaller parts of what it stands
before, until it stands before the variable X alone, where it is dX, a symbol that carries the word DIFFERENTIAL. What
is left is linear in dX: `gathering` and `turning` go on from there.
"""

from __future__ import annotations

from derivgen.derivation import Rule, rule
from derivgen.expr.build import matmul, plus, product, transpose
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE,
    ZERO_NUMBER,
    Apply,
    Det,
    Diag,
    Differential,
    Expr,
    Function,
    Inverse,
    Kron,
    LogDet,
    LogSumExp,
    MatMul,
    MatrixPower,
    Norm,
    Number,
    Ones,
    Plus,
    Power,
    Product,
    Softmax,
    Symbol,
    Total,
    Trace,
    Transpose,
    Vec,
    Zeros,
    number,
)
from derivgen.expr.shapes import is_scalar, shape
from derivgen.expr.walk import depends_on
from derivgen.rules.functions import derivative_of

MAGNUS = "Magnus & Neudecker, Matrix Differential Calculus (2019)"
TABLES = f"{MAGNUS}, ch. 8"
ALGEBRA = f"{MAGNUS}, ch. 1"

MOST_FACTORS = 8
"""A higher power of a matrix is not written out factor by factor."""


@rule("constant", law=r"\mathrm{d}c = 0", source=TABLES)
def constant(expr: Expr) -> Expr | None:
    match expr:
        case Differential(body, wrt) if not depends_on(body, wrt):
            return ZERO_NUMBER if is_scalar(body) else Zeros(shape(body))
    return None


@rule("differential of the variable", law=r"\mathrm{d}(X) = \mathrm{d}X", source="definition")
def variable(expr: Expr) -> Expr | None:
    """The pending differential of the variable is the symbol dX."""
    match expr:
        case Differential(Symbol() as body, wrt, by) if body == wrt:
            return by
        case Differential(Transpose(Symbol() as body), wrt, by) if body == wrt:
            return transpose(by)
    return None


@rule("differential of a sum", law=r"\mathrm{d}(U + V) = \mathrm{d}U + \mathrm{d}V", source=TABLES)
def sum_rule(expr: Expr) -> Expr | None:
    """A scalar that is added to every entry changes every entry."""
    match expr:
        case Differential(Plus(terms) as body, wrt, by):
            whole = shape(body)
            return plus(
                Differential(term, wrt, by)
                if shape(term) == whole
                else product((Differential(term, wrt, by), Ones(whole)))
                for term in terms
                if depends_on(term, wrt)
            )
    return None


@rule("constant factor", law=r"\mathrm{d}(A X B) = A\,(\mathrm{d}X)\,B", source=TABLES)
def constant_factor(expr: Expr) -> Expr | None:
    """Where one factor alone depends on the variable, it alone is differentiated, in its own place."""
    match expr:
        case Differential(MatMul() | Product() | Kron() as body, wrt):
            varying = _varying(body, wrt)
            return _moved(expr, varying[0]) if len(varying) == 1 else None
    return None


@rule("product rule", law=r"\mathrm{d}(U V) = (\mathrm{d}U)\,V + U\,\mathrm{d}V", source=TABLES)
def product_rule(expr: Expr) -> Expr | None:
    """One term for each factor that varies, each in the factor's own place; of any kind of product."""
    match expr:
        case Differential(MatMul() | Product() | Kron() as body, wrt):
            varying = _varying(body, wrt)
            return plus(_moved(expr, place) for place in varying) if len(varying) > 1 else None
    return None


def _factors(body: MatMul | Product | Kron) -> tuple[Expr, ...]:
    return (body.left, body.right) if isinstance(body, Kron) else body.factors


def _varying(body: MatMul | Product | Kron, wrt: Symbol) -> list[int]:
    return [place for place, factor in enumerate(_factors(body)) if depends_on(factor, wrt)]


def _moved(expr: Differential, place: int) -> Expr:
    """The product inside `expr` with the differential of its factor number `place` only."""
    body, wrt, by = expr.body, expr.wrt, expr.by
    assert isinstance(body, MatMul | Product | Kron)
    factors = list(_factors(body))
    factors[place] = Differential(factors[place], wrt, by)
    if isinstance(body, Kron):
        return Kron(*factors)
    return MatMul(tuple(factors)) if isinstance(body, MatMul) else product(factors)


@rule("quotient rule", law=r"\mathrm{d}(u/v) = \frac{(\mathrm{d}u)\,v - u\,\mathrm{d}v}{v^2}", source=TABLES)
def quotient_rule(expr: Expr) -> Expr | None:
    """Where numerator and a scalar denominator both vary; u is all of the numerator that does."""
    match expr:
        case Differential(Product(factors), wrt, by):
            below = [f for f in factors if _is_denominator(f) and depends_on(f, wrt) and is_scalar(f)]
            above = [f for f in factors if f not in below and depends_on(f, wrt)]
            if len(below) != 1 or not above:
                return None
            (denominator,) = below
            assert isinstance(denominator, Power)
            fixed = [factor for factor in factors if not depends_on(factor, wrt)]
            u, v = product(above), denominator.base
            top = plus((product((v, Differential(u, wrt, by))), product((MINUS_ONE, Differential(v, wrt, by), u))))
            return product((*fixed, Power(v, number(-2)), top))
    return None


def _is_denominator(expr: Expr) -> bool:
    return isinstance(expr, Power) and expr.exponent == MINUS_ONE


@rule("differential of a trace", law=r"\mathrm{d}\operatorname{tr} U = \operatorname{tr}\,\mathrm{d}U", source=TABLES)
def trace(expr: Expr) -> Expr | None:
    match expr:
        case Differential(Trace(body), wrt, by) if not isinstance(body, MatrixPower):
            return Trace(Differential(body, wrt, by))
    return None


@rule("differential of a transpose", law=r"\mathrm{d}(U^{\mathsf T}) = (\mathrm{d}U)^{\mathsf T}", source=TABLES)
def transposed(expr: Expr) -> Expr | None:
    match expr:
        case Differential(Transpose(body), wrt, by):
            return Transpose(Differential(body, wrt, by))
    return None


@rule(
    "differential of a sum of entries",
    law=r"\mathrm{d}\operatorname{sum}(U) = \operatorname{sum}(\mathrm{d}U)",
    source=TABLES,
)
def total(expr: Expr) -> Expr | None:
    match expr:
        case Differential(Total(body), wrt, by):
            return Total(Differential(body, wrt, by))
    return None


@rule(
    "differential of a linear map",
    law=r"\mathrm{d}\operatorname{diag}(U) = \operatorname{diag}(\mathrm{d}U)",
    source=TABLES,
)
def linear_map(expr: Expr) -> Expr | None:
    """Of diag, and of vec."""
    match expr:
        case Differential(Diag(body), wrt, by):
            return Diag(Differential(body, wrt, by))
        case Differential(Vec(body), wrt, by):
            return Vec(Differential(body, wrt, by))
    return None


@rule(
    "differential of an inverse",
    law=r"\mathrm{d}(X^{-1}) = -X^{-1}\,(\mathrm{d}X)\,X^{-1}",
    source=f"{TABLES}, thm. 8.3",
)
def inverse(expr: Expr) -> Expr | None:
    """From X X^-1 = I: (dX) X^-1 + X d(X^-1) = 0."""
    match expr:
        case Differential(Inverse(body) as inverted, wrt, by):
            return product((MINUS_ONE, MatMul((inverted, Differential(body, wrt, by), inverted))))
    return None


@rule(
    "differential of a determinant",
    law=r"\mathrm{d}\det X = \det(X)\,\operatorname{tr}(X^{-1}\,\mathrm{d}X)",
    source=f"{TABLES}, thm. 8.1",
)
def determinant(expr: Expr) -> Expr | None:
    match expr:
        case Differential(Det(body), wrt, by):
            return product((Det(body), Trace(matmul((_inverse(body), Differential(body, wrt, by))))))
    return None


@rule(
    "differential of a log determinant",
    law=r"\mathrm{d}\log\lvert\det X\rvert = \operatorname{tr}(X^{-1}\,\mathrm{d}X)",
    source=f"{TABLES}, thm. 8.2",
)
def log_determinant(expr: Expr) -> Expr | None:
    match expr:
        case Differential(LogDet(body), wrt, by):
            return Trace(matmul((_inverse(body), Differential(body, wrt, by))))
    return None


def _inverse(body: Expr) -> Expr:
    return body.body if isinstance(body, Inverse) else Inverse(body)


@rule(
    "differential of the trace of a power",
    law=r"\mathrm{d}\operatorname{tr} X^k = k\,\operatorname{tr}(X^{k-1}\,\mathrm{d}X)",
    source=f"{TABLES}, sec. 8.6",
)
def trace_of_power(expr: Expr) -> Expr | None:
    match expr:
        case Differential(Trace(MatrixPower(base, exponent)), wrt, by):
            lowered = number(exponent.value - 1) if isinstance(exponent, Number) else Plus((exponent, MINUS_ONE))
            power: Expr = base if lowered == number(1) else MatrixPower(base, lowered)
            return product((exponent, Trace(matmul((power, Differential(base, wrt, by))))))
    return None


@rule("power of a matrix", law=r"X^k = X\,X \cdots X", source=f"{ALGEBRA}, sec. 1.4")
def matrix_power(expr: Expr) -> Expr | None:
    """Written out factor by factor, where k is a small number; X^-k is the inverse of X^k."""
    match expr:
        case Differential(MatrixPower(base, Number(value)), wrt, by) if value.denominator == 1:
            count = abs(int(value))
            if not 1 <= count <= MOST_FACTORS:
                return None
            chain = base if count == 1 else matmul((base,) * count)
            return Differential(chain if value > 0 else Inverse(chain), wrt, by)
    return None


@rule("chain rule", law=r"\mathrm{d}f(U) = f'(U) \odot \mathrm{d}U", source=f"{MAGNUS}, sec. 5.12")
def chain_rule(expr: Expr) -> Expr | None:
    """Of a function that acts entry by entry; of several arguments, a term for each one that varies."""
    match expr:
        case Differential(Apply(function, arguments) as body, wrt, by):
            terms = (
                product((derivative_of(function, arguments, place), Differential(argument, wrt, by)))
                for place, argument in enumerate(arguments)
                if depends_on(argument, wrt)
            )
            return plus(_of_shape(term, body) for term in terms)
    return None


def _of_shape(expr: Expr, like: Expr) -> Expr:
    """`expr` at every entry of an array of the shape of `like`."""
    return expr if shape(expr) == shape(like) else product((expr, Ones(shape(like))))


@rule("power rule", law=r"\mathrm{d}(u^p) = p\,u^{p-1}\,\mathrm{d}u", source=TABLES)
def power_rule(expr: Expr) -> Expr | None:
    """Entry by entry."""
    match expr:
        case Differential(Power(base, exponent), wrt, by) if not depends_on(exponent, wrt):
            if isinstance(base, Norm) and base.order == 2 and exponent == number(2):
                return None
            lowered = number(exponent.value - 1) if isinstance(exponent, Number) else Plus((exponent, MINUS_ONE))
            factor = base if lowered == number(1) else Power(base, lowered)
            return product((exponent, factor, Differential(base, wrt, by)))
    return None


@rule("exponential rule", law=r"\mathrm{d}(c^{v}) = c^{v}\,\log(c)\,\mathrm{d}v", source=TABLES)
def exponential_rule(expr: Expr) -> Expr | None:
    match expr:
        case Differential(Power(base, exponent) as power, wrt, by) if not depends_on(base, wrt):
            return product((power, Apply(Function("log"), (base,)), Differential(exponent, wrt, by)))
    return None


@rule("logarithmic differentiation", law=r"\mathrm{d}(u^{v}) = u^{v}\,\mathrm{d}(v \log u)", source=TABLES)
def logarithmic_rule(expr: Expr) -> Expr | None:
    match expr:
        case Differential(Power(base, exponent) as power, wrt, by):
            logarithm = product((exponent, Apply(Function("log"), (base,))))
            return product((power, Differential(logarithm, wrt, by)))
    return None


@rule(
    "differential of a squared norm",
    law=r"\mathrm{d}\lVert u \rVert^2 = 2\,u^{\mathsf T}\,\mathrm{d}u",
    source=f"{TABLES}, sec. 8.4",
)
def squared_norm(expr: Expr) -> Expr | None:
    """Of a matrix: 2 tr(U' dU)."""
    match expr:
        case Differential(Power(Norm(body, 2), exponent), wrt, by) if exponent == number(2):
            return product((number(2), inner_product(body, Differential(body, wrt, by))))
    return None


@rule(
    "differential of a norm",
    law=r"\mathrm{d}\lVert u \rVert = u^{\mathsf T}\,\mathrm{d}u / \lVert u \rVert",
    source=f"{TABLES}, sec. 8.4",
)
def norm(expr: Expr) -> Expr | None:
    """u is not zero. The sum of absolute values goes by their signs."""
    match expr:
        case Differential(Norm(body, 2) as of, wrt, by):
            return product((Power(of, MINUS_ONE), inner_product(body, Differential(body, wrt, by))))
        case Differential(Norm(body, 1), wrt, by):
            return inner_product(Apply(Function("sign"), (body,)), Differential(body, wrt, by))
    return None


def inner_product(left: Expr, right: Expr) -> Expr:
    """The sum of the products of entries at the same place."""
    if is_scalar(left) and is_scalar(right):
        return product((left, right))
    if shape(left)[1] == ONE:
        return matmul((transpose(left), right))
    return Trace(matmul((transpose(left), right)))


@rule(
    "differential of logsumexp",
    law=r"\mathrm{d}\operatorname{logsumexp}(z) = \operatorname{softmax}(z)^{\mathsf T}\,\mathrm{d}z",
    source="Boyd & Vandenberghe, Convex Optimization (2004), sec. 3.1.5",
)
def log_sum_exp(expr: Expr) -> Expr | None:
    match expr:
        case Differential(LogSumExp(body, int() as axis), wrt, by):
            moved = product((Softmax(body, axis), Differential(body, wrt, by)))
            rows, columns = shape(body)
            return matmul((moved, Ones((columns, ONE))) if axis == 1 else (transpose(moved), Ones((rows, ONE))))
        case Differential(LogSumExp(body, None), wrt, by):
            return inner_product(Softmax(body), Differential(body, wrt, by))
    return None


@rule(
    "differential of softmax",
    law=r"\mathrm{d}s = (\operatorname{diag}(s) - s\,s^{\mathsf T})\,\mathrm{d}z",
    source="Bishop, Pattern Recognition and Machine Learning (2006), eq. (4.106)",
)
def softmax(expr: Expr) -> Expr | None:
    match expr:
        case Differential(Softmax(body, int() as axis) as soft, wrt, by):
            moved = product((soft, Differential(body, wrt, by)))
            rows, columns = shape(body)
            sums = (moved, Ones((columns, columns))) if axis == 1 else (Ones((rows, rows)), moved)
            return plus((moved, product((MINUS_ONE, soft, matmul(sums)))))
        case Differential(Softmax(body) as soft, wrt, by) if shape(body)[1] == ONE and not is_scalar(body):
            spread = Plus((Diag(soft), product((MINUS_ONE, MatMul((soft, transpose(soft)))))))
            return MatMul((spread, Differential(body, wrt, by)))
    return None


QUIET: tuple[Rule, ...] = (variable,)
"""Rules that a line does not name where it names another."""

ROUTINE: tuple[Rule, ...] = (constant, variable)
LINEAR: tuple[Rule, ...] = (trace, total, linear_map, sum_rule, constant_factor, transposed)
NONLINEAR: tuple[Rule, ...] = (
    trace_of_power,
    quotient_rule,
    product_rule,
    squared_norm,
    power_rule,
    exponential_rule,
    logarithmic_rule,
    chain_rule,
    norm,
    inverse,
    log_determinant,
    determinant,
    matrix_power,
    log_sum_exp,
    softmax,
)
"""In the order of trying: a quotient is a product to whoever asks the product rule first."""
DIFFERENTIALS: tuple[Rule, ...] = (*ROUTINE, *LINEAR, *NONLINEAR)
