"""All first or second derivatives of formulas: partial derivatives, gradient, Jacobian, Hessian, and what is made of
them at a point: directional derivative, direction of steepest descent, tangent plane.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from derivgen.derivation import Conclude, Derivation, Fact, Instance, Rewrite, Rule, Statement, Table, law
from derivgen.derive.batch import batch_gradient
from derivgen.derive.evaluation import put_in, value_lines, value_of, work_out
from derivgen.derive.good_form import expand_all, good_form, tidied
from derivgen.derive.naming import second_partials
from derivgen.derive.partials import Work, derivative_name, evaluated, work_on
from derivgen.derive.scalar import quickly, worth_naming
from derivgen.errors import CannotDerive
from derivgen.expr.build import plus, product
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE,
    SCALAR,
    Apply,
    At,
    Dim,
    Expr,
    Function,
    Group,
    Layout,
    MatMul,
    Matrix,
    Number,
    Partial,
    Power,
    Symbol,
    Transpose,
    number,
)
from derivgen.expr.shapes import shape
from derivgen.expr.walk import symbols
from derivgen.problem.model import Part
from derivgen.rules.differentiation import CALCULUS

stacked = law("stack the partial derivatives", r"(\nabla f)_i = \frac{\partial f}{\partial x_i}", CALCULUS)
entries_in = law("put the derivatives in", r"\frac{\partial f}{\partial x} = f_x", "definition")
directional_law = law(
    "directional derivative",
    r"D_{\mathbf{v}} f = \nabla f^{\mathsf T}\,\mathbf{v} / \lVert \mathbf{v} \rVert",
    CALCULUS,
)
tangent_law = law(
    "tangent plane",
    r"z = f(a, b) + \frac{\partial f}{\partial x}(a, b)\,(x - a) + \frac{\partial f}{\partial y}(a, b)\,(y - b)",
    CALCULUS,
)

LAWS = (stacked, entries_in, directional_law, tangent_law)


# --- entries ----------------------------------------------------------------------------------------------------------


Asked = tuple[Expr, Symbol, Expr, Expr]
"""A derivative that is asked for: the formula, the variable, the heading, and what the formula is the value of."""


def _entries(work: Work, asked: Sequence[Asked], wide: int, form: str = "", full: bool = False) -> list[Expr]:
    """Derivatives of formulas in the form asked for.

    Those that need no lines of their own are listed side by side, `wide` in a row; the others get theirs, all of them
    where `full` asks for it.
    """
    if form.startswith("in terms of"):
        raise CannotDerive(f"`form: {form}` is asked of one derivative; use `derive`")
    found: list[Expr] = []
    listed: list[Instance] = []
    rules: list[Rule] = []
    waiting: list[tuple[int, Asked]] = []
    for place, (expr, wrt, heading, subject) in enumerate(asked):
        known = None if full else quickly(expr, wrt)
        if known is None:
            waiting.append((place, (expr, wrt, heading, subject)))
            found.append(MINUS_ONE)
            continue
        value = good_form(known.derivative, form)
        rules += known.rules
        listed.append(Instance(heading, value))
        found.append(value)
    if listed:
        rows = [tuple(listed[start : start + wide]) for start in range(0, len(listed), wide)]
        work.steps.append(Table(tuple(rows), worth_naming(rules)))
    for place, (expr, wrt, heading, subject) in waiting:
        found[place] = work.derivative(expr, wrt, heading, subject, form)
    return found


def _components(work: Work) -> list[tuple[Expr, Expr]]:
    """The entries of a vector with their names f_1, f_2; a scalar with its own."""
    if not isinstance(work.statement, Matrix):
        return [(work.statement, work.quantity)]
    name = work.quantity.latex or work.quantity.name
    return [
        (entry, work.name(f"{work.quantity.name}_{place}", f"{name}_{{{place}}}", entry))
        for place, entry in enumerate(work.statement.entries, 1)
    ]


def _check_formula(work: Work) -> None:
    if not all(shape(entry) == SCALAR for entry in getattr(work.statement, "entries", ())):
        raise CannotDerive("the entries of a vector are scalars")


# --- kinds ------------------------------------------------------------------------------------------------------------


def partials(part: Part, layout: Layout) -> Derivation:
    """Each partial derivative with its lines; those of second order, and whether the mixed ones agree."""
    work = work_on(part)
    variables = work.variables
    if not variables:
        raise CannotDerive("there is no variable to differentiate by")
    first = [(work.statement, one, derivative_name(work, (one,)), work.quantity) for one in variables]
    values = _entries(work, first, 2, part.form if part.order == 1 else "", full=part.order == 1)
    if part.order == 1:
        for (_, _, heading, _), value in zip(first, values, strict=True):
            work.steps.append(Conclude(heading, value, heading))
        return _each_at_point(work, [heading for _, _, heading, _ in first], values)
    headings: list[Expr] = []
    asked = []
    for one, value in zip(variables, values, strict=True):
        for other in variables:
            heading = derivative_name(work, (one, other))
            headings.append(heading)
            asked.append((value, other, heading, derivative_name(work, (one,))))
    found = _entries(work, asked, 2, part.form)
    for heading, value in zip(headings, found, strict=True):
        work.steps.append(Conclude(heading, value, heading))
    count = len(variables)
    for row in range(count):
        for place in range(row + 1, count):
            left, right = headings[row * count + place], headings[place * count + row]
            agree = Fact(left, "=", right)
            work.steps.append(Statement("clairaut", (("left", left), ("right", right)), (agree,), shown=False))
    square = (Dim(count), Dim(count))
    return _at_point(work, "partials", Matrix(tuple(headings), square), Matrix(tuple(found), square), None)


def gradient(part: Part, layout: Layout) -> Derivation:
    """The column of partial derivatives; a row in numerator layout. The mean over the rows of a data table."""
    if part.given.data:
        return batch_gradient(part, layout)
    work = work_on(part)
    symbol, values = gradient_lines(work, layout)
    work.steps.append(Conclude(symbol, values, symbol))
    return _at_point(work, "gradient", symbol, values, layout)


def gradient_lines(work: Work, layout: Layout = Layout.DENOMINATOR) -> tuple[Symbol, Matrix]:
    """The lines to the gradient of the statement; gives its name and its value."""
    asked = [(work.statement, one, Partial(work.quantity, one), work.quantity) for one in work.variables]
    found = _entries(work, asked, 2, work.part.form)
    row = layout == Layout.NUMERATOR
    of = (ONE, Dim(len(found))) if row else (Dim(len(found)), ONE)
    template = Matrix(tuple(heading for _, _, heading, _ in asked), of)
    name = work.quantity.latex or work.quantity.name
    latex = rf"(\nabla {name})^{{\mathsf T}}" if row else rf"\nabla {name}"
    symbol = work.name(f"∇{work.quantity.name}{'.T' if row else ''}", latex, template)
    values = Matrix(tuple(found), of)
    work.steps.append(Rewrite((stacked,), symbol, template, symbol))
    work.steps.append(Rewrite((entries_in,), template, values, symbol))
    return symbol, values


def jacobian(part: Part, layout: Layout) -> Derivation:
    """The entries are (i, j) = df_i/dx_j in numerator and mixed layout, (i, j) = df_j/dx_i in denominator layout."""
    work = work_on(part)
    _check_formula(work)
    parts = _components(work)
    pairs = [(expr, name, one) for expr, name in parts for one in work.variables]
    asked = [(expr, one, Partial(name, one), name) for expr, name, one in pairs]
    found = _entries(work, asked, len(work.variables), part.form)
    wide, tall = len(work.variables), len(parts)
    template = Matrix(tuple(heading for _, _, heading, _ in asked), (Dim(tall), Dim(wide)))
    values = Matrix(tuple(found), template.shape)
    if layout == Layout.DENOMINATOR:
        template, values = turned(template), turned(values)
    symbol = work.name("J", r"\mathbf{J}", template)
    work.steps.append(Rewrite((stacked,), symbol, template, symbol))
    work.steps.append(Rewrite((entries_in,), template, values, symbol))
    work.steps.append(Conclude(symbol, values, symbol))
    return _at_point(work, "jacobian", symbol, values, layout)


def hessian(part: Part, layout: Layout) -> Derivation:
    """The entries are (i, j) = d2f/dx_i dx_j, in every layout."""
    work = work_on(part)
    symbol, values = hessian_lines(work)
    work.steps.append(Conclude(symbol, values, symbol))
    return _at_point(work, "hessian", symbol, values, None)


def hessian_lines(work: Work) -> tuple[Symbol, Matrix]:
    """The lines to the Hessian of the statement; gives its name and its value."""
    variables = work.variables
    first = [(work.statement, one, Partial(work.quantity, one), work.quantity) for one in variables]
    slopes = _entries(work, first, 2)
    count = len(variables)
    places = [(row, place) for row in range(count) for place in range(count)]
    headings = dict(zip(places, second_partials(work.quantity, variables), strict=True))
    asked = {
        (row, place): (slopes[place], variables[row], headings[row, place], Partial(work.quantity, variables[place]))
        for row, place in places
    }
    # what needs lines of its own is derived once: below the diagonal it is what it is above
    short = all(quickly(slope, other) is not None for slope, other, _, _ in asked.values())
    own = [at for at in places if short or at[0] <= at[1]]
    found = dict(zip(own, _entries(work, [asked[at] for at in own], 2, work.part.form), strict=True))
    for row, place in places:
        if (row, place) not in found:
            found[row, place] = found[place, row]
            both = (("left", headings[place, row]), ("right", headings[row, place]))
            agree = Fact(headings[place, row], "=", headings[row, place])
            work.steps.append(Statement("clairaut", both, (agree,), shown=False))
    square = (Dim(count), Dim(count))
    template = Matrix(tuple(headings[at] for at in places), square)
    values = Matrix(tuple(found[at] for at in places), square)
    symbol = work.name("H", r"\mathbf{H}", template)
    work.steps.append(Rewrite((stacked,), symbol, template, symbol))
    work.steps.append(Rewrite((entries_in,), template, values, symbol))
    return symbol, values


def evaluate(part: Part, layout: Layout) -> Derivation:
    """The value of a formula at a point."""
    work = work_on(part)
    question, value = evaluated(work, work.quantity, work.statement)
    return work.finished("evaluate", question, value)


def directional(part: Part, layout: Layout) -> Derivation:
    """The derivative at a point in a direction, or the direction in which the function falls or grows fastest."""
    work = work_on(part)
    symbol, values = gradient_lines(work)
    at = dict(part.given.at)
    heading = At(symbol, tuple(at), tuple(at.values()))
    steps, slope = value_lines(values, at, heading)
    work.steps += steps
    if part.given.kind:
        return _steepest(work, heading, slope, descent="descent" in part.given.kind)
    if not part.given.direction:
        raise CannotDerive("a directional derivative needs a direction: `direction: [3, 4]`")
    return _along(work, heading, slope)


def _steepest(work: Work, heading: Expr, slope: Expr, descent: bool) -> Derivation:
    if not isinstance(slope, Matrix) or all(entry == number(0) for entry in slope.entries):
        raise CannotDerive("the gradient vanishes there: no direction is steeper than another")
    sought: Expr = product((MINUS_ONE, heading)) if descent else heading
    result = _negative(slope) if descent else slope
    if descent:
        work.steps.append(Rewrite((work_out,), product((MINUS_ONE, slope)), result, sought))
    key = "steepest_descent" if descent else "steepest_ascent"
    work.steps.append(Statement(key, (("direction", result),)))
    work.steps.append(Conclude(sought, result, sought))
    return work.finished("directional", sought, result)


def _along(work: Work, heading: Expr, slope: Expr) -> Derivation:
    """grad f' v / |v|."""
    given = work.part.given
    v = Matrix(given.direction, (Dim(len(given.direction)), ONE))
    if all(value_of(entry, {}) == number(0) for entry in v.entries):
        raise CannotDerive("the direction is zero")
    name = work.name("v", r"\mathbf{v}", v)
    length = Apply(Function("sqrt"), (plus(Power(Group(entry), number(2)) for entry in v.entries),))
    norm = work.name("|v|", r"\lVert \mathbf{v} \rVert", length)
    steps, size = value_lines(length, {}, norm)
    work.steps.append(Table(((Instance(name, v),),)))
    work.steps.append(Rewrite((directional_law,), norm, length, norm))
    work.steps += steps
    template = _over(_dot(heading, name), norm)
    rate = work.name("D", rf"D_{{\mathbf{{v}}}} {work.quantity.latex or work.quantity.name}", template)
    work.steps.append(Rewrite((directional_law,), rate, template, rate))
    assert isinstance(slope, Matrix)
    written = _over(plus(product((a, Group(b))) for a, b in zip(slope.entries, v.entries, strict=True)), size)
    work.steps.append(Rewrite((put_in,), template, written, rate))
    more, value = value_lines(written, {}, rate, digits=work.part.digits)
    work.steps += more
    better = good_form(value)
    if better != value:
        work.steps.append(Rewrite((work_out,), value, better, rate))
    rounds = any(getattr(step, "digits", None) is not None for step in more)
    work.steps.append(Conclude(rate, better, rate, digits=work.part.digits if rounds else None))
    return work.finished("directional", rate, better)


