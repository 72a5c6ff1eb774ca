"""Laws about the rows and columns of a matrix: scaled, summed, exponentials over their sums.

Each rule leaves fewer diagonal matrices or fewer powers.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from derivgen.derivation import Rule, rule
from derivgen.expr.build import factors_of, matmul, plus, product, split_scalars, transpose
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE,
    Apply,
    Diag,
    Expr,
    Function,
    MatMul,
    Ones,
    Plus,
    Power,
    Product,
    Softmax,
    Transpose,
)
from derivgen.expr.shapes import shape

MAGNUS = "Magnus & Neudecker, Matrix Differential Calculus (2019)"


@rule(
    "rows scaled, entry by entry",
    law=r"A \odot P - \operatorname{diag}(u)\,A = A \odot (P - u\,\mathbf{1}^{\mathsf T})",
    source=f"{MAGNUS}, sec. 3.6",
)
def scaled_entrywise(expr: Expr) -> Expr | None:
    """Where each term is a Hadamard product with A, or A with its rows or columns scaled; the sums of the rows of
    A * P, which are diag(P A'), are read as such.
    """
    match expr:
        case Plus(terms):
            split = [split_scalars(term) for term in terms]
            products = [array for _, array in split if isinstance(array, Product)]
            for shared in products[0].factors if 0 < len(products) < len(split) else ():
                beside = [_beside(array, shared) for _, array in split]
                kept = [
                    product((*scalars, one)) for (scalars, _), one in zip(split, beside, strict=True) if one is not None
                ]
                if len(kept) == len(terms):
                    return product((shared, plus(kept)))
    return None


def _beside(array: Expr, shared: Expr) -> Expr | None:
    """B where `array` is `shared` * B entry by entry; None where it is not seen as that."""
    match array:
        case Product(factors) if shared in factors:
            return _without(factors, factors.index(shared))
        case MatMul((Diag(u), *rest)) if shape(u)[1] == ONE and matmul(rest) == shared:
            return matmul((_row_sums(u, shared), Ones((ONE, shape(shared)[1]))))
        case MatMul((*rest, Diag(u))) if shape(u)[1] == ONE and matmul(rest) == shared:
            return matmul((Ones((shape(shared)[0], ONE)), transpose(_row_sums(u, transpose(shared)))))
    return None


def _without(factors: Sequence[Expr], place: int) -> Expr:
    return product((*factors[:place], *factors[place + 1 :]))


def _row_sums(u: Expr, shared: Expr) -> Expr:
    """diag(P A'), and (G * A V) 1 with P = G V', as (P * A) 1 where A is `shared`; any other vector as it is."""
    scalars, array = split_scalars(u)
    beside: Expr | None = None
    match array:
        case Diag(MatMul(factors)):
            for cut in range(1, len(factors)):
                left, right = matmul(factors[:cut]), transpose(matmul(factors[cut:]))
                if shared in (left, right):
                    beside = right if left == shared else left
        case MatMul((Product((left, right)), Ones())):
            for one, other in ((left, right), (right, left)):
                match other:
                    case MatMul((first, *rest)) if first == shared:
                        beside = matmul((one, transpose(matmul(rest))))
    if beside is None:
        return u
    return product((*scalars, matmul((product((beside, shared)), Ones((shape(shared)[1], ONE))))))


@rule(
    "softmax",
    law=r"e^{z_{ij}} / \textstyle\sum_k e^{z_{ik}} = \operatorname{softmax}_{\mathrm{row}}(Z)_{ij}",
    source="definition",
)
def fold_softmax_along(expr: Expr) -> Expr | None:
    """e^Z with its rows over their sums, or its columns over theirs: by a diagonal matrix, or by sums spread by ones."""
    match expr:
        case MatMul(factors):
            for place, (left, right) in enumerate(pairwise(factors)):
                made = _scaled_softmax(left, right)
                if made is None and (turned := _scaled_softmax(transpose(right), transpose(left))) is not None:
                    made = transpose(turned)
                if made is not None:
                    return matmul((*factors[:place], made, *factors[place + 2 :]))
        case Product(factors):
            for place, factor in enumerate(factors):
                for other, powers in enumerate(factors):
                    made = _spread_softmax(factor, powers)
                    if made is not None:
                        return product(made if n == other else one for n, one in enumerate(factors) if n != place)
    return None


def _scaled_softmax(scaling: Expr, powers: Expr) -> Expr | None:
    """diag(v / s) times `powers`, where s are the sums of the rows of `powers`: diag(v) times a softmax."""
    if not isinstance(scaling, Diag) or shape(scaling.body)[1] != ONE:
        return None
    sums = Power(matmul((powers, Ones((shape(powers)[1], ONE)))), MINUS_ONE)
    soft = _softmax_of_rows(powers)
    scales = factors_of(scaling.body)
    if soft is None or sums not in scales:
        return None
    rest = _without(scales, scales.index(sums))
    return soft if len(scales) == 1 else matmul((Diag(rest) if shape(rest) == shape(scaling.body) else rest, soft))


def _spread_softmax(below: Expr, powers: Expr) -> Expr | None:
    """`powers` over the sums of its rows, or of its columns, at every place of them."""
    rows, columns = shape(powers)
    across, down = matmul((powers, Ones((columns, ONE)))), matmul((Ones((ONE, rows)), powers))
    match below:
        case Power(MatMul() as spread, exponent) if exponent == MINUS_ONE:
            if spread in (matmul((powers, Ones((columns, columns)))), matmul((across, Ones((ONE, columns))))):
                return _softmax_of_rows(powers)
            if spread in (matmul((Ones((rows, rows)), powers)), matmul((Ones((rows, ONE)), down))):
                turned = _softmax_of_rows(transpose(powers))
                return None if turned is None else transpose(turned)
    return None


def _softmax_of_rows(powers: Expr) -> Expr | None:
    """The softmax of the rows of e^Z, or of its transpose; None of what is no exponential of a matrix."""
    match powers:
        case Apply(Function("exp"), (z,)) if ONE not in shape(z):
            return Softmax(z, 1)
        case Transpose(Apply(Function("exp"), (z,))) if ONE not in shape(z):
            return Transpose(Softmax(z, 0))
    return None


ALONG_AXES: tuple[Rule, ...] = (scaled_entrywise, fold_softmax_along)
