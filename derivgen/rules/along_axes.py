"""Laws about the rows and columns of a matrix: scaled, summed, exponentials over their sums.

Each rule leaves fewer diagonal matrices or fewer powers.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from derivgen.derivation import Rule, rule
from derivgen.expr.build import factors_of, matmul, plus, product, split_scalars, transpose
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE,
    Apply,
    Diag,
    Dim,
    Expr,
    Function,
    MatMul,
    Number,
    Ones,
    Plus,
    Power,
    Product,
    Size,
    Softmax,
    Transpose,
    Zeros,
)
from derivgen.expr.shapes import shape
from derivgen.rules.algebra import like_terms

MAGNUS = "Magnus & Neudecker, Matrix Differential Calculus (2019)"


@rule(
    "sums of rows",
    law=r"(G \odot A V)\,\mathbf{1} = ((G V^{\mathsf T}) \odot A)\,\mathbf{1},\ "
    r"\operatorname{diag}(P A^{\mathsf T}) = (P \odot A)\,\mathbf{1}",
    source=f"{MAGNUS}, sec. 3.6",
)
def sums_of_rows(expr: Expr) -> Expr | None:
    """Those that scale the rows, or the columns, of an A beside a Hadamard product with A, as sums of P * A."""
    match expr:
        case Plus(terms):
            for shared in _shared(terms):
                changed = plus(_with_sums(term, shared) for term in terms)
                if changed != expr:
                    return changed
    return None


def _shared(terms: Sequence[Expr]) -> list[Expr]:
    """The factors of the first Hadamard product among `terms`, where not all of them are one."""
    split = [split_scalars(term)[1] for term in terms]
    products = [array for array in split if isinstance(array, Product)]
    return list(products[0].factors) if 0 < len(products) < len(split) else []


def _with_sums(term: Expr, shared: Expr) -> Expr:
    """`term`, diag(u) A or A diag(u) where A is `shared`, with u as the sums of rows, or of columns, of P * A."""
    scalars, array = split_scalars(term)
    match array:
        case MatMul((Diag(u), *rest)) if matmul(rest) == shared:
            return product((*scalars, matmul((Diag(_row_sums(u, shared)), shared))))
        case MatMul((*rest, Diag(u))) if matmul(rest) == shared:
            return product((*scalars, matmul((shared, Diag(_row_sums(u, transpose(shared)))))))
    return term


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
    "rows scaled, entry by entry",
    law=r"A \odot P - \operatorname{diag}(u)\,A = A \odot (P - u\,\mathbf{1}^{\mathsf T})",
    source=f"{MAGNUS}, sec. 3.6",
)
def scaled_entrywise(expr: Expr) -> Expr | None:
    """Where each term is a Hadamard product with A, or A with its rows or columns scaled."""
    match expr:
        case Plus(terms):
            for shared in _shared(terms):
                beside = [_beside(term, shared) for term in terms]
                kept = [one for one in beside if one is not None]
                if len(kept) == len(terms):
                    return product((shared, plus(kept)))
    return None


def _beside(term: Expr, shared: Expr) -> Expr | None:
    """B where `term` is `shared` * B entry by entry; None where it is not seen as that."""
    scalars, array = split_scalars(term)
    rows, columns = shape(shared)
    match array:
        case Product(factors) if shared in factors:
            return product((*scalars, _without(factors, factors.index(shared))))
        case MatMul((Diag(u), *rest)) if matmul(rest) == shared and shape(u)[1] == ONE:
            return product((*scalars, matmul((u, Ones((ONE, columns))))))
        case MatMul((*rest, Diag(u))) if matmul(rest) == shared and shape(u)[1] == ONE:
            return product((*scalars, matmul((Ones((rows, ONE)), transpose(u)))))
    return None


def _without(factors: Sequence[Expr], place: int) -> Expr:
    return product((*factors[:place], *factors[place + 1 :]))


@rule(
    "softmax",
    law=r"e^{z_{ij}} / \textstyle\sum_k e^{z_{ik}} = \operatorname{softmax}_{\mathrm{row}}(Z)_{ij}",
    source="definition",
)
def fold_softmax_along(expr: Expr) -> Expr | None:
    """e^Z with its rows, or its columns, over their sums: by a diagonal matrix, or by sums that ones spread."""
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


@rule(
    "deviations add up to zero",
    law=r"\mathbf{1}^{\mathsf T}(X - \tfrac{1}{m}\,\mathbf{1}\,\mathbf{1}^{\mathsf T} X) = 0",
    source="definition",
)
def no_deviations(expr: Expr) -> Expr | None:
    """The sums of the columns, or of the rows, of a sum whose terms cancel there."""
    match expr:
        case MatMul(factors):
            for place, (left, right) in enumerate(pairwise(factors)):
                if isinstance(left, Ones) and isinstance(right, Plus):
                    terms = [_ones_joined((left, term)) for term in right.terms]
                elif isinstance(left, Plus) and isinstance(right, Ones):
                    terms = [_ones_joined((term, right)) for term in left.terms]
                else:
                    continue
                if isinstance(like_terms(plus(terms)), Zeros):
                    zero = Zeros((shape(left)[0], shape(right)[1]))
                    return matmul((*factors[:place], zero, *factors[place + 2 :])) if len(factors) > 2 else zero
    return None


def _ones_joined(factors: Sequence[Expr]) -> Expr:
    """The matrix product of `factors`, with 1'1 as the number it is, and that cancelled."""
    scalars, chain = split_scalars(matmul(factors))
    links = list(chain.factors) if isinstance(chain, MatMul) else [chain]
    counts: list[Dim] = []
    place = 1
    while place < len(links):
        left, right = links[place - 1], links[place]
        if isinstance(left, Ones) and isinstance(right, Ones):
            counts += () if left.shape[1] == ONE else (left.shape[1],)
            links[place - 1 : place + 1] = [Ones((left.shape[0], right.shape[1]))]
        else:
            place += 1
    kept = list(scalars)
    for count in counts:
        below = Power(Size(count), MINUS_ONE) if count.names else Number(Fraction(1, count.number))
        if below not in kept:
            return matmul(factors)
        kept.remove(below)
    return product((*kept, matmul(links)))


ALONG_AXES: tuple[Rule, ...] = (no_deviations, sums_of_rows, scaled_entrywise, fold_softmax_along)
