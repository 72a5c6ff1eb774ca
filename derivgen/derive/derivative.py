"""The derivative of an expression by a scalar, a vector or a matrix: the method `index`.

One entry of the value is differentiated by one entry of the variable, by the laws of ordinary calculus; the result goes
back to matrices, and last of all into the layout.
"""

from __future__ import annotations

from dataclasses import dataclass

from derivgen.derivation import Conclude, Derivation, Rewrite, Rule, Step, entry_of
from derivgen.derive.folding import folded, folded_lines
from derivgen.derive.independence import independence, off_kinks
from derivgen.derive.naming import indices_for, quantity_for, reserved_names
from derivgen.derive.record import QUIET, Recorder, Stage, pending, rename_apart
from derivgen.derive.tidying import exhausted
from derivgen.errors import CannotDerive, NoMatrixForm
from derivgen.expr.build import plus, product, transpose
from derivgen.expr.images import has_images
from derivgen.expr.nodes import SCALAR, Entry, Expr, Index, Layout, Partial, Plus, Product, Sum, Symbol
from derivgen.expr.shapes import axes, shape
from derivgen.expr.text import text
from derivgen.expr.walk import all_indices, depends_on, free_indices, subexpressions
from derivgen.problem.model import Part, Scope
from derivgen.rules import assembly, assumptions, contraction, differentiation, expansion, matrix_algebra
from derivgen.rules.algebra import TIDY, constant_out_of_sum, like_terms, tangent
from derivgen.rules.images import chain_rule_of_images, entries_in_layout, in_layout
from derivgen.rules.kronecker import KRONECKER
from derivgen.rules.layout import Arrangement, arrangement, transpose_terms, transposed
from derivgen.rules.scalar_forms import simplify_scalar
from derivgen.rules.vectorised import jacobian

MOST_WAVES = 60
"""A function inside a function takes two lines for each level; deeper than this nobody could follow."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What is differentiated by what, and the indices of the entries."""

    statement: Expr
    wrt: Symbol
    layout: Layout
    quantity: Symbol
    value: tuple[Index, ...]
    by: tuple[tuple[Index, ...], ...]
    """The indices of the variable, a tuple for each time it is differentiated."""
    reserved: frozenset[str]


def derive(part: Part, layout: Layout) -> Derivation:
    """The derivative of `part.expression` by `part.wrt` in `layout`, with its steps.

    Raises CannotDerive, naming what derivgen has no rule for.
    """
    assert part.expression is not None and part.wrt is not None
    task = _task(part.expression, part.wrt, part.order, layout, part.scope, part.name)
    lines, opened = _value_lines(task)
    recorder = _derivative_lines(task, opened, 1)
    for count in range(2, part.order + 1):
        lines += recorder.lines
        recorder = _derivative_lines(task, recorder.current, count)
    return _concluded(task, lines, recorder, part)


def _task(statement: Expr, wrt: Symbol, order: int, layout: Layout, scope: Scope, name: str = "") -> _Task:
    reserved = reserved_names(scope, statement, name=name)
    declared = set(scope.indices.values())
    own = tuple(sorted((i for i in free_indices(statement) if i not in declared), key=lambda index: index.name))
    used = all_indices(statement)
    dims = axes(wrt)
    by: list[tuple[Index, ...]] = []
    for _ in range(order):
        letters = ("k", "l") if not by else ("l", "p") if len(dims) == 1 else ("p", "q")
        taken = (*used, *(index for indices in by for index in indices))
        by.append(indices_for(dims, letters, taken, reserved))
    taken = (*used, *(index for indices in by for index in indices))
    value = (*own, *indices_for(axes(statement), ("i", "j"), taken, reserved))
    dims_of_value = [index.dim for index in value]
    of_shape = shape(statement) if not own else (dims_of_value[0], dims_of_value[1] if len(value) > 1 else SCALAR[1])
    quantity = quantity_for(statement, of_shape, reserved, name)
    return _Task(statement, wrt, layout, quantity, value, tuple(by), reserved)


def _entries(task: _Task, statement: Expr) -> Expr:
    """The entry of the statement that is differentiated; a statement in index notation is one already."""
    count = len(axes(statement))
    return expansion.entry(statement, task.value[len(task.value) - count :]) if count else statement


def _value_lines(task: _Task) -> tuple[list[Rewrite], Expr]:
    """The line that writes out the entry to be differentiated, and that entry."""
    start = _entries(task, task.statement)
    recorder = Recorder(start, entry_of(task.quantity, task.value), (*task.reserved, *_names(task)))
    used: list[Rule] = []
    plainer = exhausted(start, (expansion.row_times_vector, *KRONECKER), used)
    opened = exhausted(_opened(plainer, task, used), TIDY, used)
    if used:
        recorder.to(opened, *dict.fromkeys(used))
    return list(recorder.lines), recorder.current


