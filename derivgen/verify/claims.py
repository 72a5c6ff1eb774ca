"""Answers that somebody states, compared with the question itself (not with the steps)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import permutations
from math import prod
from typing import Any

import numpy as np

from derivgen.derivation import Derivation
from derivgen.errors import ExpressionError, ShapeError
from derivgen.expr.nodes import ONE, ZERO_NUMBER, Derivative, Dim, Expr, Index, Layout, Shape, Symbol, Transpose
from derivgen.expr.shapes import is_scalar, shape, show_shape
from derivgen.expr.walk import free_indices, rename, subexpressions, symbols
from derivgen.problem.expression import parse_expression
from derivgen.problem.model import Claim, Part
from derivgen.problem.options import with_slopes
from derivgen.verify.arrange import derivative_with
from derivgen.verify.arrays import Array, BadPoint, Irrational, TooLarge
from derivgen.verify.bench import TOO_LARGE, Bench, ClaimVerdict, Side, Verdict, difference, show_number
from derivgen.verify.evaluate import Evaluator
from derivgen.verify.extrema import EXTREMA, check_extremum_claim
from derivgen.verify.options import check_options_claim
from derivgen.verify.points import Survey, survey
from derivgen.verify.steps import free_axes, goals, same_kind

_MATRIX_WORDS = ("symmetric", "skew", "orthogonal", "idempotent", "diagonal", "triangular", "positive_definite")
"""What a square matrix may have to be for a claim to hold, tried in this order."""

_OTHER_WORDS = ("positive", "unit", "onehot")

_MOST_NUMBERS = 16
"""A message shows the numbers of the symbols only as far as there are so few."""


def check_claim(claim: Claim, part: Part, layout: Layout, derivation: Derivation) -> ClaimVerdict:
    """Is `claim` the answer to the question of `part`, in `layout`?

    A claim in index notation is compared entry by entry, and has no layout. The number 0 stands for an array of zeros.
    """
    asked = replace(derivation, layout=layout)
    if derivation.task == "shapes":
        return check_options_claim(claim, derivation)
    if derivation.task in EXTREMA:
        return check_extremum_claim(claim, derivation, part.scope.values)
    try:
        if part.functions or any(isinstance(node, Derivative) for node in subexpressions(claim.expression)):
            claim = _in_layout(claim, part, layout)
        return _Claimed(claim, part, asked).verdict()
    except ExpressionError as error:
        return ClaimVerdict("wrong", f"claim is wrong: {error.message}")
    except ShapeError as error:
        return ClaimVerdict("wrong", f"claim is wrong: {error}")
    except TooLarge:
        return ClaimVerdict("unchecked", f"claim could not be checked: {TOO_LARGE}")


def _in_layout(claim: Claim, part: Part, layout: Layout) -> Claim:
    """`claim` read with the derivatives that it names in the shapes of `layout`."""
    scope = with_slopes(replace(part.scope, layout=layout), part.functions, layout)
    return replace(claim, expression=parse_expression(claim.text, scope, expand=not part.functions))


@dataclass(frozen=True, slots=True)
class _Sides:
    """A claim and the truth, ready to be compared."""

    claim: Side
    truth: Side
    exprs: tuple[Expr, ...]


__all__ = ["ClaimVerdict", "check_claim"]


class _Claimed:
    def __init__(self, claim: Claim, part: Part, derivation: Derivation) -> None:
        self.claim, self.part, self.derivation = claim, part, derivation
        self.expr = claim.expression
        self.truth = derivation.statement if derivation.question is None else derivation.question
        self.what = "value" if derivation.wrt is None or derivation.question is not None else "derivative"
        self.definitions = {**part.scope.meanings, **dict(_named(derivation))}

    def bench(self, known: Mapping[str, frozenset[str]] | None = None) -> Bench:
        """Where to compare; `known` are assumptions on symbols besides their own."""
        over = Survey().add(self.truth, self.expr)
        if self.derivation.wrt is not None and self.derivation.question is None:
            over.add(self.derivation.wrt)
        for expr in self.definitions.values():
            over.add(expr)
        for name, words in (known or {}).items():
            over.symbols[name] = replace(over.symbols[name], assumptions=over.symbols[name].assumptions | words)
        return Bench((), self.part.scope.values, self.definitions, over)

    # --- the two sides ----------------------------------------------------------------------------------------------

    def by_entries(self) -> bool:
        """Is the claim to be compared in index notation?"""
        derivation = self.derivation
        if derivation.question is not None:
            return False
        held = free_axes(derivation)[1]
        if any(index not in held for index in free_indices(self.expr)):
            return True
        return derivation.form == "index" and is_scalar(self.expr)

    def sides(self, layout: Layout) -> Iterator[_Sides]:
        """The ways to read the claim: one, or one for each way to name the indices of the answer."""
        derivation, wrt = self.derivation, self.derivation.wrt
        if derivation.question is not None:
            turned = derivation.layout is not None and layout_turns(derivation, layout)
            yield _exprs(self.expr, Transpose(self.truth) if turned else self.truth)
        elif self.by_entries():
            truth = goals(derivation)[-1]
            for claim in self._named_alike(free_indices(truth)):
                yield _exprs(claim, truth)
        elif wrt is None:
            claim, truth = same_kind(self.expr, derivation.statement, derivation.value_indices)
            yield _exprs(claim, truth)
        else:
            own, held = free_axes(derivation)
            yield _Sides(
                lambda at: at.entries(self.expr, held),
                lambda at: derivative_with(
                    at, derivation.statement, wrt, layout, derivation.order, derivation.wrt_transposed, own, held
                ),
                (self.expr, derivation.statement),
            )

    def _named_alike(self, wanted: tuple[Index, ...]) -> Iterator[Expr]:
        """The claim with the letters of the answer for its own; where they differ, each way that ranges allow."""
        own = free_indices(self.expr)
        names = {index.name: index for index in wanted}
        if all(index.name in names and names[index.name].dim == index.dim for index in own):
            yield _renamed(self.expr, own, tuple(names[index.name] for index in own))
            return
        strange = tuple(index for index in own if index.name not in names)
        left = tuple(index for index in wanted if index.name not in {one.name for one in own})
        for order in permutations(left, len(strange)):
            if all(a.dim == b.dim for a, b in zip(strange, order, strict=True)):
                yield _renamed(self.expr, strange, order)

    # --- the outcomes -----------------------------------------------------------------------------------------------

    def verdict(self) -> ClaimVerdict:
        bench = self.bench()
        layout = self.derivation.layout or Layout.DENOMINATOR
        readings = list(self.sides(layout))
        if not readings:
            return self._wrong_indices()
        found = [_compare(bench, sides) for sides in readings]
        if any(verdict.holds for verdict in found):
            return ClaimVerdict("holds", "claim holds")
        if all(verdict.status == "unchecked" for verdict in found):
            return ClaimVerdict("unchecked", f"claim could not be checked: {found[0].message}")
        return (
            self._rounded(bench, readings[0])
            or self._other_layout(bench, layout)
            or self._other_shape(bench, readings[0])
            or self._assumption(readings)
            or self._wrong(readings[0], found[0])
        )

    def _wrong_indices(self) -> ClaimVerdict:
        truth = ", ".join(index.name for index in free_indices(goals(self.derivation)[-1])) or "none"
        own = ", ".join(index.name for index in free_indices(self.expr)) or "none"
        return ClaimVerdict("wrong", f"claim is wrong: its indices are {own}, those of the {self.what} are {truth}")

    def _other_layout(self, bench: Bench, layout: Layout) -> ClaimVerdict | None:
        if self.by_entries() or (self.derivation.wrt is None and self.derivation.question is None):
            return None
        if self.derivation.question is not None and is_scalar(self.truth):
            return None
        for other in (Layout.NUMERATOR, Layout.DENOMINATOR, Layout.MIXED):
            if other != layout and all(_compare(bench, sides).holds for sides in self.sides(other)):
                return ClaimVerdict("other layout", f"claim is right in {other} layout")
        return None

    def _other_shape(self, bench: Bench, sides: _Sides) -> ClaimVerdict | None:
        """The claim's shape, where it is not that of the truth."""
        with np.errstate(all="ignore"):
            for exact in (True, False):
                for evaluator in bench.evaluators(exact):
                    try:
                        claimed, true = sides.claim(evaluator), sides.truth(evaluator)
                    except (BadPoint, Irrational):
                        continue
                    if claimed.shape[-2:] == true.shape[-2:] or _is_zero(claimed):
                        return None
                    named = shape(self.expr)
                    truth = show_shape(self._named_shape(evaluator, true, named))
                    message = f"claim has shape {show_shape(named)}, the {self.what} is {truth}"
                    return ClaimVerdict("wrong", f"claim is wrong: {message}")
        return None

    def _named_shape(self, evaluator: Evaluator, array: Array, claimed: Shape) -> Shape:
        """The shape of `array` in the names of dimensions, which are known from the statement and the variable."""
        derivation = self.derivation
        known = [ONE, *shape(self.truth), *(index.dim for index in derivation.value_indices)]
        if derivation.wrt is not None:
            known += derivation.wrt.shape
            known += [a * b for a in known for b in known]
        sizes = {evaluator.point.size(dim): dim for dim in reversed((*known, *claimed))}
        rows, columns = (sizes.get(size, Dim(size)) for size in array.shape[-2:])
        return rows, columns

    def _assumption(self, readings: list[_Sides]) -> ClaimVerdict | None:
        """An assumption on one symbol, under which the claim would hold."""
        found = survey((self.truth, self.expr)).symbols
        known = self.part.scope.values.keys() | self.definitions.keys()
        for symbol in found.values():
            if symbol.name in known:
                continue
            for word in self._words(symbol):
                bench = self.bench({symbol.name: frozenset({word})})
                if any(_compare(bench, sides).holds and not _vanishes(bench, sides) for sides in readings):
                    shown = word.replace("_", " ").replace("onehot", "one-hot").replace("unit", "a unit vector")
                    rows = "each row of " if word == "onehot" and shape(symbol)[1] != ONE else ""
                    return ClaimVerdict("holds under assumption", f"claim holds only if {rows}{symbol.name} is {shown}")
        return None

    def _words(self, symbol: Symbol) -> tuple[str, ...]:
        rows, columns = symbol.shape
        if rows == columns and not is_scalar(symbol):
            # a variable that is assumed to be positive definite would be moved entry by entry all the same
            words: tuple[str, ...] = _MATRIX_WORDS[:-1] if symbol == self.derivation.wrt else _MATRIX_WORDS
        else:
            of_matrices = ("positive", "onehot")
            words = ("positive",) if is_scalar(symbol) else _OTHER_WORDS if ONE in symbol.shape else of_matrices
        return tuple(word for word in words if word not in symbol.assumptions)

    def _rounded(self, bench: Bench, sides: _Sides) -> ClaimVerdict | None:
        """For decimals: is each number of the claim right but for its last digit?"""
        digits = self.claim.digits
        if not digits or not self._is_constant(bench, sides):
            return None
        unit = Fraction(1, 10**digits)
        with np.errstate(all="ignore"):
            for exact in (True, False):
                for evaluator in bench.evaluators(exact):
                    try:
                        claimed, true = sides.claim(evaluator), sides.truth(evaluator)
                    except (BadPoint, Irrational):
                        continue
                    if claimed.shape[-2:] != true.shape[-2:]:
                        return None
                    claimed, true = np.broadcast_arrays(claimed, true)
                    return _rounding(claimed, true, unit, digits)
        return None

    def _is_constant(self, bench: Bench, sides: _Sides) -> bool:
        """Whether the truth is a number: one value at every point."""
        if bench.wanted == 1:
            return True
        found: list[Array] = []
        with np.errstate(all="ignore"):
            for evaluator in bench.evaluators(False):
                try:
                    found.append(sides.truth(evaluator))
                except (BadPoint, Irrational):
                    continue
                if len(found) == 2:
                    one, other = found
                    return one.shape == other.shape and bool(np.allclose(one, other, rtol=1e-12, atol=0))
        return False

    def _wrong(self, sides: _Sides, verdict: Verdict) -> ClaimVerdict:
        """The claim and the truth at a point that is easy to follow."""
        bench = self.bench()
        with np.errstate(all="ignore"):
            for exact in (True, False):
                for evaluator in sorted(bench.evaluators(exact), key=lambda one: prod(one.point.sizes.values())):
                    try:
                        claimed, true = sides.claim(evaluator), sides.truth(evaluator)
                        found = difference(evaluator, claimed, true, sides.exprs)
                    except (BadPoint, Irrational):
                        continue
                    if isinstance(found, str):
                        return ClaimVerdict("wrong", self._counterexample(evaluator, claimed, true))
        return ClaimVerdict("wrong", f"claim is wrong: {verdict.message}")

    def _counterexample(self, evaluator: Evaluator, claimed: Array, true: Array) -> str:
        claimed, true = np.broadcast_arrays(claimed, true)
        apart = np.abs((claimed - true).astype(float))
        place = np.unravel_index(int(apart.argmax()), apart.shape)
        # what is put in everywhere says nothing about where the two differ
        put_in = self.derivation.question is not None and self._is_constant(
            self.bench(), _exprs(self.truth, self.truth)
        )
        names = () if put_in else self._names()
        where = [*_shown_values(evaluator, names), *_shown_place(evaluator, place, apart, self.by_entries())]
        lead = f"at {', '.join(where)} " if where else ""
        gives, is_ = show_number(claimed[place]), show_number(true[place])
        return f"claim is wrong: {lead}it gives {gives}, the {self.what} is {is_}"

    def _names(self) -> tuple[str, ...]:
        definitions = self.definitions
        exprs = (self.truth, self.expr, *definitions.values())
        found = dict.fromkeys(symbol.name for expr in exprs for symbol in symbols(expr))
        return tuple(name for name in found if name not in definitions and name not in self.part.scope.values)


