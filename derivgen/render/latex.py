r"""Expressions in LaTeX, as a textbook sets them.

Vectors and matrices are bold, their entries italic. Parentheses grow with their nesting (`\bigl`, `\Bigl`), never by
`\left` and `\right`, so that a long line can be broken anywhere (breaking.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import assert_never

from derivgen.expr.names import CAPITAL_GREEK, FUNCTION_LETTERS, GREEK, LATIN_CAPITALS, split_name
from derivgen.expr.nodes import (
    DIFFERENTIAL,
    MINUS_ONE,
    ONE,
    ONE_NUMBER,
    SCALAR,
    Apply,
    At,
    Axis,
    Column,
    Commutation,
    Delta,
    Derivative,
    Det,
    Diag,
    Differential,
    Dim,
    Entry,
    Expr,
    Eye,
    Function,
    Group,
    Image,
    Index,
    Inverse,
    Kron,
    LogDet,
    LogSumExp,
    MatMul,
    Matrix,
    MatrixPower,
    Norm,
    Number,
    Ones,
    Partial,
    Pi,
    Plus,
    Power,
    Product,
    Row,
    Shape,
    Size,
    Slope,
    Softmax,
    Subscript,
    Sum,
    Symbol,
    Total,
    Trace,
    Transpose,
    Upper,
    Vec,
    Zeros,
)
from derivgen.expr.shapes import is_scalar
from derivgen.expr.shapes import shape as shape_of
from derivgen.expr.text import bare_name, decimal_text, fraction_parts, is_quotient, split_sign
from derivgen.expr.walk import free_indices, subexpressions
from derivgen.render.breaking import break_lines, width
from derivgen.render.sizes import sizes_to_write

# how tightly each form binds; PREFIX is a sum sign or a pending derivative, which takes in all that follows it
SUM, NEGATIVE, PREFIX, ENTRYWISE, PRODUCT, POWER, ATOM = range(7)

SIZES = ("", r"\big", r"\Big", r"\bigg", r"\Bigg")
TALL = 2
"""The size of the parentheses around a fraction or a sum sign."""

SHORT_EXPONENT = 4.0
"""How wide the argument of exp may be, in em, to stand as an exponent."""

OPERATORS = {
    **{name: rf"\{name}" for name in "sin cos tan sinh cosh tanh log ln exp".split()},
    **{f"a{name}": rf"\arc{name}" for name in ("sin", "cos", "tan")},
    "sigmoid": r"\sigma",
    **{name: rf"\operatorname{{{name}}}" for name in "softplus relu sign step erf sqrt abs".split()},
}
"""How the functions of nodes.FUNCTIONS are written, and ln (notation.py)."""

_ALONG: dict[Axis | None, str] = {None: "", 0: r"_{\mathrm{col}}", 1: r"_{\mathrm{row}}"}
"""What says below the name of a function whether it takes a matrix by its columns or by its rows."""

POWER_INSIDE = frozenset("sin cos tan sinh cosh tanh log ln".split())
"""The functions whose powers are written as sin^2(x)."""


@dataclass(frozen=True, slots=True)
class LatexStyle:
    r"""How expressions are set.

    `mark_free` puts the indices that no sum binds into `\free{}`, which a template may colour; `ranges` writes the
    range on every sum sign; `inline` keeps to the height of a line of text: a/b in place of a fraction; `by_row` says
    that the outermost derivative is by the transpose of its variable.
    """

    mark_free: bool = False
    ranges: bool = False
    inline: bool = False
    by_row: bool = False


DISPLAY = LatexStyle()


def latex(expr: Expr, style: LatexStyle = DISPLAY) -> str:
    r"""`expr` in LaTeX.

    >>> n = Dim(1, ("n",))
    >>> A, x = Symbol("A", (n, n)), Symbol("x", (n, ONE))
    >>> print(latex(MatMul((Plus((A, Transpose(A))), x))))
    (\mathbf{A} + \mathbf{A}^{\mathsf T})\,\mathbf{x}
    """
    free = frozenset(free_indices(expr)) if style.mark_free else frozenset()
    printer = _Printer(style, free, sizes_to_write(expr), _letters_taken(expr))
    if style.by_row and isinstance(expr, Partial):
        return printer.derivative(expr.body, expr.wrt, by_row=True).tex
    return printer.piece(expr).tex


def latex_lines(expr: Expr, room: float, style: LatexStyle = DISPLAY) -> list[str]:
    """`expr` in lines that are about `room` em wide at most."""
    return break_lines(latex(expr, style), room)


def dim_latex(dim: Dim) -> str:
    names = [_name(name) for name in dim.names]
    return " ".join([*([] if names and dim.number == 1 else [str(dim.number)]), *names])


def shape_latex(shape: Shape) -> str:
    return rf"{dim_latex(shape[0])} \times {dim_latex(shape[1])}"


def subscript_latex(indices: tuple[Index, ...], style: LatexStyle = DISPLAY) -> str:
    """Indices side by side, as they stand below an entry."""
    printer = _Printer(style, frozenset(indices) if style.mark_free else frozenset())
    return _join(printer.subscript(index) for index in indices)


@dataclass(frozen=True, slots=True)
class Piece:
    """Printed mathematics: how tightly it binds, and the size of the parentheses that it would need."""

    tex: str
    binding: int = ATOM
    height: int = 0


def _name(name: str, bold: bool = False, subscripts: Iterable[str] = ()) -> str:
    """A name with its accents, its own subscripts and `subscripts` after them."""
    parts = split_name(bare_name(name))
    tex = _letter(parts.base, bold)
    after = ""
    for accent in parts.accents:
        if accent in ("star", "prime"):
            after += "*" if accent == "star" else r"\prime"
        else:
            tex = rf"\{accent}{{{tex}}}"
    below = [*(_subscript_word(word) for word in parts.subscripts), *filter(None, [_join(subscripts)])]
    return tex + (f"_{{{','.join(below)}}}" if below else "") + (f"^{{{after}}}" if after else "")


def _letter(base: str, bold: bool) -> str:
    if base == "ell":
        return r"\boldsymbol{\ell}" if bold else r"\ell"
    if base in GREEK and base != "omicron":
        return rf"\boldsymbol{{\{base}}}" if bold else rf"\{base}"
    if base in CAPITAL_GREEK and base not in LATIN_CAPITALS:
        return rf"\boldsymbol{{\{base}}}" if bold else rf"\{base}"
    if base in CAPITAL_GREEK or base == "omicron":
        base = base[0]
    if not base.isascii():
        return rf"\text{{\bfseries {base}}}" if bold else rf"\text{{{base}}}"
    if bold:
        return rf"\mathbf{{{base}}}"
    return base if len(base) == 1 else rf"\mathrm{{{base}}}"


def _subscript_word(word: str) -> str:
    if found := re.fullmatch(r"\(([A-Za-z][+-]\d+)\)", word):  # the size n_(l-1) of the layer before
        return found[1]
    if word.isdigit() or len(word) == 1 or word in GREEK or word in CAPITAL_GREEK:
        return _letter(word, False) if not word.isdigit() else word
    return rf"\text{{{word}}}"


def _join(subscripts: Iterable[str]) -> str:
    """`ij`; with commas where the subscripts would run into each other."""
    shown = list(subscripts)
    plain = [re.sub(r"\\free\{(.*)\}", r"\1", item) for item in shown]
    if not all(len(item) == 1 or re.fullmatch(r"\\[a-z]+", item) for item in plain):
        return ",".join(shown)
    return "".join(f"{item} " if item[0] == "\\" and item[-1] != "}" else item for item in shown).strip()


def _needs_gap(left: Expr, right: Expr) -> bool:
    """Whether a thin space makes a product of scalars easier to read; `2ab` and `x^2 y` need none."""
    return not (_is_letter(left) and _is_letter(right)) or _is_differential(right)


def _is_letter(expr: Expr) -> bool:
    """A whole number, a scalar's name, or a power of it with a number as exponent."""
    match expr:
        case Power(Symbol(_, shape), Number(value)):
            return shape == SCALAR and value.denominator == 1 and value > 0
        case Symbol(_, shape):
            return shape == SCALAR
        case Number(value):
            return value.denominator == 1
    return False


