"""The numbers of a pass through named quantities, and the lines that they are worked out in.

Numbers are kept as fractions, or to NEAR decimals where they have no exact value; what is shown is rounded. Rounded
line by line, each line goes on with what the one before has shown; else a line takes as many more decimals as its last
digit needs to be right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from derivgen.derivation import Conclude, Fact, Grid, Instance, Rewrite, Statement, Step
from derivgen.derive.evaluation import put_in, round_off, rounded, ungrouped, value_lines, value_of
from derivgen.derive.iteration import ROUNDED_TO
from derivgen.derive.multiplying import Chain
from derivgen.derive.paths import Graph
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import ONE, SCALAR, Dim, Expr, Group, Matrix, Number, number
from derivgen.expr.walk import parts, with_parts
from derivgen.problem.model import Part

NEAR = 60
"""Decimals of numbers that have no exact value."""
MOST_GUARD = 12
"""More decimals than are shown that a line may take."""
MOST_BITS = 4_000
"""Of an exact number, which doubles where it is squared; a longer one is kept to NEAR decimals."""
WIDE = 6
"""Columns of a table of numbers."""


@dataclass(frozen=True, slots=True)
class Value:
    """A number: as near as it is known, and as lines that are rounded go on with it."""

    near: Fraction
    exact: bool
    shown: Number | None = None


@dataclass(slots=True)
class Numbers:
    """The numbers of a pass, and the lines that they are worked out in."""

    asked: int | None
    staged: bool
    known: dict[Expr, Value] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    rounds: bool = False
    """Whether a line was rounded."""

    @classmethod
    def of(cls, part: Part, graph: Graph) -> Numbers:
        work = cls(part.digits, part.given.staged)
        for name, rows in part.scope.values.items():
            symbol = part.scope.symbols[name]
            if symbol.shape == SCALAR:
                value = rows[0][0]
                work.known[symbol] = Value(value, True, Number(value))
        return work

    @property
    def digits(self) -> int:
        return ROUNDED_TO if self.asked is None else self.asked

    def is_short(self, value: Value) -> bool:
        """It is shown as it is."""
        return value.exact and (self.asked is None or 10**self.digits % value.near.denominator == 0)

    def is_plain(self, formula: Expr) -> bool:
        """A number that needs no working out."""
        return isinstance(formula, Number) and self.is_short(Value(formula.value, True))

    def is_put_exactly(self, value: Value) -> bool:
        """What stands in a line for it is no other number."""
        return self.is_short(value) and self.put(value, 0).value == value.near

    def put(self, value: Value, guard: int) -> Number:
        """What stands in a line for `value`."""
        if self.staged and value.shown is not None:
            return value.shown
        return Number(value.near) if self.is_short(value) else near_to(value.near, self.digits + guard)

    def near(self, expr: Expr) -> Value:
        """The value of `expr` in what is known."""
        own = {one: self.known[one] for one in known_in(expr, self.known)}
        found = value_of(filled(expr, {one: Number(value.near) for one, value in own.items()}), {})
        exact = isinstance(found, Number) and all(value.exact for value in own.values())
        close = found if exact else rounded(found, NEAR)
        if not isinstance(close, Number):
            raise CannotDerive("a value cannot be worked out in numbers")
        return self.kept(close.value, exact)

    def kept(self, value: Fraction, exact: bool) -> Value:
        """`value` as it is gone on with: one that is too long is no longer exact."""
        if value.numerator.bit_length() + value.denominator.bit_length() <= MOST_BITS:
            return Value(value, exact)
        return Value(near_to(value, NEAR).value, False)

    def worked(self, heading: Expr, formula: Expr, chain: Chain) -> Value:
        """Adds the lines from the end of `chain`, which is `formula`, to its number; keeps and gives that."""
        value = self.near(formula)
        own = [self.known[one] for one in known_in(formula, self.known)]
        right = Number(value.near) if self.is_short(value) else near_to(value.near, self.digits)
        if all(map(self.is_put_exactly, own)) and value.exact:
            lines, end = self._lines(heading, formula, 0, None, value)
        else:
            for guard in range(1 if self.staged else MOST_GUARD):
                lines, end = self._lines(heading, formula, guard, self.digits + guard, value)
                if end == right:
                    break
            else:
                if not self.staged:
                    raise CannotDerive("the numbers on the way are too far apart to be rounded")
        self.steps += [*chain.lines, *lines]
        self.rounds |= any(line.digits is not None for line in lines)
        assert isinstance(end, Number)
        self.known[heading] = replace(value, shown=end)
        return value

    def _lines(
        self, heading: Expr, formula: Expr, guard: int, digits: int | None, value: Value
    ) -> tuple[list[Rewrite], Expr]:
        start = filled(formula, {one: self.put(self.known[one], guard) for one in known_in(formula, self.known)})
        lines: list[Rewrite] = []
        if start != formula:
            plain = all(self.is_put_exactly(self.known[one]) for one in known_in(formula, self.known))
            kept = None if plain else self._kept(value, start)
            lines.append(Rewrite((put_in,), formula, start, heading, digits=kept))
        more, end = value_lines(start, {}, heading, digits=digits, staged=True)
        end = ungrouped(end)
        lines += [line for line in more if isinstance(line, Rewrite)]
        if isinstance(end, Number) and not (digits is None and self.is_short(value)):
            shown = near_to(end.value, self.digits)
            if shown != end:
                before: Expr = end
                if lines and lines[-1].rules == (round_off,):
                    before = lines.pop().before  # rounded once, not twice
                lines.append(Rewrite((round_off,), before, shown, heading, digits=_apart(before, shown, self.digits)))
            elif lines and digits is not None:
                lines[-1] = replace(lines[-1], after=shown)
            end = shown
        if not isinstance(end, Number):
            raise CannotDerive("a value cannot be worked out in numbers")
        return lines, end

    def _kept(self, value: Value, start: Expr) -> int:
        """How many decimals of `value` are right where rounded numbers are put in; below 0 tens and hundreds."""
        return _apart(start, Number(value.near), self.digits)

    def tables(self, names: tuple[Expr, ...]) -> list[Step]:
        """The values of `names` side by side, in tables that fit the page."""
        all_short = all(self.is_short(self.known[one]) for one in names)
        digits = None if all_short else self.digits
        made: list[Step] = []
        for start in range(0, len(names), WIDE):
            own = names[start : start + WIDE]
            cells = tuple(Instance(one, self.put(replace(self.known[one], shown=None), 0)) for one in own)
            made.append(Grid(own, (cells,), digits))
        return made

    def about_rounding(self) -> list[Step]:
        if not self.rounds:
            return []
        key = "rounded_staged" if self.staged else "rounded_shown"
        return [Statement(key, (("digits", number(self.digits)),))]

    def ends(self, headings: tuple[Expr, ...]) -> tuple[Expr, int | None]:
        """Adds a box for each of `headings`; gives the results and the decimals they are rounded to."""
        results: list[Expr] = []
        for heading in headings:
            value = self.known[heading]
            short = self.is_short(value)
            result: Expr = Number(value.near) if short else near_to(value.near, self.digits)
            if self.staged and value.shown not in (None, result):
                assert value.shown is not None
                fact = Fact(heading, "=" if short else "≈", result, None if short else self.digits)
                said = (("quantity", heading), ("staged", value.shown), ("exact", result))
                self.steps.append(Statement("last_digit_of", said, (fact,), shown=False))
            results.append(result)
        for heading, result in zip(headings, results, strict=True):
            digits = None if self.is_short(self.known[heading]) else self.digits
            self.steps.append(Conclude(heading, result, heading, digits=digits))
        exact = all(self.is_short(self.known[heading]) for heading in headings)
        return column(results), None if exact else self.digits


def near_to(value: Fraction, digits: int) -> Number:
    found = rounded(Number(value), digits)
    assert isinstance(found, Number)
    return found


def _apart(before: Expr, after: Number, digits: int) -> int:
    """To how many decimals, at most `digits`, an expression of numbers is `after`."""
    near = rounded(value_of(before, {}), NEAR)
    if not isinstance(near, Number):
        raise CannotDerive("a value cannot be worked out in numbers")
    return _agreement(near.value, after.value, digits)


def _agreement(one: Fraction, other: Fraction, digits: int) -> int:
    """To how many decimals, at most `digits`, two numbers agree."""
    while 2 * abs(one - other) * Fraction(10) ** digits > 1:
        digits -= 1
    return digits


def known_in(expr: Expr, known: Mapping[Expr, Value]) -> list[Expr]:
    """What in `expr` has a number; a derivative as a whole."""
    if expr in known:
        return [expr]
    return list(dict.fromkeys(one for part in parts(expr) for one in known_in(part, known)))


def filled(expr: Expr, numbers: Mapping[Expr, Number]) -> Expr:
    """`expr` with `numbers` put in, in parentheses."""
    if expr in numbers:
        return Group(numbers[expr])
    return with_parts(expr, tuple(filled(part, numbers) for part in parts(expr)))


def column(entries: Iterable[Expr]) -> Expr:
    own = tuple(entries)
    return own[0] if len(own) == 1 else Matrix(own, (Dim(len(own)), ONE))
