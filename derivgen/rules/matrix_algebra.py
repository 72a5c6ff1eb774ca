"""Laws of matrix algebra that make a result readable, and those that an assumption adds.

Each rule leaves fewer terms, fewer factors or fewer transposes.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from derivgen.derivation import Rule, rule
from derivgen.expr.build import factors_of, matmul, plus, product, split_scalars, transpose
from derivgen.expr.nodes import (
    Entry,
    Expr,
    Eye,
    Inverse,
    MatMul,
    Number,
    Ones,
    Plus,
    Product,
    Symbol,
    Total,
    Transpose,
)
from derivgen.expr.shapes import is_scalar, shape
from derivgen.expr.walk import free_indices
from derivgen.rules.algebra import TIDY, like_terms, multiply_out, positive_first

MAGNUS = "Magnus & Neudecker, Matrix Differential Calculus (2019), ch. 1"


@rule("entry by entry", law=r"A_{ij} + B_{ij} = (A + B)_{ij}", source="definition")
def sum_of_entries(expr: Expr) -> Expr | None:
    """Terms that are entries at the same place become one entry; a term without an index goes to every entry."""
    match expr:
        case Plus(terms):
            places = {factor.subscripts for term in terms for factor in factors_of(term) if isinstance(factor, Entry)}
            if len(places) != 1:
                return None
            (place,) = places
            arrays: list[Expr] = []
            for term in terms:
                factors = factors_of(term)
                entries = [factor for factor in factors if isinstance(factor, Entry)]
                if len(entries) != 1 or any(free_indices(factor) for factor in factors if factor not in entries):
                    return None
                arrays.append(product(factor.base if isinstance(factor, Entry) else factor for factor in factors))
            if len({shape(array) for array in arrays}) != 1:
                return None
            return Entry(plus(arrays), place)
        case Product(factors) if sum(isinstance(factor, Entry) for factor in factors) == 1:
            if any(free_indices(factor) for factor in factors if not isinstance(factor, Entry)):
                return None
            (entry,) = (factor for factor in factors if isinstance(factor, Entry))
            front = [factor for factor in factors if factor is not entry]
            return Entry(product((*front, entry.base)), entry.subscripts) if front else None
    return None


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
    numbers = [abs(_number(scalars)) for scalars, _ in split]
    shared: list[Expr] = [Number(numbers[0])] if len(set(numbers)) == 1 and numbers[0] != 1 else []
    divided = numbers[0] if shared else Fraction(1)
    others = [
        factor
        for factor in split[0][0]
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


SYMMETRIC = frozenset({"symmetric", "diagonal", "positive_definite"})


@rule("symmetric", law=r"A^{\mathsf T} = A", source="assumption")
def symmetric_rule(expr: Expr) -> Expr | None:
    match expr:
        case Transpose(Symbol(_, _, known) as symbol) if known & SYMMETRIC:
            return symbol
        case Transpose(Inverse(Symbol(_, _, known)) as inverted) if known & SYMMETRIC:
            return inverted
    return None


@rule("skew-symmetric", law=r"A^{\mathsf T} = -A", source="assumption")
def skew_rule(expr: Expr) -> Expr | None:
    match expr:
        case Transpose(Symbol(_, _, known) as symbol) if "skew" in known:
            return Product((Number(Fraction(-1)), symbol))
    return None


@rule("orthogonal", law=r"Q^{\mathsf T} Q = I", source="assumption")
def orthogonal_rule(expr: Expr) -> Expr | None:
    match expr:
        case Inverse(Symbol(_, _, known) as symbol) if "orthogonal" in known:
            return Transpose(symbol)
        case MatMul(factors):
            for place, (left, right) in enumerate(pairwise(factors)):
                if "orthogonal" in _known(left) and right == transpose(left):
                    return _without_pair(factors, place)
    return None


def _known(expr: Expr) -> frozenset[str]:
    """What is assumed of a symbol or of its transpose."""
    inner = expr.body if isinstance(expr, Transpose) else expr
    return inner.assumptions if isinstance(inner, Symbol) else frozenset()


def _without_pair(factors: tuple[Expr, ...], place: int) -> Expr:
    rest = (*factors[:place], *factors[place + 2 :])
    return matmul(rest) if rest else Eye(shape(factors[place])[0])


@rule("idempotent", law=r"P P = P", source="assumption")
def idempotent_rule(expr: Expr) -> Expr | None:
    match expr:
        case MatMul(factors):
            for place, (left, right) in enumerate(pairwise(factors)):
                if "idempotent" in _known(left) and left == right:
                    return matmul((*factors[:place], *factors[place + 1 :]))
    return None


@rule("inverse cancels", law=r"A^{-1} A = I", source=f"{MAGNUS}, sec. 1.9")
def inverse_cancels(expr: Expr) -> Expr | None:
    match expr:
        case MatMul(factors):
            for place, (left, right) in enumerate(pairwise(factors)):
                if left == _inverted(right) or right == _inverted(left):
                    return _without_pair(factors, place)
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
        case Product(factors) if any(isinstance(f, Ones) and shape(f) == shape(expr) for f in factors):
            left = product(factor for factor in factors if not isinstance(factor, Ones))
            return left if shape(left) == shape(expr) else None
        case MatMul((Ones((_, columns)), last)) if is_scalar(expr) and columns == shape(last)[0]:
            return Total(last)
        case MatMul((first, Ones((rows, _)))) if is_scalar(expr) and rows == shape(first)[1]:
            return Total(transpose(first))
    return None


@rule("double transpose", law=r"(A^{\mathsf T})^{\mathsf T} = A", source=f"{MAGNUS}, sec. 1.3")
def transposes_inside(expr: Expr) -> Expr | None:
    match expr:
        case Transpose(body):
            turned = transpose(body)
            return None if turned == expr else turned
    return None


ASSUMED: tuple[Rule, ...] = (symmetric_rule, skew_rule, orthogonal_rule, idempotent_rule)
READABLE: tuple[Rule, ...] = (
    *TIDY,
    inverse_cancels,
    identity_rule,
    transposes_inside,
    like_terms,
    multiply_out,
    common_factor,
    positive_first,
)
