"""Each outcome of a claim."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from derivgen.derivation import Derivation
from derivgen.errors import Place
from derivgen.expr.nodes import (
    ONE,
    SCALAR,
    Apply,
    Delta,
    Dim,
    Entry,
    Expr,
    Index,
    Layout,
    MatMul,
    Plus,
    Power,
    Product,
    Row,
    Softmax,
    Sum,
    Symbol,
    Total,
    Transpose,
    number,
)
from derivgen.problem.model import Claim, Part, Scope
from derivgen.verify.checks import ClaimVerdict, check_claim

from .symbols import A, W, X, at, fun, i, j, k, n, r, t, x, y

D, N, M = Layout.DENOMINATOR, Layout.NUMERATOR, Layout.MIXED
q = Index("q", n)
FORM = MatMul((Transpose(x), A, x))
GRADIENT = MatMul((Plus((A, Transpose(A))), x))
MAP = MatMul((W, x))


def judged(claim: Expr, statement: Expr, wrt: Symbol | None, layout: Layout = D, **more: Any) -> ClaimVerdict:
    scope = Scope(values=more.pop("values", {}))
    digits = more.pop("digits", None)
    derivation = Derivation("derive", statement, (), number(0), "matrix", SCALAR, wrt=wrt, **more)
    part = Part("derive", scope, Place("problem", 1, 1), statement, wrt=wrt)
    return check_claim(Claim(claim, "", digits=digits), part, layout, derivation)


K = {"wrt_indices": (k,)}
SQUARE_ROOTS = MatMul((Transpose(x), Transpose(A), A, x))
II = {"value_indices": (i,), "wrt_indices": (k,)}
IK = {"value_indices": (r,), "wrt_indices": (k,)}

# claim, statement, wrt, layout, the rest of the derivation, status, part of the message
CLAIMS: list[tuple[Expr, Expr, Symbol, Layout, dict[str, Any], str, str]] = [
    (GRADIENT, FORM, x, D, K, "holds", ""),
    (Transpose(GRADIENT), FORM, x, N, K, "holds", ""),
    (Transpose(GRADIENT), FORM, x, D, K, "other layout", "claim is right in numerator layout"),
    (GRADIENT, FORM, x, N, K, "other layout", "claim is right in denominator layout"),
    (W, MAP, x, D, IK, "other layout", "claim is right in numerator layout"),
    (Transpose(W), MAP, x, D, IK, "holds", ""),
    (Product((number(2), MatMul((A, x)))), FORM, x, D, K, "holds under assumption", "only if A is symmetric"),
    (
        Product((number(2), x)),
        MatMul((Transpose(x), Transpose(A), A, x)),
        x,
        D,
        K,
        "holds under assumption",
        "A is orthogonal",
    ),
    (number(0), FORM, x, D, K, "holds under assumption", "A is skew"),
    (number(1), Apply(fun("abs"), (t,)), t, D, {}, "holds under assumption", "t is positive"),
    (MatMul((A, x)), FORM, x, D, K, "wrong", "the derivative is"),
    (Product((number(-1), GRADIENT)), FORM, x, D, K, "wrong", "at x = ("),
    (MatMul((Transpose(x), A, x)), FORM, x, D, K, "wrong", "claim has shape (1, 1), the derivative is (n, 1)"),
    (Total(x), MAP, x, D, IK, "wrong", "the derivative is (n, m)"),
    # zero for an array of zeros
    (number(0), MatMul((Transpose(y), y)), x, D, K, "holds", ""),
    # a claim in index notation has no layout; its letters may be others
    (Product((number(2), at(x, k))), MatMul((Transpose(x), x)), x, N, K, "holds", ""),
    (Product((number(2), at(x, j))), MatMul((Transpose(x), x)), x, D, K, "holds", ""),
    (at(W, r, k), MAP, x, D, IK, "holds", ""),
    (at(W, Index("a", W.shape[0]), Index("b", n)), MAP, x, D, IK, "holds", ""),
    (
        at(A, k, i),
        MatMul((A, x)),
        x,
        D,
        {"value_indices": (i,), "wrt_indices": (k,)},
        "holds under assumption",
        "symmetric",
    ),
    (at(x, k), MatMul((Transpose(x), x)), x, D, K, "wrong", "k = "),
    (at(W, r, k), FORM, x, D, K, "wrong", "indices"),
    # softmax by cases
    (
        Product((Entry(Softmax(x), (i,)), Plus((Delta(i, k), Product((number(-1), Entry(Softmax(x), (k,)))))))),
        Softmax(x),
        x,
        D,
        {"value_indices": (i,), "wrt_indices": (k,)},
        "holds",
        "",
    ),
]


@pytest.mark.parametrize(("claim", "statement", "wrt", "layout", "more", "status", "message"), CLAIMS)
def test_claims(
    claim: Expr, statement: Expr, wrt: Symbol, layout: Layout, more: dict[str, Any], status: str, message: str
) -> None:
    verdict = judged(claim, statement, wrt, layout, **more)
    assert verdict.status == status, verdict
    assert message in verdict.message


def test_a_counterexample_can_be_followed() -> None:
    """The numbers of the message are those of the point that it names."""
    message = judged(Product((number(3), x)), MatMul((Transpose(x), x)), x, **K).message
    assert message.startswith("claim is wrong: at x = (")
    given = message.split("x = (")[1].split(")")[0].split(", ")
    row = int(message.split("entry (")[1].split(",")[0]) - 1
    assert f"it gives {3 * int(given[row])}, the derivative is {2 * int(given[row])}" in message


pair = Symbol("v", (Dim(2), ONE))
THIRDS = {"v": ((Fraction(1, 3),), (Fraction(2, 7),))}


def decimals(*numbers: str) -> Expr:
    """A column of given decimals."""
    e = [Delta(Index("e", Dim(2)), place) for place in (1, 2)]
    return Plus(tuple(Product((number(Fraction(value)), one)) for value, one in zip(numbers, e, strict=True)))


# the claim for 2 v = (0.66666..., 0.571428...)
ROUNDED: list[tuple[tuple[str, str], int, str, str]] = [
    (("0.6667", "0.5714"), 4, "holds", ""),
    (("0.67", "0.57"), 2, "holds", ""),
    (("0.6666", "0.5714"), 4, "rounded", "right to 3 digits, the last one should be 7"),
    (("0.6667", "0.5715"), 4, "rounded", "right to 3 digits, the last one should be 4"),
    (("0.6664", "0.5714"), 4, "wrong", "the derivative is"),
    (("0.5714", "0.6667"), 4, "wrong", "the derivative is"),
]


@pytest.mark.parametrize(("numbers", "digits", "status", "message"), ROUNDED)
def test_rounding(numbers: tuple[str, str], digits: int, status: str, message: str) -> None:
    e = Index("e", Dim(2))
    statement = MatMul((Transpose(pair), pair))
    verdict = judged(decimals(*numbers), statement, pair, values=THIRDS, digits=digits, wrt_indices=(e,))
    assert verdict.status == status, verdict
    assert message in verdict.message


# the claims of the tasks matrix_form and element_form: statement, claim, value indices, status
FORMS: list[tuple[Expr, Expr, tuple[Index, ...], str]] = [
    (Sum(j, Product((at(A, i, j), at(x, j)))), MatMul((A, x)), (i,), "holds"),
    (Sum(j, Product((at(A, j, i), at(x, j)))), MatMul((A, x)), (i,), "holds under assumption"),
    (Sum(j, Product((at(A, i, j), at(X, j, k)))), MatMul((A, X)), (i, k), "holds"),
    (Sum(j, Product((at(A, i, j), at(X, k, j)))), Transpose(MatMul((A, X))), (i, k), "wrong"),
    (FORM, Sum(i, Sum(j, Product((at(x, i), at(A, i, j), at(x, j))))), (), "holds"),
    (MatMul((A, x)), Sum(j, Product((at(A, i, j), at(x, j)))), (i,), "holds"),
    (MatMul((A, x)), Sum(j, Product((at(A, q, j), at(x, j)))), (i,), "holds"),
    (MatMul((A, X)), Sum(j, Product((at(A, k, j), at(X, j, i)))), (i, k), "wrong"),
    # a row is not a column
    (MatMul((Transpose(x), A)), MatMul((Transpose(A), x)), (i,), "wrong"),
    (Sum(i, Product((at(x, i), Row(A, i)))), MatMul((Transpose(A), x)), (j,), "holds"),
    (Sum(j, at(A, i, j)), Power(number(2), number(2)), (i,), "wrong"),
]


@pytest.mark.parametrize(("statement", "claim", "indices", "status"), FORMS)
def test_forms(statement: Expr, claim: Expr, indices: tuple[Index, ...], status: str) -> None:
    verdict = judged(claim, statement, None, value_indices=indices)
    assert verdict.status == status, verdict


def test_a_known_assumption_is_used() -> None:
    S = Symbol("S", (n, n), frozenset({"symmetric"}))
    form = MatMul((Transpose(x), S, x))
    assert judged(Product((number(2), MatMul((S, x)))), form, x, **K).status == "holds"
    # 2 X holds for independent entries of a symmetric X, not for X moved inside its structure
    square = MatMul((Transpose(x), x))
    assert judged(Product((number(2), x)), square, x, **K).status == "holds"
