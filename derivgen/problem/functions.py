"""The functions that an expression may name: what each takes and the node it builds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

from derivgen.expr.build import product
from derivgen.expr.nodes import (
    FUNCTIONS,
    MINUS_ONE,
    ONE,
    Apply,
    Axis,
    Commutation,
    Det,
    Diag,
    Dim,
    Expr,
    Eye,
    Function,
    Inverse,
    Kron,
    LogDet,
    LogSumExp,
    MatrixPower,
    Norm,
    Number,
    Ones,
    Power,
    Size,
    Softmax,
    Symbol,
    Total,
    Trace,
    Transpose,
    Upper,
    Vec,
    Zeros,
)
from derivgen.expr.shapes import shape, show_shape
from derivgen.problem.operations import (
    LARGEST_NUMBER_EXPONENT,
    Operand,
    constant,
    different,
    growth,
    is_column,
    matmul,
    mismatch,
)
from derivgen.problem.tokens import Source, Span


@dataclass(frozen=True, slots=True)
class Call:
    """A function called by name with arguments that have been read."""

    spelled: Source
    name: str
    span: Span
    arguments: tuple[Operand, ...]
    axis: Axis | None = None
    """Of a matrix: along its rows (1) or its columns (0)."""

    def refuse(self, why: str, hint: str = "") -> NoReturn:
        self.spelled.refuse(f"in {self.spelled.quote(self.span)}: {why}", self.span, hint)

    def quote(self, argument: Operand) -> str:
        return f"{self.spelled.quote(argument.span)} is {show_shape(argument.shape)}"


def _square(call: Call) -> Operand:
    only = call.arguments[0]
    if only.shape[0] != only.shape[1]:
        why = different((only.shape[0],), (only.shape[1],))
        call.refuse(f"{call.quote(only)}: {call.name} takes a square matrix, {why}")
    return only


def _columns(call: Call) -> tuple[Operand, Operand]:
    left, right = call.arguments
    for argument in (left, right):
        if not is_column(argument.shape):
            call.refuse(f"{call.quote(argument)}: {call.name} takes two vectors (columns)", "write a product with @")
    return left, right


def _trace(call: Call) -> Expr:
    return Trace(_square(call).expr)


def _det(call: Call) -> Expr:
    only = _square(call)
    return only.expr if only.is_scalar else Det(only.expr)


def _logdet(call: Call) -> Expr:
    only = _square(call)
    return Apply(Function("log"), (Apply(Function("abs"), (only.expr,)),)) if only.is_scalar else LogDet(only.expr)


def _inverse(call: Call) -> Expr:
    only = _square(call)
    return Power(only.expr, MINUS_ONE) if only.is_scalar else Inverse(only.expr)


def _mean(call: Call) -> Expr:
    only = call.arguments[0]
    if only.is_scalar:
        return only.expr
    count = only.shape[0] * only.shape[1] if call.axis is None else only.shape[call.axis]
    share: Expr = Power(Size(count), MINUS_ONE) if count.names else Number(Fraction(1, count.number))
    return product((share, _sum(call)))


def _sum(call: Call) -> Expr:
    """Along an axis the sums are a column: X 1 of the rows, X' 1 of the columns."""
    only = call.arguments[0]
    if call.axis is None:
        return Total(only.expr)
    flipped = only.expr.body if isinstance(only.expr, Transpose) else Transpose(only.expr)
    return matmul(only.expr if call.axis == 1 else flipped, Ones((only.shape[call.axis], ONE)))


def _log_sum_exp(call: Call) -> Expr:
    return LogSumExp(call.arguments[0].expr, call.axis)


def _dot(call: Call) -> Expr:
    left, right = _columns(call)
    if left.shape != right.shape:
        mismatch(call.spelled, call.span, left, right, different(left.shape, right.shape))
    if left.is_scalar:
        return matmul(left.expr, right.expr)
    flipped = left.expr.body if isinstance(left.expr, Transpose) else Transpose(left.expr)
    return matmul(flipped, right.expr)


