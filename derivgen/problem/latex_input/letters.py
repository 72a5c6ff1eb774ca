r"""Letters and words: declared names, and what a letter means that nobody declared: `\pi`, `e^x`, `\delta_{ij}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from derivgen.expr.names import FUNCTION_LETTERS
from derivgen.expr.nodes import ONE, SCALAR, Apply, Commutation, Dim, Function, Pi, Size
from derivgen.expr.shapes import shape, show_shape
from derivgen.problem.latex_input import calls, macros, scripts
from derivgen.problem.latex_input.cut import Token, Tokens
from derivgen.problem.latex_input.names import Candidate, Letter, spelled
from derivgen.problem.latex_input.scripts import Scripts
from derivgen.problem.names import did_you_mean, nearest
from derivgen.problem.operations import Operand
from derivgen.problem.subscripts import delta
from derivgen.problem.tokens import Span

if TYPE_CHECKING:
    from derivgen.problem.latex_input.reader import Cursor, Reader


def letter(reader: Reader, cursor: Cursor) -> Operand:
    """A letter with its scripts: a declared name or an entry of one."""
    token = cursor.take()
    if not token.accents:
        _check_word(reader, cursor, token)
    own = scripts.take(reader, cursor)
    shown = Letter(token.text, token.accents, token.span, own.below, own.above, own.primes)
    found = list(reader.names.candidates(shown))
    if not found:
        return _undeclared(reader, cursor, token, own)
    chosen = _chosen(reader, shown, own, found)
    if chosen is None:
        _refuse_subscripts(reader, shown, own, found[0])
    return _named(reader, cursor, token, own, chosen)


def word(reader: Reader, cursor: Cursor) -> Operand:
    """A word, or letters in one font: a declared name, or a function."""
    token = cursor.take()
    if reader.names.is_known(token.text, token.accents):
        own = scripts.take(reader, cursor)
        shown = Letter(token.text, token.accents, token.span, own.below, own.above, own.primes)
        found = list(reader.names.candidates(shown))
        chosen = _chosen(reader, shown, own, found)
        if chosen is not None:
            return _named(reader, cursor, token, own, chosen)
        if found:
            _refuse_subscripts(reader, shown, own, found[0])
    if token.text in macros.CALLED and not token.accents:
        return calls.known_function(reader, cursor, macros.CALLED[token.text], token)
    known = {*macros.CALLED, *reader.scope.symbols, *reader.scope.functions}
    near = nearest(token.text, known) if len(token.text) > 2 else None
    message = f"{reader.quote(token.span)} is neither declared nor a function"
    hint = f"did you mean {_as_word(near, reader)}?" if near else "words of the text stand outside the expression"
    reader.refuse(message, token.span, hint)


def _as_word(name: str, reader: Reader) -> str:
    is_macro = name in macros.BARE - {"tr"} and name not in reader.scope.symbols
    return f"\\{name}" if is_macro else rf"\operatorname{{{name}}}" if name in macros.CALLED else rf"\mathrm{{{name}}}"


# which name


def _chosen(reader: Reader, shown: Letter, own: Scripts, found: list[Candidate]) -> Candidate | None:
    """The one candidate whose subscripts are left with a meaning.

    Raises ExpressionError where there are two.
    """
    fitting = [one for one in found if _fits(reader, one)]
    above = [one for one in fitting if one.takes_above]
    fitting = above or fitting
    if len({one.name for one in fitting}) > 1:
        # x_1 is the same as the first entry of x = (x_1, x_2)
        names = {one.name for one in fitting}
        entries = {entry.name for name in names for entry in reader.scope.entries.get(name, ())}
        inner = [one for one in fitting if one.name in entries and not one.rest]
        if not inner:
            span = (shown.span[0], own.end)
            first, second = sorted(names)[:2]
            base = reader.quote(shown.span)
            below = reader.quote(own.below.span) if own.below else ""
            hint = f"write ({base}){below} for the entry, \\mathrm{{{max(names, key=len)}}} for the symbol of that name"
            reader.refuse(f"{reader.quote(span)} is {first} or {second}: both are declared", span, hint)
        fitting = inner
    return fitting[0] if fitting else None


def _fits(reader: Reader, one: Candidate) -> bool:
    symbol = reader.scope.symbols.get(one.name)
    if not one.rest:
        return True
    known = symbol.shape if symbol else reader.scope.maps[one.name].result if one.name in reader.scope.maps else SCALAR
    axes = sum(dim != ONE for dim in known)
    return axes > 0 and scripts.count(reader, one.rest, axes) == axes


def _refuse_subscripts(reader: Reader, shown: Letter, own: Scripts, one: Candidate) -> NoReturn:
    span = (shown.span[0], own.end)
    symbol = reader.scope.symbols.get(one.name)
    word_of = spelled(own.below.tokens) if own.below else ""
    name = f"{one.name}_{word_of}" if word_of.isalnum() else ""
    hint = f"a name of its own is declared: `{name}: scalar`" if name else ""
    if symbol is None:
        kind = "a function" if one.name in (*reader.scope.functions, *reader.scope.maps) else "no array"
        reader.refuse(f"{reader.quote(span)}: {one.name} is {kind} and has no entries", span, hint)
    axes = sum(dim != ONE for dim in symbol.shape)
    if not axes:
        reader.refuse(f"in {reader.quote(span)}: {one.name} is a scalar and has no entries", span, hint)
    given = scripts.count(reader, one.rest, axes)
    if given < 0 and own.below is not None:
        scripts.subscripts(reader, one.rest, own.below.span, axes)  # which says what is odd in them
    wanted = f"{axes} subscript{'s' if axes > 1 else ''}"
    if axes == 2 and given == 1:
        hint = rf"row i is {one.name}_{{i,:}}, column j is {one.name}_{{:,j}}; {hint}"
    message = f"in {reader.quote(span)}: {one.name} is {show_shape(symbol.shape)} and takes {wanted}, not {given}"
    reader.refuse(message, span, hint.rstrip("; "))


def _named(reader: Reader, cursor: Cursor, token: Token, own: Scripts, one: Candidate) -> Operand:
    scope, name = reader.scope, one.name
    start = token.span[0]
    if name in scope.functions:
        # e^2(t) may be the square of e(t); what is no number is no power of a function that anybody writes
        open_to_both = own.above is not None and _is_whole(own.above.tokens) and cursor.is_at("open", "(")
        if name == "e" and own.above is not None and not (own.below or own.primes or open_to_both):
            return _exponential(reader, token, own)
        above = None if one.takes_above else own.above
        primes = 0 if one.takes_above else own.primes
        return calls.declared(reader, cursor, scope.functions[name], start, Scripts(None, above, primes, own.end))
    span = (start, own.below.span[1] if own.below and not one.rest else token.span[1])
    if name == "e" and own.above is not None and not one.takes_above and not _is_whole(own.above.tokens):
        shown = reader.quote((own.above.tokens[0].span[0], own.above.tokens[-1].span[1]))
        hint = f"write \\exp({shown}) for the function, (e)^{{{shown}}} for the power"
        reader.refuse(f"{reader.quote((start, own.end))}: e is declared, and e^x is an exponential", span, hint)
    if name in scope.maps:
        return calls.of_arrays(reader, cursor, one, start, own)
    if name in scope.indices and name not in scope.symbols:
        reader.refuse(f"{name} is an index: it stands below an array only", span)
    operand = _value(reader, name, span)
    if one.rest and own.below is not None:
        operand = scripts.entry(reader, operand, own.below, one.rest)
        _check_entry_power(reader, operand, own, scope.symbols[name].shape)
    left = Scripts(None, None, 0, own.end) if one.takes_above else Scripts(None, own.above, own.primes, own.end)
    operand = scripts.with_scripts(reader, operand, left)
    operand = Operand(operand.expr, operand.shape, (start, max(operand.span[1], own.end)))
    _check_call(reader, cursor, operand, name, own)
    return operand


def _is_whole(tokens: Tokens) -> bool:
    """Whether an exponent is a number, or makes no power: of a transpose, say."""
    return len(tokens) == 1 and tokens[0].kind != "letter"


def _value(reader: Reader, name: str, span: Span) -> Operand:
    scope = reader.scope
    if name in scope.symbols:
        if reader.expand and name in scope.definitions:
            expr = scope.definitions[name]
            return Operand(expr, shape(expr), span)
        symbol = scope.symbols[name]
        return Operand(symbol, symbol.shape, span)
    return Operand(Size(Dim(1, (name,))), SCALAR, span)


def _check_entry_power(reader: Reader, entry: Operand, own: Scripts, of: tuple[Dim, Dim]) -> None:
    r"""`A_{ij}^{-1}` and `A_{ij}^T` are the entry of the inverse or the transpose, or the other way round."""
    if own.above is None or not entry.is_scalar or ONE in of:
        return
    tokens = own.above.tokens
    turned = scripts.is_transpose(reader, tokens, entry)
    if turned or (spelled(tokens) == "-1" and of[0] == of[1]):
        span = (entry.span[0], own.end)
        assert own.below is not None
        base = reader.quote((entry.span[0], min(own.below.span[0], own.above.span[0])))
        above, below = reader.quote(own.above.span), reader.quote(own.below.span)
        hint = f"write ({base}{above}){below}" + ("" if turned else rf" or \frac{{1}}{{{base}{below}}}")
        reader.refuse(f"{reader.quote(span)}: an entry of the whole, or of what it is made of", span, hint)


def _check_call(reader: Reader, cursor: Cursor, operand: Operand, name: str, own: Scripts) -> None:
    """A scalar before parentheses: f(x + 1) may be a product or a value of a function."""
    if not operand.is_scalar or not cursor.is_at("open", "(") or own.above is not None or own.primes:
        return
    first, inside, after = cursor.peek(), cursor.peek(1), cursor.peek(2)
    assert first is not None
    is_lone = inside is not None and inside.kind == "letter" and after is not None and after.kind == "close"
    if name not in FUNCTION_LETTERS and not is_lone:
        return
    shown = reader.quote(operand.span)
    span = (operand.span[0], after.span[1] if is_lone and after else first.span[1])
    hint = rf"write {shown} \cdot ( ... ) for the product, or declare `{name}: elementwise`"
    reader.refuse(f"{reader.quote(span)}: {name} is declared as a scalar, and this looks like a function", span, hint)


# letters that nobody declared


def _undeclared(reader: Reader, cursor: Cursor, token: Token, own: Scripts) -> Operand:
    span = (token.span[0], own.end if own.end > token.span[1] else token.span[1])
    if not token.accents:
        match token.text:
            case "pi" if own.below is None:
                return scripts.with_scripts(reader, Operand(Pi(), SCALAR, token.span), own)
            case "I":
                if own.below is not None and own.above is None and not _are_sizes(reader, own.below.tokens):
                    kronecker = _delta(reader, token, own)
                    if kronecker is not None:
                        return kronecker
                operand = _identity(reader, token, own)
                return scripts.with_scripts(reader, operand, Scripts(None, own.above, own.primes, own.end))
            case "delta" if own.below is not None and own.above is None:
                kronecker = _delta(reader, token, own)
                if kronecker is not None:
                    return kronecker
            case "e" if own.above is not None and own.below is None and not own.primes:
                return _exponential(reader, token, own)
            case "sigma" if own.below is None and own.above is None and cursor.is_at("open", "("):
                return calls.known_function(reader, cursor, "sigmoid", token)
            case "K" if own.below is not None and len(Letter("K", (), span, own.below).parts) == 2:
                parts = Letter("K", (), span, own.below).parts
                rows, columns = (scripts.size(reader, part, own.below.span) for part in parts)
                dim = rows * columns
                operand = Operand(Commutation((rows, columns)), (dim, dim), (token.span[0], own.below.span[1]))
                return scripts.with_scripts(reader, operand, Scripts(None, own.above, own.primes, own.end))
    _refuse_undeclared(reader, cursor, token, own)


def _are_sizes(reader: Reader, tokens: Tokens) -> bool:
    r"""Whether what stands below I is a size: I_n, I_{mn}, I_{n \times n}, and not the letters of an entry."""
    sizes = reader.scope.sizes
    return any(token.kind == "operator" or token.kind == "number" or token.text in sizes for token in tokens)


def _identity(reader: Reader, token: Token, own: Scripts) -> Operand:
    from derivgen.problem.latex_input.atoms import identity

    return identity(reader, own.below, token.span)


def _delta(reader: Reader, token: Token, own: Scripts) -> Operand | None:
    """Kronecker's delta; None where it has not two subscripts."""
    assert own.below is not None
    parts = Letter("delta", (), token.span, own.below).parts
    span = (token.span[0], own.below.span[1])
    if scripts.count(reader, parts, 2) != 2:
        return None
    picked = scripts.subscripts(reader, parts, own.below.span, 2)
    if any(one.value is None for one in picked):
        return None
    operand = delta(reader.source, reader.scope, reader.letters, picked, span)
    return scripts.with_scripts(reader, operand, Scripts(None, None, own.primes, own.end))


