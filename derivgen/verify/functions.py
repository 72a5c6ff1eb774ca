"""The functions of one number and the abstract ones, with their derivatives of every order."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from functools import cache, partial

import numpy as np

from derivgen.verify import arrays
from derivgen.verify.arrays import Array, BadPoint
from derivgen.verify.duals import (
    Dual,
    Value,
    add,
    core,
    integer_power,
    level,
    multiply,
    pointwise,
    scaled,
    shifted,
    split,
    spread,
)
from derivgen.verify.duals import matrix_shape as shape_of


def function(name: str, value: Value, order: int = 0) -> Value:
    """The derivative of order `order` of one of nodes.FUNCTIONS, entry by entry.

    Raises BadPoint where it has no finite value, and at the kinks of relu, abs, sign and step where a
    derivative is wanted.
    """
    if order == 0:
        if name in _SLOPES:
            return _kinked(name, value)
        return pointwise(value, partial(arrays.function_value, name), partial(function, name, order=1))
    if order == 1:
        return _DERIVATIVES[name](value)
    # one more derivative, by a perturbation of its own
    at = level(value) + 1
    moved = function(name, Dual(at, value, np.ones_like(core(value))), order - 1)
    tangent = split(moved, at)[1]
    return scaled(value, 0) if tangent is None else spread(tangent, shape_of(value))


def power(base: Value, exponent: Value) -> Value:
    """d(u^v) = v u^(v-1) du + u^v log(u) dv; the logarithm only where the exponent moves."""
    if not isinstance(base, Dual) and not isinstance(exponent, Dual):
        return arrays.power(base, exponent)
    at = max(level(base), level(exponent))
    u, du = split(base, at)
    v, dv = split(exponent, at)
    value = power(u, v)
    parts: list[Value] = []
    if du is not None:
        parts.append(multiply(multiply(v, power(u, shifted(v, -1))), du))
    if dv is not None:
        parts.append(multiply(multiply(value, function("log", u)), dv))
    return Dual(at, value, parts[0] if len(parts) == 1 else add(*parts))


def _one_minus(value: Value) -> Value:
    return shifted(scaled(value, -1), 1)


def _square(value: Value) -> Value:
    return integer_power(value, 2)


def _root_of_reciprocal(value: Value) -> Value:
    return integer_power(function("sqrt", value), -1)


def _kinked(name: str, value: Value) -> Value:
    """A function whose slope is constant between kinks at 0. An entry that rests at a kink stays there: its slope
    counts only where it moves.
    """
    if not isinstance(value, Dual):
        return arrays.function_value(name, value)
    inner = _kinked(name, value.value)
    return Dual(value.level, inner, multiply(_SLOPES[name](core(value)), _off_kinks(core(value), value.tangent)))


def _off_kinks(array: Array, tangent: Value) -> Value:
    """`tangent`; raises BadPoint where it moves an entry of `array` that is 0."""
    moving = [tangent]
    while moving:
        one = moving.pop()
        if isinstance(one, Dual):
            moving += [one.value, one.tangent]
        elif ((array == 0) & (one != 0)).any():
            raise BadPoint
    return tangent


def _numbers(value: Value, numbers: Callable[[Array], Array]) -> Value:
    """A derivative that is constant between kinks."""
    array = core(value)
    if (array == 0).any():
        raise BadPoint
    return numbers(array)


def _sigmoid_slope(value: Value) -> Value:
    rising = function("sigmoid", value)
    return multiply(rising, _one_minus(rising))


def _gauss(value: Value) -> Value:
    bell = function("exp", scaled(_square(value), -1))
    return multiply(bell, np.array([[2 / math.sqrt(math.pi)]]))


_SLOPES: dict[str, Callable[[Array], Array]] = {
    "relu": lambda array: arrays.function_value("step", array),
    "abs": lambda array: arrays.function_value("sign", array),
    "sign": np.zeros_like,
    "step": np.zeros_like,
}
"""Of the functions with a kink at 0."""

_DERIVATIVES: dict[str, Callable[[Value], Value]] = {
    "exp": lambda x: function("exp", x),
    "log": lambda x: integer_power(x, -1),
    "sqrt": lambda x: integer_power(scaled(function("sqrt", x), 2), -1),
    "sin": lambda x: function("cos", x),
    "cos": lambda x: scaled(function("sin", x), -1),
    "tan": lambda x: shifted(_square(function("tan", x)), 1),
    "asin": lambda x: _root_of_reciprocal(_one_minus(_square(x))),
    "acos": lambda x: scaled(_root_of_reciprocal(_one_minus(_square(x))), -1),
    "atan": lambda x: integer_power(shifted(_square(x), 1), -1),
    "sinh": lambda x: function("cosh", x),
    "cosh": lambda x: function("sinh", x),
    "tanh": lambda x: _one_minus(_square(function("tanh", x))),
    "sigmoid": _sigmoid_slope,
    "softplus": lambda x: function("sigmoid", x),
    **{name: partial(_numbers, numbers=slopes) for name, slopes in _SLOPES.items()},
    "erf": _gauss,
}


@cache
def _constants(name: str, count: int) -> tuple[tuple[float, ...], float]:
    """Slopes c_1 ... c_count and a phase that belong to the name of an abstract function."""
    digest = hashlib.sha256(name.encode()).digest()
    slopes = tuple(0.4 + digest[k % 31] / 320 + 0.05 * (k // 31) for k in range(count))
    return slopes, digest[31] / 100


def abstract(name: str, orders: tuple[int, ...], arguments: tuple[Value, ...]) -> Value:
    """An abstract function, or a derivative of it: sin θ + exp(θ/2), θ = Σ c_k u_k + phase.

    Its derivatives are known in closed form, and no two of them are equal: each argument brings its factor c_k, each
    order another derivative by θ.
    """
    at = max(map(level, arguments))
    if at == -1:
        return _abstract_value(name, orders, tuple(map(core, arguments)))
    halves = [split(argument, at) for argument in arguments]
    values = tuple(value for value, _ in halves)
    inner = abstract(name, orders, values)
    tangent: Value | None = None
    for place, (_, moved) in enumerate(halves):
        if moved is None:
            continue
        higher = tuple(order + (k == place) for k, order in enumerate(orders))
        term = multiply(abstract(name, higher, values), moved)
        tangent = term if tangent is None else add(tangent, term)
    assert tangent is not None
    return Dual(at, inner, tangent)


def _abstract_value(name: str, orders: tuple[int, ...], arguments: tuple[Array, ...]) -> Array:
    if any(map(arrays.is_exact, arguments)):
        raise arrays.Irrational
    slopes, phase = _constants(name, len(arguments))
    theta: Array = np.array([[phase]])
    for slope, argument in zip(slopes, arguments, strict=True):
        theta = arrays.add(theta, slope * argument)
    order = sum(orders)
    factor = math.prod(slope**power for slope, power in zip(slopes, orders, strict=True))
    value: Array = factor * (np.sin(theta + order * math.pi / 2) + 0.5**order * np.exp(theta / 2))
    return arrays.finite(value)
