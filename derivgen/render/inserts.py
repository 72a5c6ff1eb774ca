"""What was drawn, printed into the texts of a problem in place of `@(...)`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, TypeVar

from derivgen.expr.nodes import Expr, Number, Plus
from derivgen.problem.model import Part, Problem
from derivgen.problem.parameters.inserts import spans
from derivgen.problem.schema import TEXT_FIELDS
from derivgen.render.latex import latex

Holder = TypeVar("Holder", Problem, Part)

_OPERATOR = re.compile(r"(?:[-+*/]|\\(?:cdot|times|div|pm|mp))\s*\Z")
_FACTOR = re.compile(r"(?:-|\*|/|\\(?:cdot|times|div)|[\w)\]}])\s*\Z")
_NO_FACTOR = "quad|qquad|text|in|le|ge|ne|leq|geq|neq|to|dots|ldots"
_FACTOR_BEHIND = re.compile(rf"\s*(?:[A-Za-z(^]|\\(?!(?:{_NO_FACTOR})\b)[a-zA-Z])")
_SCRIPT = re.compile(r"[\^_]\s*\Z")


def with_inserts(problem: Problem) -> Problem:
    """`problem` with what was drawn in its texts."""
    if not problem.inserts:
        return problem
    texts = {inside: said if isinstance(said, str) else latex(said) for inside, said in problem.inserts.items()}
    expressions = {inside: said for inside, said in problem.inserts.items() if not isinstance(said, str)}

    def printed(text: str) -> str:
        return _printed(text, texts, expressions)

    parts = []
    for part in problem.parts:
        part = _changed(part, printed)
        if part.claim is not None:
            part = replace(part, claim=replace(part.claim, source=printed(part.claim.source)))
        parts.append(part)
    return replace(_changed(problem, printed), parts=tuple(parts))


def _changed(holder: Holder, printed: Callable[[str], str]) -> Holder:
    names = (one.name for one in fields(holder) if one.name in TEXT_FIELDS)
    texts: dict[str, Any] = {name: printed(getattr(holder, name)) for name in names}
    return replace(holder, **texts)


def _printed(text: str, texts: dict[str, str], expressions: dict[str, Expr]) -> str:
    shown, place = "", 0
    for start, end in spans(text):
        inside = text[start:end]
        shown += text[place : start - 2]
        place = end + 1
        expr = expressions.get(inside)
        if expr is None or not _is_mathematics(shown):
            shown += texts[inside] if expr is None else f"${texts[inside]}$"
        elif _SCRIPT.search(shown):
            shown += f"{{{texts[inside]}}}"
        elif _needs_parentheses(expr, texts[inside], shown, text[place:]):
            shown += rf"\left({texts[inside]}\right)"
        else:
            shown += texts[inside]
    return shown + text[place:]


def _is_mathematics(before: str) -> bool:
    return len(re.findall(r"(?<!\\)\$", before.replace("$$", "$"))) % 2 == 1


def _needs_parentheses(expr: Expr, tex: str, before: str, behind: str) -> bool:
    """A minus sign behind a sign of operation; a sum, or a number with a sign, that is a factor."""
    is_negative = tex.startswith("-")
    if is_negative and (_OPERATOR.search(before) or _FACTOR.search(before)):
        return True
    if isinstance(expr, Plus):
        return bool(_FACTOR.search(before) or _FACTOR_BEHIND.match(behind))
    return isinstance(expr, Number) and (is_negative or expr.value.denominator != 1) and behind.startswith("^")
