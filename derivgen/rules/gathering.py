"""The laws that take dX out of what it is inside, until it is in one factor of a product of matrices.

What has no pending differential left is linear in dX; `moves` tells what dX is inside. By the laws of SPREADING sums
and scalars only go outward and transposes only inward, so they come to an end. Those of GATHERING take away what is
around dX, or bring dX further out of it: a sum of entries, a Hadamard product, diag, vec, a Kronecker product. ARRAYS
is for the Hadamard products that are left where nothing else fits. `turning` brings dX to the end of the product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from derivgen.derivation import Rule, rule
from derivgen.expr.build import matmul, plus, product, split_scalars, transpose
from derivgen.expr.nodes import (
    DIFFERENTIAL,
    ONE,
    Diag,
    Expr,
    Kron,
    MatMul,
    Ones,
    Plus,
    Product,
    Size,
    Symbol,
    Total,
    Trace,
    Transpose,
    Vec,
)
from derivgen.expr.shapes import is_scalar, shape
from derivgen.expr.walk import subexpressions
from derivgen.rules.algebra import ARITHMETIC
from derivgen.rules.differentials import ALGEBRA, inner_product


def moves(expr: Expr) -> bool:
    """Whether a dX is inside `expr`."""
    return any(isinstance(node, Symbol) and DIFFERENTIAL in node.assumptions for node in subexpressions(expr))


def moving_place(factors: Sequence[Expr]) -> int | None:
    """The place of the one factor that dX is inside; None where there is not exactly one."""
    places = [place for place, factor in enumerate(factors) if moves(factor)]
    return places[0] if len(places) == 1 else None


# --- sums and scalars go out, transposes in ---------------------------------------------------------------------------


@rule("distributive law", law="A\\,(U + V)\\,B = A\\,U\\,B + A\\,V\\,B", source=ARITHMETIC)
def multiplied_out(expr: Expr) -> Expr | None:
    """Only sums that dX is inside."""
    match expr:
        case MatMul(factors) | Product(factors):
            for place, factor in enumerate(factors):
                if isinstance(factor, Plus) and moves(factor):
                    made = matmul if isinstance(expr, MatMul) else product
                    whole = [made((*factors[:place], term, *factors[place + 1 :])) for term in factor.terms]
                    return plus(whole) if all(shape(one) == shape(expr) for one in whole) else None
        case Transpose(Plus(terms)) if moves(expr):
            return plus(map(transpose, terms))
        case Diag(Plus(terms)) if moves(expr):
            return plus(map(Diag, terms))
        case Vec(Plus(terms)) if moves(expr):
            return plus(map(Vec, terms))
        case Kron(Plus(terms), right) if moves(expr.left):
            return plus(Kron(term, right) for term in terms)
        case Kron(left, Plus(terms)) if moves(expr.right):
            return plus(Kron(left, term) for term in terms)
    return None


@rule(
    "the trace is linear",
    law=r"\operatorname{tr}(U + c\,V) = \operatorname{tr} U + c\,\operatorname{tr} V",
    source=f"{ALGEBRA}, sec. 1.10",
)
def linear_trace(expr: Expr) -> Expr | None:
    """The same law holds for the sum of all entries."""
    match expr:
        case Trace(Plus(terms)) if moves(expr):
            return plus(map(Trace, terms))
        case Total(Plus(terms)) if moves(expr) and all(shape(term) == shape(expr.body) for term in terms):
            return plus(map(Total, terms))
    return None


@rule("scalar factor out", law=r"\operatorname{tr}(c\,U) = c\,\operatorname{tr} U", source=ARITHMETIC)
def scalar_out(expr: Expr) -> Expr | None:
    """Out of whatever is linear: a trace, a transpose, a sum of entries, diag, vec, a Kronecker product."""
    match expr:
        case Trace(body) | Total(body) | Transpose(body) | Diag(body) | Vec(body) if moves(expr):
            scalars, array = split_scalars(body)
            if scalars and not is_scalar(array):
                make: Callable[[Expr], Expr] = type(expr)
                return product((*scalars, make(array)))
        case Kron(left, right) if moves(expr):
            front, first = split_scalars(left)
            further, second = split_scalars(right)
            if (front and not is_scalar(first)) or (further and not is_scalar(second)):
                return product((*front, *further, Kron(first, second)))
    return None


@rule("transpose of a product", law=r"(A B)^{\mathsf T} = B^{\mathsf T} A^{\mathsf T}", source=f"{ALGEBRA}, sec. 1.3")
def turned_product(expr: Expr) -> Expr | None:
    match expr:
        case Transpose(body) if moves(body) and not isinstance(body, Symbol):
            turned = transpose(body)
            return None if turned == expr else turned
    return None


# --- dX comes out of entrywise and stacked products -------------------------------------------------------------------


@rule("sum of products", law=r"\operatorname{sum}(u \odot v) = u^{\mathsf T} v", source=f"{ALGEBRA}, sec. 1.10")
def summed(expr: Expr) -> Expr | None:
    """Of matrices: sum(U * V) = tr(U'V). A sum of entries is one of products with 1."""
    match expr:
        case Total(Product(factors) as body) if moves(body) and not any(map(is_scalar, factors)):
            still = [factor for factor in factors if not moves(factor)]
            moving = [factor for factor in factors if moves(factor)]
            if len(moving) == 1 and still:
                return _product_of_entries(product(still), moving[0])
        case Total(Transpose(body)) if moves(body):
            return Total(body)
        case Total(Vec(body)) if moves(body):
            return Total(body)
        case Total(Diag(body)) if moves(body):
            return Trace(body) if shape(body)[0] == shape(body)[1] else Total(body)
        case Total(body) if moves(body) and not is_scalar(body):
            rows, columns = shape(body)
            if columns == ONE:
                return matmul((Ones((ONE, rows)), body))
            if rows == ONE:
                return matmul((body, Ones((columns, ONE))))
            return matmul((Ones((ONE, rows)), body, Ones((columns, ONE))))
        case Total(Ones((rows, columns))):
            return product(Size(dim) for dim in (rows, columns) if dim != ONE)
    return None


def _product_of_entries(still: Expr, moving: Expr) -> Expr:
    if ONE in shape(still) and shape(still)[0] == ONE:
        return matmul((still, transpose(moving)))
    return inner_product(still, moving)


@rule(
    "trace with a Hadamard product",
    law=r"\operatorname{tr}(A\,(B \odot C)) = \operatorname{tr}((A \odot B^{\mathsf T})\,C)",
    source=f"{ALGEBRA}, sec. 3.7",
)
def trace_of_hadamard(expr: Expr) -> Expr | None:
    match expr:
        case Trace(Product(factors) as body) if moves(body) and not any(map(is_scalar, factors)):
            still, moving = _parted(factors)
            return Trace(matmul((Diag(Diag(product(still))), moving))) if still else None
        case Trace(MatMul(factors)):
            place = moving_place(factors)
            if (
                place is not None
                and isinstance(one := factors[place], Product)
                and not any(map(is_scalar, one.factors))
            ):
                still, moving = _parted(one.factors)
                around = matmul((*factors[place + 1 :], *factors[:place]))
                if still and shape(around) == shape(transpose(product(still))):
                    return Trace(matmul((product((around, transpose(product(still)))), moving)))
    return None


def _parted(factors: Sequence[Expr]) -> tuple[list[Expr], Expr]:
    """The factors without dX, and the one that it is inside."""
    return [one for one in factors if not moves(one)], product(one for one in factors if moves(one))


@rule(
    "inner product with a Hadamard product",
    law=r"a^{\mathsf T}(b \odot c) = (a \odot b)^{\mathsf T} c",
    source=f"{ALGEBRA}, sec. 3.7",
)
def inner_of_hadamard(expr: Expr) -> Expr | None:
    """c is what dX is inside; where a row moves, the scalar is transposed first."""
    match expr:
        case MatMul(factors) if is_scalar(expr):
            place = moving_place(factors)
            if place is None or not isinstance(one := factors[place], Product) or any(map(is_scalar, one.factors)):
                return None
            still, moving = _parted(one.factors)
            if place == len(factors) - 1 and shape(one)[1] == ONE:
                left = transpose(matmul(factors[:place]))
                return matmul((Transpose(product((left, *still))), moving))
            if place == 0 and shape(one)[0] == ONE:
                right = matmul(factors[1:])
                return matmul((Transpose(product((*map(transpose, still), right))), transpose(moving)))
    return None


@rule(
    "diagonal matrices",
    law=r"a^{\mathsf T}\operatorname{diag}(u)\,b = (a \odot b)^{\mathsf T} u",
    source=f"{ALGEBRA}, sec. 1.2",
)
def diagonals(expr: Expr) -> Expr | None:
    """diag(u) b = b * u, tr(A diag(u)) = diag(A)'u, a'diag(M) = tr(diag(a) M); diag(u v') = u * v, diag(diag(u)) = u,
    diag(A diag(u) B) = (A * B')u.
    """
    match expr:
        case Trace(Diag(body)) if moves(body):
            return Total(body)
        case Trace(MatMul(factors)):
            place = moving_place(factors)
            if place is not None and isinstance(one := factors[place], Diag) and shape(one.body)[1] == ONE:
                around = matmul((*factors[place + 1 :], *factors[:place]))
                return matmul((transpose(Diag(around)), one.body))
        case MatMul(factors):
            place = moving_place(factors)
            if place is None or not isinstance(one := factors[place], Diag):
                return None
            left, right = factors[:place], factors[place + 1 :]
            if shape(one.body)[1] == ONE and right and shape(right[-1])[1] == ONE:
                return matmul((*left, product((matmul(right), one.body))))
            if shape(one.body)[1] == ONE and left and shape(left[0])[0] == ONE:
                return matmul((product((matmul(left), transpose(one.body))), *right))
            if shape(one)[1] == ONE and is_scalar(expr) and left and not right:
                return Trace(matmul((Diag(transpose(matmul(left))), one.body)))
        case Product(factors) if any(isinstance(factor, Diag) and moves(factor) for factor in factors):
            place = moving_place(factors)
            if place is not None and isinstance(one := factors[place], Diag) and shape(one.body)[1] == ONE:
                scalars, array = split_scalars(product((*factors[:place], *factors[place + 1 :])))
                if not is_scalar(array):
                    return product((*scalars, Diag(product((Diag(array), one.body)))))
        case Diag(Diag(body)) if moves(body) and shape(body)[1] == ONE:
            return body
        case Diag(MatMul(factors)) if moves(expr) and shape(expr)[1] == ONE:
            place = moving_place(factors)
            if place is not None and isinstance(one := factors[place], Diag) and shape(one.body)[1] == ONE:
                ahead, behind = matmul(factors[:place]), transpose(matmul(factors[place + 1 :]))
                if place in (0, len(factors) - 1):
                    return product((Diag(ahead if place else behind), one.body))
                return matmul((product((ahead, behind)), one.body))
            for cut in range(1, len(factors)):
                if shape(factors[cut])[0] == ONE:
                    return product((matmul(factors[:cut]), transpose(matmul(factors[cut:]))))
    return None


@rule(
    "inner product of vec",
    law=r"\operatorname{vec}(A)^{\mathsf T} \operatorname{vec}(B) = \operatorname{tr}(A^{\mathsf T} B)",
    source=f"{ALGEBRA}, sec. 2.4",
)
def inner_of_vec(expr: Expr) -> Expr | None:
    match expr:
        case MatMul((Transpose(Vec(left)), Vec(right))) if moves(expr):
            return Trace(matmul((transpose(left), right)))
    return None


@rule(
    "trace of a Kronecker product",
    law=r"\operatorname{tr}(A \otimes B) = \operatorname{tr} A\,\operatorname{tr} B",
    source=f"{ALGEBRA}, sec. 2.2",
)
def trace_of_kronecker(expr: Expr) -> Expr | None:
    match expr:
        case Trace(Kron(left, right)) if moves(expr) and len({*shape(left)}) == 1 and len({*shape(right)}) == 1:
            return product((Trace(left), Trace(right)) if moves(right) else (Trace(right), Trace(left)))
    return None


@rule(
    "Hadamard product as a diagonal matrix",
    law=r"b \odot c = \operatorname{diag}(b)\,c",
    source=f"{ALGEBRA}, sec. 3.7",
)
def hadamard_as_diagonal(expr: Expr) -> Expr | None:
    """Of columns; and of a matrix with u v': B * (u v') = diag(u) B diag(v)."""
    match expr:
        case Product(factors) if moves(expr) and not is_scalar(expr):
            place = moving_place(factors)
            if place is None or is_scalar(factors[place]):
                return None
            scalars, still = split_scalars(product((*factors[:place], *factors[place + 1 :])))
            if is_scalar(still):
                return None
            if shape(expr)[1] == ONE:
                return product((*scalars, matmul((Diag(still), factors[place]))))
            one = factors[place]
            if isinstance(one, MatMul):
                for cut in range(1, len(one.factors)):
                    if shape(one.factors[cut])[0] == ONE:
                        u, v = matmul(one.factors[:cut]), transpose(matmul(one.factors[cut:]))
                        return product((*scalars, matmul((Diag(u), still, Diag(v)))))
    return None


QUIET: tuple[Rule, ...] = (scalar_out, turned_product)
"""Rules that a line does not name where it names another."""

SPREADING: tuple[Rule, ...] = (multiplied_out, linear_trace, scalar_out, turned_product)
GATHERING: tuple[Rule, ...] = (
    inner_of_vec,
    trace_of_kronecker,
    diagonals,
    trace_of_hadamard,
    inner_of_hadamard,
    summed,
)
ARRAYS: tuple[Rule, ...] = (hadamard_as_diagonal,)
