"""Derivations as JSON: the contract of DESIGN 11."""

from __future__ import annotations

from typing import Any

from derivgen.derivation import Derivation, Rewrite
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import Expr
from derivgen.expr.shapes import shape
from derivgen.expr.text import text
from derivgen.render.latex import latex
from derivgen.render.numpy import numpy_expression
from derivgen.render.report import ClaimVerdict, Report, Verdict

VERSION = 1
"""Grows when a field changes its meaning."""


def derivation_json(
    derivation: Derivation, report: Report | None = None, claim: ClaimVerdict | None = None
) -> dict[str, Any]:
    """What `--format json` prints; a step that no report speaks of is unchecked."""
    verdicts = [*(report.verdicts if report else ())]
    lines = [(step, place) for place, step in enumerate(derivation.steps) if isinstance(step, Rewrite)]
    return {
        "version": VERSION,
        "layout": str(derivation.layout) if derivation.layout else None,
        "task": derivation.task,
        "expression": _both(derivation.statement),
        "steps": [_step(line, verdicts[place] if place < len(verdicts) else None) for line, place in lines],
        "result": _result(derivation),
        "claim": {"status": claim.status, "message": claim.message} if claim else None,
        "verified": bool(report and report.verified),
    }


def _both(expr: Expr) -> dict[str, str]:
    return {"text": text(expr), "latex": latex(expr)}


def _step(line: Rewrite, verdict: Verdict | None) -> dict[str, Any]:
    return {
        "rule": line.rule,
        "law": "; ".join(dict.fromkeys(rule.law for rule in line.rules)),
        "before": _both(line.before),
        "after": _both(line.after),
        "level": "normal",
        "verified": {
            "status": verdict.status if verdict else "unchecked",
            "points": verdict.points if verdict else 0,
            "error": verdict.error if verdict else 0.0,
        },
        # the check of a line covers what is below it
        "substeps": [_step(substep, verdict) | {"level": "full"} for substep in line.substeps],
    }


def _result(derivation: Derivation) -> dict[str, Any]:
    """The result; the shape of an index form has a dimension for each of its indices."""
    try:
        code = numpy_expression(derivation.result)
    except CannotDerive:
        code = None
    free = (*derivation.value_indices, *derivation.wrt_indices)
    dims = derivation.shape if derivation.form == "matrix" else tuple(index.dim for index in free)
    shown = {"numpy": code, "shape": [str(dim) for dim in dims], "form": derivation.form}
    found: dict[str, Any] = {**_both(derivation.result), **shown}
    if derivation.reason:
        found["reason"] = derivation.reason
    if derivation.form == "index" and derivation.others:
        found["vec"] = {
            str(layout): {**_both(other), "shape": [str(dim) for dim in shape(other)]}
            for layout, other in derivation.others
        }
    return found