def tangent_plane(part: Part, layout: Layout) -> Derivation:
    """z = f(a, b) + f_x (x - a) + f_y (y - b)."""
    work = work_on(part)
    asked = [(work.statement, one, Partial(work.quantity, one), work.quantity) for one in work.variables]
    slopes = _entries(work, asked, 2)
    at = dict(part.given.at)
    point = tuple(at.values())
    rows: list[Expr] = []
    named: list[tuple[Expr, Expr]] = [(work.statement, work.quantity)]
    named += [(slope, heading) for slope, (_, _, heading, _) in zip(slopes, asked, strict=True)]
    for expr, name in named:
        steps, value = value_lines(expr, at, At(name, tuple(at), point))
        work.steps += steps
        rows.append(value)
    z = Symbol("z" if "z" not in work.reserved else "z_T")
    shifted = [plus((one, _negated(value))) for one, value in at.items()]
    names = [At(name, tuple(at), point) for _, name in named]
    template = plus((names[0], *(product((slope, gap)) for slope, gap in zip(names[1:], shifted, strict=True))))
    work.named.append((z, template))
    work.steps.append(Rewrite((tangent_law,), z, template, z))
    written = plus((rows[0], *(product((slope, gap)) for slope, gap in zip(rows[1:], shifted, strict=True))))
    work.steps.append(Rewrite((put_in,), template, written, z))
    result = expand_all(written) or tidied(written)
    if result != written:
        work.steps.append(Rewrite((expand_all,), written, result, z))
    work.steps.append(Conclude(z, result, z))
    return work.finished("tangent_plane", z, result)


