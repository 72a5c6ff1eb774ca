"""A true derivation is verified; one that is wrong anywhere is not."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from derivgen.derivation import Conclude, Derivation, Instance, Rewrite, rule
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE,
    SCALAR,
    Apply,
    Delta,
    Det,
    Dim,
    Entry,
    Expr,
    Index,
    Kron,
    Layout,
    LogDet,
    MatMul,
    Norm,
    Ones,
    Partial,
    Plus,
    Power,
    Product,
    Sum,
    Symbol,
    Total,
    Trace,
    Transpose,
    number,
)
from derivgen.verify.checks import check_derivation, check_equal

from .symbols import A, W, X, at, fun, half, i, j, k, l, n, r, t, u, x, y


@rule("any law", law="", source="")
def any_law(expr: Expr) -> Expr | None:
    return expr


f = Symbol("f")
dx_k = at(x, k)
STATEMENT = MatMul((Transpose(x), A, x))
DOUBLE_SUM = Sum(i, Sum(j, Product((at(x, i), at(A, i, j), at(x, j)))))
PENDING = Partial(DOUBLE_SUM, dx_k)
MOVED = Sum(i, Sum(j, Partial(Product((at(x, i), at(A, i, j), at(x, j))), dx_k)))
BY_FACTOR = Sum(
    i,
    Sum(
        j,
        Plus(
            (
                Product((Delta(i, k), at(A, i, j), at(x, j))),
                Product((at(x, i), at(A, i, j), Delta(j, k))),
            )
        ),
    ),
)
CONTRACTED = Plus((Sum(j, Product((at(A, k, j), at(x, j)))), Sum(i, Product((at(x, i), at(A, i, k))))))
ENTRIES = Plus((Entry(MatMul((A, x)), (k,)), Entry(MatMul((Transpose(A), x)), (k,))))
RESULT = MatMul((Plus((A, Transpose(A))), x))


def line(before: Expr, after: Expr, heading: Expr = f, **more: Any) -> Rewrite:
    return Rewrite((any_law,), before, after, heading, **more)


def quadratic_form() -> Derivation:
    """d(x'Ax)/dx as it should be."""
    df = Partial(f, dx_k)
    chain = (PENDING, MOVED, BY_FACTOR, CONTRACTED, ENTRIES)
    lines = [line(before, after, df) for before, after in pairwise(chain)]
    lines[1] = replace(lines[1], instances=(Instance(Partial(at(x, i), dx_k), Delta(i, k)),))
    return Derivation(
        task="derive",
        statement=STATEMENT,
        steps=(line(STATEMENT, DOUBLE_SUM), *lines, Conclude(PENDING, RESULT, Partial(f, dx_k), k, None)),
        result=RESULT,
        form="matrix",
        shape=(n, ONE),
        quantity=f,
        wrt=x,
        layout=Layout.DENOMINATOR,
        wrt_indices=(k,),
    )


def test_a_true_derivation_is_verified() -> None:
    report = check_derivation(quadratic_form())
    assert report.verified and not report.is_wrong
    assert {verdict.status for verdict in report.verdicts} == {"exact"}
    assert {verdict.points for verdict in report.verdicts} == {3}


def with_line(place: int, **changes: Any) -> Derivation:
    """The derivation with one line changed, and the line after it going on from there."""
    true = quadratic_form()
    steps = list(true.steps)
    changed = replace(steps[place], **changes)
    steps[place] = changed
    if isinstance(changed, Rewrite) and place + 1 < len(steps):
        following = steps[place + 1]
        if isinstance(following, Rewrite) and following.before == true.lines[place].after:
            steps[place + 1] = replace(following, before=changed.after)
    return replace(true, steps=tuple(steps))


LOST = Sum(j, Product((at(A, k, j), at(x, j))))
SWAPPED = Sum(i, Sum(j, Plus((Product((Delta(i, k), at(A, j, i), at(x, j))), *BY_FACTOR.body.body.terms[1:]))))
MINUS = Plus((ENTRIES.terms[0], Product((MINUS_ONE, ENTRIES.terms[1]))))
UNTURNED = Plus((ENTRIES.terms[0], ENTRIES.terms[0]))
AT_L = Plus((Entry(MatMul((A, x)), (l,)), Entry(MatMul((Transpose(A), x)), (l,))))
SQUARE = MatMul((Transpose(x), x))
FALSE_LAW = Instance(Partial(at(x, i), dx_k), number(1))

# what is wrong, the step it is wrong in, what is changed there
WRONG: list[tuple[str, int, dict[str, Any]]] = [
    ("a wrong start", 0, {"before": SQUARE, "after": SQUARE}),
    ("a shape that does not fit", 0, {"after": Product((x, A))}),
    ("an array for a scalar", 1, {"after": x}),
    ("a false law beside a line", 1, {"instances": (FALSE_LAW,)}),
    ("a false substep", 1, {"substeps": (line(MOVED, DOUBLE_SUM),)}),
    ("a false heading", 1, {"heading": f}),
    ("swapped subscripts", 2, {"after": SWAPPED}),
    ("a true line that does not go on", 3, {"before": number(1), "after": number(1)}),
    ("a true line about something else", 3, {"before": at(x, k), "after": at(x, k)}),
    ("a dropped term", 3, {"after": LOST}),
    ("a wrong sign", 4, {"after": MINUS}),
    ("a forgotten transpose", 4, {"after": UNTURNED}),
    ("another free index", 4, {"after": AT_L}),
    ("a conclusion from other entries", 5, {"result": MatMul((A, x))}),
    ("a conclusion at no place", 5, {"rows": None, "result": SQUARE}),
    ("a conclusion about another goal", 5, {"goal": Partial(DOUBLE_SUM, at(y, k))}),
]


@pytest.mark.parametrize(("place", "changes"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_wrong_line_is_found(place: int, changes: dict[str, Any]) -> None:
    report = check_derivation(with_line(place, **changes))
    assert report.is_wrong and not report.verified
    assert report.verdicts[place].status == "wrong", report.verdicts[place]


# results that are wrong although each line is true
RESULTS: list[tuple[str, dict[str, Any]]] = [
    ("another result", {"result": MatMul((A, x))}),
    ("transposed", {"result": Transpose(RESULT)}),
    ("another layout", {"layout": Layout.NUMERATOR}),
    ("by a row", {"wrt_transposed": True}),
    ("another order", {"order": 2}),
    ("a scalar", {"result": number(0)}),
    ("wrong in another layout", {"others": ((Layout.NUMERATOR, RESULT),)}),
]


@pytest.mark.parametrize("changes", [row[1] for row in RESULTS], ids=[row[0] for row in RESULTS])
def test_a_wrong_result_is_found(changes: dict[str, Any]) -> None:
    report = check_derivation(replace(quadratic_form(), **changes))
    assert report.result.status == "wrong" and report.is_wrong


def test_the_result_in_other_layouts() -> None:
    others = ((Layout.NUMERATOR, Transpose(RESULT)), (Layout.MIXED, RESULT))
    assert check_derivation(replace(quadratic_form(), others=others)).verified


def test_an_index_form() -> None:
    true = quadratic_form()
    steps = (*true.steps[:4], Conclude(PENDING, CONTRACTED, Partial(f, dx_k), None, None))
    index_form = replace(true, steps=steps, result=CONTRACTED, form="index", shape=SCALAR, reason="for once")
    assert check_derivation(index_form).verified
    wrong = replace(index_form, result=CONTRACTED.terms[0])
    assert check_derivation(wrong).result.status == "wrong"


def test_a_hessian() -> None:
    true = quadratic_form()
    second = Partial(PENDING, at(x, l))
    result = Plus((A, Transpose(A)))
    entry = Plus((at(A, k, l), at(A, l, k)))
    steps = (line(second, entry, Partial(Partial(f, dx_k), at(x, l))), Conclude(second, result, f, k, l))
    hessian = replace(true, steps=(*true.steps[:-1], *steps), result=result, order=2, wrt_indices=(k, l), shape=(n, n))
    assert check_derivation(hessian).verified
    assert check_derivation(replace(hessian, result=A)).result.status == "wrong"


def test_a_matrix_form() -> None:
    statement = Sum(j, Product((at(A, i, j), at(x, j))))
    result = MatMul((A, x))
    good = Derivation(
        "matrix_form",
        statement,
        (
            line(statement, Entry(result, (i,)), at(Symbol("y", (n, ONE)), i)),
            Conclude(statement, result, statement, i, None),
        ),
        result,
        "matrix",
        (n, ONE),
        quantity=y,
        value_indices=(i,),
    )
    assert check_derivation(good).verified
    assert check_derivation(replace(good, result=MatMul((Transpose(A), x)))).result.status == "wrong"


def test_an_unused_name_in_a_heading_is_let_be() -> None:
    """A heading may name what nobody defined; one that names something known must be right."""
    assert check_derivation(with_line(2, heading=Symbol("g"))).verified


def test_definitions_are_followed() -> None:
    z = Symbol("z", x.shape)
    statement = MatMul((Transpose(z), z))
    derivation = Derivation(
        "derive",
        statement,
        (),
        Product((number(2), MatMul((Transpose(A), z)))),
        "matrix",
        (n, ONE),
        wrt=x,
        layout=Layout.DENOMINATOR,
        wrt_indices=(k,),
    )
    assert check_derivation(derivation, {}, {"z": MatMul((A, x))}).verified
    assert not check_derivation(derivation, {}, {"z": MatMul((Transpose(A), x))}).verified


S = Symbol("S", (n, n), frozenset({"symmetric"}))
O = Symbol("O", (n, n), frozenset({"orthogonal"}))
log, root, absolute = fun("log"), fun("sqrt"), fun("abs")
f_prime = fun("f", 1, abstract=True)

# before, after, the status that is due
EQUALITIES: list[tuple[Expr, Expr, str]] = [
    (Trace(MatMul((A, S))), Trace(MatMul((S, A))), "exact"),
    (Transpose(S), S, "exact"),
    (Transpose(A), A, "wrong"),
    (MatMul((Transpose(O), O, x)), x, "exact"),
    (MatMul((O, x)), x, "wrong"),
    (MatMul((Transpose(W), W)), MatMul((W, Transpose(W))), "wrong"),
    (Power(Norm(x), number(2)), MatMul((Transpose(x), x)), "numeric"),
    (Apply(root, (Power(t, number(2)),)), Apply(absolute, (t,)), "numeric"),
    (Apply(root, (Power(t, number(2)),)), t, "wrong"),
    # only where the logarithm is real
    (Apply(log, (Product((t, u)),)), Plus((Apply(log, (t,)), Apply(log, (u,)))), "numeric"),
    (Apply(log, (Det(X),)), LogDet(X), "numeric"),
    # nowhere
    (Apply(log, (Product((MINUS_ONE, Power(t, number(2)))),)), t, "unchecked"),
    (Power(Plus((t, Product((MINUS_ONE, t)))), MINUS_ONE), t, "unchecked"),
    (Partial(Apply(fun("f", abstract=True), (t,)), t), Apply(f_prime, (t,)), "numeric"),
    (Partial(Apply(fun("f", abstract=True), (Power(t, number(2)),)), t), Apply(f_prime, (t,)), "wrong"),
    # what cancels leaves rounding
    (Plus((Apply(fun("exp"), (t,)), Product((MINUS_ONE, Apply(fun("exp"), (t,)))))), number(0), "numeric"),
    (
        Plus((Apply(fun("sin"), (t,)), u, Product((MINUS_ONE, u)), Product((MINUS_ONE, Apply(fun("sin"), (t,)))))),
        number(0),
        "numeric",
    ),
    # a small error in a large sum is an error
    (Plus((Apply(fun("exp"), (t,)), number(half(1) / 10**6))), Apply(fun("exp"), (t,)), "wrong"),
    (Entry(MatMul((W, x)), (r,)), Sum(j, Product((at(W, r, j), at(x, j)))), "exact"),
    (Sum(i, at(x, i)), at(x, i), "wrong"),
    (number(0), Product((x, number(0))), "wrong"),
    # what is symmetric on one side only may not make the other so
    (Transpose(A), Symbol("A", (n, n), frozenset({"symmetric"})), "wrong"),
]


@pytest.mark.parametrize(("before", "after", "status"), EQUALITIES)
def test_equalities(before: Expr, after: Expr, status: str) -> None:
    verdict = check_equal(before, after)
    assert verdict.status == status, verdict
    if verdict.holds:
        assert verdict.points == 3


_letters = [Index(f"q{place}", n) for place in range(30)]
_huge = Dim(10**6)
_big = Symbol("Z", (Dim(300), Dim(300)))


def _nested() -> Expr:
    """(x_1 + ... + x_n)^30, multiplied out."""
    body: Expr = Product(tuple(at(x, letter) for letter in _letters))
    for letter in _letters:
        body = Sum(letter, body)
    return body


@pytest.mark.parametrize(
    "expr",
    [_nested(), MatMul((_big, _big)), at(A, 1000, 1), Ones((_huge, _huge)), Trace(Kron(_big, _big))],
)
def test_what_is_too_large_is_not_computed(expr: Expr) -> None:
    verdict = check_equal(expr, number(0))
    assert verdict.status == "unchecked" and "too many" in verdict.message


def test_numbers_stay_of_a_size() -> None:
    tower: Expr = t
    for _ in range(4):
        tower = Power(tower, number(1000))
    assert not check_equal(tower, Plus((tower, t))).holds


def test_a_wrong_verdict_says_where() -> None:
    message = check_equal(at(A, i, j), at(A, j, i)).message
    assert "i = " in message and "j = " in message and " is not " in message


def test_where_it_was_checked() -> None:
    logs = Total(Apply(log, (A,)))
    assert check_equal(logs, logs).message == "checked where numbers are positive"
