r"""Functions and their arguments: `\log x`, `\sin^2 x`, `\operatorname{tr}(A)`, `f'(x)`, `\partial_1 g(x, y)`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from derivgen.expr.nodes import SCALAR, Apply, Det, Function, Image, LogDet, Number, Total
from derivgen.problem import functions, maps
from derivgen.problem.latex_input import macros, scripts
from derivgen.problem.latex_input.cut import Token
from derivgen.problem.latex_input.names import Candidate, Script, spelled
from derivgen.problem.latex_input.scripts import Scripts
from derivgen.problem.operations import Operand
from derivgen.problem.subscripts import abstract
from derivgen.problem.tokens import Span

if TYPE_CHECKING:
    from derivgen.problem.latex_input.reader import Cursor, Reader


def known_function(reader: Reader, cursor: Cursor, name: str, token: Token) -> Operand:
    """The function `name` of the language, whose sign `token` has been taken, with its argument."""
    own = scripts.take(reader, cursor)
    if own.primes:
        hint = "write the derivative itself, or let the task take it"
        reader.refuse(
            f"{reader.quote((token.span[0], own.end))}: only declared functions have primes", token.span, hint
        )
    axis = macros.AXES.get(spelled(own.below.tokens)) if own.below and name in functions.ALONG_AXIS else None
    if own.below is not None and axis is None:
        hint = rf"write \frac{{\log x}}{{\log {spelled(own.below.tokens)}}}" if name == "log" else "leave it out"
        reader.refuse(f"{reader.quote((token.span[0], own.end))} has a subscript", own.below.span, hint)
    exponent = _power_of_function(reader, name, token, own.above) if own.above is not None else None
    if cursor.is_at("open", "(", "[", r"\{", r"\lbrace", r"\lbrack"):
        arguments, span = parenthesized(reader, cursor, token.span[0])
        is_bare = False
    else:
        arguments, span = [bare(reader, cursor, name, token)], (token.span[0], cursor.behind)
        is_bare = True
    result = _built(reader, name, arguments, span, is_bare, axis)
    if exponent is not None:
        result = scripts.entrywise(reader, result, exponent, span)
    if is_bare:
        return result
    after = scripts.take(reader, cursor)
    if after.above is not None and exponent is None and name in macros.POWER_INSIDE and result.is_scalar:
        if not scripts.is_transpose(reader, after.above.tokens, result):
            whole, inside = (span[0], after.end), reader.quote(arguments[0].span)
            power, word = reader.quote(after.above.span), reader.quote(token.span)
            hint = f"write {word}{power}({inside}) or {word}(({inside}){power})"
            reader.refuse(f"{reader.quote(whole)}: what the power is of is not said", whole, hint)
    return scripts.with_scripts(reader, result, after)


def _power_of_function(reader: Reader, name: str, token: Token, above: Script) -> Operand:
    """The exponent of sin^2 x."""
    span = (token.span[0], above.span[1])
    if name not in macros.POWER_INSIDE:
        hint = f"write {reader.quote(token.span)}(x){reader.quote(above.span)}"
        reader.refuse(f"{reader.quote(span)}: the power stands after the argument", span, hint)
    exponent = reader.inner(above.tokens, above.span)
    if isinstance(exponent.expr, Number) and exponent.expr.value < 0:
        inverse = rf"\arc{name}" if name in ("sin", "cos", "tan") else "the inverse function"
        hint = rf"write {inverse} x or \frac{{1}}{{{reader.quote(token.span)} x}}"
        reader.refuse(f"{reader.quote(span)} is the inverse or the reciprocal", span, hint)
    return exponent


def _built(reader: Reader, name: str, arguments: list[Operand], span: Span, is_bare: bool, axis: int | None) -> Operand:
    if axis is not None:
        call = functions.Call(reader.source, name, span, tuple(arguments))
        return functions.along_axis(replace(call, axis=functions.axis_of(call, axis)))
    if name == "sum":
        if len(arguments) != 1:
            reader.refuse(f"in {reader.quote(span)}: sum takes 1 argument, not {len(arguments)}", span)
        return Operand(Total(arguments[0].expr), SCALAR, span)
    if name == "log" and is_bare:
        match arguments[0].expr:
            case Det(body) | Apply(Function("abs"), (Det(body),)):
                return Operand(LogDet(body), SCALAR, span)
    if name == "norm":
        reader.refuse(f"{reader.quote(span)}: a norm is written with bars", span, r"write \lVert x \rVert_2")
    return reader.build(name, span, *arguments)


def parenthesized(reader: Reader, cursor: Cursor, start: int) -> tuple[list[Operand], Span]:
    """The arguments in parentheses, and where the call ends."""
    opening = cursor.take()
    reader.bars.append("")
    arguments = [reader.sum(cursor)]
    while cursor.is_at("comma"):
        cursor.take()
        arguments.append(reader.sum(cursor))
    reader.bars.pop()
    closing = close(reader, cursor, opening)
    return arguments, (start, closing.span[1])


def close(reader: Reader, cursor: Cursor, opening: Token) -> Token:
    """Takes what closes `opening`."""
    token = cursor.peek()
    sign = opening.text if opening.text in ("|", "||") else macros.OPENING[_delimiter(opening)]
    shown = reader.quote(opening.span)
    if token is None:
        reader.refuse(f"this `{shown}` is not closed", opening.span)
    is_closing = token.kind == "close" or (token.kind == "bar" and opening.text in ("|", "||"))
    if not is_closing or token.text != sign:
        if token.kind == "close":
            reader.refuse(f"`{shown}` is closed by `{reader.quote(token.span)}`", token.span)
        from derivgen.problem.latex_input.atoms import refuse_rest

        refuse_rest(reader, token)
    return cursor.take()


def _delimiter(token: Token) -> str:
    return token.text


def bare(reader: Reader, cursor: Cursor, name: str, token: Token) -> Operand:
    r"""The argument without parentheses: one factor, perhaps with a number before it, as in `\sin 2x`."""
    word = reader.quote(token.span)
    first = cursor.peek()
    if first is None or not reader.begins_factor(cursor):
        span = token.span
        hint = f"write {word}(...)"
        reader.refuse(f"{word} has no argument", span, hint)
    if name not in macros.BARE:
        reader.refuse(f"{word} takes its argument in parentheses", (token.span[0], first.span[1]), f"write {word}(...)")
    if first.kind == "group" and not first.text:
        inside = reader.quote(first.span)[1:-1]
        message = f"{reader.quote((token.span[0], first.span[1]))}: braces are not seen"
        reader.refuse(message, (token.span[0], first.span[1]), f"write {word}({inside})")
    argument = reader.factor(cursor)
    after = cursor.peek()
    if first.text in ("|", "||", "| |"):  # the bars show where it ends
        return argument
    if first.kind == "number" and after is not None and after.kind in ("letter", "bold"):
        second = reader.factor(cursor)
        argument = reader.scaled(argument, second)
        after = cursor.peek()
    ends = after is None or not (reader.begins_factor(cursor) or cursor.is_at("operator", "/"))
    if after is not None and not ends and not (_is_function(after) and first.kind != "word"):
        inside = reader.quote(argument.span)
        more = reader.quote((argument.span[0], after.span[1]))
        span = (token.span[0], after.span[1])
        if after.text == "/":
            hint = rf"write \frac{{{word}({inside})}}{{...}} or {word}\bigl(\frac{{{inside}}}{{...}}\bigr)"
            reader.refuse(f"{reader.quote(span)}: how far {word} reaches is not said", span, hint)
        reader.refuse(
            f"{reader.quote(span)}: how far {word} reaches is not said",
            span,
            f"write {word}({inside}) {reader.quote(after.span)} or {word}({more})",
        )
    return argument


def _is_function(token: Token) -> bool:
    return token.kind == "word" and token.text in macros.CALLED


def declared(reader: Reader, cursor: Cursor, function: Function, start: int, own: Scripts) -> Operand:
    """A declared function with its argument; primes, or a number in parentheses above it, are derivatives."""
    name = function.name
    span = (start, cursor.behind)
    orders = own.primes
    if own.above is not None:
        inside = spelled(own.above.tokens)
        if inside.startswith("(") and inside.endswith(")") and inside[1:-1].isdigit() and len(inside) == 3:
            orders += int(inside[1])
        elif set(inside) == {"'"}:
            orders += len(inside)
        else:
            shown = reader.quote(own.above.span)
            hint = f"write ({name}(x)){shown} for a power, {name}({name}(x)) for twice the function"
            reader.refuse(f"{reader.quote(span)}: the power of a function has more than one meaning", span, hint)
    if orders:
        arity = len(reader.scope.functions[name].orders)
        if arity > 1:
            hint = rf"write \partial_1 {name}(...)"
            reader.refuse(f"{reader.quote(span)}: say by which argument", span, hint)
        function = replace(function, orders=(orders,), abstract=True)
    return at_arguments(reader, cursor, function, start)


def at_arguments(reader: Reader, cursor: Cursor, function: Function, start: int) -> Operand:
    if not cursor.is_at("open", "("):
        span = (start, cursor.behind)
        hint = f"write {function.name}(x)"
        reader.refuse(f"{function.name} is a function: give its argument in parentheses", span, hint)
    arguments, span = parenthesized(reader, cursor, start)
    result = abstract(reader.source, reader.scope, function, arguments, span)
    return scripts.applied(reader, result, cursor)


def of_arrays(reader: Reader, cursor: Cursor, one: Candidate, start: int, own: Scripts) -> Operand:
    """A function of vectors with its arguments: u(x), its entry u_i(x), its derivative u'(x)."""
    name, known, span = one.name, reader.scope.maps[one.name], (start, cursor.behind)
    if own.above is not None and not one.takes_above:
        shown = reader.quote(own.above.span)
        reader.refuse(f"{reader.quote(span)}: what stands above comes last", span, f"write {name}(x){shown}")
    primes = 0 if one.takes_above else own.primes
    if primes > 1 or (primes and one.rest):
        hint = rf"write \frac{{\partial {name}_i(x)}}{{\partial x_j}} for a derivative of an entry"
        reader.refuse(f"{reader.quote(span)}: this derivative is not read", span, hint)
    if primes and len(known.arguments) > 1:
        reader.refuse(f"{reader.quote(span)}: say by which argument", span, rf"write \partial_1 {name}(...)")
    operand = _image(reader, cursor, name, start)
    if primes:
        operand = _derivative(reader, operand, 0)
    if one.rest and own.below is not None:
        operand = scripts.entry(reader, operand, own.below, one.rest)
    return scripts.applied(reader, replace(operand, span=(start, cursor.behind)), cursor)


