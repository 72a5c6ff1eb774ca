"""Expressions as text in the notation they are read in: NumPy's, with index notation beside it.

What is printed is read back by problem.expression as the same expression, but for a pending derivative, which problem
files cannot state; it is shown as `diff(body, x[k])`, a pending differential as `d(body)`, and a value at a point as
`at(body, x=1)`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import assert_never

from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE,
    Apply,
    At,
    Axis,
    Column,
    Commutation,
    Delta,
    Derivative,
    Det,
    Diag,
    Differential,
    Entry,
    Expr,
    Eye,
    Function,
    Group,
    Image,
    Index,
    Inverse,
    Kron,
    LogDet,
    LogSumExp,
    MatMul,
    Matrix,
    MatrixPower,
    Norm,
    Number,
    Ones,
    Partial,
    Pi,
    Plus,
    Power,
    Product,
    Row,
    Shape,
    Size,
    Softmax,
    Subscript,
    Sum,
    Symbol,
    Total,
    Trace,
    Transpose,
    Upper,
    Vec,
    Zeros,
)
from derivgen.expr.shapes import is_scalar

# how tightly each form binds; an operand that binds less tightly than its place asks for goes into parentheses
SUM, NEGATIVE, PRODUCT, POWER, ATOM = range(5)


def text(expr: Expr) -> str:
    """`expr` in NumPy's notation.

    >>> from derivgen.expr.nodes import Dim, Symbol
    >>> n = Dim(1, ("n",))
    >>> A, x = Symbol("A", (n, n)), Symbol("x", (n, Dim(1)))
    >>> text(MatMul((Plus((A, Transpose(A))), x)))
    '(A + A.T) @ x'
    """
    return _text(expr)[0]


def _text(expr: Expr) -> tuple[str, int]:
    """The text of `expr` and how tightly it binds."""
    match expr:
        case Number(value, True, int(places)) if (shown := decimal_text(value, places)) is not None:
            return shown, NEGATIVE if value < 0 else ATOM
        case Number(value):
            return _number(value)
        case Pi():
            return "pi", ATOM
        case Size(dim):
            return str(dim), PRODUCT if "*" in str(dim) else ATOM
        case Symbol(name):
            return bare_name(name), ATOM
        case Entry(base, subscripts):
            return f"{_within(base, ATOM)}[{', '.join(map(subscript_text, subscripts))}]", ATOM
        case Row(base, subscript):
            return f"{_within(base, ATOM)}[{subscript_text(subscript)}, :]", ATOM
        case Column(base, subscript):
            return f"{_within(base, ATOM)}[:, {subscript_text(subscript)}]", ATOM
        case Delta(left, right):
            return f"delta({subscript_text(left)}, {subscript_text(right)})", ATOM
        case Plus(terms):
            return _plus(terms), SUM
        case Product(factors):
            return _product(factors)
        case Power(base, Number(value)) if value < 0:
            return _product((expr,))
        case Power(base, exponent):
            return f"{_within(base, ATOM)}**{_within(exponent, ATOM)}", POWER
        case MatrixPower(base, exponent):
            return _call("matrix_power", base, exponent)
        case Apply(function, arguments):
            return f"{function_text(function)}({', '.join(map(text, arguments))})", ATOM
        case Image(name, arguments):
            return _call(name, *arguments)
        case Derivative(body, place):
            return _call("diff", body, body.arguments[place])
        case MatMul(factors):
            return " @ ".join(_within(factor, POWER) for factor in factors), PRODUCT
        case Transpose(body):
            return f"{_within(body, ATOM)}.T", ATOM
        case Inverse(body):
            return _call("inv", body)
        case Trace(body):
            return _call("tr", body)
        case Det(body):
            return _call("det", body)
        case LogDet(body):
            return _call("logdet", body)
        case Total(body):
            return _call("sum", body)
        case Norm(body, order):
            return _call("norm", body) if order == 2 else (f"norm({text(body)}, {order})", ATOM)
        case LogSumExp(body, axis):
            return _along("logsumexp", body, axis)
        case Softmax(body, axis):
            return _along("softmax", body, axis)
        case Diag(body):
            return _call("diag", body)
        case Vec(body):
            return _call("vec", body)
        case Kron(left, right):
            return _call("kron", left, right)
        case Ones(shape):
            return f"ones({_shape(shape)})", ATOM
        case Zeros(shape):
            return f"zeros({_shape(shape)})", ATOM
        case Eye(dim):
            return f"eye({dim})", ATOM
        case Upper(dim):
            return f"upper({dim})", ATOM
        case Commutation((rows, columns)):
            return f"commutation({rows}, {columns})", ATOM
        case Sum():
            return _sums(expr), ATOM
        case Partial(body, wrt):
            return _call("diff", body, wrt)
        case Differential(body):
            return _call("d", body)
        case Matrix(entries, shape):
            return _matrix(entries, shape), ATOM
        case At(body, places, values):
            pairs = ", ".join(f"{place.name}={text(value)}" for place, value in zip(places, values, strict=True))
            return f"at({text(body)}, {pairs})", ATOM
        case Group(body):
            return _text(body)
        case _:
            assert_never(expr)


def _within(expr: Expr, place: int) -> str:
    """The text of `expr` where at least `place` is asked for."""
    shown, binding = _text(expr)
    return shown if binding >= place else f"({shown})"


def _sums(expr: Expr) -> str:
    """Sums directly inside each other in one call, the outermost index first."""
    bound: list[str] = []
    while isinstance(expr, Sum):
        bound.append(expr.index.name)
        expr = expr.body
    return f"sum({text(expr)}, {', '.join(bound)})"


def _call(name: str, *arguments: Expr) -> tuple[str, int]:
    return f"{name}({', '.join(map(text, arguments))})", ATOM


def _along(name: str, body: Expr, axis: Axis | None) -> tuple[str, int]:
    return _call(name, body) if axis is None else (f"{name}({text(body)}, axis={axis})", ATOM)


MOST_PLACES = 12
"""A decimal with more places is printed as a fraction, unless it was rounded to more."""


def decimal_text(value: Fraction, least: int | None = None) -> str | None:
    """`value` as a decimal where it has a finite one of at most 12 places: 0.8 for 4/5.

    With `least` it has so many places and no fewer: 0.800 for 3.
    """
    asked = least or 0
    places = next((n for n in range(asked, max(asked, MOST_PLACES) + 1) if 10**n % value.denominator == 0), None)
    if places is None:
        return None
    digits = str(abs(value.numerator) * (10**places // value.denominator)).rjust(places + 1, "0")
    shown = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{shown}" if value < 0 else shown


def _number(value: Fraction) -> tuple[str, int]:
    if value.denominator != 1:
        return f"{value.numerator}/{value.denominator}", NEGATIVE if value < 0 else PRODUCT
    return str(value.numerator), NEGATIVE if value < 0 else ATOM


def subscript_text(subscript: Subscript) -> str:
    return subscript.name if isinstance(subscript, Index) else str(subscript)


def function_text(function: Function) -> str:
    """`f`; its derivatives `D(f)`, and by argument `D(f, 1)`, `D(f, 1, 2)`."""
    if not any(function.orders):
        return function.name
    if function.orders == (1,):
        return f"D({function.name})"
    places = [str(place) for place, order in enumerate(function.orders, 1) for _ in range(order)]
    return f"D({', '.join([function.name, *places])})"


def bare_name(name: str) -> str:
    """The name of a symbol as it is printed: what follows # tells apart letters that are used again."""
    return name.partition("#")[0]


