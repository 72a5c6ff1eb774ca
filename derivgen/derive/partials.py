"""Derivatives of formulas by their variables: one, several in turn, or all of them as gradient, Jacobian, Hessian."""

from __future__ import annotations

from dataclasses import dataclass, field

from derivgen.derivation import Conclude, Derivation, Step
from derivgen.derive.domain import domain_of
from derivgen.derive.evaluation import in_the_box, value_lines
from derivgen.derive.in_terms import in_terms_lines
from derivgen.derive.naming import quantity_for, reserved_names
from derivgen.derive.scalar import Differentiation
from derivgen.errors import CannotDerive, ExpressionError
from derivgen.expr.nodes import ONE, At, Dim, Expr, Layout, Matrix, Partial, Symbol
from derivgen.expr.shapes import shape
from derivgen.expr.walk import symbols
from derivgen.problem.expression import parse_expression
from derivgen.problem.model import Part


@dataclass(slots=True)
class Work:
    """The steps of one part as they are made: what is derived, and the names that are taken."""

    part: Part
    statement: Expr
    quantity: Symbol
    reserved: frozenset[str]
    steps: list[Step] = field(default_factory=list)
    named: list[tuple[Symbol, Expr]] = field(default_factory=list)
    series: int = 0
    """How many derivatives have been taken."""

    @property
    def variables(self) -> tuple[Symbol, ...]:
        return self.part.given.variables

    @property
    def is_single(self) -> bool:
        """Whether there is one variable only, in the statement and in what is differentiated by."""
        free = {one for one in symbols(self.statement) if one.name not in self.part.scope.values}
        return len(free | set(self.variables)) <= 1

    def name(self, text: str, latex: str, meaning: Expr) -> Symbol:
        """A symbol that lines use for `meaning`."""
        symbol = Symbol(text, shape(meaning), latex=latex)
        self.named.append((symbol, meaning))
        return symbol

    def derivative(self, expr: Expr, wrt: Symbol, heading: Expr, subject: Expr, form: str = "") -> Expr:
        """The derivative of `expr` with its lines under `heading`."""
        one = Differentiation(wrt, self.reserved | {self.quantity.name}, self.is_single, series=self.series)
        self.series += 1
        found = one.take(expr, heading, subject, form)
        self.steps += one.steps
        self.named += one.named
        return found

    def finished(self, task: str, question: Expr, result: Expr, layout: Layout | None = None) -> Derivation:
        rounds = any(getattr(step, "digits", None) is not None for step in self.steps)
        return Derivation(
            task=task,
            statement=self.statement,
            steps=tuple(self.steps),
            result=result,
            form="matrix",
            shape=shape(result),
            quantity=self.quantity,
            layout=layout,
            question=question,
            named=tuple(self.named),
            domain=domain_of(self.statement),
            digits=self.part.digits if rounds else None,
        )


def work_on(part: Part) -> Work:
    assert part.expression is not None
    reserved = reserved_names(part.scope, part.expression, name=part.name)
    quantity = quantity_for(part.expression, shape(part.expression), reserved, part.name)
    return Work(part, part.expression, quantity, reserved)


def derive_scalar(part: Part, layout: Layout) -> Derivation:
    """The derivative of a formula by one variable, `order` times, or by several in turn; its value where `at` asks."""
    work = work_on(part)
    wrts = work.variables if len(work.variables) > 1 else work.variables * part.order
    heading: Expr = work.quantity
    current = work.statement
    for count, wrt in enumerate(wrts, 1):
        inner = heading
        heading = derivative_name(work, wrts[:count])
        form = part.form if count == len(wrts) else ""
        named = form.startswith("in terms of")
        current = work.derivative(current, wrt, heading, inner, "plain" if named else form)
        if named:
            quantity, meaning = quantity_of(part)
            steps, current = in_terms_lines(current, quantity, meaning, heading)
            work.steps += steps
    work.steps.append(Conclude(heading, current, heading))
    question: Expr = heading
    if part.given.at:
        question, current = evaluated(work, heading, current)
    return work.finished("derive", question, current)


def quantity_of(part: Part) -> tuple[Expr, Expr]:
    """What `form: in terms of E` names, and what that stands for: E is a formula, or a name of `define`.

    Raises CannotDerive where it cannot be read.
    """
    written = part.form.removeprefix("in terms of").strip()
    try:
        return parse_expression(written, part.scope), parse_expression(written, part.scope, expand=True)
    except ExpressionError as error:
        raise CannotDerive(f"`form: {part.form}`: {error.message}") from error


def derivative_name(work: Work, wrts: tuple[Symbol, ...]) -> Expr:
    """f', f'' of one variable; else a pending derivative, or a name for one that is read from the left."""
    derivative: Expr = work.quantity
    for wrt in wrts:
        derivative = Partial(derivative, wrt)
    if work.is_single and len(wrts) <= 3:
        primes = "'" * len(wrts)
        name = work.quantity.latex or work.quantity.name
        symbol = Symbol(f"{work.quantity.name}{primes}", latex=f"{name}{primes}")
        if (symbol, derivative) not in work.named:
            work.named.append((symbol, derivative))
        return symbol
    if work.part.given.left_to_right and len(set(wrts)) > 1:
        return read_from_the_left(work, wrts, derivative)
    return derivative


def read_from_the_left(work: Work, wrts: tuple[Symbol, ...], derivative: Expr) -> Symbol:
    """The first variable that is differentiated by stands first below the bar."""
    shown = r"\,".join(rf"\partial {wrt.latex or wrt.name}" for wrt in wrts)
    name = work.quantity.latex or work.quantity.name
    latex = rf"\frac{{\partial^{{{len(wrts)}}} {name}}}{{{shown}}}"
    text = f"d{len(wrts)}{work.quantity.name}/{''.join(f'd{wrt.name}' for wrt in wrts)}"
    symbol = Symbol(text, latex=latex)
    if (symbol, derivative) not in work.named:
        work.named.append((symbol, derivative))
    return symbol


def evaluated(work: Work, name: Expr, expr: Expr) -> tuple[Expr, Expr]:
    """The value of `expr`, which `name` stands for, at the point of the part: adds the lines and the box.

    Gives the question and the value.
    """
    at = dict(work.part.given.at)
    heading = At(name, tuple(at), tuple(at.values()))
    digits, staged = work.part.digits, work.part.given.staged
    steps, value = value_lines(expr, at, heading, digits=digits, staged=staged)
    value, shown_digits = in_the_box(expr, at, steps, value, digits, staged)
    work.steps += steps
    work.steps.append(Conclude(heading, value, heading, digits=shown_digits))
    return heading, value


def column(entries: tuple[Expr, ...]) -> Matrix:
    return Matrix(entries, (Dim(len(entries)), ONE))