def _names(task: _Task) -> tuple[str, ...]:
    return tuple(index.name for indices in (*task.by, task.value) for index in indices)


def _opened(expr: Expr, task: _Task, used: list[Rule]) -> Expr:
    """`expr` with those of its terms and factors written out that the variable is inside.

    A product of several factors that vary is left to the product rule, the inside of a function to the chain rule.
    """
    if not depends_on(expr, task.wrt):
        return expr
    if isinstance(expr, Plus):
        return plus(_opened(term, task, used) for term in expr.terms)
    if isinstance(expr, Sum):
        return Sum(expr.index, _opened(expr.body, task, used))
    if isinstance(expr, Product) and sum(depends_on(factor, task.wrt) for factor in expr.factors) == 1:
        return product(_opened(factor, task, used) for factor in expr.factors)
    variable = entry_of(task.wrt, task.by[0])
    assert isinstance(variable, Symbol | Entry)
    for rule in expansion.OPENED:
        after = rule(Partial(expr, variable))
        if isinstance(after, Partial):
            used.append(rule)
            # its own index letters must not meet those of the variable
            return _opened(_apart(after.body, task), task, used)
    return expr


def _apart(expr: Expr, task: _Task) -> Expr:
    return rename_apart(expr, frozenset((*task.reserved, *_names(task))))


def _derivative_lines(task: _Task, opened: Expr, count: int) -> Recorder:
    """The lines from the pending derivative of `opened`, the one number `count`, to its entries without deltas."""
    variable = entry_of(task.wrt, task.by[count - 1])
    heading = entry_of(task.quantity, task.value)
    for indices in task.by[:count]:
        one = entry_of(task.wrt, indices)
        assert isinstance(one, Symbol | Entry)
        heading = Partial(heading, one)
    assert isinstance(variable, Symbol | Entry)
    recorder = Recorder(Partial(opened, variable), heading, (*task.reserved, *_names(task)))
    linear = Stage(differentiation.LINEAR, pending=True)
    routine = Stage(differentiation.ROUTINE, pending=True)
    nonlinear = Stage((*differentiation.NONLINEAR, chain_rule_of_images(task.layout)), pending=True, once=True)
    for _ in range(MOST_WAVES):
        if not pending(recorder.current):
            break
        moved = recorder.line(linear, routine)
        if pending(recorder.current):
            moved |= recorder.line(nonlinear, routine)
        if not moved:
            raise CannotDerive(_refusal(recorder.current))
    else:
        raise CannotDerive(f"more than {MOST_WAVES} lines for {text(task.statement)}")
    recorder.line(Stage((*contraction.CONTRACTION, constant_out_of_sum)))
    recorder.line(Stage((tangent, like_terms)))
    return recorder


def _refusal(expr: Expr) -> str:
    stuck = next(node for node in subexpressions(expr) if isinstance(node, Partial) and not pending(node.body))
    body = stuck.body.base if isinstance(stuck.body, Entry) else stuck.body
    return f"the derivative of {type(body).__name__.lower()} is not there yet: {text(body)}"


def _concluded(task: _Task, lines: list[Rewrite], recorder: Recorder, part: Part) -> Derivation:
    """The matrix form in the layout, or the index form with the reason why there is none."""
    goal = recorder.lines[0].before if recorder.lines else recorder.current
    entries = recorder.current
    wrt_indices = tuple(index for indices in task.by for index in indices)
    place = arrangement(task.layout, task.value, wrt_indices, part.order)
    known = len(recorder.lines)
    reason = ""
    result: Expr = entries
    if place is None:
        reason = f"{len(task.value) + len(wrt_indices)} free indices"
    else:
        try:
            if has_images(entries):
                recorder.to(in_layout(entries, task.layout), entries_in_layout(task.layout))
            array = matrix_lines(recorder, place.indices)
            result = readable(transposed(place.arrange(_in_names(array, part.scope)), part.wrt_transposed))
        except NoMatrixForm as error:
            reason = str(error)
            recorder.current = entries
            del recorder.lines[known:]
    heading = task.statement
    for _ in range(part.order):
        heading = Partial(heading, task.wrt)
    places = place.indices if place and not reason else ()
    form = "index" if reason else "matrix"
    conclusion = _conclusion(goal, result, heading, places[::-1] if part.wrt_transposed else places)
    steps: tuple[Step, ...] = (*independence(task.statement, task.wrt), *lines, *recorder.lines, conclusion)
    statement = task.statement
    if part.scope.definitions:
        steps = folded_lines(steps, part.scope.definitions, part.scope.symbols)
        statement = folded(statement, part.scope.definitions, part.scope.symbols)
    return Derivation(
        task="derive",
        statement=statement,
        steps=steps,
        result=result,
        form=form,
        shape=SCALAR if reason else shape(result),
        quantity=task.quantity,
        wrt=task.wrt,
        wrt_transposed=part.wrt_transposed,
        layout=task.layout,
        value_indices=task.value,
        wrt_indices=wrt_indices,
        order=part.order,
        reason=reason,
        domain=off_kinks(statement, task.wrt),
        others=_other_forms(task, entries, result, part, place, reason),
    )


