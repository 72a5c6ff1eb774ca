"""The laws of differentials on matrix notation, after Magnus and Neudecker.

A `Differential` is moved one level by each law of DIFFERENTIALS: to the strictly smaller parts of what it stands
before, until it stands before the variable X alone, where it is dX. What is left is linear in dX, and the laws of
TURNING bring dX to the end of each term: tr(M dX), or M dx where the variable is a vector. dX is a symbol that carries
the word DIFFERENTIAL; `moves` tells what it is inside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from derivgen.derivation import Rule, rule
from derivgen.expr.build import factors_of, matmul, plus, product, split_scalars, terms_of, transpose
from derivgen.expr.nodes import (
    DIFFERENTIAL,
    MINUS_ONE,
    ONE,
    ZERO_NUMBER,
    Apply,
    Det,
    Diag,
    Differential,
    Expr,
    Eye,
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
    Size,
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
from derivgen.expr.walk import depends_on, subexpressions
from derivgen.rules.algebra import ARITHMETIC
from derivgen.rules.functions import derivative_of

MAGNUS = "Magnus & Neudecker, Matrix Differential Calculus (2019)"
TABLES = f"{MAGNUS}, ch. 8"
ALGEBRA = f"{MAGNUS}, ch. 1"

MOST_FACTORS = 8
"""A higher power of a matrix is not written out factor by factor."""


def moves(expr: Expr) -> bool:
    """Whether a dX is inside `expr`."""
    return any(isinstance(node, Symbol) and DIFFERENTIAL in node.assumptions for node in subexpressions(expr))


# --- a differential moves inward --------------------------------------------------------------------------------------


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
            return product((number(2), _inner(body, Differential(body, wrt, by))))
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
            return product((Power(of, MINUS_ONE), _inner(body, Differential(body, wrt, by))))
        case Differential(Norm(body, 1), wrt, by):
            return _inner(Apply(Function("sign"), (body,)), Differential(body, wrt, by))
    return None


def _inner(left: Expr, right: Expr) -> Expr:
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
        case Differential(LogSumExp(body), wrt, by):
            return _inner(Softmax(body), Differential(body, wrt, by))
    return None


@rule(
    "differential of softmax",
    law=r"\mathrm{d}s = (\operatorname{diag}(s) - s\,s^{\mathsf T})\,\mathrm{d}z",
    source="Bishop, Pattern Recognition and Machine Learning (2006), eq. (4.106)",
)
def softmax(expr: Expr) -> Expr | None:
    match expr:
        case Differential(Softmax(body) as soft, wrt, by) if shape(body)[1] == ONE and not is_scalar(body):
            spread = Plus((Diag(soft), product((MINUS_ONE, MatMul((soft, transpose(soft)))))))
            return MatMul((spread, Differential(body, wrt, by)))
    return None


# --- dX goes to the end of its term -----------------------------------------------------------------------------------


@rule("distributive law", law="A\\,(U + V)\\,B = A\\,U\\,B + A\\,V\\,B", source=ARITHMETIC)
def multiplied_out(expr: Expr) -> Expr | None:
    """Only sums that dX is inside."""
    match expr:
        case MatMul(factors) | Product(factors):
            for place, factor in enumerate(factors):
                if isinstance(factor, Plus) and moves(factor):
                    made = matmul if isinstance(expr, MatMul) else product
                    whole = [made((*factors[:place], term, *factors[place + 1 :])) for term in factor.terms]
                    return plus(whole) if all(shape(one) == shape(expr) for one in whole) else None
        case Transpose(Plus(terms)) if moves(expr):
            return plus(map(transpose, terms))
        case Diag(Plus(terms)) if moves(expr):
            return plus(map(Diag, terms))
        case Vec(Plus(terms)) if moves(expr):
            return plus(map(Vec, terms))
        case Kron(Plus(terms), right) if moves(expr.left):
            return plus(Kron(term, right) for term in terms)
        case Kron(left, Plus(terms)) if moves(expr.right):
            return plus(Kron(left, term) for term in terms)
    return None


@rule(
    "the trace is linear",
    law=r"\operatorname{tr}(U + c\,V) = \operatorname{tr} U + c\,\operatorname{tr} V",
    source=f"{ALGEBRA}, sec. 1.10",
)
def linear_trace(expr: Expr) -> Expr | None:
    """The same law holds for the sum of all entries."""
    match expr:
        case Trace(Plus(terms)) if moves(expr):
            return plus(map(Trace, terms))
        case Total(Plus(terms)) if moves(expr) and all(shape(term) == shape(expr.body) for term in terms):
            return plus(map(Total, terms))
    return None


@rule("scalar factor out", law=r"\operatorname{tr}(c\,U) = c\,\operatorname{tr} U", source=ARITHMETIC)
def scalar_out(expr: Expr) -> Expr | None:
    """Out of whatever is linear: a trace, a transpose, a sum of entries, diag, vec, a Kronecker product."""
    match expr:
        case Trace(body) | Total(body) | Transpose(body) | Diag(body) | Vec(body) if moves(expr):
            scalars, array = split_scalars(body)
            if scalars and not is_scalar(array):
                make: Callable[[Expr], Expr] = type(expr)
                return product((*scalars, make(array)))
        case Kron(left, right) if moves(expr):
            front, first = split_scalars(left)
            further, second = split_scalars(right)
            if (front and not is_scalar(first)) or (further and not is_scalar(second)):
                return product((*front, *further, Kron(first, second)))
    return None


@rule("transpose of a product", law=r"(A B)^{\mathsf T} = B^{\mathsf T} A^{\mathsf T}", source=f"{ALGEBRA}, sec. 1.3")
def turned_product(expr: Expr) -> Expr | None:
    match expr:
        case Transpose(body) if moves(body) and not isinstance(body, Symbol):
            turned = transpose(body)
            return None if turned == expr else turned
    return None


@rule("sum of products", law=r"\operatorname{sum}(u \odot v) = u^{\mathsf T} v", source=f"{ALGEBRA}, sec. 1.10")
def summed(expr: Expr) -> Expr | None:
    """Of matrices: sum(U * V) = tr(U'V). A sum of entries is one of products with 1."""
    match expr:
        case Total(Product(factors) as body) if moves(body) and not any(map(is_scalar, factors)):
            still = [factor for factor in factors if not moves(factor)]
            moving = [factor for factor in factors if moves(factor)]
            if len(moving) == 1 and still:
                return _inner_product(product(still), moving[0])
        case Total(Transpose(body)) if moves(body):
            return Total(body)
        case Total(Vec(body)) if moves(body):
            return Total(body)
        case Total(Diag(body)) if moves(body):
            return Trace(body) if shape(body)[0] == shape(body)[1] else Total(body)
        case Total(body) if moves(body) and not is_scalar(body):
            rows, columns = shape(body)
            if columns == ONE:
                return matmul((Ones((ONE, rows)), body))
            if rows == ONE:
                return matmul((body, Ones((columns, ONE))))
            return matmul((Ones((ONE, rows)), body, Ones((columns, ONE))))
        case Total(Ones((rows, columns))):
            return product(Size(dim) for dim in (rows, columns) if dim != ONE)
    return None


def _inner_product(still: Expr, moving: Expr) -> Expr:
    if ONE in shape(still) and shape(still)[0] == ONE:
        return matmul((still, transpose(moving)))
    return _inner(still, moving)


@rule(
    "trace with a Hadamard product",
    law=r"\operatorname{tr}(A\,(B \odot C)) = \operatorname{tr}((A \odot B^{\mathsf T})\,C)",
    source=f"{ALGEBRA}, sec. 3.7",
)
def trace_of_hadamard(expr: Expr) -> Expr | None:
    match expr:
        case Trace(Product(factors) as body) if moves(body) and not any(map(is_scalar, factors)):
            still, moving = _parted(factors)
            return Trace(matmul((Diag(Diag(product(still))), moving))) if still else None
        case Trace(MatMul(factors)):
            place = _moving_place(factors)
            if (
                place is not None
                and isinstance(one := factors[place], Product)
                and not any(map(is_scalar, one.factors))
            ):
                still, moving = _parted(one.factors)
                around = matmul((*factors[place + 1 :], *factors[:place]))
                if still and shape(around) == shape(transpose(product(still))):
                    return Trace(matmul((product((around, transpose(product(still)))), moving)))
    return None


def _parted(factors: Sequence[Expr]) -> tuple[list[Expr], Expr]:
    """The factors without dX, and the one that it is inside."""
    return [one for one in factors if not moves(one)], product(one for one in factors if moves(one))


def _moving_place(factors: Sequence[Expr]) -> int | None:
    places = [place for place, factor in enumerate(factors) if moves(factor)]
    return places[0] if len(places) == 1 else None


@rule(
    "inner product with a Hadamard product",
    law=r"a^{\mathsf T}(b \odot c) = (a \odot b)^{\mathsf T} c",
    source=f"{ALGEBRA}, sec. 3.7",
)
def inner_of_hadamard(expr: Expr) -> Expr | None:
    """c is what dX is inside; where a row moves, the scalar is transposed first."""
    match expr:
        case MatMul(factors) if is_scalar(expr):
            place = _moving_place(factors)
            if place is None or not isinstance(one := factors[place], Product) or any(map(is_scalar, one.factors)):
                return None
            still, moving = _parted(one.factors)
            if place == len(factors) - 1 and shape(one)[1] == ONE:
                left = transpose(matmul(factors[:place]))
                return matmul((Transpose(product((left, *still))), moving))
            if place == 0 and shape(one)[0] == ONE:
                right = matmul(factors[1:])
                return matmul((Transpose(product((*map(transpose, still), right))), transpose(moving)))
    return None


@rule(
    "diagonal matrices",
    law=r"a^{\mathsf T}\operatorname{diag}(u)\,b = (a \odot b)^{\mathsf T} u",
    source=f"{ALGEBRA}, sec. 1.2",
)
def diagonals(expr: Expr) -> Expr | None:
    """diag(u) b = b * u, tr(A diag(u)) = diag(A)'u, a'diag(M) = tr(diag(a) M); diag(u v') = u * v, diag(diag(u)) = u,
    diag(A diag(u) B) = (A * B')u.
    """
    match expr:
        case Trace(Diag(body)) if moves(body):
            return Total(body)
        case Trace(MatMul(factors)):
            place = _moving_place(factors)
            if place is not None and isinstance(one := factors[place], Diag) and shape(one.body)[1] == ONE:
                around = matmul((*factors[place + 1 :], *factors[:place]))
                return matmul((transpose(Diag(around)), one.body))
        case MatMul(factors):
            place = _moving_place(factors)
            if place is None or not isinstance(one := factors[place], Diag):
                return None
            left, right = factors[:place], factors[place + 1 :]
            if shape(one.body)[1] == ONE and right and shape(right[-1])[1] == ONE:
                return matmul((*left, product((matmul(right), one.body))))
            if shape(one.body)[1] == ONE and left and shape(left[0])[0] == ONE:
                return matmul((product((matmul(left), transpose(one.body))), *right))
            if shape(one)[1] == ONE and is_scalar(expr) and left and not right:
                return Trace(matmul((Diag(transpose(matmul(left))), one.body)))
        case Product(factors) if any(isinstance(factor, Diag) and moves(factor) for factor in factors):
            place = _moving_place(factors)
            if place is not None and isinstance(one := factors[place], Diag) and shape(one.body)[1] == ONE:
                scalars, array = split_scalars(product((*factors[:place], *factors[place + 1 :])))
                if not is_scalar(array):
                    return product((*scalars, Diag(product((Diag(array), one.body)))))
        case Diag(Diag(body)) if moves(body) and shape(body)[1] == ONE:
            return body
        case Diag(MatMul(factors)) if moves(expr) and shape(expr)[1] == ONE:
            place = _moving_place(factors)
            if place is not None and isinstance(one := factors[place], Diag) and shape(one.body)[1] == ONE:
                ahead, behind = matmul(factors[:place]), transpose(matmul(factors[place + 1 :]))
                if place in (0, len(factors) - 1):
                    return product((Diag(ahead if place else behind), one.body))
                return matmul((product((ahead, behind)), one.body))
            for cut in range(1, len(factors)):
                if shape(factors[cut])[0] == ONE:
                    return product((matmul(factors[:cut]), transpose(matmul(factors[cut:]))))
    return None


@rule(
    "inner product of vec",
    law=r"\operatorname{vec}(A)^{\mathsf T} \operatorname{vec}(B) = \operatorname{tr}(A^{\mathsf T} B)",
    source=f"{ALGEBRA}, sec. 2.4",
)
def inner_of_vec(expr: Expr) -> Expr | None:
    match expr:
        case MatMul((Transpose(Vec(left)), Vec(right))) if moves(expr):
            return Trace(matmul((transpose(left), right)))
    return None


@rule(
    "trace of a Kronecker product",
    law=r"\operatorname{tr}(A \otimes B) = \operatorname{tr} A\,\operatorname{tr} B",
    source=f"{ALGEBRA}, sec. 2.2",
)
def trace_of_kronecker(expr: Expr) -> Expr | None:
    match expr:
        case Trace(Kron(left, right)) if moves(expr) and len({*shape(left)}) == 1 and len({*shape(right)}) == 1:
            return product((Trace(left), Trace(right)) if moves(right) else (Trace(right), Trace(left)))
    return None


@rule(
    "a transpose has the same trace",
    law=r"\operatorname{tr} A = \operatorname{tr} A^{\mathsf T}",
    source=f"{ALGEBRA}, sec. 1.10",
)
def turned_trace(expr: Expr) -> Expr | None:
    """Where dX is transposed."""
    match expr:
        case Trace(Transpose(body)) if moves(body):
            return Trace(body)
        case Trace(MatMul(factors)):
            place = _moving_place(factors)
            if place is not None and _is_turned(factors[place]):
                return Trace(transpose(expr.body))
    return None


@rule("a scalar is its own transpose", law=r"a^{\mathsf T} b = b^{\mathsf T} a", source=f"{ALGEBRA}, sec. 1.3")
def turned_scalar(expr: Expr) -> Expr | None:
    """Where dX is transposed."""
    match expr:
        case MatMul(factors) if is_scalar(expr):
            place = _moving_place(factors)
            if place is not None and _is_turned(factors[place]):
                return MatMul(tuple(map(transpose, reversed(factors))))
    return None


def _is_turned(factor: Expr) -> bool:
    return isinstance(factor, Transpose) and moves(factor)


@rule(
    "cyclic property of the trace",
    law=r"\operatorname{tr}(A B) = \operatorname{tr}(B A)",
    source=f"{ALGEBRA}, sec. 1.10",
)
def cyclic(expr: Expr) -> Expr | None:
    """The factor that dX is inside goes to the end; a scalar is its own trace: a'X b = tr(b a'X)."""
    match expr:
        case Trace(MatMul(factors)):
            place = _moving_place(factors)
            if place is not None and not _is_turned(factors[place]):
                around = matmul((*factors[place + 1 :], *factors[:place], factors[place]))
                if is_scalar(around):
                    return around
                return Trace(around) if place < len(factors) - 1 else None
        case MatMul(factors) if is_scalar(expr):
            place = _moving_place(factors)
            if place is None or _is_turned(factors[place]):
                return None
            left, one, right = factors[:place], factors[place], factors[place + 1 :]
            if ONE not in shape(one):
                return Trace(matmul((*right, *left, one)))
            if shape(one)[1] == ONE and right:
                return product((matmul(right), matmul((*left, one))))
            if shape(one)[0] == ONE and left:
                return product((matmul(left), matmul((one, *right))))
    return None


@rule("a scalar may stand anywhere", law=r"(a^{\mathsf T} b)\,c = c\,a^{\mathsf T} b", source=ARITHMETIC)
def scalar_anywhere(expr: Expr) -> Expr | None:
    """A scalar with dx goes behind the column that it is multiplied with; dx' b is b' dx."""
    match expr:
        case Product(factors) if not is_scalar(expr) and shape(expr)[1] == ONE:
            place = _moving_place(factors)
            if place is not None and isinstance(one := factors[place], MatMul) and is_scalar(one):
                rest = product((*factors[:place], *factors[place + 1 :]))
                scalars, array = split_scalars(rest)
                return None if is_scalar(array) else product((*scalars, MatMul((array, *one.factors))))
        case MatMul(factors) if not is_scalar(expr) and shape(expr)[1] == ONE:
            place = _moving_place(factors)
            if place is None:
                return None
            left, one, right = factors[:place], factors[place], factors[place + 1 :]
            if shape(one)[0] == ONE and right:
                return MatMul((*left, *map(transpose, reversed((one, *right)))))
            if shape(one)[1] == ONE and right:
                return product((matmul(right), matmul((*left, one))))
    return None


@rule(
    "Hadamard product as a diagonal matrix",
    law=r"b \odot c = \operatorname{diag}(b)\,c",
    source=f"{ALGEBRA}, sec. 3.7",
)
def hadamard_as_diagonal(expr: Expr) -> Expr | None:
    """Of columns; and of a matrix with u v': B * (u v') = diag(u) B diag(v)."""
    match expr:
        case Product(factors) if moves(expr) and not is_scalar(expr):
            place = _moving_place(factors)
            if place is None or is_scalar(factors[place]):
                return None
            scalars, still = split_scalars(product((*factors[:place], *factors[place + 1 :])))
            if is_scalar(still):
                return None
            if shape(expr)[1] == ONE:
                return product((*scalars, matmul((Diag(still), factors[place]))))
            one = factors[place]
            if isinstance(one, MatMul):
                for cut in range(1, len(one.factors)):
                    if shape(one.factors[cut])[0] == ONE:
                        u, v = matmul(one.factors[:cut]), transpose(matmul(one.factors[cut:]))
                        return product((*scalars, matmul((Diag(u), still, Diag(v)))))
    return None


@rule(
    "collect the differential",
    law=r"A\,\mathrm{d}X + B\,\mathrm{d}X = (A + B)\,\mathrm{d}X",
    source=ARITHMETIC,
)
def collected(expr: Expr) -> Expr | None:
    """What stands before dX in all terms, in one factor; scalars stand inside it."""
    by = next(
        (node for node in subexpressions(expr) if isinstance(node, Symbol) and DIFFERENTIAL in node.assumptions), None
    )
    if by is None:
        return None
    found = [coefficient(term, by) for term in terms_of(expr)]
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return None
    return before_differential(plus(known), by)


def coefficient(term: Expr, by: Symbol) -> Expr | None:
    """The M of c tr(M dX), M dx or M dt, scalars in front; None where dX does not stand at the end like that."""
    factors = factors_of(term)
    place = _moving_place(factors)
    if place is None:
        return None
    rest, last = (*factors[:place], *factors[place + 1 :]), factors[place]
    if last == by and is_scalar(by):
        return product(rest)
    dim = by.shape[0]
    match last:
        case Trace(body) if ONE not in by.shape:
            if body == by:
                return product((*rest, Eye(dim)))
            if isinstance(body, MatMul) and body.factors[-1] == by:
                return _scaled(rest, matmul(body.factors[:-1]))
        case MatMul((*front, end)) if end == by and by.shape[1] == ONE and all(map(is_scalar, rest)):
            return _scaled(rest, matmul(front))
        case Symbol() if last == by and by.shape[1] == ONE and all(map(is_scalar, rest)):
            return _scaled(rest, Eye(dim))
    return None


def _scaled(scalars: Sequence[Expr], array: Expr) -> Expr:
    return product((*scalars, array))


def before_differential(array: Expr, by: Symbol) -> Expr:
    """The array M before dX: tr(M dX), M dx, M dt."""
    if is_scalar(by):
        return product((array, by))
    if ONE in by.shape:
        return matmul((array, by))
    scalars, core = split_scalars(array)
    return product((*scalars, Trace(matmul((core, by)))))


QUIET: tuple[Rule, ...] = (variable, scalar_out, turned_product)
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

SPREADING: tuple[Rule, ...] = (multiplied_out, linear_trace, scalar_out, turned_product)
GATHERING: tuple[Rule, ...] = (
    inner_of_vec,
    trace_of_kronecker,
    diagonals,
    trace_of_hadamard,
    inner_of_hadamard,
    summed,
)
TURNED: tuple[Rule, ...] = (turned_trace, turned_scalar)
ENDING: tuple[Rule, ...] = (cyclic, scalar_anywhere)
ARRAYS: tuple[Rule, ...] = (hadamard_as_diagonal,)
TURNING: tuple[Rule, ...] = (*SPREADING, *GATHERING, *TURNED, *ENDING, *ARRAYS, collected)
