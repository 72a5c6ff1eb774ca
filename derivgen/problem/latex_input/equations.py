r"""What stands left of an equals sign and only names the right side: `\nabla f = 2x`, `y_i = \sum_k A_{ik} x_k`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from derivgen.problem.latex_input.cut import Token, Tokens

if TYPE_CHECKING:
    from derivgen.problem.latex_input.reader import Reader

_STATEMENTS = ("<", ">", "!=", r"\in", r"\sim", r"\to")
_DERIVATIVES = (r"\nabla", r"\partial")


def right_side(reader: Reader, tokens: Tokens) -> Tokens:
    """The expression in `tokens`, without a left side that is only a name for it.

    Other equations stay, and are refused where the equals sign is read.
    """
    depth = 0
    for token in tokens:
        depth += {"open": 1, "close": -1}.get(token.kind, 0)
        if depth == 0 and token.kind == "operator" and token.text in _STATEMENTS:
            reader.refuse(
                f"`{reader.quote(token.span)}`: a statement is no expression", token.span, "give an expression"
            )
    places = [place for place, token in enumerate(tokens) if token.kind == "operator" and token.text == "="]
    if len(places) != 1:
        return tokens
    left, right = tokens[: places[0]], tokens[places[0] + 1 :]
    return right if right and (not left or _is_name(reader, left)) else tokens


def _is_name(reader: Reader, left: Tokens) -> bool:
    """Whether nothing stands there but the name of a result: a letter nobody declared, or a derivative."""
    first = left[0]
    if first.kind == "operator" and first.text in _DERIVATIVES:
        return True
    if first.kind == "structure" and first.text == "frac":
        return all(part and _is_d(reader, part[0]) for part in first.groups) and len(left) == 1
    is_derivative = len(left) > 1 and left[1].kind == "prime" and first.text in reader.scope.functions
    if first.kind != "letter" or (reader.names.is_known(first.text, first.accents) and not is_derivative):
        return False
    place, depth = 1, 0
    while place < len(left):
        token = left[place]
        if token.kind == "script":
            place += 2
            continue
        depth += {"open": 1, "close": -1}.get(token.kind, 0)
        if token.kind not in ("prime", "open", "close") and depth == 0:
            return False
        place += 1
    return True


def _is_d(reader: Reader, token: Token) -> bool:
    if token.kind == "operator":
        return token.text == r"\partial"
    return token.kind == "letter" and token.text == "d" and not reader.names.is_known("d")
