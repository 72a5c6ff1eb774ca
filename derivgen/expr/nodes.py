"""The nodes of index and matrix notation: data only.

One language holds both notations. A matrix expression is built from symbols by `MatMul`, `Transpose`, `Trace` and so
on; `Entry` takes one entry of it and so leads to index notation, in which every part is a scalar. `Plus`, `Product`,
`Power` and `Apply` act entry by entry (a scalar operand goes to every entry), so they mean the same in both notations:
`Product` of two arrays of one shape is the Hadamard product.

Every expression has a shape (rows, columns); a scalar is 1 x 1, a vector n x 1. The *axes* of an expression are those
of its two dimensions that are not the number 1; an `Entry` has one subscript for each axis, so an entry of a vector,
or of its transpose, has one subscript.

Nodes do not simplify themselves: `Plus((x, Number(0)))` stays as it is until a rule with a name removes the zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Literal


@dataclass(frozen=True, slots=True, order=True)
class Dim:
    """A dimension: a whole number times a product of named sizes, such as 3, n, or m n (the length of vec of an m x
    n).
    """

    number: int = 1
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.names:
            return str(self.number)
        return "*".join((*(() if self.number == 1 else (str(self.number),)), *self.names))

    def __mul__(self, other: Dim) -> Dim:
        return Dim(self.number * other.number, tuple(sorted(self.names + other.names)))


ONE = Dim(1)

Shape = tuple[Dim, Dim]
"""Rows, columns."""

SCALAR: Shape = (ONE, ONE)


@dataclass(frozen=True, slots=True)
class Index:
    """An index with its range: it takes the values 1, ..., dim. `latex` is how it is printed if not as its name."""

    name: str
    dim: Dim
    latex: str = ""


Subscript = Index | int
"""What stands below an entry: an index, or a position counted from 1."""


Axis = Literal[0, 1]
"""Along which dimension entries are taken together, as NumPy counts: 1 those of each row, 0 those of each column."""


class Layout(StrEnum):
    """Where the entries of a derivative go (see docs/layouts)."""

    DENOMINATOR = "denominator"
    NUMERATOR = "numerator"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Number:
    """An exact number; `decimal` asks for 0.8 in place of 4/5 where it is printed.

    `places` is to how many decimals it was rounded: so many are printed, 0.800 for 3.
    """

    value: Fraction
    decimal: bool = field(default=False, compare=False)
    places: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Pi:
    """The ratio of a circle's circumference to its diameter."""


@dataclass(frozen=True, slots=True)
class Size:
    """A dimension as a number: the n in (1/n) sum_i x_i."""

    dim: Dim


@dataclass(frozen=True, slots=True)
class Symbol:
    """A declared scalar, vector or matrix. `latex` is how it is printed if not as its name."""

    name: str
    shape: Shape = SCALAR
    assumptions: frozenset[str] = frozenset()
    latex: str = ""


@dataclass(frozen=True, slots=True)
class Slope(Symbol):
    """The array of derivatives of the quantity `quantity` by `argument`, not taken and with no rule for it: dy/dx.

    Its shape is that of a layout. It is a symbol like others, whose name is written `diff(y, x)`.
    """

    quantity: Symbol = field(default_factory=lambda: Symbol("y"))
    argument: Symbol = field(default_factory=lambda: Symbol("x"))


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of `base`, with a subscript for each of its axes."""

    base: Expr
    subscripts: tuple[Subscript, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Row `subscript` of `base`, as a column: `A[i, :]`."""

    base: Expr
    subscript: Subscript


@dataclass(frozen=True, slots=True)
class Column:
    """Column `subscript` of `base`: `A[:, j]`."""

    base: Expr
    subscript: Subscript


@dataclass(frozen=True, slots=True)
class Delta:
    """Kronecker's delta: 1 where both subscripts are equal, else 0."""

    left: Subscript
    right: Subscript


@dataclass(frozen=True, slots=True)
class Plus:
    """The sum of `terms`, entry by entry; a scalar term is added to every entry."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """The product of `factors`, entry by entry; a scalar factor scales. A minus sign is the factor -1, a quotient a
    power.
    """

    factors: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Power:
    """`base` to the power `exponent`, entry by entry. 1/x is x to the power -1."""

    base: Expr
    exponent: Expr


@dataclass(frozen=True, slots=True)
class Function:
    """A function that acts entry by entry: one of FUNCTIONS, or an abstract one that the problem declares.

    `orders` counts the derivatives taken in each argument: f' is Function("f", (1,), abstract=True).
    """

    name: str
    orders: tuple[int, ...] = (0,)
    abstract: bool = False


@dataclass(frozen=True, slots=True)
class Apply:
    """`function` of `arguments`, entry by entry; all arguments that are not scalars have one shape."""

    function: Function
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Image:
    """The value at `arguments` of a function of scalars, vectors and matrices that nobody gave: u(x).

    `brief` asks for u in place of u(x) where it is printed on a page.
    """

    name: str
    arguments: tuple[Expr, ...]
    shape: Shape
    brief: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Derivative:
    """The array of derivatives of `body` by its argument number `place` (from 0), not taken, in `layout`: du/dx."""

    body: Image
    place: int
    layout: Layout


@dataclass(frozen=True, slots=True)
class MatMul:
    """The matrix product of `factors`, in order."""

    factors: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class MatrixPower:
    """The square matrix `base` multiplied with itself: k factors, k a whole number or an integer scalar; k < 0
    inverts.
    """

    base: Expr
    exponent: Expr


@dataclass(frozen=True, slots=True)
class Transpose:
    body: Expr


@dataclass(frozen=True, slots=True)
class Inverse:
    body: Expr


@dataclass(frozen=True, slots=True)
class Trace:
    body: Expr


@dataclass(frozen=True, slots=True)
class Det:
    body: Expr


@dataclass(frozen=True, slots=True)
class LogDet:
    """log |det body|."""

    body: Expr


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of all entries of `body`: `sum(x)`."""

    body: Expr