def _outer(call: Call) -> Expr:
    left, right = _columns(call)
    if right.is_scalar:
        return matmul(left.expr, right.expr)
    flipped = right.expr.body if isinstance(right.expr, Transpose) else Transpose(right.expr)
    return matmul(left.expr, flipped)


def _norm(call: Call) -> Expr:
    first = call.arguments[0]
    is_vector = ONE in first.shape
    if len(call.arguments) == 1:
        return Norm(first.expr)
    order = constant(call.arguments[1].expr)
    if order not in (1, 2):
        call.refuse("the order of a norm is 1 or 2")
    if not is_vector:
        call.refuse(
            f"{call.quote(first)}: a matrix has the norm norm({call.spelled.quote(first.span)}) only (Frobenius)"
        )
    return Norm(first.expr, int(order or 2))


def _softmax(call: Call) -> Expr:
    only = call.arguments[0]
    if ONE not in only.shape and call.axis is None:
        inside = call.spelled.quote(only.span)
        call.refuse(
            f"{call.quote(only)}: softmax takes a vector, or the rows or columns of a matrix",
            f"write softmax({inside}, axis=1) for each row, axis=0 for each column",
        )
    return Softmax(only.expr, call.axis)


def _diag(call: Call) -> Expr:
    only = call.arguments[0]
    if only.is_scalar:
        return only.expr
    if ONE not in only.shape and only.shape[0] != only.shape[1]:
        call.refuse(f"{call.quote(only)}: diag takes a vector or a square matrix")
    return Diag(only.expr)


def _matrix_power(call: Call) -> Expr:
    base, exponent = call.arguments
    _square(call)
    value = constant(exponent.expr)
    is_integer_scalar = isinstance(exponent.expr, Size) or (
        isinstance(exponent.expr, Symbol) and exponent.is_scalar and "integer" in exponent.expr.assumptions
    )
    if value is None and not is_integer_scalar:
        call.refuse("the power of a matrix is a whole number, or a scalar declared `integer`")
    if value is not None and value.denominator != 1:
        call.refuse("the power of a matrix is a whole number")
    if value is not None and growth(base.expr) * abs(value) > LARGEST_NUMBER_EXPONENT:
        call.refuse(f"the power is too large, at most {LARGEST_NUMBER_EXPONENT}")
    if base.is_scalar:
        return Power(base.expr, exponent.expr if value is None else Number(value))
    return MatrixPower(base.expr, exponent.expr if value is None else Number(value))


def _kron(call: Call) -> Expr:
    left, right = call.arguments
    return Kron(left.expr, right.expr)


OF_EXPRESSIONS: dict[str, tuple[int, int, Callable[[Call], Expr]]] = {
    "mean": (1, 1, _mean),
    "dot": (2, 2, _dot),
    "norm": (1, 2, _norm),
    "tr": (1, 1, _trace),
    "det": (1, 1, _det),
    "logdet": (1, 1, _logdet),
    "logsumexp": (1, 1, _log_sum_exp),
    "inv": (1, 1, _inverse),
    "diag": (1, 1, _diag),
    "vec": (1, 1, lambda call: Vec(call.arguments[0].expr)),
    "kron": (2, 2, _kron),
    "outer": (2, 2, _outer),
    "softmax": (1, 1, _softmax),
    "matrix_power": (2, 2, _matrix_power),
}
"""Name to the least and the greatest number of arguments, and what builds the node."""

ALONG_AXIS = ("sum", "mean", "logsumexp", "softmax")
"""What may be taken along an axis of a matrix."""

OF_DIMENSIONS = ("ones", "zeros", "eye", "commutation", "upper")
OF_LETTERS = ("delta",)

KNOWN_FUNCTIONS = frozenset({*FUNCTIONS, *OF_EXPRESSIONS, *OF_DIMENSIONS, *OF_LETTERS, "sum"})

