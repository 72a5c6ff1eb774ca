"""Named quantities in a result: what an author has defined is printed by its name again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from derivgen.derivation import Conclude, Rewrite, Step
from derivgen.expr.build import plus, product
from derivgen.expr.nodes import Expr, Number, Plus, Product, Symbol
from derivgen.expr.shapes import shape
from derivgen.expr.text import text
from derivgen.expr.walk import transform


def folded(expr: Expr, definitions: Mapping[str, Expr], symbols: Mapping[str, Symbol]) -> Expr:
    """`expr` with each defined quantity by its name, in the order of the definitions.

    A sum or product is found also inside a longer one, whatever the order of its terms.
    """
    known: dict[str, Expr] = {}
    for name, meaning in definitions.items():
        known[name] = _with_names(meaning, known, symbols)  # a definition may use those before it
    return _with_names(expr, known, symbols)


def _with_names(expr: Expr, known: Mapping[str, Expr], symbols: Mapping[str, Symbol]) -> Expr:
    for name, meaning in known.items():
        expr = transform(expr, partial(_named, meaning=meaning, symbol=symbols[name]))
    return expr


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


def _named(node: Expr, meaning: Expr, symbol: Symbol) -> Expr | None:
    if _sorted(node) == _sorted(meaning):
        return symbol
    made: Expr | None = None
    match node, meaning:
        case Plus(terms), Plus(wanted) if (rest := _without(terms, wanted)) is not None:
            made = plus((symbol, *rest))
        case Product(factors), Product(wanted) if (rest := _without(factors, wanted)) is not None:
            numbers = [factor for factor in rest if isinstance(factor, Number)]
            made = product((*numbers, symbol, *(factor for factor in rest if factor not in numbers)))
    return made if made is not None and shape(made) == shape(node) else None


def _without(parts: tuple[Expr, ...], wanted: tuple[Expr, ...]) -> list[Expr] | None:
    """`parts` without those of `wanted`; None where one of those is missing."""
    rest = list(parts)
    for part in wanted:
        there = next((one for one in rest if _sorted(one) == _sorted(part)), None)
        if there is None:
            return None
        rest.remove(there)
    return rest


def _sorted(expr: Expr) -> Expr:
    """`expr` with terms and factors in one order, for comparing."""

    def put(node: Expr) -> Expr | None:
        match node:
            case Plus(terms):
                return Plus(tuple(sorted(terms, key=text)))
            case Product(factors):
                return Product(tuple(sorted(factors, key=text)))
        return None

    return transform(expr, put)
