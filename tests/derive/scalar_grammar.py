"""Random formulas of scalars, each written three times: for derivgen, for mpmath and for SymPy.

Every formula knows bounds of its values, so that a logarithm is taken only of what is positive and nothing is
divided by what may be 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import sympy as sp

Pick = Callable[[Sequence[Any]], Any]
"""Chooses one of several; simple choices come first."""
Names = dict[str, Any]
Bounds = tuple[float, float]

DOMAINS: dict[str, Bounds] = {"scalar": (-2.0, 2.0), "scalar positive": (0.3, 2.5)}
"""Declaration to the values that a formula is made for."""

LARGEST = 500.0
"""What no formula exceeds."""

SMALLEST = 0.1
"""How far from 0 a denominator or the argument of a logarithm stays."""

_SHARED = "exp log sin cos tan asin acos atan sinh cosh tanh erf".split()
"""What mpmath and SymPy call by the names that derivgen has for it."""

BY_MPMATH: Names = {
    **{name: getattr(mpmath, name) for name in _SHARED},
    "sqrt": mpmath.sqrt,
    "sign": mpmath.sign,
    "number": mpmath.mpf,
    "abs": mpmath.fabs,
    "relu": lambda u: max(u, mpmath.mpf(0)),
    "step": lambda u: mpmath.mpf(u > 0),
    "sigmoid": lambda u: 1 / (1 + mpmath.exp(-u)),
    "softplus": lambda u: mpmath.log(1 + mpmath.exp(u)),
    "pi": mpmath.pi,
}


def _as_it_is(function: Any) -> Callable[[Any], Any]:
    """SymPy would ask whether sin(u) is real, 0, ...: for asin(tanh(...)) that may take minutes."""
    return lambda u: function(u, evaluate=False)


BY_SYMPY: Names = {
    **{name: _as_it_is(getattr(sp, name)) for name in _SHARED},
    "number": sp.Integer,
    "sqrt": sp.sqrt,
    # SymPy's Abs asks whether its argument is real, and leaves the derivative undone where it cannot tell
    "abs": lambda u: sp.sqrt(u**2),
    "relu": lambda u: (u + sp.sqrt(u**2)) / 2,
    "sigmoid": lambda u: 1 / (1 + sp.exp(-u)),
    "softplus": lambda u: sp.log(1 + sp.exp(u)),
}

_BOUNDED = "sin cos tanh atan sigmoid erf".split()
"""What may be taken of any argument without becoming large."""

_LEVEL = "tanh atan sigmoid erf".split()
"""What is level far out: of a large argument, sin would go up and down too fast for any differences."""

_DEFINED: dict[str, Bounds] = {
    "exp": (-LARGEST, 4.0),
    "sinh": (-4.0, 4.0),
    "cosh": (-4.0, 4.0),
    "tan": (-1.2, 1.2),
    "asin": (-0.95, 0.95),
    "acos": (-0.95, 0.95),
    "log": (SMALLEST, LARGEST),
    "sqrt": (SMALLEST, LARGEST),
}
"""Where a function may be taken; everywhere if it is not named here."""

FUNCTIONS = (
    *("sin", "exp", "cos", "log", "sqrt", "tanh", "atan", "tan", "sigmoid", "erf", "asin", "acos", "sinh", "cosh"),
    *("softplus", "abs", "relu"),
)

SUM, PRODUCT, POWER, ATOM = range(4)

_EXPONENTS = tuple(map(Fraction, ("1/2", "-1/2", "3/2", "1/3", "-2/3", "5/4")))


@dataclass(frozen=True)
class Formula:
    """`text` is what derivgen reads; `of` gives the same by the functions and values that it is handed.

    `binds` says how tightly the text holds together: one of SUM, PRODUCT, POWER, ATOM.
    """

    text: str
    of: Callable[[Names], Any]
    bounds: Bounds
    binds: int

    def __repr__(self) -> str:
        return self.text

    @property
    def is_positive(self) -> bool:
        return self.bounds[0] >= SMALLEST

    @property
    def is_nonzero(self) -> bool:
        return self.is_positive or self.bounds[1] <= -SMALLEST


class Grammar:
    """Makes formulas of x, and of y if `two`; `declared` is what x is declared as."""

    def __init__(self, pick: Pick, declared: str, two: bool) -> None:
        self.pick, self.two = pick, two
        self.x = Formula("x", lambda names: names["x"], DOMAINS[declared], ATOM)
        self.y = Formula("y", lambda names: names["y"], DOMAINS["scalar"], ATOM)

    def formula(self, depth: int) -> Formula:
        """Operations at most `depth` deep, but for what keeps them in their domain."""
        if depth <= 0:
            return self.leaf()
        ways = (self._function, self._product, self._sum, self._quotient, self._power, self._function, self._function)
        made: Formula = self.pick(ways)(depth)
        low, high = made.bounds
        return made if low >= -LARGEST and high <= LARGEST else self._taken(self.pick(_LEVEL), made)

    def leaf(self) -> Formula:
        if self.two and self.pick((False, False, True)):
            return self.y
        return self.x if self.pick((True, True, True, True, True, False)) else number(self.pick((2, 3, 1, 5)))

    def side(self, depth: int) -> Formula:
        """The smaller of two operands."""
        return self.formula(min(depth - 1, self.pick((0, 0, 1, 2))))

    def _two(self, depth: int) -> tuple[Formula, Formula]:
        if self.pick((True, False)):
            return self.formula(depth - 1), self.side(depth)
        return self.side(depth), self.formula(depth - 1)

    def _sum(self, depth: int) -> Formula:
        left, right = self._two(depth)
        return plus(left, right) if self.pick((True, False)) else minus(left, right)

    def _product(self, depth: int) -> Formula:
        left, right = self._two(depth)
        if self.pick((False, False, True)):
            left = times(left, self.side(depth))
        return times(left, right)

    def _quotient(self, depth: int) -> Formula:
        above, below = self._two(depth)
        return over(above, below if below.is_nonzero else plus(number(1), squared(below)))

    def _power(self, depth: int) -> Formula:
        body = self.formula(depth - 1)
        way = self.pick(("integer", "rational", "symbol", "formula", "number"))
        if way == "integer":
            return whole_power(body, self.pick((2, 3, 4, *((-1, -2) if body.is_nonzero else ()))))
        if way == "number":
            base = number(self.pick((2, 3, 10)))
            return real_power(base, body if max(map(abs, body.bounds)) <= 3 else self._taken("sin", body))
        base = body if body.is_positive else self.pick((plus(number(1), squared(body)), self._taken("exp", body)))
        if way == "rational":
            return rational_power(base, self.pick(_EXPONENTS))
        if way == "symbol":
            return real_power(base, self.y if self.two else self.x)
        exponent = self.side(depth)
        return real_power(base, exponent if max(map(abs, exponent.bounds)) <= 3 else self._taken("sin", exponent))

    def _function(self, depth: int) -> Formula:
        return self._taken(self.pick(FUNCTIONS), self.formula(depth - 1))

    def _taken(self, name: str, body: Formula) -> Formula:
        """The function `name` of `body`, or of what brings it into the domain."""
        low, high = _DEFINED.get(name, (-LARGEST, LARGEST))
        if name in _BOUNDED or (low <= body.bounds[0] and body.bounds[1] <= high):
            return applied(name, body)
        return applied(name, self.pick(tuple(_brought(name, body))))


def _brought(name: str, body: Formula) -> Iterator[Formula]:
    if name in ("log", "sqrt"):
        if body.bounds[1] <= 20 and body.bounds[0] >= -20:
            yield plus(number(1), squared(body))
        yield plus(number(2), applied("sin", body))
        return
    if name in ("asin", "acos"):
        yield over(body, plus(number(2), squared(body)), (-0.36, 0.36))
        yield over(applied("tanh", body), number(2))
        yield over(applied("cos", body), number(3))
        return
    yield applied("sin", body)
    yield applied("cos", body)


# --- building ---------------------------------------------------------------------------------------------------------


def number(value: int) -> Formula:
    return Formula(str(value), lambda names: names["number"](value), (value, value), ATOM)


def plus(left: Formula, right: Formula) -> Formula:
    bounds = (left.bounds[0] + right.bounds[0], left.bounds[1] + right.bounds[1])
    return Formula(f"{left} + {within(right, PRODUCT)}", lambda names: left.of(names) + right.of(names), bounds, SUM)


def minus(left: Formula, right: Formula) -> Formula:
    bounds = (left.bounds[0] - right.bounds[1], left.bounds[1] - right.bounds[0])
    return Formula(f"{left} - {within(right, PRODUCT)}", lambda names: left.of(names) - right.of(names), bounds, SUM)


def times(left: Formula, right: Formula) -> Formula:
    ends = [a * b for a in left.bounds for b in right.bounds]
    shown = f"{within(left, PRODUCT)}*{within(right, POWER)}"
    return Formula(shown, lambda names: left.of(names) * right.of(names), (min(ends), max(ends)), PRODUCT)


def over(above: Formula, below: Formula, bounds: Bounds | None = None) -> Formula:
    """`below` is not 0; `bounds` are given where they are known to be closer."""
    ends = [a / b for a in above.bounds for b in below.bounds]
    return Formula(
        f"{within(above, PRODUCT)}/{within(below, POWER)}",
        lambda names: above.of(names) / below.of(names),
        bounds or (min(ends), max(ends)),
        PRODUCT,
    )


def squared(body: Formula) -> Formula:
    return whole_power(body, 2)


def whole_power(body: Formula, exponent: int) -> Formula:
    ends = [end**exponent for end in body.bounds]
    low = 0.0 if exponent > 0 and exponent % 2 == 0 and body.bounds[0] < 0 < body.bounds[1] else min(ends)
    shown = f"{within(body, ATOM)}**{f'({exponent})' if exponent < 0 else exponent}"
    return Formula(shown, lambda names: body.of(names) ** names["number"](exponent), (low, max(ends)), POWER)


def rational_power(body: Formula, exponent: Fraction) -> Formula:
    """`body` is positive."""
    ends = [end ** float(exponent) for end in body.bounds]
    above, below = exponent.numerator, exponent.denominator
    return Formula(
        f"{within(body, ATOM)}**({exponent})",
        lambda names: body.of(names) ** (names["number"](above) / names["number"](below)),
        (min(ends), max(ends)),
        POWER,
    )


def real_power(base: Formula, exponent: Formula) -> Formula:
    """`base` is positive; `exponent` is small."""
    ends = [a**b for a in base.bounds for b in exponent.bounds]
    shown = f"{within(base, ATOM)}**{within(exponent, ATOM)}"
    return Formula(shown, lambda names: base.of(names) ** exponent.of(names), (min(ends), max(ends)), POWER)


def applied(name: str, body: Formula) -> Formula:
    return Formula(f"{name}({body})", lambda names: names[name](body.of(names)), _bounds(name, body.bounds), ATOM)


def within(body: Formula, binds: int) -> str:
    """The text of `body` where something is wanted that holds together as tightly as `binds`."""
    return body.text if body.binds >= binds else f"({body})"


def _bounds(name: str, of: Bounds) -> Bounds:
    if name in ("sin", "cos"):
        return (-1.0, 1.0)
    ends = sorted(float(BY_MPMATH[name](mpmath.mpf(end))) for end in of)
    lowest = {"abs": 0.0, "cosh": 1.0}
    return (lowest[name] if name in lowest and of[0] < 0 < of[1] else ends[0], ends[1])
