"""A derivation made by hand, and one expression of every kind, for the tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from derivgen.derivation import Conclude, Derivation, Instance, Rewrite, Rule
from derivgen.errors import Place
from derivgen.expr.nodes import (
    DIFFERENTIAL,
    ONE,
    Apply,
    At,
    Column,
    Commutation,
    Delta,
    Derivative,
    Det,
    Diag,
    Differential,
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
    Matrix,
    MatrixPower,
    Norm,
    Number,
    Ones,
    Partial,
    Pi,
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
from derivgen.problem.model import Claim, Part, Problem, Scope, Sheet

n, m = Dim(1, ("n",)), Dim(1, ("m",))
i, j, k, l = (Index(name, n) for name in "ijkl")
A, X = Symbol("A", (n, n)), Symbol("X", (m, n))
x, y, theta = Symbol("x", (n, ONE)), Symbol("y", (n, ONE)), Symbol("theta", (n, ONE))
dx = Symbol("dx", (n, ONE), frozenset({DIFFERENTIAL}))
f, a, b = Symbol("f"), Symbol("a"), Symbol("b")
x_i, x_j, x_k = (Entry(x, (index,)) for index in (i, j, k))
A_ij, A_kj, A_ik = Entry(A, (i, j)), Entry(A, (k, j)), Entry(A, (i, k))
TWO = number(2)


def apply(name: str, *arguments: Expr) -> Apply:
    return Apply(Function(name), arguments)


def abstract(name: str, *orders: int) -> Function:
    return Function(name, orders, abstract=True)


EVERY_NODE: tuple[Expr, ...] = (
    Number(Fraction(-3, 4)),
    Pi(),
    Size(n),
    x,
    A_ij,
    Row(X, 1),
    Column(A, k),
    Delta(i, k),
    Plus((x, y)),
    Product((TWO, x)),
    Power(a, TWO),
    apply("sin", a),
    MatMul((A, x)),
    MatrixPower(A, TWO),
    Image("u", (x,), (n, ONE)),
    Derivative(Image("u", (x,), (n, ONE)), 0, Layout.DENOMINATOR),
    Transpose(A),
    Inverse(A),
    Trace(A),
    Det(A),
    LogDet(A),
    Total(X),
    Norm(x),
    LogSumExp(x),
    Softmax(x),
    LogSumExp(X, 1),
    Softmax(X, 0),
    Diag(x),
    Vec(X),
    Kron(A, X),
    Ones((n, ONE)),
    Zeros((n, n)),
    Commutation((m, n)),
    Upper(n),
    Eye(n),
    Sum(i, x_i),
    Partial(f, x_k),
    Differential(MatMul((A, x)), x, dx),
    Matrix((a, TWO), (Dim(2), ONE)),
    At(Partial(f, b), (a, b), (TWO, TWO)),
    Group(Number(Fraction(-2))),
)


def _rule(name: str) -> Rule:
    return Rule(name, "", "", lambda expr: None)


def quadratic_form() -> Derivation:
    """The derivative of x'Ax, as a sheet shows it."""
    statement = MatMul((Transpose(x), A, x))
    entries = Sum(i, Sum(j, Product((x_i, A_ij, x_j))))
    of_f = Partial(f, x_k)
    pending = Sum(i, Sum(j, Partial(Product((x_i, A_ij, x_j)), x_k)))
    terms = Plus((Product((Delta(i, k), A_ij, x_j)), Product((x_i, A_ij, Delta(j, k)))))
    with_deltas = Sum(i, Sum(j, terms))
    without = Plus((Sum(j, Product((A_kj, x_j))), Sum(i, Product((x_i, A_ik)))))
    products = Plus((Entry(MatMul((A, x)), (k,)), Entry(MatMul((Transpose(A), x)), (k,))))
    result = MatMul((Plus((A, Transpose(A))), x))
    law = Instance(Partial(x_i, x_k), Delta(i, k))
    lines = (
        Rewrite((_rule("write out the entries"),), statement, entries, f),
        Rewrite((_rule("sum rule"),), Partial(entries, x_k), pending, of_f),
        Rewrite((_rule("product rule"),), pending, with_deltas, of_f, (law,)),
        Rewrite((_rule("a delta keeps one term of its sum"),), with_deltas, without, of_f),
        Rewrite((_rule("rows times columns"),), without, products, of_f),
        Rewrite((_rule("common factor"),), products, Entry(result, (k,)), of_f),
    )
    conclusion = Conclude(of_f, result, Partial(statement, x), k, None)
    turned = MatMul((Transpose(x), Plus((A, Transpose(A)))))
    return Derivation(
        task="derive",
        statement=statement,
        steps=(*lines, conclusion),
        result=result,
        form="matrix",
        shape=(n, ONE),
        quantity=f,
        wrt=x,
        layout=Layout.DENOMINATOR,
        wrt_indices=(k,),
        others=((Layout.NUMERATOR, turned),),
    )


