"""The lines that a descent and Newton's method share: derivatives, their values at a point, the table of points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from derivgen.derivation import Conclude, Fact, Grid, Instance, Rewrite, Rule, Statement, Step, Table
from derivgen.derive.evaluation import put_in, rounded, ungrouped, value_lines, work_out
from derivgen.derive.iteration import ROUNDED_TO, Setting, Stop, good_derivative
from derivgen.derive.naming import second_partials
from derivgen.errors import CannotDerive
from derivgen.expr.build import plus
from derivgen.expr.nodes import MINUS_ONE, ONE, At, Dim, Expr, Matrix, Norm, Number, Partial, Product, Symbol, number
from derivgen.expr.text import MOST_PLACES, text
from derivgen.rules.optimisation import (
    add_entries,
    gradient,
    hessian,
    known_values,
    norm_of_numbers,
    one_derivative,
    partial_derivative,
    second_derivative,
    second_partial,
)

Points = tuple[Expr, ...]


def column(entries: Sequence[Expr]) -> Expr:
    """The entries stacked; one alone stays a scalar."""
    return entries[0] if len(entries) == 1 else Matrix(tuple(entries), (Dim(len(entries)), ONE))


def square(entries: Sequence[Expr], size: int) -> Matrix:
    return Matrix(tuple(entries), (Dim(size), Dim(size)))


def entries_of(expr: Expr) -> tuple[Expr, ...]:
    return tuple(map(ungrouped, expr.entries)) if isinstance(expr, Matrix) else (ungrouped(expr),)


def lined_up(numbers: Sequence[Expr]) -> list[Expr]:
    """Numbers that stand below each other, with as many decimals each where they have finite ones."""
    values = [one.value for one in numbers if isinstance(one, Number)]
    places = next((n for n in range(MOST_PLACES + 1) if all(10**n % one.denominator == 0 for one in values)), None)
    if not places or len(values) < len(numbers):
        return list(numbers)
    return [replace(one, places=places) for one in numbers if isinstance(one, Number)]


def minus(left: Expr, *right: Expr) -> Expr:
    """left - right, the factors of `right` kept as they are."""
    return plus((left, Product((MINUS_ONE, *right))))


@dataclass(slots=True)
class Lines:
    """Makes the lines about one formula; `steps` are those made so far, `named` what their symbols stand for."""

    the: Setting
    steps: list[Step]
    named: dict[Symbol, Expr]
    slope: Symbol
    """The gradient of the formula; of one variable, f'."""
    curvature: Symbol
    """Its Hessian, or f''."""
    staged: tuple[Expr, ...] = ()
    """The heading of the lines about the new point, where these go on with rounded numbers."""

    @classmethod
    def about(cls, the: Setting) -> Lines:
        name, count = the.quantity.name, len(the.variables)
        wide = Dim(count)
        if count == 1:
            return cls(the, [], {}, Symbol(f"{name}'", latex=f"{name}'"), Symbol(f"{name}''", latex=f"{name}''"))
        slope = Symbol(f"grad_{name}", (wide, ONE), latex=rf"\nabla {name}")
        return cls(the, [], {}, slope, Symbol(the.free_name("H", "H_f"), (wide, wide)))

    def given(self, names: Points, point: Points, *more: Instance) -> None:
        """Where it starts, and what else is given; how numbers are rounded."""
        self.steps.append(Table(((*map(Instance, names, point), *more),)))
        the = self.the
        if the.staged and the.digits is not None:
            key = "rounded_arrays" if the.part.task == "newton" and not self.scalar else "rounded_on"
            self.steps.append(Statement(key, (("digits", number(the.digits)),)))

    @property
    def scalar(self) -> bool:
        return len(self.the.variables) == 1

    def slopes(self) -> Points:
        """The first derivatives, a line for each, then the gradient."""
        the = self.the
        found = tuple(good_derivative(the.expression, variable) for variable in the.variables)
        pending = tuple(Partial(the.quantity, variable) for variable in the.variables)
        self.named[self.slope] = column(pending)
        if self.scalar:
            self.steps.append(Rewrite((one_derivative,), self.slope, found[0], self.slope))
            return found
        for heading, value in zip(pending, found, strict=True):
            self.steps.append(Rewrite((partial_derivative,), heading, value, heading))
        self.steps.append(Rewrite((gradient,), self.slope, column(pending), self.slope))
        self.steps.append(Rewrite((known_values,), column(pending), column(found), self.slope))
        return found

    def curvatures(self, slopes: Points) -> Points:
        """The second derivatives row by row: a line for each that is not there by symmetry, then the Hessian."""
        the, size = self.the, len(self.the.variables)
        places = [(row, place) for row in range(size) for place in range(size)]
        pending = second_partials(the.quantity, the.variables)
        upper = {(a, b): good_derivative(slopes[b], the.variables[a]) for a, b in places if a <= b}
        found = tuple(upper[min(a, b), max(a, b)] for a, b in places)
        self.named[self.curvature] = pending[0] if self.scalar else square(pending, size)
        if self.scalar:
            self.steps.append(Rewrite((second_derivative,), self.curvature, found[0], self.curvature))
            return found
        for (a, b), value in upper.items():
            heading = pending[a * size + b]
            self.steps.append(Rewrite((second_partial,), heading, value, heading))
        self.steps.append(Rewrite((hessian,), self.curvature, square(pending, size), self.curvature))
        self.steps.append(Rewrite((known_values,), square(pending, size), square(found, size), self.curvature))
        return found

    def at(self, body: Expr, point: Points) -> At:
        return At(body, self.the.variables, point)

    def evaluated(self, body: Expr, formula: Expr, point: Points) -> Expr:
        """The lines of `formula`, which `body` stands for, at a point.

        Gives the exact value; where numbers are used on as they were rounded, what the lines end with.
        """
        the = self.the
        lines, end = value_lines(formula, the.at(point), self.at(body, point), digits=the.digits, staged=the.staged)
        self.steps += lines
        if not self.the.staged:
            end = the.value(formula, point)
        return Matrix(entries_of(end), end.shape) if isinstance(end, Matrix) else ungrouped(end)

    def with_constants(self, body: Expr, formula: Expr) -> Expr:
        """The lines of `formula`, which holds no variable: the numbers of other symbols are put in."""
        the = self.the
        lines, end = value_lines(formula, the.constants, body, digits=the.digits, staged=the.staged)
        self.steps += lines
        if not the.staged:
            end = the.value(formula, the.variables)
        return Matrix(entries_of(end), end.shape) if isinstance(end, Matrix) else ungrouped(end)

    def height(self, point: Points, names: Points) -> None:
        """The value of the formula at a point, in full where its numbers are short."""
        the = self.the
        if all(the.is_short(one) for one in point):
            self.evaluated(the.quantity, the.expression, point)
            return
        heading = self.at(the.quantity, names)
        shown = rounded(the.value(the.expression, point), self.shown_digits(point))
        if shown is None:
            raise CannotDerive(f"{text(the.expression)} has no real value in step 1")
        self.steps.append(Rewrite((put_in, work_out), heading, shown, heading, digits=self.shown_digits(point)))

    def shown_digits(self, point: Points) -> int:
        return ROUNDED_TO if self.the.digits is None else self.the.digits

    def norm(self, at: Expr, value: Expr) -> None:
        """The length of the gradient at a point."""
        heading = Norm(at)
        written = norm_of_numbers(Norm(value))
        assert written is not None
        self.steps.append(Rewrite((norm_of_numbers,), heading, written, heading))
        lines, _ = value_lines(written, {}, heading, digits=self.the.digits, staged=self.the.staged)
        self.steps += lines

    def chain(self, heading: Expr, lines: Sequence[tuple[tuple[Rule, ...], Expr, int | None]]) -> None:
        """Lines of one heading, each from the one before, the first from the heading."""
        before = heading
        for rules, after, digits in lines:
            self.steps.append(Rewrite(rules, before, after, heading, digits=digits))
            before = after

    def added(self, terms: Expr) -> Expr:
        """A sum of columns of numbers as one column."""
        together = add_entries(terms)
        assert isinstance(together, Matrix)
        return Matrix(tuple(self.the.value(entry, self.the.variables) for entry in together.entries), together.shape)

    def compare(self, keys: tuple[str, str, str], old: Points, new: Points, more: tuple[tuple[str, Expr], ...]) -> None:
        """Whether the formula is lower at `new` than at `old`: the sentence of the first key; higher; equal."""
        the = self.the
        before, after = (the.value(the.expression, point) for point in (old, new))
        shown = []
        digits = self.shown_digits(new)
        for value in (before, after):
            near = rounded(value, digits)
            if near is None:
                raise CannotDerive(f"{text(the.expression)} has no real value in the last step")
            exact = isinstance(value, Number) and 10**digits % value.value.denominator == 0
            shown.append(value if exact or (the.is_short(value) and the.digits is None) else near)
        apart = _difference(after, before)
        key, relation = (keys[0], "<") if apart < 0 else (keys[1], ">") if apart > 0 else (keys[2], "=")
        fact = Fact(self.at(the.quantity, new), relation, self.at(the.quantity, old))
        visible = all(the.is_short(one) for one in new)
        self.steps.append(Statement(key, (("before", shown[0]), ("after", shown[1]), *more), (fact,), shown=visible))


