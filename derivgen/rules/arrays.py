"""Laws of arrays that are written out: their sums, products, determinants and inverses, entry by entry.

Each rule leaves fewer operations between arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from derivgen.derivation import Rule, rule
from derivgen.expr.build import factors_of, matmul, plus, product
from derivgen.expr.nodes import (
    ONE,
    SCALAR,
    ZERO_NUMBER,
    Det,
    Dim,
    Entry,
    Expr,
    Eye,
    Inverse,
    MatMul,
    Matrix,
    Number,
    Ones,
    Plus,
    Power,
    Product,
    Shape,
    Symbol,
    Transpose,
    Zeros,
    number,
)
from derivgen.expr.shapes import is_scalar, shape
from derivgen.problem.model import Values


def written_out(values: Mapping[str, Values]) -> Rule:
    """The law by which a symbol is the array of its entries; those that have numbers are in `values`."""

    @rule(
        "written out",
        law=r"A = \begin{bmatrix} A_{11} & A_{12} \\ A_{21} & A_{22} \end{bmatrix}",
        source="definition",
    )
    def write_out(expr: Expr) -> Expr | None:
        match expr:
            case Symbol(name, (rows, columns) as of):
                if name in values:
                    entries: Iterable[Expr] = (Number(value) for row in values[name] for value in row)
                    return next(iter(entries)) if of == SCALAR else Matrix(tuple(entries), of)
                if of == SCALAR or rows.names or columns.names:
                    return None
                places = ((i, j) for i in range(1, rows.number + 1) for j in range(1, columns.number + 1))
                return Matrix(tuple(Entry(expr, _subscripts(place, of)) for place in places), of)
            case Ones(of) | Zeros(of) if of != SCALAR and not (of[0].names or of[1].names):
                count = of[0].number * of[1].number
                return Matrix((number(int(isinstance(expr, Ones))),) * count, of)
            case Eye(dim) if not dim.names:
                ones = range(dim.number)
                return Matrix(tuple(number(int(i == j)) for i in ones for j in ones), (dim, dim))
            case Transpose(Matrix()):
                return matrix_transposed(expr)
        return None

    return write_out


def _subscripts(place: tuple[int, int], of: Shape) -> tuple[int, ...]:
    return tuple(own for own, dim in zip(place, of, strict=True) if dim != ONE)


@rule("transpose", law=r"(A^{\mathsf T})_{ij} = A_{ji}", source="definition")
def matrix_transposed(expr: Expr) -> Expr | None:
    match expr:
        case Transpose(Matrix(entries, (rows, columns))):
            wide = columns.number
            turned = (entries[i * wide + j] for j in range(wide) for i in range(rows.number))
            return Matrix(tuple(turned), (columns, rows))
    return None


@rule("matrix product", law=r"(AB)_{ij} = \textstyle\sum_k A_{ik} B_{kj}", source="definition")
def matrix_product(expr: Expr) -> Expr | None:
    """The last two of some arrays written out where they end in a column, else the first two."""
    match expr:
        case MatMul(factors):
            later = len(factors) - 2
            order = range(later, -1, -1) if shape(factors[-1])[1] == ONE else range(later + 1)
            for place in order:
                left, right = factors[place], factors[place + 1]
                if isinstance(left, Matrix) and isinstance(right, Matrix):
                    made = _multiplied(left, right)
                    rest = (*factors[:place], made, *factors[place + 2 :])
                    return matmul(rest)
    return None


def _multiplied(left: Matrix, right: Matrix) -> Expr:
    rows, inner, columns = left.shape[0].number, left.shape[1].number, right.shape[1].number
    made = [
        _row_times_column(
            [left.entries[i * inner + k] for k in range(inner)],
            [right.entries[k * columns + j] for k in range(inner)],
        )
        for i in range(rows)
        for j in range(columns)
    ]
    return made[0] if rows == columns == 1 else Matrix(tuple(made), (Dim(rows), Dim(columns)))


def _row_times_column(row: Sequence[Expr], column: Sequence[Expr]) -> Expr:
    """Products of numbers stay as they are, to be worked out; other terms are as one would write them."""
    if all(isinstance(one, Number) for one in (*row, *column)):
        return plus(Product(pair) for pair in zip(row, column, strict=True))
    terms = [_side_by_side(a, b) for a, b in zip(row, column, strict=True)]
    return plus(term for term in terms if term != ZERO_NUMBER)


def _side_by_side(left: Expr, right: Expr) -> Expr:
    if ZERO_NUMBER in (left, right):
        return ZERO_NUMBER
    if isinstance(left, Number) and isinstance(right, Number):
        return number(left.value * right.value)
    numbers = [one for one in (*factors_of(left), *factors_of(right)) if isinstance(one, Number)]
    rest = [one for one in (*factors_of(left), *factors_of(right)) if not isinstance(one, Number)]
    value = Fraction(1)
    for one in numbers:
        value *= one.value
    return product((*(() if value == 1 else (Number(value),)), *rest))


@rule("sum of matrices", law=r"(A + B)_{ij} = A_{ij} + B_{ij}", source="definition")
def matrix_sum(expr: Expr) -> Expr | None:
    """Entry by entry; a scalar is added to every entry."""
    match expr:
        case Plus(terms) if not is_scalar(expr) and all(_is_summand(term) for term in terms):
            of = shape(expr)
            columns = [_entries_of(term, of) for term in terms]
            return Matrix(tuple(_sum_of(own) for own in zip(*columns, strict=True)), of)
    return None


def _is_summand(term: Expr) -> bool:
    return isinstance(term, Matrix) or is_scalar(term) or is_subtracted(term)


def is_subtracted(term: Expr) -> bool:
    """Whether `term` is minus an array written out."""
    return (
        isinstance(term, Product)
        and len(term.factors) == 2
        and (term.factors[0] == number(-1) and isinstance(term.factors[1], Matrix))
    )


def _entries_of(term: Expr, of: Shape) -> tuple[Expr, ...]:
    match term:
        case Matrix(entries):
            return entries
        case Product((sign, Matrix(entries))):
            return tuple(_side_by_side(sign, entry) for entry in entries)
    return (term,) * (of[0].number * of[1].number)


def _sum_of(terms: tuple[Expr, ...]) -> Expr:
    if all(isinstance(term, Number) for term in terms):
        return Plus(terms)
    return plus(term for term in terms if term != ZERO_NUMBER)


@rule("scalar times matrix", law=r"(c A)_{ij} = c\, A_{ij}", source="definition")
def scaled_matrix(expr: Expr) -> Expr | None:
    """A scalar goes to every entry; two arrays of one shape are multiplied entry by entry."""
    match expr:
        case Product(factors) if not is_scalar(expr) and all(isinstance(f, Matrix) or is_scalar(f) for f in factors):
            of = shape(expr)
            columns = [f.entries if isinstance(f, Matrix) else (f,) * (of[0].number * of[1].number) for f in factors]
            return Matrix(tuple(_product_of(own) for own in zip(*columns, strict=True)), of)
        case Matrix(entries, of) if of == SCALAR:
            return entries[0]
    return None


def _product_of(factors: tuple[Expr, ...]) -> Expr:
    if len(factors) == 2 and factors[0] == number(-1):
        return _side_by_side(*factors)
    if all(isinstance(factor, Number) for factor in factors):
        return Product(factors)
    made = factors[0]
    for factor in factors[1:]:
        made = _side_by_side(made, factor)
    return made


@rule("determinant", law=r"\det A = \textstyle\sum_j (-1)^{1+j} A_{1j} \det A_{\setminus 1j}", source="linear algebra")
def determinant(expr: Expr) -> Expr | None:
    """Of an array of two or three rows, by its first row."""
    match expr:
        case Det(Matrix((a, b, c, d), (rows, _))) if rows.number == 2:
            return Plus((Product((a, d)), Product((number(-1), b, c))))
        case Det(Matrix(entries, (rows, _)) as matrix) if rows.number == 3:
            minors = (determinant(Det(minor(matrix, 0, j))) for j in range(3))
            known = [one for one in minors if one is not None]
            signs = ((), (number(-1),), ())
            return Plus(tuple(Product((*sign, a, m)) for sign, a, m in zip(signs, entries[:3], known, strict=True)))
    return None


def minor(matrix: Matrix, row: int, column: int) -> Matrix:
    """`matrix` without a row and a column."""
    rows, columns = matrix.shape[0].number, matrix.shape[1].number
    kept = [matrix.entries[i * columns + j] for i in range(rows) for j in range(columns) if i != row and j != column]
    return Matrix(tuple(kept), (Dim(rows - 1), Dim(columns - 1)))


@rule(
    "inverse of a 2 x 2 matrix",
    law=r"\begin{bmatrix} a & b \\ c & d \end{bmatrix}^{-1} = \tfrac{1}{ad - bc}"
    r"\begin{bmatrix} d & -b \\ -c & a \end{bmatrix}",
    source="linear algebra",
)
def inverse_of_two(expr: Expr) -> Expr | None:
    match expr:
        case Inverse(Matrix((a, b, c, d), (rows, _))) if rows.number == 2:
            minus = [_side_by_side(number(-1), one) for one in (b, c)]
            divisor = Plus((Product((a, d)), Product((number(-1), b, c))))
            return Product((Power(divisor, number(-1)), Matrix((d, *minus, a), (rows, rows))))
    return None


@rule(
    "inverse by cofactors",
    law=r"A^{-1} = \tfrac{1}{\det A}\,\operatorname{adj} A",
    source="linear algebra",
)
def inverse_by_cofactors(expr: Expr) -> Expr | None:
    """Of a 3 x 3 array of numbers."""
    match expr:
        case Inverse(Matrix(entries, (rows, _)) as matrix) if rows.number == 3:
            if not all(isinstance(entry, Number) for entry in entries):
                return None
            places = [(i, j) for j in range(3) for i in range(3)]  # the transpose of the cofactors
            cofactors = [Number((-1) ** (i + j) * _value(determinant(Det(minor(matrix, i, j))))) for i, j in places]
            return Product((Power(Det(matrix), number(-1)), Matrix(tuple(cofactors), (rows, rows))))
    return None


def _value(expr: Expr | None) -> Fraction:
    """The number that sums and products of numbers come to."""
    match expr:
        case Number(value):
            return value
        case Plus(terms):
            return sum(map(_value, terms), Fraction(0))
        case Product(factors):
            value = Fraction(1)
            for factor in factors:
                value *= _value(factor)
            return value
    raise ValueError(f"no number: {expr}")


ARRAYS: tuple[Rule, ...] = (matrix_transposed, scaled_matrix, matrix_sum, matrix_product)

WRITTEN_OUT: tuple[Rule, ...] = (written_out({}), *ARRAYS, determinant, inverse_of_two, inverse_by_cofactors)
"""All of them, for the catalogue."""
