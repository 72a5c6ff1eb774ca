"""A question from the command line as a part of a problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from derivgen.errors import Complaint, ExpressionError, Place, UserError
from derivgen.expr.nodes import SCALAR, Layout, Symbol
from derivgen.problem.declarations import assume, declare, parse_declaration
from derivgen.problem.expression import parse_expression
from derivgen.problem.given import DECIMAL, is_formula
from derivgen.problem.model import Given, Part, Scope

FILE = "command line"


def scope_from(declarations: Sequence[str], assumptions: Sequence[str]) -> Scope:
    """The scope of `--let 'x: vector(n)' --assume 'A symmetric'`.

    Raises UserError, with every option that cannot be read.
    """
    scope = Scope()
    complaints: list[Complaint] = []
    for text in declarations:
        name, colon, declared = text.partition(":")
        if not colon:
            hint = "write --let 'x: vector(n)'"
            complaints.append(Complaint(f"--let {text!r} declares nothing", Place(FILE, 1, 1, text, len(text)), hint))
            continue
        lead = len(name) + 1 + len(declared) - len(declared.lstrip())
        try:
            scope = declare(scope, name.strip(), parse_declaration(name.strip(), declared.strip()))
        except ExpressionError as error:
            complaints.append(_placed(error, text, lead))
    for text in assumptions:
        try:
            scope = assume(scope, text)
        except ExpressionError as error:
            complaints.append(_placed(error, text, 0))
    if complaints:
        raise UserError(*complaints)
    return scope


def _placed(error: ExpressionError, text: str, lead: int) -> Complaint:
    return Complaint(error.message, Place(FILE, 1, lead + error.offset + 1, text[:2000], error.width), error.hint)


def derivative_question(
    text: str, wrt: str, scope: Scope, *, order: int = 1, layout: Layout | None = None, method: str = "index"
) -> Part:
    """The part that asks for the derivative of the expression `text` by `wrt`, a declared name or its transpose.

    Raises UserError.
    """
    expression = parse_expression(text, scope)
    bare = wrt.strip()
    transposed = bare.endswith(".T")
    bare = bare.removesuffix(".T").strip()
    symbol = scope.symbols.get(bare)
    if not isinstance(symbol, Symbol):
        known = ", ".join(scope.symbols) or "nothing"
        hint = f"declared: {known}; write --let '{bare}: vector(n)'"
        raise UserError(Complaint(f"--wrt {wrt}: {bare} is not declared", hint=hint))
    if bare in scope.values:
        raise UserError(Complaint(f"--wrt {wrt}: {bare} has a fixed value"))
    is_calculus = symbol.shape == SCALAR and method == "index" and is_formula(expression)
    return replace(
        _part("derive", text, scope),
        expression=expression,
        given=Given((symbol,), decimal=bool(DECIMAL.search(text))) if is_calculus else Given(),
        wrt=symbol,
        wrt_transposed=transposed,
        order=order,
        layout=layout,
        method=method,
    )


def matrix_form_question(text: str, scope: Scope, free: Sequence[str] = ()) -> Part:
    """The part that asks for the matrix form of an index sum; `free` are the free indices, rows first.

    Raises UserError.
    """
    return replace(_part("matrix_form", text, scope), expression=parse_expression(text, scope), free=tuple(free))


def _part(task: str, text: str, scope: Scope) -> Part:
    return Part(task, scope, Place(FILE, 1, 1, text[:2000], 1), expression_text=text)
