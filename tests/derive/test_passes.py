"""Forward and backward passes: against SymPy and published numbers, with a line made wrong, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
import sympy

from derivgen.build.solve import Solved
from derivgen.derivation import Conclude, Rewrite, Statement, Table
from derivgen.errors import ProblemError
from derivgen.expr.nodes import Matrix, Number
from derivgen.expr.sympy_bridge import to_sympy
from derivgen.expr.text import text
from derivgen.verify.checks import check_derivation

from .solving import made_wrong, solved

NETWORK = "{z: w*x + b, h: sigmoid(z), y: h**2, L: (y - t)**2}"
AT = "{x: 2, w: 0.5, b: 1, t: 0.8}"
LOGISTIC = '{z: w*x + b, p: sigmoid(z), L: "-(t*log(p) + (1 - t)*log(1 - p))"}'
FAN_OUT = '{a: x + w, c: x - w, f: a*c, g: "f*a + f**2 + x"}'


def given(define: str, task: str) -> str:
    symbols = "{x: scalar, w: scalar, b: scalar, t: scalar}"
    return f"title: Passes\nsymbols: {symbols}\ndefine: {define}\nparts:\n  - {task}\n"


def forward(define: str, what: str, at: str, more: str = "") -> str:
    return given(define, f"forward: {what}\n    at: {at}\n{more}")


def backward(define: str, what: str, wrt: str, at: str = "", more: str = "") -> str:
    return given(define, f"backward: {what}\n    wrt: [{wrt}]\n" + (f"    at: {at}\n" if at else "") + more)


# the text of a file, the published numbers, what becomes of the claim
PUBLISHED = [
    (forward(NETWORK, "[z, h, y]", AT, "    digits: 4\n"), "[2, 0.8808, 0.7758]", "holds"),
    (forward(NETWORK, "L", AT, "    digits: 6\n"), "0.000586", "rounded"),
    (forward(NETWORK, "L", AT, "    digits: 6\n"), "0.000585", "holds"),
    (backward(NETWORK, "L", "w, b", AT, "    digits: 4\n"), "[-0.0179, -0.0090]", "holds"),
    (backward(NETWORK, "L", "y", AT, "    digits: 4\n"), "-0.0484", "holds"),
    (backward(NETWORK, "y", "h", AT, "    digits: 4\n"), "1.7616", "holds"),
    (backward(NETWORK, "h", "z, w, b", AT, "    digits: 4\n"), "[0.1050, 0.2100, 0.1050]", "holds"),
    (
        backward(LOGISTIC, "L", "w, b", "{x: 2, t: 1, w: 0.5, b: 0.5}", "    digits: 4\n"),
        "[-0.3648, -0.1824]",
        "rounded",
    ),
    (backward(LOGISTIC, "L", "w, b", "{x: 2, t: 1, w: 0.5, b: 0.5}", "    digits: 4\n"), "[-0.3649, -0.1824]", "holds"),
    (backward(LOGISTIC, "L", "w, b"), "[(p - t)*x, p - t]", "holds"),
    (backward(FAN_OUT, "f", "x, w", "{x: 3, w: 2}"), "[6, -4]", "holds"),
    (backward(FAN_OUT, "f", "x, w", "{x: 3, w: 2}"), "[6, 4]", "wrong"),
    (backward(FAN_OUT, "f", "x, w"), "[2*x, -2*w]", "holds"),
]


@pytest.mark.parametrize(("file", "claim", "status"), PUBLISHED)
def test_published(tmp_path: Path, file: str, claim: str, status: str) -> None:
    answer = solved(tmp_path, f'{file}    claim: "{claim}"\n')
    assert answer.report is not None and answer.report.verified
    assert answer.claim is not None and answer.claim.status == status


def test_what_a_wrong_last_digit_should_be(tmp_path: Path) -> None:
    answer = solved(tmp_path, forward(NETWORK, "L", AT, "    digits: 6\n    claim: 0.000586\n"))
    assert answer.claim is not None
    assert answer.claim.message == "right to 5 digits, the last one should be 5"


# define, quantity, variables, the quantity in these
GRAPHS = [
    (FAN_OUT, "g", "x, w", "(x**2 - w**2)*(x + w) + (x**2 - w**2)**2 + x"),
    (NETWORK, "L", "w, b, x, t", "((1/(1 + exp(-w*x - b)))**2 - t)**2"),
    (LOGISTIC, "L", "x, w, b", "-(t*log(1/(1 + exp(-w*x - b))) + (1 - t)*log(1 - 1/(1 + exp(-w*x - b))))"),
    ("{u: x*w, v: u**2 + x, s: u*v}", "s + u + x", "x, w", "x*w*((x*w)**2 + x) + x*w + x"),
    ("{u: x*w, v: tanh(u)}", "v*x", "w, b", "tanh(x*w)*x"),
    ("{u: sqrt(1 + x**2), v: log(u)/w}", "v", "x, w", "log(sqrt(1 + x**2))/w"),
    ('{z: "[x*w, x + w]", L: "z[1]**2*z[2]"}', "L", "x, w", "(x*w)**2*(x + w)"),
]
POINT = {"x": "1.5", "w": "0.5", "b": "-1", "t": "0.8"}


def derivatives(formula: str, variables: str) -> list[sympy.Expr]:
    local = {name: sympy.Symbol(name, real=True) for name in POINT}
    return [sympy.diff(sympy.sympify(formula, locals=local), local[name]) for name in variables.split(", ")]


def entries(answer: Solved) -> list[sympy.Expr]:
    assert answer.derivation is not None and answer.report is not None and answer.report.verified
    result = answer.derivation.result
    return [to_sympy(one) for one in (result.entries if isinstance(result, Matrix) else (result,))]


@pytest.mark.parametrize("rounding", ["exact", "staged"])
@pytest.mark.parametrize(("define", "what", "variables", "formula"), GRAPHS, ids=[row[0] for row in GRAPHS])
def test_numbers_against_sympy(
    tmp_path: Path, define: str, what: str, variables: str, formula: str, rounding: str
) -> None:
    at = ", ".join(f"{name}: {value}" for name, value in POINT.items())
    more = f"    digits: 5\n    rounding: {rounding}\n"
    found = entries(solved(tmp_path, backward(define, f'"{what}"', variables, f"{{{at}}}", more)))
    point = {sympy.Symbol(name, real=True): sympy.Rational(value) for name, value in POINT.items()}
    for value, slope in zip(found, derivatives(formula, variables), strict=True):
        assert abs(value - slope.subs(point).evalf(20)) <= Fraction(1, 2 * 10**5)


@pytest.mark.parametrize(("define", "what", "variables", "formula"), GRAPHS, ids=[row[0] for row in GRAPHS])
def test_symbols_against_sympy(tmp_path: Path, define: str, what: str, variables: str, formula: str) -> None:
    answer = solved(tmp_path, backward(define, f'"{what}"', variables))
    assert answer.derivation is not None
    inside = {
        to_sympy(symbol): to_sympy(meaning) for symbol, meaning in answer.derivation.named if "|" not in symbol.name
    }
    point = {sympy.Symbol(name, real=True): sympy.Rational(value) for name, value in POINT.items()}
    for value, slope in zip(entries(answer), derivatives(formula, variables), strict=True):
        for _ in inside:
            value = value.subs(inside)
        value = value.replace(
            lambda node: node.func.__name__ == "sigmoid", lambda node: 1 / (1 + sympy.exp(-node.args[0]))
        )
        assert abs((value - slope).subs(point).evalf(20)) < 1e-12


def lines_of(answer: Solved) -> list[str]:
    assert answer.derivation is not None
    return [
        f"{text(step.heading)} {'=' if step.digits is None else '~'} {text(step.after)}"
        for step in answer.derivation.steps
        if isinstance(step, Rewrite)
    ]


def test_lines_of_a_forward_pass(tmp_path: Path) -> None:
    answer = solved(tmp_path, forward("{z: w*x + b, h: sigmoid(z)}", "h", "{x: 2, w: 3, b: -5}", "    digits: 2\n"))
    assert lines_of(answer) == [
        "z = w * x + b",
        "z = 3 * 2 + (-5)",
        "z = 6 + (-5)",
        "z = 1",
        "h = sigmoid(z)",
        "h = 1 / (1 + exp(-z))",
        "h = 1 / (1 + exp(-1))",
        "h ~ 1 / (1 + 0.37)",
        "h = 1 / (137/100)",
        "h ~ 0.73",
    ]


def test_lines_of_a_backward_pass(tmp_path: Path) -> None:
    answer = solved(tmp_path, backward("{a: x + w, c: x - w, f: a*c}", "f", "w", "{x: 3, w: 2}"))
    assert lines_of(answer) == [
        "diff(f, a) = c",
        "diff(f, a) = 1",
        "diff(f, c) = a",
        "diff(f, c) = 5",
        "diff(f, w) = diff(f, a) * diff(a, w) + diff(f, c) * diff(c, w)",
        "diff(f, w) = 1 * 1 + 5 * (-1)",
        "diff(f, w) = 1 - 5",
        "diff(f, w) = -4",
    ]


def test_what_stands_in_several_quantities_is_summed_over_them(tmp_path: Path) -> None:
    answer = solved(tmp_path, backward(FAN_OUT, "g", "x"))
    (line,) = (one for one in lines_of(answer) if one.startswith("diff(g, x)") and "diff(a, x)" in one)
    assert line == "diff(g, x) = ∂g/∂x|a,f + diff(g, a) * diff(a, x) + diff(g, c) * diff(c, x)"


def test_a_last_digit_that_rounding_has_changed_is_put_right(tmp_path: Path) -> None:
    answer = solved(tmp_path, backward(NETWORK, "L", "w", AT, "    digits: 4\n    rounding: staged\n"))
    assert answer.derivation is not None and answer.report is not None and answer.report.verified
    (said,) = (step for step in answer.derivation.steps if isinstance(step, Statement) and step.key == "last_digit_of")
    assert [text(value) for _, value in said.values] == ["diff(L, w)", "-0.0180", "-0.0179"]
    assert answer.derivation.result == Number(Fraction(-179, 10000))


@pytest.mark.parametrize("digits", range(7))
def test_every_number_of_a_forward_pass_is_rightly_rounded(tmp_path: Path, digits: int) -> None:
    answer = solved(tmp_path, forward(NETWORK, "[z, h, y, L]", AT, f"    digits: {digits}\n"))
    h = 1 / (1 + sympy.exp(-2))
    right = [sympy.Integer(2), h, h**2, (h**2 - sympy.Rational(4, 5)) ** 2]
    for value, exact in zip(entries(answer), right, strict=True):
        assert abs(value - exact.evalf(30)) <= Fraction(1, 2 * 10**digits)


def test_exact_numbers_stay_exact(tmp_path: Path) -> None:
    answer = solved(tmp_path, forward("{u: x/3, v: u**2}", "v", "{x: 1}"))
    assert answer.derivation is not None and answer.derivation.result == Number(Fraction(1, 9))
    assert answer.derivation.digits is None


@pytest.mark.parametrize("task", ["forward", "backward", "symbols"])
@pytest.mark.parametrize("row", GRAPHS, ids=[row[0] for row in GRAPHS])
def test_a_wrong_line_is_found(tmp_path: Path, row: tuple[str, ...], task: str) -> None:
    define, what, variables, _ = row
    at = f"{{{', '.join(f'{name}: {value}' for name, value in POINT.items())}}}"
    if task == "forward":
        answer = solved(tmp_path, forward(define, f'"{what}"', at))
    else:
        answer = solved(tmp_path, backward(define, f'"{what}"', variables, at if task == "backward" else ""))
    assert answer.derivation is not None
    mutants = list(made_wrong(answer.derivation))
    assert mutants or not answer.derivation.lines
    scope = answer.part.scope
    right = [what for what, one in mutants if not check_derivation(one, scope.values, scope.definitions).is_wrong]
    assert right == []


def test_a_box_for_each_derivative_and_a_table_of_constant_ones(tmp_path: Path) -> None:
    answer = solved(tmp_path, backward(FAN_OUT, "f", "x, w", "{x: 3, w: 2}"))
    assert answer.derivation is not None
    assert sum(isinstance(step, Conclude) for step in answer.derivation.steps) == 2
    (table,) = (step for step in answer.derivation.steps if isinstance(step, Table))
    assert sum(map(len, table.rows)) == 4


# sizes, what is said: key and factor
SIZES = [("[1000, 1]", "cost_reverse", 1000), ("[1, 3]", "cost_forward", 3), ("[5, 5]", "cost_equal", 1)]


@pytest.mark.parametrize(("sizes", "key", "factor"), SIZES, ids=[row[1] for row in SIZES])
def test_passes_are_counted(tmp_path: Path, sizes: str, key: str, factor: int) -> None:
    answer = solved(tmp_path, backward(FAN_OUT, "f", "x", "", f"    sizes: [{sizes}]\n"))
    assert answer.derivation is not None and answer.report is not None and answer.report.verified
    (said,) = (step for step in answer.derivation.steps if isinstance(step, Statement))
    assert said.key == key and dict(said.values)["factor"] == Number(Fraction(factor))


# define, task, part of the reason
REFUSED = [
    (NETWORK, "forward: L\n    at: {x: 2, w: 1}", "b has none"),
    ("{u: log(x)}", "forward: u\n    at: {x: -1}", "logarithm of -1"),
    ("{u: 1/x}", "forward: u\n    at: {x: 0}", "division by zero"),
    ("{u: x - 1, v: relu(u)}", "backward: v\n    wrt: x\n    at: {x: 1}", "relu(u) has a kink"),
    ("{u: 1/x, v: u**2}", "backward: v\n    wrt: x\n    at: {x: 0}", "division by zero"),
]


@pytest.mark.parametrize(("define", "task", "reason"), REFUSED, ids=[row[2] for row in REFUSED])
def test_refusals(tmp_path: Path, define: str, task: str, reason: str) -> None:
    assert reason in solved(tmp_path, given(define, task)).refusal


# define, task, part of the complaint
COMPLAINTS = [
    ("{a: c + 1, c: a*2}", "forward: a", "the quantities go in a circle: a -> c -> a"),
    ("{a: a + 1}", "forward: a", "a is made of itself"),
    ("{a: c + x, c: x*2}", "forward: a", "a uses c, which is defined below it"),
    ("{a: q + x}", "forward: a", "q is not declared"),
    ("{a: x}", "forward: q", "q is not declared"),
    ("{a: x**2}", "backward: a", "`wrt` is missing"),
    ("{a: x**2}", "backward: a\n    wrt: q", "q is not declared"),
    ("{a: x**2}", "forward: a\n    wrt: x", "`wrt` does not go with `forward`"),
    ("{a: x**2}", "backward: a\n    wrt: x\n    sizes: [[1]]", "pairs of whole numbers"),
    ("{a: x**2}", "forward: a\n    at: {a: 1}", "a is no declared scalar"),
]


@pytest.mark.parametrize(("define", "task", "complaint"), COMPLAINTS, ids=[row[2] for row in COMPLAINTS])
def test_complaints(tmp_path: Path, define: str, task: str, complaint: str) -> None:
    with pytest.raises(ProblemError, match=complaint.replace("[", r"\[")):
        solved(tmp_path, given(define, task))


def chained(count: int) -> str:
    steps = ", ".join(f"z{place}: z{place - 1}*w/2 + 1" for place in range(1, count))
    return f"{{z0: x*w, {steps}}}"


def test_forty_quantities_one_from_the_other(tmp_path: Path) -> None:
    answer = solved(tmp_path, backward(chained(40), "z39", "w", "{x: 2, w: 0.5}"))
    assert answer.report is not None and answer.report.verified


def test_a_thousand_quantities_one_from_the_other(tmp_path: Path) -> None:
    answer = solved(tmp_path, forward(chained(1000), "z999", "{x: 2, w: 0.5}", "    digits: 6\n"))
    assert answer.derivation is not None and answer.derivation.result == Number(Fraction("1.333333"))


def test_a_thousand_quantities_side_by_side(tmp_path: Path) -> None:
    define = ", ".join(f"z{place}: x*w + {place}" for place in range(1000))
    answer = solved(tmp_path, forward(f"{{{define}, L: z0 + z999}}", "L", "{x: 2, w: 0.5}"))
    assert answer.derivation is not None and answer.derivation.result == Number(Fraction(1001))