OTHER_NAMES = {
    "ln": "log",
    "trace": "tr",
    "Tr": "tr",
    "transpose": "x.T",
    "inverse": "inv",
    "I": "eye(n)",
    "identity": "eye(n)",
    "arctan": "atan",
    "arcsin": "asin",
    "arccos": "acos",
    "tg": "tan",
    "ReLU": "relu",
    "logistic": "sigmoid",
    "sgn": "sign",
    "heaviside": "step",
    "Heaviside": "step",
    "indicator": "step",
    "matmul": "@",
    "power": "**",
    "average": "mean",
    "trans": "x.T",
    "prod": "a product with *",
    "hadamard": "*",
    "multiply": "*",
    "inner": "dot",
    "KroneckerDelta": "delta(i, j)",
    "kronecker": "kron",
    "lse": "logsumexp",
    "log_softmax": "log(softmax(x))",
    "square": "x**2",
    "max": "relu(x)",
    "rowsum": "sum(X, axis=1)",
    "colsum": "sum(X, axis=0)",
    "eigvals": "",
}
"""What a function of another system is called here."""


def build(call: Call) -> Operand:
    """The node of a function in OF_EXPRESSIONS or FUNCTIONS."""
    if call.name in FUNCTIONS:
        _count(call, 1, 1)
        only = call.arguments[0]
        return Operand(Apply(Function(call.name), (only.expr,)), only.shape, call.span)
    least, most, builder = OF_EXPRESSIONS[call.name]
    _count(call, least, most)
    expr = builder(call)
    return Operand(expr, shape(expr), call.span)


def _count(call: Call, least: int, most: int) -> None:
    given = len(call.arguments)
    if not least <= given <= most:
        wanted = str(least) if least == most else f"{least} or {most}"
        plural = "" if wanted == "1" else "s"
        hint = f"an axis is named: {call.name}(X, axis=1)" if given == 2 and call.name in ALONG_AXIS else ""
        call.refuse(f"{call.name} takes {wanted} argument{plural}, not {given}", hint)


def axis_of(call: Call, asked: int) -> Axis | None:
    """The axis that `asked` means for the argument of `call`: -1 is the last; None for a vector, which has one.

    Raises ExpressionError where there is nothing to take together along it.
    """
    _count(call, 1, 1)
    only = call.arguments[0]
    if not -2 <= asked <= 1:
        call.refuse(f"there is no axis {asked}", "axis=1 is along each row, axis=0 along each column")
    axis: Axis = 1 if asked in (1, -1) else 0
    if only.is_scalar:
        call.refuse(f"{call.quote(only)}: a scalar has no axis", f"leave out axis={asked}")
    if only.shape[axis] == ONE:
        lines = "rows" if axis == 1 else "columns"
        call.refuse(f"{call.quote(only)}: its {lines} have one entry each", f"along its entries it is axis={1 - axis}")
    return None if ONE in only.shape else axis


def along_axis(call: Call) -> Operand:
    """One of ALONG_AXIS with an axis that is named."""
    expr = {"sum": _sum, "mean": _mean, "logsumexp": _log_sum_exp, "softmax": _softmax}[call.name](call)
    return Operand(expr, shape(expr), call.span)


def of_dimensions(spelled: Source, name: str, span: Span, dims: list[Dim]) -> Operand:
    """ones(n), ones(m, n), zeros likewise, eye(n), commutation(m, n), upper(n)."""
    if name == "upper" and len(dims) == 1:
        return Operand(Upper(dims[0]), (dims[0], dims[0]), span)
    if name in ("eye", "upper"):
        if len(dims) != 1:
            spelled.refuse(f"in {spelled.quote(span)}: {name} takes 1 dimension, not {len(dims)}", span)
        return Operand(Eye(dims[0]), (dims[0], dims[0]), span)
    if name == "commutation":
        if len(dims) != 2:
            spelled.refuse(f"in {spelled.quote(span)}: commutation takes 2 dimensions, not {len(dims)}", span)
        return Operand(Commutation((dims[0], dims[1])), (dims[0] * dims[1], dims[0] * dims[1]), span)
    if len(dims) not in (1, 2):
        spelled.refuse(f"in {spelled.quote(span)}: {name} takes 1 or 2 dimensions, not {len(dims)}", span)
    made = (dims[0], dims[1] if len(dims) == 2 else ONE)
    return Operand(Ones(made) if name == "ones" else Zeros(made), made, span)
