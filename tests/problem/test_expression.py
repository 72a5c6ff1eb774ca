"""Expressions: what is built, what is refused and how it is said."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest

from derivgen.errors import ExpressionError
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE,
    Apply,
    Column,
    Commutation,
    Delta,
    Derivative,
    Det,
    Diag,
    Dim,
    Entry,
    Expr,
    Eye,
    Function,
    Group,
    Image,
    Index,
    Inverse,
    Kron,
    Layout,
    LogDet,
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
    Size,
    Softmax,
    Sum,
    Symbol,
    Total,
    Trace,
    Transpose,
    Upper,
    Vec,
    Zeros,
    number,
)
from derivgen.problem.expression import parse_expression
from derivgen.problem.tokens import LatexText
from derivgen.render.latex import latex
from derivgen.verify.checks import check_equal
from tests.problem.scope import SCOPE, A, B, M, a, b, c, k, lam, m, n, p, s, t, x, y

i_m, i_n, j_n, j_m = Index("i", m), Index("i", n), Index("j", n), Index("j", m)
f1 = Function("f", (0,), abstract=True)


def inverse_of(expr: Expr) -> Expr:
    return Power(expr, MINUS_ONE)


BUILT: list[tuple[str, Expr]] = [
    ("x", x),
    ("λ", lam),
    ("lambda * x", Product((lam, x))),
    ("0.8", Number(Fraction(4, 5))),
    ("1e3", number(1000)),
    (".5", Number(Fraction(1, 2))),
    ("010", number(10)),
    ("3/4", Number(Fraction(3, 4))),
    ("-2", number(-2)),
    ("+x", x),
    ("-x", Product((MINUS_ONE, x))),
    ("-(2*x)", Product((MINUS_ONE, number(2), x))),
    ("a + (b - x) + x", Plus((a, b, Product((MINUS_ONE, x)), x))),
    ("a - (b + x)", Plus((a, Product((MINUS_ONE, Plus((b, x))))))),
    ("a - 3", Plus((a, number(-3)))),
    ("a / b", Product((a, inverse_of(b)))),
    ("1 / s", inverse_of(s)),
    ("1/n", inverse_of(Size(n))),
    ("a * b * (x * s)", Product((a, b, x, s))),
    ("x**2", Power(x, number(2))),
    ("x**-1", Power(x, MINUS_ONE)),
    ("-x**2", Product((MINUS_ONE, Power(x, number(2))))),
    ("2**x", Power(number(2), x)),
    ("A @ x", MatMul((A, x))),
    ("2*A @ x", Product((number(2), MatMul((A, x))))),
    ("2*(A @ x)", Product((number(2), MatMul((A, x))))),
    ("-A @ x", Product((MINUS_ONE, MatMul((A, x))))),
    ("A @ (s*x)", Product((s, MatMul((A, x))))),
    ("y.T @ (A @ x)", MatMul((Transpose(y), A, x))),
    ("c.T @ a @ x.T @ b", MatMul((Transpose(c), a, Transpose(x), b))),
    ("-c.T @ a @ x.T @ b", Product((MINUS_ONE, MatMul((Transpose(c), a, Transpose(x), b))))),
    ("x @ (s * c.T @ a)", Product((s, MatMul((x, Transpose(c), a))))),
    ("(A @ x).T", Transpose(MatMul((A, x)))),
    ("x.T.T", x),
    ("s.T", s),
    ("(x.T @ x).T", MatMul((Transpose(x), x))),
    ("exp(x)", Apply(Function("exp"), (x,))),
    ("sqrt(s)", Apply(Function("sqrt"), (s,))),
    ("norm(x)**2", Power(Norm(x), number(2))),
    ("norm(x, 1)", Norm(x, 1)),
    ("norm(A)", Norm(A)),
    ("sum(x)", Total(x)),
    ("mean(x)", Product((inverse_of(Size(n)), Total(x)))),
    ("mean(A)", Product((inverse_of(Size(m * n)), Total(A)))),
    ("dot(a, b)", MatMul((Transpose(a), b))),
    ("outer(a, y)", MatMul((a, Transpose(y)))),
    ("tr(M)", Trace(M)),
    ("tr(x.T @ x)", Trace(MatMul((Transpose(x), x)))),
    ("det(M)", Det(M)),
    ("logdet(M)", LogDet(M)),
    ("logsumexp(x)", LogSumExp(x)),
    ("inv(M)", Inverse(M)),
    ("diag(x)", Diag(x)),
    ("diag(M)", Diag(M)),
    ("vec(A)", Vec(A)),
    ("kron(A, B)", Kron(A, B)),
    ("ones(n)", Ones((n, ONE))),
    ("ones(m, n)", Ones((m, n))),
    ("zeros(3)", Zeros((Dim(3), ONE))),
    ("eye(n)", Eye(n)),
    ("upper(n)", Upper(n)),
    ("h(x)", Image("h", (x,), (m, ONE))),
    ("h(M @ x)", Image("h", (MatMul((M, x)),), (m, ONE))),
    ("diff(h(x), x)", Derivative(Image("h", (x,), (m, ONE)), 0, Layout.DENOMINATOR)),
    ("diff(h(x)[i], x[j])", Partial(Entry(Image("h", (x,), (m, ONE)), (Index("i", m),)), Entry(x, (Index("j", n),)))),
    ("commutation(m, n)", Commutation((m, n))),
    ("softmax(x)", Softmax(x)),
    ("softmax(A, axis=1)", Softmax(A, 1)),
    ("softmax(A, axis=-1)", Softmax(A, 1)),
    ("softmax(A, axis=0)", Softmax(A, 0)),
    ("softmax(A, axis=-2)", Softmax(A, 0)),
    ("softmax(x, axis=0)", Softmax(x)),
    ("softmax(x.T, axis=1)", Softmax(Transpose(x))),
    ("logsumexp(A, axis=1)", LogSumExp(A, 1)),
    ("logsumexp(A, axis=0)", LogSumExp(A, 0)),
    ("sum(A, axis=1)", MatMul((A, Ones((n, ONE))))),
    ("sum(A, axis=0)", MatMul((Transpose(A), Ones((m, ONE))))),
    ("sum(A.T, axis=0)", MatMul((A, Ones((n, ONE))))),
    ("sum(x, axis=0)", Total(x)),
    ("mean(A, axis=1)", Product((inverse_of(Size(n)), MatMul((A, Ones((n, ONE))))))),
    ("mean(A, axis=0)", Product((inverse_of(Size(m)), MatMul((Transpose(A), Ones((m, ONE))))))),
    ("mean(x, axis=0)", Product((inverse_of(Size(n)), Total(x)))),
    ("matrix_power(M, 3)", MatrixPower(M, number(3))),
    ("matrix_power(M, k)", MatrixPower(M, k)),
    ("f(x)", Apply(f1, (x,))),
    ("D(f)(x)", Apply(Function("f", (1,), abstract=True), (x,))),
    ("D(f, 1, 1)(x)", Apply(Function("f", (2,), abstract=True), (x,))),
    ("D(g, 2)(x, s)", Apply(Function("g", (0, 1), abstract=True), (x, s))),
    ("e(x)", Apply(Function("e", (0,), abstract=True), (x,))),
    ("e(x, s)", Apply(Function("e", (0, 0), abstract=True), (x, s))),
    ("D(e)(x)", Apply(Function("e", (1,), abstract=True), (x,))),
    ("D(e, 2)(x, s)", Apply(Function("e", (0, 1), abstract=True), (x, s))),
    ("x[i]", Entry(x, (i_n,))),
    ("x.T[i]", Entry(Transpose(x), (i_n,))),
    ("x[3]", Entry(x, (3,))),
    ("A[i, j]", Entry(A, (i_m, j_n))),
    ("A[i, :]", Row(A, i_m)),
    ("A[:, j]", Column(A, j_n)),
    ("(A @ x)[i]", Entry(MatMul((A, x)), (i_m,))),
    ("x[w]", Entry(x, (Index("w", n),))),
    ("sum(A[i, j]*x[j], j)", Sum(j_n, Product((Entry(A, (i_m, j_n)), Entry(x, (j_n,)))))),
    ("sum(A[i, j]*x[j], i, j)", Sum(i_m, Sum(j_n, Product((Entry(A, (i_m, j_n)), Entry(x, (j_n,))))))),
    ("sum(x[i], i) + sum(y[i], i)", Plus((Sum(i_n, Entry(x, (i_n,))), Sum(i_m, Entry(y, (i_m,)))))),
    ("delta(i, j) * x[i]", Product((Delta(i_n, j_n), Entry(x, (i_n,))))),
    ("sum(delta(i, j), j) * x[i]", Product((Sum(j_n, Delta(i_n, j_n)), Entry(x, (i_n,))))),
    ("delta(1, i) * x[i]", Product((Delta(1, i_n), Entry(x, (i_n,))))),
    ("sum(s, w)", Sum(Index("w", n), s)),
    ("A @\n x", MatMul((A, x))),
]


@pytest.mark.parametrize(("text", "expected"), BUILT, ids=lambda case: case if isinstance(case, str) else "")
def test_built(text: str, expected: Expr) -> None:
    assert parse_expression(text, SCOPE) == expected


BROADCAST = "A - mean(A, axis=0)"
REFUSED: list[tuple[str, str]] = [
    ("A @ z", "in A @ z: A is (m, n), z is (p, 1): n and p differ"),
    ("x + A @ z", "in A @ z: A is (m, n), z is (p, 1): n and p differ"),
    ("x + z", "in x + z: x is (n, 1), z is (p, 1): n and p differ"),
    ("x * z", "in x * z: x is (n, 1), z is (p, 1): n and p differ"),
    ("x / z", "in x / z: x is (n, 1), z is (p, 1): n and p differ"),
    ("x ** z", "in x ** z: x is (n, 1), z is (p, 1): n and p differ"),
    ("A + B", "in A + B: A is (m, n), B is (n, p): m and n differ, n and p differ"),
    ("x + x.T", "in x + x.T: x is (n, 1), x.T is (1, n): n and 1 differ, 1 and n differ"),
    ("s @ x", "in s @ x: s is (1, 1), x is (n, 1): 1 and n differ"),
    ("g(x, z)", "in g(x, z): x is (n, 1), z is (p, 1): n and p differ"),
    ("dot(x, z)", "in dot(x, z): x is (n, 1), z is (p, 1): n and p differ"),
    ("tr(A)", "in tr(A): A is (m, n): tr takes a square matrix, m and n differ"),
    ("inv(A)", "in inv(A): A is (m, n): inv takes a square matrix, m and n differ"),
    (
        "matrix_power(M, s)",
        "in matrix_power(M, s): the power of a matrix is a whole number, or a scalar declared `integer`",
    ),
    ("norm(A, 1)", "in norm(A, 1): A is (m, n): a matrix has the norm norm(A) only (Frobenius)"),
    ("softmax(A)", "in softmax(A): A is (m, n): softmax takes a vector, or the rows or columns of a matrix"),
    ("softmax(x, axis=1)", "in softmax(x, axis=1): x is (n, 1): its rows have one entry each"),
    ("sum(x.T, axis=0)", "in sum(x.T, axis=0): x.T is (1, n): its columns have one entry each"),
    ("mean(s, axis=0)", "in mean(s, axis=0): s is (1, 1): a scalar has no axis"),
    ("sum(A, axis=2)", "in sum(A, axis=2): there is no axis 2"),
    ("sum(A, axis=m)", "in sum(A, axis=m): an axis is 1 (along each row) or 0 (along each column)"),
    ("sum(A, axis=1/2)", "in sum(A, axis=1/2): an axis is 1 (along each row) or 0 (along each column)"),
    ("sum(A, dim=1)", "in sum(A, dim=1): sum takes the named argument axis, and no other"),
    ("mean(A, axis=0, keepdims=1)", "in mean(A, axis=0, keepdims=1): mean takes the named argument axis, and no other"),
    ("mean(A, 0)", "in mean(A, 0): mean takes 1 argument, not 2"),
    ("sum(A, x, axis=1)", "in sum(A, x, axis=1): sum takes 1 argument, not 2"),
    ("norm(A, axis=1)", "in norm(A, axis=1): arguments have no names"),
    ("f(x, axis=1)", "in f(x, axis=1): arguments have no names"),
    ("sum(A, axis=)", "something is missing between `=` and `)`"),
    ("sum(A, axis==1)", "`=` has no meaning in an expression"),
    ("sum((A, axis=1))", "`=` has no meaning in an expression"),
    ("A - mean(A, axis=0)", f"in {BROADCAST}: A is (m, n), mean(A, axis=0) is (n, 1): m and n differ, n and 1 differ"),
    ("exp(x, y)", "in exp(x, y): exp takes 1 argument, not 2"),
    ("f(x, y)", "in f(x, y): f takes 1 argument, not 2"),
    ("A[i, i]", "the index i runs over m in A[i, i], over n in A[i, i]: m and n differ"),
    ("x[i] * z[i]", "the index i runs over n in x[i], over p in z[i]: n and p differ"),
    ("x[i] * delta(i, j) * z[j]", "the index j runs over n in x[i], over p in z[j]: n and p differ"),
    ("z[w]", "the index w runs over n in its declaration, over p in z[w]: n and p differ"),
    ("delta(i, j)", "nothing shows what i runs over"),
    ("sum(x[i], j)", "the sum runs over j, which does not occur in it"),
    ("sum(x[i], i, i)", "in sum(x[i], i, i): the letter i is bound twice"),
    ("sum(A, 1)", "1: after its first argument, sum takes index letters"),
    ("x[0]", "0 is no position: entries are counted from 1"),
    ("x[-1]", "-1: a subscript is a letter or a whole number"),
    ("x[n]", "n is a dimension, so it is no index"),
    ("x[s]", "s is declared as a symbol, so it is no index"),
    ("x[i, j]", "in x[i, j]: x is (n, 1) and takes 1 subscript, not 2"),
    ("A[i]", "in A[i]: A is (m, n) and takes 2 subscripts, not 1"),
    ("s[i]", "in s[i]: s is a scalar and has no entries"),
    ("x[1:2]", "parts of a row or column are not supported: write : alone"),
    ("i * x", "i is not declared"),
    ("w * x", "w is an index: it stands inside brackets only"),
    ("exp", "exp is a function: give its argument in parentheses"),
    ("x(s)", "x is declared as a symbol, not as a function"),
    ("1/0", "in 1/0: division by zero"),
    ("x / (1 - 1)", "in x / (1 - 1): division by zero"),
    ("0**-1", "in 0**-1: division by zero"),
    ("x +", "something is missing after `+`"),
    ("* x", "something is missing before `*`"),
    ("(x", "this `(` is not closed"),
    ("x)", "nothing was opened that this `)` closes"),
    ("x[i)", "`[` is closed by `)`"),
    ("", "the expression is empty"),
    ("[x]", "in [x]: x is (n, 1), entries are scalars"),
    ("[[1, 2], [3]]", "in [[1, 2], [3]]: the rows of an array have one length"),
    ("(x, y)", "a list has no meaning here"),
    ("x.shape", "x.shape: the only thing that may follow a dot is T"),
    ("x < y", "`<` has no meaning in an expression"),
    ("x = y", "`=` has no meaning in an expression"),
    ("'text'", "`'` has no meaning in an expression"),
    ("lambda x: x", "an operator is missing between `lambda` and `x`"),
    ("[x for x in y]", "an operator is missing between `x` and `for`"),
    ("f(*x)", "something is missing between `(` and `*`"),
    ("e()", "in e(): an argument is missing"),
    ("D(e, 3)(x)", "in D(e, 3)(x): e takes 3 arguments, not 1"),
    ("D(f)", "D(f) is a function: give its argument, as in D(f)(x)"),
    ("D(exp)(x)", "in D(exp): D takes a declared function"),
    ("D(g)(x, s)", "in D(g): say by which argument, as in D(g, 1)"),
    ("h(y)", "in h(y): y is (m, 1), h takes (n, 1): n and m differ"),
    ("h(x, x)", "in h(x, x): h takes 1 argument, not 2"),
    ("diff(h(x), a)", "in diff(h(x), a): a is no argument of h(x)"),
    ("diff(h(x))", "in diff(h(x)): diff takes a function and one of its arguments"),
    ("diff(x + a, x)", "in diff(x + a, x): x is no argument of x + a"),
    ("x // y", "`//` has no meaning in an expression"),
    ("_x", "`_x`: names do not start with an underscore"),
    ("é", "`é`: names are made of Latin and Greek letters, digits and _"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=lambda case: case)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        parse_expression(text, SCOPE)
    assert raised.value.message == message


HINTS: list[tuple[str, str]] = [
    ("x^2", "write x**2"),
    ("A^T", "write A.T"),
    ("2x", "write 2*x"),
    ("2(s + 1)", "write 2*(...)"),
    ("x'", "write x.T for the transpose"),
    ("f'(x)", "write D(f)(...) for the derivative"),
    ("A·x", "write A @ x for the matrix product, * for numbers and entry by entry"),
    ("|x|", "write abs(x), norm(x) or det(A)"),
    ("√x", "write sqrt(x)"),
    ("A x", "write A*x, or A @ x for the matrix product"),
    ("Ax", "did you mean A @ x?"),
    ("X @ x", "did you mean `x`?"),
    ("lamda * x", "did you mean `lambda`?"),
    ("sotfmax(x)", "did you mean `softmax`?"),
    ("softmax(A)", "write softmax(A, axis=1) for each row, axis=0 for each column"),
    ("sum(A, 1)", "an axis is named: sum(X, axis=1)"),
    ("mean(A, 0)", "an axis is named: mean(X, axis=1)"),
    ("sum(A, dim=1)", "write axis"),
    ("sum(A, axis=0, keepdims=1)", "sums along an axis are a column; its transpose is a row: sum(X, axis=0).T"),
    ("sum(A, axis=2)", "axis=1 is along each row, axis=0 along each column"),
    ("softmax(x, axis=1)", "along its entries it is axis=0"),
    ("A - mean(A, axis=0)", "a vector is no row: ones(m) @ mean(A, axis=0).T has it in each row"),
    ("mean(A, axis=1) - A", "a vector is no matrix: mean(A, axis=1) @ ones(n).T has it in each column"),
    ("norm(A, axis=1)", "axis= is for sum, mean, logsumexp, softmax"),
    ("ln(x)", "write log"),
    ("x.t", "the transpose is x.T with a capital T"),
    ("x.dot(y)", "write it as a function: dot(...)"),
    ("x @ x", "did you mean x.T @ x?"),
    ("A[i]", "row i is A[i, :], column j is A[:, j]"),
]


@pytest.mark.parametrize(("text", "hint"), HINTS, ids=lambda case: case)
def test_hints(text: str, hint: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        parse_expression(text, SCOPE)
    assert raised.value.hint == hint


PLACES: list[tuple[str, str]] = [
    ("x + A @ z", "A @ z"),
    ("λ * lambda * A @ z", "λ * lambda * A @ z"),
    ("exp(in) + q0", "q0"),
    ("exp( x ) + tra(M)", "tra"),
    ("x + é", "é"),
    ("α + x[0]", "0"),
    ("(A + A) @ z", "(A + A) @ z"),
    ("s\n + q0", "q0"),
]


@pytest.mark.parametrize(("text", "marked"), PLACES, ids=lambda case: case)
def test_places(text: str, marked: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        parse_expression(text, SCOPE)
    error = raised.value
    assert text[error.offset : error.offset + error.width] == marked


HOSTILE: list[tuple[str, str]] = [
    ("import", "__import__('os').system('true')"),
    ("dunder", "x.__class__.__mro__"),
    ("eval", "eval(x)"),
    ("parentheses", "(" * 10_000 + "x" + ")" * 10_000),
    ("fewer parentheses", "(" * 2_000 + "x" + ")" * 2_000),
    ("brackets", "[" * 4_000),
    ("tower", "9**9**9**9"),
    ("tower in parentheses", "((9**99)**99)**99"),
    ("powers of powers", "(" * 49 + "x" + "**2)" * 49),
    ("a long string", "x" * 1_000_000),
    ("a long sum", "+".join(["x"] * 100_000)),
    ("a sum of 1 500", "+".join(["x"] * 1_500)),
    ("minus signs", "-" * 4_900 + "x"),
    ("transposes", "x" + ".T" * 2_000),
    ("subscripts", "x" + "[1]" * 1_000),
    ("calls", "exp(" * 1_000 + "x" + ")" * 1_000),
    ("a large number", "9" * 4_900),
    ("a large exponent", "1e999999999"),
    ("large quotients", "1e100" + "/1e-100" * 400),
    ("large products", "*".join(["9**99"] * 400)),
    ("a large matrix power", "matrix_power(M, 10**50)"),
    ("a large identity", "tr(eye(99999999999))"),
    ("NUL", "x\0"),
    ("surrogate", "x\ud800"),
    ("right to left", "x \u202e y"),
    ("full width", "\uff58"),
    ("newlines", "\n" * 4_000),
    ("backslash", "x \\\n + y"),
    ("f-string", 'f"{x}"'),
    ("walrus", "(x := y)"),
    ("comment", "x # y"),
    ("semicolon", "x; y"),
    ("close and open", "x) + (y"),
    ("await", "await x"),
    ("yield", "(yield x)"),
    ("ternary", "x if s else y"),
    ("ellipsis", "..."),
    ("dots", "x.T.T. T .q"),
    ("powers right to left", "x**" * 900 + "x"),
]


@pytest.mark.parametrize(("text"), [text for _, text in HOSTILE], ids=[name for name, _ in HOSTILE])
def test_hostile(text: str) -> None:
    before = time.perf_counter()
    with pytest.raises(ExpressionError) as raised:
        parse_expression(text, SCOPE)
    assert len(str(raised.value)) < 20_000
    str(raised.value).encode("utf-8")
    assert time.perf_counter() - before < 1


LARGE: list[tuple[str, str]] = [
    ("sum", "+".join(["x"] * 1_000)),
    ("product", "*".join(["x"] * 1_000)),
    ("chain", "*".join(["s"] * 400) + "*" + "@".join(["M"] * 400)),
    ("parentheses", "(" * 49 + "x" + ")" * 49),
    ("powers of one", "(" * 49 + "x" + "**1)" * 49),
]


@pytest.mark.parametrize("text", [text for _, text in LARGE], ids=[name for name, _ in LARGE])
def test_large_is_fast(text: str) -> None:
    before = time.perf_counter()
    parse_expression(text, SCOPE)
    assert time.perf_counter() - before < 1


def test_keywords_are_names() -> None:
    assert parse_expression("in + is", SCOPE) == Plus((SCOPE.symbols["in"], SCOPE.symbols["is"]))


def test_declared_names_win() -> None:
    scope = SCOPE.__class__(symbols={"sum": Symbol("sum"), "n": Symbol("n")}, sizes=frozenset({"n"}))
    assert parse_expression("sum + n", scope) == Plus((Symbol("sum"), Symbol("n")))


def test_definitions_expand() -> None:
    symbol = Symbol("r", (m, ONE))
    scope = SCOPE.__class__(symbols={**SCOPE.symbols, "r": symbol}, definitions={"r": MatMul((A, x))})
    assert parse_expression("y.T @ r", scope) == MatMul((Transpose(y), symbol))
    assert parse_expression("y.T @ r", scope, expand=True) == MatMul((Transpose(y), A, x))


def test_unused_names_of_the_scope() -> None:
    assert {t, p} & set(SCOPE.symbols.values()) == {t}


# in NumPy's notation and in LaTeX: what is kept with `grouped`
KEPT = [
    ("(M @ M) @ M", "(M M) M", MatMul((Group(MatMul((M, M))), M))),
    ("M @ (M @ M)", "M (M M)", MatMul((M, Group(MatMul((M, M)))))),
    ("M @ M @ M", "M M M", MatMul((M, M, M))),
    ("((M @ M))", "((M M))", MatMul((M, M))),
    ("(M @ M) @ (M @ M)", "(M M)(M M)", MatMul((Group(MatMul((M, M))), Group(MatMul((M, M)))))),
    ("x @ (x.T @ x)", r"x (x^\top x)", None),
    ("(s * t) * s", "(s t) s", Product((Group(Product((s, t))), s))),
    ("(s + t) + s", "(s + t) + s", Plus((Group(Plus((s, t))), s))),
    ("s + (t + s)", "s + (t + s)", Plus((s, Group(Plus((t, s)))))),
    ("(s + t) * s", "(s + t) s", Product((Plus((s, t)), s))),
    ("(s * t) + s", "(s t) + s", Plus((Product((s, t)), s))),
    ("(M + M) @ M", "(M + M) M", MatMul((Plus((M, M)), M))),
    ("(M @ M).T", r"(M M)^\top", Transpose(MatMul((M, M)))),
]


@pytest.mark.parametrize(("written", "drawn", "built"), KEPT, ids=[row[0] for row in KEPT])
def test_parentheses_are_kept(written: str, drawn: str, built: Expr | None) -> None:
    kept = parse_expression(written, SCOPE, grouped=True)
    assert kept == built or built is None
    assert latex(parse_expression(LatexText(drawn), SCOPE, grouped=True)) == latex(kept)
    assert check_equal(kept, parse_expression(written, SCOPE)).status == "exact"
