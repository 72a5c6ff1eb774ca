"""Comparing two sides at several points."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from derivgen.errors import ShapeError
from derivgen.expr.nodes import Expr, Index
from derivgen.expr.walk import subexpressions
from derivgen.problem.model import Values
from derivgen.verify.arrays import Array, BadPoint, Irrational, TooLarge
from derivgen.verify.differences import DOUBT
from derivgen.verify.duals import Dual, Value
from derivgen.verify.evaluate import Evaluator, Unknown
from derivgen.verify.points import FLOAT_DOMAINS, Survey, make_point

POINTS = 3
"""At so many points each equality is checked."""

_TRIES = 6
"""So many points are tried in each domain."""

# Two ways to compute one number in float64 (2e-16) differ by some hundred roundings, at inverses and determinants by
# their condition (below 1e6, arrays.inverse); a step that is wrong differs in the first digits.
TOLERANCE = 1e-9

# Where terms cancel, the result can be as small as the roundings of the terms: these are of the order of 1e-16 of the
# greatest number met on the way.
CANCELLED = 1e-12

TOO_LARGE = "too many entries to be computed"

ZERO_SCALE = 1e-3
"""Where a statement is zero everywhere, differences are rounding: 1e-16 of terms of about 10, over a step of 1e-5."""

_MANY_AXES = 20
"""NumPy 1 allows 32; an evaluator that gave away so many is replaced."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check of one equality found.

    `status` is "exact" (equal as fractions), "numeric" (equal in floating point, within `error` of the magnitude),
    "unchecked" or "wrong"; `points` is at how many points. `message` says why it is unchecked or wrong, or where the
    points were taken if not among all real numbers.
    """

    status: str
    points: int = 0
    error: float = 0.0
    message: str = ""

    @property
    def holds(self) -> bool:
        return self.status in ("exact", "numeric")


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """What became of a claim: `status` is holds, wrong, holds under assumption, other layout, rounded or unchecked."""

    status: str
    message: str


_WORSE = ("exact", "numeric", "unchecked", "wrong")


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """One verdict for several equalities that must all hold; `Verdict("exact")` of none."""
    found = Verdict("exact")
    for place, verdict in enumerate(verdicts):
        if place == 0:
            found = verdict
            continue
        status = max(found.status, verdict.status, key=_WORSE.index)
        message = (verdict if _WORSE.index(verdict.status) > _WORSE.index(found.status) else found).message
        found = Verdict(status, min(found.points, verdict.points), max(found.error, verdict.error), message)
    return found


RELATIONS: dict[str, Callable[[Array, Array], Array]] = {
    "<": lambda a, b: np.asarray(a < b),
    ">": lambda a, b: np.asarray(a > b),
    "<=": lambda a, b: np.asarray(a <= b),
    ">=": lambda a, b: np.asarray(a >= b),
    "!=": lambda a, b: np.asarray(a != b),
}

Side = Callable[[Evaluator], Array]
"""One side of an equality: its value by an evaluator."""


class Bench:
    """The points at which the lines of one derivation are checked, each with its evaluator."""

    def __init__(
        self,
        exprs: Iterable[Expr],
        values: Mapping[str, Values] | None = None,
        definitions: Mapping[str, Expr] | None = None,
        over: Survey | None = None,
    ) -> None:
        self.values, self.definitions = dict(values or {}), dict(definitions or {})
        self.over = over or Survey()
        self.over.add(*exprs, *self.definitions.values())
        known = self.values.keys() | self.definitions.keys()
        self.wanted = POINTS if self.over.names or self.over.symbols.keys() - known else 1
        self._evaluators: dict[tuple[str, int], Evaluator | None] = {}
        self._good: dict[bool, list[tuple[str, int]]] = {True: [], False: []}

    def evaluators(self, exact: bool) -> Iterator[Evaluator]:
        """Evaluators at one point after another; those that served before come first."""
        domains = ("whole",) if exact else FLOAT_DOMAINS
        good = self._good[exact]
        for key in (*good, *((domain, number) for domain in domains for number in range(_TRIES))):
            evaluator = self.evaluator(*key)
            if evaluator is not None:
                yield evaluator

    def evaluator(self, domain: str, number: int) -> Evaluator | None:
        """None where there is no such point."""
        key = (domain, number)
        if key not in self._evaluators:
            try:
                point = make_point(self.over, number, domain, self.values)
            except BadPoint:
                self._evaluators[key] = None
            else:
                self._evaluators[key] = Evaluator(point, domain == "whole", self.definitions)
        found = self._evaluators[key]
        if found is not None and found.next_axis > _MANY_AXES:
            found = self._evaluators[key] = Evaluator(found.point, found.exact, self.definitions)
        return found

    def served(self, evaluator: Evaluator) -> None:
        key = (evaluator.point.domain, evaluator.point.number)
        if key not in self._good[evaluator.exact]:
            self._good[evaluator.exact].append(key)

    # --- comparisons ------------------------------------------------------------------------------------------------

    def equal(self, left: Expr, right: Expr) -> Verdict:
        """Have both expressions one value, at every value of the indices that are free in either?"""
        return self.compare(lambda at: at.array(left), lambda at: at.array(right), (left, right))

    def rounded(self, exact: Expr, shown: Expr, digits: int) -> Verdict:
        """Is `shown` the value of `exact`, both numbers or arrays of them, rounded to `digits` decimals?"""
        # half a unit of the last digit; 1e-9 of a unit covers the rounding of the value itself, a tie goes either way
        close = 10.0**-digits * (0.5 + 1e-9)
        return self._each(exact, shown, lambda a, b: np.abs(a - b) <= close, exactly=True)

    def near(self, found: tuple[Expr, Expr], right: Expr, close: float, digits: int | None = None) -> Verdict:
        """Is `right` what both of `found`, differences with a long and a short step, come near to?

        As near as `close` times the magnitude, or as what the two disagree by; where that is too much they say nothing.
        With `digits`, `right` is rounded to so many decimals.
        """
        long, short = found
        try:
            with np.errstate(all="ignore"):
                return self._near(long, short, right, close, 0.0 if digits is None else 10.0**-digits)
        except Unknown as unknown:
            return Verdict("unchecked", message=str(unknown))
        except TooLarge:
            return Verdict("unchecked", message=TOO_LARGE)
        except ShapeError as error:
            return Verdict("wrong", message=str(error))

    def _near(self, long: Expr, short: Expr, right: Expr, close: float, lost: float) -> Verdict:
        # a difference of fractions has no rounding in it, however large the values are
        for exact in (True, False):
            points, tried = 0, set()
            for evaluator in self.evaluators(exact):
                if id(evaluator) in tried:
                    continue
                tried.add(id(evaluator))
                try:
                    a, again, b = (np.asarray(evaluator.array(one), dtype=float) for one in (long, short, right))
                except BadPoint:
                    continue
                except Irrational:
                    break
                if a.shape[-2:] != b.shape[-2:]:
                    return Verdict("wrong", points, message=f"one side is {show_size(a)}, the other {show_size(b)}")
                scale = max(ZERO_SCALE, float(np.abs(a).max()), float(np.abs(b).max()))
                doubt = DOUBT * float(np.abs(a - again).max())
                if not np.isfinite(scale) or not doubt <= scale:
                    continue
                apart = float(np.abs(a - b).max())
                if apart > max(close * scale, doubt) + lost:
                    message = f"{show_number(b.flat[0])} is not {show_number(a.flat[0])}"
                    return Verdict("wrong", points + 1, apart / scale, f"against central differences: {message}")
                points += 1
                if points == self.wanted:
                    break
            if points:
                break
        # the dual numbers have been compared already; where differences say nothing, nothing is said against it
        return Verdict("exact", self.wanted)

    def related(self, left: Expr, relation: str, right: Expr) -> Verdict:
        """Does `left` stand in `relation` to `right` everywhere?"""
        if relation == "=":
            return self.equal(left, right)
        return self._each(left, right, RELATIONS[relation], exactly=True)

    def _each(self, left: Expr, right: Expr, agree: Callable[[Array, Array], Array], exactly: bool = False) -> Verdict:
        """`agree` at POINTS points: of fractions where `exactly` asks for that and it can be done, else of floats."""
        try:
            with np.errstate(all="ignore"):
                for exact in (True, False) if exactly else (False,):
                    verdict = self._agreeing(left, right, agree, exact)
                    if verdict is not None:
                        return verdict
        except Unknown as unknown:
            return Verdict("unchecked", message=str(unknown))
        except TooLarge:
            return Verdict("unchecked", message=TOO_LARGE)
        except ShapeError as error:
            return Verdict("wrong", message=str(error))
        return Verdict("unchecked", message="no point was found at which both sides have a value")

    def _agreeing(self, left: Expr, right: Expr, agree: Callable[[Array, Array], Array], exact: bool) -> Verdict | None:
        points, tried = 0, set()
        for evaluator in self.evaluators(exact):
            if id(evaluator) in tried:
                continue
            tried.add(id(evaluator))
            try:
                a, b = evaluator.array(left), evaluator.array(right)
            except (BadPoint, Irrational):
                continue
            if not exact and not (np.isfinite(a).all() and np.isfinite(b).all()):
                continue
            if a.shape[-2:] != b.shape[-2:]:
                return Verdict("wrong", points, message=f"one side is {show_size(a)}, the other {show_size(b)}")
            if not np.all(agree(a, b)):
                message = f"{show_number(a.flat[0])} against {show_number(b.flat[0])}"
                return Verdict("wrong", points + 1, _relative(a, b), message)
            points += 1
            if points == self.wanted:
                break
        return Verdict("exact" if exact else "numeric", points) if points else None

    def compare(self, left: Side, right: Side, exprs: tuple[Expr, ...] = ()) -> Verdict:
        """Both sides at POINTS points: exactly where that is possible, else in floating point.

        `exprs` are what the sides evaluate, to see how large the numbers on the way are.
        """
        try:
            with np.errstate(all="ignore"):
                return self._compare(left, right, exprs)
        except Unknown as unknown:
            return Verdict("unchecked", message=str(unknown))
        except TooLarge:
            return Verdict("unchecked", message=TOO_LARGE)
        except ShapeError as error:
            return Verdict("wrong", message=str(error))

    def _compare(self, left: Side, right: Side, exprs: tuple[Expr, ...]) -> Verdict:
        for exact in (True, False):
            points, error, domains, tried = 0, 0.0, set(), set()
            for evaluator in self.evaluators(exact):
                if id(evaluator) in tried:
                    continue
                tried.add(id(evaluator))
                try:
                    a, b = left(evaluator), right(evaluator)
                    found = difference(evaluator, a, b, exprs)
                except BadPoint:
                    continue
                except Irrational:
                    break
                if isinstance(found, str):
                    return Verdict("wrong", points + 1, _relative(a, b), found)
                self.served(evaluator)
                error = max(error, found)
                domains.add(evaluator.point.domain)
                points += 1
                if points == self.wanted:
                    break
            if points:
                where = (
                    ""
                    if domains & {"whole", "general"}
                    else f"checked where numbers are {' or '.join(sorted(domains))}"
                )
                return Verdict("exact" if exact else "numeric", points, error, where)
        return Verdict("unchecked", message="no point was found at which both sides have a value")


def difference(evaluator: Evaluator, left: Array, right: Array, exprs: tuple[Expr, ...]) -> float | str:
    """How far apart both sides are, relative to their magnitude; in words where that is too far.

    Raises BadPoint where one of them is not a number.
    """
    if left.shape[-2:] != right.shape[-2:]:
        return f"one side is {show_size(left)}, the other {show_size(right)}"
    if evaluator.exact:
        unequal: Array = np.asarray(left != right)
        return where_not_equal(evaluator, left, right, unequal.astype(float)) if unequal.any() else 0.0
    apart: Array = np.abs(left - right)
    most = float(apart.max())
    scale = max(float(np.abs(left).max()), float(np.abs(right).max()))
    if not np.isfinite(most) or not np.isfinite(scale):
        raise BadPoint
    if most <= TOLERANCE * scale:
        return most / scale if scale else 0.0
    if most <= CANCELLED * greatest(evaluator, exprs):
        return 0.0
    return where_not_equal(evaluator, left, right, apart)


def _relative(left: Array, right: Array) -> float:
    if left.shape[-2:] != right.shape[-2:]:
        return float("inf")
    most = float(np.abs(left - right).max())
    scale = float(max(np.abs(left).max(), np.abs(right).max()))
    return most / scale if scale else 0.0


def greatest(evaluator: Evaluator, exprs: tuple[Expr, ...]) -> float:
    """The greatest number met in evaluating `exprs`."""
    met = {id(node) for expr in (*exprs, *evaluator.definitions.values()) for node in subexpressions(expr)}
    return max((_peak(value) for node, value in evaluator.kept() if id(node) in met), default=0.0)


def _peak(value: Value) -> float:
    if isinstance(value, Dual):
        return max(_peak(value.value), _peak(value.tangent))
    return float(np.abs(value).max())


def where_not_equal(evaluator: Evaluator, left: Array, right: Array, apart: Array) -> str:
    """At which values of the indices both sides differ most, and what they are there."""
    left, right = np.broadcast_arrays(left, right)
    place = np.unravel_index(int(apart.argmax()), apart.shape)
    names = {-3 - axis: key.name for key, axis in evaluator.axes.items() if isinstance(key, Index)}
    where = [f"{name} = {size}" for name, size in evaluator.point.sizes.items()]
    for position, value in enumerate(place[:-2]):
        axis = position - apart.ndim
        if apart.shape[axis] != 1 and axis in names:
            where.append(f"{names[axis]} = {int(value) + 1}")
    if apart.shape[-2:] != (1, 1):
        where.append(f"entry ({int(place[-2]) + 1}, {int(place[-1]) + 1})")
    lead = f"at {', '.join(where)}: " if where else ""
    return f"{lead}{show_number(left[place])} is not {show_number(right[place])}"


def show_number(value: Any) -> str:
    """A fraction as it is, a decimal to six digits."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def show_size(array: Array) -> str:
    return f"{array.shape[-2]} x {array.shape[-1]}"
