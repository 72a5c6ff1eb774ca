"""A derivation in the terminal: one line for each step, its law at the right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, assert_never

from derivgen.derivation import Derivation, Equation
from derivgen.expr.nodes import SCALAR, Expr, Index, Partial, Shape
from derivgen.expr.text import text
from derivgen.render.environment import words
from derivgen.render.notation import with_logarithm
from derivgen.render.plain import unicode_math, unicode_shape
from derivgen.render.report import ClaimVerdict, Report
from derivgen.render.sheet import block_views, check_view, full_heading
from derivgen.render.views import (
    Block,
    ChainView,
    CheckView,
    DefineView,
    DrawingView,
    GridView,
    LawName,
    LineView,
    ListingView,
    OptionsView,
    OptionView,
    ResultsView,
    ResultView,
    SolutionsView,
    SolveView,
    SolvingView,
    StatementView,
    TableView,
)

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
    logarithm: str = "log",
) -> str:
    """The lines of `derivation`, the result in the notation of problem files, and what was checked."""
    said = words(locale)
    statuses = [verdict.status for verdict in report.verdicts] if report else []
    rows: list[Row] = []
    for block in block_views(derivation, statuses):
        # results are in the notation of problem files
        is_result = isinstance(block, ResultView | ResultsView)
        rows += _rows(block if is_result else with_logarithm(block, logarithm), said)
    if derivation.question is None and derivation.task != "code":
        rows.append((_name_of_result(derivation), text(derivation.result), _about(derivation, said)))
    left = max((len(row[0]) for row in rows if not isinstance(row, str)), default=0)
    lines: list[str] = []
    for row in rows:
        lines += [f"  {row}"] if isinstance(row, str) else _row(*row, left, columns)
    if derivation.form == "index":
        lines += (
            f"{said['vec_layout'].format(layout=said['layouts'][str(layout)])} {text(other)}"
            for layout, other in derivation.others
        )
    if report and derivation.task != "code":
        lines.append(_checked(check_view(report, derivation), said))
    if claim:
        lines.append(claim.message)
    return "\n".join(lines)


Row = str | tuple[str, str, str]
"""A whole line, or what stands to the left of the sign of equality, to its right, and the law."""


def _rows(block: Block, said: Mapping[str, Any]) -> list[Row]:
    doubt = f"[{said['unchecked_line']}]" if getattr(block, "status", "") == "unchecked" else ""

    def names(rules: Iterable[LawName]) -> str:
        return ", ".join([*(said["rules"].get(law.name, law.name) for law in rules), *filter(None, [doubt])])

    match block:
        case ChainView(lines):
            return [_line(line, said) for line in lines]
        case DefineView(symbol, meaning, before, after):
            let = said["let"].format(definition=f"{unicode_math(symbol)} = {unicode_math(meaning)}")
            if before is None or after is None:
                return [f"{let}. {doubt}".rstrip()]
            then = said["then"].format(consequence=f"{unicode_math(before)} = {unicode_math(after)}")
            return [f"{let}{then} {doubt}".rstrip()]
        case TableView(table, rules):
            shown = [[f"{unicode_math(cell.left)} = {unicode_math(cell.right)}" for cell in row] for row in table]
            wide = max(len(cell) for row in shown for cell in row)
            joined = ["   ".join(f"{cell:<{wide}}" for cell in row).rstrip() for row in shown]
            return [f"{joined[0]:<{NOTES - 4}}  {names(rules)}".rstrip(), *joined[1:]]
        case GridView(header, cells):
            shown = [[unicode_math(cell) for cell in row] for row in (header, *cells)]
            widths = [max(len(row[place]) for row in shown) for place in range(len(header))]
            return ["  ".join(f"{cell:>{wide}}" for cell, wide in zip(row, widths, strict=True)) for row in shown]
        case StatementView(key, values, facts, ticked=ticked):
            because = ", ".join(f"{unicode_math(f.left)} {f.relation} {unicode_math(f.right)}" for f in facts)
            sentence = said["statements"][key].format(**{name: unicode_math(value) for name, value in values.items()})
            whole = f"{because}: {sentence}" if because else sentence
            return [f"✓ {whole}" if ticked else whole]
        case SolvingView(solved):
            return [row for line in solved for row in _solve(line, said)]
        case SolutionsView(unknowns, points):
            return [f"{_point(unknowns)} = {_point(point)}" for point in points]
        case DrawingView():
            return [f"({said['drawing']})"]
        case OptionsView(options, used, wanted):
            known = ", ".join(f"{unicode_math(one)}: {_size(of)}" for one, of in used)
            rows: list[Row] = [known]
            rows += [f"{n}. {_option(one, wanted, said['options'])}" for n, one in enumerate(options, 1)]
            return rows
        case ListingView():
            if block.status == "missing":
                return [*block.source, "", said["not_run"].format(framework=block.package)]
            return [*block.source, "", f"{said['listing_output']}", *block.output]
        case ResultsView(results):
            return [row for one in results for row in _rows(one, said)]
        case ResultView():
            shown_result = text(block.result)
            return [(unicode_math(block.heading), f"≈ {shown_result}" if block.about else shown_result, "")]
        case _:
            assert_never(block)


def _size(of: Shape) -> str:
    return f"{of[0]}x{of[1]}"


def _option(one: OptionView, wanted: Shape, said: Mapping[str, str]) -> str:
    """The option, the verdict on it, and why."""
    values = {"wanted": _size(wanted)}
    if one.left is not None and one.right is not None and one.left_shape and one.right_shape:
        values |= {"left": unicode_math(one.left), "right": unicode_math(one.right)}
        values |= {"left_size": _size(one.left_shape), "right_size": _size(one.right_shape)}
        values |= {"inner": str(one.left_shape[1]), "outer": str(one.right_shape[0])}
        reason = said[one.operation]
    else:
        values["size"] = _size(one.shape) if one.shape else ""
        reason = said[f"because_{one.verdict}"]
    return f"{unicode_math(one.shown)}   {said[one.verdict]}: {reason.format(**values)}"


def _solve(line: SolveView, said: Mapping[str, Any]) -> list[Row]:
    """The case that opens, what the line starts from, and what follows."""
    rows: list[Row] = [f"{said['case']} {', '.join(map(_equation, line.case))}."] if line.case else []
    doubt = [f"[{said['unchecked_line']}]"] if line.status == "unchecked" else []
    note = ", ".join([*(said["rules"].get(law.name, law.name) for law in line.rules), *doubt])
    arrow = "" if line.starts else f"{', '.join(map(_equation, line.of))} ⟹ ".lstrip()
    if line.either:
        shown = f" {said['or']} ".join(_equation(chain[0]) for chain in line.chains)
        return [*rows, f"{arrow + shown:<{NOTES - 2 - GAP}}{'':{GAP}}{note}".rstrip()]
    for place, chain in enumerate(line.chains):
        last = place == len(line.chains) - 1
        right = " = ".join(unicode_math(one.right) for one in chain)
        rows.append((f"{'' if place else arrow}{unicode_math(chain[0].left)}", right, note if last else ""))
    return rows


def _equation(one: Equation) -> str:
    return f"{unicode_math(one.left)} = {unicode_math(one.right)}"


def _point(values: Iterable[Expr]) -> str:
    shown = [unicode_math(value) for value in values]
    return shown[0] if len(shown) == 1 else f"({', '.join(shown)})"


def _line(line: LineView, said: Mapping[str, Any]) -> Row:
    notes = [
        *(said["rules"].get(law.name, law.name) for law in line.rules),
        *(f"{unicode_math(law.left)} = {unicode_math(law.right)}" for law in line.instances),
    ]
    if line.status == "unchecked":
        notes.append(f"[{said['unchecked_line']}]")
    after = unicode_math(line.after)
    shown = unicode_math(line.heading) if line.opens else ""
    return (shown, f"≈ {after}" if line.about else after, ", ".join(notes))


def _row(shown: str, after: str, note: str, left: int, columns: int) -> list[str]:
    """One equality; a law that has no room beside it stands below."""
    line = f"  {shown:>{left}} {after if after.startswith('≈ ') else f'= {after}'}"
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
