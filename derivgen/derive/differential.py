"""The derivative by differentials: the method `differential`.

The differential of the statement is taken by the laws of Magnus and Neudecker, and dX brought to the end: of a scalar
df = tr(G' dX), or g' dx for a vector, so that G is the derivative in denominator layout; of a vector dy = J dx, so that
J is the derivative in numerator layout; by a scalar dY = Y' dt.
"""

from __future__ import annotations

from dataclasses import dataclass

from derivgen.derivation import Conclude, Derivation, Rule
from derivgen.derive.derivative import MOST_WAVES, readable
from derivgen.derive.naming import indices_for, quantity_for, reserved_names
from derivgen.derive.record import QUIET, Recorder, Stage, pending
from derivgen.derive.tidying import exhausted
from derivgen.errors import CannotDerive
from derivgen.expr.build import transpose
from derivgen.expr.nodes import (
    DIFFERENTIAL,
    ONE,
    SCALAR,
    ZERO_NUMBER,
    Column,
    Differential,
    Entry,
    Expr,
    Index,
    Layout,
    Partial,
    Plus,
    Row,
    Sum,
    Symbol,
    Zeros,
)
from derivgen.expr.shapes import axes, is_scalar, shape
from derivgen.expr.text import text
from derivgen.expr.walk import all_indices, depends_on, free_indices, subexpressions
from derivgen.problem.model import Part
from derivgen.rules import assumptions, differentials, gathering, matrix_algebra, turning
from derivgen.rules.algebra import TIDY
from derivgen.rules.gathering import moves
from derivgen.rules.kronecker import KRONECKER
from derivgen.rules.layout import arrangement, transpose_terms, transposed
from derivgen.rules.scalar_forms import simplify_scalar
from derivgen.rules.turning import before_differential, coefficient, collected

STRUCTURED = frozenset({"symmetric", "skew", "diagonal", "triangular"})
"""A variable with such a structure has a dX with the same one, so tr(G' dX) does not determine G."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What the differential is taken of: the statement as a column, by which variable, and what dX is called."""

    statement: Expr
    wrt: Symbol
    by: Symbol
    quantity: Symbol
    value: tuple[Index, ...]
    places: tuple[Index, ...]
    """The indices of the variable."""

    @property
    def start(self) -> Differential:
        return Differential(as_column(self.statement), self.wrt, self.by)

    @property
    def heading(self) -> Differential:
        return Differential(as_column(self.quantity), self.wrt, self.by)


def as_column(expr: Expr) -> Expr:
    """A row as the column that is its transpose; all else as it is."""
    rows, columns = shape(expr)
    return transpose(expr) if rows == ONE and columns != ONE else expr


def derive_differential(part: Part, layout: Layout) -> Derivation:
    """The derivative of `part.expression` by `part.wrt` in `layout`, read off its differential.

    Raises CannotDerive, naming what the method does not reach.
    """
    assert part.expression is not None and part.wrt is not None
    task = _task(part.expression, part.wrt, part)
    recorder = _differential_lines(task)
    natural = _read_off(task, recorder)
    places = (*task.value, *task.places)
    results: dict[Layout, Expr] = {}
    for one in Layout:
        place = arrangement(one, task.value, task.places)
        assert place is not None
        array = natural if place.indices == places else transpose_terms(natural)
        results[one] = readable(transposed(place.arrange(array), part.wrt_transposed))
    result = results[layout]
    conclusion = Conclude(task.start, result, Partial(task.statement, task.wrt), None, None)
    return Derivation(
        task="derive",
        statement=task.statement,
        steps=(*recorder.lines, conclusion),
        result=result,
        form="matrix",
        shape=shape(result),
        quantity=task.quantity,
        wrt=task.wrt,
        wrt_transposed=part.wrt_transposed,
        layout=layout,
        value_indices=task.value,
        wrt_indices=task.places,
        others=tuple((one, other) for one, other in results.items() if other != result),
        direction=task.by,
    )


def _task(statement: Expr, wrt: Symbol, part: Part) -> _Task:
    _refuse(statement, wrt, part)
    reserved = reserved_names(part.scope, statement, name=part.name)
    used = all_indices(statement)
    places = indices_for(axes(wrt), ("k", "l"), used, reserved)
    value = indices_for(axes(statement), ("i", "j"), (*used, *places), reserved)
    quantity = quantity_for(statement, shape(statement), reserved, part.name)
    name = f"d{wrt.name}"
    while name in reserved:
        name += "_"
    by = Symbol(name, wrt.shape, frozenset({DIFFERENTIAL}), wrt.latex)
    return _Task(statement, wrt, by, quantity, value, places)


