r"""What sums and products are made of: numbers, parentheses, bars, fractions, roots, sum signs, arrays."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NoReturn

from derivgen.expr.build import nested_sum
from derivgen.expr.nodes import ONE, SCALAR, Apply, Dim, Expr, Eye, Function, Group, Number, Ones, Upper, Zeros
from derivgen.expr.shapes import show_shape
from derivgen.problem import maps, operations
from derivgen.problem.latex_input import calls, letters, scripts
from derivgen.problem.latex_input.cut import Token, Tokens
from derivgen.problem.latex_input.names import Script, spelled, split_commas
from derivgen.problem.operations import Operand
from derivgen.problem.subscripts import check_letter
from derivgen.problem.tokens import Span, exact_number

if TYPE_CHECKING:
    from derivgen.problem.latex_input.reader import Cursor, Reader

_SLOPES = r"write \frac{\partial u(x)}{\partial x}"
_RELATIONS = ("=", "<", ">", "!=", r"\in", r"\to", r"\sim", ":")


def factor(reader: Reader, cursor: Cursor) -> Operand:
    """One factor, with all that stands above and below it."""
    token = cursor.peek()
    if token is None:
        _refuse_missing(reader, cursor)
    after = cursor.peek(1)
    if after is not None and _is_d(reader, token) and _is_map(reader, (after,)):
        return _slope_with_slash(reader, cursor)
    match token.kind:
        case "number":
            cursor.take()
            value = exact_number(reader.source.text, token.text, token.span)
            return scripts.applied(reader, Operand(Number(value), SCALAR, token.span), cursor)
        case "letter":
            return letters.letter(reader, cursor)
        case "word":
            return letters.word(reader, cursor)
        case "bold":
            return _filled(reader, cursor)
        case "group":
            return _group(reader, cursor)
        case "open" if token.text in ("|", "||"):
            return _bars(reader, cursor)
        case "open":
            return _parentheses(reader, cursor)
        case "bar":
            return _bars(reader, cursor)
        case "structure":
            return _structure(reader, cursor)
        case "matrix":
            return _matrix(reader, cursor)
        case "operator" if token.text == r"\partial":
            return calls.by_argument(reader, cursor)
    _refuse_missing(reader, cursor)


def _refuse_missing(reader: Reader, cursor: Cursor) -> NoReturn:
    """Says what is wrong where something should begin."""
    token = cursor.peek()
    before = cursor.peek(-1) if cursor.place else None
    if token is None:
        span = before.span if before else cursor.here
        after = f" after `{reader.quote(span)}`" if before else ""
        reader.refuse(f"something is missing{after}", span)
    if token.kind == "operator" and token.text in ("+", "-") and before is not None and before.kind == "operator":
        span = (before.span[0], token.span[1])
        reader.refuse(f"two signs follow each other: {reader.quote(span)}", span, "put the second into parentheses")
    if token.kind in ("close", "bar") or (token.kind == "operator" and token.text not in (r"\nabla", r"\dots")):
        where = "between" if before else "before"
        shown = f"`{reader.quote(before.span)}` and `{reader.quote(token.span)}`" if before else ""
        span = (before.span[0] if before else token.span[0], token.span[1])
        reader.refuse(f"something is missing {where} {shown or f'`{reader.quote(token.span)}`'}", span)
    refuse_rest(reader, token)


def refuse_rest(reader: Reader, token: Token) -> NoReturn:
    """Says why `token` cannot follow what has been read."""
    shown = reader.quote(token.span)
    if token.kind == "operator" and token.text in _RELATIONS:
        hint = "give one side" if token.text == "=" else "comparisons are not supported"
        sign = "equals sign" if token.text == "=" else "relation"
        reader.refuse(f"`{shown}`: an expression has no {sign}", token.span, hint)
    if token.kind == "close":
        reader.refuse(f"nothing was opened that this `{shown}` closes", token.span)
    if token.kind == "comma":
        hint = "one expression; entries of an array are written \\begin{bmatrix} a \\\\ b \\end{bmatrix}"
        reader.refuse("a comma has no meaning here", token.span, hint)
    hints = {
        r"\nabla": "say what is differentiated by the task, and by what in `wrt`",
        r"\dots": "dots stand for what is not written: write all entries, or a sum over an index",
        "!": "factorials are not supported",
        r"\infty": "infinity is no number",
        "&": r"& separates the entries of an array: \begin{bmatrix} a & b \end{bmatrix}",
        r"\\": "one expression on one line",
        r"\dagger": r"write \top for the transpose",
    }
    reader.refuse(f"`{shown}` has no meaning here", token.span, hints.get(token.text, ""))


# braces and parentheses


def _group(reader: Reader, cursor: Cursor) -> Operand:
    """Several things in braces, which nobody sees, or in one font."""
    token = cursor.peek()
    assert token is not None
    if token.text and reader.names.is_known(token.text):
        return letters.word(reader, cursor)
    cursor.take()
    inside = token.groups[0]
    operand = reader.inner(inside, token.span)
    after = cursor.peek()
    if after is not None and after.kind in ("script", "prime"):
        first, last = inside[0], inside[-1]
        if not (first.kind == "open" and last.kind == "close" and (inside[0].text, 1) == (first.text, 1)):
            shown, sign = reader.quote(token.span), reader.quote(after.span)
            span = (token.span[0], after.span[1])
            inner = reader.quote(operand.span)
            reader.refuse(f"{shown}{sign}: braces are not seen", span, f"write ({inner}){sign}")
    return scripts.applied(reader, Operand(operand.expr, operand.shape, token.span), cursor)


def _parentheses(reader: Reader, cursor: Cursor) -> Operand:
    opening = cursor.take()
    is_square = opening.text in ("[", r"\lbrack")
    reader.bars.append("")
    entries = [reader.sum(cursor)]
    if is_square and cursor.is_at("operator", ">") and _is_zero(cursor.peek(1)):
        return _positive(reader, cursor, opening, entries[0])
    while is_square and cursor.is_at("comma"):
        cursor.take()
        if cursor.is_at("operator", r"\dots"):
            token = cursor.peek()
            assert token is not None
            refuse_rest(reader, token)
        entries.append(reader.sum(cursor))
    reader.bars.pop()
    closing = calls.close(reader, cursor, opening)
    span = (opening.span[0], closing.span[1])
    if len(entries) > 1:
        return scripts.applied(reader, operations.array(reader.source, entries, len(entries), span), cursor)
    inner = Operand(entries[0].expr, entries[0].shape, span)
    if reader.grouped and not is_square and not (cursor.is_at("script") or cursor.is_at("prime")):
        return Operand(Group(inner.expr), inner.shape, span)
    return scripts.applied(reader, inner, cursor)


def _is_zero(token: Token | None) -> bool:
    return token is not None and token.kind == "number" and token.text == "0"


def _is_indicator(cursor: Cursor) -> bool:
    """Whether a bracket [u > 0] follows."""
    if not cursor.is_at("open", "[", r"\lbrack"):
        return False
    deep, place = 0, 0
    while (token := cursor.peek(place)) is not None:
        deep += (token.kind == "open") - (token.kind == "close")
        if deep == 1 and token.kind == "operator" and token.text == ">":
            return True
        if deep == 0:
            return False
        place += 1
    return False


def _positive(reader: Reader, cursor: Cursor, opening: Token, body: Operand) -> Operand:
    """Iverson's bracket [u > 0], which may stand behind a bold 1."""
    cursor.take()
    cursor.take()
    reader.bars.pop()
    closing = calls.close(reader, cursor, opening)
    span = (opening.span[0], closing.span[1])
    expr: Expr = Apply(Function("step"), (body.expr,))
    return scripts.applied(reader, Operand(expr, body.shape, span), cursor)


