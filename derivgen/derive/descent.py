"""Gradient descent: the first step in full, further ones in a table."""

from __future__ import annotations

from fractions import Fraction

from derivgen.derivation import Derivation, Fact, Instance, Statement
from derivgen.derive.evaluation import work_out
from derivgen.derive.iteration import Setting, Stop, first_partials, numeric, pending_gradient, setting, step_from
from derivgen.derive.stepping import Lines, Points, Walk, column, entries_of, minus
from derivgen.derive.walking import (
    as_rounded,
    beginning,
    derivation_of,
    moved,
    near_value,
    put_into,
    rounded_end,
    staged_heading,
    staged_point,
    table,
    walk_through,
    worked_out,
)
from derivgen.expr.nodes import ZERO_NUMBER, At, Expr, Group, Layout, Matrix, Norm, Number, Product, Symbol, Zeros
from derivgen.expr.shapes import shape
from derivgen.problem.model import Part
from derivgen.rules.optimisation import gradient_step, scale_entries

RATE_LETTERS = ("alpha", "eta", "rho")


def descend(part: Part, layout: Layout) -> Derivation:
    """Steps x - α ∇f(x) from the start.

    Raises CannotDerive where the function or its gradient has no value at a point on the way.
    """
    the = setting(part)
    given = part.given
    assert given.rate is not None
    lines = Lines.about(the)
    rate = Symbol(the.free_name(*RATE_LETTERS))
    stops = _descent(the, first_partials(the), given.rate, given.steps)
    walk = walk_through(the, stops, lambda point: _descended(the, rate, point))
    lines.given(walk.names[0], stops[0].point, Instance(rate, Number(given.rate)))
    slopes = lines.slopes()
    lines.named |= {rate: Number(given.rate), **walk.meanings()}
    start, first, names = stops[0].point, stops[1].point, walk.names
    found = lines.evaluated(lines.slope, column(slopes), start)
    _first_descent(lines, walk, rate, found)
    first = staged_point(lines) if the.staged else first
    if all(the.value(one, start) == ZERO_NUMBER for one in slopes):
        zero = ZERO_NUMBER if lines.scalar else Zeros(lines.slope.shape)
        lines.steps.append(Statement("descent_rests", (), (Fact(lines.at(lines.slope, start), "=", zero),)))
    elif given.steps == 1:
        lines.height(start, names[0])
        lines.height(first, names[1])
        _says_where_it_went(lines, start, first, rate)
        if all(the.is_short(one) for one in (*first, *entries_of(found))):
            _compare_slopes(lines, start, first, slopes, found)
    else:
        table(lines, walk)
        _says_where_it_went(lines, start, stops[-1].point, rate)
    return derivation_of(lines, walk)


def _descent(the: Setting, slopes: Points, rate: Fraction, steps: int) -> tuple[Stop, ...]:
    def move(point: Points) -> tuple[tuple[Fraction, bool], ...]:
        slanted = [numeric(the, slope, point) for slope in slopes]
        return tuple((near_value(one) - rate * by, known) for one, (by, known) in zip(point, slanted, strict=True))

    stops = [beginning(the)]
    for _ in range(steps):
        stops.append(step_from(the, stops, move))
    return tuple(stops)


def _descended(the: Setting, rate: Symbol, point: Points) -> Points:
    """Where a step of the descent goes from `point`: pending derivatives of the expression itself."""
    return tuple(
        minus(one, rate, At(pending, the.variables, point))
        for one, pending in zip(point, pending_gradient(the.expression, the.variables), strict=True)
    )


def _first_descent(lines: Lines, walk: Walk, rate: Symbol, found: Expr) -> None:
    """x_1 = x_0 - α ∇f(x_0), with the numbers put in and worked out; `found` is the gradient at the start."""
    the = lines.the
    (old, new), start = walk.names[:2], walk.stops[0].point
    slope: Expr = lines.at(lines.slope, old)
    if the.staged:
        slope = as_rounded(lines, lines.slope, found, old)
    heading = column(new)
    if the.staged:
        heading = staged_heading(lines, new, minus(column(old), rate, slope))
    given = Number(the.part.given.rate or Fraction(0))
    lines.chain(heading, [((gradient_step,), minus(column(old), rate, slope), None)])
    if lines.scalar:
        put = minus(start[0], given, Group(found))
        lines.steps.append(put_into(lines, put, heading))
        worked_out(lines, put, heading)
        return
    put = minus(column(start), given, found)
    lines.steps.append(put_into(lines, put, heading))
    if not all(isinstance(one, Number) for one in entries_of(found)):
        rounded_end(lines, put, heading, walk)
        return
    scaled = Matrix(
        tuple(lines.the.value(Product((given, one)), the.variables) for one in entries_of(found)), shape(found)
    )
    moved(lines, heading, put, scaled, (scale_entries, work_out))


def _says_where_it_went(lines: Lines, start: Points, last: Points, rate: Symbol) -> None:
    given = lines.the.part.given
    many = "" if given.steps == 1 else "s"
    keys = (f"descent{many}_lower", f"descent{many}_raise", f"descent{many}_level")
    more = (("rate", Number(given.rate or Fraction(0))), ("count", Number(Fraction(given.steps))))
    lines.compare(keys, start, last, more)


def _compare_slopes(lines: Lines, start: Points, first: Points, slopes: Points, found: Expr) -> None:
    """The gradient at the new point, and whether it has become shorter."""
    now = lines.evaluated(lines.slope, column(slopes), first)
    exact = (*(lines.the.value(one, point) for point in (start, first) for one in slopes),)
    if (
        lines.scalar
        or exact != (*entries_of(found), *entries_of(now))
        or not all(isinstance(one, Number) for one in exact)
    ):
        return
    old, new = lines.at(lines.slope, start), lines.at(lines.slope, first)
    lines.norm(old, found)
    lines.norm(new, now)
    lengths = [sum(one.value**2 for one in entries_of(each) if isinstance(one, Number)) for each in (found, now)]
    key, relation = (
        ("gradient_shorter", "<")
        if lengths[1] < lengths[0]
        else ("gradient_longer", ">")
        if lengths[1] > lengths[0]
        else ("gradient_as_long", "=")
    )
    lines.steps.append(Statement(key, (), (Fact(Norm(new), relation, Norm(old)),)))