def _is_numeric(expr: Expr) -> bool:
    """Whether nothing but numbers stands in `expr`, in a sum or in parentheses: (12 + 4)/5 is one fraction."""
    return isinstance(expr, Plus | Group) and not any(
        isinstance(node, Symbol | Entry | Size | Sum) for node in subexpressions(expr)
    )


def _is_differential(expr: Expr) -> bool:
    """Whether `expr` is a dX, as a symbol."""
    return isinstance(expr, Symbol) and DIFFERENTIAL in expr.assumptions


@dataclass(frozen=True, slots=True)
class _Printer:
    style: LatexStyle
    free: frozenset[Index]
    sized: frozenset[Expr] = frozenset()
    """The constants that are written with their size."""
    taken: frozenset[str] = frozenset()
    """The letters e and sigma, where they are names in the expression and so no functions of everybody's."""

    def piece(self, expr: Expr) -> Piece:
        match expr:
            case Number(value, decimal, places):
                return self._number(value, decimal, places)
            case Pi():
                return Piece(r"\pi")
            case Size(dim):
                return Piece(dim_latex(dim), ATOM if len(dim.names) + (dim.number != 1) <= 1 else PRODUCT)
            case Slope(quantity=quantity, argument=argument):
                return self.derivative(quantity, argument, sign=r"\mathrm{d}")
            case Symbol():
                return Piece(self._symbol(expr), POWER if _is_differential(expr) else ATOM)
            case Entry(base, subscripts):
                return self._entry(base, tuple(map(self.subscript, subscripts)))
            case Row(base, subscript):
                return self._part(base, f"{self.subscript(subscript)},:")
            case Column(base, subscript):
                return self._part(base, f":,{self.subscript(subscript)}")
            case Delta(left, right):
                return Piece(rf"\delta_{{{_join((self.subscript(left), self.subscript(right)))}}}")
            case Plus(terms):
                return self._plus(terms)
            case Product(factors):
                return self._product(factors)
            case Power(base, exponent):
                return self._power(base, exponent)
            case Apply(Function("step", (0,), False), (argument,)):
                return self._positive(argument)
            case Apply(Function("ln"), (Apply(Function("abs"), (Det(body),)),)):
                return self._log_det(r"\ln", body)
            case Apply(function, arguments):
                return self._apply(function, arguments)
            case Image():
                return self._image(expr)
            case Derivative(body, place):
                return self._derivative_array(body, place)
            case MatMul(factors):
                return self._matmul(factors)
            case MatrixPower(base, exponent):
                return self._raised(base, self._small(exponent))
            case Transpose(Inverse(body)) | Inverse(Transpose(body)):
                return self._raised(body, r"-\mathsf T")
            case Transpose(body):
                return self._raised(body, r"\mathsf T")
            case Inverse(body):
                return self._raised(body, "-1")
            case Trace(body):
                return self._call(r"\operatorname{tr}", body)
            case Det(Matrix() as body):
                inner = self.piece(body)
                return Piece(rf"\det {inner.tex}", POWER, inner.height)
            case Det(body):
                return self._call(r"\det", body)
            case LogDet(body):
                return self._log_det(r"\log", body)
            case Total(body):
                return self._call(r"\operatorname{sum}", body)
            case Norm(body, order):
                inner = self.piece(body)
                vector = ONE in shape_of(body)
                kind = str(order) if vector or order != 2 else "F"
                return self._fenced(inner.tex, inner.height, r"\lVert", r"\rVert", after=f"_{{{kind}}}")
            case LogSumExp(body, axis):
                return self._call(r"\operatorname{logsumexp}" + _ALONG[axis], body)
            case Softmax(body, axis):
                return self._call(r"\operatorname{softmax}" + _ALONG[axis], body)
            case Diag(body):
                return self._call(r"\operatorname{diag}", body)
            case Vec(body):
                return self._call(r"\operatorname{vec}", body)
            case Kron(left, right):
                sides = (self._within(left, PRODUCT), self._within(right, PRODUCT))
                return self._joined(sides, r" \otimes ", ENTRYWISE)
            case Ones(shape):
                return self._filled("1", shape, expr in self.sized)
            case Zeros(shape):
                return self._filled("0", shape, expr in self.sized)
            case Eye(dim):
                return Piece(r"\mathbf{I}" + (f"_{{{dim_latex(dim)}}}" if expr in self.sized else ""))
            case Upper(dim):
                below = r"\triangle" + (f",{dim_latex(dim)}" if expr in self.sized else "")
                return Piece(rf"\mathbf{{1}}_{{{below}}}")
            case Commutation((rows, columns)):
                return Piece(rf"\mathbf{{K}}_{{{dim_latex(rows)},{dim_latex(columns)}}}")
            case Sum(index, body):
                return self._sum(index, body)
            case Partial(body, wrt, ordinary):
                return self.derivative(body, wrt, sign=r"\mathrm{d}" if ordinary else r"\partial ")
            case Matrix(entries, shape):
                return self._matrix(entries, shape[1].number)
            case At(body, _, values):
                return self._at(body, values)
            case Group(body):
                return self.piece(body)
            case Differential(Symbol() as body):
                return Piece(rf"\mathrm{{d}}{self._symbol(body)}")
            case Differential(body):
                return self._call(r"\mathrm{d}", body)
            case _:
                assert_never(expr)

    # leaves

    def _number(self, value: Fraction, decimal: bool = False, places: int | None = None) -> Piece:
        shown = decimal_text(value, places) if decimal else None
        if shown is not None:
            return Piece(shown, NEGATIVE if value < 0 else ATOM)
        if value.denominator == 1:
            return Piece(str(value.numerator), NEGATIVE if value < 0 else ATOM)
        top, sign = abs(value.numerator), "-" if value < 0 else ""
        if self.style.inline:
            return Piece(f"{sign}{top}/{value.denominator}", NEGATIVE if value < 0 else PRODUCT)
        return Piece(rf"{sign}\frac{{{top}}}{{{value.denominator}}}", NEGATIVE if value < 0 else POWER, TALL)

    def _symbol(self, symbol: Symbol) -> str:
        bold = symbol.shape != SCALAR
        if _is_differential(symbol):
            return rf"\mathrm{{d}}{symbol.latex or _name(symbol.name[1:], bold)}"
        return symbol.latex or _name(symbol.name, bold)

    def subscript(self, subscript: Subscript) -> str:
        if not isinstance(subscript, Index):
            return str(subscript)
        shown = subscript.latex or _name(subscript.name)
        return rf"\free{{{shown}}}" if subscript in self.free else shown

    def _filled(self, digit: str, shape: Shape, sized: bool) -> Piece:
        if shape == SCALAR:
            return Piece(digit)
        if ONE in shape:
            own = dim_latex(shape[0] if shape[1] == ONE else shape[1])
            column = rf"\mathbf{{{digit}}}" + (f"_{{{own}}}" if sized else "")
            return Piece(column) if shape[1] == ONE else Piece(rf"{column}^{{\mathsf T}}", POWER)
        return Piece(rf"\mathbf{{{digit}}}_{{{shape_latex(shape)}}}")

    def _entry(self, base: Expr, subscripts: tuple[str, ...]) -> Piece:
        below = _join(subscripts)
        if isinstance(base, Image):
            return self._image(base, subscripts)
        if not isinstance(base, Symbol) or isinstance(base, Slope):
            return self._part(base, below)
        if base.latex:
            plain = re.sub(r"\\(?:mathbf|boldsymbol|bm|vec)\{((?:[^{}]|\{[^{}]*\})*)\}", r"\1", base.latex)
            return Piece(_with_subscript(plain, below))
        return Piece(_name(base.name, subscripts=subscripts))

    def _part(self, base: Expr, below: str) -> Piece:
        """Part of a compound: the subscript stands outside its parentheses."""
        inner = self._within(base, ATOM)
        if "_" in _scripts(inner.tex):
            inner = self._parenthesized(inner)
        return Piece(f"{inner.tex}_{{{below}}}", ATOM, inner.height)

    # parentheses

    def _parenthesized(self, inner: Piece, at_least: int = 0) -> Piece:
        return self._fenced(inner.tex, max(inner.height, at_least), "(", ")")

    def _fenced(self, tex: str, height: int, left: str, right: str, before: str = "", after: str = "") -> Piece:
        size = min(height, len(SIZES) - 1)
        if self.style.inline:
            size = min(size, 1)
        opening, closing = (f"{SIZES[size]}l{left}", f"{SIZES[size]}r{right}") if size else (left, right)
        gap = " " if opening[-1].isalpha() and tex[:1].isalpha() else ""
        return Piece(f"{before}{opening}{gap}{tex}{closing}{after}", ATOM, size + 1)

    def _within(self, expr: Expr, place: int, at_least: int = 0) -> Piece:
        """`expr` where at least the binding `place` is asked for."""
        inner = self.piece(expr)
        return inner if inner.binding >= place else self._parenthesized(inner, at_least)

    def _call(self, operator: str, *arguments: Expr) -> Piece:
        inner = self._joined([self.piece(argument) for argument in arguments], ", ", ATOM)
        return self._fenced(inner.tex, inner.height, "(", ")", before=operator)

    def _joined(self, pieces: Iterable[Piece], between: str, binding: int) -> Piece:
        found = list(pieces)
        return Piece(between.join(piece.tex for piece in found), binding, max((p.height for p in found), default=0))

    def _small(self, expr: Expr) -> str:
        """`expr` as an exponent."""
        return replace(self, style=replace(self.style, inline=True)).piece(expr).tex

    # sums, products, powers

    def _plus(self, terms: tuple[Expr, ...]) -> Piece:
        if not terms:
            return Piece("0")
        first = self._ended(self._within(terms[0], NEGATIVE), terms[0], terms[1:])
        shown, height = first.tex, first.height
        for place, term in enumerate(terms[1:], 2):
            sign, rest = split_sign(term)
            piece = self._ended(self._within(rest, PREFIX), term, terms[place:])
            shown += f" {'-' if sign < 0 else '+'} {piece.tex}"
            height = max(height, piece.height)
        return Piece(shown, SUM if len(terms) > 1 else first.binding, height)

    def _ended(self, piece: Piece, term: Expr, after: tuple[Expr, ...]) -> Piece:
        """`term` in parentheses where a sum in it would seem to reach what follows: (sum_i x_i) + y_i."""
        if piece.binding > PREFIX:
            return piece
        bound = {node.index.name for node in subexpressions(term) if isinstance(node, Sum)}
        free = {index.name for later in after for index in free_indices(later)}
        return self._parenthesized(piece) if bound & free else piece

    def _product(self, factors: tuple[Expr, ...]) -> Piece:
        if not factors:
            return Piece("1")
        sign, rest = split_sign(Product(factors))
        if sign < 0:
            factors = rest.factors if isinstance(rest, Product) else (rest,)
        inner = self._unsigned(factors)
        if sign > 0:
            return inner
        if inner.binding < PREFIX:
            inner = self._parenthesized(inner)
        return Piece(f"-{inner.tex}", NEGATIVE, inner.height)

    def _unsigned(self, factors: tuple[Expr, ...]) -> Piece:
        """A product: its scalars, as a fraction where something is divided by, then its arrays with a Hadamard sign."""
        above, below = fraction_parts(factors, decimals=True)
        scalars, arrays = _split(above)
        divisors, array_divisors = _split(below)
        if not arrays and array_divisors:
            arrays, array_divisors = tuple(Power(divisor, MINUS_ONE) for divisor in array_divisors), ()
        if len(arrays) == 1 and not array_divisors and not scalars and not divisors:
            return self.piece(arrays[0])
        pieces: list[Piece] = []
        if divisors:
            coefficient = (
                not self.style.inline
                and all(isinstance(divisor, Number | Size) for divisor in divisors)
                and not all(map(_is_numeric, scalars))
                and not is_quotient(factors)
            )
            top = tuple(s for s in scalars if _is_constant(s)) if coefficient else scalars
            scalars = tuple(s for s in scalars if s not in top) if coefficient else ()
            pieces.append(self._fraction(top, divisors))
        if scalars:
            pieces.append(self._scalars(scalars, last=not arrays, alone=not pieces))
        if arrays:
            pieces.append(self._arrays(arrays, array_divisors))
        if len(pieces) == 1:
            return pieces[0]
        pieces = [piece if piece.binding >= PREFIX else self._parenthesized(piece) for piece in pieces]
        if divisors and self.style.inline:  # 1/2 x may be 1/(2x)
            pieces[0] = self._parenthesized(pieces[0])
        meets = pieces[1].tex.startswith(r"\frac") or pieces[1].tex[:1].isdigit()
        called = _opens(pieces[1].tex) and bool(scalars) and _looks_called(scalars[-1])
        number = any(piece.tex[:1].isdigit() for piece in pieces[1:])  # s 2^x
        between = r" \cdot " if (divisors and meets) or called or number else r"\,"
        joined = self._joined(pieces, between, min(PRODUCT, *(piece.binding for piece in pieces)))
        return replace(joined, tex=joined.tex.replace(r"\,\sum", r" \sum"))

    def _fraction(self, top: tuple[Expr, ...], bottom: tuple[Expr, ...]) -> Piece:
        above = self._scalars(top, last=True) if top else Piece("1")
        below = self._scalars(bottom, last=True)
        if self.style.inline:
            above = above if above.binding >= PRODUCT else self._parenthesized(above)
            below = below if below.binding >= POWER else self._parenthesized(below)
            return Piece(f"{above.tex}/{below.tex}", PRODUCT, max(above.height, below.height))
        return Piece(rf"\frac{{{above.tex}}}{{{below.tex}}}", POWER, max(TALL, above.height, below.height))

    def _scalars(self, factors: tuple[Expr, ...], last: bool, alone: bool = True) -> Piece:
        """Scalar factors side by side; a dot where a number follows something, so that the two do not run together."""
        if len(factors) == 1 and last and (alone or not isinstance(factors[0], Group)):
            return self.piece(factors[0])
        shown, height, binding = "", 0, PRODUCT
        for place, factor in enumerate(factors):
            end = last and place == len(factors) - 1
            chain = isinstance(factor, MatMul)
            asked = (PREFIX if not isinstance(factor, Kron) else POWER) if end else (POWER if chain else PRODUCT)
            piece = self._within(factor, asked, at_least=1 if isinstance(factor, Plus) and place else 0)
            whole = isinstance(factor, Group) and _is_fraction(piece.tex)
            if isinstance(factor, Group) and not whole:
                piece = self._parenthesized(self.piece(factor))
            if place and piece.binding < PRODUCT:
                binding = PREFIX
            gap = ""
            if place:
                gap = r"\," if _needs_gap(factors[place - 1], factor) else " "
                called = _looks_called(factors[place - 1]) and _opens(piece.tex)
                if whole or called or (isinstance(factors[place - 1], Group) and shown.endswith("}")):
                    gap = r" \cdot "
                elif isinstance(factor, Group) or piece.tex.startswith("("):
                    gap = ""
                elif factors[place - 1] == ONE_NUMBER:
                    gap = r" \cdot "  # 1 log x
                elif piece.tex[:1].isdigit():
                    gap = r" \cdot "
                elif piece.tex.startswith(r"\sum"):
                    gap = " "
            shown, height = f"{shown}{gap}{piece.tex}", max(height, piece.height)
        return Piece(shown, binding if len(factors) > 1 else PRODUCT, height)

    def _arrays(self, arrays: tuple[Expr, ...], divisors: tuple[Expr, ...]) -> Piece:
        if len(arrays) == 1 and not divisors:
            inner = self.piece(arrays[0])
            return inner if inner.binding > PREFIX else self._parenthesized(inner)
        joined = self._joined((self._within(array, POWER) for array in arrays), r" \odot ", ENTRYWISE)
        for divisor in divisors:
            below = self._within(divisor, POWER)
            joined = Piece(rf"{joined.tex} \oslash {below.tex}", ENTRYWISE, max(joined.height, below.height))
        return joined

    def _matmul(self, factors: tuple[Expr, ...]) -> Piece:
        shown, height = "", 0
        for place, factor in enumerate(factors, 1):
            # (dX) A, or it would be read as d(X A)
            piece = self._within(factor, ATOM if _is_differential(factor) and place < len(factors) else POWER)
            moved = _is_differential(factor) or isinstance(factor, Differential)
            apart = _opens(piece.tex) or shown.endswith(")") or moved
            gap = r"\," if shown and apart else ""
            if shown and piece.tex[:1].isdigit():
                gap = r" \cdot "
            shown, height = f"{shown}{gap}{piece.tex}", max(height, piece.height)
        return Piece(shown, PRODUCT if len(factors) > 1 else POWER, height)

    def _power(self, base: Expr, exponent: Expr) -> Piece:
        scalar = is_scalar(base) and is_scalar(exponent)
        match exponent:
            case Number(value) if value < 0 and scalar:
                return self._unsigned((Power(base, exponent),))
            case Number(value) if value == Fraction(1, 2) and scalar:
                inner = self.piece(base)
                return Piece(rf"\sqrt{{{inner.tex}}}", POWER, inner.height)
        shown = self._small(exponent)
        match base:
            case Apply(Function(name, orders), (argument,)) if name in POWER_INSIDE and not any(orders) and scalar:
                return replace(self._call(rf"{OPERATORS[name]}^{{{shown}}}", argument), binding=POWER)
        if not scalar:
            shown = rf"\odot {shown}" if width(shown) < 1 else rf"\odot({shown})"
        return self._raised(base, shown)

    def _raised(self, base: Expr, exponent: str) -> Piece:
        is_e = isinstance(base, Symbol) and base.name == "e" and not exponent.isdigit()  # else it is an exponential
        grouped = isinstance(base, Group) or (is_e and is_scalar(base))
        inner = self._parenthesized(self.piece(base)) if grouped else self._within(base, ATOM)
        if "^" in _scripts(inner.tex) or _is_fraction(inner.tex):  # x^* to a power, the transpose of dL/dz
            inner = self._parenthesized(inner)
        return Piece(f"{inner.tex}^{{{exponent}}}", POWER, inner.height)

    # functions, sum signs, derivatives

    def _positive(self, argument: Expr) -> Piece:
        r"""The indicator 1[u > 0]: 1 where u is positive, 0 elsewhere. A bold 1, since \mathbb has no digits."""
        inner = self.piece(argument)
        return self._fenced(f"{inner.tex} > 0", inner.height, "[", "]", before=r"\mathbf{1}")

    def _log_det(self, log: str, body: Expr) -> Piece:
        inner = self.piece(body)
        shown = r"\det " + inner.tex if inner.binding == ATOM else self._call(r"\det", body).tex
        fenced = self._fenced(shown, inner.height + (inner.binding != ATOM), r"\lvert", r"\rvert", before=log)
        return replace(fenced, binding=POWER)  # or a square would be one of what stands between the bars

    def _apply(self, function: Function, arguments: tuple[Expr, ...]) -> Piece:
        operator = OPERATORS.get(function.name) if not function.abstract else None
        if len(arguments) == 1 and not any(function.orders) and not function.abstract:
            (argument,) = arguments
            inner = self.piece(argument)
            if function.name == "abs" and is_scalar(argument):
                return self._fenced(inner.tex, inner.height, r"\lvert", r"\rvert")
            if function.name == "sqrt" and is_scalar(argument):
                return Piece(rf"\sqrt{{{inner.tex}}}", POWER, inner.height)
            if function.name == "exp" and is_scalar(argument) and "e" not in self.taken:
                small = self._small(argument)
                if width(small) <= SHORT_EXPONENT and r"\sum" not in small and r"\bigl" not in small:
                    return Piece(f"e^{{{small}}}", POWER)
        if function.name == "sigmoid" and "sigma" in self.taken:
            operator = r"\operatorname{sigmoid}"
        name = operator or _name(function.name)
        return self._call(_derived(name, function.orders), *arguments)

    def _image(self, image: Image, subscripts: tuple[str, ...] = ()) -> Piece:
        name = _name(image.name, bold=image.shape != SCALAR and not subscripts, subscripts=subscripts)
        return Piece(name) if image.brief else self._call(name, *image.arguments)

    def _derivative_array(self, image: Image, place: int) -> Piece:
        """du/dx where the arguments are symbols; else u'(A x), or with the number of the argument in place of x."""
        argument = image.arguments[place]
        if all(isinstance(one, Symbol) for one in image.arguments) and image.arguments.count(argument) == 1:
            assert isinstance(argument, Symbol)
            return self.derivative(image, argument, sign=r"\mathrm{d}" if len(image.arguments) == 1 else r"\partial ")
        orders = tuple(int(number == place) for number in range(len(image.arguments)))
        return self._call(_derived(_name(image.name, bold=image.shape != SCALAR), orders), *image.arguments)

    def _sum(self, index: Index, body: Expr) -> Piece:
        below = index.latex or _name(index.name)
        sign = rf"\sum_{{{below}=1}}^{{{dim_latex(index.dim)}}}" if self.style.ranges else rf"\sum_{{{below}}}"
        inner = self._within(body, PREFIX, at_least=1)
        gap = "" if inner.tex.startswith(r"\big") else " "
        return Piece(f"{sign}{gap}{inner.tex}", PREFIX, max(0 if self.style.inline else TALL, inner.height))

    def derivative(self, body: Expr, wrt: Symbol | Entry, by_row: bool = False, sign: str = r"\partial ") -> Piece:
        """A derivative not yet taken; of a derivative, one of second order."""
        variables: list[Symbol | Entry] = [wrt]
        while isinstance(body, Partial):
            variables.append(body.wrt)
            body = body.body
        order = f"^{{{len(variables)}}}" if len(variables) > 1 else ""
        d = sign.strip() + order
        bottom = self._variables(variables, sign) + (r"^{\mathsf T}" if by_row else "")
        inner = self.piece(body)
        if isinstance(body, Symbol | Entry | Image) and inner.height < TALL and inner.tex[0] != "(":
            if self.style.inline:
                return Piece(rf"{d} {inner.tex}/{bottom}", PRODUCT)
            return Piece(rf"\frac{{{d} {inner.tex}}}{{{bottom}}}", POWER, TALL)
        several = isinstance(body, Plus | Product | MatMul | Kron) or inner.binding < PREFIX
        if self.style.inline:
            return Piece(rf"{d}{self._parenthesized(inner).tex}/{bottom}", PRODUCT, 1)
        if several:
            inner = self._parenthesized(inner, at_least=1)
        gap = "" if inner.tex.startswith(r"\big") else " "
        return Piece(rf"\frac{{{d}}}{{{bottom}}}{gap}{inner.tex}", PREFIX, max(TALL, inner.height))

    def _variables(self, variables: list[Symbol | Entry], sign: str) -> str:
        """What stands below the bar; twice by one vector is by the vector and its transpose."""
        if len(variables) == 2 and variables[0] == variables[1]:
            shown = self.piece(variables[0]).tex
            if isinstance(variables[0], Symbol) and ONE in variables[0].shape and variables[0].shape != SCALAR:
                return rf"\partial {shown}\,\partial {shown}^{{\mathsf T}}"
        if len(set(variables)) == 1 and len(variables) > 1:
            return sign + self._raised(variables[0], str(len(variables))).tex
        return r"\,".join(sign + self.piece(variable).tex for variable in variables)

    # arrays written out, values at a point

    def _matrix(self, entries: tuple[Expr, ...], wide: int) -> Piece:
        printer = self if wide == 1 else replace(self, style=replace(self.style, inline=False))
        shown = [printer.piece(entry).tex for entry in entries]
        rows = [" & ".join(shown[start : start + wide]) for start in range(0, len(shown), wide)]
        # rows of fractions would touch each other
        between = r" \\[7pt] " if any(r"\frac" in entry for entry in shown) else r" \\ "
        return Piece(r"\begin{bmatrix}" + between.join(rows) + r"\end{bmatrix}", ATOM, TALL)

    def _at(self, body: Expr, values: tuple[Expr, ...]) -> Piece:
        """f(1, 2); of anything but a name, with a bar: x + y |_(1, 2)."""
        point = ", ".join(self.piece(value).tex for value in values)
        inner = self.piece(body)
        if isinstance(body, Symbol):
            return self._call(inner.tex, *values)
        inner = inner if inner.binding >= POWER else self._parenthesized(inner)
        bar = r"\big|" if self.style.inline else r"\Big|"
        place = point if len(values) == 1 else f"({point})"
        return Piece(f"{inner.tex}{bar}_{{{place}}}", ATOM, max(1, inner.height))


