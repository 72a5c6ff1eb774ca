"""Laws of matrix algebra that make a result readable, and those that an assumption adds.

Each rule leaves fewer terms, fewer factors or fewer transposes.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TypeGuard

from derivgen.derivation import Rule, rule
from derivgen.expr.build import factors_of, matmul, plus, product, split_scalars, transpose
from derivgen.expr.nodes import (
    ONE,
    ONE_NUMBER,
    Apply,
    Diag,
    Entry,
    Expr,
    Eye,
    Function,
    Inverse,
    Kron,
    MatMul,
    Number,
    Ones,
    Plus,
    Power,
    Product,
    Size,
    Softmax,
    Total,
    Transpose,
)
from derivgen.expr.shapes import is_scalar, shape
from derivgen.expr.text import text
from derivgen.expr.walk import free_indices, size, subexpressions, transform
from derivgen.rules.algebra import TIDY, like_terms, minus_difference, multiply_out, order_of_terms, positive_first
from derivgen.rules.along_axes import ALONG_AXES
from derivgen.rules.assumptions import without_pair

MAGNUS = "Magnus & Neudecker, Matrix Differential Calculus (2019), ch. 1"


@rule("entry by entry", law=r"A_{ij} + B_{ij} = (A + B)_{ij}", source="definition")
def sum_of_entries(expr: Expr) -> Expr | None:
    """Terms that are entries at the same place become one entry; a term without an index goes to every entry."""
    match expr:
        case Plus(terms):
            places = {factor.subscripts for term in terms for factor in factors_of(term) if _is_free(factor)}
            if len(places) != 1:
                return None
            (place,) = places
            arrays: list[Expr] = []
            for term in terms:
                factors = factors_of(term)
                entries = [factor for factor in factors if _is_free(factor)]
                if len(entries) != 1 or any(free_indices(factor) for factor in factors if factor not in entries):
                    return None
                arrays.append(product(factor.base if _is_free(factor) else factor for factor in factors))
            if len({shape(array) for array in arrays}) != 1:
                return None
            return Entry(plus(arrays), place)
        case Product(factors) if sum(map(_is_free, factors)) == 1:
            if any(free_indices(factor) for factor in factors if not _is_free(factor)):
                return None
            (entry,) = (factor for factor in factors if _is_free(factor))
            front = [factor for factor in factors if factor is not entry]
            return Entry(product((*front, entry.base)), entry.subscripts) if front else None
    return None


def _is_free(factor: Expr) -> TypeGuard[Entry]:
    """Whether `factor` is an entry at an index; x_2 is a number."""
    return isinstance(factor, Entry) and bool(free_indices(factor))


def chain(array: Expr) -> tuple[Expr, ...]:
    """The factors of a matrix product; of anything else, itself."""
    return array.factors if isinstance(array, MatMul) else (array,)


@rule("common factor", law=r"A B + C B = (A + C)\,B", source=f"{MAGNUS}, sec. 1.4")
def common_factor(expr: Expr) -> Expr | None:
    """The longest product that two or more terms begin or end with; then numbers and scalars that all terms have."""
    match expr:
        case Plus(terms) if not is_scalar(expr):
            return _common_end(terms) or _common_hadamard(terms) or _common_scalars(terms)
    return None


def _common_end(terms: Sequence[Expr]) -> Expr | None:
    split = [split_scalars(term) for term in terms]
    best: tuple[int, int, bool, tuple[Expr, ...], list[int]] | None = None
    for at_end in (True, False):
        ends: dict[tuple[Expr, ...], list[int]] = {}
        for place, (_, array) in enumerate(split):
            links = chain(array)
            for length in range(1, len(links)):
                ends.setdefault(links[-length:] if at_end else links[:length], []).append(place)
        for end, places in ends.items():
            if len(places) > 1 and (best is None or (len(end), len(places)) > best[:2]):
                best = (len(end), len(places), at_end, end, places)
    if best is None:
        return None
    length, _, at_end, end, places = best
    rest: list[Expr] = []
    for place in places:
        scalars, array = split[place]
        links = chain(array)
        rest.append(product((*scalars, matmul(links[:-length] if at_end else links[length:]))))
    inner = _tidied(plus(rest))
    merged = matmul((inner, *end)) if at_end else matmul((*end, inner))
    return plus(merged if n == places[0] else term for n, term in enumerate(terms) if n not in places[1:])


def _tidied(expr: Expr) -> Expr:
    """Sums inside a new factor have their own common factors and like terms."""
    while True:
        after = like_terms(expr) or common_factor(expr)
        if after is None:
            return expr
        expr = after


def _common_hadamard(terms: Sequence[Expr]) -> Expr | None:
    split = [split_scalars(term) for term in terms]
    shared = [factor for factor in factors_of(split[0][1]) if all(factor in factors_of(array) for _, array in split)]
    if not shared or all(array == split[0][1] for _, array in split):
        return None
    rest: list[Expr] = []
    for scalars, array in split:
        left = list(factors_of(array))
        left.remove(shared[0])
        rest.append(product((*scalars, *left)))
    return product((_tidied(plus(rest)), shared[0]))


def _common_scalars(terms: Sequence[Expr]) -> Expr | None:
    split = [split_scalars(term) for term in terms]
    sign = -1 if all(_number(scalars) < 0 for scalars, _ in split) else 1
    numbers = [sign * abs(_number(scalars)) for scalars, _ in split]
    shared: list[Expr] = [Number(numbers[0])] if len(set(numbers)) == 1 and numbers[0] != 1 else []
    if sign < 0 and not shared:
        shared, numbers = [Number(Fraction(-1))], [Fraction(-1)]
    divided = numbers[0] if shared else Fraction(1)
    others = [
        factor
        for factor in dict.fromkeys(split[0][0])
        if not isinstance(factor, Number) and all(factor in scalars for scalars, _ in split)
    ]
    shared += others
    if not shared:
        return None
    rest: list[Expr] = []
    for scalars, array in split:
        kept = [factor for factor in scalars if not isinstance(factor, Number)]
        for factor in others:
            kept.remove(factor)
        value = _number(scalars) / divided
        rest.append(product((*(() if value == 1 else (Number(value),)), *kept, array)))
    return product((*shared, plus(rest)))


def _number(scalars: Sequence[Expr]) -> Fraction:
    value = Fraction(1)
    for scalar in scalars:
        if isinstance(scalar, Number):
            value *= scalar.value
    return value


@rule("inverse cancels", law=r"A^{-1} A = I", source=f"{MAGNUS}, sec. 1.9")
def inverse_cancels(expr: Expr) -> Expr | None:
    match expr:
        case MatMul(factors):
            for place, (left, right) in enumerate(pairwise(factors)):
                if left == _inverted(right) or right == _inverted(left):
                    return without_pair(factors, place)
    return None


def _inverted(expr: Expr) -> Expr | None:
    match expr:
        case Transpose(Inverse(body)):
            return transpose(body)
        case Inverse(body):
            return body
    return None


@rule("identity", law=r"I A = A", source=f"{MAGNUS}, sec. 1.3")
def identity_rule(expr: Expr) -> Expr | None:
    """The identity and ones go where nobody would write them: I A, u times a column of ones, 1'u."""
    match expr:
        case MatMul(factors) if any(isinstance(factor, Eye) for factor in factors):
            kept = tuple(factor for factor in factors if not isinstance(factor, Eye))
            return matmul(kept) if kept else factors[0]
        case Kron(Eye(left_dim), Eye(right_dim)):
            return Eye(left_dim * right_dim)
        case Product(factors) if any(isinstance(f, Ones) and shape(f) == shape(expr) for f in factors):
            left = product(factor for factor in factors if not isinstance(factor, Ones))
            return left if shape(left) == shape(expr) else None
        case Plus(terms) if any(isinstance(term, Apply) for term in terms) and shape(expr)[1] == ONE:
            if any(isinstance(term, Ones) for term in terms):
                return plus(ONE_NUMBER if isinstance(term, Ones) else term for term in terms)
        case MatMul((Ones((_, columns)), last)) if is_scalar(expr) and columns == shape(last)[0]:
            return Total(last)
        case MatMul((first, Ones((rows, _)))) if is_scalar(expr) and rows == shape(first)[1]:
            return Total(transpose(first))
    return None