def _named(derivation: Derivation) -> Iterator[tuple[str, Expr]]:
    """What names in the question of a derivation stand for."""
    if derivation.question is not None:
        if derivation.quantity is not None:
            yield derivation.quantity.name, derivation.statement
    for symbol, meaning in derivation.named:
        yield symbol.name, meaning


def layout_turns(derivation: Derivation, layout: Layout) -> bool:
    """Whether an array of partial derivatives is the other way round in `layout` than in the layout of `derivation`."""
    rows, columns = shape(derivation.result)
    if derivation.task == "hessian" or derivation.layout is None:
        return False
    if ONE in (rows, columns) and derivation.task != "jacobian":
        return (layout == Layout.NUMERATOR) != (derivation.layout == Layout.NUMERATOR)
    return (layout == Layout.DENOMINATOR) != (derivation.layout == Layout.DENOMINATOR)


def _exprs(claim: Expr, truth: Expr) -> _Sides:
    return _Sides(_value_of(claim), _value_of(truth), (claim, truth))


def _value_of(expr: Expr) -> Callable[[Evaluator], Array]:
    return lambda at: at.array(expr)


def _renamed(expr: Expr, old: tuple[Index, ...], new: tuple[Index, ...]) -> Expr:
    """All at once: over letters that stand nowhere, so that i, j can become j, i."""
    between = [Index(f"\0{place}", index.dim) for place, index in enumerate(old)]
    for index, fresh in zip(old, between, strict=True):
        expr = rename(expr, index, fresh)
    for fresh, index in zip(between, new, strict=True):
        expr = rename(expr, fresh, index)
    return expr


