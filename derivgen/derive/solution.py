"""The lines of solving and the solutions they lead to, before it is known what the solutions of the whole are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from derivgen.derivation import Equation, Rule, Solve, Statement, Step
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import ZERO_NUMBER, Expr, Plus, Power, Product, Symbol
from derivgen.expr.text import text
from derivgen.expr.written import written

LONGEST = 70
"""So long is a formula in a message at most."""

Values = dict[Symbol, Any]
"""Unknowns with their values, in SymPy."""


class Stuck(CannotDerive):
    """No way to go on that can be shown."""


def is_zero(expr: Expr) -> Equation:
    return Equation(expr, ZERO_NUMBER)


@dataclass(slots=True)
class Line:
    """A line of solving, before it is known which of the solutions it leads to."""

    rules: tuple[Rule, ...]
    equations: tuple[Equation, ...]
    of: tuple[Equation, ...] = ()
    either: bool = False
    case: tuple[Equation, ...] = ()
    is_minor: bool = False
    """Left out of a short solution."""
    solutions: tuple[Values, ...] | None = None


Item = Line | Statement


@dataclass(frozen=True, slots=True)
class Found:
    """Lines and the solutions that they lead to."""

    items: tuple[Item, ...]
    solutions: tuple[Values, ...]


def brief(expr: Expr) -> str:
    """`expr` for a message, cut where it is long."""
    shown = text(expr)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 4]} ..."


def reads_alike(left: Expr, right: Expr) -> bool:
    """Whether two formulas differ in the order of factors and terms only."""
    return _unordered(left) == _unordered(right)


def _unordered(expr: Expr) -> object:
    match expr:
        case Plus(terms):
            return ("+", *sorted(map(str, map(_unordered, terms))))
        case Product(factors):
            return ("*", *sorted(map(str, map(_unordered, factors))))
        case Power(base, exponent):
            return ("^", _unordered(base), _unordered(exponent))
    return text(expr)


def simplified(formula: Any) -> Any:
    """Expanded, with roots worked out; the same number is always written in the same way."""
    import sympy

    found = sympy.expand(formula)
    if found.free_symbols:
        return found
    if found.is_Rational:
        return found
    return sympy.radsimp(sympy.sqrtdenest(sympy.expand(sympy.simplify(found))))


def preceded(items: Sequence[Item], found: Found) -> Found:
    return bound([*items, *found.items], found.solutions)


def bound(items: Sequence[Item], solutions: tuple[Values, ...]) -> Found:
    """The lines among `items` that lead to all of `solutions` say so."""
    for item in items:
        if isinstance(item, Line) and item.solutions is None:
            item.solutions = solutions
    return Found(tuple(items), solutions)


def under(case: tuple[Equation, ...], found: Found) -> list[Item]:
    """The lines of a case, under its name."""
    if not case:
        return list(found.items)
    return [Line((), (), case=case, solutions=found.solutions), *found.items]


def steps_of(found: Found, points: Sequence[Values], order: tuple[Symbol, ...], *, short: bool = False) -> list[Step]:
    """The lines as steps, each with those of `points` that it leads to."""
    shown = [tuple(written(point[name], order) for name in order) for point in points]
    steps: list[Step] = []
    # what a line that is left out started from, and its laws, go to the next one
    of: tuple[Equation, ...] = ()
    rules: tuple[Rule, ...] = ()
    for item in found.items:
        if isinstance(item, Statement):
            steps.append(item)
            continue
        if short and item.is_minor:
            of, rules = of or item.of, (*rules, *item.rules)
            continue
        own = [
            tuple(value for value in at if value is not None)
            for at, point in zip(shown, points, strict=True)
            if any(_leads_to(one, point) for one in item.solutions or ())
        ]
        laws = tuple(dict.fromkeys((*rules, *item.rules)))
        steps.append(Solve(laws, item.equations, tuple(own), item.case, of or item.of, item.either))
        of, rules = (), ()
    return steps


def _leads_to(partial: Values, point: Values) -> bool:
    return all(simplified(value - point[name]) == 0 for name, value in partial.items())
