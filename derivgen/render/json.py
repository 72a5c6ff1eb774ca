"""Derivations as JSON: the contract of DESIGN 11."""

from __future__ import annotations

from typing import Any, assert_never

from derivgen.derivation import (
    Conclude,
    Define,
    Derivation,
    Drawing,
    Grid,
    Listing,
    Options,
    Rewrite,
    Solutions,
    Solve,
    Statement,
    Step,
    Table,
)
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
    steps: list[dict[str, Any]] = []
    for place, step in enumerate(derivation.steps):
        steps += _steps(step, verdicts[place] if place < len(verdicts) else None)
    return {
        "version": VERSION,
        "layout": str(derivation.layout) if derivation.layout else None,
        "task": derivation.task,
        "expression": _both(derivation.statement),
        "steps": steps,
        "result": _result(derivation),
        **({"verdict": derivation.verdict} if derivation.verdict else {}),
        "claim": {"status": claim.status, "message": claim.message} if claim else None,
        "verified": bool(report and report.verified),
    }


def _both(expr: Expr) -> dict[str, str]:
    return {"text": text(expr), "latex": latex(expr)}


def _steps(step: Step, verdict: Verdict | None) -> list[dict[str, Any]]:
    """What a step says: an equality each, with the `relation` where that is not =; the end is the result."""
    match step:
        case Rewrite():
            return [_step(step, verdict)]
        case Define(symbol, meaning, before, after):
            found = [_said("let", "", symbol, meaning, verdict)]
            if before is not None and after is not None:
                found.append(_said("substitute", "", before, after, verdict))
            return found
        case Table(rows, rules):
            name, law = ", ".join(rule.name for rule in rules), "; ".join(rule.law for rule in rules)
            return [_said(name, law, cell.left, cell.right, verdict) for row in rows for cell in row]
        case Grid(_, cells):
            return [_said("value", "", cell.left, cell.right, verdict) for row in cells for cell in row]
        case Statement(key, _, facts):
            return [_said(key, "", one.left, one.right, verdict) | {"relation": one.relation} for one in facts]
        case Solve(rules, equations, _, case, _, either):
            name, law = ", ".join(rule.name for rule in rules), "; ".join(rule.law for rule in rules)
            assumed = [_said("case", "", one.left, one.right, verdict) for one in case]
            said = [_said(name, law, one.left, one.right, verdict) for one in equations]
            return [*assumed, *(one | {"either": True} if either else one for one in said)]
        case Solutions(unknowns, _, points):
            return [
                _said("solution", "", unknown, value, verdict)
                for point in points
                for unknown, value in zip(unknowns, point, strict=True)
            ]
        case Options(options):
            return [_said(one.verdict, "", one.shown, one.shown, verdict) for one in options]
        case Listing(language, source, output, status):
            shown = {"language": language, "source": source, "output": output, "status": status}
            return [{"rule": "listing", **shown, "verified": _verified(verdict)}]
        case Conclude() | Drawing():
            return []
        case _:
            assert_never(step)


def _said(name: str, law: str, before: Expr, after: Expr, verdict: Verdict | None) -> dict[str, Any]:
    return {
        "rule": name,
        "law": law,
        "before": _both(before),
        "after": _both(after),
        "level": "normal",
        "verified": _verified(verdict),
        "substeps": [],
    }


def _verified(verdict: Verdict | None) -> dict[str, Any]:
    return {
        "status": verdict.status if verdict else "unchecked",
        "points": verdict.points if verdict else 0,
        "error": verdict.error if verdict else 0.0,
    }


def _step(line: Rewrite, verdict: Verdict | None) -> dict[str, Any]:
    found = _line(line, verdict)
    return found if line.digits is None else found | {"relation": "≈"}


def _line(line: Rewrite, verdict: Verdict | None) -> dict[str, Any]:
    return {
        "rule": line.rule,
        "law": "; ".join(dict.fromkeys(rule.law for rule in line.rules)),
        "before": _both(line.before),
        "after": _both(line.after),
        "level": "normal",
        "verified": _verified(verdict),
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
