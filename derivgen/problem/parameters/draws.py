"""Drawing: from a seed, for one sheet, problem and student, a value for each parameter.

Every parameter has a stream of its own, named by (seed, sheet, problem, student, parameter, attempt), so that another
problem on the sheet, another order or a parameter more leaves a draw as it was. Where conditions tie parameters
together, these are drawn anew, all of them, until the conditions are met: every draw that meets them is as likely as
any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import assert_never

from derivgen.errors import Complaint, ProblemError
from derivgen.expr.nodes import SCALAR
from derivgen.expr.text import decimal_text
from derivgen.problem.model import Values
from derivgen.problem.parameters.conditions import is_met
from derivgen.problem.parameters.exact import NotRational, NoValue, value
from derivgen.problem.parameters.model import Array, Choice, Condition, Parameter, Parameters, Range, Worked
from derivgen.problem.parameters.streams import Stream

MOST_ATTEMPTS = 10_000
"""Draws that are tried before the conditions are said to be too hard to meet."""

Drawn = tuple[tuple[str, str], ...]
"""Parameters in order, each with what was drawn for it, as it would be written in an expression."""


@dataclass(frozen=True, slots=True)
class Draw:
    """Which draw: the seed, and the names of what is drawn for. Without a student it is the one that a sheet shows."""

    seed: str = "0"
    sheet: str = ""
    problem: str = ""
    student: str = ""

    def of(self, problem: str) -> Draw:
        """The same for another problem."""
        return replace(self, problem=problem)


def drawn(parameters: Parameters, draw: Draw) -> Drawn:
    """What `draw` gives for each parameter.

    Raises ProblemError, at the condition that was never met.
    """
    found: dict[str, str] = {}
    for group in parameters.groups():
        conditions = tuple(one for one in parameters.conditions if set(one.names) <= set(group))
        found |= _group([parameters.by_name[name] for name in group], conditions, draw)
    return tuple((name, found[name]) for name in parameters.by_name)


def _group(parameters: list[Parameter], conditions: tuple[Condition, ...], draw: Draw) -> Mapping[str, str]:
    """Parameters that conditions tie together: drawn until all conditions are met."""
    chosen = [one for one in parameters if not isinstance(one.source, Worked)]
    possible = prod(parameter.count for parameter in chosen)
    refused: dict[tuple[str, ...], Condition | Parameter] = {}
    for attempt in range(MOST_ATTEMPTS):
        texts: dict[str, str] = {}
        numbers: dict[str, Values] = {}
        for parameter in chosen:
            stream = Stream(draw.seed, draw.sheet, draw.problem, draw.student, parameter.name, attempt)
            texts[parameter.name], own = _drawn(parameter, stream)
            if own is not None:
                numbers[parameter.name] = own
        tried = tuple(texts.values())
        if tried in refused:
            continue
        unworked = _work_out(parameters, texts, numbers)
        failed = unworked or next((condition for condition in conditions if not is_met(condition, numbers)), None)
        if failed is None:
            return texts
        refused[tried] = failed
        if len(refused) == possible:
            break
    raise ProblemError(_unmet(refused, possible))


def _unmet(refused: Mapping[tuple[str, ...], Condition | Parameter], possible: int) -> Complaint:
    """What to say where no draw was good: the condition that most of them failed at."""
    failures = list(refused.values())
    worst = max(failures, key=failures.count)
    all_tried = len(refused) == possible
    shown = f"`{worst.text}` is not met" if isinstance(worst, Condition) else f"{worst.name} has no exact value"
    message = f"{shown}: {f'all {possible}' if all_tried else MOST_ATTEMPTS} draws were tried"
    hint = (
        "" if all_tried else "the conditions are too hard for these parameters: give them fewer values, or better ones"
    )
    return Complaint(message, worst.place, hint)


def _work_out(parameters: list[Parameter], texts: dict[str, str], numbers: dict[str, Values]) -> Parameter | None:
    """Adds what is worked out from others; gives the one that has no value."""
    for parameter in parameters:
        if isinstance(parameter.source, Worked):
            try:
                rows = value(parameter.source.expr, numbers)
            except (NotRational, NoValue):
                return parameter
            numbers[parameter.name] = rows
            texts[parameter.name] = _written(rows, parameter.source.shape == SCALAR, False)
    return None


def _drawn(parameter: Parameter, stream: Stream) -> tuple[str, Values | None]:
    source = parameter.source
    match source:
        case Range():
            number = _in_range(source, stream)
            return _number_text(number, source.decimal), ((number,),)
        case Choice(texts, values):
            place = stream.below(len(texts))
            return texts[place], None if values is None else ((values[place],),)
        case Array():
            rows = _array(source, stream)
            decimal = isinstance(source.entries, Range) and source.entries.decimal
            return _written(rows, False, decimal), rows
        case Worked():
            raise AssertionError(parameter)
        case _:
            assert_never(source)


def _in_range(source: Range, stream: Stream) -> Fraction:
    while True:
        number = source.first + stream.below(source.count) * source.step
        if number not in source.excluded:
            return number


def _array(source: Array, stream: Stream) -> Values:
    entries: dict[tuple[int, int], Fraction] = {}
    for i, j in source.free:
        match source.entries:
            case Range():
                entries[i, j] = _in_range(source.entries, stream)
            case Choice(_, values):
                assert values is not None
                entries[i, j] = values[stream.below(len(values))]
        if source.structure == "symmetric":
            entries[j, i] = entries[i, j]
    zero = Fraction(0)
    return tuple(tuple(entries.get((i, j), zero) for j in range(source.columns)) for i in range(source.rows))


def _number_text(number: Fraction, decimal: bool) -> str:
    return (decimal_text(number) if decimal else None) or str(number)


def _written(rows: Values, is_scalar: bool, decimal: bool) -> str:
    """Numbers as an expression writes them: 3, -1/2, [1, 2], [[1, 2], [3, 4]]."""
    if is_scalar:
        return _number_text(rows[0][0], decimal)
    lines = [", ".join(_number_text(one, decimal) for one in row) for row in rows]
    return f"[{', '.join(f'[{line}]' if len(rows[0]) > 1 or len(rows) == 1 else line for line in lines)}]"