def _exponential(reader: Reader, token: Token, own: Scripts) -> Operand:
    assert own.above is not None
    span = (token.span[0], own.above.span[1])
    exponent = reader.inner(own.above.tokens, (own.above.tokens[0].span[0], own.above.tokens[-1].span[1]))
    if ONE not in exponent.shape:
        inside = reader.quote(exponent.span)
        hint = rf"write \exp({inside}) for exp of each entry; the exponential of a matrix is not supported"
        reader.refuse(f"in {reader.quote(span)}: the exponent is {show_shape(exponent.shape)}", span, hint)
    return Operand(Apply(Function("exp"), (exponent.expr,)), exponent.shape, span)


def _refuse_undeclared(reader: Reader, cursor: Cursor, token: Token, own: Scripts) -> NoReturn:
    scope = reader.scope
    span = (token.span[0], max(token.span[1], own.end))
    shown, name = reader.quote(span), token.text + "".join(token.accents)
    below = spelled(own.below.tokens) if own.below else ""
    full = f"{name}_{below}" if below.isalnum() else name
    hint = did_you_mean(full, {*scope.symbols, *scope.functions, *scope.sizes})
    if token.text == "e":
        hint = r"write e^{x} or \exp(x)"
    elif token.text == "d" and not own.below:
        hint = "differentials are not read; say what is differentiated by the task"
    elif cursor.is_at("open", "("):
        hint = f"a function is declared: `{name}: elementwise`"
    elif token.text == "sigma" and not own.below:
        hint = r"the logistic function is \sigma(x); a number is declared: `sigma: scalar`"
    if below and not hint:
        subscripts = "subscripts pick" if own.below and len(own.below.tokens) > 1 else "subscript picks"
        hint = f"declare {name} (its {subscripts} entries), or `{full}`"
    reader.refuse(f"{shown} is not declared", span, hint)


def _check_word(reader: Reader, cursor: Cursor, token: Token) -> None:
    """Refuses letters that are the name of a function without its backslash, such as `sin x` and `tr(A)`."""
    letters, end, place = token.text, token.span[1], 0
    names = [token.text]
    while (after := cursor.peek(place)) is not None and after.kind == "letter" and after.span[0] == end:
        if after.accents or len(after.text) > 1 or len(token.text) > 1:
            break
        letters, end, place = letters + after.text, after.span[1], place + 1
        names.append(after.text)
    found = next((letters[:size] for size in range(len(letters), 1, -1) if letters[:size] in macros.CALLED), "")
    if not found:
        return
    known = all(reader.names.is_known(own) for own in names[: len(found)])
    follows = cursor.peek(len(found) - 1)
    if known and not (follows is not None and follows.kind == "open" and follows.text == "("):
        return
    span = (token.span[0], token.span[0] + len(found))
    hint = f"write {_as_word(found, reader)}"
    reader.refuse(f"`{found}` is read letter by letter", span, hint)
