"""Random formulas never have a wrong derivative, an unverified step, a traceback, or more than a few seconds.

DERIVGEN_EXAMPLES says how many there are (2000 by default, always the same ones): more on demand.
"""

from __future__ import annotations

import os
import re
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from derivgen.build.question import derivative_question, scope_from
from derivgen.derivation import Derivation
from derivgen.derive import derive
from derivgen.errors import CannotDerive, ExpressionError
from derivgen.expr.nodes import Layout
from derivgen.expr.text import text
from derivgen.problem.model import Scope
from derivgen.render.numpy import numpy_function
from derivgen.verify.checks import Report, check_derivation

from .grammar import DECLARATIONS, DECLARED, VARIABLES, Array, Formula, Grammar, abstract, binary, random_values
from .oracle import NoValue, arranged, differences

EXAMPLES = int(os.environ.get("DERIVGEN_EXAMPLES", "2000"))
SHARES = 16
SECONDS = 5.0
MOST_REFUSED = 0.04
MOST_UNCHECKED = 0.01
MOST_WITHOUT_VALUE = 0.1
DEPTHS = (1, 2, 2, 3, 3, 4, 5, 6)
SHAPES = (("1", "1"), ("1", "1"), ("1", "1"), ("n", "1"), ("m", "1"), ("1", "n"), ("m", "n"), ("n", "n"))


@dataclass(frozen=True)
class Question:
    formula: Formula
    wrt: str
    layout: Layout
    turned: bool = False
    order: int = 1


def question(pick: Any) -> Question:
    wrt = pick(VARIABLES)
    grammar = Grammar(pick, wrt)
    shape = pick(SHAPES)
    layout = pick(tuple(Layout))
    if shape == ("1", "1") and wrt in ("x", "u", "z") and pick((False, False, False, True)):
        return Question(grammar.formula(shape, pick((1, 2, 2, 3))), wrt, layout, order=2)
    turned = wrt in ("x", "z") and pick((False, False, False, False, False, False, True))
    return Question(grammar.formula(shape, pick(DEPTHS)), wrt, layout, turned)


@st.composite
def questions(draw: st.DrawFn, asked_by: Callable[[Any], Question]) -> Question:
    def pick(options: Sequence[Any]) -> Any:
        return options[draw(st.integers(0, len(options) - 1))]

    return asked_by(pick)


@cache
def scope() -> Scope:
    return scope_from(DECLARATIONS, ())


def examine(asked: Question) -> str:
    """What came of a question: "verified", "refused ...", "unchecked ...", "no value"; fails where that is not true."""
    wrt = asked.wrt + (".T" if asked.turned else "")
    try:
        part = derivative_question(asked.formula.text, wrt, scope(), order=asked.order)
    except ExpressionError as error:
        if "the power is too large" not in str(error):
            raise
        return "no value"
    started = time.perf_counter()
    try:
        derivation = derive(part, asked.layout)
    except CannotDerive as refusal:
        if not re.search(r"derivative of \w+", str(refusal)):
            raise
        return f"refused: {refusal}"
    derived = time.perf_counter()
    report = check_derivation(derivation)
    ended = time.perf_counter()
    taken = f"{derived - started:.1f} s to derive, {ended - derived:.1f} s to check"
    assert ended - started < SECONDS, taken
    assert not report.is_wrong, messages(report)
    if not report.verified:
        return f"unchecked: {messages(report)}"
    return "verified" if compared(asked, derivation) else "no value"


def messages(report: Report) -> str:
    every = [*((str(n), verdict) for n, verdict in enumerate(report.verdicts)), ("result", report.result)]
    return "; ".join(f"{n}: {verdict.status} {verdict.message}" for n, verdict in every if not verdict.holds)