def long_derivation() -> Derivation:
    """One whose lines do not fit, with notes that do not fit beside them."""
    short = quadratic_form()
    term = Product((apply("exp", Product((x_i, x_k))), A_ij, Power(Norm(MatMul((A, x))), TWO), x_j, A_kj))
    wide = Sum(i, Sum(j, Plus((term, term, term, term))))
    narrow = Sum(i, Product((apply("exp", Product((x_i, x_k))), A_ij, Power(Norm(MatMul((A, x))), TWO), x_j)))
    rules = (_rule("the chain rule, for the function inside a function"), _rule("product rule"), _rule("sum rule"))
    product = Sum(i, Product(tuple(apply("sigmoid", Entry(MatMul((A, x)), (i,))) for _ in range(12))))
    lines = (
        Rewrite(rules, short.statement, wide, f),
        Rewrite(rules, wide, Plus((narrow, narrow)), f),
        Rewrite(rules, wide, product, Partial(f, x_k)),
        Rewrite(rules, wide, Power(product, Plus((product, a))), Partial(f, x_k)),
    )
    everything = Plus(tuple(Product((MatMul((A, A, Transpose(A), x)), Norm(x))) for _ in range(7)))
    end = Conclude(short.statement, everything, Partial(everything, x), k, None)
    return Derivation(
        "derive", everything, (*lines, end), everything, "matrix", (n, ONE), f, x, False, Layout.DENOMINATOR
    )


@dataclass(frozen=True)
class FakeVerdict:
    status: str = "exact"
    points: int = 3
    error: float = 0.0


@dataclass(frozen=True)
class FakeReport:
    verdicts: tuple[FakeVerdict, ...]
    result: FakeVerdict
    verified: bool = True


@dataclass(frozen=True)
class FakeClaim:
    status: str
    message: str = ""


def report_for(derivation: Derivation, *statuses: str) -> FakeReport:
    count = len(derivation.steps)
    verdicts = tuple(FakeVerdict(status) for status in statuses) or (FakeVerdict(),) * count
    return FakeReport(verdicts, FakeVerdict("numeric", 3, 2e-11))


def place(line: int) -> Place:
    return Place("problems/quadratic.yaml", line, 5)


SCOPE = Scope(symbols={"x": x, "A": A}, sizes=frozenset({"n"}))


def part(**changes: object) -> Part:
    fields: dict[str, object] = {
        "task": "derive",
        "scope": SCOPE,
        "place": place(10),
        "places": {"prompt": place(9)},
        "expression": MatMul((Transpose(x), A, x)),
        "wrt": x,
        "prompt": "Find the gradient.",
    }
    return Part(**(fields | changes))  # type: ignore[arg-type]


def claim(expression: Expr) -> Claim:
    return Claim(expression, "", "Kim & Vijayakumar")


def problem(
    *parts: Part, prompt: str = r"Let $\mathbf{x} \in \mathbb{R}^n$.", title: str = "A quadratic form"
) -> Problem:
    return Problem(
        Path("problems/quadratic.yaml"),
        title,
        parts,
        SCOPE,
        "Section 2.3, exercise 3",
        prompt,
        places={"prompt": place(6)},
    )


SHEET = Sheet(Path("sheets/two.yaml"), "Sheet 2", (), "10-301 Matrix calculus")
