"""What a condition may ask of numbers and matrices by name: integer_eigenvalues(A), coprime(a, b), ..."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import gcd, isqrt

from derivgen.problem.model import Values
from derivgen.problem.parameters.exact import ZERO, determinant, eye, times

Polynomial = list[Fraction]
"""Coefficients, the highest power first."""


def characteristic(rows: Values) -> Polynomial:
    """det(t I - A) by Faddeev and LeVerrier's recursion: c_k = -tr(A M_k)/k, M_{k+1} = A M_k + c_k I."""
    size, found, matrix = len(rows), [Fraction(1)], eye(len(rows))
    for step in range(1, size + 1):
        product = times(rows, matrix)
        found.append(-sum((product[place][place] for place in range(size)), ZERO) / step)
        matrix = tuple(
            tuple(one + (found[-1] if i == j else ZERO) for j, one in enumerate(row)) for i, row in enumerate(product)
        )
    return found


def integer_roots(polynomial: Polynomial, bound: int) -> list[int]:
    """The whole numbers from -bound to bound that are roots, each as often as it is one."""
    found: list[int] = []
    left = polynomial
    for root in range(-bound, bound + 1):
        while len(left) > 1:
            quotient = [left[0]]
            for coefficient in left[1:]:
                quotient.append(coefficient + root * quotient[-1])  # Horner's scheme
            if quotient.pop():
                break
            found.append(root)
            left = quotient
    return found


def integer_eigenvalues(rows: Values) -> bool:
    # no eigenvalue is larger than the largest sum of a row
    bound = int(max(sum(map(abs, row), ZERO) for row in rows))
    return len(integer_roots(characteristic(rows), bound)) == len(rows)


def distinct_eigenvalues(rows: Values) -> bool:
    """Whether the characteristic polynomial and its derivative have no common factor."""
    first = characteristic(rows)
    degree = len(first) - 1
    second = [coefficient * (degree - place) for place, coefficient in enumerate(first[:-1])]
    while second:
        first, second = second, _remainder(first, second)
    return len(first) == 1


def _remainder(left: Polynomial, right: Polynomial) -> Polynomial:
    left = list(left)
    while len(left) >= len(right):
        share = left[0] / right[0]
        left = [one - share * (right[place] if place < len(right) else ZERO) for place, one in enumerate(left)][1:]
    while left and not left[0]:
        left = left[1:]
    return left


def symmetric(rows: Values) -> bool:
    return rows == tuple(zip(*rows, strict=True))


def positive_definite(rows: Values) -> bool:
    """Symmetric, with positive leading minors (Sylvester)."""
    minors = (tuple(row[:size] for row in rows[:size]) for size in range(1, len(rows) + 1))
    return symmetric(rows) and all(determinant(minor) > 0 for minor in minors)


def invertible(rows: Values) -> bool:
    return determinant(rows) != 0


def _entries(arguments: tuple[Values, ...]) -> list[Fraction]:
    return [one for rows in arguments for row in rows for one in row]


def integer(*arguments: Values) -> bool:
    return all(one.denominator == 1 for one in _entries(arguments))


def distinct(*arguments: Values) -> bool:
    entries = _entries(arguments)
    return len(set(entries)) == len(entries)


def coprime(*arguments: Values) -> bool:
    entries = _entries(arguments)
    return all(one.denominator == 1 for one in entries) and gcd(*(one.numerator for one in entries)) == 1


def square_number(*arguments: Values) -> bool:
    """Whether each entry is the square of a fraction."""
    return all(
        one >= 0 and all(isqrt(part) ** 2 == part for part in (one.numerator, one.denominator))
        for one in _entries(arguments)
    )


OF_MATRICES: dict[str, Callable[[Values], bool]] = {
    "integer_eigenvalues": integer_eigenvalues,
    "distinct_eigenvalues": distinct_eigenvalues,
    "positive_definite": positive_definite,
    "invertible": invertible,
    "symmetric": symmetric,
}
"""Predicates of one square matrix."""

OF_NUMBERS: dict[str, Callable[..., bool]] = {
    "integer": integer,
    "distinct": distinct,
    "coprime": coprime,
    "square_number": square_number,
}
"""Predicates of any numbers and arrays, as many as are given."""
