"""What is printed under another name than the nodes have: the natural logarithm as ln."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from derivgen.expr.nodes import Apply, Det, Expr, Function, LogDet
from derivgen.expr.walk import transform
from derivgen.render.views import LawName

View = TypeVar("View")

LOG, LN, ABS = Function("log"), Function("ln"), Function("abs")


def with_logarithm(view: View, name: str) -> View:
    """`view` with the natural logarithm called `name`: log or ln. It is a matter of print: nothing else knows ln."""
    return view if name != "ln" else _with_ln(view)


def _with_ln(value: Any) -> Any:
    match value:
        case LawName(name, letters):
            shown = f"{name.removesuffix('log')}ln" if name.endswith(" of log") else name
            return LawName(shown, tuple(map(_with_ln, letters)))
        case tuple():
            return tuple(map(_with_ln, value))
        case Mapping():
            return {key: _with_ln(own) for key, own in value.items()}
    if isinstance(value, Expr):
        return transform(value, _ln)
    if is_dataclass(value) and not isinstance(value, type):
        own = {field.name: getattr(value, field.name) for field in fields(value)}
        changed = {key: after for key, before in own.items() if (after := _with_ln(before)) is not before}
        return replace(value, **changed) if changed else value
    return value


def _ln(node: Expr) -> Expr | None:
    match node:
        case Apply(function, arguments) if function == LOG:
            return Apply(LN, arguments)
        case LogDet(body):
            return Apply(LN, (Apply(ABS, (Det(body),)),))
    return None
