"""Random scalar formulas are derived, every line verified, with the value that two other ways give, and soon.

DERIVGEN_EXAMPLES says how many there are (500 by default, always the same ones): more on demand.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import pytest
import sympy as sp
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from derivgen.build.question import derivative_question, scope_from
from derivgen.build.solve import Solved, solve
from derivgen.expr.nodes import Layout
from derivgen.expr.text import text

from .scalar_grammar import BY_MPMATH, BY_SYMPY, DOMAINS, Formula, Grammar, Names

EXAMPLES = int(os.environ.get("DERIVGEN_EXAMPLES", "500"))
SHARES = 20
SECONDS = 2.0
POINTS = 4
CHOICES = 80
DIGITS = 60
STEP = "1e-14"
REFUSED: tuple[str, ...] = ()
"""What derivgen may say that it cannot derive."""
MOST_WITHOUT_VALUE = 0.02
DEPTHS = (1, 2, 3, 3, 4, 4, 4)

# the differences are good to STEP**4 and to 10**-DIGITS / STEP; kinks and cancelling take something off
TOLERANCE = 1e-12


@dataclass(frozen=True)
class Question:
    formula: Formula
    declared: str

    def __repr__(self) -> str:
        return f"d({self.formula})/dx, x: {self.declared}"


def question(choices: bytes) -> Question:
    """One byte for each choice; the first options, which are the simple ones, where there are no more bytes."""
    left = iter(choices)

    def pick(options: Sequence[Any]) -> Any:
        return options[next(left, 0) % len(options)]

    declared = pick(tuple(DOMAINS))
    return Question(Grammar(pick, declared, two=pick((False, True))).formula(pick(DEPTHS)), declared)


# drawn as a whole: of choices drawn one by one, Hypothesis repeats many from example to example
questions = st.binary(min_size=CHOICES, max_size=CHOICES).map(question)


def examine(asked: Question) -> str:
    """What came of a question: "verified", "no value" or "refused: ..."; fails if wrong, unverified or slow."""
    scope = scope_from([f"x: {asked.declared}", "y: scalar"], ())
    part = derivative_question(asked.formula.text, "x", scope)
    started = time.process_time()
    solved = solve(part, 1, Layout.DENOMINATOR)
    taken = time.process_time() - started
    assert taken < SECONDS, f"{taken:.1f} s"
    if solved.derivation is None or solved.report is None:
        return f"refused: {solved.refusal}"
    assert solved.report.verified, messages(solved)
    return "verified" if compared(asked, text(solved.derivation.result)) else "no value"


def messages(solved: Solved) -> str:
    assert solved.report is not None
    every = [*((str(n), verdict) for n, verdict in enumerate(solved.report.verdicts)), ("result", solved.report.result)]
    return "; ".join(f"{n}: {verdict.status} {verdict.message}" for n, verdict in every if not verdict.holds)


def compared(asked: Question, result: str) -> bool:
    """Whether the printed result has the value of central differences and of SymPy; False where nothing has a value."""
    exact = re.sub(r"(?<![\w.])\d+", r"number(\g<0>)", result)
    function = differentiated(asked)
    found = 0
    with mpmath.workdps(DIGITS):
        for n in range(POINTS):
            at = point(asked, n)
            expected = slope(asked.formula, at)
            if expected is None:
                continue
            found += 1
            printed = eval(exact, {"__builtins__": {}, **BY_MPMATH, **at})
            close(printed, expected, f"{result} at {at}, by central differences")
            by_sympy = value(function, at)
            if by_sympy is not None:
                close(by_sympy, expected, f"SymPy's at {at}: the test itself is wrong")
                close(printed, by_sympy, f"{result} at {at}, by SymPy")
    return found > 0


def point(asked: Question, n: int) -> Names:
    source = random.Random(f"{asked.formula} {n}")
    return {
        "x": mpmath.mpf(source.uniform(*DOMAINS[asked.declared])),
        "y": mpmath.mpf(source.uniform(*DOMAINS["scalar"])),
    }


def slope(formula: Formula, at: Names) -> Any:
    """The derivative by five-point differences; None where the formula has no real value."""
    step = mpmath.mpf(STEP)

    def near(places: int) -> Any:
        return formula.of({**BY_MPMATH, **at, "x": at["x"] + places * step})

    try:
        found = (8 * (near(1) - near(-1)) - (near(2) - near(-2))) / (12 * step)
    except ZeroDivisionError:
        return None
    return found if isinstance(found, mpmath.mpf) and mpmath.isfinite(found) else None


def differentiated(asked: Question) -> Any:
    """SymPy's derivative as a function of x and y."""
    x = sp.Symbol("x", real=True, positive="positive" in asked.declared or None)
    y = sp.Symbol("y", real=True)
    derivative = sp.diff(asked.formula.of({**BY_SYMPY, "x": x, "y": y}), x)
    return sp.lambdify((x, y), derivative, "mpmath")


def value(function: Any, at: Names) -> Any:
    """None where abs(u) is written as sqrt(u**2) and u is 0."""
    try:
        return function(at["x"], at["y"])
    except ZeroDivisionError:
        return None


def close(found: Any, expected: Any, where: str) -> None:
    assert abs(found - expected) <= TOLERANCE * max(1, abs(expected)), f"{where}: {found} is not {expected}"


@pytest.mark.parametrize("share", range(SHARES))
def test_no_wrong_derivative(share: int) -> None:
    outcomes: Counter[str] = Counter()

    @seed(share)
    @settings(
        max_examples=-(-EXAMPLES // SHARES),
        derandomize=True,
        deadline=None,
        database=None,
        # an example is short enough to be read as it is, and smaller ones take minutes to find where each takes seconds
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(questions)
    def holds(asked: Question) -> None:
        outcomes[examine(asked)] += 1

    holds()
    refused = [said for said in outcomes if said.startswith("refused") and not said.endswith(REFUSED)]
    assert not refused, outcomes
    assert outcomes["no value"] <= MOST_WITHOUT_VALUE * outcomes.total() + 1, outcomes
