"""Newton's method: the first step in full, with the inverse of the Hessian, further ones in a table."""

from __future__ import annotations

from fractions import Fraction

from derivgen.derivation import Derivation, Fact, Rewrite, Statement
from derivgen.derive.evaluation import put_in, round_off, rounded, value_lines, work_out
from derivgen.derive.iteration import (
    Setting,
    Stop,
    first_partials,
    good_derivative,
    numeric,
    pending_gradient,
    setting,
    shown_point,
    solved,
    step_from,
)
from derivgen.derive.stepping import Lines, Points, Walk, column, entries_of, minus, square
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
from derivgen.errors import CannotDerive
from derivgen.expr.build import plus, product
from derivgen.expr.nodes import (
    MINUS_ONE,
    ZERO_NUMBER,
    At,
    Det,
    Entry,
    Expr,
    Inverse,
    Layout,
    MatMul,
    Matrix,
    Number,
    Partial,
    Power,
    Product,
    Symbol,
    Zeros,
)
from derivgen.expr.walk import symbols
from derivgen.problem.model import Part
from derivgen.rules.optimisation import (
    add_entries,
    determinant,
    diagonal_determinant,
    inverse_of_diagonal,
    inverse_of_two,
    newton_step,
    rows_times_columns,
    scale_entries,
)


def newton(part: Part, layout: Layout) -> Derivation:
    """Steps x - H(x)^-1 ∇f(x) from the start.

    Raises CannotDerive where a Hessian on the way is singular.
    """
    the = setting(part)
    given = part.given
    lines = Lines.about(the)
    stops = _newton(the, given.steps)
    walk = walk_through(the, stops, lambda point: _newtoned(the, point))
    lines.given(walk.names[0], stops[0].point)
    slopes = lines.slopes()
    curves = lines.curvatures(slopes)
    lines.named |= walk.meanings()
    start, first, names = stops[0].point, stops[1].point, walk.names
    found = lines.evaluated(lines.slope, column(slopes), start)
    size = len(the.variables)
    constant = not any(variable in symbols(one) for one in curves for variable in the.variables)
    bent: Expr = curves[0] if size == 1 else square(curves, size)
    if not constant:
        bent = lines.evaluated(lines.curvature, bent, start)
    elif symbols(bent):
        bent = lines.with_constants(lines.curvature, bent)
    _first_newton(lines, walk, found, bent, constant)
    first = staged_point(lines) if the.staged else first
    if given.steps == 1:
        lines.height(start, names[0])
        lines.height(first, names[1])
    else:
        table(lines, walk)
    if constant:
        _one_step_is_enough(lines, stops, bent)
    else:
        last = first if given.steps == 1 else stops[-1].point
        lines.compare(("newton_lowers", "newton_raises", "newton_level"), start, last, ())
        if given.steps == 1 and all(the.is_short(one) for one in first):
            lines.evaluated(lines.slope, column(slopes), first)
    return derivation_of(lines, walk)


def _newton(the: Setting, steps: int) -> tuple[Stop, ...]:
    size = len(the.variables)
    slopes = first_partials(the)
    curves = tuple(good_derivative(slope, variable) for slope in slopes for variable in the.variables)

    def move(point: Points) -> tuple[tuple[Fraction, bool], ...]:
        known = [numeric(the, one, point) for one in (*slopes, *curves)]
        exact = all(each for _, each in known)
        down, bent = [value for value, _ in known[:size]], [value for value, _ in known[size:]]
        found = solved([bent[row * size : (row + 1) * size] for row in range(size)], down)
        if found is None:
            what = "the second derivative is 0" if size == 1 else "the Hessian is singular: its determinant is 0"
            at = f"at {shown_point(the, point)} " if all(map(the.is_short, point)) else ""
            raise CannotDerive(f"{at}{what}, so Newton's step does not exist")
        return tuple((near_value(one) - by, exact) for one, by in zip(point, found, strict=True))

    stops = [beginning(the)]
    for _ in range(steps):
        stops.append(step_from(the, stops, move))
    return tuple(stops)


def _newtoned(the: Setting, point: Points) -> Points:
    variables, size = the.variables, len(the.variables)
    down = pending_gradient(the.expression, variables)
    bent = tuple(Partial(one, variable) for one in down for variable in variables)
    if size == 1:
        return (minus(point[0], Power(At(bent[0], variables, point), MINUS_ONE), At(down[0], variables, point)),)
    move = At(MatMul((Inverse(square(bent, size)), column(down))), variables, point)
    return tuple(minus(one, Entry(move, (place,))) for place, one in enumerate(point, 1))