# bars


def _bars(reader: Reader, cursor: Cursor) -> Operand:
    opening = cursor.take()
    if opening.text == "| |" and reader.bars[-1] == "|":
        hint = r"write \lvert x \rvert \, \lvert y \rvert"
        reader.refuse("`||` closes, opens or is a norm", opening.span, hint)
    sign = opening.text.replace(" ", "")
    reader.bars.append(sign)
    body = reader.sum(cursor)
    reader.bars.pop()
    token = cursor.peek()
    if token is None or token.kind not in ("close", "bar") or token.text.replace(" ", "") != sign:
        if token is not None and token.kind not in ("close", "bar"):
            refuse_rest(reader, token)
        reader.refuse(f"this `{reader.quote(opening.span)}` is not closed", opening.span)
    cursor.take()
    span = (opening.span[0], token.span[1])
    own = scripts.take(reader, cursor)
    if sign == "||":
        operand = _norm(reader, body, span, own.below)
        own = scripts.Scripts(None, own.above, own.primes, own.end)
    else:
        operand = _absolute(reader, body, span)
    return scripts.with_scripts(reader, operand, own)


def _absolute(reader: Reader, body: Operand, span: Span) -> Operand:
    """The absolute value of a scalar, the determinant of a square matrix."""
    if body.is_scalar:
        return Operand(Apply(Function("abs"), (body.expr,)), SCALAR, span)
    if body.shape[0] == body.shape[1]:
        return reader.build("det", span, body)
    inside, of = reader.quote(body.span), show_shape(body.shape)
    hint = rf"write \lVert {inside} \rVert_2 for the length, \operatorname{{abs}}({inside}) for each entry"
    reader.refuse(f"in {reader.quote(span)}: {inside} is {of}: bars have more than one meaning", span, hint)


