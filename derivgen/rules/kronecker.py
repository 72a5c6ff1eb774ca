"""Vec and Kronecker products where they are not needed: laws that lead back to ordinary products.

Each rule leaves fewer Kronecker products and vecs, or moves one outwards. They are applied to a statement before its
entries are written out: an entry of a Kronecker product has four subscripts, its trace has none.
"""

from __future__ import annotations

from fractions import Fraction

from derivgen.derivation import Rule, rule
from derivgen.expr.build import matmul, product, split_scalars, transpose
from derivgen.expr.nodes import (
    ONE,
    Apply,
    Det,
    Expr,
    Inverse,
    Kron,
    LogDet,
    MatMul,
    Norm,
    Number,
    Plus,
    Power,
    Product,
    Size,
    Total,
    Trace,
    Transpose,
    Vec,
)
from derivgen.expr.shapes import is_scalar, shape

SOURCE = "Magnus & Neudecker, Matrix Differential Calculus (2019), ch. 2"


@rule(
    "trace of a Kronecker product",
    law=r"\operatorname{tr}(A \otimes B) = \operatorname{tr} A\,\operatorname{tr} B",
    source=SOURCE,
)
def kron_trace(expr: Expr) -> Expr | None:
    match expr:
        case Trace(body):
            scalars, core = split_scalars(body)
            if isinstance(core, Kron) and _is_square(core.left) and _is_square(core.right):
                return product((*scalars, Trace(core.left), Trace(core.right)))
    return None


def _is_square(expr: Expr) -> bool:
    rows, columns = shape(expr)
    return rows == columns


@rule(
    "sum of a Kronecker product",
    law=r"\mathbf{1}^{\mathsf T} (A \otimes B)\,\mathbf{1}"
    r" = \mathbf{1}^{\mathsf T} A\,\mathbf{1}\;\mathbf{1}^{\mathsf T} B\,\mathbf{1}",
    source=SOURCE,
)
def kron_total(expr: Expr) -> Expr | None:
    match expr:
        case Total(body):
            scalars, core = split_scalars(body)
            if isinstance(core, Kron):
                return product((*scalars, Total(core.left), Total(core.right)))
    return None


@rule("norm of a Kronecker product", law=r"\lVert A \otimes B \rVert = \lVert A \rVert\,\lVert B \rVert", source=SOURCE)
def kron_norm(expr: Expr) -> Expr | None:
    match expr:
        case Norm(Kron(left, right), order):
            return Product((Norm(left, order), Norm(right, order)))
    return None


@rule("power of a product", law=r"(a\,b)^p = a^p\,b^p", source="elementary algebra")
def power_of_norms(expr: Expr) -> Expr | None:
    """Of norms: each of them is a squared norm afterwards, which a sum writes out."""
    match expr:
        case Power(Product(factors), Number(value)) if all(isinstance(factor, Norm) for factor in factors):
            return Product(tuple(Power(factor, Number(value)) for factor in factors))
    return None


@rule(
    "determinant of a Kronecker product",
    law=r"\det(A \otimes B) = (\det A)^q (\det B)^p",
    source=SOURCE,
)
def kron_det(expr: Expr) -> Expr | None:
    """A is p x p and B is q x q."""
    match expr:
        case Det(Kron(left, right)) if _is_square(left) and _is_square(right):
            return Product((_to_the(Det(left), right), _to_the(Det(right), left)))
        case LogDet(Kron(left, right)) if _is_square(left) and _is_square(right):
            sizes = Size(shape(right)[0]), Size(shape(left)[0])
            return Plus((Product((sizes[0], LogDet(left))), Product((sizes[1], LogDet(right)))))
    return None


def _to_the(base: Expr, other: Expr) -> Expr:
    dim = shape(other)[0]
    return Power(base, Size(dim) if dim.names else Number(Fraction(dim.number)))


@rule("mixed product", law=r"(A \otimes B)(C \otimes D) = AC \otimes BD", source=SOURCE)
def mixed_product(expr: Expr) -> Expr | None:
    match expr:
        case MatMul(factors):
            for place in range(len(factors) - 1):
                left, right = factors[place : place + 2]
                if isinstance(left, Kron) and isinstance(right, Kron) and _fit(left, right):
                    made = Kron(matmul((left.left, right.left)), matmul((left.right, right.right)))
                    return matmul((*factors[:place], made, *factors[place + 2 :]))
    return None


