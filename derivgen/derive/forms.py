"""Between index notation and matrices: the tasks `matrix_form` and `element_form`."""

from __future__ import annotations

from derivgen.derivation import Conclude, Derivation, Rewrite, Rule, entry_of
from derivgen.derive.derivative import read_as, readable
from derivgen.derive.naming import indices_for, quantity_for, reserved_names
from derivgen.derive.record import QUIET, Recorder, Stage
from derivgen.derive.tidying import exhausted
from derivgen.errors import NoMatrixForm
from derivgen.expr.nodes import ONE, SCALAR, Entry, Expr, Index, Layout, Shape
from derivgen.expr.shapes import axes, is_scalar, shape
from derivgen.expr.walk import all_indices, free_indices
from derivgen.problem.model import Part
from derivgen.rules import assembly, assumptions, contraction, expansion, matrix_algebra
from derivgen.rules.layout import transpose_terms

WRITING_OUT = (*expansion.EXPANSION, expansion.norm, *contraction.CONTRACTION)


def matrix_form(part: Part, layout: Layout) -> Derivation:
    """The array of which the statement is one entry, or, for a sum of arrays, the closed form.

    The free indices are rows and columns in the order of the alphabet, or as `free` says. Each elimination is a line.
    """
    assert part.expression is not None
    statement = part.expression
    reserved = reserved_names(part.scope, statement, name=part.name)
    indices = _result_indices(part, statement, reserved)
    given_array = not is_scalar(statement)
    start = expansion.entry(statement, indices) if given_array else statement
    of_shape = shape(statement) if given_array else _shape(indices)
    quantity = quantity_for(statement, of_shape, reserved, part.name)
    names = (*reserved, *(index.name for index in indices))
    recorder = Recorder(start, entry_of(quantity, indices), names)
    recorder.line(Stage(WRITING_OUT))
    recorder.line(Stage((assembly.fixed_subscript(_held(part, indices)),)))
    entries = recorder.current
    reason = ""
    result: Expr = entries
    try:
        array = _eliminated(recorder, indices)
        result = readable(transpose_terms(array) if of_shape[0] == ONE and of_shape[1] != ONE else array)
    except NoMatrixForm as error:
        reason = str(error)
    conclusion = Conclude(
        start,
        result,
        statement if given_array or not indices else quantity,
        indices[0] if indices and not reason else None,
        indices[1] if len(indices) == 2 and not reason else None,
    )
    return Derivation(
        task="matrix_form",
        statement=statement,
        steps=(*recorder.lines, conclusion),
        result=result,
        form="index" if reason else "matrix",
        shape=SCALAR if reason else shape(result),
        quantity=quantity,
        value_indices=indices,
        reason=reason,
    )


def _held(part: Part, indices: tuple[Index, ...]) -> tuple[Index, ...]:
    return tuple(index for index in part.scope.indices.values() if index not in indices)


def _result_indices(part: Part, statement: Expr, reserved: frozenset[str]) -> tuple[Index, ...]:
    if not is_scalar(statement):
        return indices_for(axes(statement), ("i", "j"), all_indices(statement), reserved)
    declared = set(part.scope.indices.values())
    free = [index for index in free_indices(statement) if index not in declared]
    if part.free:
        return tuple(index for name in part.free for index in free if index.name == name)
    return tuple(sorted(free, key=lambda index: index.name))


def _shape(indices: tuple[Index, ...]) -> Shape:
    dims = [index.dim for index in indices]
    return (dims[0] if dims else ONE, dims[1] if len(dims) > 1 else ONE)


def _eliminated(recorder: Recorder, indices: tuple[Index, ...]) -> Expr:
    """Adds a line for each elimination; gives the array whose entry at `indices` was the start."""
    if len(indices) > 2:
        raise NoMatrixForm(f"{len(indices)} free indices")
    recorder.to(assembly.with_closed_sums_assembled(recorder.current, []), assembly.inner_product)
    while (step := assembly.next_step(recorder.current)) is not None:
        recorder.to(step[1], step[0])
    assembly.refuse_leftovers(recorder.current)
    array = assembly.assemble(recorder.current, indices)
    known: list[Rule] = []
    plain = exhausted(array, (*assumptions.ASSUMED, *matrix_algebra.READABLE), known)
    main = [rule for rule in known if rule not in QUIET]
    recorder.to(Entry(plain, indices) if indices else plain, *(main or [read_as(recorder.current, indices)]))
    return plain


def element_form(part: Part, layout: Layout) -> Derivation:
    """One entry of the statement in index notation, everything in it written out to the entries of its symbols."""
    assert part.expression is not None
    statement = part.expression
    reserved = reserved_names(part.scope, statement, name=part.name)
    indices = indices_for(axes(statement), ("i", "j"), all_indices(statement), reserved)
    quantity = quantity_for(statement, shape(statement), reserved, part.name)
    start = Entry(statement, indices) if indices else statement
    heading = entry_of(quantity, indices)
    recorder = Recorder(start, heading, (*reserved, *(index.name for index in indices)))
    for _ in range(100):
        if not recorder.line(Stage(WRITING_OUT, once=True)):
            break
    lines: tuple[Rewrite, ...] = tuple(recorder.lines)
    return Derivation(
        task="element_form",
        statement=statement,
        steps=(*lines, Conclude(start, recorder.current, start, None, None)),
        result=recorder.current,
        form="index",
        shape=SCALAR,
        quantity=quantity,
        value_indices=indices,
    )