@rule(
    "diagonal matrices",
    law=r"\operatorname{diag}(u) + \operatorname{diag}(v) = \operatorname{diag}(u + v)",
    source=f"{MAGNUS}, sec. 1.3",
)
def diagonal_matrices(expr: Expr) -> Expr | None:
    """Diagonal matrices that are added or multiplied are one diagonal matrix."""
    match expr:
        case Plus(terms) if sum(_diagonal_of(term) is not None for term in terms) > 1:
            vectors = [vector for term in terms if (vector := _diagonal_of(term)) is not None]
            first = next(n for n, term in enumerate(terms) if _diagonal_of(term) is not None)
            return plus(
                Diag(plus(vectors)) if n == first else term
                for n, term in enumerate(terms)
                if n == first or _diagonal_of(term) is None
            )
        case MatMul(factors):
            for place, (left, right) in enumerate(pairwise(factors)):
                u, v = _diagonal_of(left), _diagonal_of(right)
                if u is not None and v is not None:
                    return matmul((*factors[:place], Diag(product((u, v))), *factors[place + 2 :]))
                if u is not None and isinstance(right, Ones) and shape(right)[1] == ONE:
                    return matmul((*factors[:place], u, *factors[place + 2 :]))
                if u is not None and place + 2 == len(factors) and shape(right)[1] == ONE:
                    return matmul((*factors[:place], product((u, right))))
        case Diag(Ones((rows, _))) if shape(expr) == (rows, rows):
            return Eye(rows)
        case Product(factors) if any(isinstance(factor, Eye) for factor in factors) and len(_arrays(factors)) == 2:
            other = next((factor for factor in _arrays(factors) if not isinstance(factor, Eye)), None)
            if other is None:  # I * I = I
                return product(dict.fromkeys(factors))
            if shape(other) == shape(expr):
                scalars = [factor for factor in factors if is_scalar(factor)]
                return product((*scalars, Diag(Diag(other))))
    return None