def _matrix(entries: tuple[Expr, ...], shape: Shape) -> str:
    """A column as [a, b], other arrays row by row: [[a, b], [c, d]]."""
    shown = [text(entry) for entry in entries]
    wide = shape[1].number
    if wide == 1:
        return f"[{', '.join(shown)}]"
    rows = (f"[{', '.join(shown[start : start + wide])}]" for start in range(0, len(shown), wide))
    return f"[{', '.join(rows)}]"


def _shape(shape: Shape) -> str:
    rows, columns = shape
    return str(rows) if columns == ONE else f"{rows}, {columns}"


def _plus(terms: tuple[Expr, ...]) -> str:
    shown = _within(terms[0], NEGATIVE) if terms else "0"
    for term in terms[1:]:
        sign, rest = split_sign(term)
        shown += f" {'-' if sign < 0 else '+'} {_within(rest, PRODUCT)}"
    return shown


def split_sign(term: Expr) -> tuple[int, Expr]:
    """The sign that is written before `term` in a sum, and what follows it."""
    match term:
        case Number(value) if value < 0:
            return -1, replace(term, value=-value)
        case Product((Number(value) as first, *rest)) if value < 0:
            positive = () if value == -1 and first.places is None else (replace(first, value=-value),)
            kept: tuple[Expr, ...] = (*positive, *rest)
            return -1, kept[0] if len(kept) == 1 else Product(kept)
        case _:
            return 1, term