def _refuse(statement: Expr, wrt: Symbol, part: Part) -> None:
    """Raises CannotDerive for what the method does not reach."""
    what = "the method differential"
    if part.order != 1:
        raise CannotDerive(f"{what} takes first derivatives only; the method index takes those of order {part.order}")
    if len(axes(statement)) + len(axes(wrt)) > 2:
        raise CannotDerive(f"{what} has no matrix for a derivative with more than two axes; the method index has")
    if known := sorted(wrt.assumptions & STRUCTURED):
        raise CannotDerive(f"{what} does not take derivatives inside a structure; {wrt.name} is {known[0]}")
    if wrt.shape[0] == ONE and wrt.shape != SCALAR:
        raise CannotDerive(f"{what} takes a vector as a column; {wrt.name} is a row")
    if free_indices(statement):
        raise CannotDerive(f"{what} works on matrices; {text(statement)} has free indices")
    for node in subexpressions(statement):
        if isinstance(node, Sum | Entry | Row | Column) and depends_on(node, wrt):
            raise CannotDerive(f"{what} works on matrices; this is index notation: {text(node)}")


def _differential_lines(task: _Task) -> Recorder:
    """The lines from the pending differential of the statement to a sum of terms that dX ends."""
    recorder = Recorder(task.start, task.heading)
    linear = Stage((*differentials.ROUTINE, *differentials.LINEAR), pending=True)
    routine = Stage(differentials.ROUTINE, pending=True)
    recorder.line(Stage(KRONECKER))
    for _ in range(MOST_WAVES):
        if not pending(recorder.current):
            break
        moved = recorder.line(Stage(TIDY), linear, Stage(TIDY), routine)
        if pending(recorder.current):
            moved |= recorder.line(Stage(differentials.NONLINEAR, pending=True, once=True), routine)
        if not moved:
            stuck = next(node for node in subexpressions(recorder.current) if isinstance(node, Differential))
            raise CannotDerive(f"there is no law for the differential of {text(stuck.body)}")
    for _ in range(MOST_WAVES):
        moved = False
        for stage in (gathering.GATHERING, turning.TURNED, turning.ENDING):
            moved |= recorder.line(Stage((*gathering.SPREADING, *stage)))
        if not moved and not recorder.line(Stage(gathering.ARRAYS)):
            break
    return recorder


def _read_off(task: _Task, recorder: Recorder) -> Expr:
    """The array before the dX, arranged as (value indices, indices of the variable); its line is added."""
    of_scalar = is_scalar(task.statement)
    if not moves(recorder.current):
        column = as_column(task.statement)
        if is_scalar(task.wrt):
            return ZERO_NUMBER if of_scalar else Zeros(shape(column))
        return Zeros(task.wrt.shape if of_scalar else (shape(column)[0], task.wrt.shape[0]))
    gathered = collected(recorder.current)
    if gathered is None:
        raise CannotDerive(f"no law brings {task.by.name} to the end of {text(_stuck(recorder.current, task))}")
    before = coefficient(gathered, task.by)
    assert before is not None
    turned = of_scalar and not is_scalar(task.wrt)
    used: list[Rule] = []
    array = exhausted(
        transpose_terms(before) if turned else before, (*assumptions.ASSUMED, *matrix_algebra.READABLE), used
    )
    if of_scalar and is_scalar(task.wrt) and (form := simplify_scalar(array)) is not None:
        used.append(simplify_scalar)
        array = form
    last = before_differential(readable(transpose_terms(array)) if turned else array, task.by)
    main = [rule for rule in used if rule not in QUIET]
    several = isinstance(recorder.current, Plus)
    # a factor that only changes its place needs no line
    if several or main or (text(last) != text(recorder.current) and not (is_scalar(task.by) and not of_scalar)):
        recorder.to(last, *((collected,) if several or not main else ()), *main)
    return array


def _stuck(current: Expr, task: _Task) -> Expr:
    terms = current.terms if isinstance(current, Plus) else (current,)
    return next(term for term in terms if coefficient(term, task.by) is None)