def _norm(reader: Reader, body: Operand, span: Span, below: Script | None) -> Operand:
    kind = spelled(below.tokens) if below else ""
    whole = (span[0], below.span[1]) if below else span
    inside, is_vector = reader.quote(body.span), ONE in body.shape
    if is_vector and kind in ("", "1", "2"):
        if not kind:
            return reader.build("norm", whole, body)
        order = Operand(Number(Fraction(kind)), SCALAR, whole)
        return reader.build("norm", whole, body, order)
    if not is_vector and kind in ("F", "Fro", "HS"):
        return reader.build("norm", whole, body)
    if is_vector:
        hint = r"the norms of a vector are \lVert x \rVert_2 and \lVert x \rVert_1"
        if kind in ("F", "Fro"):
            hint = rf"write \lVert {inside} \rVert_2 for a vector"
        reader.refuse(f"in {reader.quote(whole)}: there is no such norm of a vector", whole, hint)
    hint = rf"write \lVert {inside} \rVert_F for Frobenius's norm, which is the one supported"
    shown = show_shape(body.shape)
    reader.refuse(f"in {reader.quote(whole)}: {inside} is {shown}: which norm is not said", whole, hint)


# ones, zeros


def _filled(reader: Reader, cursor: Cursor) -> Operand:
    r"""`\mathbf{1}`, `\mathbf{0}_n`, `\mathbf{1}_{m \times n}`: a column where its size does not say otherwise."""
    token = cursor.take()
    if token.text == "1" and _is_indicator(cursor):
        return _parentheses(reader, cursor)
    own = scripts.take(reader, cursor)
    if token.text not in ("0", "1"):
        reader.refuse(
            f"{reader.quote(token.span)} is no array of ones or zeros", token.span, "write the number in plain type"
        )
    span = (token.span[0], own.below.span[1] if own.below else token.span[1])
    make = Ones if token.text == "1" else Zeros
    expr: Expr
    if own.below is not None and own.below.tokens[0].text == r"\triangle":
        dim = (
            reader.sizes.unknown(span)
            if len(own.below.tokens) == 1
            else scripts.size(reader, own.below.tokens[2:], span)
        )
        expr, of = Upper(dim), (dim, dim)
    else:
        of = _size(reader, own.below, span) if own.below else (reader.sizes.unknown(span), ONE)
        expr = make(of)
    return scripts.with_scripts(reader, Operand(expr, of, span), scripts.Scripts(None, own.above, own.primes, own.end))


