"""Is each step of a derivation true, does it go on from the one before, and does the end answer the question?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from derivgen.derivation import Conclude, Derivation, Rewrite, Step
from derivgen.errors import ShapeError
from derivgen.expr.nodes import Differential, Entry, Expr, Index, Layout, Partial, Symbol, Transpose
from derivgen.expr.shapes import axes, is_scalar, shape
from derivgen.expr.walk import free_indices, transform
from derivgen.problem.model import Values
from derivgen.verify.arrange import arrange_all, derivative_with
from derivgen.verify.arrays import Array, BadPoint, TooLarge
from derivgen.verify.bench import TOO_LARGE, Bench, Verdict, show_number, worst
from derivgen.verify.differences import AGREEMENT, central_differences
from derivgen.verify.evaluate import Evaluator, Unknown


@dataclass(frozen=True, slots=True)
class Report:
    """A verdict for each step of a derivation, and one for its result against the question."""

    verdicts: tuple[Verdict, ...]
    result: Verdict

    @property
    def is_wrong(self) -> bool:
        """Something in it is not true: it must not be printed."""
        return any(verdict.status == "wrong" for verdict in (self.result, *self.verdicts))

    @property
    def verified(self) -> bool:
        """All of it was checked and is true."""
        return self.result.holds and all(verdict.holds for verdict in self.verdicts)


def check_equal(
    before: Expr,
    after: Expr,
    values: Mapping[str, Values] | None = None,
    definitions: Mapping[str, Expr] | None = None,
) -> Verdict:
    """Have `before` and `after` one value wherever their symbols are what they are declared to be?

    Both are scalars in index notation, compared at every value of the indices that are free in either, or arrays of one
    shape. `values` are the numbers of those symbols that have them, `definitions` what named quantities stand for.
    """
    try:
        return Bench((before, after), values, definitions).equal(before, after)
    except ShapeError as error:
        return Verdict("wrong", message=str(error))


def check_derivation(
    derivation: Derivation,
    values: Mapping[str, Values] | None = None,
    definitions: Mapping[str, Expr] | None = None,
) -> Report:
    """Checks every line of `derivation` and its result.

    A line holds if both sides are equal, it starts where the line before ended (or at the question), everything shown
    beside and below it is true, and its heading is what it says.
    """
    try:
        return _Check(derivation, values, definitions).report()
    except ShapeError as error:
        wrong = Verdict("wrong", message=str(error))
        return Report((wrong,) * len(derivation.steps), wrong)


ZERO_SCALE = 1e-3
"""Where a statement is zero everywhere, differences are rounding: 1e-16 of terms of about 10, over a step of 1e-5."""


class _Check:
    def __init__(
        self,
        derivation: Derivation,
        values: Mapping[str, Values] | None,
        definitions: Mapping[str, Expr] | None,
    ) -> None:
        self.derivation = derivation
        named = dict(definitions or {})
        self.quantity = derivation.quantity
        if self.quantity is not None and self.quantity.shape == shape(derivation.statement):
            named[self.quantity.name] = derivation.statement
        self.goals = goals(derivation)
        self.bench = Bench(_shown(derivation), values, named)
        self.anchors = (derivation.statement, *self.goals, *differentials(derivation))

    def report(self) -> Report:
        verdicts = []
        end: Expr | None = None
        for step in self.derivation.steps:
            verdicts.append(worst(self._step(step, end)))
            end = step.after if isinstance(step, Rewrite) else step.result
        return Report(tuple(verdicts), worst(self._result(end)))

    # --- steps ------------------------------------------------------------------------------------------------------

    def _step(self, step: Step, end: Expr | None) -> Iterator[Verdict]:
        """The verdicts on all that `step` says; `end` is where the step before ended."""
        if isinstance(step, Conclude):
            yield from self._conclude(step, end)
            return
        yield from self._line(step)
        yield self._linked(step.before, end)
        if is_scalar(step.heading) or isinstance(step.heading, Differential):
            verdict = self.bench.equal(transform(step.heading, self._in_full), step.after)
            # what a heading names may be unknown here; one that is known must be right
            if verdict.status != "unchecked":
                yield _named(verdict, "the heading of the line")

    def _in_full(self, heading: Expr) -> Expr | None:
        """The entry y_i of a statement that is given as such, in index notation, as that statement."""
        if self.quantity is not None and isinstance(heading, Entry) and heading.base == self.quantity:
            if self.quantity.name not in self.bench.definitions and heading.subscripts == self.derivation.value_indices:
                return self.goals[0]
        return None

    def _line(self, line: Rewrite) -> Iterator[Verdict]:
        yield self.bench.equal(line.before, line.after)
        for instance in line.instances:
            yield _named(self.bench.equal(instance.left, instance.right), "the law beside the line")
        for substep in line.substeps:
            yield from self._line(substep)

    def _linked(self, before: Expr, end: Expr | None) -> Verdict:
        """Does a line that starts with `before` go on from `end`, or start from the question?"""
        if end is not None and (before is end or before == end):
            return Verdict("exact", self.bench.wanted)
        unsure: Verdict | None = None
        for start in (*((end,) if end is not None else ()), *self.anchors):
            verdict = self.bench.equal(before, start)
            if verdict.holds:
                return verdict
            if verdict.status == "unchecked":
                unsure = verdict
        astray = "the line starts neither where the one before ended nor at the question"
        return unsure or Verdict("wrong", message=astray)

    def _conclude(self, step: Conclude, end: Expr | None) -> Iterator[Verdict]:
        if end is not None:
            yield _named(self.bench.equal(end, step.goal), "what was looked for")
        yield self._linked(step.goal, None)
        if self.derivation.form == "index":
            yield self.bench.equal(step.goal, step.result)
            return
        places = tuple(index for index in (step.rows, step.columns) if index is not None)
        # where the lines are differentials, the result is compared with the question alone
        if (places or is_scalar(step.result)) and self.derivation.direction is None:
            yield _named(self.bench.equal(entry(step.result, places), step.goal), "an entry of the result")

    # --- result -----------------------------------------------------------------------------------------------------

    def _result(self, end: Expr | None) -> Iterator[Verdict]:
        derivation, wrt = self.derivation, self.derivation.wrt
        if end is not None and end != derivation.result:
            yield _named(self.bench.equal(end, derivation.result), "the end of the steps and the result")
        if wrt is None:
            yield self.bench.equal(*same_kind(derivation.statement, derivation.result, derivation.value_indices))
            return
        if derivation.form == "index":
            yield self.bench.equal(derivation.result, self.goals[-1])
        else:
            yield self._arranged(wrt, derivation.result, layout_of(derivation))
        for layout, other in derivation.others:
            yield _named(self._arranged(wrt, other, layout), f"the result in {layout} layout")
        if derivation.order in AGREEMENT:
            yield self._differences(wrt)

    def _arranged(self, wrt: Symbol, result: Expr, layout: Layout) -> Verdict:
        """An array against dual numbers, arranged by the table of layouts."""
        known = self.derivation
        own, held = free_axes(known)
        return self.bench.compare(
            lambda at: at.entries(result, held),
            lambda at: derivative_with(at, known.statement, wrt, layout, known.order, known.wrt_transposed, own, held),
            (known.statement, result),
        )

    def _differences(self, wrt: Symbol) -> Verdict:
        """The result against central differences, at one point."""
        try:
            with np.errstate(all="ignore"):
                return self._agreement(wrt)
        except Unknown as unknown:
            return Verdict("unchecked", message=str(unknown))
        except TooLarge:
            return Verdict("unchecked", message=TOO_LARGE)
        except ShapeError as error:
            return Verdict("wrong", message=str(error))

    def _agreement(self, wrt: Symbol) -> Verdict:
        for evaluator in self.bench.evaluators(False):
            try:
                value, found, most = self._two_ways(evaluator, wrt)
            except BadPoint:
                continue
            if value.shape != found.shape:
                return Verdict("wrong", message=f"the result is {value.shape}, the derivative {found.shape}")
            apart = np.abs(value - found)
            scale = max(float(np.abs(value).max()), float(np.abs(found).max()), most, ZERO_SCALE)
            if not np.isfinite(scale):
                continue
            if apart.max() > AGREEMENT[self.derivation.order] * scale:
                place = np.unravel_index(int(apart.argmax()), apart.shape)
                shown = f"{show_number(float(value[place]))} is not {show_number(float(found[place]))}"
                return Verdict("wrong", 1, float(apart.max()) / scale, f"against central differences: {shown}")
            return Verdict("exact", self.bench.wanted)
        return Verdict("unchecked", message="no point was found at which the statement and the result have a value")

    def _two_ways(self, evaluator: Evaluator, wrt: Symbol) -> tuple[Array, Array, float]:
        """The result, what central differences say it is, and the greatest value of the statement on the way."""
        known = self.derivation
        own, held = free_axes(known)
        tensor, most = central_differences(
            evaluator.point, self.bench.definitions, known.statement, wrt, known.order, (*held, *own)
        )
        if known.form == "index":
            value = evaluator.entries(known.result, (*held, *known.value_indices, *known.wrt_indices))
            # both are (held indices, entries of the value, entries of wrt, ...); `tensor` has axes of length 1 besides
            if value.size != tensor.size:
                raise ShapeError("the result has other indices than the derivative")
            return value, tensor.reshape(value.shape), most
        arranged = arrange_all(tensor, layout_of(known), known.wrt_transposed, len(own), len(held))
        return evaluator.entries(known.result, held), arranged, most


def _named(verdict: Verdict, what: str) -> Verdict:
    if verdict.holds:
        return verdict
    return Verdict(verdict.status, verdict.points, verdict.error, f"{what}: {verdict.message}")


# --- what is to be shown --------------------------------------------------------------------------------------------


def entry(expr: Expr, indices: tuple[Index, ...]) -> Expr:
    """The entry of `expr` whose place the last of `indices` tell; a scalar, which may have free indices, as it is."""
    count = len(axes(expr))
    return Entry(expr, indices[-count:]) if count else expr


def same_kind(left: Expr, right: Expr, indices: tuple[Index, ...]) -> tuple[Expr, Expr]:
    """Two sides to compare: the entries of both where one has axes for what are free indices of the other.

    A row and a column are compared as they are: they are not equal.
    """
    if len(axes(left)) == len(axes(right)):
        return left, right
    return entry(left, indices), entry(right, indices)


def layout_of(derivation: Derivation) -> Layout:
    return derivation.layout or Layout.DENOMINATOR


def free_axes(derivation: Derivation) -> tuple[tuple[Index, ...], tuple[Index, ...]]:
    """The free indices of the statement that are axes of its value, in their order, and those that are held."""
    free = free_indices(derivation.statement)
    own = tuple(index for index in derivation.value_indices if index in free)
    return own, tuple(index for index in free if index not in own)


def goals(derivation: Derivation) -> tuple[Expr, ...]:
    """The entry of the statement, its derivative by an entry of wrt, the second one, ...: as pending derivatives."""
    start = entry(derivation.statement, derivation.value_indices)
    found = [start]
    if derivation.wrt is not None:
        wide = len(axes(derivation.wrt))
        for at in range(derivation.order):
            places = derivation.wrt_indices[at * wide : (at + 1) * wide]
            found.append(Partial(found[-1], Entry(derivation.wrt, places) if wide else derivation.wrt))
    return tuple(found)


def differentials(derivation: Derivation) -> tuple[Expr, ...]:
    """Where lines that go by differentials start: the differential of the statement, and that of its transpose."""
    if derivation.wrt is None or derivation.direction is None:
        return ()
    both = (derivation.statement, Transpose(derivation.statement))
    return tuple(Differential(one, derivation.wrt, derivation.direction) for one in both)


def _shown(derivation: Derivation) -> Iterable[Expr]:
    """Everything that a derivation shows."""
    yield derivation.statement
    if derivation.wrt is not None:
        yield derivation.wrt
    yield derivation.result
    yield from (other for _, other in derivation.others)
    for step in derivation.steps:
        if isinstance(step, Conclude):
            yield from (step.goal, step.result)
        else:
            yield from _written(step)


def _written(line: Rewrite) -> Iterable[Expr]:
    yield from (line.before, line.after)
    for instance in line.instances:
        yield from (instance.left, instance.right)
    for substep in line.substeps:
        yield from _written(substep)
