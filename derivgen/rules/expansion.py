"""From matrix notation to entries: what one entry of each kind of matrix expression is.

Each rule opens one expression one level and hands entries of its strictly smaller parts on, so the rules come to an
end. They apply to a scalar or an `Entry`, and to a pending derivative of one. In a derivative only what the variable
is inside is opened: factors beside each other that do not depend on it stay one matrix (X'X in w'X'X w), and what
stands inside a function or a power stays as it is until the chain rule reaches it
(docs/decisions/0002-lazy-entries.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from derivgen.derivation import Rule
from derivgen.expr.build import factors_of, inverse, is_plain, matmul, nested_sum, plus, product, terms_of, transpose
from derivgen.expr.nodes import (
    ONE,
    ONE_NUMBER,
    ZERO_NUMBER,
    Apply,
    Axis,
    Column,
    Delta,
    Diag,
    Dim,
    Entry,
    Expr,
    Eye,
    Function,
    Group,
    Index,
    LogSumExp,
    MatMul,
    MatrixPower,
    Norm,
    Number,
    Ones,
    Partial,
    Plus,
    Power,
    Product,
    Row,
    Softmax,
    Subscript,
    Sum,
    Symbol,
    Total,
    Trace,
    Transpose,
    Zeros,
)
from derivgen.expr.shapes import axes, is_scalar, shape
from derivgen.expr.walk import all_indices, depends_on, fresh_index

COOKBOOK = "Petersen & Pedersen, The Matrix Cookbook (2012)"
MAGNUS = "Magnus & Neudecker, Matrix Differential Calculus (2019)"

Constant = Callable[[Expr], bool]
"""Whether an expression does not depend on the variable; nothing does where nothing is differentiated."""
Opening = Callable[[Expr, Constant], Expr | None]


def opening(name: str, *, law: str, source: str) -> Callable[[Opening], Rule]:
    """Makes a function that opens an expression a rule for it and for a pending derivative of it."""

    def made(open_expression: Opening) -> Rule:
        def rewrite(expr: Expr) -> Expr | None:
            if not isinstance(expr, Partial):
                return open_expression(expr, lambda _: False)
            wrt = expr.wrt
            symbol = wrt if isinstance(wrt, Symbol) else wrt.base
            assert isinstance(symbol, Symbol)
            if not depends_on(expr.body, symbol):
                return None
            opened = open_expression(expr.body, lambda part: not depends_on(part, symbol))
            return None if opened is None else Partial(opened, wrt)

        return Rule(name, law, source, rewrite)

    return made


def entry(array: Expr, subscripts: Sequence[Subscript]) -> Expr:
    """The entry of `array` at `subscripts`; of a scalar, itself.

    What acts entry by entry is read off at once, and so are constant arrays and transposes: (A')_ij is written A_ji. A
    sum with a matrix product in it stays one entry, (y - X w)_i.
    """
    if is_scalar(array):
        return array
    match array:
        case Transpose(body):
            return entry(body, tuple(reversed(subscripts)))
        case Group(body):
            return entry(body, subscripts)
        case Ones():
            return ONE_NUMBER
        case Zeros():
            return ZERO_NUMBER
        case Eye():
            return Delta(subscripts[0], subscripts[1])
        case MatMul((Ones((_, wide)), *rest)) if wide == ONE and len(subscripts) == 2:
            return entry(matmul(rest), subscripts[1:])
        case MatMul((*rest, Ones((high, _)) | Transpose(Ones((_, high))))) if high == ONE and len(subscripts) == 2:
            return entry(matmul(rest), subscripts[:1])
        case Product(factors):
            return product(entry(factor, subscripts) for factor in factors)
        case Power(base, exponent):
            return Power(entry(base, subscripts), entry(exponent, subscripts))
        case Apply(function, arguments):
            return Apply(function, tuple(entry(argument, subscripts) for argument in arguments))
        case Plus(terms):
            opened = plus(entry(term, subscripts) for term in terms)
            folds = any(isinstance(factor, Entry) and not is_plain(factor.base) for factor in _factors(opened))
            return Entry(array, tuple(subscripts)) if folds else opened
        case Row(base, row):
            return entry(base, _place(base, row, subscripts[0]))
        case Column(base, column):
            return entry(base, _place(base, subscripts[0], column))
        case _:
            return Entry(array, tuple(subscripts))


def _factors(expr: Expr) -> list[Expr]:
    return [factor for term in terms_of(expr) for factor in factors_of(term)]


def _place(base: Expr, row: Subscript, column: Subscript) -> tuple[Subscript, ...]:
    rows, columns = shape(base)
    return (*(() if rows == ONE else (row,)), *(() if columns == ONE else (column,)))


def _fresh(dims: Sequence[Dim], expr: Expr) -> list[Index]:
    """One new index over each of `dims`, with letters that `expr` does not use."""
    made: list[Index] = []
    used = all_indices(expr)
    for dim in dims:
        made.append(fresh_index(dim, (*used, *made)))
    return made


def _all_entries(array: Expr, of: Callable[[Expr], Expr], used: Expr) -> Expr:
    """The sum over all entries e of `array` of `of(e)`."""
    indices = _fresh(axes(array), used)
    return nested_sum(indices, of(entry(array, indices)))


def grouped(factors: Sequence[Expr], constant: Constant) -> list[Expr]:
    """The factors of a matrix product, with constant ones beside each other taken as one matrix."""
    groups: list[list[Expr]] = []
    for factor in factors:
        joins = groups and constant(factor) and constant(groups[-1][-1])
        # a scalar between two vectors (c'a in c'a x'b) is a factor of its own
        if joins and shape(groups[-1][-1])[1] != ONE:
            groups[-1].append(factor)
        else:
            groups.append([factor])
    return [matmul(group) for group in groups]


def in_line(own: Subscript, along: Subscript, axis: Axis) -> tuple[Subscript, Subscript]:
    """The subscripts of what stands in row `own`, or column `own`, at the place `along` of it."""
    return (own, along) if axis == 1 else (along, own)


def chain_entry(factors: Sequence[Expr], ends: tuple[Subscript | None, Subscript | None], used: Expr) -> Expr:
    """The entry of a matrix product with the outer subscripts `ends` (None where the outer dimension is 1).

    The same subscript at both ends is summed over by the caller: that is a trace.
    """
    links: list[Subscript | None] = [ends[0]]
    bound: list[Index] = []
    for factor in factors[:-1]:
        dim = shape(factor)[1]
        if dim == ONE:
            links.append(None)
        else:
            index = fresh_index(dim, (*all_indices(used), *(end for end in ends if isinstance(end, Index)), *bound))
            bound.append(index)
            links.append(index)
    links.append(ends[1])
    body = [
        entry(factor, tuple(link for link in links[place : place + 2] if link is not None))
        for place, factor in enumerate(factors)
    ]
    return nested_sum(bound, product(body))


@opening("matrix product", law=r"(AB)_{ij} = \sum_k A_{ik} B_{kj}", source=f"{MAGNUS}, sec. 1.4")
def matrix_product(expr: Expr, constant: Constant) -> Expr | None:
    """Every inner dimension gets an index that is summed over; inner and outer products are the same law."""
    match expr:
        case Entry(MatMul(factors) as base, subscripts):
            rest = list(subscripts)
            rows, columns = shape(base)
            row = rest.pop(0) if rows != ONE else None
            column = rest.pop(0) if columns != ONE else None
            return chain_entry(grouped(factors, constant), (row, column), expr)
        case MatMul(factors) if is_scalar(expr):
            return chain_entry(grouped(factors, constant), (None, None), expr)
    return None


@opening("matrix power", law=r"A^3 = A\,A\,A", source="definition")
def written_power(expr: Expr, constant: Constant) -> Expr | None:
    """A power that is a small whole number, written as a product; a negative one of the inverse."""
    match expr:
        case Entry(MatrixPower(base, Number(value)), subscripts) if _is_small(value):
            return Entry(matmul([base if value > 0 else inverse(base)] * abs(int(value))), subscripts)
        case Trace(MatrixPower(base, Number(value))) if _is_small(value) and value < 0 and not constant(base):
            return Trace(matmul([inverse(base)] * abs(int(value))))
    return None


def _is_small(value: Fraction) -> bool:
    return value.denominator == 1 and 2 <= abs(value) <= LARGEST_WRITTEN_POWER


LARGEST_WRITTEN_POWER = 8


@opening("trace", law=r"\operatorname{tr} A = \sum_i A_{ii}", source=f"{MAGNUS}, sec. 1.10")
def trace(expr: Expr, constant: Constant) -> Expr | None:
    """Of a product, the sum over all its indices: tr(AB) = sum_i sum_j A_ij B_ji."""
    match expr:
        case Trace(body) if is_scalar(body):
            return body
        case Trace(Plus(terms)) if not any(map(is_scalar, terms)):
            return plus(Trace(term) for term in terms)
        case Trace(Product(factors)) if any(map(is_scalar, factors)):
            arrays = [factor for factor in factors if not is_scalar(factor)]
            return product((*(factor for factor in factors if is_scalar(factor)), Trace(product(arrays))))
        case Trace(MatMul(factors) as body):
            groups = grouped(factors, constant)
            (index,) = _fresh(shape(body)[:1], expr)
            inner = chain_entry(groups, (index, index), expr) if len(groups) > 1 else entry(body, (index, index))
            return Sum(index, inner)
        case Trace(body) if not isinstance(body, MatrixPower):
            (index,) = _fresh(shape(body)[:1], expr)
            return Sum(index, entry(body, (index, index)))
    return None


@opening("sum of all entries", law=r"\mathbf{1}^{\mathsf T} A\, \mathbf{1} = \sum_i \sum_j A_{ij}", source="definition")
def total(expr: Expr, constant: Constant) -> Expr | None:
    match expr:
        case Total(body):
            return _all_entries(body, lambda one: one, expr)
    return None


@opening("squared norm", law=r"\lVert x \rVert^2 = \sum_i x_i^2", source=f"{COOKBOOK}, sec. 10.3")
def squared_norm(expr: Expr, constant: Constant) -> Expr | None:
    match expr:
        case Power(Norm(body, 2), Number(Fraction(numerator=2, denominator=1))):
            return _all_entries(body, lambda one: Power(one, Number(Fraction(2))), expr)
    return None


@opening("norm", law=r"\lVert x \rVert = \sqrt{\textstyle\sum_i x_i^2}", source=f"{COOKBOOK}, sec. 10.3")
def norm(expr: Expr, constant: Constant) -> Expr | None:
    """For writing out only: a derivative goes by the squared norm."""
    match expr:
        case Norm(body, 2):
            return Apply(Function("sqrt"), (_all_entries(body, lambda one: Power(one, Number(Fraction(2))), expr),))
    return None


@opening("1-norm", law=r"\lVert x \rVert_1 = \sum_i \lvert x_i \rvert", source=f"{COOKBOOK}, sec. 10.3")
def one_norm(expr: Expr, constant: Constant) -> Expr | None:
    match expr:
        case Norm(body, 1):
            return _all_entries(body, lambda one: Apply(Function("abs"), (one,)), expr)
    return None


@opening("log-sum-exp", law=r"\operatorname{lse}(z) = \log \sum_i e^{z_i}", source="definition")
def log_sum_exp(expr: Expr, constant: Constant) -> Expr | None:
    """Of a matrix along an axis: the logarithm of the sum over one row, or over one column."""
    match expr:
        case Entry(LogSumExp(body, int() as axis), (own,)):
            index = fresh_index(axes(body)[axis], all_indices(expr))
            powers = Apply(Function("exp"), (entry(body, in_line(own, index, axis)),))
            return Apply(Function("log"), (Sum(index, powers),))
        case LogSumExp(body, None):
            return Apply(Function("log"), (_all_entries(body, lambda one: Apply(Function("exp"), (one,)), expr),))
    return None


@opening("softmax", law=r"\operatorname{softmax}(z)_i = e^{z_i} / \sum_k e^{z_k}", source="definition")
def softmax(expr: Expr, constant: Constant) -> Expr | None:
    """Of a matrix: e^{z_ij} over the sum of its row, or of its column."""
    match expr:
        case Entry(Softmax(body, int() as axis), subscripts):
            index = fresh_index(axes(body)[axis], all_indices(expr))
            powers = Apply(Function("exp"), (entry(body, in_line(subscripts[1 - axis], index, axis)),))
            own = Apply(Function("exp"), (entry(body, subscripts),))
            return Product((own, Power(Sum(index, powers), Number(Fraction(-1)))))
        case Entry(Softmax(body), subscripts):
            everything = _all_entries(body, lambda one: Apply(Function("exp"), (one,)), expr)
            own = Apply(Function("exp"), (entry(body, subscripts),))
            return Product((own, Power(everything, Number(Fraction(-1)))))
    return None


@opening("entry by entry", law=r"(A + B)_{ij} = A_{ij} + B_{ij}", source="definition")
def entrywise(expr: Expr, constant: Constant) -> Expr | None:
    """Sums, Hadamard products, scalar multiples, powers and functions act on each entry by itself."""
    match expr:
        case Entry(Plus(terms), subscripts):
            return plus(entry(term, subscripts) for term in terms)
        case Entry(Product(factors), subscripts):
            return product(entry(factor, subscripts) for factor in factors)
        case Entry(Power(base, exponent), subscripts):
            return Power(entry(base, subscripts), entry(exponent, subscripts))
        case Entry(Apply(function, arguments), subscripts):
            return Apply(function, tuple(entry(argument, subscripts) for argument in arguments))
        case Entry(Sum(index, body), subscripts) if index not in subscripts:
            return Sum(index, entry(body, subscripts))
    return None


@opening("transpose", law=r"(A^{\mathsf T})_{ij} = A_{ji}", source=f"{MAGNUS}, sec. 1.3")
def transposed_entry(expr: Expr, constant: Constant) -> Expr | None:
    match expr:
        case Entry(Transpose(_) | Ones(_) | Zeros(_) | Eye(_) | Row(_, _) | Column(_, _) as array, subscripts):
            return entry(array, subscripts)
    return None


@opening("diagonal", law=r"\operatorname{diag}(v)_{ij} = \delta_{ij} v_i", source=f"{MAGNUS}, sec. 1.3")
def diagonal(expr: Expr, constant: Constant) -> Expr | None:
    match expr:
        case Entry(Diag(body), (row, column)):
            return Product((Delta(row, column), entry(body, (row,))))
        case Entry(Diag(body), (row,)):
            return entry(body, (row, row))
    return None


@opening("row times vector", law=r"A_{i,:}^{\mathsf T} v = (A v)_i", source=f"{MAGNUS}, sec. 1.4")
def row_times_vector(expr: Expr, constant: Constant) -> Expr | None:
    """A product of one row, or one column, with a vector is an entry of a product."""
    match expr:
        case MatMul((Transpose(vector), (Row() | Column()) as line)) if isinstance(line.subscript, Index):
            matrix = line.base if isinstance(line, Row) else transpose(line.base)
            return Entry(matmul((matrix, vector)), (line.subscript,))
        case MatMul((Transpose((Row() | Column()) as line), vector)) if isinstance(line.subscript, Index):
            matrix = line.base if isinstance(line, Row) else transpose(line.base)
            return Entry(matmul((matrix, vector)), (line.subscript,)) if is_scalar(expr) else None
    return None


EXPANSION: tuple[Rule, ...] = (
    written_power,
    matrix_product,
    trace,
    total,
    squared_norm,
    one_norm,
    log_sum_exp,
    softmax,
    entrywise,
    transposed_entry,
    diagonal,
)
"""In no particular order: no two of them apply to one expression."""

OPENED: tuple[Rule, ...] = tuple(one for one in EXPANSION if one not in (softmax, log_sum_exp))
"""What is written out before a derivative is taken: a softmax and a log-sum-exp have a law of their own."""
