"""How numbers, derivatives and functions of a derivation are to be printed: decimals where the author wrote decimals, d
for a derivative where there is one variable only, and u in place of u(x) where u stands at nothing but x.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from derivgen.derivation import (
    Conclude,
    Define,
    Derivation,
    Drawing,
    Equation,
    Fact,
    Grid,
    Instance,
    Listing,
    Options,
    Rewrite,
    Solutions,
    Solve,
    Statement,
    Step,
    Table,
)
from derivgen.expr.images import brief, has_images
from derivgen.expr.nodes import Expr, Number, Partial
from derivgen.expr.walk import transform

Change = Callable[[Expr], Expr]


def dressed(derivation: Derivation, *, decimal: bool, ordinary: bool) -> Derivation:
    """`derivation` with its numbers as decimals, and its derivatives with d, where that is asked for."""
    if not decimal and not ordinary:
        return derivation

    def one(node: Expr) -> Expr | None:
        match node:
            case Number(_, False) if decimal:
                return replace(node, decimal=True)
            case Partial(_, _, False) if ordinary:
                return replace(node, ordinary=True)
        return None

    def change(expr: Expr) -> Expr:
        return transform(expr, one)

    return _changed(replace(derivation, statement=change(derivation.statement)), change)


def with_brief_functions(derivation: Derivation) -> Derivation:
    """`derivation` with u for u(x) in its lines and results; its statement says what u depends on."""
    if not has_images(derivation.statement):
        return derivation
    return _changed(derivation, lambda expr: brief(expr, derivation.statement))


def _changed(derivation: Derivation, change: Change) -> Derivation:
    return replace(
        derivation,
        result=change(derivation.result),
        steps=tuple(_step(step, change) for step in derivation.steps),
        domain=tuple(_fact(fact, change) for fact in derivation.domain),
        others=tuple((layout, change(other)) for layout, other in derivation.others),
    )


def _step(step: Step, change: Change) -> Step:
    match step:
        case Rewrite(_, before, after, heading, instances, substeps):
            return replace(
                step,
                before=change(before),
                after=change(after),
                heading=change(heading),
                instances=_instances(instances, change),
                substeps=tuple(
                    replace(one, before=change(one.before), after=change(one.after), heading=change(one.heading))
                    for one in substeps
                ),
            )
        case Conclude(goal, result, heading):
            return replace(step, goal=change(goal), result=change(result), heading=change(heading))
        case Define(_, meaning, before, after):
            both = (None if one is None else change(one) for one in (before, after))
            return Define(step.symbol, change(meaning), *both)
        case Table(rows):
            return replace(step, rows=tuple(_instances(row, change) for row in rows))
        case Grid(header, cells):
            shown = tuple(_instances(row, change) for row in cells)
            return replace(step, header=tuple(map(change, header)), cells=shown)
        case Statement(_, values, facts):
            changed = tuple((name, change(value)) for name, value in values)
            return replace(step, values=changed, facts=tuple(_fact(fact, change) for fact in facts))
        case Solve(_, equations, points, case):
            return replace(
                step,
                equations=_equations(equations, change),
                points=_points(points, change),
                case=_equations(case, change),
                of=_equations(step.of, change),
            )
        case Solutions(_, equations, points):
            return replace(step, equations=_equations(equations, change), points=_points(points, change))
        case Drawing() | Options() | Listing():
            return step
        case _:
            assert_never(step)


def _instances(instances: tuple[Instance, ...], change: Change) -> tuple[Instance, ...]:
    return tuple(Instance(change(one.left), change(one.right), one.rule) for one in instances)


def _fact(fact: Fact, change: Change) -> Fact:
    return replace(fact, left=change(fact.left), right=change(fact.right))


def _equations(equations: tuple[Equation, ...], change: Change) -> tuple[Equation, ...]:
    return tuple(Equation(change(one.left), change(one.right)) for one in equations)


def _points(points: tuple[tuple[Expr, ...], ...], change: Change) -> tuple[tuple[Expr, ...], ...]:
    return tuple(tuple(map(change, point)) for point in points)
