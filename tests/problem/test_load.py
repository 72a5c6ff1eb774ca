"""Problem and sheet files: what is read, every trap of YAML, and places of complaints."""

from __future__ import annotations

import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from derivgen.errors import ProblemError
from derivgen.expr.nodes import Layout, MatMul, Symbol, Transpose
from derivgen.problem import Problem, is_sheet, json_schema, load_problem, load_sheet

VALID = r"""title: Gradient of a quadratic form
source: Section 2.3, exercise 3
refs: [cmu-2.3.3d, l03-4.2]   # what this covers
layout: denominator           # the default
symbols:
  x: vector(n)
  A: matrix(n, n)
  λ: scalar positive as \lambda_1
  no: 0.8
  B: [[2, 1], [1, 3]]
define:
  q: A @ x
prompt: |
  Let $\mathbf{x} \in \mathbb{R}^n$,
  and \emph{let} $\mathbf{A}$ cost \$5 & 100%.
parts:
  - prompt: Find the gradient.
    derive: x.T @ q
    wrt: x.T
    claim: 0.25 * (A + A.T) @ x + 1.5
    points: 0.5
    label: a
  - prompt: 'What if it''s symmetric?'
    derive: x.T @ q
    wrt: x
    assume: [A symmetric]
    depends: a
  - hessian: x.T @ A @ x
    wrt: x
  - matrix_form: sum(A[i, j]*x[j], j)
    free: i
  - text: Done.
"""


def _written(folder: Path, content: str | bytes, name: str = "problem.yaml") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_valid(tmp_path: Path) -> None:
    problem = load_problem(_written(tmp_path, VALID))
    first, second, third, fourth, fifth = problem.parts
    x, A = problem.scope.symbols["x"], problem.scope.symbols["A"]
    assert first.expression == MatMul((Transpose(x), A, x))
    assert (first.expression_text, first.wrt, first.wrt_transposed) == ("x.T @ q", x, True)
    assert first.claim is not None
    assert first.claim.digits == 2
    assert first.points == Fraction(1, 2)
    known = Symbol("A", A.shape, frozenset({"symmetric"}))
    assert second.expression == MatMul((Transpose(x), known, x))
    assert second.depends == ("a",)
    assert (third.task, third.order) == ("derive", 2)
    assert fourth.free == ("i",)
    assert (fifth.task, fifth.text) == ("text", "Done.")
    assert problem.layout is Layout.DENOMINATOR
    assert problem.scope.values["no"] == ((Fraction(4, 5),),)
    assert problem.scope.symbols["lambda"].latex == r"\lambda_1"
    assert str(first.place).endswith("problem.yaml:17:5")
    assert problem.places["prompt"].line == 14


def _problem(part: str, symbols: str = "x: vector(n)", top: str = "") -> str:
    return f"title: T\n{top}symbols:\n  {symbols}\n  A: matrix(m, n)\n  M: matrix(n, n)\nparts:\n{part}\n"