def _compare(bench: Bench, sides: _Sides) -> Verdict:
    """Like Bench.compare, but a claim that is 0 everywhere fits any shape."""

    def claim(at: Evaluator) -> Array:
        claimed = sides.claim(at)
        if _is_zero(claimed):
            rows, columns = sides.truth(at).shape[-2:]
            return np.broadcast_to(claimed, (*claimed.shape[:-2], rows, columns))
        return claimed

    return bench.compare(claim, sides.truth, sides.exprs)


def _is_zero(claimed: Array) -> bool:
    """The number 0 stands for an array of zeros."""
    return claimed.shape[-2:] == (1, 1) and not claimed.any()


def _vanishes(bench: Bench, sides: _Sides) -> bool:
    """Does a claim that is not the number 0 hold only because both sides become 0? Then nothing is said with that."""
    if sides.exprs[0] == ZERO_NUMBER:
        return False
    return _compare(bench, _Sides(sides.truth, lambda at: 0 * sides.truth(at), sides.exprs)).holds


def _rounding(claimed: Array, true: Array, unit: Fraction, digits: int) -> ClaimVerdict | None:
    """What to say of decimals: holds if all are rightly rounded, rounded if the last digit of some is off by one.

    None where one is off by a whole unit of its last digit or more.
    """
    wrong: tuple[Any, Fraction] | None = None
    for stated, value in zip(claimed.flat, true.flat, strict=True):
        stated, value = Fraction(stated).limit_denominator(10**15), Fraction(value)
        # a tie may be rounded either way; 1e-9 of a unit covers the rounding of `value` itself
        if abs(stated - value) <= unit / 2 + unit / 10**9:
            continue
        if abs(stated - value) >= unit:
            return None
        wrong = wrong or (stated, value)
    if wrong is None:
        return ClaimVerdict("holds", f"claim holds, rounded to {digits} digits")
    stated, value = wrong
    right = f"{float(value):.{digits}f}"
    said = f"{float(stated):.{digits}f}"
    if right[:-1] == said[:-1]:
        return ClaimVerdict("rounded", f"right to {digits - 1} digits, the last one should be {right[-1]}")
    return ClaimVerdict("rounded", f"right to {digits - 1} digits: rounded to {digits} it is {right}, not {said}")