def _arrays(factors: Sequence[Expr]) -> list[Expr]:
    return [factor for factor in factors if not is_scalar(factor)]


def _diagonal_of(term: Expr) -> Expr | None:
    """The vector, as a column, on the diagonal of `term`, which is diag(v) times scalars."""
    scalars, array = split_scalars(term)
    if isinstance(array, Diag) and shape(array)[0] == shape(array)[1] and shape(array.body)[1] == ONE:
        return product((*scalars, array.body))
    return None


@rule("power", law=r"u\,u = u^2", source="elementary algebra")
def repeated_factor(expr: Expr) -> Expr | None:
    """Equal factors of a product, as one power, at the first one's place."""
    match expr:
        case Product(factors):
            for place, factor in enumerate(factors):
                base, exponent = _power(factor)
                for later in range(place + 1, len(factors)):
                    other, more = _power(factors[later])
                    if base == other and not isinstance(base, Number | Entry):
                        value = exponent + more
                        merged = () if value == 0 else (base if value == 1 else Power(base, Number(value)),)
                        kept = (*factors[:place], *merged, *factors[place + 1 : later], *factors[later + 1 :])
                        result = product(kept)
                        return result if shape(result) == shape(expr) else None
    return None


def _power(factor: Expr) -> tuple[Expr, Fraction]:
    match factor:
        case Power(base, Number(value)):
            return base, value
    return factor, Fraction(1)


@rule("divide each term", law=r"(a\,c + b)/c = a + b/c", source="elementary algebra")
def divided(expr: Expr) -> Expr | None:
    """A scalar denominator goes under each term where that is shorter: (c I - x x'/c)/c^2 is I/c - x x'/c^3."""
    match expr:
        case Product(factors) if any(isinstance(factor, Plus) for factor in factors):
            below = [f for f in factors if isinstance(f, Power) and is_scalar(f) and _power(f)[1] < 0]
            sums = [factor for factor in factors if isinstance(factor, Plus)]
            if len(sums) != 1 or not below or len(below) + 1 != len(factors):
                return None
            terms = [_merged(product((*factors_of(term), *below))) for term in sums[0].terms]
            made = plus(terms)
            return made if size(made) < size(expr) and shape(made) == shape(expr) else None
    return None


def _merged(expr: Expr) -> Expr:
    while (after := repeated_factor(expr)) is not None:
        expr = after
    return expr


@rule("softmax", law=r"e^{z_i} / \textstyle\sum_k e^{z_k} = \operatorname{softmax}(z)_i", source="definition")
def fold_softmax(expr: Expr) -> Expr | None:
    """As many factors e^z as there are sums of e^z below them are entries of the softmax."""
    match expr:
        case Product(factors):
            for place, factor in enumerate(factors):
                match factor:
                    case Power(Total(Apply(Function("exp"), (z,)) as powers), Number(value)) if value < 0:
                        rest = product((*factors[:place], *factors[place + 1 :]))
                        if _degree(rest, powers) == -value and shape(z)[1] == ONE:
                            return _replaced(rest, powers, Softmax(z))
    return None


