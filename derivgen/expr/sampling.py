"""The value of a scalar formula at many points at once, in floating point: for pictures.

Only what NumPy does with arrays is used; nothing is translated to code and run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from derivgen.errors import CannotDerive
from derivgen.expr.nodes import (
    SCALAR,
    Apply,
    At,
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
    Size,
    Softmax,
    Sum,
    Symbol,
    Total,
    Trace,
    Transpose,
    Upper,
    Vec,
    Zeros,
)
from derivgen.expr.text import text

Samples = npt.NDArray[np.float64]


def sample(expr: Expr, at: Mapping[Symbol | Entry, Samples]) -> Samples:
    """The values of `expr` where its symbols and entries have the values `at`, arrays of one shape; nan where it has
    none: outside its domain, and where it is too large for a float.

    Raises CannotDerive for a symbol without a value, and for what is no formula in scalars.
    >>> x = Symbol("x")
    >>> sample(Apply(Function("log"), (x,)), {x: np.array([-1.0, 0.0, 1.0])})
    array([nan, nan,  0.])
    """
    (shape, *_) = [array.shape for array in at.values()] or [()]
    with np.errstate(all="ignore"):
        return np.broadcast_to(_value(expr, at), shape).copy()


def _value(expr: Expr, at: Mapping[Symbol | Entry, Samples]) -> Samples:
    match expr:
        case Number(value):
            return np.asarray(float(value))
        case Pi():
            return np.asarray(math.pi)
        case Group(body):
            return _value(body, at)
        case At(body, places, values):
            return _value(body, {**at, **{place: _value(one, at) for place, one in zip(places, values, strict=True)}})
        case Symbol(shape=shape) if shape == SCALAR:
            return _known(expr, at)
        case Entry(Symbol(), subscripts) if all(isinstance(subscript, int) for subscript in subscripts):
            return _known(expr, at)
        case Plus(terms):
            return _finite(sum((_value(term, at) for term in terms), start=np.asarray(0.0)))
        case Product(factors):
            return _finite(math.prod((_value(factor, at) for factor in factors), start=np.asarray(1.0)))
        case Power(base, exponent):
            return _finite(np.power(_value(base, at), _value(exponent, at)))
        case Apply(Function(name, (0,), False), (argument,)):
            return _finite(_FUNCTIONS[name](_value(argument, at)))
        case (
            Symbol()
            | Entry()
            | Apply()
            | Size()
            | Row()
            | Column()
            | Delta()
            | Image()
            | Derivative()
            | MatMul()
            | MatrixPower()
            | Transpose()
            | Inverse()
            | Trace()
            | Det()
            | LogDet()
            | Total()
            | Norm()
            | LogSumExp()
            | Softmax()
            | Diag()
            | Vec()
            | Kron()
            | Ones()
            | Zeros()
            | Eye()
            | Commutation()
            | Upper()
            | Sum()
            | Partial()
            | Differential()
            | Matrix()
        ):
            raise CannotDerive(f"a picture needs a formula in scalars, and {text(expr)} is none")
        case _:
            assert_never(expr)


def _known(expr: Symbol | Entry, at: Mapping[Symbol | Entry, Samples]) -> Samples:
    if expr not in at:
        raise CannotDerive(f"a picture needs a number for {text(expr)}")
    return at[expr]


def _finite(value: Any) -> Samples:
    """`value` with nan for what is infinite. At each node, since exp(-1/x) at 0 would be 0 again."""
    return np.where(np.isfinite(value), value, np.nan)


_erf = np.frompyfunc(math.erf, 1, 1)

_FUNCTIONS: dict[str, Callable[[Samples], Samples]] = {
    **{name: getattr(np, name) for name in "exp log sqrt sin cos tan sinh cosh tanh abs sign".split()},
    **{f"a{name}": getattr(np, f"arc{name}") for name in ("sin", "cos", "tan")},
    "sigmoid": lambda u: 0.5 * (1 + np.tanh(u / 2)),
    "softplus": lambda u: np.logaddexp(0.0, u),
    "relu": lambda u: np.maximum(u, 0.0),
    "step": lambda u: np.where(u > 0, 1.0, 0.0),
    "erf": lambda u: np.asarray(_erf(u), dtype=float),
}
"""Those of nodes.FUNCTIONS."""