# a file, and the first complaint: its message, the text that is underlined, the hint begins with
TRAPS: list[tuple[str, str, str, str, str]] = [
    (
        "unknown field",
        "titel: T\n" + _problem("  - text: a"),
        "there is no field `titel`",
        "titel",
        "did you mean `title`?",
    ),
    ("unknown field of a part", _problem("  - txt: a"), "there is no field `txt`", "txt", "did you mean `text`?"),
    ("missing title", "parts:\n  - text: a\n", "the field `title` is missing", "p", ""),
    ("missing parts", "title: T\n", "the field `parts` is missing", "t", ""),
    ("no parts", "title: T\nparts: []\n", "`parts` is empty", "[]", ""),
    ("parts as text", "title: T\nparts: a\n", "`parts` takes a list: items that begin with `- `", "a", ""),
    ("part as text", "title: T\nparts:\n  - a\n", "`parts` takes fields, one a line", "a", ""),
    ("duplicate key", "title: T\n" + _problem("  - text: a"), "`title` stands twice, first in line 1", "title", ""),
    (
        "duplicate symbol",
        _problem("  - text: a", "λ: scalar\n  lambda: scalar"),
        "`lambda` is declared twice",
        "lambda",
        "",
    ),
    (
        "LaTeX in double quotes",
        _problem('  - text: "$\\frac12$"'),
        "a backslash inside double quotes begins an escape",
        "\\f",
        "write LaTeX in single quotes",
    ),
    (
        "unknown escape",
        _problem('  - text: "$\\mathbf{x}$"'),
        "a backslash inside double quotes begins an escape",
        "\\",
        "write LaTeX in single quotes",
    ),
    (
        "lost behind #",
        _problem("  - text: problem #1"),
        "what follows ` #` is a comment and not part of `text`",
        "#1",
        "put the value in single quotes",
    ),
    (
        "colon",
        _problem("  - text: note: this"),
        "this is not YAML: mapping values are not allowed in this context",
        ":",
        "a text",
    ),
    ("tab", "title: T\nparts:\n\t- text: a\n", "a tab stands where YAML wants spaces", "\t", "indent with spaces"),
    ("alias", _problem("  - text: *a"), "aliases (*name) are not read in problem files", "*", "quote a value"),
    ("anchor", _problem("  - text: &a b"), "anchors (&name) are not read in problem files", "&", "quote a value"),
    (
        "tag",
        _problem("  - text: !!python/object:os.system a"),
        "tags (!name) are not read in problem files",
        "!",
        "quote",
    ),
    ("two documents", "title: T\n---\ntitle: U\n", "the file holds more than one document", "-", "one problem a file"),
    ("a list", "- title: T\n", "the file is a list or a text, not fields", "- title: T", "begin with"),
    ("empty", "", "the file is empty", "", "`derivgen new FILE`"),
    ("only a comment", "# nothing\n", "the file is empty", "#", "`derivgen new FILE`"),
    ("NUL", "title: a\0b\n", "the character U+0000 does not belong in a problem file", "\N{REPLACEMENT CHARACTER}", ""),
    ("nested", "title: " + "[" * 100_000, "lists and fields are nested too deep, at most 20", "[", ""),
    ("dollar", _problem("  - text: costs $5"), "this `$` is not closed", "$", r"a dollar sign in text is written \$"),
    ("input", _problem(r"  - text: $\input{a}$"), r"`\input` is not allowed in a problem file", r"\input", ""),
    (
        "outside",
        _problem(r"  - text: the \alpha here"),
        r"`\alpha` stands outside mathematics",
        r"\alpha",
        "put it between",
    ),
    ("caret notation", _problem("  - text: $^^41$"), "`^^` is not allowed", "^^", ""),
    ("no task", _problem("  - prompt: a"), "this part has no task", "prompt", "add one of"),
    (
        "two tasks",
        _problem("  - text: a\n    derive: x\n    wrt: x"),
        "a part has one task, this one has `derive` and `text`",
        "text",
        "make two parts of it",
    ),
    (
        "latex for nothing",
        _problem("  - latex: x^2"),
        "`latex` does not say what is asked",
        "latex",
        "write it in place",
    ),
    (
        "latex beside a task",
        _problem("  - derive: x\n    latex: x\n    wrt: x"),
        "`latex` does not say what is asked",
        "latex",
        "write it in place",
    ),
    (
        "latex and more",
        _problem("  - derive: {latex: x, text: x}\n    wrt: x"),
        "`text` stands beside `latex`",
        "text",
        "leave it out",
    ),
    (
        "latex in a list",
        _problem("  - derive: [{latex: x_1}, 1]\n    wrt: x"),
        "LaTeX stands inside a list",
        "x_1",
        "write the whole array in LaTeX",
    ),
    (
        "no latex",
        _problem("  - derive: {ltx: x}\n    wrt: x"),
        "`derive` takes a text",
        "{ltx: x}",
        "an expression in LaTeX is written {latex: '...'}",
    ),
    (
        "wrong latex",
        _problem("  - derive: {latex: '\\mathbf{x}^\\top B'}\n    wrt: x"),
        "B is not declared",
        "B",
        "",
    ),
    (
        "wrong latex in several lines",
        _problem("  - derive:\n      latex: |\n        \\mathbf{x}^\\top\n          + \\foo x\n    wrt: x"),
        "`\\foo` is not read in an expression",
        "\\foo",
        "",
    ),
    (
        "task at the top",
        _problem("  - text: a", top="derive: x\n"),
        "`derive` belongs to a part",
        "derive",
        "write it under",
    ),
    ("no wrt", _problem("  - derive: x"), "`wrt` is missing: the symbol to differentiate by", "derive", "add `wrt: x`"),
    ("unknown wrt", _problem("  - derive: x\n    wrt: X"), "X is not declared", "X", "did you mean `x`?"),
    (
        "wrt with values",
        _problem("  - derive: c\n    wrt: c", "c: 3"),
        "c has values: nothing is differentiated by a constant",
        "c",
        "",
    ),
    (
        "wrt of a matrix",
        _problem("  - derive: M\n    wrt: M.T"),
        "M is (n, n): only a vector is turned into a row",
        "M.T",
        "",
    ),
    (
        "layout",
        _problem("  - text: a", top="layout: denominater\n"),
        "`denominater` is no layout",
        "denominater",
        "did you mean",
    ),
    (
        "method",
        _problem("  - text: a\n    method: indices"),
        "`indices` is no method",
        "indices",
        "did you mean `index`?",
    ),
    ("points", _problem("  - text: a\n    points: many"), "`many` is no number of points", "many", "write 2"),
    ("order", _problem("  - derive: x\n    wrt: x\n    order: 9"), "`order` is a whole number from 1 to 4", "9", ""),
    ("refs", _problem("  - text: a\n    refs: {a: b}"), "`refs` takes a text", "{a: b}", "a value that begins"),
    ("colon in a list", _problem("  - text: a\n    refs: [a, b: c]"), "`refs` takes a text", "b: c", "a value that"),
    ("bracket", _problem("  - text: a\n    remark: [x]"), "`remark` takes a text", "[x]", "a value that begins"),
    (
        "assumption",
        _problem("  - text: a\n    assume: A symetric"),
        "`symetric` is no assumption",
        "symetric",
        "did you mean",
    ),
    (
        "not square",
        _problem("  - text: a\n    assume: [A symmetric]"),
        "symmetric is said of square matrices; A is (m, n)",
        "symmetric",
        "",
    ),
    ("type", _problem("  - text: a", "x: vectr(n)"), "`vectr` is no type", "vectr", "did you mean `vector`?"),
    ("label", _problem("  - text: a\n    depends: b"), "no part above has the label `b`", "b", ""),
    (
        "gradient of a vector",
        _problem("  - gradient: x\n    wrt: x"),
        "a gradient is of a scalar; this is (n, 1)",
        "x",
        "use",
    ),
    (
        "free",
        _problem("  - matrix_form: sum(A[i, j], j)\n    free: k"),
        "k is no free index of the expression",
        "k",
        "its free",
    ),
    (
        "erratum",
        _problem("  - text: a\n    erratum: b"),
        "`erratum` speaks of a claim, and there is none",
        "erratum",
        "",
    ),
    (
        "definition",
        _problem("  - text: a", top="define:\n  q: x @ x\n"),
        "in x @ x: x is (n, 1), x is (n, 1): 1 and n differ",
        "x @ x",
        "",
    ),
    (
        "plain",
        _problem("  - derive: x + A @ A\n    wrt: x"),
        "in A @ A: A is (m, n), A is (m, n): n and m differ",
        "A @ A",
        "",
    ),
    (
        "single quotes",
        _problem("  - derive: 'x + A @ A'\n    wrt: x"),
        "in A @ A: A is (m, n), A is (m, n): n and m differ",
        "A @ A",
        "",
    ),
    (
        "double quotes",
        _problem('  - derive: "x + A @ A"\n    wrt: x'),
        "in A @ A: A is (m, n), A is (m, n): n and m differ",
        "A @ A",
        "",
    ),
    ("block", _problem("  - derive: |\n      x +\n        q * x\n    wrt: x"), "q is not declared", "q", ""),
    ("folded block", _problem("  - derive: >\n      x +\n      q * x\n    wrt: x"), "q is not declared", "q", ""),
    ("folded plain", _problem("  - derive: x +\n      q * x\n    wrt: x"), "q is not declared", "q", ""),
    ("escaped quote", _problem("  - text: 'it''s $5'"), "this `$` is not closed", "$", ""),
    ("empty expression", _problem("  - derive:\n    wrt: x"), "the expression is empty", "", ""),
]