def _first_newton(lines: Lines, walk: Walk, found: Expr, bent: Expr, constant: bool) -> None:
    """The inverse of the Hessian at the start, then x_1 = x_0 - H^-1 ∇f(x_0), worked out."""
    the = lines.the
    (old, new), start = walk.names[:2], walk.stops[0].point
    slope: Expr = lines.at(lines.slope, old)
    curve: Expr = lines.curvature if constant else lines.at(lines.curvature, old)
    here: Expr = lines.curvature if constant else lines.at(lines.curvature, start)
    heading: Expr = column(new)
    if the.staged:
        slope = as_rounded(lines, lines.slope, found, old)
        if not constant:
            curve = as_rounded(lines, lines.curvature, bent, old)
            here = as_rounded(lines, lines.curvature, bent, start)
        by: Expr = Product((slope, Power(curve, MINUS_ONE))) if lines.scalar else MatMul((Inverse(curve), slope))
        heading = staged_heading(lines, new, minus(column(old), by))
    if lines.scalar:
        quotient = Product((slope, Power(curve, MINUS_ONE)))
        lines.chain(heading, [((newton_step,), minus(old[0], quotient), None)])
        put = minus(start[0], Product((found, Power(bent, MINUS_ONE))))
        lines.steps.append(put_into(lines, put, heading))
        worked_out(lines, put, heading)
        return
    known = all(isinstance(one, Number) for one in (*entries_of(found), *entries_of(bent)))
    if not known:
        lines.chain(heading, [((newton_step,), minus(column(old), MatMul((Inverse(curve), slope))), None)])
        put = minus(column(start), MatMul((Inverse(bent), found)))
        lines.steps.append(put_into(lines, put, heading))
        rounded_end(lines, put, heading, walk)
        return
    assert isinstance(bent, Matrix) and isinstance(found, Matrix)
    if len(old) > 2 and inverse_of_diagonal(Inverse(bent)) is None:
        _by_solving(lines, walk, heading, bent, found, curve, slope)
        return
    inverted = _inverse(lines, here, bent)
    move = MatMul((Inverse(curve), slope))
    if the.staged:
        move = MatMul((_rounded_inverse(lines, inverted, old, constant), slope))
        heading = staged_heading(lines, new, minus(column(old), move))
    lines.chain(heading, [((newton_step,), minus(column(old), move), None)])
    put = minus(column(start), MatMul((inverted, found)))
    lines.steps.append(put_into(lines, put, heading))
    times = rows_times_columns(MatMul((inverted, found)))
    assert isinstance(times, Matrix)
    lines.steps.append(Rewrite((rows_times_columns,), put, minus(column(start), times), heading))
    down = Matrix(tuple(the.value(one, the.variables) for one in times.entries), times.shape)
    moved(lines, heading, minus(column(start), times), down, (work_out,))


def _inverse(lines: Lines, here: Expr, bent: Matrix) -> Matrix:
    """Lines for the determinant and the inverse of a Hessian with numbers; the inverse."""
    whole = Det(here)
    law = diagonal_determinant if diagonal_determinant(Det(bent)) is not None else determinant
    written = law(Det(bent))
    assert written is not None
    lines.chain(whole, [((law,), written, None)])
    steps, _ = value_lines(written, {}, whole)
    lines.steps += steps
    heading = Inverse(here)
    turned = inverse_of_diagonal(Inverse(bent))
    if isinstance(turned, Matrix):
        lines.chain(heading, [((inverse_of_diagonal,), turned, None)])
        return _as_staged(lines, turned, heading)
    turned = inverse_of_two(Inverse(bent))
    assert isinstance(turned, Product)
    factor, array = turned.factors
    assert isinstance(array, Matrix)
    own = lines.the
    scaled = tuple(own.value(product((factor, one)), own.variables) for one in array.entries)
    inverted = Matrix(scaled, array.shape)
    lines.chain(heading, [((inverse_of_two,), turned, None), ((scale_entries, work_out), inverted, None)])
    return _as_staged(lines, inverted, heading)


def _as_staged(lines: Lines, array: Matrix, heading: Expr) -> Matrix:
    """The array as it is used on: rounded, with a line that says so, where each number is."""
    digits = lines.the.digits
    if not lines.the.staged or digits is None or (near := rounded(array, digits)) == array:
        return array
    assert isinstance(near, Matrix)
    lines.steps.append(Rewrite((round_off,), array, near, heading, digits=digits))
    return near


