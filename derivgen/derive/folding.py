"""Named quantities in a result: what an author has defined is printed by its name again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache, partial

from derivgen.derivation import Conclude, Rewrite, Step
from derivgen.expr.build import factors_of, matmul, plus, product, split_scalars, transpose
from derivgen.expr.nodes import (
    ONE_NUMBER,
    Apply,
    Diag,
    Entry,
    Expr,
    MatMul,
    Number,
    Ones,
    Plus,
    Power,
    Product,
    Symbol,
    Total,
    Transpose,
)
from derivgen.expr.shapes import shape
from derivgen.expr.text import text
from derivgen.expr.walk import parts, transform, with_parts


def folded(expr: Expr, definitions: Mapping[str, Expr], symbols: Mapping[str, Symbol]) -> Expr:
    """`expr` with each defined quantity by its name, in the order of the definitions.

    A sum or product is found also inside a longer one, whatever the order of its terms.
    """
    known: dict[str, Expr] = {}
    for name, meaning in definitions.items():
        # a definition may use those before it; its transposes stand where those of a result do
        known[name] = _with_names(transform(meaning, _inward), known, symbols)
    return _with_names(expr, known, symbols)


def _with_names(expr: Expr, known: Mapping[str, Expr], symbols: Mapping[str, Symbol]) -> Expr:
    for name, meaning in known.items():
        symbol = symbols[name]
        expr = transform(expr, partial(_named, meaning=meaning, symbol=symbol))
        turned = transpose(meaning)
        if turned != meaning and not isinstance(turned, Transpose):
            expr = transform(expr, partial(_named, meaning=turned, symbol=transpose(symbol)))
    return expr


def _inward(node: Expr) -> Expr | None:
    """A transpose at the symbols, products flat."""
    match node:
        case Transpose(body):
            return transpose(body)
        case MatMul(factors):
            return matmul(factors)
        case Product(factors):
            return product(factors)
    return None


def folded_lines(
    steps: Iterable[Step], definitions: Mapping[str, Expr], symbols: Mapping[str, Symbol]
) -> tuple[Step, ...]:
    """The steps of a derivation with defined quantities by their names; a line that this makes empty goes."""
    found: list[Step] = []
    for step in steps:
        if isinstance(step, Conclude):
            goal, heading = (folded(side, definitions, symbols) for side in (step.goal, step.heading))
            found.append(replace(step, goal=goal, heading=heading))
            continue
        if not isinstance(step, Rewrite):
            found.append(step)
            continue
        before, after = (folded(side, definitions, symbols) for side in (step.before, step.after))
        if before != after:
            found.append(replace(step, before=before, after=after, substeps=()))
    return tuple(found)


def _named(node: Expr, meaning: Expr, symbol: Expr) -> Expr | None:
    made: Expr | None = None
    match node, meaning:
        case Plus(terms), Plus(wanted) if len(terms) >= len(wanted):
            rest = _without(terms, wanted)
            made = None if rest is None else plus((symbol, *rest))
        case Product(factors), Product(wanted):
            made = _among(factors, wanted, symbol)
            while (more := _with_scalars(made or node, meaning, symbol)) is not None:
                made = more
        case _ if type(node) is type(meaning) and _sorted(node) == _sorted(meaning):
            return symbol
        case Apply(function, (Entry(base, subscripts),)), Apply(wanted_function, (argument,)):
            # one entry of a function of an array: sqrt(v_j) is s_j for s = sqrt(v)
            same = function == wanted_function and _sorted(base) == _sorted(argument)
            return Entry(symbol, subscripts) if same else None
        case MatMul(factors), MatMul(wanted):
            made = _in_chain(factors, wanted, symbol)
    return made if made is not None and shape(made) == shape(node) else None


def _in_chain(factors: tuple[Expr, ...], wanted: tuple[Expr, ...], symbol: Expr) -> Expr | None:
    """The matrix product of `factors` with `symbol` for those that are `wanted`, side by side; None without them."""
    for start in range(len(factors) - len(wanted) + 1):
        if factors[start : start + len(wanted)] == wanted:
            return matmul((*factors[:start], symbol, *factors[start + len(wanted) :]))
    return None


def _among(factors: tuple[Expr, ...], wanted: tuple[Expr, ...], symbol: Expr) -> Expr | None:
    """The product of `factors` with `symbol` for those that are `wanted`; None where one of those is missing."""
    rest = _without(factors, wanted) if len(factors) >= len(wanted) else None
    if rest is None:
        return None
    numbers = [factor for factor in rest if isinstance(factor, Number)]
    return product((*numbers, symbol, *(factor for factor in rest if factor not in numbers)))


def _with_scalars(node: Expr, meaning: Product, symbol: Expr) -> Expr | None:
    """Where the scalars of `meaning` stand in front of `node` and its array somewhere inside: 2 (u v) w' is d w' for
    d = 2 u v, and (x - m)'g (x - m)/s^3 is h'g h/s for h = (x - m)/s.
    """
    scalars, core = split_scalars(meaning)
    if not scalars or core == ONE_NUMBER:
        return None
    left = list(factors_of(node))
    for scalar in scalars:
        place = next((n for n, one in enumerate(left) if _reaches(one, scalar)), None)
        if place is None:
            return None
        left[place] = _lowered(left[place], scalar)
    for place, factor in enumerate(left):
        swapped = _swapped(factor, core, symbol)
        if swapped is not None:
            left[place] = swapped
            return product(one for one in left if one != ONE_NUMBER)
    whole = _swapped(product(left), core, symbol)
    return None if whole is None else product(one for one in factors_of(whole) if one != ONE_NUMBER)


def _reaches(factor: Expr, scalar: Expr) -> bool:
    """Whether `scalar` can be taken out of `factor`: the same, or a power as high; a number but for its sign."""
    match factor, scalar:
        case Number(value), Number(wanted):
            return abs(value) == abs(wanted)
        case Power(base, Number(value)), Power(wanted_base, Number(wanted)):
            return base == wanted_base and value * wanted > 0 and abs(value) >= abs(wanted)
    return factor == scalar


def _lowered(factor: Expr, scalar: Expr) -> Expr:
    """`factor` without `scalar`, which it reaches."""
    match factor, scalar:
        case Number(value), Number(wanted):
            return Number(value / wanted)
        case Power(base, Number(value)), Power(_, Number(wanted)) if value != wanted:
            return Power(base, Number(value - wanted)) if value - wanted != 1 else base
    return ONE_NUMBER


def _swapped(expr: Expr, core: Expr, symbol: Expr) -> Expr | None:
    """`expr` with `symbol` in the place of one `core`, where it is linear in that; None where there is none."""
    if type(expr) is type(core):
        if _sorted(expr) == _sorted(core):
            return symbol
        turned = transpose(core)
        if shape(expr) == shape(turned) and _sorted(expr) == _sorted(turned):
            return transpose(symbol)
    if isinstance(expr, MatMul) and isinstance(core, MatMul):
        for wanted, named in ((core, symbol), (transpose(core), transpose(symbol))):
            if isinstance(wanted, MatMul) and (found := _in_chain(expr.factors, wanted.factors, named)) is not None:
                return found
    if isinstance(expr, Product) and isinstance(core, Product):
        made = _among(expr.factors, core.factors, symbol)
        if made is not None:
            return made
    if isinstance(expr, Product | MatMul | Transpose | Total | Diag):
        own = parts(expr)
        for place, one in enumerate(own):
            swapped = _swapped(one, core, symbol)
            if swapped is not None:
                return with_parts(expr, (*own[:place], swapped, *own[place + 1 :]))
    return None


def _without(parts: tuple[Expr, ...], wanted: tuple[Expr, ...]) -> list[Expr] | None:
    """`parts` without those of `wanted`; None where one of those is missing."""
    rest = list(parts)
    for part in wanted:
        there = next((one for one in rest if _sorted(one) == _sorted(part)), None)
        if there is None:
            return None
        rest.remove(there)
    return rest


@lru_cache(maxsize=4096)
def _sorted(expr: Expr) -> Expr:
    """`expr` with terms and factors in one order, for comparing."""

    def put(node: Expr) -> Expr | None:
        match node:
            case Plus(terms):
                return Plus(tuple(sorted(terms, key=text)))
            case Product(factors):
                return Product(tuple(sorted(factors, key=text)))
            case Transpose(Ones((rows, columns))):
                return Ones((columns, rows))
        return None

    return transform(expr, put)
