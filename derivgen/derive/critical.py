"""Critical points, found by solving the equations that the gradient is zero, and what kind each of them is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from derivgen.derivation import Derivation, Equation, Fact, Rewrite, Solutions, Solve, Statement, Step
from derivgen.derive.definiteness import Definiteness, tested
from derivgen.derive.evaluation import put_in, ungrouped, value_lines
from derivgen.derive.naming import quantity_for, reserved_names, second_partials
from derivgen.derive.record import Stage, everywhere
from derivgen.derive.roots import prepare
from derivgen.derive.scalar import derivative
from derivgen.derive.solution import Values, simplified, steps_of
from derivgen.derive.systems import Solver
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import (
    ONE,
    SCALAR,
    ZERO_NUMBER,
    At,
    Dim,
    Expr,
    Layout,
    Matrix,
    Number,
    Partial,
    Size,
    Symbol,
)
from derivgen.expr.sympy_bridge import is_scalar_formula, to_sympy
from derivgen.expr.text import text
from derivgen.expr.walk import subexpressions, symbols
from derivgen.expr.written import written
from derivgen.problem.model import Part
from derivgen.rules.algebra import TIDY
from derivgen.rules.solving import (
    hessian,
    ordinary_derivative,
    partial_derivative,
    second_derivatives,
    stationary,
    tidy,
)

MOST_VALUES = 2
"""So many points have their function value worked out where only the points are asked for."""

SHORT = 4
"""Digits of a number that is read at a glance."""


def critical_points(part: Part, layout: Layout) -> Derivation:
    """All real points at which the gradient is zero.

    Raises CannotDerive where there is none, where they are not isolated, or where no elimination can be shown.
    """
    task = _Task.of(part)
    points, steps = task.solved()
    if len(points) <= MOST_VALUES:
        for point in points:
            steps += worked_out(task.body, task.at(point), task.value_at(point))[0]
    return task.derivation(steps, points)


def classify(part: Part, layout: Layout) -> Derivation:
    """What kind of critical point each one is, or the one that is given.

    At a point that is given and no critical point the derivation says so, and its verdict is "none".
    """
    task = _Task.of(part)
    if part.given.at:
        given = dict(part.given.at)
        point = tuple(given[variable] for variable in task.variables)
        if any(symbols(value) for value in point):
            raise CannotDerive("a point is classified where it has numbers")
        steps, is_critical = task.checked(point)
        if not is_critical:
            return task.derivation(steps, (point,), "none")
        points: tuple[tuple[Expr, ...], ...] = (point,)
    else:
        points, steps = task.solved(short=len(task.variables) > 1)
    more, verdicts = task.classified(points)
    return task.derivation([*steps, *more], points, ", ".join(verdicts))


def first_derivative(expr: Expr, wrt: Symbol, heading: Expr, alone: bool = False) -> tuple[list[Step], Expr]:
    """The lines from a derivative to its value, and that: in one line each. `alone` says that there is one variable."""
    after = derivative(expr, wrt)
    law = ordinary_derivative if alone else partial_derivative
    return [Rewrite((law,), Partial(expr, wrt), after, heading)], after


def worked_out(expr: Expr, at: dict[Symbol, Expr], heading: Expr) -> tuple[list[Step], Expr]:
    """The lines from `expr` at a point to its value, with roots of numbers simplified at the end."""
    steps, value = value_lines(expr, at, heading)
    if not steps:
        start = At(expr, tuple(at), tuple(at.values())) if at else expr
        steps = [Rewrite((put_in,), start, value, heading)]
    entries = value.entries if isinstance(value, Matrix) else (value,)
    if all(isinstance(entry, Number) for entry in entries):
        return steps, value
    better = tuple(_simplest(entry) for entry in entries)
    shown = Matrix(better, value.shape) if isinstance(value, Matrix) else better[0]
    bare, last = ungrouped(value), steps[-1]
    if isinstance(last, Rewrite) and last.after == value and len(steps) > 1:
        steps[-1], value = replace(last, after=bare), bare
    if text(shown) != text(value):
        steps.append(Rewrite((tidy,), value, shown, heading))
    return steps, shown


def _simplest(expr: Expr) -> Expr:
    if isinstance(expr, Number) or not is_scalar_formula(bare := ungrouped(expr)):
        return expr
    found = written(simplified(to_sympy(bare)), ())
    # 7 log(7/10) + 3 log(3/10) is not better as -10 log(10) + log(22235661)
    return expr if found is None or _digits(found) > max(SHORT, _digits(bare)) else found


def _digits(expr: Expr) -> int:
    """Of the longest number in `expr`."""
    values = [node.value for node in subexpressions(expr) if isinstance(node, Number)]
    return max((len(str(abs(own))) for value in values for own in (value.numerator, value.denominator)), default=0)


@dataclass(slots=True)
class _Task:
    """A scalar of some variables, with its derivatives."""

    part: Part
    statement: Expr
    body: Expr
    """`statement` with the numbers of the problem put in."""
    variables: tuple[Symbol, ...]
    quantity: Symbol
    reserved: frozenset[str]
    gradient: tuple[Expr, ...] = ()

    @classmethod
    def of(cls, part: Part) -> _Task:
        expression, variables = part.expression, part.given.variables
        assert expression is not None
        if isinstance(expression, Matrix) or not is_scalar_formula(expression):
            raise CannotDerive(f"critical points are those of a formula in scalars, this is {text(expression)}")
        if not variables:
            raise CannotDerive(f"{text(expression)} depends on no variable")
        reserved = reserved_names(part.scope, expression, name=part.name)
        quantity = quantity_for(expression, SCALAR, reserved, part.name)
        given = {
            symbol: Number(part.scope.values[symbol.name][0][0])
            for symbol in symbols(expression)
            if symbol.name in part.scope.values
        }
        at = At(expression, tuple(given), tuple(given.values()))
        body = (put_in(at) if given else None) or expression
        body = everywhere(ungrouped(body), Stage(TIDY)) if given else expression
        left = [symbol.name for symbol in symbols(body) if symbol not in variables]
        left += [str(node.dim) for node in subexpressions(body) if isinstance(node, Size)]
        if left:
            name = left[0]
            hint = f"{name} has no value; give it a number (`{name}: 2`), or name it in `wrt`"
            raise CannotDerive(f"critical points are found where all but the variables is a number: {hint}")
        return cls(part, expression, body, variables, quantity, reserved | {quantity.name})

    # --- names ------------------------------------------------------------------------------------------------------

    def at(self, point: Sequence[Expr]) -> dict[Symbol, Expr]:
        return dict(zip(self.variables, point, strict=True))

    def value_at(self, point: Sequence[Expr], of: Expr | None = None) -> Expr:
        return At(of if of is not None else self.quantity, self.variables, tuple(point))

    def partials(self) -> tuple[Partial, ...]:
        return tuple(Partial(self.quantity, variable) for variable in self.variables)

    def named(self) -> tuple[tuple[Symbol, Expr], ...]:
        size = Dim(len(self.variables))
        found = [(self.gradient_symbol(), Matrix(self.partials(), (size, ONE)))]
        return (*found, (self.hessian_symbol(), self.second_partials()))

    def gradient_symbol(self) -> Symbol:
        shape = (Dim(len(self.variables)), ONE)
        return Symbol(f"grad_{self.quantity.name}", shape, latex=rf"\nabla {self.quantity.name}")

    def hessian_symbol(self) -> Symbol:
        size = Dim(len(self.variables))
        name = next((letter for letter in ("H", "Q", "K") if letter not in self.reserved), "H_2")
        return Symbol(name, (size, size))

    def second_partials(self) -> Matrix:
        size = Dim(len(self.variables))
        return Matrix(second_partials(self.quantity, self.variables), (size, size))

    # --- the gradient -----------------------------------------------------------------------------------------------

    def gradient_steps(self) -> list[Step]:
        steps: list[Step] = []
        if self.body != self.statement:
            steps.append(Rewrite((put_in,), self.statement, self.body, self.quantity))
        found: list[Expr] = []
        for variable, heading in zip(self.variables, self.partials(), strict=True):
            lines, after = first_derivative(self.body, variable, heading, len(self.variables) == 1)
            steps += lines
            found.append(after)
        self.gradient = tuple(found)
        return steps

    def solved(self, short: bool = False) -> tuple[tuple[tuple[Expr, ...], ...], list[Step]]:
        """All critical points, and the lines that lead to them; `short` leaves out routine ones."""
        steps = self.gradient_steps()
        for variable, slope in zip(self.variables, self.gradient, strict=True):
            prepared = prepare(slope, self.variables)
            if prepared.formula != 0 and not prepared.live:
                self.refuse(f"its derivative by {variable.name} is {text(slope)}, which is never zero")
        solver = Solver(self.variables)
        found = solver.solve(self.gradient)
        inside = [one for one in found.solutions if self.is_inside(one)]
        left_out = [one for one in found.solutions if one not in inside]
        if not inside:
            nowhere = "where the equations hold, it has no value or no derivative"
            reasons = "; ".join(dict.fromkeys(solver.reasons)) or nowhere
            if solver.reasons and len(self.variables) > 1:
                reasons = f"its derivatives are not zero together: {reasons}"
            self.refuse(reasons)
        inside.sort(key=lambda one: [float(one[variable]) for variable in self.variables])
        points = tuple(tuple(solver.shown(one[variable]) for variable in self.variables) for one in inside)
        equations = tuple(Equation(slope, ZERO_NUMBER) for slope in self.gradient)
        steps.append(Solve((stationary,), equations, points))
        steps += _without_repetition(steps_of(found, inside, self.variables, short=short), equations)
        for one in left_out:
            values = tuple(solver.shown(one[variable]) for variable in self.variables)
            steps.append(Statement("outside_domain", (("place", self.value_at(values)),), shown=False))
        asked = tuple(Equation(partial, ZERO_NUMBER) for partial in self.partials())
        steps.append(Solutions(self.variables, asked, points))
        return points, steps

    def is_inside(self, values: Values) -> bool:
        """Whether the function and its derivatives have real values at a point that the variables may be at."""
        for variable in self.variables:
            if "positive" in variable.assumptions and float(values[variable]) <= 0:
                return False
            if "nonzero" in variable.assumptions and values[variable] == 0:
                return False
        put = {to_sympy(variable): values[variable] for variable in self.variables}
        for expr in (self.body, *self.gradient):
            value: Any = to_sympy(expr).subs(put)
            if value.has_any_infinite() if hasattr(value, "has_any_infinite") else not value.is_finite:
                return False
            if value.is_real is not True and abs(complex(value).imag) > 0:
                return False
        return True

    def refuse(self, reason: str) -> None:
        raise CannotDerive(f"{text(self.statement)} has no critical point: {reason}")

    def checked(self, point: tuple[Expr, ...]) -> tuple[list[Step], bool]:
        """The gradient at a point that was given, and whether it is zero there."""
        steps = self.gradient_steps()
        if len(self.variables) == 1:
            place = self.value_at(point, self.partials()[0])
            more, value = worked_out(self.gradient[0], self.at(point), place)
        else:
            place = self.value_at(point, self.gradient_symbol())
            array = Matrix(self.gradient, (Dim(len(self.variables)), ONE))
            more, value = worked_out(array, self.at(point), place)
        steps += more
        entries = value.entries if isinstance(value, Matrix) else (value,)
        if all(simplified(to_sympy(ungrouped(entry))) == 0 for entry in entries):
            return steps, True
        slope = next(
            (partial, entry)
            for partial, entry in zip(self.partials(), entries, strict=True)
            if simplified(to_sympy(ungrouped(entry))) != 0
        )
        fact = Fact(self.value_at(point, slope[0]), "!=", ZERO_NUMBER)
        if len(point) == 1:
            values: tuple[tuple[str, Expr], ...] = (("variable", self.variables[0]), ("value", point[0]))
            steps.append(Statement("no_slope_zero", values, (fact,), boxed=True))
        else:
            steps.append(Statement("not_critical", (("place", self.place(point)),), (fact,), shown=False, boxed=True))
        return steps, False

    def place(self, point: tuple[Expr, ...]) -> Expr:
        """The point by itself: a value of nothing."""
        return At(Symbol("", latex="{}"), self.variables, point)

    # --- kinds ------------------------------------------------------------------------------------------------------

    def classified(self, points: Sequence[tuple[Expr, ...]]) -> tuple[list[Step], list[str]]:
        if len(self.variables) == 1:
            return self.by_second_derivative(points)
        steps: list[Step] = []
        verdicts: list[str] = []
        symbol, template = self.hessian_symbol(), self.second_partials()
        entries = []
        for row in self.variables:
            for slope in self.gradient:
                entries.append(first_derivative(slope, row, row)[1])
        array = Matrix(tuple(entries), template.shape)
        steps.append(Rewrite((hessian,), symbol, template, symbol))
        steps.append(Rewrite((second_derivatives,), template, array, symbol))
        moves = any(symbols(entry) for entry in entries)
        for point in points:
            name: Expr = symbol
            value: Expr = array
            if moves:
                name = self.value_at(point, symbol)
                more, value = worked_out(array, self.at(point), name)
                steps += more
            assert isinstance(value, Matrix)
            corner = self.value_at(point, template.entries[0]) if moves else template.entries[0]
            found = tested(value, name, corner, self.reserved)
            steps += found.steps
            steps += worked_out(self.body, self.at(point), self.value_at(point))[0]
            verdicts.append(found.verdict)
            steps.append(self.answer(found, point))
        return steps, verdicts

    def answer(self, found: Definiteness, point: tuple[Expr, ...]) -> Statement:
        """The sentence in the box."""
        return Statement(found.key, (("place", self.place(point)),), found.facts, boxed=True)

    def by_second_derivative(self, points: Sequence[tuple[Expr, ...]]) -> tuple[list[Step], list[str]]:
        (variable,), (slope,) = self.variables, self.gradient
        heading = Partial(self.partials()[0], variable)
        steps, second = first_derivative(slope, variable, heading, True)
        verdicts: list[str] = []
        for point in points:
            place = self.value_at(point, heading)
            more, value = worked_out(second, self.at(point), place)
            steps += more
            number = to_sympy(ungrouped(value))
            verdict = "minimum" if number > 0 else "maximum" if number < 0 else "undecided"
            relation = {"minimum": ">", "maximum": "<", "undecided": "="}[verdict]
            steps += worked_out(self.body, self.at(point), self.value_at(point))[0]
            fact = Fact(place, relation, ZERO_NUMBER)
            values = (("variable", variable), ("value", point[0]))
            steps.append(Statement(f"second_{verdict}", values, (fact,), boxed=True))
            verdicts.append(verdict)
        return steps, verdicts

    # --- the whole --------------------------------------------------------------------------------------------------

    def derivation(self, steps: Sequence[Step], points: tuple[tuple[Expr, ...], ...], verdict: str = "") -> Derivation:
        size = Dim(len(self.variables))
        result = Matrix(tuple(value for point in points for value in point), (Dim(len(points)), size))
        return Derivation(
            task=self.part.task,
            statement=self.statement,
            steps=tuple(steps),
            result=result,
            form="matrix",
            shape=result.shape,
            quantity=self.quantity,
            question=Matrix(self.partials(), (size, ONE)),
            named=self.named(),
            verdict=verdict,
        )


def _without_repetition(steps: Sequence[Step], above: tuple[Equation, ...]) -> list[Step]:
    """A line does not say what it starts from where that is the whole of the line above."""
    found: list[Step] = []
    for step in steps:
        if isinstance(step, Solve):
            if step.of and step.of == above:
                step = Solve(step.rules, step.equations, step.points, step.case, (), step.either)
            above = step.equations or step.case
        elif isinstance(step, Statement):
            above = ()
        found.append(step)
    return found