@pytest.mark.parametrize(
    ("content", "message", "marked", "hint"), [row[1:] for row in TRAPS], ids=[row[0] for row in TRAPS]
)
def test_traps(tmp_path: Path, content: str, message: str, marked: str, hint: str) -> None:
    before = time.perf_counter()
    with pytest.raises(ProblemError) as raised:
        load_problem(_written(tmp_path, content))
    complaints = [one for one in raised.value.complaints if one.message.startswith(message)]
    assert complaints, str(raised.value)
    first = complaints[0]
    assert first.place is not None
    start = first.place.column - 1
    assert first.place.source[start : start + first.place.width].startswith(marked)
    assert first.hint.startswith(hint)
    assert time.perf_counter() - before < 1


ALONE = [row for row in TRAPS if row[0] not in ("duplicate key", "unknown field", "unknown field of a part", "no task")]


@pytest.mark.parametrize("content", [row[1] for row in ALONE], ids=[row[0] for row in ALONE])
def test_one_mistake_is_one_complaint(tmp_path: Path, content: str) -> None:
    with pytest.raises(ProblemError) as raised:
        load_problem(_written(tmp_path, content))
    assert len(raised.value.complaints) == 1, str(raised.value)


UNREADABLE: list[tuple[str, bytes, str]] = [
    ("not UTF-8", b"title: T\nprompt: \xff\xfe\n", "line 2 is not UTF-8"),
    ("too large", b"#" * 2_000_000, "the file is too large"),
]


