"""The chain rule for functions that nobody gave: from entries, by the sum over all paths, to matrices.

An entry of z depends on one of x along each path through the quantities between; the layout says where the factors of
a path stand in their matrices, and the sum over a letter that two neighbours share is a matrix product.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from derivgen.derivation import Conclude, Derivation, Rewrite
from derivgen.derive.derivative import matrix_lines, readable
from derivgen.derive.naming import indices_for, reserved_names
from derivgen.derive.options import meanings
from derivgen.derive.record import Recorder
from derivgen.errors import CannotDerive
from derivgen.expr.build import nested_sum, plus, product
from derivgen.expr.nodes import SCALAR, Entry, Expr, Index, Layout, Partial, Symbol
from derivgen.expr.shapes import axes, shape
from derivgen.expr.walk import fresh_index
from derivgen.problem.model import Part
from derivgen.problem.options import with_slopes
from derivgen.rules.chaining import chain_rule as sum_over_paths
from derivgen.rules.images import entries_in_layout, entry_in_layout
from derivgen.rules.layout import arrangement

MOST_PATHS = 12
"""A sum over more paths is too long to be followed."""

LETTERS = "k l r s t".split()


def chain_rule(part: Part, layout: Layout) -> Derivation:
    """The derivative of a function of functions, all of them unspecified.

    Raises CannotDerive where a derivative in it has more than two axes, or there are too many paths.
    """
    top, wrt = part.expression, part.wrt
    if not isinstance(top, Symbol) or top.name not in part.functions or wrt is None or part.wrt_transposed:
        raise CannotDerive("with `functions`, `chain` takes one of them, and a symbol that it depends on")
    scope = with_slopes(part.scope, part.functions, layout)
    named = meanings(part, layout)
    paths = list(_paths(part.functions, top.name, wrt.name))
    if not 1 <= len(paths) <= MOST_PATHS:
        raise CannotDerive(f"{len(paths)} paths lead from {top.name} to {wrt.name}, 1 to {MOST_PATHS} can be followed")
    reserved = reserved_names(part.scope, top)
    value = indices_for(axes(top), ("i",), (), reserved)
    by = indices_for(axes(wrt), ("j",), value, reserved)
    if len(value) + len(by) > 2:
        raise CannotDerive("the derivative has more than two axes")
    _refuse_two_meanings(part.functions)
    symbols = part.scope.symbols
    ends = {name for own in part.functions.values() for name in own} - part.functions.keys()
    is_ordinary = len(ends) == 1
    start = _partial(top, value, wrt, by, is_ordinary)
    scalars = not value and not by and all(symbols[name].shape == SCALAR for path in paths for name in path)
    recorder = Recorder(start, start, (*reserved, *(index.name for index in (*value, *by))))
    places = [_letters(path, part.scope.symbols, value, by, reserved) for path in paths]
    terms = []
    in_layout = []
    for path, own in zip(paths, places, strict=True):
        names = list(zip(path, own, strict=True))
        steps = list(pairwise(names))[::-1]
        bound = [index for indices in own[1:-1][::-1] for index in indices]
        partials = [
            _partial(symbols[y], at_y, symbols[x], at_x, len(part.functions[y]) == 1)
            for (y, at_y), (x, at_x) in (steps[::-1] if scalars else steps)
        ]
        slopes = [entry_in_layout(scope.slopes[y, x], layout, at_y, at_x) for (y, at_y), (x, at_x) in steps]
        terms.append(nested_sum(bound, product(partials)))
        in_layout.append(nested_sum(bound, product(slopes)))
    recorder.to(plus(terms), sum_over_paths)
    place = arrangement(layout, value, by)
    assert place is not None
    result = recorder.current
    if not scalars:
        recorder.to(plus(in_layout), entries_in_layout(layout))
        result = readable(place.arrange(matrix_lines(recorder, place.indices)))
    lines: tuple[Rewrite, ...] = tuple(recorder.lines)
    rows = place.indices[0] if place.indices else None
    columns = place.indices[1] if len(place.indices) == 2 else None
    heading = Partial(top, wrt, ordinary=is_ordinary)
    return Derivation(
        task="chain",
        statement=top,
        steps=(*lines, Conclude(start, result, heading, rows, columns)),
        result=result,
        form="matrix",
        shape=shape(result),
        quantity=top,
        wrt=wrt,
        layout=layout,
        value_indices=value,
        wrt_indices=by,
        named=named,
    )


def _paths(functions: Mapping[str, tuple[str, ...]], top: str, below: str) -> Iterator[tuple[str, ...]]:
    """The ways from `top` to `below`, each with all its quantities."""
    if top == below:
        yield (below,)
        return
    for argument in functions.get(top, ()):
        for rest in _paths(functions, argument, below):
            yield (top, *rest)


def _letters(
    path: tuple[str, ...],
    symbols: Mapping[str, Symbol],
    value: tuple[Index, ...],
    by: tuple[Index, ...],
    reserved: frozenset[str],
) -> list[tuple[Index, ...]]:
    """The indices of each quantity of the path: those of the ends are given, between them stand bound ones."""
    found: list[tuple[Index, ...]] = [value]
    for name in path[1:-1]:
        indices = (*value, *by, *(index for own in found for index in own))
        taken: tuple[Index | str, ...] = (*reserved, *indices)
        used = {*reserved, *(index.name for index in indices)}
        free = [letter for letter in LETTERS if letter not in used]
        dims = axes(symbols[name])
        if len(dims) > 1:
            raise CannotDerive(f"{name} is a matrix: its derivatives have more than two axes")
        found.append(tuple(fresh_index(dim, taken, free[0] if free else "") for dim in dims))
    return [*found, by]


def _partial(y: Symbol, at_y: tuple[Index, ...], x: Symbol, at_x: tuple[Index, ...], ordinary: bool) -> Expr:
    """dy/dx of numbers where there is one variable, else a partial derivative of entries."""
    is_plain = ordinary and not at_y and not at_x
    return Partial(Entry(y, at_y) if at_y else y, Entry(x, at_x) if at_x else x, ordinary=is_plain)


def _refuse_two_meanings(functions: Mapping[str, tuple[str, ...]]) -> None:
    """Where z depends on x directly and through y, its derivative by x means two things, and has one sign."""
    for name, arguments in functions.items():
        for x in arguments:
            for other in arguments:
                if other != x and next(_paths(functions, other, x), None) is not None:
                    raise CannotDerive(
                        f"{name} depends on {x} directly and through {other}, so the derivative of {name} by {x} "
                        f"would have two meanings: give the direct argument a name of its own"
                    )
