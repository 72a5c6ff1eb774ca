"""Is each step of a derivation true, does it go on from the one before, and does the end answer the question?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from derivgen.derivation import (
    Conclude,
    Define,
    Derivation,
    Drawing,
    Equation,
    Fact,
    Grid,
    Instance,
    Listing,
    Options,
    Rewrite,
    Solutions,
    Solve,
    Statement,
    Step,
    Table,
)
from derivgen.errors import ShapeError
from derivgen.expr.nodes import At, Differential, Entry, Expr, Index, Layout, Partial, Symbol, Transpose
from derivgen.expr.shapes import axes, is_scalar, shape
from derivgen.expr.walk import free_indices, transform
from derivgen.picture import Diagram
from derivgen.problem.model import Values
from derivgen.verify.arrange import arrange_all, derivative_with
from derivgen.verify.arrays import Array, BadPoint, TooLarge
from derivgen.verify.bench import TOO_LARGE, ZERO_SCALE, Bench, Verdict, show_number, worst
from derivgen.verify.differences import (
    AGREEMENT,
    DOUBT,
    SHRUNK,
    by_differences,
    central_differences,
    derivative_order,
)
from derivgen.verify.drawn import check_diagram, check_picture
from derivgen.verify.evaluate import Evaluator, Unknown
from derivgen.verify.extrema import EXTREMA, check_extrema, no_other_solution
from derivgen.verify.linear import only_solution
from derivgen.verify.options import check_options

Point = tuple[Expr, ...]
"""Values of the unknowns."""


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
    levels: Mapping[str, Expr] | None = None,
) -> Report:
    """Checks every line of `derivation` and its result.

    A line holds if both sides are equal, it starts where the line before ended (or at the question), everything shown
    beside and below it is true, and its heading is what it says. `levels` are the named quantities as they were
    written, by the names of those before them: what a diagram shows.
    """
    try:
        return _Check(derivation, values, definitions, levels).report()
    except ShapeError as error:
        wrong = Verdict("wrong", message=str(error))
        return Report((wrong,) * len(derivation.steps), wrong)


class _Check:
    def __init__(
        self,
        derivation: Derivation,
        values: Mapping[str, Values] | None,
        definitions: Mapping[str, Expr] | None,
        levels: Mapping[str, Expr] | None = None,
    ) -> None:
        self.derivation = derivation
        self.levels = levels or {}
        named = dict(definitions or {})
        self.quantity = derivation.quantity
        if self.quantity is not None and self.quantity.shape == shape(derivation.statement):
            named[self.quantity.name] = derivation.statement
        named |= {symbol.name: meaning for symbol, meaning in derivation.named}
        defined = [step for step in derivation.steps if isinstance(step, Define)]
        named |= {step.symbol.name: step.meaning for step in defined}
        self.goals = goals(derivation)
        self.names = frozenset(values or {}) | frozenset(definitions or {})
        self.bench = Bench(_shown(derivation), values, named)
        self.unknowns = next((step.unknowns for step in derivation.steps if isinstance(step, Solutions)), ())
        self.rounded = False
        """Whether a line above goes on with a rounded number: from there on lines are true of that number."""
        self.anchors = (derivation.statement, *self.goals, *differentials(derivation))

    def report(self) -> Report:
        verdicts = []
        end: Expr | None = None
        for step in self.derivation.steps:
            verdicts.append(worst(self._step(step, end)))
            end = step.after if isinstance(step, Rewrite) else step.result if isinstance(step, Conclude) else end
            self.rounded |= isinstance(step, Rewrite) and step.digits is not None
        return Report(tuple(verdicts), worst(self._result(end)))

    # --- steps ------------------------------------------------------------------------------------------------------

    def _step(self, step: Step, end: Expr | None) -> Iterator[Verdict]:
        """The verdicts on all that `step` says; `end` is where the step before ended."""
        match step:
            case Rewrite():
                yield from self._rewrite(step, end)
            case Conclude():
                yield from self._conclude(step, end)
            case Define(symbol, _, before, after):
                if symbol.name in self.names or list(self._defined()).count(symbol.name) > 1:
                    yield Verdict("wrong", message=f"the name {symbol.name} stands for something else already")
                if before is not None and after is not None:
                    yield self.bench.equal(before, after)
            case Table(rows):
                for row in rows:
                    yield from self._instances(row)
            case Grid(_, cells, digits):
                for cell in cells:
                    yield from self._instances(cell, digits)
            case Statement(_, _, facts):
                yield from map(self._fact, facts)
                if not facts:
                    yield Verdict("exact", self.bench.wanted)  # it states nothing but how numbers are shown
            case Solve(_, equations, points, case, of, either, own):
                unknowns = own or self.unknowns
                for point in points:
                    for equation in (*case, *of, *(() if either else equations)):
                        yield self._holds_at(equation.left, equation.right, point, unknowns)
                    if either:
                        yield self._one_holds_at(equations, point, unknowns)
            case Solutions(unknowns, equations, points):
                for point in points:
                    for equation in equations:
                        yield self._holds_at(equation.left, equation.right, point, unknowns)
                if self.derivation.task == "solve":
                    yield only_solution(unknowns[0], equations, points, self.bench)
                else:
                    yield no_other_solution(unknowns, equations, points, self.bench)
            case Drawing(picture):
                if isinstance(picture, Diagram):
                    yield check_diagram(picture, self.derivation, self.levels)
                else:
                    yield check_picture(picture, self.derivation.statement, self.bench)
            case Options():
                yield from check_options(step, self.derivation, self.bench)
            case Listing(language, _, _, status):
                if status == "missing":
                    yield Verdict("exact", self.bench.wanted)  # it says no more than that it was not run
                elif step.agrees:
                    yield Verdict("numeric", 1)
                else:
                    yield Verdict("wrong", message=f"the listing in {language} does not agree")
            case _:
                assert_never(step)

    def _defined(self) -> Iterator[str]:
        yield from (step.symbol.name for step in self.derivation.steps if isinstance(step, Define))

    def _rewrite(self, step: Rewrite, end: Expr | None) -> Iterator[Verdict]:
        yield from self._line(step)
        starts = (step.heading,) if self.derivation.question is not None else ()
        yield self._linked(step.before, end, starts)
        if self.rounded or step.digits is not None:
            return
        if is_scalar(step.heading) or isinstance(step.heading, Differential) or starts:
            verdict = self.bench.equal(transform(step.heading, self._in_full), step.after)
            # what a heading names may be unknown here; one that is known must be right
            if verdict.status != "unchecked":
                yield _named(verdict, "the heading of the line")

    def _instances(self, instances: Iterable[Instance], digits: int | None = None) -> Iterator[Verdict]:
        for instance in instances:
            if digits is None:
                yield self.bench.equal(instance.left, instance.right)
            else:
                yield self.bench.rounded(instance.left, instance.right, digits)

    def _fact(self, fact: Fact) -> Verdict:
        if fact.digits is not None:
            return self.bench.rounded(fact.left, fact.right, fact.digits)
        return self.bench.related(fact.left, fact.relation, fact.right)

    def _holds_at(self, left: Expr, right: Expr, point: Point, unknowns: tuple[Symbol, ...]) -> Verdict:
        """Has an equation both sides equal where the unknowns are `point`?"""
        return self.bench.equal(At(left, unknowns, point), At(right, unknowns, point))

    def _one_holds_at(self, equations: tuple[Equation, ...], point: Point, unknowns: tuple[Symbol, ...]) -> Verdict:
        found = [self._holds_at(equation.left, equation.right, point, unknowns) for equation in equations]
        return next((verdict for verdict in found if verdict.holds), worst(found))

    def _in_full(self, heading: Expr) -> Expr | None:
        """The entry y_i of a statement that is given as such, in index notation, as that statement."""
        if self.quantity is not None and isinstance(heading, Entry) and heading.base == self.quantity:
            if self.quantity.name not in self.bench.definitions and heading.subscripts == self.derivation.value_indices:
                return self.goals[0]
        return None

    def _line(self, line: Rewrite) -> Iterator[Verdict]:
        if line.digits is None:
            yield self.bench.equal(line.before, line.after)
        else:
            yield self.bench.rounded(line.before, line.after, line.digits)
        for instance in line.instances:
            yield _named(self.bench.equal(instance.left, instance.right), "the law beside the line")
        for substep in line.substeps:
            yield from self._line(substep)

    def _linked(self, before: Expr, end: Expr | None, starts: tuple[Expr, ...] = ()) -> Verdict:
        """Does a line that starts with `before` go on from `end`, or start from the question?"""
        if end is not None and (before is end or before == end):
            return Verdict("exact", self.bench.wanted)
        unsure: Verdict | None = None
        for start in (*((end,) if end is not None else ()), *starts, *self.anchors):
            verdict = self.bench.equal(before, start)
            if verdict.holds:
                return verdict
            if verdict.status == "unchecked":
                unsure = verdict
        astray = "the line starts neither where the one before ended nor at the question"
        return unsure or Verdict("wrong", message=astray)

    def _conclude(self, step: Conclude, end: Expr | None) -> Iterator[Verdict]:
        if self.derivation.question is not None:
            if step.digits is None:
                yield self.bench.equal(step.goal, step.result)
            else:
                yield self.bench.rounded(step.goal, step.result, step.digits)
            return
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
        if derivation.question is not None:
            yield from self._answer(derivation.question)
            return
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

    def _answer(self, question: Expr) -> Iterator[Verdict]:
        """The result against what was asked for: by dual numbers, and a derivative by central differences too."""
        derivation = self.derivation
        if derivation.task == "diagram" and question == derivation.result:
            yield Verdict("exact", self.bench.wanted)  # nothing is asked but the picture, which is checked as a step
            return
        if derivation.task in EXTREMA:
            yield check_extrema(derivation, self.bench)
            return
        if derivation.digits is None:
            yield self.bench.equal(question, derivation.result)
        else:
            yield self.bench.rounded(question, derivation.result, derivation.digits)
        order = derivative_order(question)
        if order in AGREEMENT:
            both = (by_differences(question, order), by_differences(question, order, SHRUNK))
            yield self.bench.near(both, derivation.result, AGREEMENT[order], derivation.digits)

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
                _, again, _ = self._two_ways(evaluator, wrt, SHRUNK)
            except BadPoint:
                continue
            if value.shape != found.shape:
                return Verdict("wrong", message=f"the result is {value.shape}, the derivative {found.shape}")
            apart = np.abs(value - found)
            scale = max(float(np.abs(value).max()), float(np.abs(found).max()), most, ZERO_SCALE)
            if not np.isfinite(scale):
                continue
            doubt = DOUBT * float(np.abs(found - again).max())
            if doubt > scale:
                continue  # the function bends within a step
            if apart.max() > max(AGREEMENT[self.derivation.order] * scale, doubt):
                place = np.unravel_index(int(apart.argmax()), apart.shape)
                shown = f"{show_number(float(value[place]))} is not {show_number(float(found[place]))}"
                return Verdict("wrong", 1, float(apart.max()) / scale, f"against central differences: {shown}")
            return Verdict("exact", self.bench.wanted)
        return Verdict("unchecked", message="no point was found at which the statement and the result have a value")

    def _two_ways(self, evaluator: Evaluator, wrt: Symbol, shrunk: float = 1.0) -> tuple[Array, Array, float]:
        """The result, what central differences say it is, and the greatest value of the statement on the way."""
        known = self.derivation
        own, held = free_axes(known)
        tensor, most = central_differences(
            evaluator.point, self.bench.definitions, known.statement, wrt, known.order, (*held, *own), shrunk
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
    if derivation.question is not None:
        yield derivation.question
    yield derivation.result
    yield from (other for _, other in derivation.others)
    for step in derivation.steps:
        yield from _written(step)


def _written(step: Step) -> Iterable[Expr]:
    match step:
        case Conclude():
            yield from (step.goal, step.result)
        case Rewrite():
            yield from (step.before, step.after)
            for instance in step.instances:
                yield from (instance.left, instance.right)
            for substep in step.substeps:
                yield from _written(substep)
        case Define(_, meaning, before, after):
            yield from (one for one in (meaning, before, after) if one is not None)
        case Table(table) | Grid(_, table):
            for row in table:
                for instance in row:
                    yield from (instance.left, instance.right)
        case Statement(_, _, facts):
            for fact in facts:
                yield from (fact.left, fact.right)
        case Solve(_, equations, points, assumed, of):
            for equation in (*assumed, *of, *equations):
                yield from (equation.left, equation.right)
            for point in points:
                yield from point
        case Solutions(unknowns, equations, points):
            yield from unknowns
            for equation in equations:
                yield from (equation.left, equation.right)
            for point in points:
                yield from point
        case Options(options):
            for option in options:
                yield option.expr
        case Drawing() | Listing():
            return
        case _:
            assert_never(step)