def fraction_parts(factors: Iterable[Expr], decimals: bool = False) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """The factors above and below the bar: negative powers and the denominators of numbers go below.

    With `decimals`, numbers that ask to be printed as decimals stay whole.
    """
    above: list[Expr] = []
    below: list[Expr] = []
    for factor in factors:
        match factor:
            case Number(value, True) if decimals and decimal_text(value) is not None:
                above.append(factor)
            case Number(value) if value.denominator != 1:
                if value.numerator != 1:
                    above.append(Number(Fraction(value.numerator)))
                below.append(Number(Fraction(value.denominator)))
            case Power(base, Number(value)) if value < 0:
                below.append(base if value == -1 else Power(base, Number(-value)))
            case _:
                above.append(factor)
    return tuple(above), tuple(below)


def is_quotient(factors: tuple[Expr, ...]) -> bool:
    """Whether `factors` are a formula in scalars divided by one number, (x + y)/2, which is set as one fraction.

    In 1/2 x the fraction is a coefficient; so it is before matrices, their entries and sums over an index.
    """
    match factors:
        case (Number(value), Plus(terms)) if value.numerator == 1 and value.denominator != 1:
            return all(map(_is_linear, terms))  # half an angle
    divisors = [place for place, factor in enumerate(factors) if _is_divisor(factor)]
    if len(divisors) != 1 or divisors[0] == 0:
        return False
    above = factors[: divisors[0]] + factors[divisors[0] + 1 :]
    if all(isinstance(factor, Number) for factor in above):
        return False
    return all(_is_formula(factor) for factor in above)


def _is_linear(term: Expr) -> bool:
    """A scalar symbol, perhaps with a whole number before it, or a whole number."""
    match term:
        case Product((Number(value), Symbol() as letter)):
            return value.denominator == 1 and is_scalar(letter)
        case Symbol():
            return is_scalar(term)
        case Number(value):
            return value.denominator == 1
    return False


def _is_divisor(factor: Expr) -> bool:
    return isinstance(factor, Power) and isinstance(factor.base, Number) and _is_negative(factor.exponent)


def _is_negative(exponent: Expr) -> bool:
    return isinstance(exponent, Number) and exponent.value < 0


def _is_formula(expr: Expr) -> bool:
    """Whether `expr` is made of scalar symbols and whole numbers, and nothing in it is divided by."""
    match expr:
        case Number(value):
            return value.denominator == 1
        case Symbol():
            return is_scalar(expr)
        case Pi():
            return True
        case Power(base, exponent):
            return not _is_negative(exponent) and _is_formula(base) and is_scalar(exponent)
        case Plus(terms):
            return all(map(_is_formula, terms))
        case Product(factors):
            return all(map(_is_formula, factors))
        case Apply(_, arguments):
            return all(map(is_scalar, arguments))
    return False


def _product(factors: tuple[Expr, ...]) -> tuple[str, int]:
    if factors[:1] == (MINUS_ONE,) and len(factors) > 1:
        rest = factors[1:]
        return f"-{_within(rest[0] if len(rest) == 1 else Product(rest), PRODUCT)}", NEGATIVE
    above, below = fraction_parts(factors)
    if above[:1] == (MINUS_ONE,) and len(above) > 1:  # -1/2 x is -x / 2
        positive = Product((*above[1:], *(Power(factor, MINUS_ONE) for factor in below)))
        return f"-{_within(positive, PRODUCT)}", NEGATIVE
    shown = ""
    for place, factor in enumerate(above):
        # `s * A @ x` is (s A) x = s (A x) for a scalar s, but `u * A @ x` would be (u * A) @ x
        scaled = all(map(is_scalar, above[:place])) and (isinstance(factor, MatMul) or place == 0)
        piece = _within(factor, PRODUCT if scaled else POWER)
        if place == 0 and _text(factor)[1] == NEGATIVE and isinstance(factor, Number):
            piece = _text(factor)[0]
        shown = f"{shown} * {piece}" if shown else piece
    shown = shown or "1"
    for factor in below:
        shown += f" / {_within(factor, POWER)}"
    negative = bool(above) and isinstance(above[0], Number) and above[0].value < 0
    return shown, NEGATIVE if negative else PRODUCT