def _replaced(expr: Expr, old: Expr, new: Expr) -> Expr:
    return transform(expr, lambda node: new if node == old else None)


def _degree(expr: Expr, powers: Expr) -> Fraction:
    """How often `powers` is a factor of `expr`."""
    if expr == powers:
        return Fraction(1)
    match expr:
        case Product(factors) | MatMul(factors):
            return sum((_degree(factor, powers) for factor in factors), Fraction(0))
        case Transpose(body) | Diag(body):
            return _degree(body, powers)
        case Power(base, Number(value)):
            return value * _degree(base, powers)
    return Fraction(0) if powers not in subexpressions(expr) else Fraction(-1000)


@rule("order of factors", law=r"u\,v = v\,u", source="elementary algebra")
def order_of_factors(expr: Expr) -> Expr | None:
    """The scalars before an array: numbers first, then short ones, so that the order of the input does not show."""
    match expr:
        case Product(factors) if not is_scalar(expr) and sum(map(is_scalar, factors)) > 1:
            scalars = sorted((factor for factor in factors if is_scalar(factor)), key=_place)
            ordered = (*scalars, *(factor for factor in factors if not is_scalar(factor)))
            return None if ordered == factors else Product(ordered)
    return None


def _place(factor: Expr) -> tuple[bool, int, str]:
    return (not isinstance(factor, Number), size(factor), text(factor))


@rule("a scalar is its own transpose", law=r"u^{\mathsf T} v = v^{\mathsf T} u", source=f"{MAGNUS}, sec. 1.5")
def scalar_transposed(expr: Expr) -> Expr | None:
    """Of u'v and v'u the one with fewer transposes, then the one that comes first in the alphabet."""
    match expr:
        case MatMul(factors) if is_scalar(expr) and not any(is_scalar(factor) for factor in factors):
            if ONE in (shape(factor)[1] for factor in factors[:-1]):
                return None  # a product of several scalars
            turned = MatMul(tuple(transpose(factor) for factor in reversed(factors)))
            return turned if _turns(turned) < _turns(expr) else None
    return None


def _turns(expr: Expr) -> tuple[int, str]:
    return (sum(isinstance(node, Transpose) for node in subexpressions(expr)), text(expr))


@rule("sum of a sum", law=r"\textstyle\sum_i (u_i + c) = \sum_i u_i + n\,c", source="definition")
def total_of_sum(expr: Expr) -> Expr | None:
    """Only where terms cancel, as the deviations from a mean do."""
    match expr:
        case Total(Plus(terms) as body):
            rows, columns = shape(body)
            count = product((Size(rows), Size(columns)))
            parted: list[Expr] = []
            for term in terms:
                scalars, array = split_scalars(term)
                whole = Total(array) if array != ONE_NUMBER else count
                parted.append(_merged(product(f for f in (*scalars, whole) if f != Size(ONE))))
            made = plus(_merged(product(factors_of(term))) for term in parted)
            collected = like_terms(_tidy(made))
            return collected if collected is not None and size(collected) < size(expr) else None
    return None


def _tidy(expr: Expr) -> Expr:
    """Products of numbers and sizes in `expr`, multiplied out."""
    while True:
        after = transform(expr, lambda node: next((made for one in TIDY if (made := one(node)) is not None), None))
        if after == expr:
            return expr
        expr = after


@rule("double transpose", law=r"(A^{\mathsf T})^{\mathsf T} = A", source=f"{MAGNUS}, sec. 1.3")
def transposes_inside(expr: Expr) -> Expr | None:
    match expr:
        case Transpose(body):
            turned = transpose(body)
            return None if turned == expr else turned
    return None


READABLE: tuple[Rule, ...] = (
    *TIDY,
    inverse_cancels,
    identity_rule,
    transposes_inside,
    like_terms,
    multiply_out,
    diagonal_matrices,
    repeated_factor,
    divided,
    total_of_sum,
    common_factor,
    *ALONG_AXES,
    positive_first,
    minus_difference,
    fold_softmax,
    scalar_transposed,
    order_of_factors,
    order_of_terms,
)