@pytest.mark.parametrize(("content", "message"), [row[1:] for row in UNREADABLE], ids=[row[0] for row in UNREADABLE])
def test_unreadable(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        load_problem(_written(tmp_path, content))


def test_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="there is no such file"):
        load_problem(tmp_path / "none.yaml")
    with pytest.raises(ProblemError, match="this is a folder"):
        load_problem(tmp_path)


def test_all_complaints_at_once_in_order(tmp_path: Path) -> None:
    content = _problem("  - derive: x @ x\n    wrt: x\n    claim: q\n    layout: num\n  - text: $a", "x: vector(n)")
    with pytest.raises(ProblemError) as raised:
        load_problem(_written(tmp_path, content))
    assert [one.place.line for one in raised.value.complaints if one.place] == [7, 9, 10, 11]


def test_broken_declaration_is_said_once(tmp_path: Path) -> None:
    content = _problem("  - derive: x @ q\n    wrt: x\n    claim: x + 1", "x: vectr(n)")
    with pytest.raises(ProblemError) as raised:
        load_problem(_written(tmp_path, content))
    assert len(raised.value.complaints) == 1


def test_carriage_returns_and_mark(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + VALID.replace("\n", "\r\n").encode()
    assert load_problem(_written(tmp_path, content)).parts[0].place.line == 17


def test_alias_bomb(tmp_path: Path) -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(30))
    before = time.perf_counter()
    with pytest.raises(ProblemError):
        load_problem(_written(tmp_path, bomb))
    assert time.perf_counter() - before < 1


def test_sheet(tmp_path: Path) -> None:
    (tmp_path / "problems").mkdir()
    for name in ("b.yaml", "a.yaml", "notes.txt"):
        _written(tmp_path / "problems", VALID, name)
    path = _written(tmp_path, "title: S\nproblems: ['problems/*']\nedition: hints\nlayout: numerator\n", "sheet.yaml")
    sheet = load_sheet(path)
    assert sheet.problems == (tmp_path / "problems/a.yaml", tmp_path / "problems/b.yaml")
    assert (sheet.edition, sheet.layout, sheet.template) == ("hints", Layout.NUMERATOR, "sheet")
    assert is_sheet(path)
    assert not is_sheet(sheet.problems[0])
    assert not is_sheet(tmp_path / "none.yaml")
    alone = load_sheet(sheet.problems[0])
    assert (alone.title, alone.problems) == ("Gradient of a quadratic form", (sheet.problems[0],))
    with pytest.raises(ProblemError, match="this is a sheet"):
        load_problem(path)


SHEET_TRAPS: list[tuple[str, str]] = [
    ("problems: [nope.yaml]", "nope.yaml is not there"),
    ("problems: ['*.nope']", "no problem file matches"),
    ("problems: [/etc/passwd]", "a problem is named by its path from this file"),
    ("problems: ['../**/*']", "not supported: name the folders"),
    ("problems: []", "`problems` is empty"),
    ("problems: ['']", "a problem is named by its path"),
    ("problems: {a: b}", "`problems` takes a text"),
    ("problems: ['[']", "no problem file matches"),
    ("problems: [a.yaml]\nedition: solution", "did you mean `solutions`"),
    ("problems: [a.yaml]\ntemplate: ../../x", "is no name of a template"),
    ("problems: [a.yaml]\nauthor: $x", "not closed"),
]


@pytest.mark.parametrize(("content", "message"), SHEET_TRAPS, ids=[row[0] for row in SHEET_TRAPS])
def test_sheet_traps(tmp_path: Path, content: str, message: str) -> None:
    _written(tmp_path, VALID, "a.yaml")
    with pytest.raises(ProblemError) as raised:
        load_sheet(_written(tmp_path, f"title: S\n{content}\n", "sheet.yaml"))
    assert message in str(raised.value)


def test_schema_describes_every_field() -> None:
    schema = json_schema()
    for name in ("Problem", "Sheet", "PartFields"):
        for field, entry in schema["$defs"][name]["properties"].items():
            assert {"title", "description"} <= set(entry), f"{name}.{field}"


