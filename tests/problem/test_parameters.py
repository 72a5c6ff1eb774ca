"""Parameters: what is drawn, how likely, what it depends on, and where it appears."""

from __future__ import annotations

import itertools
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
import sympy

from derivgen.errors import UserError
from derivgen.expr.nodes import Number
from derivgen.expr.text import text
from derivgen.problem.load import load_problem, read_problem
from derivgen.problem.model import Problem
from derivgen.problem.parameters import Draw
from derivgen.problem.parameters.draws import Drawn
from derivgen.problem.parameters.streams import Stream
from derivgen.render.inserts import with_inserts

HEAD = "title: T\n"
TAIL = "symbols: {x: scalar}\nparts:\n  - derive: x**2\n    wrt: x\n"


def draws(folder: Path, parameters: str, count: int, tail: str = TAIL) -> list[dict[str, str]]:
    file = folder / "p.yaml"
    file.write_text(HEAD + parameters + tail, encoding="utf-8")
    read = read_problem(file)
    return [dict(read.drawn(Draw("7", "sheet", "p", str(student)))) for student in range(count)]


def problem(folder: Path, body: str, draw: Drawn | None = None) -> Problem:
    file = folder / "p.yaml"
    file.write_text(HEAD + body, encoding="utf-8")
    return load_problem(file) if draw is None else read_problem(file).problem(draw)


# --- the streams ------------------------------------------------------------------------------------------------------


def test_a_stream_is_the_same_everywhere() -> None:
    # by hand: sha256(sha256('["derivgen draw 1", "a", 1]') + eight zero bytes), first eight bytes, mod 1000
    import hashlib

    key = hashlib.sha256(b'["derivgen draw 1", "a", 1]').digest()
    first = int.from_bytes(hashlib.sha256(key + bytes(8)).digest()[:8], "big")
    assert Stream("a", 1).below(1000) == first % 1000


def test_words_do_not_run_together() -> None:
    assert [Stream("a", "bc").below(10**6)] != [Stream("ab", "c").below(10**6)]


def chi_square(counts: list[int], total: int) -> float:
    expected = total / len(counts)
    return sum((count - expected) ** 2 / expected for count in counts)


# parameters, the draws that are allowed, found by enumeration
UNIFORM = [
    ("parameters: {a: -5..5 not 0}\n", {(str(a),) for a in range(-5, 6) if a}),
    ("parameters: {a: 0..1 step 0.25}\n", {("0",), ("0.25",), ("0.5",), ("0.75",), ("1",)}),
    ("parameters: {a: [1, 1/2, 3]}\n", {("1",), ("1/2",), ("3",)}),
    (
        "parameters: {a: 1..6, b: 1..6}\nconditions: [a < b]\n",
        {(str(a), str(b)) for a, b in itertools.combinations(range(1, 7), 2)},
    ),
    (
        "parameters: {A: 'matrix(2, 2) of -1..1'}\nconditions: [integer_eigenvalues(A), invertible(A)]\n",
        {
            (f"[[{a}, {b}], [{c}, {d}]]",)
            for a, b, c, d in itertools.product(range(-1, 2), repeat=4)
            if a * d - b * c and all(v.is_integer for v in sympy.Matrix([[a, b], [c, d]]).eigenvals())
        },
    ),
]


@pytest.mark.parametrize(("parameters", "allowed"), UNIFORM)
def test_every_allowed_draw_is_as_likely(parameters: str, allowed: set[tuple[str, ...]], tmp_path: Path) -> None:
    total = 200 * len(allowed)
    counts = Counter(tuple(draw.values()) for draw in draws(tmp_path, parameters, total))
    assert set(counts) == allowed
    # mean n, standard deviation sqrt(2 n) for n degrees of freedom; the seed is fixed, so this does not flicker
    freedom = len(allowed) - 1
    assert abs(chi_square(list(counts.values()), total) - freedom) < 4 * (2 * freedom) ** 0.5