def compared(asked: Question, derivation: Derivation) -> bool:
    """Whether the printed function gives what central differences give; False where these cannot be taken."""
    values = random_values(zlib.crc32(asked.formula.text.encode()))
    with np.errstate(all="ignore"):
        try:
            expected, error = slopes(asked, values)
        except (NoValue, np.linalg.LinAlgError):
            return False
        found = printed(derivation, values)
    assert found.shape == expected.shape, (found.shape, expected.shape)
    scale = max(1e-3, float(np.abs(expected).max()))
    apart = float(np.abs(found - expected).max())
    assert apart <= 1e-6 * scale + 20 * error, f"{text(derivation.result)} gives\n{found}, it is\n{expected}"
    return True


def slopes(asked: Question, values: dict[str, Array]) -> tuple[Array, float]:
    def value(at: Array) -> Array:
        return asked.formula.value({**values, asked.wrt: at})

    def gradient(at: Array) -> Array:
        return differences(value, at)[0].reshape(-1, 1)

    at = values[asked.wrt]
    if asked.order == 2:
        hessian, error = differences(gradient, at)
        return hessian.reshape(at.size, at.size), error + 1e-7 * float(np.abs(hessian).max())
    tensor, error = differences(value, at)
    return arranged(tensor, asked.layout, asked.turned), error


def printed(derivation: Derivation, values: dict[str, Array]) -> Array:
    source = numpy_function(derivation, scope())
    space: dict[str, Any] = {}
    exec(source, space)
    function = space["derivative"]
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    functions = {"f": abstract(0), "D_f": abstract(1), "D_f_1_1": abstract(2)}
    given = {name: values[name] if name in values else functions[name] for name in names}
    found: Array = np.asarray(function(**given))
    return found


def question_along_axis(pick: Any) -> Question:
    """A scalar, or an array by a scalar, with the rows or columns of a matrix inside."""
    wrt = pick(VARIABLES)
    grammar = Grammar(pick, wrt)
    if pick((True, False)):
        shape = pick((("n", "1"), ("m", "1"), ("p", "1")))
        inner = grammar.along_axis(shape, pick((1, 2, 3)))
    else:
        shape = pick((("m", "n"), ("n", "n"), ("n", "p"), ("m", "p")))
        inner = grammar.softmax_along(shape, pick((1, 2, 3)))
    layout = pick(tuple(Layout))
    if DECLARED[wrt][0] == ("1", "1") and pick((True, False)):
        return Question(inner, wrt, layout)
    outer = pick((("sum({} * {})", None), ("sum({} * log(1 + {}**2))", lambda a: np.log(1 + a**2))))
    weight = grammar.formula(shape, pick((0, 0, 1)))
    function = outer[1] or (lambda a: a)
    scalar = binary(outer[0], weight, inner, ("1", "1"), lambda a, b: (a * function(b)).sum(keepdims=True))
    return Question(scalar, wrt, layout)


@pytest.mark.parametrize("share", range(SHARES))
def test_no_wrong_derivative(share: int) -> None:
    hold_all(share, -(-EXAMPLES // SHARES), question)


@pytest.mark.parametrize("share", range(SHARES))
def test_no_wrong_derivative_along_an_axis(share: int) -> None:
    hold_all(share, -(-EXAMPLES // (4 * SHARES)), question_along_axis)


def hold_all(share: int, examples: int, asked_by: Callable[[Any], Question]) -> None:
    outcomes: Counter[str] = Counter()

    @seed(share)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(questions(asked_by))
    def holds(asked: Question) -> None:
        outcomes[examine(asked).split(":")[0]] += 1

    holds()
    total = outcomes.total()
    assert outcomes["refused"] <= MOST_REFUSED * total + 1, outcomes
    assert outcomes["unchecked"] <= MOST_UNCHECKED * total + 1, outcomes
    assert outcomes["no value"] <= MOST_WITHOUT_VALUE * total + 1, outcomes


@pytest.mark.parametrize(
    "expression", ["tr(x.T @ M @ x)", "det(x.T @ x)", "logdet(x.T @ x)", "inv(x.T @ x)", "matrix_power(x.T @ x, 3)"]
)
def test_a_scalar_where_a_matrix_is_wanted(expression: str) -> None:
    derivation = derive(derivative_question(expression, "x", scope()), Layout.DENOMINATOR)
    assert check_derivation(derivation).verified
