"""What gradient descent and Newton's method share: where they begin, the lines of a step with numbers, their end."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from derivgen.derivation import Derivation, Fact, Rewrite, Rule, Statement, Step
from derivgen.derive.dressing import dressed
from derivgen.derive.evaluation import put_in, round_off, rounded, value_lines
from derivgen.derive.iteration import ROUNDED_TO, Setting, Stop, fraction, numeric, refuse_kinks
from derivgen.derive.stepping import Lines, Points, Walk, column, concluded, entries_of, minus
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import Entry, Expr, Number, Plus, Symbol
from derivgen.expr.shapes import shape
from derivgen.expr.walk import symbols
from derivgen.rules.optimisation import add_entries


def beginning(the: Setting) -> Stop:
    """Where the walk starts.

    Raises CannotDerive where that is no point of numbers, or the function has no value or no gradient there.
    """
    start = the.part.given.start
    if any(symbols(one) for one in start):
        raise CannotDerive("a coordinate of the start is no number")
    if len(start) != len(the.variables):
        raise CannotDerive(f"the start has {len(start)} coordinates for {len(the.variables)} variables")
    refuse_kinks(the, start)
    numeric(the, the.expression, start)
    return Stop(start, "exact" if all(isinstance(one, Number) for one in start) else "carried")


def near_value(expr: Expr) -> Fraction:
    """The number that `expr` is, or is near to."""
    value = fraction(expr)
    assert value is not None
    return value


def walk_through(the: Setting, stops: tuple[Stop, ...], moves: Callable[[Points], Points]) -> Walk:
    """The walk through `stops`, whose points are named x_0, x_1, ...; `moves` gives one from the other."""
    names = tuple(the.numbered(str(place)) for place in range(len(stops)))
    return Walk(the, stops, names, moves)


def derivation_of(lines: Lines, walk: Walk) -> Derivation:
    """The whole of it, ending in the last point."""
    the = lines.the
    last, digits = walk.stops[-1], the.digits if len(walk.stops) == 2 else walk.digits
    short = last.origin == "exact" and all(the.is_short(one) for one in last.point)
    if digits is None and not short:
        digits = ROUNDED_TO
    if digits is not None and rounded(column(last.point), digits) == column(last.point) and last.origin == "exact":
        digits = None
    end, result = concluded(lines, walk, digits)
    if the.staged and len(walk.stops) == 2:
        lines.steps += _last_digits(lines, walk)
    lines.steps.append(end)
    made = Derivation(
        task=the.part.task,
        statement=the.expression,
        steps=tuple(lines.steps),
        result=result,
        form="matrix",
        shape=shape(result),
        quantity=the.quantity,
        question=column(walk.origin(len(walk.stops) - 1)),
        named=tuple(lines.named.items()),
        digits=digits,
    )
    return dressed(made, decimal=True, ordinary=False) if the.staged else made


def _last_digits(lines: Lines, walk: Walk) -> list[Step]:
    """What to say where the point that came out of rounded numbers differs from the right one."""
    the, exact = lines.the, column(walk.stops[1].point)
    point = next(one.after for one in reversed(lines.steps) if isinstance(one, Rewrite) and one.heading in lines.staged)
    shown = column(entries_of(point))
    assert the.digits is not None
    right = rounded(exact, the.digits)
    if right is None or right == shown:
        return []
    fact = Fact(column(walk.names[1]), "≈", right, the.digits)
    return [Statement("last_digit", (("staged", shown), ("exact", right)), (fact,), shown=False)]


def put_into(lines: Lines, after: Expr, heading: Expr) -> Rewrite:
    """The line that follows the last one by putting numbers in."""
    last = lines.steps[-1]
    assert isinstance(last, Rewrite)
    return Rewrite((put_in,), last.after, after, heading)


def worked_out(lines: Lines, put: Expr, heading: Expr) -> None:
    """The lines that work out `put`, a number."""
    the = lines.the
    steps, _ = value_lines(put, {}, heading, digits=the.digits, staged=the.staged)
    lines.steps += [one for one in steps if not isinstance(one, Statement)]


def rounded_end(lines: Lines, put: Expr, heading: Expr, walk: Walk) -> None:
    """Where numbers have no exact value: the point as it is rounded."""
    digits = lines.shown_digits(walk.stops[1].point)
    shown = rounded(column(walk.stops[1].point), digits)
    assert shown is not None
    lines.steps.append(Rewrite((round_off,), put, shown, heading, digits=digits))


def moved(lines: Lines, heading: Expr, put: Expr, move: Expr, rules: tuple[Rule, ...]) -> None:
    """[4; 2] - [0.8; 1.6], then the difference; rounded where that is asked for."""
    the = lines.the
    digits = the.digits
    before, sum_ = put, None
    assert isinstance(put, Plus)
    start = put.terms[0]
    if the.staged and digits is not None and (near := rounded(move, digits)) != move:
        exact = minus(start, move)
        lines.steps.append(Rewrite(rules, before, exact, heading))
        assert near is not None
        before, move, rules = exact, near, (round_off,)
        lines.steps.append(Rewrite(rules, before, minus(start, move), heading, digits=digits))
    else:
        lines.steps.append(Rewrite(rules, before, minus(start, move), heading))
    before = minus(start, move)
    sum_ = lines.added(before)
    lines.steps.append(Rewrite((add_entries,), before, sum_, heading))
    if digits is not None and (near := rounded(sum_, digits)) is not None and near != sum_:
        lines.steps.append(Rewrite((round_off,), sum_, near, heading, digits=digits))


def as_rounded(lines: Lines, name: Symbol, found: Expr, at: Points) -> Expr:
    """The rounded value of `name` at a point, printed as the value there."""
    made = Symbol(f"{name.name}_", name.shape, latex=name.latex)  # the empty word at its end is not printed
    lines.named[made] = found
    return lines.at(made, at)


def staged_heading(lines: Lines, names: tuple[Symbol, ...], meaning: Expr) -> Expr:
    """The new point as it comes out of rounded numbers: printed by the same names, it is not quite the same."""
    made = tuple(Symbol(name.name.replace("_", "__")) for name in names)
    for place, symbol in enumerate(made, 1):
        lines.named[symbol] = meaning if lines.scalar else Entry(meaning, (place,))
    lines.staged = (column(made),)
    return column(made)


def staged_point(lines: Lines) -> Points:
    """Where the lines about the new point have ended."""
    last = lines.steps[-1]
    assert isinstance(last, Rewrite)
    return entries_of(last.after)


def table(lines: Lines, walk: Walk) -> None:
    """The points of the walk as a table, with how its numbers were rounded."""
    digits = walk.digits
    if digits is not None and (lines.the.staged or lines.the.digits is None):
        key = "table_exact" if lines.the.staged else "table_rounded"
        lines.steps.append(Statement(key, (("digits", Number(Fraction(digits))),)))
    lines.steps.append(walk.grid())