def _difference(left: Expr, right: Expr) -> Fraction:
    near = rounded(minus(left, right), 30)
    assert isinstance(near, Number)
    return near.value


@dataclass(frozen=True, slots=True)
class Walk:
    """The points of a method with their names: `move` is where it goes from a point, pending derivatives and all."""

    the: Setting
    stops: tuple[Stop, ...]
    names: tuple[tuple[Symbol, ...], ...]
    moves: Callable[[Points], Points]

    def meanings(self) -> dict[Symbol, Expr]:
        """What the names of the points stand for: from the one before, as far as exact numbers can be followed.

        Where numbers are carried on with many decimals, each step is compared with the one before, not with the start.
        """
        found: dict[Symbol, Expr] = {}
        for place, (stop, names) in enumerate(zip(self.stops, self.names, strict=True)):
            carried = place == 0 or (place > 1 and stop.origin == "carried")
            meanings = stop.point if carried else self.moves(self.names[place - 1])
            found |= dict(zip(names, meanings, strict=True))
        return found

    def origin(self, place: int) -> Points:
        """The point of a number, from the one before it."""
        return self.moves(self.names[place - 1]) if place else self.stops[0].point

    @property
    def digits(self) -> int | None:
        """The decimals of the table: those asked for, or a few where exact numbers are too long."""
        if self.the.digits is not None:
            return self.the.digits
        shown = (*(one for stop in self.stops for one in stop.point), *map(self.height, self.stops))
        return None if all(self.the.is_short(one) for one in shown) else ROUNDED_TO

    def height(self, stop: Stop) -> Expr:
        return self.the.value(self.the.expression, stop.point)

    def grid(self) -> Grid:
        """A row for each point: its number, the variables, the value of the formula."""
        the, digits = self.the, self.digits
        counter = Symbol(the.free_name("k", "n", "m"))
        table: list[tuple[Expr, ...]] = []
        for place, stop in enumerate(self.stops):
            exact = (*stop.point, self.height(stop))
            shown = [rounded(one, digits) for one in exact] if digits is not None else list(exact)
            known = tuple(one for one in shown if one is not None)
            if len(known) < len(exact):
                raise CannotDerive(f"{text(the.expression)} has no real value in step {place}")
            table.append(known)
        if digits is None:
            table = list(zip(*map(lined_up, zip(*table, strict=True)), strict=True))
        rows: list[tuple[Instance, ...]] = []
        for place, (values, names) in enumerate(zip(table, self.names, strict=True)):
            own = (*self.origin(place), At(the.quantity, the.variables, names))
            rows.append((Instance(number(place), number(place)), *map(Instance, own, values)))
        return Grid((counter, *the.variables, the.quantity), tuple(rows), digits)


def concluded(lines: Lines, walk: Walk, digits: int | None) -> tuple[Conclude, Expr]:
    """The box with the last point, and that point."""
    heading, exact = column(walk.names[-1]), column(walk.stops[-1].point)
    shown = exact if digits is None else rounded(exact, digits)
    if shown is None:
        raise CannotDerive("the last point has no real value")
    return Conclude(heading, shown, heading, digits=digits), shown
