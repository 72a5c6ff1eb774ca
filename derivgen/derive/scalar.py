"""The derivative of a scalar formula by one of its variables, as a first course writes it."""

from __future__ import annotations

from derivgen.derive.record import Recorder, Stage, pending
from derivgen.expr.nodes import Expr, Partial, Symbol
from derivgen.expr.sympy_bridge import is_scalar_formula
from derivgen.rules import differentiation
from derivgen.rules.algebra import like_terms
from derivgen.rules.scalar_forms import simplify_scalar


def derivative(expr: Expr, wrt: Symbol) -> Expr:
    """d expr / d wrt in a good form, without lines."""
    recorder = Recorder(Partial(expr, wrt), Partial(expr, wrt))
    while pending(recorder.current):
        recorder.line(Stage((*differentiation.LINEAR, *differentiation.ROUTINE, *differentiation.NONLINEAR), True))
    recorder.line(Stage((like_terms,)))
    found = recorder.current
    better = simplify_scalar(found) if is_scalar_formula(found) else None
    return found if better is None else better