def test_sympy_is_not_imported() -> None:
    code = "import sys, derivgen.problem; sys.exit('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _loads_or_complains(folder: Path, content: bytes) -> None:
    path = _written(folder, content)
    try:
        assert isinstance(load_problem(path), Problem)
    except ProblemError as error:
        str(error).encode("utf-8")
    try:
        load_sheet(path)
    except ProblemError as error:
        str(error).encode("utf-8")


_FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_FUZZ
@given(st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    _loads_or_complains(tmp_path, content)


_PIECES = [
    *"\n\t :-#'\"$\\{}[]()|>&*!%@`^,.~0",
    "\n  ",
    ": ",
    " #",
    "problems: ",
    "parts:",
    "- ",
    "\\input",
    "\0",
    "\u2028",
    "λ",
    "&a ",
    "*a",
    "<<: ",
]


@_FUZZ
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(VALID)), st.integers(0, 12), st.one_of(st.sampled_from(_PIECES), st.text(max_size=4))
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_mutation(tmp_path: Path, changes: list[tuple[int, int, str]]) -> None:
    content = VALID
    for start, length, put in changes:
        content = content[:start] + put + content[start + length :]
    _loads_or_complains(tmp_path, content.encode("utf-8", "surrogatepass"))


IN_LATEX = r"""title: In LaTeX
symbols:
  x: vector(n)
  b: vector(m)
  A: matrix(m, n)
define:
  r_1: {latex: 'A\mathbf{x} - \mathbf{b}'}
  z: {latex: '\mathbf{r}_1^\top \mathbf{r}_1'}
parts:
  - derive: {latex: '\lVert A \mathbf{x} \rVert_2^2'}
    wrt: x
    claim: {latex: '\nabla f = 2 A^\top A \mathbf{x}'}
  - latex: \frac12 \mathbf{x}^\top \mathbf{x}
    wrt: x
  - derive:
    latex: \mathbf{x}^\top \mathbf{x}
    wrt: x
  - show: {left: {latex: '(A\mathbf{x})^\top'}, right: x.T @ A.T}
  - shapes: [{latex: 'A^\top \mathbf{b}'}, A @ b]
    of: {latex: '\mathbf{b}^\top A \mathbf{x}'}
    wrt: x
  - derive: z
    wrt: x
"""


def test_latex_means_what_text_means(tmp_path: Path) -> None:
    as_text = IN_LATEX
    for latex, text in (
        (r"{latex: 'A\mathbf{x} - \mathbf{b}'}", "A @ x - b"),
        (r"{latex: '\mathbf{r}_1^\top \mathbf{r}_1'}", "r_1.T @ r_1"),
        (r"{latex: '\lVert A \mathbf{x} \rVert_2^2'}", "norm(A @ x, 2)**2"),
        (r"{latex: '\nabla f = 2 A^\top A \mathbf{x}'}", "2 * A.T @ A @ x"),
        ("- latex: \\frac12 \\mathbf{x}^\\top \\mathbf{x}", "- derive: 1/2 * x.T @ x"),
        ("derive:\n    latex: \\mathbf{x}^\\top \\mathbf{x}", "derive: x.T @ x"),
        (r"{latex: '(A\mathbf{x})^\top'}", "(A @ x).T"),
        (r"{latex: 'A^\top \mathbf{b}'}", "A.T @ b"),
        (r"{latex: '\mathbf{b}^\top A \mathbf{x}'}", "b.T @ A @ x"),
    ):
        assert latex in as_text
        as_text = as_text.replace(latex, text)
    one = load_problem(_written(tmp_path, IN_LATEX))
    other = load_problem(_written(tmp_path, as_text, "text.yaml"))
    assert one.scope == other.scope
    for part, same in zip(one.parts, other.parts, strict=True):
        assert part.task == same.task
        assert part.expression == same.expression
        assert part.right == same.right
        assert (part.claim and part.claim.expression) == (same.claim and same.claim.expression)


def test_latex_keeps_quantities_in_order(tmp_path: Path) -> None:
    content = _problem("  - derive: q\n    wrt: x", top="define:\n  q: {latex: '\\mathbf{r}_1 + x'}\n  r_1: A @ x\n")
    with pytest.raises(ProblemError, match="q uses r_1, which is defined below it"):
        load_problem(_written(tmp_path, content))


def test_a_list_of_options_may_mix(tmp_path: Path) -> None:
    options = load_problem(_written(tmp_path, IN_LATEX)).parts[4].options
    assert options == (r"A^\top \mathbf{b}", "A @ b")
