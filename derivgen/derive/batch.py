"""The gradient of a loss over a small table of data: one point after another, then the mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from derivgen.derivation import Conclude, Derivation, Fact, Grid, Instance, Rewrite, Statement, Step, Table
from derivgen.derive.dressing import dressed
from derivgen.derive.evaluation import (
    put_in,
    round_off,
    rounded,
    shown_alike,
    ungrouped,
    value_lines,
    value_of,
    work_out,
)
from derivgen.derive.iteration import (
    ROUNDED_TO,
    Setting,
    good_derivative,
    numeric,
    refuse_kinks,
    setting,
    with_symbols,
)
from derivgen.derive.stepping import Points, column, entries_of, lined_up, minus
from derivgen.errors import CannotDerive
from derivgen.expr.build import plus, product
from derivgen.expr.nodes import At, Expr, Group, Layout, Matrix, Number, Partial, Power, Product, Symbol, number
from derivgen.expr.shapes import shape
from derivgen.expr.text import decimal_text, text
from derivgen.expr.walk import symbols
from derivgen.problem.model import Part
from derivgen.rules.optimisation import gradient_step, mean_of_gradients, partial_derivative

WRITTEN_OUT = 4
"""So many data points are written out line by line; more stand in a table."""

RATE_LETTERS = ("alpha", "eta", "rho")


def batch_gradient(part: Part, layout: Layout) -> Derivation:
    """The mean over the data of the gradient of a loss; with a rate, the parameters after one step against it.

    Raises CannotDerive where a parameter has no value, or the loss or its gradient has none at a data point.
    """
    batch = _Batch(part)
    batch.one_point()
    batch.all_points()
    means = batch.means()
    if part.given.rate is not None:
        result = batch.update(part.given.rate, means)
        layout_shown = None
    else:
        result = batch.mean_gradient(means, layout)
        layout_shown = layout
    made = Derivation(
        task=part.task,
        statement=batch.loss,
        steps=tuple(batch.steps),
        result=result,
        form="matrix",
        shape=shape(result),
        quantity=batch.single,
        layout=layout_shown,
        question=batch.question,
        named=tuple(batch.named.items()),
        digits=batch.digits,
    )
    return dressed(made, decimal=True, ordinary=False) if batch.the.staged else made


class _Batch:
    """The lines about a table of data; `named` is what their symbols stand for."""

    def __init__(self, part: Part) -> None:
        columns = dict(part.given.data)
        assert part.expression is not None
        self.part, self.columns = part, columns
        if moved := [one.name for one in part.given.variables if one in columns]:
            raise CannotDerive(f"{', '.join(moved)} has data, so it is no parameter")
        self.count = len(next(iter(columns.values())))
        names = {one: Number(Fraction(0)) for one in columns}
        self.the = the = setting(part, names)
        at = dict(part.given.at)
        missing = [one.name for one in the.variables if one not in at or symbols(at[one])]
        if missing:
            raise CannotDerive(f"a gradient over data needs numbers for the parameters: {', '.join(missing)} has none")
        if not any(one in columns for one in symbols(part.expression)):
            raise CannotDerive("the expression holds none of the symbols that have data")
        self.at: Points = tuple(at[one] for one in the.variables)
        index = the.free_name("i", "j", "k")
        self.general = {one: Symbol(the.free_name(f"{one.name}_{index}", f"{one.name}_at{index}")) for one in columns}
        self.index = Symbol(index)
        self.loss = with_symbols(part.expression, self.general)
        letter = the.quantity.name
        self.mean = the.quantity
        self.single = Symbol(the.free_name(f"{letter}_{index}", f"{letter}_at{index}"))
        self.each = tuple(
            Symbol(the.free_name(f"{letter}_{place}", f"{letter}_at{place}")) for place in range(1, self.count + 1)
        )
        self.steps: list[Step] = []
        self.named: dict[Symbol, Expr] = {}
        for place, symbol in enumerate(self.each):
            self.named[symbol] = At(self.loss, tuple(self.general.values()), self.row(place))
        self.named[self.mean] = product((Number(Fraction(1, self.count)), plus(self.each)))
        self.slopes: Points = ()
        self.values: list[list[Expr]] = []
        self.question: Expr | None = None
        self.digits: int | None = None

    def row(self, place: int) -> Points:
        return tuple(Number(values[place]) for values in self.columns.values())

    def data(self, digits: int | None = None) -> list[list[Expr]]:
        """The columns of the table, their numbers with as many decimals each, `digits` at most."""
        columns = (tuple(map(Number, values)) for values in self.columns.values())
        return [lined_up([self._shortened(one, digits) for one in column]) for column in columns]

    def _shortened(self, value: Number, digits: int | None) -> Expr:
        return value if digits is None or 10**digits % value.value.denominator == 0 else self._shown(value, digits)

    def put(self, place: int) -> dict[Symbol, Expr]:
        """All that is put in for one data point."""
        data = dict(zip(self.general.values(), self.row(place), strict=True))
        return {**data, **dict(zip(self.the.variables, self.at, strict=True)), **self.the.constants}

    def slope_at(self, of: Symbol, variable: Symbol) -> At:
        """The value of a derivative at the parameters."""
        return At(Partial(of, variable), self.the.variables, self.at)

    # --- lines ------------------------------------------------------------------------------------------------------

    def one_point(self) -> None:
        """The derivatives for one data point, with an index on it."""
        if self.the.staged and self.the.digits is not None:
            self.steps.append(Statement("rounded_on", (("digits", number(self.the.digits)),)))
        if self.count <= WRITTEN_OUT:
            rows = (
                tuple(Instance(one, one) for one in (number(place), *row))
                for place, row in enumerate(zip(*self.data(), strict=True), 1)
            )
            self.steps.append(Grid((self.index, *self.general.values()), tuple(rows)))
        found: list[Expr] = []
        for variable in self.the.variables:
            heading = Partial(self.single, variable)
            value = good_derivative(self.loss, variable)
            self.steps.append(Rewrite((partial_derivative,), heading, value, heading))
            found.append(value)
        self.slopes = tuple(found)

    def all_points(self) -> None:
        """The values at the data points: a few line by line, more in a table after the first."""
        for place in range(self.count):
            refuse_kinks(self._setting_at(place), self.at)
            numeric(self._setting_at(place), self.the.expression, self.at)
        written = self.count if self.count <= WRITTEN_OUT else 1
        for place in range(self.count):
            own: list[Expr] = []
            for variable, slope in zip(self.the.variables, self.slopes, strict=True):
                lines, end = value_lines(
                    slope,
                    self.put(place),
                    self.slope_at(self.each[place], variable),
                    digits=self.the.digits if self.the.staged else None,
                    staged=self.the.staged,
                )
                if place < written:
                    self.steps += lines
                if self.the.staged and written < self.count and self.the.digits is not None:
                    # each cell of the table is rounded once, from the exact value
                    end = self._shown(value_of(slope, self.put(place)), self.the.digits)
                own.append(ungrouped(end))
            self.values.append(own)
        if written < self.count:
            self.steps.append(self._grid())

    def _setting_at(self, place: int) -> Setting:
        data = dict(zip(self.columns, self.row(place), strict=True))
        return replace(self.the, constants={**self.the.constants, **data})

    def _grid(self) -> Grid:
        """A row for each data point: the data and the derivatives there."""
        variables = self.the.variables
        everything = [one for own in self.values for one in own]
        short = all(self.the.is_short(one) for one in everything)
        digits = self.the.digits if self.the.digits is not None else None if short else ROUNDED_TO
        slopes_shown = tuple(Partial(self.single, one) for one in variables)
        header: tuple[Expr, ...] = (self.index, *self.general.values(), *slopes_shown)
        rows: list[tuple[Instance, ...]] = []
        given = tuple(zip(*self.data(digits), strict=True))
        values: list[Sequence[Expr]] = [*self.values]
        if digits is None:
            values = list(zip(*map(lined_up, zip(*self.values, strict=True)), strict=True))
        for place, own in enumerate(values):
            data = map(Instance, self.row(place), given[place])
            slopes = (
                Instance(self.slope_at(self.each[place], variable), self._shown(value, digits))
                for variable, value in zip(variables, own, strict=True)
            )
            rows.append((Instance(number(place + 1), number(place + 1)), *data, *slopes))
        return Grid(header, tuple(rows), digits)

    def _shown(self, value: Expr, digits: int | None) -> Expr:
        if digits is None:
            return value
        near = rounded(value, digits)
        if near is None:
            raise CannotDerive(f"{text(value)} has no real value")
        return near

    def means(self) -> list[Expr]:
        """The mean of each derivative over the data; exact, or as rounding line by line makes it."""
        values = (("mean", self.mean), ("single", self.single), ("count", number(self.count)))
        self.steps.append(Statement("mean_of_losses", values))
        share = Number(Fraction(1, self.count))
        found: list[Expr] = []
        for place, variable in enumerate(self.the.variables):
            heading: Expr = self.slope_at(self.mean, variable)
            numbers = [own[place] for own in self.values]
            before: Expr = heading
            if self.count <= WRITTEN_OUT:
                pending = product((share, plus(self.slope_at(each, variable) for each in self.each)))
                self.steps.append(Rewrite((mean_of_gradients,), heading, pending, heading))
                before = pending
            terms = [Group(one) if n and _is_negative(one) else one for n, one in enumerate(numbers)]
            written = product((plus(terms), Power(number(self.count), Number(Fraction(-1)))))
            if self.the.staged and self._is_rounded(place):
                # what was rounded above is used on, so the mean of these numbers starts a line of its own
                heading = self._of_rounded(variable, written)
                self.steps.append(Rewrite((mean_of_gradients,), heading, written, heading))
            else:
                self.steps.append(Rewrite((put_in,), before, written, heading))
            total = value_of(plus(numbers), {})
            digits = self.the.digits
            if digits is None and (not isinstance(total, Number) or self._is_endless(total.value / self.count)):
                digits = ROUNDED_TO
            over = product((total, Power(number(self.count), Number(Fraction(-1)))))
            if isinstance(total, Number) and self._looks_divided(value := total.value / self.count, total.value):
                over = Number(value)
            if isinstance(total, Number) and not shown_alike(written, over):
                self.steps.append(Rewrite((work_out,), written, over, heading))
                written = over
            lines, end = value_lines(written, {}, heading, digits=digits, staged=self.the.staged)
            self.steps += [one for one in lines if not isinstance(one, Statement)]
            exact = self._exact_mean(place)
            found.append(ungrouped(end) if self.the.staged else exact)
            if self.the.staged and self.the.digits is not None:
                self._last_digit(exact, ungrouped(end), self.the.digits)
        return found

    def _looks_divided(self, value: Fraction, total: Fraction) -> bool:
        """Whether a mean is written as the total over the count: -2/3, but not 1/4 where decimals are asked for."""
        finite = self.part.given.decimal and decimal_text(value) is not None
        return value.denominator == self.count and total.denominator == 1 and not finite

    def _is_endless(self, value: Fraction) -> bool:
        """Whether numbers are to be decimals, and this has no finite one."""
        return (self.part.given.decimal or self.the.digits is not None) and decimal_text(value) is None

    def _exact_mean(self, place: int) -> Expr:
        if not self.the.staged:
            total = plus(own[place] for own in self.values)
        else:
            total = plus(self._exact(place, n) for n in range(self.count))
        return _worked_out(product((Number(Fraction(1, self.count)), total)))

    def _exact(self, place: int, data: int) -> Expr:
        """One derivative at one data point."""
        return value_of(self.slopes[place], self.put(data))

    def _is_rounded(self, place: int) -> bool:
        exact = (self._exact(place, n) for n in range(self.count))
        return any(one != own[place] for one, own in zip(exact, self.values, strict=True))

    def _of_rounded(self, variable: Symbol, meaning: Expr) -> Expr:
        """The mean of rounded numbers, printed as the mean that it is near to."""
        made = Symbol(f"{self.mean.name}_")  # the empty word at its end is not printed
        # a function with that derivative, so that the heading is what it looks like
        so_far = self.named.get(made, Number(Fraction(0)))
        self.named[made] = plus((so_far, product((meaning, variable))))
        return At(Partial(made, variable), self.the.variables, self.at)

    def _last_digit(self, exact: Expr, shown: Expr, digits: int) -> None:
        right = rounded(exact, digits)
        if right is not None and right != shown:
            values = (("staged", shown), ("exact", right))
            self.steps.append(Statement("last_digit", values, (Fact(exact, "≈", right, digits),), shown=False))

    # --- results ----------------------------------------------------------------------------------------------------

    def mean_gradient(self, means: list[Expr], layout: Layout) -> Expr:
        """The box with the gradient of the mean."""
        the = self.the
        pending = tuple(Partial(self.mean, one) for one in the.variables)
        exact = column([self._exact_mean(place) for place in range(len(means))])
        asked = column(pending)
        if layout == Layout.NUMERATOR and isinstance(exact, Matrix) and isinstance(asked, Matrix):
            turned = (exact.shape[1], exact.shape[0])
            exact, asked = replace(exact, shape=turned), replace(asked, shape=turned)
        self.question = At(asked, the.variables, self.at)
        if len(pending) == 1:
            heading: Expr = self.question
        else:
            slope = Symbol(f"grad_{self.mean.name}", shape(exact), latex=rf"\nabla {self.mean.name}")
            self.named[slope] = asked
            heading = At(slope, the.variables, self.at)
        return self._concluded(self.question, exact, heading)

    def _concluded(self, goal: Expr, exact: Expr, heading: Expr) -> Expr:
        digits = self.the.digits
        entries = entries_of(exact)
        if digits is None and any(not isinstance(one, Number) or self._is_endless(one.value) for one in entries):
            digits = ROUNDED_TO
        shown = exact
        if digits is not None:
            shown = self._shown(exact, digits)
            if shown == exact:
                shown, digits = exact, None
        self.digits = digits
        self.steps.append(Conclude(goal, shown, heading, digits=digits))
        return shown

    def _rounded_once(self, put: Expr, old: Expr, rate: Fraction, mean: Expr, heading: Expr) -> None:
        """1.5 - 0.1(-2/3) = 1.5 + 0.1 (2/3), and that rounded."""
        if isinstance(mean, Number) and mean.value * rate < 0:
            turned = plus((old, Product((Number(abs(rate)), Group(Number(abs(mean.value)))))))
            self.steps.append(Rewrite((work_out,), put, turned, heading))
            put = turned
        digits = ROUNDED_TO if self.the.digits is None else self.the.digits
        self.steps.append(Rewrite((round_off,), put, self._shown(put, digits), heading, digits=digits))

    def update(self, rate: Fraction, means: list[Expr]) -> Expr:
        """One step against the gradient of the mean, a line for each parameter."""
        the = self.the
        letter = Symbol(the.free_name(*RATE_LETTERS))
        self.named[letter] = Number(rate)
        old = dict(zip(the.variables, self.at, strict=True))
        new = the.numbered("new")
        held = the.numbered("old")
        self.named |= dict(zip(held, self.at, strict=True))
        self.steps.append(Table(((*map(Instance, held, self.at), Instance(letter, Number(rate))),)))
        exact: list[Expr] = []
        used = Symbol(f"{self.mean.name}__")  # printed as the mean; its gradient is the one that was rounded
        if the.staged:
            self.named[used] = plus(product(both) for both in zip(means, the.variables, strict=True))
        for place, (variable, before, name) in enumerate(zip(the.variables, held, new, strict=True)):
            pending = self.slope_at(self.mean, variable)
            self.named[name] = minus(old[variable], letter, pending)
            heading: Expr = name
            if the.staged and means[place] != self._exact_mean(place):
                pending = At(Partial(used, variable), the.variables, self.at)
                heading = made = Symbol(name.name.replace("_", "__"))
                self.named[made] = minus(old[variable], letter, pending)
            formula = minus(before, letter, pending)
            self.steps.append(Rewrite((gradient_step,), heading, formula, heading))
            put = minus(old[variable], Number(rate), Group(means[place]))
            self.steps.append(Rewrite((put_in,), formula, put, heading))
            right = _worked_out(minus(old[variable], Number(rate), self._exact_mean(place)))
            if not the.staged and isinstance(right, Number) and self._is_endless(right.value):
                # a fraction that is no finite decimal stays until the end, and no other is made
                self._rounded_once(put, old[variable], rate, means[place], heading)
                exact.append(right)
                continue
            lines, end = value_lines(put, {}, heading, digits=the.digits, staged=the.staged)
            self.steps += [one for one in lines if not isinstance(one, Statement)]
            exact.append(right)
            if the.staged and the.digits is not None:
                self._last_digit(right, ungrouped(end), the.digits)
        self.question = column([self.named[name] for name in new])
        return self._concluded(self.question, column(exact), column(new))


def _is_negative(expr: Expr) -> bool:
    return isinstance(expr, Number) and expr.value < 0


def _worked_out(expr: Expr) -> Expr:
    return value_of(expr, {})