# --- small things -----------------------------------------------------------------------------------------------------


def _at_point(work: Work, task: str, name: Expr, value: Expr, layout: Layout | None) -> Derivation:
    """The end of a derivation: at the point of the part, where it has one."""
    if work.part.given.at:
        if isinstance(work.steps[-1], Conclude) and not set(dict(work.part.given.at)) & set(symbols(value)):
            work.steps.pop()  # it is the same at every point: one box is enough
        question, value = evaluated(work, name, value)
        return work.finished(task, question, value, layout)
    return work.finished(task, name, value, layout)


def _each_at_point(work: Work, names: Sequence[Expr], values: Sequence[Expr]) -> Derivation:
    """Several derivatives, each at the point of the part, where it has one."""
    if not work.part.given.at:
        return work.finished("partials", _column(names), _column(values))
    ends = [evaluated(work, name, value) for name, value in zip(names, values, strict=True)]
    boxes = [step for step in work.steps if isinstance(step, Conclude)][-len(ends) :]
    work.steps = [*(step for step in work.steps if step not in boxes), *boxes]
    return work.finished("partials", _column([question for question, _ in ends]), _column([end for _, end in ends]))


def _column(entries: Sequence[Expr]) -> Expr:
    return entries[0] if len(entries) == 1 else Matrix(tuple(entries), (Dim(len(entries)), ONE))


def turned(matrix: Matrix) -> Matrix:
    """The transpose of an array that is written out."""
    tall, wide = matrix.shape[0].number, matrix.shape[1].number
    entries = tuple(matrix.entries[row * wide + column] for column in range(wide) for row in range(tall))
    return Matrix(entries, (matrix.shape[1], matrix.shape[0]))


def _negative(matrix: Matrix) -> Matrix:
    return Matrix(tuple(value_of(product((MINUS_ONE, entry)), {}) for entry in matrix.entries), matrix.shape)


def _negated(value: Expr) -> Expr:
    return Number(-value.value) if isinstance(value, Number) else product((MINUS_ONE, value))


def _dot(left: Expr, right: Expr) -> Expr:
    return MatMul((Transpose(left), right))


def _over(top: Expr, bottom: Expr) -> Expr:
    return product((top, Power(bottom, MINUS_ONE)))


KINDS: dict[str, Callable[[Part, Layout], Derivation]] = {
    "partials": partials,
    "gradient": gradient,
    "jacobian": jacobian,
    "hessian": hessian,
    "evaluate": evaluate,
    "directional": directional,
    "tangent_plane": tangent_plane,
}