def _conclusion(goal: Expr, result: Expr, heading: Expr, indices: tuple[Index, ...]) -> Conclude:
    rows = indices[0] if indices else None
    columns = indices[1] if len(indices) == 2 else None
    return Conclude(goal, result, heading, rows, columns)


def matrix_lines(recorder: Recorder, indices: tuple[Index, ...]) -> Expr:
    """Adds the lines from entries to the array whose entries at `indices` they are; gives that array, readable.

    Raises NoMatrixForm.
    """
    used: list[Rule] = []
    found = exhausted(assembly.assembled(recorder.current, used), TIDY, [])
    array = assembly.assemble(found, indices)
    known: list[Rule] = []
    plain = exhausted(array, matrix_algebra.READABLE, known)
    if len(indices) == 2 and any(isinstance(node, Plus) for node in subexpressions(plain)):
        # common factors are easier to find in columns than in rows
        turned = transpose(exhausted(assembly.assemble(found, indices[::-1]), matrix_algebra.READABLE, []))
        plain = turned if len(text(turned)) < len(text(plain)) else plain
    main = [rule for rule in known if rule not in QUIET]
    if main or isinstance(found, Plus):
        if used:
            recorder.to(found, *dict.fromkeys(used))
        recorder.to(_entry_or_scalar(plain, indices), *(main or [matrix_algebra.sum_of_entries]))
    else:
        recorder.to(_entry_or_scalar(plain, indices), *(dict.fromkeys(used) or [read_as(found, indices)]))
    if not indices and (form := simplify_scalar(plain)) is not None:
        recorder.to(form, simplify_scalar)
        plain = form
    assumed: list[Rule] = []
    simpler = exhausted(plain, (*assumptions.ASSUMED, *matrix_algebra.READABLE), assumed)
    if simpler != plain:
        recorder.to(_entry_or_scalar(simpler, indices), *assumed)
    return simpler


def read_as(found: Expr, indices: tuple[Index, ...]) -> Rule:
    """The law by which an assembled term is the entry at `indices`: exchanged subscripts make a transpose."""
    turned = tuple(reversed(indices))
    exchanged = any(isinstance(node, Entry) and node.subscripts == turned for node in subexpressions(found))
    return expansion.transposed_entry if len(indices) == 2 and exchanged else matrix_algebra.sum_of_entries


def _entry_or_scalar(array: Expr, indices: tuple[Index, ...]) -> Expr:
    return Entry(array, indices) if indices else array


def _in_names(array: Expr, scope: Scope) -> Expr:
    """`array` with defined quantities by their names, which may leave it with common factors."""
    return folded(array, scope.definitions, scope.symbols)


def readable(array: Expr) -> Expr:
    """`array` after the laws that make it readable and those of its assumptions; no line is kept."""
    return exhausted(array, (*assumptions.ASSUMED, *matrix_algebra.READABLE), [])


def _other_forms(
    task: _Task, entries: Expr, result: Expr, part: Part, place: Arrangement | None, reason: str
) -> tuple[tuple[Layout, Expr], ...]:
    """What stands beside the result: the other layouts of a matrix, the vec form where there are more than two axes."""
    if place is None:
        return _vectorised(task, entries, part)
    return () if reason else _others(task, entries, result, part)


def _vectorised(task: _Task, entries: Expr, part: Part) -> tuple[tuple[Layout, Expr], ...]:
    """The derivative with more than two axes as one matrix by vec; nothing where Kronecker products do not write it."""
    value, wrt = (task.value, task.by[0]) if part.order == 1 else (task.by[0], task.by[1])
    if part.wrt_transposed or (part.order > 1 and task.value):
        return ()
    try:
        found = readable(jacobian(entries, value, wrt))
    except NoMatrixForm:
        return ()
    return ((Layout.DENOMINATOR, readable(transpose_terms(found))), (Layout.NUMERATOR, found))


def _others(task: _Task, entries: Expr, result: Expr, part: Part) -> tuple[tuple[Layout, Expr], ...]:
    """The result in the other layouts, where it is another one."""
    found: list[tuple[Layout, Expr]] = []
    wrt_indices = tuple(index for indices in task.by for index in indices)
    for layout in Layout:
        place = arrangement(layout, task.value, wrt_indices, part.order)
        if layout == task.layout or place is None:
            continue
        quiet = Recorder(in_layout(entries, layout) if has_images(entries) else entries, entries)
        array = matrix_lines(quiet, place.indices)
        array = _in_names(array, part.scope)
        other = readable(transposed(place.arrange(array), part.wrt_transposed))
        if other != result:
            found.append((layout, other))
    return tuple(found)
