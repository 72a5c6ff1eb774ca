"""Derivatives carried along with values: a + b ε, ε² = 0.

Each derivative that is being taken has a level, and its own ε; a derivative inside another one has the higher level.
A Dual of level l holds a value and a tangent that know only of lower levels, so the ε of an inner derivative is never
taken for that of an outer one (perturbation confusion). What does not depend on the variable is not wrapped at all.

Tangents have batch axes of their own for the entries of the variable, so one evaluation gives all partial derivatives.
Each part of a Dual has the rows and columns of the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from derivgen.verify import arrays
from derivgen.verify.arrays import Array


@dataclass(slots=True, eq=False)
class Dual:
    level: int
    value: Value
    tangent: Value


Value = Array | Dual

Operation = Callable[["Value", "Value"], "Value"]
"""Of two values, with its derivative built in."""


def level(value: Value) -> int:
    """The highest level in `value`; -1 where there is none."""
    return value.level if isinstance(value, Dual) else -1


def split(value: Value, at: int) -> tuple[Value, Value | None]:
    """Value and tangent of level `at`, which is at least the level of `value`; None for a tangent that is zero."""
    if isinstance(value, Dual) and value.level == at:
        return value.value, value.tangent
    return value, None


def core(value: Value) -> Array:
    """`value` without any tangent."""
    while isinstance(value, Dual):
        value = value.value
    return value


def entries(value: Value) -> int:
    """How many numbers `value` holds, those of its tangents too."""
    if isinstance(value, Dual):
        return entries(value.value) + entries(value.tangent)
    return value.size


def longest(value: Value) -> int:
    """How many bits the longest of the exact numbers in `value` has."""
    if isinstance(value, Dual):
        return max(longest(value.value), longest(value.tangent))
    return max((n.numerator.bit_length() + n.denominator.bit_length() for n in value.flat), default=0)


def matrix_shape(value: Value) -> tuple[int, int]:
    rows, columns = core(value).shape[-2:]
    return rows, columns


def linear(operation: Callable[[Array], Array], value: Value) -> Value:
    """A linear operation, which does to tangents what it does to values."""
    if isinstance(value, Dual):
        return Dual(value.level, linear(operation, value.value), linear(operation, value.tangent))
    return operation(value)


def bilinear(operation: Callable[[Array, Array], Array], left: Value, right: Value) -> Value:
    """d(u v) = (du) v + u (dv), for any operation that is linear on each side."""
    if not isinstance(left, Dual) and not isinstance(right, Dual):
        return operation(left, right)
    at = max(level(left), level(right))
    u, du = split(left, at)
    v, dv = split(right, at)
    parts = [bilinear(operation, du, v)] if du is not None else []
    if dv is not None:
        parts.append(bilinear(operation, u, dv))
    return Dual(at, bilinear(operation, u, v), parts[0] if len(parts) == 1 else add(*parts))


def add(left: Value, right: Value) -> Value:
    if not isinstance(left, Dual) and not isinstance(right, Dual):
        return arrays.add(left, right)
    at = max(level(left), level(right))
    u, du = split(left, at)
    v, dv = split(right, at)
    value = add(u, v)
    tangent = dv if du is None else du if dv is None else add(du, dv)
    assert tangent is not None
    return Dual(at, value, spread(tangent, matrix_shape(value)))


def spread(value: Value, shape: tuple[int, int]) -> Value:
    """A scalar that was added to a matrix has a tangent at every entry of it."""
    if matrix_shape(value) == shape:
        return value
    return linear(lambda array: np.broadcast_to(array, (*array.shape[:-2], *shape)), value)


def multiply(left: Value, right: Value) -> Value:
    return bilinear(arrays.multiply, left, right)


def matmul(left: Value, right: Value) -> Value:
    return bilinear(arrays.matmul, left, right)


def kron(left: Value, right: Value) -> Value:
    return bilinear(arrays.kron, left, right)


def scaled(value: Value, factor: int) -> Value:
    return linear(lambda array: array * factor, value)


def minus(left: Value, right: Value) -> Value:
    return add(left, scaled(right, -1))


def pointwise(value: Value, function: Callable[[Array], Array], derivative: Callable[[Value], Value]) -> Value:
    """A function of one number, entry by entry, with its derivative."""
    if not isinstance(value, Dual):
        return function(value)
    inner = pointwise(value.value, function, derivative)
    return Dual(value.level, inner, multiply(derivative(value.value), value.tangent))


def integer_power(value: Value, exponent: int) -> Value:
    if exponent == 0:
        return arrays.integer_power(core(value), 0)
    return pointwise(
        value,
        lambda array: arrays.integer_power(array, exponent),
        lambda inner: scaled(integer_power(inner, exponent - 1), exponent),
    )


def shifted(value: Value, by: int) -> Value:
    """`value` plus a whole number."""
    if isinstance(value, Dual):
        return Dual(value.level, shifted(value.value, by), value.tangent)
    moved: Array = value + by
    return moved


def total(value: Value) -> Value:
    return linear(arrays.total, value)


def inverse(value: Value) -> Value:
    if not isinstance(value, Dual):
        return arrays.inverse(value)
    inverted = inverse(value.value)
    # 0 = d(X X^-1) = dX X^-1 + X d(X^-1)
    return Dual(value.level, inverted, scaled(matmul(matmul(inverted, value.tangent), inverted), -1))


def _log_derivative(value: Dual) -> Value:
    """tr(X^-1 dX), which is d log|det X|."""
    return linear(arrays.trace, matmul(inverse(value.value), value.tangent))


def determinant(value: Value) -> Value:
    if not isinstance(value, Dual):
        return arrays.determinant(value)
    inner = determinant(value.value)
    return Dual(value.level, inner, multiply(inner, _log_derivative(value)))


def log_determinant(value: Value) -> Value:
    if isinstance(value, Dual):
        return Dual(value.level, log_determinant(value.value), _log_derivative(value))
    if arrays.is_exact(value):
        raise arrays.Irrational
    return arrays.finite(np.log(np.abs(arrays.determinant(value))))


def softmax(value: Value, axis: int | None = None) -> Value:
    """ds = s * (dz - s'dz); over all entries, or with an axis in each row (1) or column (0)."""
    if isinstance(value, Dual):
        weights = softmax(value.value, axis)
        centred = minus(value.tangent, _spread_along(multiply(weights, value.tangent), axis))
        return Dual(value.level, weights, multiply(weights, centred))
    if arrays.is_exact(value):
        raise arrays.Irrational
    along = _places(axis)
    grown = np.exp(value - value.max(axis=along, keepdims=True))
    return arrays.finite(grown / grown.sum(axis=along, keepdims=True))


def log_sum_exp(value: Value, axis: int | None = None) -> Value:
    """1 x 1 over all entries; with an axis a column, over each row (1) or column (0)."""
    if isinstance(value, Dual):
        moved = multiply(softmax(value.value, axis), value.tangent)
        return Dual(value.level, log_sum_exp(value.value, axis), linear(lambda one: _summed(one, axis), moved))
    if arrays.is_exact(value):
        raise arrays.Irrational
    along = _places(axis)
    top = value.max(axis=along, keepdims=True)
    found = arrays.finite(top + np.log(np.exp(value - top).sum(axis=along, keepdims=True)))
    return arrays.swap(found) if axis == 0 else found


def _places(axis: int | None) -> tuple[int, ...]:
    """The axes, counted from the right, that rows and columns stand on."""
    return (-2, -1) if axis is None else (axis - 2,)


def _summed(array: Array, axis: int | None) -> Array:
    """The sums along an axis as a column, of all entries as 1 x 1."""
    summed: Array = array.sum(axis=_places(axis), keepdims=True)
    return arrays.swap(summed) if axis == 0 else summed


def _spread_along(value: Value, axis: int | None) -> Value:
    """At each entry the sum along the axis that it is in."""

    def spread_out(array: Array) -> Array:
        return np.broadcast_to(array.sum(axis=_places(axis), keepdims=True), array.shape)

    return linear(spread_out, value)


def matrix_power(base: Value, exponent: int) -> Value:
    if exponent < 0:
        return matrix_power(inverse(base), -exponent)
    size = arrays.square(core(base))
    power: Value = arrays.identity(size, arrays.is_exact(core(base)))
    for _ in range(exponent):
        power = matmul(power, base)
    return power