def _letters_taken(expr: Expr) -> frozenset[str]:
    names = {node.name for node in subexpressions(expr) if isinstance(node, Symbol)}
    names |= {node.function.name for node in subexpressions(expr) if isinstance(node, Apply)}
    return frozenset(names & {"e", "sigma"})


def _looks_called(expr: Expr) -> bool:
    """A scalar whose letter stands for functions more often: parentheses after it would look like its argument."""
    return isinstance(expr, Symbol) and expr.shape == SCALAR and split_name(expr.name).base in FUNCTION_LETTERS


def _is_constant(expr: Expr) -> bool:
    """A number, or a formula of numbers that nothing was put into: it stands above the bar, as in sqrt(2)/2."""
    constants = Number | Size | Pi | Plus | Product | Power | Apply
    return all(isinstance(node, constants) for node in subexpressions(expr))


def _split(factors: tuple[Expr, ...]) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """The scalars and the arrays among `factors`."""
    scalar: Callable[[Expr], bool] = is_scalar
    return tuple(f for f in factors if scalar(f)), tuple(f for f in factors if not scalar(f))


_LAST_SCRIPT = re.compile(r"([_^])(\\[A-Za-z]+|[^\\{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})$")


def _scripts(tex: str) -> str:
    """The signs of the subscript and the superscript that `tex` ends in."""
    found = ""
    while match := _LAST_SCRIPT.search(tex):
        found += match[1]
        tex = tex[: match.start()]
    return found