def _size(reader: Reader, below: Script, span: Span) -> tuple[Dim, Dim]:
    cut_at = [place for place, token in enumerate(below.tokens) if token.text in (r"\times", ",")]
    if not cut_at:
        return scripts.size(reader, below.tokens, below.span), ONE
    rows, columns = below.tokens[: cut_at[0]], below.tokens[cut_at[0] + 1 :]
    return scripts.size(reader, rows, below.span), scripts.size(reader, columns, below.span)


def identity(reader: Reader, below: Script | None, span: Span) -> Operand:
    r"""`\mathbf{I}`, `I_n`, `I_{n \times n}`."""
    if below is None:
        dim = reader.sizes.unknown(span)
        return Operand(Eye(dim), (dim, dim), span)
    whole = (span[0], below.span[1])
    rows, columns = _size(reader, below, span)
    if columns not in (ONE, rows):
        reader.refuse(f"{reader.quote(whole)}: the identity is square", whole)
    return Operand(Eye(rows), (rows, rows), whole)


# fractions, roots, sum signs, arrays


def _structure(reader: Reader, cursor: Cursor) -> Operand:
    token = cursor.peek()
    assert token is not None
    if token.text == "sum":
        return _sum(reader, cursor)
    cursor.take()
    if token.text == "sqrt":
        operand = _root(reader, token)
    else:
        operand = _slope(reader, token) or _fraction(reader, token)
    return scripts.applied(reader, operand, cursor)


def _fraction(reader: Reader, token: Token) -> Operand:
    above, below = token.groups
    left, right = (reader.inner(part, token.span) for part in (above, below))
    return reader.quotient(left, right, token.span)


def _slope(reader: Reader, token: Token) -> Operand | None:
    r"""`\frac{\partial y}{\partial x}` where the part names it; None for what is no derivative."""
    above, below = token.groups
    if not above or not below or not all(_is_d(reader, part[0]) for part in (above, below)):
        return None
    if _is_map(reader, above[1:]) and len(below) > 1:
        of, by = (reader.inner(part[1:], (part[1].span[0], part[-1].span[1])) for part in (above, below))
        return maps.derivative(reader.source, reader.scope, of, by, token.span, _SLOPES)
    names = [_whole_name(reader, part[1:]) for part in (above, below)]
    slope = reader.scope.slopes.get((names[0], names[1]))
    if slope is None:
        known = ", ".join(one.name for one in reader.scope.slopes.values())
        hint = "say what is differentiated by the task, and by what in `wrt`; f'(x) is a declared function's derivative"
        shown = reader.quote(token.span)
        reader.refuse(f"{shown}: a derivative to be taken", token.span, f"there are {known}" if known else hint)
    return Operand(slope, slope.shape, token.span)


def _slope_with_slash(reader: Reader, cursor: Cursor) -> Operand:
    r"""`\partial u(x) / \partial x`, of a function of vectors."""
    start = cursor.take().span[0]
    of = reader.factor(cursor)
    after = cursor.peek(1)
    if not cursor.is_at("operator", "/") or after is None or not _is_d(reader, after):
        span = (start, of.span[1])
        reader.refuse(f"{reader.quote(span)}: by what is not said", span, _SLOPES)
    cursor.take()
    cursor.take()
    by = reader.factor(cursor)
    return maps.derivative(reader.source, reader.scope, of, by, (start, by.span[1]), _SLOPES)


def _is_d(reader: Reader, token: Token) -> bool:
    if token.kind == "operator":
        return token.text == r"\partial"
    return token.kind == "letter" and token.text == "d" and not reader.names.is_known("d")


def _is_map(reader: Reader, tokens: Tokens) -> bool:
    """Whether `tokens` begin with a function of vectors."""
    names = [name for name in reader.scope.maps if tokens and reader.names.looks_like(name, tokens[0].text)]
    return bool(names)


