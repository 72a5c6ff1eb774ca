"""A derivation in the terminal: one line for each step, its law at the right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from derivgen.derivation import Derivation
from derivgen.expr.nodes import SCALAR, Expr, Index, Partial
from derivgen.expr.text import text
from derivgen.render.environment import words
from derivgen.render.plain import unicode_math, unicode_shape
from derivgen.render.report import ClaimVerdict, Report
from derivgen.render.sheet import check_view, full_heading
from derivgen.render.views import CheckView, margin

NOTES = 56
"""The column where the laws begin."""
GAP = 3


def derivation_text(
    derivation: Derivation,
    report: Report | None = None,
    claim: ClaimVerdict | None = None,
    *,
    columns: int = 100,
    locale: str = "en",
) -> str:
    """The lines of `derivation`, the result in the notation of problem files, and what was checked."""
    said = words(locale)
    rows: list[tuple[str, str, str]] = []
    heading: Expr | None = None
    statuses = [verdict.status for verdict in report.verdicts] if report else []
    for place, line in enumerate(derivation.lines):
        shown = unicode_math(line.heading) if line.heading != heading else ""
        rules, instances = margin(line)
        names = [
            *(said["rules"].get(name, name) for name in rules),
            *(f"{unicode_math(law.left)} = {unicode_math(law.right)}" for law in instances),
        ]
        if place < len(statuses) and statuses[place] not in ("exact", "numeric"):
            names.append(f"[{said['unchecked_line']}]")
        rows.append((shown, unicode_math(line.after), ", ".join(names)))
        heading = line.heading
    rows.append((_name_of_result(derivation), text(derivation.result), _about(derivation, said)))
    left = max(len(shown) for shown, _, _ in rows)
    lines = [line for row in rows for line in _row(*row, left, columns)]
    if derivation.form == "index":
        lines += (
            f"{said['vec_layout'].format(layout=said['layouts'][str(layout)])} {text(other)}"
            for layout, other in derivation.others
        )
    if report:
        lines.append(_checked(check_view(report, derivation), said))
    if claim:
        lines.append(claim.message)
    return "\n".join(lines)


def _row(shown: str, after: str, note: str, left: int, columns: int) -> list[str]:
    """One equality; a law that has no room beside it stands below."""
    line = f"  {shown:>{left}} = {after}"
    if not note:
        return [line]
    start = max(NOTES, len(line) + GAP)
    if start + len(note) <= columns or start == NOTES:
        return [f"{line:<{start}}{note}"]
    return [line, f"{'':{NOTES}}{note}"]


def _name_of_result(derivation: Derivation) -> str:
    name, wrt = derivation.quantity, derivation.wrt
    if name is None or wrt is None:
        return unicode_math(full_heading(derivation))
    derivative: Expr = name
    for _ in range(derivation.order):
        derivative = Partial(derivative, wrt)
    return unicode_math(derivative) + ("ᵀ" if derivation.wrt_transposed else "")


def _about(derivation: Derivation, said: Mapping[str, Any]) -> str:
    """The shape and the layout of the result, or why it is an index form."""
    if derivation.form != "matrix":
        indices = ", ".join(_range(index) for index in (*derivation.value_indices, *derivation.wrt_indices))
        reason = str(said["index_form"]).format(reason=derivation.reason)
        return f"{reason} ({indices})" if indices else reason
    if derivation.shape == SCALAR:
        return ""
    shown = unicode_shape(derivation.shape).replace("×", "x")
    return f"{shown}, {said['layouts'][str(derivation.layout)]}" if derivation.layout else shown


def _range(index: Index) -> str:
    return f"{index.name}: {index.dim}"


def _checked(check: CheckView, said: Mapping[str, Any]) -> str:
    """How the lines and the result were checked, as one sentence."""

    def say(key: str, **values: object) -> str:
        sentence = said[key]
        if not isinstance(sentence, str):
            sentence = sentence[0] if values.get("count") == 1 else sentence[-1]
        return str(sentence).format(**values)

    if check.lines == check.unchecked:
        return say("checked_none")
    both = check.exact + check.numeric
    if not check.numeric:
        how = say("lines_exact", count=check.exact)
    elif not check.exact:
        how = say("lines_numeric", count=check.numeric)
    else:
        how = say("lines_mixed", exact=check.exact, numeric=check.numeric, count=both)
    found = say("checked_all", lines=how, points=say("points_used", count=check.points))
    if check.error:
        found += " " + say("parenthesis", inside=say("largest_error", error=f"{check.error:.0e}"))
    if f"result_{check.result}" in said:
        found += f"; {say(f'result_{check.result}')}"
        if check.result_error:
            found += " " + say("parenthesis", inside=say("largest_error", error=f"{check.result_error:.0e}"))
    if check.unchecked:
        found += f"; {say('unchecked_lines', count=check.unchecked)}"
    return f"{found}."
