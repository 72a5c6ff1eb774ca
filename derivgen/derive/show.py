"""Identities of matrices: both sides by their entries; where they differ, two matrices for which they do.

Whether an identity holds is decided here by a normal form of entries: sums of products, with bound letters renamed in
all ways. What has no such form and no counterexample is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from random import Random

from derivgen.derivation import Conclude, Define, Derivation, Fact, Rewrite, Statement, Step
from derivgen.derive.forms import WRITING_OUT
from derivgen.derive.multiplying import Chain, arithmetic_of_arrays, write_out
from derivgen.derive.naming import indices_for, reserved_names
from derivgen.derive.record import Recorder, Stage
from derivgen.errors import CannotDerive
from derivgen.expr.build import plus, product, terms_of
from derivgen.expr.nodes import (
    SCALAR,
    Dim,
    Entry,
    Expr,
    Group,
    Index,
    Layout,
    Matrix,
    Number,
    Plus,
    Product,
    Size,
    Sum,
    Symbol,
)
from derivgen.expr.shapes import axes, is_scalar, shape
from derivgen.expr.text import text
from derivgen.expr.walk import all_indices, dimensions, free_indices, rename, symbols, transform
from derivgen.problem.model import Part, Values
from derivgen.problem.options import read_option
from derivgen.rules.contraction import distribute, split_sum, sum_in_front

MOST_BOUND = 5
"""More sums inside one another are not compared."""
MOST_TRIES = 60
SMALL = Dim(2)


def show(part: Part, layout: Layout) -> Derivation:
    """Why `part.expression` equals `part.right`, or for which matrices it does not.

    Raises CannotDerive where neither is found.
    """
    left, right = part.expression, part.right
    assert left is not None
    if right is None:
        return _undefined(part, left)
    reserved = reserved_names(part.scope, left, right)
    used = (*all_indices(left), *all_indices(right))
    indices = indices_for(axes(left), ("i", "j"), used, reserved)
    sides = [_written(side, indices, reserved) for side in (left, right)]
    if _normal(sides[0].current) == _normal(sides[1].current):
        return _identity(left, right, indices, sides)
    return _counterexample(part, left, right)


# --- it holds -------------------------------------------------------------------------------------------------------


def _written(side: Expr, indices: tuple[Index, ...], reserved: frozenset[str]) -> Recorder:
    start = Entry(side, indices) if indices else side
    recorder = Recorder(start, start, (*reserved, *(index.name for index in indices)))
    for _ in range(100):
        if not recorder.line(Stage(WRITING_OUT, once=True)):
            break
    recorder.to(_spread(recorder.current), distribute, split_sum)
    recorder.line(Stage((sum_in_front,)))
    return recorder


def _spread(expr: Expr) -> Expr:
    """`expr` as a sum of terms without sums inside: products multiplied out, sums over indices split."""
    match expr:
        case Group(body):
            return _spread(body)
        case Plus(terms):
            return plus(map(_spread, terms))
        case Sum(index, body):
            return plus(Sum(index, term) for term in terms_of(_spread(body)))
        case Product(factors):
            found: list[tuple[Expr, ...]] = [()]
            for factor in factors:
                own = terms_of(_spread(factor)) if isinstance(factor, Plus) else (factor,)
                found = [(*before, one) for before in found for one in own]
            return plus(map(product, found))
    return expr


def _identity(left: Expr, right: Expr, indices: tuple[Index, ...], sides: Sequence[Recorder]) -> Derivation:
    facts = (Fact(sides[0].current, "=", sides[1].current),)
    key = "show_entries" if indices else "show_sums"
    differ = sides[0].current != sides[1].current
    if differ and any(len(term.bound) > 1 for term in _terms(sides[0].current, iter(range(10_000)))):
        key = f"{key}_exchanged"
    lines: tuple[Rewrite, ...] = (*sides[0].lines, *sides[1].lines)
    return Derivation(
        task="show",
        statement=left,
        steps=(
            *lines,
            Statement(key, (), facts, shown=differ),
            Conclude(left, right, left),
        ),
        result=right,
        form="matrix",
        shape=shape(right),
        question=left,
        verdict="holds",
        right=right,
    )


@dataclass(frozen=True, slots=True)
class _Term:
    """A number times factors, summed over the bound indices."""

    value: Fraction
    bound: tuple[Index, ...]
    factors: tuple[Expr, ...]


def _normal(expr: Expr) -> dict[tuple[str, ...], Fraction]:
    """The terms of `expr`, which is in index notation, each with its number."""
    found: dict[tuple[str, ...], Fraction] = {}
    for term in _terms(expr, iter(range(10_000))):
        if len(term.bound) > MOST_BOUND:
            raise CannotDerive(f"more than {MOST_BOUND} sums inside one another")
        key = min(_keys(term))
        found[key] = found.get(key, Fraction(0)) + term.value
    return {key: value for key, value in found.items() if value}


def _keys(term: _Term) -> Iterator[tuple[str, ...]]:
    """The term with each way to name its bound letters."""
    for order in permutations(term.bound):
        factors = term.factors
        for place, index in enumerate(order):
            factors = tuple(rename(factor, index, Index(f"b{place}#", index.dim)) for factor in factors)
        yield (*sorted(map(text, factors)), "over", *(str(index.dim) for index in order))


def _terms(expr: Expr, fresh: Iterator[int]) -> list[_Term]:
    match expr:
        case Plus(terms):
            return [one for term in terms for one in _terms(term, fresh)]
        case Product(factors):
            found = [_Term(Fraction(1), (), ())]
            for factor in factors:
                own = _terms(factor, fresh)
                found = [_Term(a.value * b.value, a.bound + b.bound, a.factors + b.factors) for a in found for b in own]
            return found
        case Sum(index, body):
            letter = Index(f"s{next(fresh)}#", index.dim)
            inner = _terms(rename(body, index, letter), fresh)
            return [_Term(one.value, (letter, *one.bound), one.factors) for one in inner]
        case Number(value):
            return [_Term(value, (), ())]
        case Group(body):
            return _terms(body, fresh)
        case _:
            return [_Term(Fraction(1), (), (expr,))]


# --- a side is not defined ------------------------------------------------------------------------------------------


def _undefined(part: Part, left: Expr) -> Derivation:
    """The right side multiplies arrays whose sizes do not fit."""
    read = read_option(part.options[0], part.scope)
    if read.operation != "product" or read.left is None or read.right is None:
        raise CannotDerive("the right side is not defined, and not for a product")
    columns, rows = Size(shape(read.left)[1]), Size(shape(read.right)[0])
    values = (("first", read.left), ("second", read.right), ("columns", columns), ("rows", rows))
    verdict = Statement("show_undefined", values, (Fact(columns, "!=", rows),), boxed=True)
    return Derivation(
        task="show",
        statement=left,
        steps=(verdict,),
        result=left,
        form="matrix",
        shape=shape(left),
        question=left,
        verdict="undefined",
        right=read.shown,
    )


# --- it does not ----------------------------------------------------------------------------------------------------


def _counterexample(part: Part, left: Expr, right: Expr) -> Derivation:
    said = f"{text(left)} = {text(right)} was not shown by entries"
    if free_indices(left) or free_indices(right):
        raise CannotDerive(f"{said}, and a counterexample is not looked for in index notation")
    known = [one for side in (left, right) for one in symbols(side)]
    given = tuple(dict.fromkeys(known))
    if any(one.assumptions or one.name in part.scope.values for one in given):
        raise CannotDerive(f"{said}, and a counterexample is not looked for where something is assumed or given")
    if any(dim.number > 1 or len(dim.names) > 1 for one in given for dim in one.shape):
        raise CannotDerive(f"{said}, and a counterexample is looked for only where all sizes are names")
    small = {one: Symbol(f"{one.name}#2", _small(one), frozenset(), one.latex) for one in given}
    both = [
        transform(side, lambda node: small.get(node) if isinstance(node, Symbol) else None) for side in (left, right)
    ]
    if any(dimensions(side) for side in both):
        raise CannotDerive(f"{said}, and a counterexample is not looked for where sizes stand in the sides")
    numbers = Random("".join(small_one.name for small_one in small.values()))
    for attempt in range(MOST_TRIES):
        values = {one.name: _values(one, numbers, 1 + attempt // 20) for one in small.values()}
        chains = [_worked_out(side, values) for side in both]
        place = _difference(chains[0].current, chains[1].current)
        if place is not None:
            return _differs(part, tuple(small.values()), values, both, chains, place)
    raise CannotDerive(f"{said}, and no small matrices were found for which it is not true")


def _small(symbol: Symbol) -> tuple[Dim, Dim]:
    rows, columns = (SMALL if dim.names else dim for dim in symbol.shape)
    return rows, columns


def _values(symbol: Symbol, numbers: Random, most: int) -> Values:
    rows, columns = symbol.shape
    return tuple(tuple(Fraction(numbers.randint(0, most)) for _ in range(columns.number)) for _ in range(rows.number))


def _worked_out(side: Expr, values: dict[str, Values]) -> Chain:
    chain = Chain(side, side)
    write_out(chain, values)
    arithmetic_of_arrays(chain)
    return chain


def _difference(left: Expr, right: Expr) -> tuple[int, ...] | None:
    """The first place at which the values differ; () where they are numbers. None where they do not."""
    match left, right:
        case Number(one), Number(other):
            return () if one != other else None
        case Matrix(ones, (_, columns)), Matrix(others):
            for number, pair in enumerate(zip(ones, others, strict=True)):
                if pair[0] != pair[1]:
                    row, column = divmod(number, columns.number)
                    both = tuple(
                        place + 1 for place, dim in zip((row, column), left.shape, strict=True) if dim.number != 1
                    )
                    return both
            return None
    raise CannotDerive("the sides are not the same by entries, and could not be worked out for small matrices")


def _differs(
    part: Part,
    small: tuple[Symbol, ...],
    values: dict[str, Values],
    both: list[Expr],
    chains: list[Chain],
    place: tuple[int, ...],
) -> Derivation:
    defined = tuple(Define(one, _array(one, values[one.name])) for one in small)
    at = [Entry(side, place) if place else side for side in both]
    verdict = Statement("show_fails", (), (Fact(at[0], "!=", at[1]),), boxed=True)
    steps: tuple[Step, ...] = (*defined, *chains[0].lines, *chains[1].lines, verdict)
    result = chains[0].current
    assert part.expression is not None
    return Derivation(
        task="show",
        statement=part.expression,
        steps=steps,
        result=result,
        form="matrix",
        shape=shape(result),
        question=both[0],
        verdict="fails",
        right=part.right,
    )


def _array(symbol: Symbol, values: Values) -> Expr:
    entries = tuple(Number(value) for row in values for value in row)
    return entries[0] if symbol.shape == SCALAR or is_scalar(symbol) else Matrix(entries, symbol.shape)
