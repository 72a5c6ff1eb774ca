"""What may stand to the right of a name in `symbols`, and assumptions such as `A symmetric`.

    scalar | vector(n) | vector(x1, x2) | matrix(m, n) | index(n) | elementwise | function(vector(n) -> vector(m))
    3 | 0.8 | 1/2 | [1, 2] | [[2, 1], [1, 3]]

Each but the functions and indices may be followed by assumption words, and each by `as LATEX`: how the name is printed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from derivgen.expr.nodes import ASSUMPTIONS, ONE, SCALAR, Dim, Function, Index, Matrix, Shape, Symbol
from derivgen.expr.shapes import show_shape
from derivgen.problem.latex_text import name_latex_fault
from derivgen.problem.model import Map, Scope, Values
from derivgen.problem.names import canonical_name, did_you_mean, is_name, nearest, shorten
from derivgen.problem.subscripts import LARGEST_DIMENSION
from derivgen.problem.tokens import Span, complaint, exact_number

KINDS = ("scalar", "vector", "matrix", "index", "elementwise", "function")
SUPPORTED = (
    "scalar, vector(n), matrix(m, n), index(n), elementwise, function(... -> ...), a number, [1, 2], [[2, 1], [1, 3]]"
)
LONGEST_DECLARATION = 2000
MOST_ENTRIES = 400

SQUARE_WORDS = frozenset(
    "symmetric skew diagonal triangular orthogonal invertible positive_definite idempotent".split()
)

_KIND = re.compile(r"\s*([^\W\d]\w*)\s*(?:\(([^()]*(?:\([^()]*\)[^()]*)*)\))?")
_NUMBER = re.compile(r"\s*([+-]?)\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)(?:\s*/\s*([0-9.]+))?(?=\s|\Z)")
_LITERAL = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
_AS = re.compile(r"(?:\A|\s)as(?=\s)")


@dataclass(frozen=True, slots=True)
class Declaration:
    """What one name stands for: a symbol (with or without values), an index, a function or a map."""

    meaning: Symbol | Index | Function | Map
    values: Values | None = None
    entries: tuple[str, ...] = ()
    """The names of the scalars that a vector stacks."""

    @property
    def sizes(self) -> frozenset[str]:
        """The names of the dimensions that it mentions."""
        dims: tuple[Dim, ...]
        match self.meaning:
            case Symbol():
                dims = self.meaning.shape
            case Index():
                dims = (self.meaning.dim,)
            case Map():
                dims = tuple(dim for shape in (*self.meaning.arguments, self.meaning.result) for dim in shape)
            case Function():
                dims = ()
        return frozenset(name for dim in dims for name in dim.names)


def parse_declaration(name: str, text: str) -> Declaration:
    """What `text` declares `name` to be.

    Raises ExpressionError, which says where in `text`.
    >>> parse_declaration("A", "matrix(n, n) symmetric").meaning.assumptions
    frozenset({'symmetric'})
    """
    if len(text) > LONGEST_DECLARATION:
        raise complaint(f"this declaration is too long, at most {LONGEST_DECLARATION} characters", text, (0, 1))
    name = canonical_name(name)
    if not is_name(name):
        raise complaint(f"`{shorten(name)}` is no name: letters, digits and _, beginning with a letter", text, (0, 1))
    body, latex = _split_latex(text)
    if not body.strip():
        hint = f"supported are {SUPPORTED}"
        raise complaint(f"nothing says what {name} is", text, (0, max(1, len(body))), hint)
    stripped = body.lstrip()
    if stripped.startswith("["):
        return _array(name, text, body, latex)
    if stripped[0] in "+-.0123456789":
        return _number(name, text, body, latex)
    return _typed(name, text, body, latex)


def declare(scope: Scope, name: str, declaration: Declaration) -> Scope:
    """`scope` with one name more."""
    name, meaning = canonical_name(name), declaration.meaning
    scope = replace(scope, sizes=scope.sizes | declaration.sizes)
    if declaration.values is not None:
        scope = replace(scope, values={**scope.values, name: declaration.values})
    match meaning:
        case Symbol() if declaration.entries:
            return _stacked(scope, meaning, declaration.entries)
        case Symbol():
            return replace(scope, symbols={**scope.symbols, name: meaning})
        case Index():
            return replace(scope, indices={**scope.indices, name: meaning})
        case Function():
            return replace(scope, functions={**scope.functions, name: meaning})
        case Map():
            return replace(scope, maps={**scope.maps, name: meaning})


def _stacked(scope: Scope, vector: Symbol, names: tuple[str, ...]) -> Scope:
    """`scope` with the scalars `names`, and with `vector` defined as their column."""
    scalars = tuple(scope.symbols.get(name, Symbol(name, SCALAR, vector.assumptions)) for name in names)
    return replace(
        scope,
        symbols={**scope.symbols, **{scalar.name: scalar for scalar in scalars}, vector.name: vector},
        definitions={**scope.definitions, vector.name: Matrix(scalars, vector.shape)},
        entries={**scope.entries, vector.name: scalars},
    )


def parse_assumption(text: str) -> tuple[str, frozenset[str]]:
    """`A symmetric invertible` as the name and the words."""
    if len(text) > LONGEST_DECLARATION:
        raise complaint("this assumption is too long", text, (0, 1))
    found = list(re.finditer(r"\S+", text))
    if not found or not is_name(canonical_name(found[0].group())):
        raise complaint("an assumption begins with a name, as in `A symmetric`", text, (0, max(1, len(text))))
    if len(found) == 1:
        raise complaint("the assumption is missing", text, found[0].span(), "write `A symmetric`")
    start = found[1].start()
    return canonical_name(found[0].group()), _words(text, start, text[start:])


def assume(scope: Scope, text: str) -> Scope:
    """`scope` with the assumption that `text` writes, checked against the declared shape."""
    name, words = parse_assumption(text)
    first = re.search(r"\S+", text)
    span = first.span() if first else (0, 1)
    if name not in scope.symbols:
        raise complaint(f"{name} is not declared", text, span, did_you_mean(name, scope.symbols))
    _check_words(name, scope.symbols[name].shape, words, text, (span[1] + 1, len(text)))
    if name in scope.values:
        _check_values(scope.symbols[name], words, scope.values[name], text)
    return scope.with_assumptions(name, words)


def _split_latex(text: str) -> tuple[str, str]:
    match = _AS.search(text)
    if match is None:
        return text, ""
    latex = text[match.end() :].strip()
    fault = name_latex_fault(latex) if latex else None
    if not latex:
        raise complaint("the LaTeX after `as` is missing", text, (match.start(), match.end()))
    if fault is not None:
        start = text.index(latex, match.end()) + fault.offset
        raise complaint(fault.message, text, (start, start + fault.width), fault.hint)
    return text[: match.start()], latex


def _typed(name: str, text: str, body: str, latex: str) -> Declaration:
    match = _KIND.match(body)
    kind = match.group(1) if match else ""
    if match is None or kind not in KINDS:
        word = re.search(r"\S+", body)
        span = word.span() if word else (0, 1)
        if match is not None:
            span = match.span(1)
        near = nearest(kind, KINDS)
        hint = f"did you mean `{near}`?" if near else f"supported are {SUPPORTED}"
        if kind in ASSUMPTIONS:
            hint = f"the type comes first, as in `matrix(n, n) {kind}`"
        raise complaint(f"`{shorten(kind or body)}` is no type", text, span, hint)
    inside, span = match.group(2), match.span(2)
    if inside is None and body[match.end() :].startswith("("):
        raise complaint("this `(` is not closed", text, (match.end(), match.end() + 1))
    words = _words(text, match.end(), body[match.end() :])
    if kind in ("elementwise", "function", "index") and words:
        raise complaint(f"assumptions do not go with {kind}", text, (match.end(), len(body)))
    if kind == "function":
        return Declaration(_function(name, text, inside, span))
    if kind in ("scalar", "elementwise"):
        if inside is not None:
            raise complaint(f"{kind} has no dimensions", text, (span[0] - 1, span[1] + 1))
        if kind == "elementwise":
            return Declaration(Function(name, (), abstract=True))
    if kind == "vector" and inside is not None and "," in inside and "[" not in inside:
        entries = _entries(name, text, inside, span)
        shape = (Dim(len(entries)), ONE)
        _check_words(name, shape, words, text, (match.end(), len(body)))
        return Declaration(Symbol(name, shape, words, latex), None, entries)
    shape_or_dims = _dims(kind, text, inside, span) if kind != "scalar" else ()
    if kind == "index":
        return Declaration(Index(name, shape_or_dims[0], latex))
    shape = SCALAR if kind == "scalar" else (shape_or_dims[0], shape_or_dims[1] if kind == "matrix" else ONE)
    _check_words(name, shape, words, text, (match.end(), len(body)))
    return Declaration(Symbol(name, shape, words, latex))


def _entries(vector: str, text: str, inside: str, span: Span) -> tuple[str, ...]:
    """The names of `vector(x1, x2)`."""
    names: list[str] = []
    start = span[0]
    for piece in inside.split(","):
        name = canonical_name(piece.strip())
        at = start + len(piece) - len(piece.lstrip())
        here = (at, at + max(1, len(piece.strip())))
        if not is_name(name):
            hint = "write vector(n), or name the entries: vector(x1, x2)"
            raise complaint(f"`{shorten(piece.strip())}` is no name of an entry", text, here, hint)
        if name in names or name == vector:
            raise complaint(f"{name} stands twice", text, here)
        names.append(name)
        start += len(piece) + 1
    if len(names) > MOST_NAMED:
        raise complaint(f"at most {MOST_NAMED} named entries", text, span)
    return tuple(names)


MOST_NAMED = 12
"""Entries of a vector that are named one by one."""

_WANTED = {"vector": ("vector(n)", 1), "matrix": ("matrix(m, n)", 2), "index": ("index(n)", 1)}


def _dims(kind: str, text: str, inside: str | None, span: Span) -> tuple[Dim, ...]:
    example, count = _WANTED[kind]
    if inside is None:
        start = text.index(kind)
        raise complaint(
            f"the dimensions of the {kind} are missing", text, (start, start + len(kind)), f"write {example}"
        )
    pieces = inside.split(",")
    if "[" in inside or len(pieces) > count:
        hint = f"supported are {SUPPORTED}"
        raise complaint(
            f"{example} takes {count} dimension{'s' if count > 1 else ''}",
            text,
            span,
            hint,
        )
    if len(pieces) < count:
        raise complaint(f"a {kind} has {count} dimensions", text, span, f"write {example}")
    dims: list[Dim] = []
    start = span[0]
    for piece in pieces:
        dims.append(_dim(text, piece, start))
        start += len(piece) + 1
    return tuple(dims)


def _dim(text: str, piece: str, start: int) -> Dim:
    word = piece.strip()
    start += len(piece) - len(piece.lstrip())
    span = (start, start + max(1, len(word)))
    if word.isascii() and word.isdigit():
        if len(word) > 5 or not 1 <= int(word) <= LARGEST_DIMENSION:
            raise complaint(f"a dimension is a whole number from 1 to {LARGEST_DIMENSION}", text, span)
        return Dim(int(word))
    name = canonical_name(word)
    if not is_name(name):
        raise complaint(f"`{shorten(word)}` is no dimension: a name or a whole number", text, span)
    return Dim(1, (name,))


def _function(name: str, text: str, inside: str | None, span: Span) -> Function | Map:
    if inside is None or inside.count("->") != 1:
        example = "function(scalar -> scalar) or function(vector(n) -> vector(m))"
        raise complaint("the types of the function are missing", text, (0, len(text)), f"write {example}")
    left, right = inside.split("->")
    taken = tuple(_types(text, left, span[0]))
    given = tuple(_types(text, right, span[0] + len(left) + 2))
    if len(given) != 1:
        raise complaint("a function gives one thing", text, span)
    if given[0] == SCALAR and all(shape == SCALAR for shape in taken):
        return Function(name, (0,) * len(taken), abstract=True)
    return Map(taken, given[0])


def _types(text: str, inside: str, start: int) -> list[Shape]:
    found: list[Shape] = []
    place = 0
    while True:
        match = _KIND.match(inside, place)
        if match is None or match.group(1) not in ("scalar", "vector", "matrix"):
            at = start + place
            raise complaint("a function takes scalar, vector(n) or matrix(m, n)", text, (at, at + 1))
        kind, own = match.group(1), match.group(2)
        if kind == "scalar":
            found.append(SCALAR)
        else:
            shift = (start + match.start(2), start + match.end(2)) if own is not None else (start, start + 1)
            dims = _dims(kind, text, own, shift)
            found.append((dims[0], dims[1] if kind == "matrix" else ONE))
        rest = inside[match.end() :].lstrip()
        if not rest:
            return found
        if not rest.startswith(","):
            at = start + match.end()
            raise complaint("types are separated by commas", text, (at, at + 1))
        place = inside.index(",", match.end()) + 1


def _words(text: str, start: int, rest: str) -> frozenset[str]:
    words: set[str] = set()
    for match in re.finditer(r"[^\s,]+", rest):
        word, span = match.group(), (start + match.start(), start + match.end())
        if word.replace("-", "_") not in ASSUMPTIONS:
            near = nearest(word, ASSUMPTIONS)
            hint = f"did you mean `{near}`?" if near else f"the words are {', '.join(sorted(ASSUMPTIONS))}"
            raise complaint(f"`{shorten(word)}` is no assumption", text, span, hint)
        words.add(word.replace("-", "_"))
    return frozenset(words)


def _check_words(name: str, shape: Shape, words: frozenset[str], text: str, span: Span) -> None:
    for word in sorted(words):
        if word in SQUARE_WORDS and (shape[0] != shape[1] or shape == SCALAR):
            raise complaint(f"{word} is said of square matrices; {name} is {show_shape(shape)}", text, span)
        if word == "unit" and (shape[1] != ONE or shape == SCALAR):
            raise complaint(f"unit is said of vectors; {name} is {show_shape(shape)}", text, span)
        if word == "onehot" and shape[0] == ONE:
            said = "of vectors, and of the rows of a matrix"
            raise complaint(f"onehot is said {said}; {name} is {show_shape(shape)}", text, span)


def _number(name: str, text: str, body: str, latex: str) -> Declaration:
    match = _NUMBER.match(body)
    if match is None:
        raise complaint(f"`{shorten(body)}` is no number", text, (0, len(body)), "write 3, 0.8 or 1/2")
    value = _exact(text, match.group(), match.start())
    words = _words(text, match.end(), body[match.end() :])
    symbol = Symbol(name, SCALAR, words, latex)
    _check_words(name, SCALAR, words, text, (match.end(), len(body)))
    _check_values(symbol, words, ((value,),), text)
    return Declaration(symbol, ((value,),))


def _exact(text: str, piece: str, start: int) -> Fraction:
    word = piece.strip()
    span = (start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip()))
    span = (span[0], max(span[1], span[0] + 1))
    sign = -1 if word.startswith("-") else 1
    above, slash, below = word.lstrip("+-").partition("/")
    above, below = above.strip(), below.strip()
    if not _LITERAL.match(above) or (slash and not _LITERAL.match(below)) or word[1:2] in ("+", "-"):
        raise complaint(f"`{shorten(word)}` is no number", text, span, "write 3, 0.8 or 1/2")
    divisor = exact_number(text, below, span) if slash else Fraction(1)
    if divisor == 0:
        raise complaint("division by zero", text, span)
    return sign * exact_number(text, above, span) / divisor


def _array(name: str, text: str, body: str, latex: str) -> Declaration:
    start, end = body.index("["), body.rindex("]") + 1 if "]" in body else len(body)
    inner = body[start + 1 : end - 1]
    if not body[start:end].endswith("]"):
        raise complaint("this `[` is not closed", text, (start, start + 1))
    if "[" in inner:
        rows = [
            _row(text, match.group(1), start + 1 + match.start(1)) for match in re.finditer(r"\[([^\[\]]*)\]", inner)
        ]
        if re.sub(r"\[[^\[\]]*\]", "", inner).replace(",", "").strip():
            raise complaint("the rows of a matrix are written [[2, 1], [1, 3]]", text, (start, end))
    else:
        rows = [(value,) for value in _row(text, inner, start + 1)]
    if not rows or len({len(row) for row in rows}) != 1:
        raise complaint("the rows of a matrix have one length", text, (start, end))
    if len(rows) * len(rows[0]) > MOST_ENTRIES:
        raise complaint(f"at most {MOST_ENTRIES} entries with values", text, (start, end))
    words = _words(text, end, body[end:])
    values: Values = tuple(rows)
    symbol = Symbol(name, (Dim(len(rows)), Dim(len(rows[0]))), words, latex)
    _check_words(name, symbol.shape, words, text, (end, len(body)))
    _check_values(symbol, words, values, text)
    return Declaration(symbol, values)


def _row(text: str, inside: str, start: int) -> tuple[Fraction, ...]:
    values: list[Fraction] = []
    for piece in inside.split(","):
        values.append(_exact(text, piece, start))
        start += len(piece) + 1
    return tuple(values)


def _check_values(symbol: Symbol, words: frozenset[str], values: Values, text: str) -> None:
    """Raises ExpressionError for a word that the given numbers do not bear out."""
    entries = [value for row in values for value in row]
    turned = tuple(zip(*values, strict=True))
    off_diagonal = [value for i, row in enumerate(values) for j, value in enumerate(row) if i != j]
    holds = {
        "symmetric": values == turned,
        "skew": values == tuple(tuple(-value for value in row) for row in turned),
        "diagonal": not any(off_diagonal),
        "positive": all(value > 0 for value in entries),
        "nonzero": all(entries),
        "integer": all(value.denominator == 1 for value in entries),
        "onehot": all(
            sorted(row) == [*[Fraction(0)] * (len(row) - 1), Fraction(1)]
            for row in (turned if symbol.shape[1] == ONE else values)
        ),
        "unit": sum(value * value for value in entries) == 1,
    }
    for word in sorted(words):
        if not holds.get(word, True):
            raise complaint(f"{symbol.name} is said to be {word}, but its values are not", text, (0, len(text)))