def _image(reader: Reader, cursor: Cursor, name: str, start: int) -> Operand:
    if not cursor.is_at("open", "("):
        message = f"{name} is a function: give its argument in parentheses"
        reader.refuse(message, (start, cursor.behind), f"write {name}(x)")
    arguments, span = parenthesized(reader, cursor, start)
    return maps.image(reader.source, reader.scope, name, arguments, span)


def _derivative(reader: Reader, operand: Operand, place: int) -> Operand:
    assert isinstance(operand.expr, Image)
    return maps.by_place(reader.source, reader.scope, operand.expr, place, operand.span)


def by_argument(reader: Reader, cursor: Cursor) -> Operand:
    r"""`\partial_1 g(x, y)`: derivatives of a declared function by its arguments."""
    start = cursor.start
    taken: list[int] = []
    while cursor.is_at("operator", r"\partial"):
        token = cursor.take()
        own = scripts.take(reader, cursor)
        place = spelled(own.below.tokens) if own.below else ""
        times = spelled(own.above.tokens) if own.above else "1"
        if not place.isdigit() or not times.isdigit() or len(place + times) > 2 or place == "0":
            hint = "say what is differentiated by the task, and by what in `wrt`"
            reader.refuse(f"{reader.quote((token.span[0], cursor.behind))}: a derivative to be taken", token.span, hint)
        taken += [int(place)] * int(times)
    named = cursor.peek()
    name = named.text if named is not None else ""
    if name in reader.scope.maps:
        cursor.take()
        operand = _image(reader, cursor, name, start)
        if len(taken) > 1 or taken[0] > len(reader.scope.maps[name].arguments):
            reader.refuse(f"{reader.quote(operand.span)}: this derivative is not read", operand.span)
        return scripts.applied(reader, _derivative(reader, operand, taken[0] - 1), cursor)
    function = reader.scope.functions.get(name)
    if named is None or function is None:
        whole = (start, cursor.here[1])
        reader.refuse(r"\partial_1 stands before a declared function", whole, "declare it: `g: elementwise`")
    cursor.take()
    orders = list(function.orders) or [0] * max(taken)
    if max(taken) > len(orders):
        reader.refuse(f"{name} has {len(orders)} arguments", (start, named.span[1]))
    for place_of in taken:
        orders[place_of - 1] += 1
    return at_arguments(reader, cursor, Function(name, tuple(orders), abstract=True), start)


__all__ = ["at_arguments", "bare", "by_argument", "close", "declared", "known_function", "of_arrays", "parenthesized"]
