"""The laws of stepping towards a minimum: gradients, their arrays, and the inverse of a Hessian.

Each takes an array apart or puts one together once, so none applies to what it gives.
"""

from __future__ import annotations

from fractions import Fraction

from derivgen.derivation import Rule, rule
from derivgen.expr.build import factors_of, plus, product
from derivgen.expr.nodes import (
    MINUS_ONE,
    ZERO_NUMBER,
    Apply,
    Det,
    Expr,
    Function,
    Group,
    Inverse,
    MatMul,
    Matrix,
    Norm,
    Number,
    Plus,
    Power,
    Product,
    number,
)

CALCULUS = "Strang 2019, Linear Algebra and Learning from Data, sec. VI.4"
ALGEBRA = "Petersen & Pedersen 2012, sec. 1"


def _name_only(expr: Expr) -> Expr | None:
    """For the name of a line: what stands for the derivative is known to the derivation alone."""
    return None


partial_derivative = Rule(
    "partial derivative",
    r"\frac{\partial f}{\partial x}: \text{all variables but } x \text{ are held}",
    "definition",
    _name_only,
)
one_derivative = Rule("derivative", r"f' = \frac{\mathrm{d} f}{\mathrm{d} x}", "definition", _name_only)
second_derivative = Rule("second derivative", r"f'' = \frac{\mathrm{d}}{\mathrm{d} x} f'", "definition", _name_only)
second_partial = Rule(
    "second partial derivative",
    r"\frac{\partial^{2} f}{\partial x\,\partial y} = \frac{\partial}{\partial x}\frac{\partial f}{\partial y}",
    "definition",
    _name_only,
)
gradient = Rule(
    "gradient",
    r"\nabla f = \begin{bmatrix} \partial f/\partial x \\ \partial f/\partial y \end{bmatrix}",
    "definition",
    _name_only,
)
hessian = Rule("Hessian", r"H_{ij} = \frac{\partial^{2} f}{\partial x_i\,\partial x_j}", "definition", _name_only)
gradient_step = Rule("gradient step", r"x_{k+1} = x_k - \alpha\,\nabla f(x_k)", CALCULUS, _name_only)
newton_step = Rule("Newton step", r"x_{k+1} = x_k - H(x_k)^{-1}\,\nabla f(x_k)", CALCULUS, _name_only)
mean_of_gradients = Rule(
    "gradient of a mean", r"\nabla\,\tfrac{1}{n}\sum_i f_i = \tfrac{1}{n}\sum_i \nabla f_i", "linearity", _name_only
)
known_values = Rule("values found above", r"a = b,\ b = c \Rightarrow a = c", "substitution", _name_only)


@rule(
    "scale each entry",
    law=r"c\begin{bmatrix} u \\ v \end{bmatrix} = \begin{bmatrix} c\,u \\ c\,v \end{bmatrix}",
    source=ALGEBRA,
)
def scale_entries(expr: Expr) -> Expr | None:
    """Scalar factors go to every entry of an array that is written out; a minus sign stays where it is."""
    match expr:
        case Product(factors) if isinstance(array := factors[-1], Matrix):
            sign = factors[:1] if factors[0] == MINUS_ONE else ()
            scalars = factors[len(sign) : -1]
            if scalars and not any(isinstance(one, Matrix) for one in scalars):
                scaled = Matrix(tuple(product((*scalars, entry)) for entry in array.entries), array.shape)
                return product((*sign, scaled))
    return None


@rule(
    "add entry by entry",
    law=r"\begin{bmatrix} a \\ b \end{bmatrix} - \begin{bmatrix} u \\ v \end{bmatrix}"
    r" = \begin{bmatrix} a - u \\ b - v \end{bmatrix}",
    source=ALGEBRA,
)
def add_entries(expr: Expr) -> Expr | None:
    """A sum of arrays that are written out, each perhaps with a minus sign, as one array."""
    match expr:
        case Plus(terms):
            signs = [factors_of(term)[:-1] for term in terms]
            arrays = [last for term in terms if isinstance(last := factors_of(term)[-1], Matrix)]
            if len(arrays) == len(terms) and all(sign in ((), (MINUS_ONE,)) for sign in signs):
                places = range(len(arrays[0].entries))
                sums = (
                    plus(product((*sign, array.entries[place])) for sign, array in zip(signs, arrays, strict=True))
                    for place in places
                )
                return Matrix(tuple(sums), arrays[0].shape)
    return None


@rule("rows times columns", law=r"(Av)_i = \sum_j A_{ij}\,v_j", source=ALGEBRA)
def rows_times_columns(expr: Expr) -> Expr | None:
    """The product of two arrays that are written out, with every sum in it written out."""
    match expr:
        case MatMul((Matrix(left, (rows, inner)), Matrix(right, (_, columns)))):
            wide, deep = inner.number, columns.number
            entries = (
                plus(product((_factor(left[row * wide + k]), Group(right[k * deep + column]))) for k in range(wide))
                for row in range(rows.number)
                for column in range(deep)
            )
            return Matrix(tuple(entries), (rows, columns))
    return None


