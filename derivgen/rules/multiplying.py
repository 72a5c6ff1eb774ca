"""Laws of multiplying out: arrays that are written out, products of sums, and products of matrices that have sums.

Each rule leaves fewer products of arrays, or fewer products that have a sum among their factors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from derivgen.derivation import Rule, rule
from derivgen.expr.build import factors_of, matmul, plus, product, split_scalars, terms_of
from derivgen.expr.nodes import (
    ONE,
    ONE_NUMBER,
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
    MatrixPower,
    Norm,
    Number,
    Ones,
    Pi,
    Plus,
    Power,
    Product,
    Shape,
    Size,
    Symbol,
    Transpose,
    Zeros,
    number,
)
from derivgen.expr.shapes import is_scalar, shape
from derivgen.expr.text import text
from derivgen.expr.walk import parts, with_parts
from derivgen.problem.model import Values
from derivgen.rules.algebra import like_terms
from derivgen.rules.assumptions import SYMMETRIC

ALGEBRA = "elementary algebra"
MAGNUS = "Magnus & Neudecker, Matrix Differential Calculus (2019), ch. 1"

LARGEST_POWER = 4
"""A higher power of a sum is not written as a product."""

MOST_TERMS = 40
"""A product with more terms is not multiplied out: nothing readable comes of it."""


# --- arrays written out ---------------------------------------------------------------------------------------------


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


# --- scalars --------------------------------------------------------------------------------------------------------


@rule("power", law=r"u^2 = u\,u", source=ALGEBRA)
def power_as_product(expr: Expr) -> Expr | None:
    """A power of a sum is a product of sums."""
    match expr:
        case Power(Plus() as base, Number(value)) if value.denominator == 1 and 2 <= value <= LARGEST_POWER:
            return Product((base,) * int(value)) if is_scalar(base) else None
    return None


@rule("square of a sum", law=r"(a + b)^2 = a^2 + 2\,a\,b + b^2", source=ALGEBRA)
def square_of_sum(expr: Expr) -> Expr | None:
    """Of two terms."""
    match expr:
        case Power(Plus((a, b)), Number(value)) if value == 2 and is_scalar(expr):
            return plus((monomial((a, a)), monomial((number(2), a, b)), monomial((b, b))))
    return None


@rule("power", law=r"A^2 = A\,A", source="definition")
def matrix_power_as_product(expr: Expr) -> Expr | None:
    match expr:
        case MatrixPower(Plus() as base, Number(value)) if value.denominator == 1 and 2 <= value <= LARGEST_POWER:
            return MatMul((base,) * int(value))
    return None


@rule("norm", law=r"\lVert u \rVert^2 = u^{\mathsf T} u", source="definition")
def norm_as_product(expr: Expr) -> Expr | None:
    match expr:
        case Power(Norm(body, 2), Number(value)) if value == 2 and shape(body)[1] == ONE:
            return MatMul((Transpose(body), body))
    return None


@rule("distributive law", law=r"(a + b)\,c = a\,c + b\,c", source=ALGEBRA)
def distribute_first(expr: Expr) -> Expr | None:
    """Of a product with two sums or more, each term of the first with the whole of the second."""
    match expr:
        case Product(factors) if is_scalar(expr):
            sums = [n for n, factor in enumerate(factors) if isinstance(factor, Plus)]
            if len(sums) < 2:
                return None
            first, second = factors[sums[0]], factors[sums[1]]
            spread = plus(_merged_numbers((term, second)) for term in terms_of(first))
            after = (factor for n, factor in enumerate(factors) if n > sums[0] and n != sums[1])
            return product((*factors[: sums[0]], spread, *after))
    return None


def _merged_numbers(factors: tuple[Expr, Expr]) -> Expr:
    left, right = factors
    return right if left == ONE_NUMBER else product((left, right))


@rule("multiply out", law=r"a\,(b + c) = a\,b + a\,c", source=ALGEBRA)
def distribute_one(expr: Expr) -> Expr | None:
    """A product with one sum becomes a sum, each of its terms with numbers in front and equal factors as powers."""
    match expr:
        case Product(factors) if is_scalar(expr) and sum(isinstance(factor, Plus) for factor in factors) == 1:
            (inner,) = (factor for factor in factors if isinstance(factor, Plus))
            outside = [factor for factor in factors if factor is not inner]
            return plus(monomial((*outside, *factors_of(term))) for term in inner.terms)
    return None


@rule("arithmetic", law=r"2\,u \cdot 3\,u = 6\,u^2", source=ALGEBRA)
def tidy_monomial(expr: Expr) -> Expr | None:
    """Numbers multiplied in front, equal factors as powers, in the order of the alphabet."""
    match expr:
        case Product(factors) if is_scalar(expr) and not any(isinstance(factor, Plus) for factor in factors):
            made = monomial(factors)
            return None if made == expr else made
        case Power(Product(factors), Number(value)) if value.denominator == 1 and is_scalar(expr):
            return None if any(isinstance(factor, Plus) for factor in factors) else monomial((expr,))
    return None


def monomial(factors: Iterable[Expr]) -> Expr:
    """The product of scalar `factors`: its number first, equal bases as one power, then by the alphabet."""
    value = Fraction(1)
    exponents: dict[Expr, Fraction] = {}
    waiting = [inner for one in factors for inner in factors_of(one)]
    while waiting:
        factor = waiting.pop(0)
        match factor:
            case Number(own):
                value *= own
            case Power(Number(base), Number(own)) if own.denominator == 1 and base:
                value *= base ** int(own)
            case Power(Product(inner), Number(own)) if own.denominator == 1:
                waiting = [*(Power(one, Number(own)) for one in inner), *waiting]
            case Power(Power(inner_base, Number(inner_own)), Number(own)) if own.denominator == 1:
                waiting = [Power(inner_base, Number(inner_own * own)), *waiting]
            case Power(base, Number(own)):
                exponents[base] = exponents.get(base, Fraction(0)) + own
            case _:
                exponents[factor] = exponents.get(factor, Fraction(0)) + 1
    if not value:
        return ZERO_NUMBER
    bases = sorted((base for base, own in exponents.items() if own), key=_place)
    rest = [base if exponents[base] == 1 else Power(base, Number(exponents[base])) for base in bases]
    return product((*(() if value == 1 and rest else (Number(value),)), *rest))


def _place(base: Expr) -> tuple[int, str]:
    """Sizes, entries of matrices, then names, then sums and functions."""
    match base:
        case Size() | Pi():
            return 0, text(base)
        case Entry(_, subscripts) if len(subscripts) == 2:
            return 1, text(base)
        case Entry() | Symbol():
            return 2, text(base)
        case Plus(terms) if all(_is_coefficient(factor) for term in terms for factor in factors_of(term)):
            return 1, text(base)
        case Plus():
            return 3, text(base)
    return 4, text(base)


def _is_coefficient(factor: Expr) -> bool:
    return isinstance(factor, Number | Size) or (isinstance(factor, Entry) and len(factor.subscripts) == 2)


@rule("collect like terms", law=r"a\,u + b\,u = (a + b)\,u", source=ALGEBRA)
def collect_in_entries(expr: Expr) -> Expr | None:
    """Terms with one product of variables, whose coefficients are entries of matrices: (A_12 + A_21) x_1 x_2."""
    match expr:
        case Plus(terms):
            found: dict[Expr, list[Expr]] = {}
            for term in terms:
                outside = [factor for factor in factors_of(term) if _is_coefficient(factor)]
                rest = product(factor for factor in factors_of(term) if not _is_coefficient(factor))
                found.setdefault(rest, []).append(product(outside))
            if len(found) == len(terms):
                return None
            return plus(monomial((plus(own), rest)) if rest != ONE_NUMBER else plus(own) for rest, own in found.items())
    return None


@rule("symmetric", law=r"A_{ji} = A_{ij}", source="assumption")
def symmetric_entries(expr: Expr) -> Expr | None:
    """Of two entries that are equal, the one above the diagonal."""
    match expr:
        case Entry(Symbol(_, _, known) as symbol, (int() as row, int() as column)) if known & SYMMETRIC:
            return Entry(symbol, (column, row)) if row > column else None
    return None


@rule("order of terms", law="u + v = v + u", source=ALGEBRA)
def descending(expr: Expr) -> Expr | None:
    """A polynomial from its highest degree on."""
    match expr:
        case Plus(terms) if is_scalar(expr):
            known = [_exponents(term) for term in terms]
            if any(one is None for one in known):
                return None
            exponents = [one for one in known if one is not None]
            bases = sorted({base for one in exponents for base in one}, key=_place)
            # in x^2 + b x the b, never squared, is taken for a coefficient
            linear = {base for base in bases if all(one.get(base, 0) <= 1 for one in exponents)}
            keys = [
                (
                    -sum(one.values()),
                    len(linear & one.keys()) if len(linear) < len(bases) else 0,
                    *(-one.get(base, Fraction(0)) for base in bases),
                )
                for one in exponents
            ]
            order = sorted(range(len(terms)), key=lambda n: keys[n])
            return None if order == list(range(len(terms))) else Plus(tuple(terms[n] for n in order))
    return None


def _exponents(term: Expr) -> dict[Expr, Fraction] | None:
    """The exponents of the variables of a monomial; None for what is no such."""
    found: dict[Expr, Fraction] = {}
    for factor in factors_of(term):
        match factor:
            case Power(Symbol() | Entry() as base, Number(value)) if value > 0:
                found[base] = found.get(base, Fraction(0)) + value
            case Symbol() | Entry():
                if not _is_coefficient(factor):
                    found[factor] = found.get(factor, Fraction(0)) + 1
            case Number() | Size():
                pass
            case Plus(terms) if all(_is_coefficient(f) for inner in terms for f in factors_of(inner)):
                pass
            case _:
                return None
    return found


def by_degree(expr: Expr) -> Expr:
    """A scalar sum, or each entry of an array, with the terms of higher degree first; else as it is."""
    match expr:
        case Matrix(entries, of):
            return Matrix(tuple(map(by_degree, entries)), of)
        case Plus(terms) if is_scalar(expr):
            known = [_exponents(term) for term in terms]
            degrees = [sum(one.values()) for one in known if one is not None]
            if len(degrees) == len(terms):
                return plus(terms[place] for place in sorted(range(len(terms)), key=lambda n: -degrees[n]))
    return expr


def collected(expr: Expr) -> Expr:
    """A scalar sum, or each entry of an array, with its like terms together and in order."""
    match expr:
        case Matrix(entries, of):
            return Matrix(tuple(map(collected, entries)), of)
        case Product(factors) if any(isinstance(factor, Plus) for factor in factors):
            return product(map(collected, factors))
        case Plus() if is_scalar(expr):
            joined = like_terms(expr) or expr
            joined = collect_in_entries(joined) or joined
            return descending(joined) or joined
    return expr


@rule("collect like terms", law=r"a\,u + b\,u = (a + b)\,u", source=ALGEBRA)
def collect(expr: Expr) -> Expr | None:
    made = collected(expr)
    return None if made == expr else made


SPREADING: tuple[Rule, ...] = (square_of_sum, power_as_product, distribute_first, distribute_one, tidy_monomial)


def spread_once(expr: Expr, used: list[Rule]) -> Expr:
    """`expr` with the sums and products that it is built of multiplied out by one step, innermost first.

    What stands inside a function or below a fraction bar is left as it is.
    """
    if isinstance(expr, Plus | Product | Matrix):
        below = with_parts(expr, tuple(spread_once(part, used) for part in parts(expr)))
        below = plus(below.terms) if isinstance(below, Plus) else below
        if below != expr:
            return below
    for one in SPREADING:
        if isinstance(expr, Matrix) or (isinstance(expr, Plus) and not is_scalar(expr)):
            return expr
        after = one(expr)
        if after is not None and len(terms_of(after)) <= MOST_TERMS:
            used += [] if one in used else [one]
            return after
    return expr


# --- products of matrices -------------------------------------------------------------------------------------------


@rule("transpose of a sum", law=r"(A + B)^{\mathsf T} = A^{\mathsf T} + B^{\mathsf T}", source=f"{MAGNUS}, sec. 1.3")
def transpose_of_sum(expr: Expr) -> Expr | None:
    match expr:
        case Transpose(Plus(terms)):
            return plus(_turned(term) for term in terms)
    return None


@rule("transpose of a product", law=r"(A B)^{\mathsf T} = B^{\mathsf T} A^{\mathsf T}", source=f"{MAGNUS}, sec. 1.3")
def transpose_of_product(expr: Expr) -> Expr | None:
    match expr:
        case Transpose(MatMul(factors)):
            return matmul(_turned(factor) for factor in reversed(factors))
        case Transpose(Product() as body):
            scalars, array = split_scalars(body)
            return product((*scalars, _turned(array))) if scalars else None
        case Transpose(body) if is_scalar(body):
            return body
    return None


def _turned(expr: Expr) -> Expr:
    match expr:
        case Transpose(body):
            return body
        case Product():
            scalars, array = split_scalars(expr)
            return product((*scalars, _turned(array))) if scalars else Transpose(expr)
    return expr if is_scalar(expr) else Transpose(expr)


TRANSPOSING: tuple[Rule, ...] = (transpose_of_sum, transpose_of_product)


@rule("multiply out", law=r"(A + B)\,C = A C + B C", source=f"{MAGNUS}, sec. 1.4")
def distribute_matrices(expr: Expr) -> Expr | None:
    """Each term of one sum with each of the next; the order of the factors is kept."""
    match expr:
        case MatMul(factors):
            sums = [n for n, factor in enumerate(factors) if isinstance(factor, Plus)]
            if not sums:
                return None
            chosen = sums[:2]
            made: list[list[Expr]] = [[]]
            for place, factor in enumerate(factors):
                own = terms_of(factor) if place in chosen else (factor,)
                made = [[*left, term] for left in made for term in own]
            if len(made) > MOST_TERMS:
                return None
            return plus(_signed(matmul(one)) for one in made)
        case Product(factors):
            scalars, array = split_scalars(expr)
            if isinstance(array, Plus) and scalars and not any(_is_quotient(one) for one in scalars):
                return plus(_signed(product((*scalars, term))) for term in array.terms)
            if not is_scalar(expr) and any(isinstance(one, Plus) for one in scalars):
                spread = next(one for one in scalars if isinstance(one, Plus))
                rest = [one for one in factors if one is not spread]
                return plus(_signed(product((term, *rest))) for term in spread.terms)
            if is_scalar(expr):
                return _scalar_front(factors)
    return None


def _scalar_front(factors: tuple[Expr, ...]) -> Expr | None:
    """2 (u'u + v'v), but not (1/n)(u'u + v'v)."""
    sums = [factor for factor in factors if isinstance(factor, Plus)]
    rest = [factor for factor in factors if not isinstance(factor, Plus)]
    if len(sums) != 1 or not rest or any(_is_quotient(one) for one in rest):
        return None
    return plus(_signed(product((*rest, term))) for term in sums[0].terms)


def _is_quotient(factor: Expr) -> bool:
    match factor:
        case Power(_, Number(value)):
            return value < 0
        case Number(value):
            return value.denominator != 1
    return False


def _signed(expr: Expr) -> Expr:
    """Numbers among the factors multiplied, in front."""
    if not isinstance(expr, Product):
        return expr
    value = Fraction(1)
    for factor in expr.factors:
        value *= factor.value if isinstance(factor, Number) else 1
    rest = [factor for factor in expr.factors if not isinstance(factor, Number)]
    return product((*(() if value == 1 and rest else (Number(value),)), *rest))


MULTIPLYING: tuple[Rule, ...] = (
    written_out({}),
    *ARRAYS,
    determinant,
    inverse_of_two,
    inverse_by_cofactors,
    *SPREADING,
    norm_as_product,
    matrix_power_as_product,
    collect,
    collect_in_entries,
    descending,
    symmetric_entries,
    *TRANSPOSING,
    distribute_matrices,
)
"""All of them, for the catalogue."""
