"""Options for a derivative: do shapes say what they are said to, and which option has the value of the derivative?

Each function is y_0 + J x with any y_0 and J, and dy/dx is J in the layout: both are drawn at random, so at a point the
functions have any values and any slopes, which is all that a first derivative can depend on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from derivgen.derivation import Conclude, Derivation, Misfit, Option, Options
from derivgen.errors import ShapeError
from derivgen.expr.build import split_scalars
from derivgen.expr.nodes import Apply, Expr, Layout, MatMul, Number, Plus, Power, Product, Slope
from derivgen.expr.walk import subexpressions
from derivgen.problem.model import Claim, Values
from derivgen.verify.arrange import derivative_with
from derivgen.verify.arrays import BadPoint, Irrational, TooLarge
from derivgen.verify.bench import TOO_LARGE, Bench, ClaimVerdict, Verdict
from derivgen.verify.evaluate import Evaluator, Unknown

Size = tuple[int, ...]

CAN_BE_RIGHT = frozenset({"possible", "right", "false"})
"""Verdicts on options whose shape is the one that is wanted."""


def decided(
    derivation: Derivation,
    values: Mapping[str, Values] | None = None,
    definitions: Mapping[str, Expr] | None = None,
) -> Derivation:
    """`derivation` with each option that can be right found to be right or false, and the first right one its result.

    Where none is right it has no result, and what it is about stands for it.
    """
    named = {**(definitions or {}), **{symbol.name: meaning for symbol, meaning in derivation.named}}
    shown = [derivation.statement, *([derivation.wrt] if derivation.wrt else [])]
    steps = []
    right: list[Expr] = []
    for step in derivation.steps:
        if isinstance(step, Options):
            bench = Bench((*shown, *(one.expr for one in step.options)), values, named)
            options = tuple(_decided(one, derivation, bench) for one in step.options)
            right += [one.expr for one in options if one.verdict == "right"]
            step = replace(step, options=options)
        elif isinstance(step, Conclude):
            if not right:
                continue
            step = replace(step, result=right[0])
        steps.append(step)
    words = ", ".join(one.verdict for step in steps if isinstance(step, Options) for one in step.options)
    found = replace(derivation, steps=tuple(steps), verdict=words)
    return replace(found, result=right[0]) if right else replace(found, question=derivation.statement)


def _decided(option: Option, derivation: Derivation, bench: Bench) -> Option:
    if option.verdict != "possible":
        return option
    verdict = _against(option.expr, derivation, bench)
    if verdict.status == "unchecked":
        return option
    return replace(option, verdict="right" if verdict.holds else "false")


def _against(expr: Expr, derivation: Derivation, bench: Bench) -> Verdict:
    """`expr` against the derivative by dual numbers."""
    wrt, layout = derivation.wrt, derivation.layout or Layout.DENOMINATOR
    assert wrt is not None
    return bench.compare(
        lambda at: at.array(expr),
        lambda at: derivative_with(at, derivation.statement, wrt, layout),
        (derivation.statement, expr),
    )


# --- checking -------------------------------------------------------------------------------------------------------


def check_options(step: Options, derivation: Derivation, bench: Bench) -> Iterator[Verdict]:
    """The verdicts on what `step` says of each option, and on what its derivatives stand for."""
    yield from _slopes(derivation)
    for number, option in enumerate(step.options, 1):
        verdict = _option(option, step, derivation, bench)
        yield verdict if verdict.holds else replace(verdict, message=f"option {number}: {verdict.message}")


def _slopes(derivation: Derivation) -> Iterator[Verdict]:
    """Is dy/dx the derivative of the y that is taken, arranged by the layout, all other quantities held?"""
    meanings = dict(derivation.named)
    layout = derivation.layout or Layout.DENOMINATOR
    for symbol, meaning in derivation.named:
        if isinstance(symbol, Slope):
            y, x = meanings[symbol.quantity], symbol.argument
            bench = Bench((y, x, meaning, symbol))
            yield bench.compare(
                lambda at, meaning=meaning: at.array(meaning),  # type: ignore[misc]
                lambda at, y=y, x=x: derivative_with(at, y, x, layout),  # type: ignore[misc]
            )


def _option(option: Option, step: Options, derivation: Derivation, bench: Bench) -> Verdict:
    try:
        if option.verdict == "undefined":
            return _undefined(option, bench)
        if option.misfit is not None or _adds_unlike(option.expr, bench):
            return Verdict("wrong", message="it is not defined")
        here, wanted = _sizes(bench, (option.expr,)), _wanted(step, derivation, bench)
    except (Unknown, TooLarge) as stop:
        return Verdict("unchecked", message=TOO_LARGE if isinstance(stop, TooLarge) else str(stop))
    except ShapeError as error:
        return Verdict("wrong", message=str(error))
    if here is None or wanted is None:
        return Verdict("unchecked", message="no point was found at which it has a value")
    if (here[0] == wanted) is (option.verdict == "shape"):
        return Verdict("wrong", message=f"it is {here[0]}, the derivative is {wanted}")
    if option.verdict == "shape":
        return Verdict("exact", bench.wanted)
    verdict = _against(option.expr, derivation, bench)
    if option.verdict == "false":
        if verdict.status == "wrong":
            return Verdict("exact", bench.wanted)
        return Verdict("wrong", message="it is the derivative") if verdict.holds else verdict
    if option.verdict == "possible":
        return Verdict("unchecked", message=verdict.message or "it was not decided")
    return verdict


def _wanted(step: Options, derivation: Derivation, bench: Bench) -> Size | None:
    """The size of the derivative; it must be the one that the step says."""
    layout, wrt = derivation.layout or Layout.DENOMINATOR, derivation.wrt
    assert wrt is not None
    for evaluator in _evaluators(bench):
        try:
            found = derivative_with(evaluator, derivation.statement, wrt, layout).shape[-2:]
        except (BadPoint, Irrational):
            continue
        if found != evaluator.point.shape(step.wanted):
            raise ShapeError("the shape that is wanted is not the one of the derivative")
        return found
    return None


def _evaluators(bench: Bench) -> Iterator[Evaluator]:
    for exact in (True, False):
        yield from bench.evaluators(exact)


def _sizes(bench: Bench, exprs: tuple[Expr, ...]) -> tuple[Size, ...] | None:
    """The sizes of the values of `exprs` at the first point at which all have one."""
    for evaluator in _evaluators(bench):
        try:
            with np.errstate(all="ignore"):
                return tuple(evaluator.array(expr).shape[-2:] for expr in exprs)
        except (BadPoint, Irrational):
            continue
    return None


def _adds_unlike(expr: Expr, bench: Bench) -> bool:
    """Are a scalar and an array added anywhere? The evaluator would add the scalar to every entry."""
    sums = [node.terms for node in subexpressions(expr) if isinstance(node, Plus)]
    return any(len(set(_sizes(bench, terms) or ())) > 1 for terms in sums)


def _undefined(option: Option, bench: Bench) -> Verdict:
    """Are the operands that are named operands of the option, and do their values not fit?"""
    misfit = option.misfit
    if misfit is None or not any(_joins(node, misfit) for node in subexpressions(option.expr)):
        return Verdict("wrong", message="what does not fit is no part of it")
    sizes = _sizes(bench, (misfit.left, misfit.right))
    if sizes is None:
        return Verdict("unchecked", message="no point was found at which its parts have values")
    left, right = sizes
    if misfit.operation == "product":
        fits = left[1] == right[0]
    elif misfit.operation == "sum":
        fits = left == right
    else:
        fits = left == right or (1, 1) in (left, right)
    return Verdict("wrong", message=f"{left} and {right} fit") if fits else Verdict("exact", bench.wanted)


def _joins(node: Expr, misfit: Misfit) -> bool:
    """Does `node` multiply, or add, the two operands?"""
    match misfit.operation, node:
        case "product", MatMul(factors):
            left, right = _chain(misfit.left), _chain(misfit.right)
            wide = len(left) + len(right)
            return any(factors[at : at + wide] == (*left, *right) for at in range(len(factors)))
        case "sum", Plus(terms):
            return misfit.left in terms and any(_alike(term, misfit.right) for term in terms)
        case "entries", Product(factors):
            return bool(set(_parts(misfit.left)) & set(factors)) and bool(set(_parts(misfit.right)) & set(factors))
        case "entries", Apply(_, arguments):
            return misfit.left in arguments and misfit.right in arguments
        case "entries", Power(base, exponent):
            return (misfit.left, misfit.right) == (base, exponent)
    return False


def _alike(term: Expr, operand: Expr) -> bool:
    """The same, but for numbers in front: a term that is taken away carries a -1."""
    return term == operand or _unsigned(term) == _unsigned(operand)


def _unsigned(expr: Expr) -> tuple[Expr, ...]:
    """The factors of `expr` that are no numbers."""
    factors = expr.factors if isinstance(expr, Product) else (expr,)
    return tuple(factor for factor in factors if not isinstance(factor, Number))


def _chain(expr: Expr) -> tuple[Expr, ...]:
    array = split_scalars(expr)[1]
    return array.factors if isinstance(array, MatMul) else (array,)


def _parts(expr: Expr) -> tuple[Expr, ...]:
    return expr.factors if isinstance(expr, Product) else (expr,)


# --- claims ---------------------------------------------------------------------------------------------------------


def check_options_claim(claim: Claim, derivation: Derivation) -> ClaimVerdict:
    """Are the options that `claim` names those that can be right by their shapes?"""
    options = [one for step in derivation.steps if isinstance(step, Options) for one in step.options]
    truth = [number for number, one in enumerate(options, 1) if one.verdict in CAN_BE_RIGHT]
    claimed = [int(number) for number in claim.word.split(", ")]
    if claimed == truth:
        return ClaimVerdict("holds", "claim holds")
    said = [f"option {number} {_SAID[options[number - 1].verdict]}" for number in sorted({*claimed} ^ {*truth})]
    return ClaimVerdict("wrong", f"claim is wrong: {', '.join(said)}")


_SAID = {"undefined": "is not defined", "shape": "has another shape"} | dict.fromkeys(CAN_BE_RIGHT, "can be right")