def _factor(expr: Expr) -> Expr:
    """A factor in front: a number as it is, so that signs and fractions need no parentheses there."""
    return expr if isinstance(expr, Number) else Group(expr)


@rule("determinant", law=r"\det\begin{bmatrix} a & b \\ c & d \end{bmatrix} = a\,d - b\,c", source=ALGEBRA)
def determinant(expr: Expr) -> Expr | None:
    """Of an array that is written out: by the first row, the smaller determinants written out, too."""
    match expr:
        case Det(Matrix(entries, (rows, _))):
            return _by_first_row(entries, rows.number)
    return None


def _by_first_row(entries: tuple[Expr, ...], size: int) -> Expr:
    if size == 1:
        return entries[0]
    if size == 2:
        a, b, c, d = entries
        return plus((product((_factor(a), Group(d))), product((MINUS_ONE, _factor(b), Group(c)))))
    terms: list[Expr] = []
    for column in range(size):
        if entries[column] == ZERO_NUMBER:
            continue
        kept = tuple(entries[row * size + other] for row in range(1, size) for other in range(size) if other != column)
        sign = (MINUS_ONE,) if column % 2 else ()
        terms.append(product((*sign, _factor(entries[column]), Group(_by_first_row(kept, size - 1)))))
    return plus(terms)


@rule("determinant of a diagonal matrix", law=r"\det\operatorname{diag}(a, b) = a\,b", source=ALGEBRA)
def diagonal_determinant(expr: Expr) -> Expr | None:
    match expr:
        case Det(Matrix() as body) if (diagonal := diagonal_of(body)) is not None:
            return product((_factor(diagonal[0]), *map(Group, diagonal[1:])))
    return None


@rule(
    "inverse of a 2 × 2 matrix",
    law=r"\begin{bmatrix} a & b \\ c & d \end{bmatrix}^{-1}"
    r" = \frac{1}{a\,d - b\,c}\begin{bmatrix} d & -b \\ -c & a \end{bmatrix}",
    source=ALGEBRA,
)
def inverse_of_two(expr: Expr) -> Expr | None:
    """Of numbers; the determinant is worked out."""
    match expr:
        case Inverse(Matrix((Number(a), Number(b), Number(c), Number(d)), shape)) if a * d != b * c:
            turned = (Number(d), Number(-b), Number(-c), Number(a))
            return Product((_reciprocal(a * d - b * c), Matrix(turned, shape)))
    return None


def _reciprocal(value: Fraction) -> Expr:
    """1/det as a fraction that is seen: 1/16, and 1/(2/3) as it is."""
    return number(1 / value) if value.denominator == 1 else Power(Number(value), MINUS_ONE)


@rule(
    "inverse of a diagonal matrix",
    law=r"\operatorname{diag}(a, b)^{-1} = \operatorname{diag}(1/a, 1/b)",
    source=ALGEBRA,
)
def inverse_of_diagonal(expr: Expr) -> Expr | None:
    match expr:
        case Inverse(Matrix(entries, (rows, _) as shape) as body) if (diagonal := diagonal_of(body)) is not None:
            if ZERO_NUMBER in diagonal:
                return None
            turned = list(entries)
            for place, entry in enumerate(diagonal):
                inverted = number(1 / entry.value) if isinstance(entry, Number) else Power(entry, MINUS_ONE)
                turned[place * (rows.number + 1)] = inverted
            return Matrix(tuple(turned), shape)
    return None


def diagonal_of(array: Matrix) -> tuple[Expr, ...] | None:
    """The diagonal of a square array whose other entries are zero; None where one is not."""
    rows, columns = (dim.number for dim in array.shape)
    others = (entry for place, entry in enumerate(array.entries) if place % (columns + 1))
    if rows != columns or any(entry != ZERO_NUMBER for entry in others):
        return None
    return array.entries[:: columns + 1]


@rule("norm", law=r"\lVert v \rVert = \sqrt{v_1^{2} + \dots + v_n^{2}}", source="definition")
def norm_of_numbers(expr: Expr) -> Expr | None:
    """Of a column that is written out."""
    match expr:
        case Norm(Matrix(entries), 2):
            squares = plus(Power(entry, number(2)) for entry in entries)
            return Apply(Function("sqrt"), (squares,))
    return None


OPTIMISATION: tuple[Rule, ...] = (
    scale_entries,
    add_entries,
    rows_times_columns,
    diagonal_determinant,
    determinant,
    inverse_of_diagonal,
    inverse_of_two,
    norm_of_numbers,
)
"""Those that rewrite."""

NAMES: tuple[Rule, ...] = (
    partial_derivative,
    one_derivative,
    second_partial,
    second_derivative,
    gradient,
    hessian,
    gradient_step,
    newton_step,
    mean_of_gradients,
    known_values,
)
"""Those that name what a line does; the derivation alone knows what stands for what."""