def test_an_expression_in_latex_has_them_too(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(
        "title: T\nsymbols: {x: scalar}\nparameters: {a: [3]}\n"
        "parts: [{derive: {latex: 'a x^a + x'}, wrt: x}, {derive: a*x**a + x, wrt: x}]\n",
        encoding="utf-8",
    )
    in_latex, in_text = load_problem(file).parts
    assert in_latex.expression == in_text.expression


# --- independence -----------------------------------------------------------------------------------------------------

TWO = "parameters: {a: 1..1000, b: 1..1000}\nconditions: [a < b]\n"


def test_another_parameter_leaves_the_others(tmp_path: Path) -> None:
    before = draws(tmp_path, TWO, 50)
    after = draws(tmp_path, TWO.replace("b: 1..1000", "b: 1..1000, c: -9..9"), 50)
    assert [{"a": one["a"], "b": one["b"]} for one in after] == before


def test_order_of_parameters_does_not_matter(tmp_path: Path) -> None:
    turned = "parameters: {b: 1..1000, a: 1..1000}\nconditions: [a < b]\n"
    assert draws(tmp_path, turned, 50) == draws(tmp_path, TWO, 50)


@pytest.mark.parametrize(
    "other", [Draw("8", "s", "p", "1"), Draw("7", "t", "p", "1"), Draw("7", "s", "q", "1"), Draw("7", "s", "p", "2")]
)
def test_each_of_seed_sheet_problem_student_matters(other: Draw, tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(HEAD + "parameters: {a: 1..1000000}\n" + TAIL, encoding="utf-8")
    read = read_problem(file)
    assert read.drawn(other) != read.drawn(Draw("7", "s", "p", "1"))


# --- conditions -------------------------------------------------------------------------------------------------------

# condition, numbers of a and b, whether they meet it
CONDITIONS = [
    ("a != b", (1, 2), True),
    ("a = b", (2, 2), True),
    ("0 < a <= b", (1, 1), True),
    ("0 < a < b", (1, 1), False),
    ("a**2 + b**2 >= 25", (3, 4), True),
    ("a/b > 1/2", (1, 2), False),
    ("a/b > 1/2", (1, 0), False),  # has no value: not met
    ("sqrt(a) < b", (2, 1), False),
    ("sqrt(a) < b", (2, 2), True),
    ("sqrt(a)*sqrt(b) = 6", (12, 3), True),
    ("sqrt(a) + sqrt(b) = sqrt(a + b + 2*sqrt(a*b))", (2, 3), True),
    ("exp(a) > 20*b", (3, 1), True),
    ("exp(a) > 21*b", (3, 1), False),
    ("coprime(a, b)", (4, 9), True),
    ("coprime(a, b)", (4, 6), False),
    ("not coprime(a, b)", (4, 6), True),
    ("distinct(a, b, 3)", (3, 1), False),
    ("integer(a/b)", (6, 3), True),
    ("square_number(a**2 - 4*b)", (5, 6), True),
    ("square_number(a**2 - 4*b)", (5, 5), False),
    ("positive_definite([[a, 1], [1, b]])", (1, 2), True),
    ("positive_definite([[a, 1], [1, b]])", (1, 1), False),
    ("positive_definite([[a, 1], [0, b]])", (1, 1), False),
    ("symmetric([[1, a], [b, 1]])", (2, 2), True),
    ("distinct_eigenvalues([[a, 1], [0, b]])", (2, 2), False),
    ("distinct_eigenvalues([[a, 1], [0, b]])", (2, 3), True),
    ("integer_eigenvalues([[1, a], [b, 1]])", (2, 8), True),
    ("integer_eigenvalues([[1, a], [b, 1]])", (2, 1), False),
    ("det(inv([[a, 1], [1, b]])) = 1/5", (2, 3), True),
    ("tr(matrix_power([[a, 1], [1, b]], 3)) > 0", (1, 1), True),
    ("norm([a, b]) = 5", (3, 4), True),
    ("a**b > 1", (999999, 999999), False),  # too large to be worked out: not met
    ("((a**b)**b)**b > 1", (999, 90), False),
    ("a**(b/2) > 1", (999999, 999999), False),
    ("exp(exp(exp(exp(a)))) > b", (9, 1), False),
]


@pytest.mark.parametrize(("condition", "numbers", "met"), CONDITIONS)
def test_conditions(condition: str, numbers: tuple[int, int], met: bool, tmp_path: Path) -> None:
    a, b = numbers
    body = f"parameters: {{a: [{a}], b: [{b}]}}\nconditions: ['{condition}']\n"
    if met:
        assert draws(tmp_path, body, 1) == [{"a": str(a), "b": str(b)}]
    else:
        with pytest.raises(UserError, match="is not met"):
            draws(tmp_path, body, 1)


@pytest.mark.parametrize("student", range(20))
def test_eigenvalues_are_those_that_sympy_finds(student: int, tmp_path: Path) -> None:
    body = "parameters: {A: 'matrix(3, 3) symmetric of -3..3'}\n"
    wanted = "conditions: [integer_eigenvalues(A), distinct_eigenvalues(A), det(A) != 0]\n"
    drawn = draws(tmp_path, body + wanted, student + 1)[student]
    matrix = sympy.Matrix(sympy.sympify(drawn["A"]))
    found = matrix.eigenvals()
    assert all(value.is_integer and value != 0 for value in found) and len(found) == 3 and matrix.is_symmetric()


# --- where a parameter stands -----------------------------------------------------------------------------------------

DRAW = (("a", "1"), ("b", "-2"), ("c", "0"), ("h", "1/2"), ("r", "0.1"), ("k", "3"), ("g", "sin(x)"), ("w", "red"))
PARAMETERS = (
    "parameters:\n  a: 1..9\n  b: -9..9\n  c: -9..9\n  h: [1/2]\n  r: [0.1]\n  k: 2..4\n  g: [sin(x), x]\n"
    "  w: {words: [red, blue]}\nsymbols:\n  x: scalar\n  y: scalar\n"
)

# an expression, how it reads with what was drawn
EXPRESSIONS = [
    ("a*x**2 + b*x", "x**2 - 2 * x"),
    ("x*b", "-2 * x"),
    ("c*x + b", "-2"),
    ("x + c", "x"),
    ("x - b", "x + 2"),
    ("(x - b)**2", "(x + 2)**2"),
    ("(x + c)**k", "x**3"),
    ("x**a", "x"),
    ("h*x", "x / 2"),
    ("x/h", "2 * x"),
    ("b*g", "-2 * sin(x)"),
    ("-b*x", "2 * x"),
    ("x - (a + b)*x + a*b", "x + x - 2"),
    ("exp(b*x)", "exp(-2 * x)"),
]


@pytest.mark.parametrize(("written", "reads"), EXPRESSIONS)
def test_expressions(written: str, reads: str, tmp_path: Path) -> None:
    found = problem(tmp_path, f"{PARAMETERS}parts:\n  - derive: {written}\n    wrt: x\n", DRAW)
    assert text(found.parts[0].expression or Number(Fraction(0))) == reads


def test_numbers_where_numbers_are_wanted(tmp_path: Path) -> None:
    body = PARAMETERS + (
        "  z: vector(k)\n  M: [[a, b], [b, k]]\n  q: b*k\n  e: r\n"
        "parts:\n  - descend: x**2 + k*y**2\n    start: [a, b]\n    rate: r\n    steps: k\n    points: k\n"
    )
    found = problem(tmp_path, body, DRAW)
    part, values = found.parts[0], found.scope.values
    assert found.scope.symbols["z"].shape[0].number == 3
    assert values["M"] == ((1, -2), (-2, 3)) and values["q"] == ((-6,),) and values["e"] == ((Fraction(1, 10),),)
    assert (part.given.rate, part.given.steps, part.points) == (Fraction(1, 10), 3, 3)
    assert [text(one) for one in part.given.start] == ["1", "-2"] and part.given.decimal


def test_a_symbol_takes_the_numbers_of_its_parameter(tmp_path: Path) -> None:
    body = "parameters: {A: 'matrix(2, 2) of 1..3'}\nsymbols: {A: A, x: vector(2)}\n"
    found = problem(tmp_path, body + "parts: [{derive: x.T @ A @ x, wrt: x}]\n", (("A", "[[1, 2], [3, 1]]"),))
    assert found.scope.values["A"] == ((1, 2), (3, 1)) and text(found.parts[0].expression or found) == "x.T @ A @ x"


def test_worked_out(tmp_path: Path) -> None:
    for draw in draws(tmp_path, "parameters: {r: -5..5, s: -5..5, p: = r + s, q: {value: r*s}}\n", 20):
        assert int(draw["p"]) == int(draw["r"]) + int(draw["s"]) and int(draw["q"]) == int(draw["r"]) * int(draw["s"])


def test_without_a_student_the_draw_is_one_of_its_own(tmp_path: Path) -> None:
    body = "parameters: {a: 1..1000000}\n" + TAIL
    assert problem(tmp_path, body).draws == problem(tmp_path, body).draws != ()


# --- complaints -------------------------------------------------------------------------------------------------------

# lines of the file after its title, where, what is said
COMPLAINTS = [
    ("parameters: {a: 5..1}", "2:17", "nothing to draw from"),
    ("parameters: {a: 1..5 step 0}", "2:17", "nothing to draw from"),
    ("parameters: {a: 1..1 not 1}", "2:17", "all of it is excluded"),
    ("parameters: {a: 0..9999999}", "2:17", "at most 1000000"),
    ("parameters: {a: 1..}", "2:17", "says nothing that can be drawn"),
    ("parameters: {A: 'matrix(2, 3) symmetric of 1..2'}", "2:17", "square"),
    ("parameters: {A: 'matrix(20, 20) of 1..2'}", "2:17", "12 rows"),
    ("parameters: {A: 'matrix(2, 2) of 1-2'}", "2:17", "no range"),
    ("parameters: {a: {from: 1}}", "2:17", "`from` and `to`"),
    ("parameters: {a: {form: 1, to: 2}}", "2:17", "a parameter has"),
    ("parameters: {1a: 1..2}", "2:14", "no name"),
    ("parameters: {a: = b}", "2:19", "b is not declared"),
    ("parameters: {w: {words: ['\\input{x}']}}", "2:27", "not allowed"),
    ("parameters: {a: [sin(y)]}", "2:18", "y is not declared"),
    ("parameters: {a: 1..2}\nconditions: [a]", "3:14", "compares"),
    ("parameters: {a: 1..2}\nconditions: ['a < b']", "3:19", "b is not declared"),
    ("parameters: {a: 1..2}\nconditions: ['1 < 2']", "3:14", "no parameter"),
    ("parameters: {a: 1..2}\nconditions: ['invertable(a)']", "3:15", "compares"),
    ("parameters: {a: 1..2}\nconditions: ['a > 5']", "3:14", "`a > 5` is not met: all 2 draws"),
    ("parameters: {a: 1..999999}\nconditions: ['a**2 = 2']", "3:14", "is not met: 10000 draws"),
    ("parameters: {a: [2, 3], b: = sqrt(a)}", "2:28", "b has no exact value: all 2 draws"),
    ("parameters: {a: 1..2}\nconditions: ['coprime(a', 'a < 3']", "3:22", "not closed"),
    ("conditions: ['a < b']", "2:1", "there are none"),
    ("parameters: {a: 1..2}\nprompt: the number @(b) is", "3:22", "b is not declared"),
    ("parameters: {a: 1..2}\nprompt: the number @(a is", "3:20", "not closed"),
]


@pytest.mark.parametrize(("lines", "where", "said"), COMPLAINTS)
def test_complaints(lines: str, where: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(f"{HEAD}{lines}\n{TAIL}", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_problem(file)
    messages = [str(one).split("\n")[0] for one in caught.value.complaints]
    assert any(message.startswith(f"{file}:{where}:") and said in message for message in messages), messages


def test_the_example_of_the_manual(tmp_path: Path) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "problem-files.md").read_text(encoding="utf-8")
    example = manual.split("## Parameters\n```yaml\n")[1].split("```")[0]
    file = tmp_path / "example.yaml"
    file.write_text(example, encoding="utf-8")
    found = load_problem(file)
    assert len(found.parts) == 4 and set(found.inserts) == {"a*x**2 + b*x", "pet", "c"}


PRINTED = [
    ("$x - @(b)$", r"$x - \left(-2\right)$"),
    ("$x = @(b)$ and @(b)", "$x = -2$ and $-2$"),
    ("$2@(x + k)$", r"$2\left(x + 3\right)$"),
    ("$@(x + k)^2$", r"$\left(x + 3\right)^2$"),
    ("$x^@(k)$, $x_@(b)$", "$x^{3}$, $x_{-2}$"),
    ("@(w) \\$ @(a)", r"red \$ $1$"),
    ("$(@(a), @(b))$", "$(1, -2)$"),
    ("$@(a*x**2 + b*x) = 0$", "$x^{2} - 2 x = 0$"),
    ("$@(h)x$", r"$\frac{1}{2}x$"),
    ("$@(r)$", "$0.1$"),
]


@pytest.mark.parametrize(("written", "printed"), PRINTED)
def test_texts(written: str, printed: str, tmp_path: Path) -> None:
    body = f"{PARAMETERS}prompt: |\n  {written}\nparts:\n  - derive: x\n    wrt: x\n"
    assert with_inserts(problem(tmp_path, body, DRAW)).prompt.strip() == printed