@dataclass(frozen=True, slots=True)
class Norm:
    """The norm of `body`: order 2 is Euclid's for vectors and Frobenius's for matrices; order 1 sums absolute
    values.
    """

    body: Expr
    order: int = 2


@dataclass(frozen=True, slots=True)
class LogSumExp:
    """log of the sum of exp over all entries of `body`; with an axis a column: over each row (1) or column (0)."""

    body: Expr
    axis: Axis | None = None


@dataclass(frozen=True, slots=True)
class Softmax:
    """exp(z_i) / sum_k exp(z_k) for a vector; for a matrix in each row (axis 1) or in each column (axis 0)."""

    body: Expr
    axis: Axis | None = None


@dataclass(frozen=True, slots=True)
class Diag:
    """Of a vector: the diagonal matrix that carries it. Of a square matrix: its diagonal, as a column."""

    body: Expr


@dataclass(frozen=True, slots=True)
class Vec:
    """The columns of `body` stacked in one column."""

    body: Expr


@dataclass(frozen=True, slots=True)
class Kron:
    """Kronecker's product: block (i, j) is left_ij times right."""

    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Ones:
    shape: Shape


@dataclass(frozen=True, slots=True)
class Zeros:
    shape: Shape


@dataclass(frozen=True, slots=True)
class Eye:
    """The identity matrix, dim x dim."""

    dim: Dim


@dataclass(frozen=True, slots=True)
class Commutation:
    """The commutation matrix K with K vec(A) = vec(A'), for A of `shape`."""

    shape: Shape


@dataclass(frozen=True, slots=True)
class Upper:
    """The dim x dim matrix with ones on and above the diagonal, zeros below: `upper(n)`."""

    dim: Dim


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of `body` over all values of `index`, which is bound here."""

    index: Index
    body: Expr


@dataclass(frozen=True, slots=True)
class Partial:
    """A derivative not yet taken: of the scalar `body` by the scalar `wrt`, a scalar symbol or an entry of a symbol.

    `ordinary` asks for d in place of the sign of a partial derivative: there is one variable only.
    """

    body: Expr
    wrt: Symbol | Entry
    ordinary: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Differential:
    """A differential not yet taken: what `body` changes by, to first order, where `wrt` changes by `by`.

    It has the shape of `body`; `by` is a symbol of the shape of `wrt`, its dX.
    """

    body: Expr
    wrt: Symbol
    by: Symbol


@dataclass(frozen=True, slots=True)
class Matrix:
    """An array of `shape` written out: its scalar `entries` row by row. The dimensions are numbers."""

    entries: tuple[Expr, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class At:
    """The value of the scalar or array `body` where the scalars `places` are `values`, one for each.

    Derivatives in `body` are taken first. `values` are evaluated outside: in At(f, (x,), (x + h,)) the x of x + h is
    the one that stands around it.
    """

    body: Expr
    places: tuple[Symbol, ...]
    values: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """`body` in parentheses that the reader shall see, such as what was put in the place of a name: 2(1)(2)."""

    body: Expr


Leaf = Number | Pi | Size | Symbol | Delta | Ones | Zeros | Eye | Commutation | Upper
Unary = (
    Transpose | Inverse | Trace | Det | LogDet | Total | Norm | LogSumExp | Softmax | Diag | Vec | Group
)  # all have the field `body`
Expr = (
    Leaf
    | Unary
    | Entry
    | Row
    | Column
    | Plus
    | Product
    | Power
    | Apply
    | Image
    | Derivative
    | MatMul
    | MatrixPower
    | Kron
    | Sum
    | Partial
    | Differential
    | Matrix
    | At
)

FUNCTIONS = frozenset(
    "exp log sqrt sin cos tan asin acos atan sinh cosh tanh sigmoid softplus relu abs sign step erf".split()
)
"""The functions of one argument that act entry by entry.

step is Heaviside's: 1 for positive numbers, else 0.
"""

ASSUMPTIONS = frozenset(
    "symmetric skew diagonal triangular orthogonal invertible positive_definite idempotent positive nonzero integer "
    "onehot unit constant".split()
)
"""The words that may follow the type of a symbol."""

DIFFERENTIAL = "differential"
"""The word among the assumptions of a symbol dX that says what it is; nobody declares it. Its name is that of X after
a d.
"""

ZERO_NUMBER = Number(Fraction(0))
ONE_NUMBER = Number(Fraction(1))
MINUS_ONE = Number(Fraction(-1))


def number(value: int | Fraction) -> Number:
    return Number(Fraction(value))
