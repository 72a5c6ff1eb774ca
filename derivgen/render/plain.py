"""Expressions for the terminal, in one line of Unicode: `Σ_i Σ_j x_i A_ij x_j`."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from fractions import Fraction
from typing import assert_never

from derivgen.expr.names import ACCENTS, CAPITAL_GREEK, GREEK, split_name
from derivgen.expr.nodes import (
    DIFFERENTIAL,
    MINUS_ONE,
    ONE,
    SCALAR,
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
    Dim,
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
    Slope,
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
from derivgen.expr.text import bare_name, decimal_text, fraction_parts, is_quotient, split_sign

# how tightly each form binds; PREFIX is a sum sign or a pending derivative, which takes in all that follows it
SUM, NEGATIVE, PREFIX, ENTRYWISE, PRODUCT, POWER, ATOM = range(7)

Shown = tuple[str, int]
"""What is printed and how tightly it binds."""

RAISED = str.maketrans("0123456789-T", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵀ")

_ALONG: dict[Axis | None, str] = {None: "", 0: "_col", 1: "_row"}
"""What says in the name of a function whether it takes a matrix by its columns or by its rows."""

FUNCTION_NAMES = {"sigmoid": "σ", "asin": "arcsin", "acos": "arccos", "atan": "arctan"}


def unicode_math(expr: Expr) -> str:
    """
    >>> n = Dim(1, ("n",))
    >>> A, x = Symbol("A", (n, n)), Symbol("x", (n, ONE))
    >>> unicode_math(MatMul((Plus((A, Transpose(A))), x)))
    '(A + Aᵀ) x'
    """
    return _shown(expr)[0]


def unicode_shape(shape: Shape) -> str:
    return f"{_dim(shape[0])} × {_dim(shape[1])}"


def _dim(dim: Dim) -> str:
    names = [_name(name) for name in dim.names]
    return " ".join([*([] if names and dim.number == 1 else [str(dim.number)]), *names])


def _name(name: str) -> str:
    name, up, layer = bare_name(name).partition("^")
    if up:  # z^(l), of a layer
        return f"{_name(name)}^{layer}"
    parts = split_name(name)
    base = (GREEK | CAPITAL_GREEK).get(parts.base, parts.base)
    for accent in parts.accents:
        base = unicodedata.normalize("NFC", base + ACCENTS[accent])
    if parts.subscripts == tuple(sub for sub in parts.subscripts if sub.isdigit()):
        return base + "".join(parts.subscripts)
    return "_".join([base, *((GREEK | CAPITAL_GREEK).get(sub, sub) for sub in parts.subscripts)])


def _shown(expr: Expr) -> Shown:
    match expr:
        case Number(value, decimal, places):
            return _number(value, decimal, places)
        case Pi():
            return "π", ATOM
        case Size(dim):
            return _dim(dim), ATOM if len(dim.names) + (dim.number != 1) <= 1 else PRODUCT
        case Slope(quantity=quantity, argument=argument):
            return _partial(quantity, argument, "d")
        case Symbol(name, _, known):
            return (f"d{_name(name[1:])}", POWER) if DIFFERENTIAL in known else (_name(name), ATOM)
        case Entry(Image() as image, subscripts):
            shown = f"{_name(image.name)}_{_join(map(_subscript, subscripts))}"
            return (shown, ATOM) if image.brief else _call(shown, *image.arguments)
        case Entry(base, subscripts):
            return f"{_within(base, ATOM)}_{_join(map(_subscript, subscripts))}", ATOM
        case Row(base, subscript):
            return f"{_within(base, ATOM)}_{_grouped(f'{_subscript(subscript)},:')}", ATOM
        case Column(base, subscript):
            return f"{_within(base, ATOM)}_{_grouped(f':,{_subscript(subscript)}')}", ATOM
        case Delta(left, right):
            return f"δ_{_join((_subscript(left), _subscript(right)))}", ATOM
        case Plus(terms):
            return _plus(terms)
        case Product(factors):
            return _product(factors)
        case Power(base, Number(value)) if value < 0 and is_scalar(base):
            return _unsigned((expr,))
        case Power(base, Number(value)) if value == Fraction(1, 2) and is_scalar(base):
            return f"√{_within(base, ATOM)}", POWER
        case Power(base, exponent):
            return _raised(base, exponent, "" if is_scalar(base) and is_scalar(exponent) else "⊙")
        case MatrixPower(base, exponent):
            return _raised(base, exponent, "")
        case Apply(function, arguments):
            return _apply(function, arguments)
        case Image(name, arguments, _, brief):
            return (_name(name), ATOM) if brief else _call(_name(name), *arguments)
        case Derivative(body, place):
            return _derivative_array(body, place)
        case MatMul(factors):
            # (dX) A, or it would be read as d(X A)
            ahead = [ATOM if isinstance(f, Symbol) and DIFFERENTIAL in f.assumptions else POWER for f in factors[:-1]]
            return " ".join(map(_within, factors, (*ahead, POWER))), PRODUCT
        case Transpose(Inverse(body)) | Inverse(Transpose(body)):
            return f"{_within(body, ATOM)}⁻ᵀ", POWER
        case Transpose(body):
            return f"{_within(body, ATOM)}ᵀ", POWER
        case Inverse(body):
            return f"{_within(body, ATOM)}⁻¹", POWER
        case Trace(body):
            return _call("tr", body)
        case Det(body):
            return _call("det", body)
        case LogDet(body):
            return f"log |det {_within(body, ATOM)}|", PREFIX
        case Total(body):
            return _call("sum", body)
        case Norm(body, order):
            return f"‖{unicode_math(body)}‖{'' if order == 2 else f'_{order}'}", ATOM
        case LogSumExp(body, axis):
            return _call(f"logsumexp{_ALONG[axis]}", body)
        case Softmax(body, axis):
            return _call(f"softmax{_ALONG[axis]}", body)
        case Diag(body):
            return _call("diag", body)
        case Vec(body):
            return _call("vec", body)
        case Kron(left, right):
            return f"{_within(left, POWER)} ⊗ {_within(right, POWER)}", ENTRYWISE
        case Ones(shape):
            return _filled("1", shape)
        case Zeros(shape):
            return _filled("0", shape)
        case Upper():
            return "1_△", ATOM
        case Commutation((rows, columns)):
            return f"K_({_dim(rows)},{_dim(columns)})", ATOM
        case Eye():
            return "I", ATOM
        case Sum(index, body):
            return f"Σ_{_grouped(_name(index.name))} {_within(body, PREFIX)}", PREFIX
        case Partial(body, wrt, ordinary):
            return _partial(body, wrt, "d" if ordinary else "∂")
        case Matrix(entries, shape):
            return _matrix(entries, shape[1].number), ATOM
        case At(body, _, values):
            point = ", ".join(map(unicode_math, values))
            return f"{_within(body, POWER)}{'' if isinstance(body, Symbol) else '|'}({point})", ATOM
        case Group(body):
            return _shown(body)
        case Differential(Symbol() as body):
            return f"d{unicode_math(body)}", ATOM
        case Differential(body):
            return _call("d", body)
        case _:
            assert_never(expr)


def _within(expr: Expr, place: int) -> str:
    shown, binding = _shown(expr)
    return shown if binding >= place else f"({shown})"


def _call(name: str, *arguments: Expr) -> Shown:
    return f"{name}({', '.join(map(unicode_math, arguments))})", ATOM


def _number(value: Fraction, decimal: bool = False, places: int | None = None) -> Shown:
    shown = decimal_text(value, places) if decimal else None
    if shown is not None:
        return shown, NEGATIVE if value < 0 else ATOM
    return str(value), NEGATIVE if value < 0 else ATOM if value.denominator == 1 else PRODUCT


def _subscript(subscript: Subscript) -> str:
    return _name(subscript.name) if isinstance(subscript, Index) else str(subscript)


def _join(subscripts: Iterable[str]) -> str:
    found = list(subscripts)
    return "".join(found) if all(len(item) == 1 for item in found) else _grouped(",".join(found))


def _grouped(subscript: str) -> str:
    return subscript if len(subscript) == 1 else f"{{{subscript}}}"


def _filled(digit: str, shape: Shape) -> Shown:
    if shape == SCALAR or shape[1] == ONE:
        return digit, ATOM
    return (f"{digit}ᵀ", POWER) if shape[0] == ONE else (f"{digit}_{{{unicode_shape(shape)}}}", ATOM)


def _plus(terms: tuple[Expr, ...]) -> Shown:
    shown = _within(terms[0], NEGATIVE) if terms else "0"
    for term in terms[1:]:
        sign, rest = split_sign(term)
        shown += f" {'-' if sign < 0 else '+'} {_within(rest, PREFIX)}"
    return shown, SUM


def _product(factors: tuple[Expr, ...]) -> Shown:
    sign, rest = split_sign(Product(factors))
    if sign > 0:
        return _unsigned(factors)
    return f"-{_within(rest, PREFIX)}", NEGATIVE


def _unsigned(factors: tuple[Expr, ...]) -> Shown:
    """A product: its scalars side by side, then its arrays with a Hadamard sign; divisors after a bar."""
    above, below = fraction_parts(factors, decimals=True)
    if len(above) == 1 and not below:
        return _shown(above[0])
    scalars = [factor for factor in above if is_scalar(factor)]
    arrays = [factor for factor in above if not is_scalar(factor)]
    divided = [factor for factor in below if not is_scalar(factor)]
    if not arrays:
        arrays, divided = [Power(factor, MINUS_ONE) for factor in divided], []
    divisors = [factor for factor in below if is_scalar(factor)]
    are_numbers = bool(divisors) and all(isinstance(divisor, Number | Size) for divisor in divisors)
    coefficient = are_numbers and not is_quotient(factors)
    pieces: list[str] = []
    binding = PRODUCT
    top = [s for s in scalars if not coefficient or isinstance(s, Number | Size)] if divisors else []
    if divisors:
        over = _side_by_side(_within(factor, PRODUCT) for factor in top) or "1"
        under = _side_by_side(_within(factor, POWER) for factor in divisors)
        fraction = f"{over}/{under if len(divisors) == 1 else f'({under})'}"
        scalars = [factor for factor in scalars if factor not in top]
        pieces.append(f"({fraction})" if scalars or arrays else fraction)
    for place, factor in enumerate(scalars):
        last = place == len(scalars) - 1 and not arrays
        shown, own = _shown(factor)
        if isinstance(factor, Group) and len(above) + len(below) > 1:
            own = min(own, SUM)
        asked = PREFIX if last else POWER if isinstance(factor, MatMul | Kron) else PRODUCT
        opens = isinstance(factor, Number | Power) and shown[:1].isdigit() and own >= asked
        dot = "· " if pieces and opens else ""
        pieces.append(dot + (shown if own >= asked else f"({shown})"))
        binding = min(binding, PREFIX if last and PREFIX <= own < PRODUCT else PRODUCT)
    if arrays:
        several = len(arrays) + len(divided) > 1
        chain = " ⊙ ".join(_within(array, POWER if several else PRODUCT) for array in arrays)
        pieces.append("".join([chain, *(f" ⊘ {_within(divisor, POWER)}" for divisor in divided)]))
        binding = min(binding, ENTRYWISE if several else PRODUCT)
    return " ".join(pieces) or "1", binding


def _side_by_side(pieces: Iterable[str]) -> str:
    """Factors, with a dot before a number so that it does not run together with what it follows."""
    first, *rest = [*pieces, ""]
    return " ".join([first, *(f"· {piece}" if piece[:1].isdigit() else piece for piece in rest)]).rstrip()


def _raised(base: Expr, exponent: Expr, sign: str) -> Shown:
    below = f"({unicode_math(base)})" if isinstance(base, Group) else _within(base, ATOM)
    if isinstance(exponent, Number) and exponent.value.denominator == 1 and not sign:
        return f"{below}{str(exponent.value).translate(RAISED)}", POWER
    return f"{below}^{sign}{_within(exponent, ATOM)}", POWER


def _apply(function: Function, arguments: tuple[Expr, ...]) -> Shown:
    name = _name(function.name) if function.abstract else FUNCTION_NAMES.get(function.name, function.name)
    match function, arguments:
        case Function("step", (0,), False), (inner,):
            return f"𝟙[{unicode_math(inner)} > 0]", ATOM
    if function == Function("abs"):
        return f"|{unicode_math(arguments[0])}|", ATOM
    return _call(_derived(name, function.orders), *arguments)


def _derived(name: str, orders: tuple[int, ...]) -> str:
    """The name of a function with its derivatives: f′, or for several arguments the places they are taken in."""
    if len(orders) == 1:
        return name + "′" * orders[0]
    taken = [str(place) for place, order in enumerate(orders, 1) for _ in range(order)]
    return "".join(f"∂_{place} " for place in taken) + name


def _derivative_array(image: Image, place: int) -> Shown:
    """du/dx where the arguments are symbols; else u′(A x), or with the number of the argument in place of x."""
    argument = image.arguments[place]
    if all(isinstance(one, Symbol) for one in image.arguments) and image.arguments.count(argument) == 1:
        assert isinstance(argument, Symbol)
        return _partial(image, argument, "d" if len(image.arguments) == 1 else "∂")
    orders = tuple(int(number == place) for number in range(len(image.arguments)))
    return _call(_derived(_name(image.name), orders), *image.arguments)


def _partial(body: Expr, wrt: Symbol | Entry, sign: str) -> Shown:
    below = [unicode_math(wrt)]
    while isinstance(body, Partial):
        below.append(unicode_math(body.wrt))
        body = body.body
    order = str(len(below)).translate(RAISED) if len(below) > 1 else ""
    bottom = " ".join(f"{sign}{name}" for name in below)
    if len(set(below)) == 1:
        bottom = f"{sign}{below[0]}{order}"
    if isinstance(body, Symbol | Entry | Image) and _shown(body)[0][0] != "(":
        return f"{sign}{order}{unicode_math(body)}/{bottom}", POWER
    inner, binding = _shown(body)
    several = isinstance(body, Plus | Product | MatMul | Kron) or binding < PREFIX
    return f"{sign}{order}/{bottom} {f'({inner})' if several else inner}", PREFIX


def _matrix(entries: tuple[Expr, ...], wide: int) -> str:
    """A column as the transpose of a row, other arrays row by row."""
    shown = [unicode_math(entry) for entry in entries]
    if wide == 1:
        return f"[{', '.join(shown)}]ᵀ"
    rows = (f"[{', '.join(shown[start : start + wide])}]" for start in range(0, len(shown), wide))
    return f"[{', '.join(rows)}]"