def _fit(left: Kron, right: Kron) -> bool:
    return shape(left.left)[1] == shape(right.left)[0] and shape(left.right)[1] == shape(right.right)[0]


@rule(
    "vec of a product",
    law=r"(B^{\mathsf T} \otimes A) \operatorname{vec} X = \operatorname{vec}(A X B)",
    source=SOURCE,
)
def kron_vec(expr: Expr) -> Expr | None:
    match expr:
        case MatMul(factors):
            for place in range(len(factors) - 1):
                match factors[place : place + 2]:
                    case (Kron(left, right), Vec(body)) if _acts(left, right, body):
                        made = Vec(matmul((right, body, transpose(left))))
                        return matmul((*factors[:place], made, *factors[place + 2 :]))
    return None


def _acts(left: Expr, right: Expr, body: Expr) -> bool:
    rows, columns = shape(body)
    return shape(right)[1] == rows and shape(left)[1] == columns


@rule(
    "inner product of vecs",
    law=r"(\operatorname{vec} A)^{\mathsf T} \operatorname{vec} B = \operatorname{tr}(A^{\mathsf T} B)",
    source=SOURCE,
)
def vec_inner(expr: Expr) -> Expr | None:
    match expr:
        case MatMul((Transpose(Vec(left)), Vec(right))) if shape(left) == shape(right):
            return Trace(matmul((transpose(left), right)))
    return None


@rule(
    "vec keeps the entries",
    law=r"\mathbf{1}^{\mathsf T} \operatorname{vec} A = \mathbf{1}^{\mathsf T} A\,\mathbf{1}",
    source=SOURCE,
)
def vec_total(expr: Expr) -> Expr | None:
    """A sum over all entries, a norm, and what acts entry by entry do not see the stacking."""
    match expr:
        case Total(Vec(body)):
            return Total(body)
        case Norm(Vec(body), order):
            return Norm(body, order)
        case Apply(function, (Vec(body),)):
            return Vec(Apply(function, (body,)))
        case Power(Vec(body), exponent) if is_scalar(exponent):
            return Vec(Power(body, exponent))
        case Plus(terms) | Product(terms) if any(isinstance(term, Vec) for term in terms):
            if not all(is_scalar(term) or isinstance(term, Vec) for term in terms):
                return None
            inner = tuple(term.body if isinstance(term, Vec) else term for term in terms)
            shapes = {shape(term) for term in inner if not is_scalar(term)}
            if len(shapes) == 1:
                return Vec(Plus(inner) if isinstance(expr, Plus) else Product(inner))
    return None


@rule("scalars leave a Kronecker product", law=r"(c A) \otimes B = c\,(A \otimes B)", source=SOURCE)
def kron_scalars(expr: Expr) -> Expr | None:
    match expr:
        case Kron(left, right):
            (front, first), (more, second) = split_scalars(left), split_scalars(right)
            if is_scalar(left) or is_scalar(right):
                return product((left, right))
            if front or more:
                return product((*front, *more, Kron(first, second)))
    return None


@rule(
    "transpose of a Kronecker product",
    law=r"(A \otimes B)^{\mathsf T} = A^{\mathsf T} \otimes B^{\mathsf T}",
    source=SOURCE,
)
def kron_transposed(expr: Expr) -> Expr | None:
    match expr:
        case Transpose(Kron(left, right)):
            return Kron(transpose(left), transpose(right))
        case Inverse(Kron(left, right)) if _is_square(left) and _is_square(right):
            return Kron(Inverse(left), Inverse(right))
    return None


@rule("outer product as a vec", law=r"v \otimes u = \operatorname{vec}(u v^{\mathsf T})", source=SOURCE)
def kron_of_vectors(expr: Expr) -> Expr | None:
    match expr:
        case Kron(left, right) if shape(left)[1] == ONE and shape(right)[1] == ONE:
            if shape(left)[0] != ONE and shape(right)[0] != ONE:
                return Vec(matmul((right, transpose(left))))
    return None


KRONECKER: tuple[Rule, ...] = (
    kron_scalars,
    kron_transposed,
    kron_trace,
    kron_total,
    kron_norm,
    power_of_norms,
    kron_det,
    mixed_product,
    kron_vec,
    vec_inner,
    vec_total,
    kron_of_vectors,
)
"""In the order of trying."""