def _shown_values(evaluator: Evaluator, names: tuple[str, ...]) -> Iterator[str]:
    """`x = (1, 2)`, `A = ((1, 3), (2, 1))`, as far as there is room; else the dimensions."""
    point = evaluator.point
    if sum(point.values[name].size for name in names) > _MOST_NUMBERS:
        yield from (f"{name} = {size}" for name, size in point.sizes.items())
        return
    for name in names:
        array = point.array(name, evaluator.exact)
        if 1 in array.shape:
            numbers = ", ".join(map(show_number, array.flat))
            yield f"{name} = {numbers}" if array.size == 1 else f"{name} = ({numbers})"
        else:
            yield f"{name} = ({', '.join('(' + ', '.join(map(show_number, row)) + ')' for row in array)})"


def _shown_place(evaluator: Evaluator, place: tuple[Any, ...], apart: Array, by_entries: bool) -> Iterator[str]:
    """The values of the indices, and the entry: `i = 1`, `entry (1, 2)`."""
    if by_entries:
        names = {-3 - axis: key.name for key, axis in evaluator.axes.items() if isinstance(key, Index)}
        for position, value in enumerate(place[:-2]):
            axis = position - apart.ndim
            if apart.shape[axis] != 1 and axis in names:
                yield f"{names[axis]} = {int(value) + 1}"
    if apart.shape[-2:] != (1, 1):
        yield f"entry ({int(place[-2]) + 1}, {int(place[-1]) + 1})"
