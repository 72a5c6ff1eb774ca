"""Deltas go: a delta under a sum keeps one term of it.

Each application removes a delta and a sum, or brings a delta nearer to its sum, so the rules come to an end.
"""

from __future__ import annotations

from derivgen.derivation import Rule, rule
from derivgen.expr.build import factors_of, plus, product
from derivgen.expr.nodes import Delta, Expr, Group, Index, Plus, Product, Subscript, Sum
from derivgen.expr.walk import all_indices, free_indices, rename, subexpressions

SOURCE = "Itskov, Tensor Algebra and Tensor Analysis (2019), sec. 1.2"


@rule("a delta keeps one term of its sum", law=r"\sum_j \delta_{jk}\, t_j = t_k", source=SOURCE)
def contraction(expr: Expr) -> Expr | None:
    match expr:
        case Sum(index, body):
            found = _without_delta(body, index)
            if found is not None:
                rest, other = found
                return rename(rest, index, other)
    return None


def _without_delta(expr: Expr, index: Index) -> tuple[Expr, Subscript] | None:
    """`expr` without its factor delta(index, other), and other; None where it has no such factor.

    `other` is not an index that is bound between the delta and the sum over `index`. A sum of terms has the factor
    where each of them has it.
    """
    match expr:
        case Delta(left, right) if index in (left, right) and left != right:
            return product(()), right if left == index else left
        case Sum(bound, body) if bound != index:
            found = _without_delta(body, index)
            if found is None or found[1] == bound:
                return None
            return Sum(bound, found[0]), found[1]
        case Plus(terms):
            parted = [_without_delta(term, index) for term in terms]
            others = {one[1] for one in parted if one is not None}
            if None in parted or len(others) != 1:
                return None
            return plus(one[0] for one in parted if one is not None), others.pop()
        case Product(factors):
            for place, factor in enumerate(factors):
                found = _without_delta(factor, index)
                if found is not None:
                    rest, other = found
                    return product((*factors[:place], *_if_not_one(rest), *factors[place + 1 :])), other
    return None


def _if_not_one(rest: Expr) -> tuple[Expr, ...]:
    return () if rest == product(()) else (rest,)


@rule("sum of sums", law=r"\sum_i (u_i + v_i) = \sum_i u_i + \sum_i v_i", source=SOURCE)
def split_sum(expr: Expr) -> Expr | None:
    """Only where a term has a delta to contract."""
    match expr:
        case Sum(index, body):
            inner = _innermost(body)
            if isinstance(inner, Plus) and _has_delta(inner.terms, index):
                return plus(Sum(index, _put_innermost(body, term)) for term in inner.terms)
    return None


def _innermost(expr: Expr) -> Expr:
    """What a sum of sums adds up."""
    while isinstance(expr, Sum):
        expr = expr.body
    return expr


@rule("distribute", law=r"a\,(u + v) = a\,u + a\,v", source=SOURCE)
def distribute(expr: Expr) -> Expr | None:
    """Only where the sum has a delta whose index is free in it: the delta has to reach its sum."""
    match expr:
        case Sum(index, body):
            factors = factors_of(body)
            for place, factor in enumerate(factors):
                if len(factors) > 1 and isinstance(factor, Plus) and _has_delta(factor.terms, index):
                    before, after = factors[:place], factors[place + 1 :]
                    return Sum(index, plus(product((*before, term, *after)) for term in factor.terms))
            inner = _innermost(body)
            if inner is not body:
                rewritten = distribute(Sum(index, inner))
                if rewritten is not None:
                    assert isinstance(rewritten, Sum)
                    return Sum(index, _put_innermost(body, rewritten.body))
    return None


@rule("distribute over a sum", law=r"a \sum_j u_j = \sum_j a\,u_j", source=SOURCE)
def sum_in_front(expr: Expr) -> Expr | None:
    """The factors in their order; only where nothing else in the product has the letter that is bound."""
    if isinstance(expr, Product):
        for place, factor in enumerate(expr.factors):
            bare = factor.body if isinstance(factor, Group) else factor
            others = (*expr.factors[:place], *expr.factors[place + 1 :])
            if isinstance(bare, Sum) and not any(bare.index in all_indices(other) for other in others):
                return Sum(bare.index, product((*expr.factors[:place], bare.body, *expr.factors[place + 1 :])))
    return None


def _put_innermost(sums: Expr, body: Expr) -> Expr:
    return Sum(sums.index, _put_innermost(sums.body, body)) if isinstance(sums, Sum) else body


def _has_delta(terms: tuple[Expr, ...], index: Index) -> bool:
    return any(
        isinstance(node, Delta) and index in (node.left, node.right) and index in free_indices(term)
        for term in terms
        for node in subexpressions(term)
    )


CONTRACTION: tuple[Rule, ...] = (contraction, split_sum, distribute)
