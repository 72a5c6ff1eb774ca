"""The points that a descent or Newton's method goes through, as exact numbers as far as that is possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from derivgen.derive.evaluation import rounded, ungrouped, value_of
from derivgen.derive.naming import quantity_for, reserved_names
from derivgen.derive.scalar import derivative
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import SCALAR, Apply, Expr, Number, Partial, Power, Symbol
from derivgen.expr.sympy_bridge import is_scalar_formula
from derivgen.expr.text import text
from derivgen.expr.walk import subexpressions, symbols, transform
from derivgen.problem.model import Part
from derivgen.rules.differentiation import KINKED

WORKING_DECIMALS = 40
"""What has no exact value is carried on with so many decimals, far more than are shown."""

LARGEST_BITS = 512
"""An exact number that is longer is carried on with WORKING_DECIMALS."""

LARGEST = 10**9
"""A method whose numbers grow beyond this is stopped."""

CHECKED_DIGITS = 13

LONGEST_DECIMALS, LONGEST_FRACTION = 6, 10**4
"""Beyond these an exact number is too long for a table."""

ROUNDED_TO = 4
"""The decimals that long numbers are shown with where nobody says how many."""

LONGEST_REASON = 90


@dataclass(frozen=True, slots=True)
class Setting:
    """A scalar formula, the variables that a method moves, and the numbers of all its other symbols."""

    part: Part
    expression: Expr
    variables: tuple[Symbol, ...]
    constants: Mapping[Symbol, Expr]
    quantity: Symbol
    reserved: frozenset[str]

    @property
    def digits(self) -> int | None:
        return self.part.digits

    @property
    def staged(self) -> bool:
        return self.part.given.staged and self.part.digits is not None

    def is_short(self, expr: Expr) -> bool:
        """Whether an exact number can be read where it stands; rounded numbers that are used on always can."""
        bare = ungrouped(expr)
        if self.staged and isinstance(bare, Number) and 10 ** (self.digits or 0) % bare.value.denominator == 0:
            return True
        return is_short(bare, self.part.given.decimal or self.staged)

    def at(self, point: tuple[Expr, ...]) -> dict[Symbol, Expr]:
        """What to put in at `point`."""
        return {**dict(zip(self.variables, point, strict=True)), **self.constants}

    def value(self, expr: Expr, point: tuple[Expr, ...]) -> Expr:
        """The exact value of `expr` at `point`. Raises CannotDerive where there is none."""
        return value_of(expr, self.at(point))

    def free_name(self, *names: str) -> str:
        """The first of `names` that means nothing else in the problem."""
        taken = self.reserved | {self.quantity.name}
        for name in names:
            if name not in taken:
                return name
        place = 1
        while f"{names[0]}_{place}" in taken:
            place += 1
        return f"{names[0]}_{place}"

    def numbered(self, label: str) -> tuple[Symbol, ...]:
        """The variables with `label` below: x_0, y_0."""
        return tuple(
            Symbol(self.free_name(f"{variable.name}_{label}", f"{variable.name}_at{label}"))
            for variable in self.variables
        )


def setting(part: Part, extra: Mapping[Symbol, Expr] | None = None) -> Setting:
    """What `part` gives, for tasks that go from numbers to numbers.

    `extra` are symbols besides the variables that need no number of their own. Raises CannotDerive where a symbol has
    no number, or the expression is no scalar formula.
    """
    expression, variables = part.expression, part.given.variables
    if expression is None or not variables:
        raise CannotDerive("there is no variable to move: name the variables in `wrt`")
    if not is_scalar_formula(expression):
        raise CannotDerive(f"{text(expression)} is no formula in scalars")
    missing = [variable.name for variable in variables if variable not in symbols(expression)]
    if len(missing) == len(variables):
        raise CannotDerive(f"the expression depends on none of {', '.join(missing)}")
    constants: dict[Symbol, Expr] = {}
    for symbol in symbols(expression):
        if symbol in variables or symbol in (extra or {}):
            continue
        if symbol.name not in part.scope.values or symbol.shape != SCALAR:
            raise CannotDerive(f"{symbol.name} has no number, so there is no number to go on with")
        constants[symbol] = Number(part.scope.values[symbol.name][0][0])
    reserved = reserved_names(part.scope, expression, name=part.name)
    quantity = quantity_for(expression, SCALAR, reserved, part.name)
    return Setting(part, expression, variables, constants, quantity, reserved)


def refuse_kinks(the: Setting, point: tuple[Expr, ...]) -> None:
    """Raises CannotDerive where the expression has no derivative at `point`, though a formula gives one."""
    at = the.at(point)
    for node in subexpressions(the.expression):
        match node:
            case Apply(function, (argument,)) if function.name in KINKED:
                if _is_zero(value_of(argument, at)):
                    raise CannotDerive(f"{function.name} has no derivative at 0, where {shown_point(the, point)} is")
            case Power(base, Number(exponent)) if exponent.denominator != 1 and exponent < 1:
                if _is_zero(value_of(base, at)):
                    raise CannotDerive(f"{text(node)} has no derivative where {text(base)} is 0")


def _is_zero(expr: Expr) -> bool:
    value = fraction(expr)
    return value is not None and abs(value) < Fraction(1, 10**30)


def shown_point(the: Setting, point: tuple[Expr, ...]) -> str:
    """(x, y) = (4, 2), for messages."""
    names, values = (", ".join(map(text, one)) for one in (the.variables, point))
    return f"{names} = {values}" if len(point) == 1 else f"({names}) = ({values})"


def fraction(expr: Expr) -> Fraction | None:
    """The number `expr`, exact where it is rational, else to WORKING_DECIMALS; None for what is no number."""
    bare = ungrouped(expr)
    if isinstance(bare, Number):
        return bare.value
    found = rounded(bare, WORKING_DECIMALS)
    return found.value if isinstance(found, Number) else None


def numeric(the: Setting, expr: Expr, point: tuple[Expr, ...]) -> tuple[Fraction, bool]:
    """The value of `expr` at `point`, and whether it is exact. Raises CannotDerive where there is none."""
    exact = the.value(expr, point)
    value = fraction(exact)
    if value is None:
        raise CannotDerive(f"{text(expr)} has no real value at {shown_point(the, point)}")
    return value, isinstance(exact, Number)


@dataclass(frozen=True, slots=True)
class Stop:
    """A point on the way; `origin` says how it is known."""

    point: tuple[Expr, ...]
    origin: str
    """exact; carried, with WORKING_DECIMALS, since it has no exact value or a too long one."""


def step_from(
    the: Setting, stops: list[Stop], move: Callable[[tuple[Expr, ...]], tuple[tuple[Fraction, bool], ...]]
) -> Stop:
    """The point after the last of `stops`; `move` gives its coordinates, and whether they are exact.

    Raises CannotDerive where there is none, or the expression has no value there.
    """
    step = len(stops)
    point = stops[-1].point
    try:
        refuse_kinks(the, point)
        values = move(point)
    except CannotDerive as error:
        raise _later(the, point, step - 1, error) from error
    found = settled(values, stops[-1], step)
    try:
        height, _ = numeric(the, the.expression, found.point)
    except CannotDerive as error:
        raise _later(the, found.point, step, error) from error
    # floating point, by which numbers without an exact value are checked, has 15 digits
    most = LARGEST**2
    if found.origin == "carried":
        most = 10 ** (CHECKED_DIGITS - (ROUNDED_TO if the.digits is None else the.digits))
    if max(abs(height), *(abs(value) for value, _ in values)) > most:
        raise CannotDerive(runaway(step, most))
    return found


def _later(the: Setting, point: tuple[Expr, ...], steps: int, error: CannotDerive) -> CannotDerive:
    """A refusal that says where on the way it was; long numbers are left out of it."""
    if steps == 0:
        return error
    shown = ", ".join(f"{float(value):g}" for one in point if (value := fraction(one)) is not None)
    names = ", ".join(map(text, the.variables))
    where = f"{names} ≈ {shown}" if len(point) == 1 else f"({names}) ≈ ({shown})"
    reason = str(error) if len(str(error)) < LONGEST_REASON else "the function or a derivative has no value there"
    return CannotDerive(f"after {steps} step{'s' if steps > 1 else ''}, at {where}: {reason}")


def runaway(step: int, most: int = LARGEST) -> str:
    most_shown = f"10^{len(str(most)) - 1}"
    reason = f"in step {step} a number exceeds {most_shown}"
    return f"the method runs away: {reason}; take fewer steps, or another start or rate"


def settled(values: tuple[tuple[Fraction, bool], ...], before: Stop, step: int) -> Stop:
    """The next point from its numbers. Raises CannotDerive where these have grown beyond LARGEST."""
    if any(abs(value) > LARGEST for value, _ in values):
        raise CannotDerive(runaway(step))
    exact = all(known for _, known in values) and before.origin == "exact"
    long = any(max(v.numerator.bit_length(), v.denominator.bit_length()) > LARGEST_BITS for v, _ in values)
    if exact and not long:
        return Stop(tuple(Number(value) for value, _ in values), "exact")
    unit = 10**WORKING_DECIMALS
    return Stop(tuple(Number(Fraction(round(value * unit), unit)) for value, _ in values), "carried")


def is_short(expr: Expr, decimal: bool) -> bool:
    """Whether an exact number is short enough to be read in a table."""
    bare = ungrouped(expr)
    if not isinstance(bare, Number):
        return False
    if bare.value.denominator == 1:
        return True
    if 10**LONGEST_DECIMALS % bare.value.denominator == 0 and decimal:
        return True
    return not decimal and max(abs(bare.value.numerator), bare.value.denominator) < LONGEST_FRACTION


def first_partials(the: Setting) -> tuple[Expr, ...]:
    return tuple(good_derivative(the.expression, variable) for variable in the.variables)


def good_derivative(expr: Expr, wrt: Symbol) -> Expr:
    """The derivative in a good form, numbers worked out. A constant is a Number."""
    found = derivative(expr, wrt)
    if not symbols(found):
        return value_of(found, {})
    return found


def pending_gradient(expr: Expr, variables: tuple[Symbol, ...]) -> tuple[Expr, ...]:
    return tuple(Partial(expr, variable) for variable in variables)


def with_symbols(expr: Expr, names: Mapping[Symbol, Symbol]) -> Expr:
    """`expr` with other symbols in the places of its own."""
    return transform(expr, lambda node: names.get(node) if isinstance(node, Symbol) else None)


def solved(rows: list[list[Fraction]], right: list[Fraction]) -> list[Fraction] | None:
    """The solution of a square system of linear equations; None where there is not exactly one."""
    size = len(right)
    table = [[*row, value] for row, value in zip(rows, right, strict=True)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda row: abs(table[row][column]))
        if abs(table[pivot][column]) < Fraction(1, 10**30):
            return None
        table[column], table[pivot] = table[pivot], table[column]
        lead = table[column][column]
        table[column] = [value / lead for value in table[column]]
        for row in range(size):
            if row != column and (factor := table[row][column]):
                table[row] = [a - factor * b for a, b in zip(table[row], table[column], strict=True)]
    return [row[-1] for row in table]
