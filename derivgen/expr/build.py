"""Building expressions that are flat and properly transposed.

These functions choose between ways to write one tree (a product inside a product, the transpose of a transpose); they
remove nothing that a reader would miss. Zeros, ones and like terms go by rules with names (rules/algebra.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from derivgen.expr.nodes import (
    ONE_NUMBER,
    SCALAR,
    ZERO_NUMBER,
    Apply,
    Commutation,
    Diag,
    Expr,
    Eye,
    Group,
    Index,
    Inverse,
    Kron,
    MatMul,
    MatrixPower,
    Ones,
    Plus,
    Product,
    Sum,
    Symbol,
    Transpose,
    Zeros,
)
from derivgen.expr.shapes import is_scalar, shape
from derivgen.expr.walk import subexpressions, transform


def plus(terms: Iterable[Expr]) -> Expr:
    """The sum of `terms`, sums inside it opened."""
    flat: list[Expr] = []
    for term in terms:
        flat.extend(term.terms if isinstance(term, Plus) else (term,))
    if not flat:
        return ZERO_NUMBER
    return flat[0] if len(flat) == 1 else Plus(tuple(flat))


def product(factors: Iterable[Expr]) -> Expr:
    """The product of `factors`, products inside it opened."""
    flat: list[Expr] = []
    for factor in factors:
        flat.extend(factor.factors if isinstance(factor, Product) else (factor,))
    if not flat:
        return ONE_NUMBER
    return flat[0] if len(flat) == 1 else Product(tuple(flat))


def factors_of(expr: Expr) -> tuple[Expr, ...]:
    return expr.factors if isinstance(expr, Product) else (expr,)


def terms_of(expr: Expr) -> tuple[Expr, ...]:
    return expr.terms if isinstance(expr, Plus) else (expr,)


def split_scalars(expr: Expr) -> tuple[tuple[Expr, ...], Expr]:
    """`expr` as scalar factors times an array: (2, 1/n), A x. The array of a scalar expression is the number 1."""
    scalars = tuple(factor for factor in factors_of(expr) if is_scalar(factor))
    arrays = tuple(factor for factor in factors_of(expr) if not is_scalar(factor))
    return scalars, product(arrays)


def matmul(factors: Iterable[Expr]) -> Expr:
    """The matrix product of `factors`: products inside it opened, scalar factors drawn to the front."""
    scalars: list[Expr] = []
    flat: list[Expr] = []
    for factor in factors:
        if is_scalar(factor):
            if isinstance(factor, MatMul):
                flat.extend(factor.factors)  # c'a stays inside a chain
            else:
                scalars.append(factor)
            continue
        front, core = split_scalars(factor)
        scalars.extend(front)
        flat.extend(core.factors if isinstance(core, MatMul) else (core,))
    if not flat:
        return product(scalars)
    chain = flat[0] if len(flat) == 1 else MatMul(tuple(flat))
    return product((*scalars, chain))


def transpose(expr: Expr) -> Expr:
    """The transpose of `expr`, pushed to the symbols; a scalar is its own transpose."""
    if shape(expr) == SCALAR:
        return expr
    match expr:
        case Transpose(body):
            return body
        case MatMul(factors):
            return matmul(transpose(factor) for factor in reversed(factors))
        case Plus(terms):
            turned = tuple(transpose(term) for term in terms)
            if set(turned) == set(terms):
                return expr  # A + A' is its own transpose; the order of its terms is kept
            return plus(turned) if _transposes(turned) <= _transposes(terms) + 1 else Transpose(expr)
        case Product(factors):
            scalars, array = split_scalars(expr)
            if not isinstance(array, Product):
                return product((*scalars, transpose(array)))
            turned = tuple(transpose(factor) for factor in array.factors)
            if set(turned) == set(array.factors):
                return expr
            inside = _transposes(turned) <= _transposes(array.factors) + 1
            inner = product(turned) if inside else Transpose(array)
            return product((*scalars, inner))
        case Inverse(Transpose(body)):
            return Inverse(body)
        case Inverse(body) if transpose(body) == body:
            return expr
        case Apply(_, arguments) if all(transpose(argument) == argument for argument in arguments):
            return expr
        case Eye():
            return expr
        case Diag() if shape(expr)[0] == shape(expr)[1]:
            return expr
        case Ones((rows, columns)):
            return Ones((columns, rows))
        case Zeros((rows, columns)):
            return Zeros((columns, rows))
        case Commutation((rows, columns)):
            return Commutation((columns, rows))
        case Kron(left, right):
            return Kron(transpose(left), transpose(right))
        case MatrixPower(base, exponent):
            return MatrixPower(transpose(base), exponent)
        case Sum(index, body):
            return Sum(index, transpose(body))
        case _:
            return Transpose(expr)


def _transposes(exprs: Iterable[Expr]) -> int:
    return sum(isinstance(node, Transpose) for expr in exprs for node in subexpressions(expr))


def inverse(expr: Expr) -> Expr:
    """The inverse of `expr`; transposes stand outside: inv(A).T, not inv(A.T)."""
    match expr:
        case Inverse(body):
            return body
        case Transpose(body):
            return transpose(inverse(body))
        case _:
            return Inverse(expr)


def matrix_power(base: Expr, exponent: Expr) -> Expr:
    """`base` to the power `exponent`; the powers 0 and 1 are the identity and `base` itself."""
    if exponent == ZERO_NUMBER:
        return Eye(shape(base)[0])
    return base if exponent == ONE_NUMBER else MatrixPower(base, exponent)


def nested_sum(indices: Sequence[Index], body: Expr) -> Expr:
    """The sum of `body` over all `indices`, the first outermost."""
    for index in reversed(indices):
        body = Sum(index, body)
    return body


def ungrouped(expr: Expr) -> Expr:
    """`expr` without the parentheses that were only shown; sums and products inside each other are opened."""

    def change(node: Expr) -> Expr | None:
        match node:
            case Group(body):
                return body
            case Plus(terms):
                return plus(terms)
            case Product(factors):
                return product(factors)
        return None

    return transform(expr, change)


def is_plain(expr: Expr) -> bool:
    """A symbol or the transpose of one: what is written without parentheses and opened without a law of its own."""
    return isinstance(expr, Symbol) or (isinstance(expr, Transpose) and isinstance(expr.body, Symbol))
