"""Functions of vectors and matrices that nobody gave: u(x), and du/dx, in either notation."""

from __future__ import annotations

from collections.abc import Sequence

from derivgen.expr.nodes import SCALAR, Derivative, Entry, Image, Partial, Symbol
from derivgen.expr.shapes import is_scalar, shape, show_shape, slope_shape
from derivgen.problem import operations
from derivgen.problem.model import Scope
from derivgen.problem.operations import Operand
from derivgen.problem.tokens import Source, Span


def image(source: Source, scope: Scope, name: str, arguments: Sequence[Operand], span: Span) -> Operand:
    """u(x), of a function declared with the shapes that it takes and gives; refused where the arguments do not fit."""
    known, whole = scope.maps[name], source.quote(span)
    if len(arguments) != len(known.arguments):
        wanted, plural = len(known.arguments), "s" if len(known.arguments) > 1 else ""
        source.refuse(f"in {whole}: {name} takes {wanted} argument{plural}, not {len(arguments)}", span)
    for own, wanted_shape in zip(arguments, known.arguments, strict=True):
        if own.shape != wanted_shape:
            shown = f"{source.quote(own.span)} is {show_shape(own.shape)}, {name} takes"
            why = operations.different(wanted_shape, own.shape)
            source.refuse(f"in {whole}: {shown} {show_shape(wanted_shape)}: {why}", span)
    return Operand(Image(name, tuple(one.expr for one in arguments), known.result), known.result, span)


def derivative(source: Source, scope: Scope, of: Operand, by: Operand, span: Span, hint: str) -> Operand:
    """du/dx, not taken: the array of the derivatives of u(x) by its argument x, in the layout of the scope.

    Of an entry of u(x), or of a scalar u(x), by an entry of x it is one of them.
    """
    match of.expr, by.expr:
        case (Entry(Image(_, taken)) | Image(_, taken)) as body, Entry(Symbol() as symbol) as entry if symbol in taken:
            if is_scalar(body):
                return Operand(Partial(body, entry), SCALAR, span)
    if not isinstance(of.expr, Image) or by.expr not in of.expr.arguments:
        shown = f"{source.quote(by.span)} is no argument of {source.quote(of.span)}"
        source.refuse(f"in {source.quote(span)}: {shown}", span, hint)
    return by_place(source, scope, of.expr, of.expr.arguments.index(by.expr), span)


def by_place(source: Source, scope: Scope, of: Image, place: int, span: Span) -> Operand:
    """The derivatives of u by its argument at `place`, counted from 0, as an array."""
    found = slope_shape(of.shape, shape(of.arguments[place]), scope.layout)
    if found is None:
        source.refuse(f"in {source.quote(span)}: this derivative has more than two axes", span)
    return Operand(Derivative(of, place, scope.layout), found, span)
