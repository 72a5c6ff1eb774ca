"""Arithmetic on stacks of matrices, in exact numbers or in floating point.

A stack is an array whose last two axes are rows and columns; the axes before them are batch axes, counted from the
right (batch axis k is axis -3 - k), so that one with fewer batch axes simply does not depend on the others. An exact
stack is an array of Python's int and Fraction (dtype object), every other one is of float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivgen.errors import ShapeError

Array = NDArray[Any]


class BadPoint(Exception):
    """An expression has no value at this point (or none that floating point can be trusted with)."""


class Irrational(Exception):
    """An expression that exact arithmetic cannot evaluate, or not in good time."""


class TooLarge(Exception):
    """An expression with too many entries to be evaluated in good time."""


MOST_EXACT = 40_000
"""Operations on Python's numbers in one step, and numbers made at one point; 0.1 microseconds each, on fractions 2 or
more.
"""

MOST_FLOAT = 5_000_000

MOST_BITS = 50_000
"""Of an exact number."""


def bounded(count: int, exact: bool) -> None:
    """Raises Irrational where exact arithmetic would take too long, TooLarge where floating point would as well."""
    if exact and count > MOST_EXACT:
        raise Irrational
    if count > MOST_FLOAT:
        raise TooLarge


def _spread_bounded(left: Array, right: Array) -> None:
    if left.size * right.size > MOST_EXACT:
        bounded(math.prod(np.broadcast_shapes(left.shape, right.shape)), is_exact(left))


def is_exact(array: Array) -> bool:
    return array.dtype == object


_passing: ContextVar[bool] = ContextVar("passing", default=False)


@contextmanager
def unbounded() -> Iterator[None]:
    """Inside, numbers that are not finite pass: of a stack of points, some may lie where there is no value."""
    before = _passing.set(True)
    try:
        yield
    finally:
        _passing.reset(before)


def finite(array: Array) -> Array:
    """`array`, if all of it is finite; raises BadPoint otherwise."""
    if not np.isfinite(array).all() and not _passing.get():
        raise BadPoint
    return array


def plain(value: Fraction | int) -> Fraction | int:
    """A whole number as int: much cheaper to compute with than as Fraction."""
    return value.numerator if value.denominator == 1 else value


# --- entry by entry -------------------------------------------------------------------------------------------------


def matching(left: Array, right: Array) -> None:
    """Raises ShapeError unless both are matrices of one shape or one of them is a scalar, which goes to every entry."""
    a, b = left.shape[-2:], right.shape[-2:]
    if a != b and a != (1, 1) and b != (1, 1):
        raise ShapeError(f"an operation entry by entry on {a} and {b}")


def add(left: Array, right: Array) -> Array:
    matching(left, right)
    _spread_bounded(left, right)
    total: Array = left + right
    return total


def multiply(left: Array, right: Array) -> Array:
    matching(left, right)
    _spread_bounded(left, right)
    product: Array = left * right
    return product


def matmul(left: Array, right: Array) -> Array:
    if left.shape[-1] != right.shape[-2]:
        raise ShapeError(f"a matrix product of {left.shape[-2:]} and {right.shape[-2:]}")
    if left.size * right.size > MOST_EXACT:
        stack = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
        bounded(math.prod((*stack, *left.shape[-2:], right.shape[-1])), is_exact(left))
    product: Array = np.matmul(left, right)
    return product


def _reciprocal(value: Any) -> Any:
    return plain(1 / Fraction(value))


def reciprocal(array: Array) -> Array:
    if is_exact(array):
        try:
            inverted: Array = np.frompyfunc(_reciprocal, 1, 1)(array)
        except ZeroDivisionError:
            raise BadPoint from None
        return inverted
    return finite(1.0 / array)


def integer_power(array: Array, exponent: int) -> Array:
    """Each entry to the power `exponent`; 0 to the power 0 is 1."""
    if exponent < 0:
        return integer_power(reciprocal(array), -exponent)
    if exponent == 1:
        return array
    if exponent == 2:
        return array * array
    if is_exact(array) and exponent > 8:
        for value in array.flat:
            _bits_bounded(value, exponent)
    raised: Array = array**exponent
    return raised if is_exact(raised) else finite(raised)


def _bits_bounded(base: Any, exponent: int) -> None:
    if exponent * max(base.numerator.bit_length(), base.denominator.bit_length()) > MOST_BITS:
        raise Irrational


def _exact_power(base: Any, exponent: Any) -> Any:
    if exponent.denominator != 1:
        raise Irrational
    _bits_bounded(base, abs(int(exponent)))
    return plain(Fraction(base) ** int(exponent))


def power(base: Array, exponent: Array) -> Array:
    """Each entry of `base` to the power of each of `exponent`, as real numbers."""
    matching(base, exponent)
    _spread_bounded(base, exponent)
    if is_exact(base):
        try:
            exact: Array = np.frompyfunc(_exact_power, 2, 1)(base, exponent)
        except ZeroDivisionError:
            raise BadPoint from None
        return exact
    return finite(np.power(base, exponent))


# --- matrices -------------------------------------------------------------------------------------------------------


def swap(array: Array) -> Array:
    """The transpose."""
    return np.swapaxes(array, -1, -2)


def total(array: Array) -> Array:
    """The sum of all entries, 1 x 1."""
    summed: Array = array.sum(axis=(-2, -1), keepdims=True)
    return summed


def trace(array: Array) -> Array:
    square(array)
    summed: Array = np.diagonal(array, axis1=-2, axis2=-1).sum(axis=-1, keepdims=True)[..., None]
    return summed


def square(array: Array) -> int:
    """The number of rows of a square matrix; raises ShapeError if it is not square."""
    rows, columns = array.shape[-2:]
    if rows != columns:
        raise ShapeError(f"a square matrix is wanted, this one is {rows, columns}")
    return int(rows)


def main_diagonal(array: Array) -> Array:
    """The diagonal of a square matrix, as a column."""
    return np.diagonal(array, axis1=-2, axis2=-1)[..., None]


def diagonal_matrix(array: Array) -> Array:
    """The square matrix that carries the entries of a column."""
    size = array.shape[-2] * array.shape[-1]
    bounded(array.size * size, is_exact(array))
    return array.reshape((*array.shape[:-2], size, 1)) * identity(size, is_exact(array))


def stacked(array: Array) -> Array:
    """vec: the columns under each other."""
    turned = swap(array)
    return turned.reshape((*turned.shape[:-2], turned.shape[-2] * turned.shape[-1], 1))


def kron(left: Array, right: Array) -> Array:
    bounded(left.size * right.size, is_exact(left))
    blocks: Array = left[..., :, None, :, None] * right[..., None, :, None, :]
    r, p, c, q = blocks.shape[-4:]
    return blocks.reshape((*blocks.shape[:-4], r * p, c * q))


def identity(size: int, exact: bool) -> Array:
    bounded(size * size, exact)
    return np.eye(size, dtype=int).astype(object) if exact else np.eye(size)


def upper(size: int, exact: bool) -> Array:
    """Ones on and above the diagonal."""
    bounded(size * size, exact)
    ones = np.triu(np.ones((size, size), dtype=int))
    return ones.astype(object) if exact else ones.astype(float)


def commutation(rows: int, columns: int, exact: bool) -> Array:
    """K with K vec(A) = vec(A'): column i + rows j of K has its 1 in row j + columns i."""
    identity_matrix = identity(rows * columns, exact)
    order = np.arange(rows * columns).reshape((rows, columns), order="F").T.ravel(order="F")
    return identity_matrix[order]


def _eliminate(matrix: Array) -> tuple[Array, Any]:
    """Inverse and determinant of one exact matrix by Gauss and Jordan; with the determinant 0 there is no inverse."""
    size = len(matrix)
    rows = [[Fraction(v) for v in row] + [Fraction(int(i == j)) for j in range(size)] for i, row in enumerate(matrix)]
    determinant = Fraction(1)
    for column in range(size):
        pivot = next((place for place in range(column, size) if rows[place][column]), None)
        if pivot is None:
            return np.empty((size, size), dtype=object), 0
        if pivot != column:
            rows[pivot], rows[column] = rows[column], rows[pivot]
            determinant = -determinant
        lead = rows[column][column]
        determinant *= lead
        rows[column] = [value / lead for value in rows[column]]
        for place in range(size):
            factor = rows[place][column]
            if place != column and factor:
                rows[place] = [a - factor * b for a, b in zip(rows[place], rows[column], strict=True)]
    inverted = np.empty((size, size), dtype=object)
    for i, row in enumerate(rows):
        for j in range(size):
            inverted[i, j] = plain(row[size + j])
    return inverted, plain(determinant)


def inverse(array: Array) -> Array:
    """The inverse of each matrix; raises BadPoint where one has none."""
    size = square(array)
    bounded(array.size * size * 5, is_exact(array))  # operations on fractions are the slow ones
    if is_exact(array):
        inverted = np.empty((math.prod(array.shape[:-2]), size, size), dtype=object)
        for place, matrix in enumerate(array.reshape(-1, size, size)):
            inverted[place], determinant = _eliminate(matrix)
            if determinant == 0:
                raise BadPoint
        return inverted.reshape(array.shape)
    try:
        found: Array = np.linalg.inv(array)
    except np.linalg.LinAlgError:
        raise BadPoint from None
    # a matrix this near to a singular one leaves too few right digits for the comparison of two sides
    if not np.abs(array).max() * np.abs(found).max() < 1e6:
        raise BadPoint
    return found


def determinant(array: Array) -> Array:
    size = square(array)
    bounded(array.size * size * 5, is_exact(array))
    if is_exact(array):
        values = np.empty((math.prod(array.shape[:-2]), 1, 1), dtype=object)
        for place, matrix in enumerate(array.reshape(-1, size, size)):
            values[place, 0, 0] = _eliminate(matrix)[1]
        return values.reshape((*array.shape[:-2], 1, 1))
    found: Array = np.linalg.det(array)
    return found[..., None, None]


# --- functions of one number ----------------------------------------------------------------------------------------


def _sign(value: Any) -> int:
    return int(value > 0) - int(value < 0)


_EXACT: dict[str, Callable[..., Any]] = {
    "relu": np.frompyfunc(lambda value: max(value, 0), 1, 1),
    "abs": np.frompyfunc(abs, 1, 1),
    "sign": np.frompyfunc(_sign, 1, 1),
    "step": np.frompyfunc(lambda value: int(value > 0), 1, 1),
}


def _error_function(array: Array) -> Array:
    return np.asarray(np.frompyfunc(math.erf, 1, 1)(array), dtype=float)


_FLOAT: dict[str, Callable[[Array], Any]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(0.0, x),
    "relu": lambda x: np.maximum(x, 0.0),
    "abs": np.abs,
    "sign": np.sign,
    "step": lambda x: np.where(x > 0, 1.0, 0.0),
    "erf": _error_function,
}


def function_value(name: str, array: Array) -> Array:
    """One of nodes.FUNCTIONS, entry by entry."""
    if not is_exact(array):
        return finite(_FLOAT[name](array))
    if name not in _EXACT:
        raise Irrational
    exact: Array = _EXACT[name](array)
    return exact
