"""Bringing an array to the form in which a person would write it."""

from __future__ import annotations

from collections.abc import Sequence

from derivgen.derivation import Rule
from derivgen.derive.record import MOST_PASSES, Stage, _Pass, everywhere
from derivgen.errors import RuleLoop
from derivgen.expr.nodes import Expr
from derivgen.expr.text import text


def exhausted(expr: Expr, rules: Sequence[Rule], used: list[Rule]) -> Expr:
    """`expr` after `rules` have been applied everywhere until none fits; the ones that did are added to `used`."""
    stage = Stage(tuple(rules))
    for _ in range(MOST_PASSES):
        done = _Pass()
        after = everywhere(expr, stage, done)
        if after == expr:
            return expr
        used.extend(rule for rule in done.rules if rule not in used)
        expr = after
    raise RuleLoop(f"no end after {MOST_PASSES} passes on {text(expr)}")
