"""Names by what they stand for, and the lines that bring what comes of it to a good form."""

from __future__ import annotations

from derivgen.derivation import Rule
from derivgen.derive.evaluation import substituted, ungrouped
from derivgen.derive.good_form import trigonometric
from derivgen.derive.multiplying import Chain, multiplied_out, multiply_scalars
from derivgen.derive.tidying import exhausted
from derivgen.errors import CannotDerive
from derivgen.expr.build import plus, product, terms_of
from derivgen.expr.nodes import (
    Apply,
    Expr,
    Group,
    Matrix,
    Number,
    Pi,
    Plus,
    Power,
    Product,
    Size,
    Symbol,
)
from derivgen.expr.text import text
from derivgen.expr.walk import size, subexpressions, transform, with_parts
from derivgen.rules.algebra import like_terms
from derivgen.rules.chaining import (
    cosine_of_sum,
    cosines_times_tangents,
    one_plus_square_of_tangent,
    tidied,
    tidy_terms,
)
from derivgen.rules.multiplying import monomial
from derivgen.rules.scalar_forms import simplify_scalar

MOST_SPREAD = 12
"""A result of more terms is not multiplied out."""

MOST_FOR_IDENTITIES = 60
"""Nodes: with more, looking for identities takes longer than all the rest."""


def put(expr: Expr, inside: dict[Symbol, Expr]) -> Expr:
    """`expr` with `inside` in the places of names, in parentheses unless a name or a function stands there."""

    def shown(node: Expr) -> Expr | None:
        match node:
            case Group(Symbol() | Apply() as body):
                return body
        return None

    return transform(substituted(expr, inside), shown)


def tidy(lines: Chain) -> None:
    """The line that does the arithmetic, where there is any: another order alone is no line."""
    bare = ungrouped(lines.current)
    after = each(tidied, bare)
    if not (is_untidy(bare) or size(after) < size(bare)) or _reading(after) == _reading(bare):
        lines.current = bare
        return
    fewer = isinstance(bare, Plus) and len(terms_of(after)) < len(bare.terms)
    lines.to(after, *((like_terms,) if fewer else (tidy_terms,)))


def _reading(expr: Expr) -> str:
    """How `expr` reads, whether a fraction bar stands for one power or for several."""

    def change(node: Expr) -> Expr | None:
        match node:
            case Power(Product(factors), Number() as exponent):
                return product(Power(factor, exponent) for factor in factors)
            case Product(factors):
                return product(factors)
        return None

    return text(transform(expr, change))


def is_untidy(expr: Expr) -> bool:
    """Whether a number stands behind another factor, a factor twice, or terms that are alike."""
    return any(
        like_terms(node) is not None
        or (
            isinstance(node, Product)
            and (any(isinstance(f, Number) for f in node.factors[1:]) or len(set(node.factors)) < len(node.factors))
        )
        for node in subexpressions(expr)
    )


def each(change, expr: Expr) -> Expr:  # type: ignore[no-untyped-def]
    """`change` of a scalar, or of each entry of an array."""
    if isinstance(expr, Matrix):
        return with_parts(expr, tuple(map(change, expr.entries)))
    found: Expr = change(expr)
    return found


def good_lines(lines: Chain) -> None:
    """The lines that multiply out what gets no longer by that, use identities, or collect."""
    bare = ungrouped(lines.current)
    entries = bare.entries if isinstance(bare, Matrix) else (bare,)
    if all(map(is_polynomial, entries)) and any(map(_is_sum, entries)):
        quiet = Chain(bare, bare)
        try:
            multiply_scalars(quiet)
        except CannotDerive:
            pass
        else:
            ends = quiet.current.entries if isinstance(quiet.current, Matrix) else (quiet.current,)
            if all(len(terms_of(end)) <= max(MOST_SPREAD // len(ends), 4) for end in ends):
                multiply_scalars(lines_of(lines, bare), in_order=False)
                return
    tidy(lines)
    if isinstance(lines.current, Matrix):
        return
    _identities(lines)
    if _has_squares(lines.current):
        shorter = trigonometric(lines.current)
        if shorter is not None and 3 * size(shorter) <= 2 * size(lines.current):
            lines.to(shorter, trigonometric)
    better = simplify_scalar(lines.current) if size(lines.current) <= MOST_FOR_IDENTITIES else None
    if better is not None and 2 * size(better) <= size(lines.current):
        lines.to(better, simplify_scalar)


def _has_squares(expr: Expr) -> bool:
    """Whether a sine or a cosine is squared in `expr`, which is small enough for SymPy to look for identities."""
    return size(expr) <= MOST_FOR_IDENTITIES and any(
        isinstance(node, Power) and isinstance(node.base, Apply) and node.base.function.name in ("sin", "cos")
        for node in subexpressions(expr)
    )


def lines_of(lines: Chain, bare: Expr) -> Chain:
    """`lines` with the parentheses gone that were only shown: that is no line of its own."""
    lines.current = bare
    return lines


def _is_sum(expr: Expr) -> bool:
    match expr:
        case Plus():
            return True
        case Product((Number(), Plus())):
            return True
    return False


def is_polynomial(expr: Expr) -> bool:
    match expr:
        case Number() | Symbol() | Size() | Pi():
            return True
        case Plus() | Product():
            return all(map(is_polynomial, expr.terms if isinstance(expr, Plus) else expr.factors))
        case Power(base, Number(value)):
            return value.denominator == 1 and value > 0 and is_polynomial(base)
    return False


def _identities(lines: Chain) -> None:
    """The lines by the identities of the tangent and the cosine, each of its own, where they lead somewhere."""
    if not any(isinstance(node, Apply) and node.function.name == "tan" for node in subexpressions(lines.current)):
        return
    rules: tuple[Rule, ...] = (one_plus_square_of_tangent, cosines_times_tangents, cosine_of_sum)
    quiet = Chain(lines.current, lines.heading)
    for law in rules:
        used: list[Rule] = []
        after = exhausted(quiet.current, (law,), used)
        if used:
            quiet.to(_factors_in_order(after), *used)
            tidy(quiet)
    quiet.to(transform(quiet.current, _argument_collected), tidy_terms)
    if 3 * size(quiet.current) <= 2 * size(lines.current):
        lines.lines += quiet.lines
        lines.current = quiet.current


def _factors_in_order(expr: Expr) -> Expr:
    """`expr` with each of its terms as a monomial."""
    match expr:
        case Plus(terms):
            return plus(map(_factors_in_order, terms))
        case Product(factors):
            return monomial(factors)
    return expr


def _argument_collected(node: Expr) -> Expr | None:
    """The argument of a function multiplied out and collected: cos((x + y)/2 + (x - y)/2) is cos x."""
    match node:
        case Apply(function, (Plus() as argument,)) if is_polynomial(argument):
            return Apply(function, (multiplied_out(argument),))
    return None