def _rounded_inverse(lines: Lines, inverted: Matrix, at: Points, constant: bool) -> Expr:
    """The rounded inverse of the Hessian by a name that is printed as the inverse."""
    name = lines.curvature.name
    made = Symbol(f"{name}⁻¹", inverted.shape, latex=rf"\mathbf{{{name}}}^{{-1}}")
    lines.named[made] = inverted
    return made if constant else lines.at(made, at)


def _by_solving(lines: Lines, walk: Walk, heading: Expr, bent: Matrix, found: Matrix, curve: Expr, slope: Expr) -> None:
    """Three variables or more: d with H d = -∇f, then x_1 = x_0 + d."""
    the, size = lines.the, len(the_variables := lines.the.variables)
    rows = [[_number(bent.entries[row * size + place]) for place in range(size)] for row in range(size)]
    move = solved(rows, [-_number(one) for one in found.entries])
    assert move is not None and the_variables
    written = Matrix(tuple(map(Number, move)), found.shape)
    step = Symbol(the.free_name("d", "s", "p"), found.shape)
    lines.named[step] = Product((MINUS_ONE, MatMul((Inverse(curve), slope))))
    minus_found = Matrix(tuple(Number(-_number(one)) for one in found.entries), found.shape)
    sentence = (("step", step), ("left", MatMul((curve, step))), ("right", Product((MINUS_ONE, slope))))
    lines.steps.append(Statement("newton_solves", sentence, (Fact(MatMul((bent, written)), "=", minus_found),)))
    start = column(walk.stops[0].point)
    before: Expr = heading
    for rules, after in (
        ((newton_step,), plus((column(walk.names[0]), step))),
        ((put_in,), plus((start, written))),
    ):
        lines.steps.append(Rewrite(rules, before, after, heading))
        before = after
    end = lines.added(before)
    lines.steps.append(Rewrite((add_entries,), before, end, heading))
    if the.digits is not None and (near := rounded(end, the.digits)) is not None and near != end:
        lines.steps.append(Rewrite((round_off,), end, near, heading, digits=the.digits))


def _number(expr: Expr) -> Fraction:
    assert isinstance(expr, Number)
    return expr.value


def _one_step_is_enough(lines: Lines, stops: tuple[Stop, ...], bent: Expr) -> None:
    """A quadratic function: the gradient is zero at the new point; which kind of point that is."""
    the, last = lines.the, stops[-1].point
    zero = ZERO_NUMBER if lines.scalar else Zeros(lines.slope.shape)
    scalar = "_one" if lines.scalar else ""
    matrix = lines.curvature
    if all(isinstance(one, Number) for one in (*last, *entries_of(bent))) and stops[-1].origin == "exact":
        fact = Fact(lines.at(lines.slope, last), "=", zero)
        values = (("f", the.quantity), ("hessian", matrix))
        lines.steps.append(Statement(f"newton_quadratic{scalar}", values, (fact,)))
        key, facts = _definiteness(matrix, bent)
        lines.steps.append(Statement(f"newton_{key}{scalar}", values, facts))


def _definiteness(name: Expr, array: Expr) -> tuple[str, tuple[Fact, ...]]:
    """minimum, maximum or saddle, and the signs that tell: those of the leading minors."""
    if not isinstance(array, Matrix):
        positive = _number(array) > 0
        return ("minimum" if positive else "maximum"), (Fact(name, ">" if positive else "<", ZERO_NUMBER),)
    size = array.shape[0].number
    minors: list[tuple[Expr, Fraction]] = []
    for count in range(1, size + 1):
        block = tuple(array.entries[row * size + place] for row in range(count) for place in range(count))
        shown: Expr = block[0] if count == 1 else Det(square(block, count))
        minors.append((Det(name) if count == size else shown, _determinant([_number(one) for one in block], count)))
    signs = [(value > 0) - (value < 0) for _, value in minors]
    facts = tuple(
        Fact(shown, {1: ">", -1: "<", 0: "="}[sign], ZERO_NUMBER)
        for (shown, _), sign in zip(minors, signs, strict=True)
    )
    if all(sign > 0 for sign in signs):
        return "minimum", facts
    if all(sign == (-1) ** place for place, sign in enumerate(signs, 1)):
        return "maximum", facts
    return "saddle", facts[-1:] if size == 2 else facts


def _determinant(values: list[Fraction], size: int) -> Fraction:
    if size == 1:
        return values[0]
    total = Fraction(0)
    for place in range(size):
        kept = [values[row * size + other] for row in range(1, size) for other in range(size) if other != place]
        total += (-1) ** place * values[place] * _determinant(kept, size - 1)
    return total