def _with_subscript(tex: str, below: str) -> str:
    """The author's LaTeX of a symbol with the subscript of an entry, after one that it has already."""
    match = _LAST_SCRIPT.search(tex)
    if match and match[1] == "_":
        own = match[2][1:-1] if match[2][0] == "{" else match[2]
        return f"{tex[: match.start()]}_{{{own},{below}}}"
    if "_" in _scripts(tex):
        return f"{{{tex}}}_{{{below}}}"
    return f"{tex}_{{{below}}}"


_NESTED = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"


def _is_fraction(tex: str) -> bool:
    r"""Whether `tex` is one \frac and nothing else."""
    return re.fullmatch(rf"-?\\frac{_NESTED}{_NESTED}", tex) is not None


def _opens(tex: str) -> bool:
    return tex.startswith(("(", r"\bigl(", r"\Bigl(", r"\biggl(", r"\Biggl("))


def _derived(name: str, orders: tuple[int, ...]) -> str:
    """The name of a function with its derivatives: f', or for several arguments the place of the one it is taken in."""
    if not any(orders):
        return name
    if len(orders) == 1:
        return name + "'" * orders[0] if orders[0] <= 3 else f"{name}^{{({orders[0]})}}"
    taken = [(place, order) for place, order in enumerate(orders, 1) if order]
    signs = (rf"\partial_{{{place}}}" + (f"^{{{order}}}" if order > 1 else "") for place, order in taken)
    return f"{''.join(signs)} {name}"