def _whole_name(reader: Reader, tokens: Tokens) -> str:
    """The declared symbol that `tokens` are, and nothing else."""
    return next((name for name in reader.scope.symbols if reader.names.looks_like(name, spelled(tokens))), "")


def _root(reader: Reader, token: Token) -> Operand:
    order, inside = token.groups
    body = reader.inner(inside, token.span)
    if not order:
        return reader.build("sqrt", token.span, body)
    degree = spelled(order)
    if not degree.isdigit() or not 2 <= int(degree) <= operations.LARGEST_NUMBER_EXPONENT:
        reader.refuse(f"in {reader.quote(token.span)}: the order of a root is a whole number", token.span)
    exponent = Operand(Number(Fraction(1, int(degree))), SCALAR, token.span)
    return Operand(operations.power(reader.source, token.span, body, exponent), body.shape, token.span)


def _sum(reader: Reader, cursor: Cursor) -> Operand:
    token = cursor.take()
    own = scripts.take(reader, cursor)
    sign = (token.span[0], own.end)
    if own.below is None:
        reader.refuse(f"{reader.quote(token.span)} has no index", sign, r"write \sum_{i=1}^{n} or \sum_i")
    names = _bound(reader, own.below)
    dim = scripts.size(reader, own.above.tokens, own.above.span) if own.above else None
    reader.letters.open(names)
    for name, span in names:
        if dim is not None:
            reader.letters.use(name, dim, span, reader.quote(sign))
    body = reader.term(cursor)
    indices = reader.letters.close()
    reader.bound[-1].update({name: sign for name, _ in names})
    return Operand(nested_sum(indices, body.expr), body.shape, (token.span[0], body.span[1]))


def _bound(reader: Reader, below: Script) -> list[tuple[str, Span]]:
    r"""The letters of `\sum_{i,j}`, `\sum_{ij}`, `\sum_{i=1}`."""
    found: list[tuple[str, Span]] = []
    parts = [list(part) for part in split_commas(below.tokens)]
    for part in parts:
        equals = next((place for place, one in enumerate(part) if one.text == "=" and one.kind == "operator"), None)
        if equals is not None:
            start = spelled(part[equals + 1 :])
            if start != "1":
                shown = reader.quote(below.span)
                reader.refuse(f"{shown}: indices are counted from 1", below.span, "write the sum from 1")
            del part[equals:]
        odd = next((one for one in part if one.kind == "operator"), None)
        if odd is not None:
            hint = r"a sum runs over all values of its index; leave some out by a factor (1 - \delta_{ij})"
            reader.refuse(f"{reader.quote(below.span)}: a condition below a sum sign", odd.span, hint)
        for one in scripts.subscripts(reader, (tuple(part),), below.span, 2 if len(part) == 1 else 0):
            if not isinstance(one.value, str):
                reader.refuse(f"{reader.quote(below.span)}: a sum runs over letters", one.span)
            check_letter(reader.source, reader.scope, one.value, one.span)
            if one.value in dict(found):
                reader.refuse(f"in {reader.quote(below.span)}: the letter {one.value} is bound twice", one.span)
            found.append((one.value, one.span))
    return found


def _matrix(reader: Reader, cursor: Cursor) -> Operand:
    token = cursor.take()
    entries = []
    for cell in token.groups:
        span = (cell[0].span[0], cell[-1].span[1])
        dots = next((one for one in cell if one.text == r"\dots"), None)
        if dots is not None:
            refuse_rest(reader, dots)
        entries.append(reader.inner(cell, span))
    if len(entries) > operations.MOST_WRITTEN:
        reader.refuse(f"an array that is written out has at most {operations.MOST_WRITTEN} entries", token.span)
    operand = operations.array(reader.source, entries, token.wide, token.span)
    if token.text == "vmatrix":
        operand = reader.build("det", token.span, operand)
    return scripts.applied(reader, operand, cursor)


__all__ = ["factor", "identity", "refuse_rest"]
