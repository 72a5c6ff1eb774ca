"""The commands as a person meets them: what they print, their exit status, and what they leave alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from derivgen.cli import main

QUADRATIC = ["derive", "x.T @ A @ x", "--wrt", "x", "--let", "x: vector(n)", "--let", "A: matrix(n, n)"]

GOOD = """\
title: Gradient of a quadratic form
symbols:
  x: vector(n)
  A: matrix(n, n)
prompt: 'Let $\\mathbf{A}$ be constant.'
parts:
  - prompt: Find the gradient.
    derive: x.T @ A @ x
    wrt: x
    claim: (A + A.T) @ x
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_quadratic_form_shows_every_stage() -> None:
    result = run(*QUADRATIC)
    assert result.exit_code == 0
    for stage in ("Σ_i Σ_j x_i A_ij x_j", "δ_ik A_ij x_j + x_i A_ij δ_jk", "Σ_j A_kj x_j", "(A x)_k + (Aᵀ x)_k"):
        assert stage in result.output
    assert "= (A + A.T) @ x " in result.output


def test_the_question_may_be_latex() -> None:
    names = QUADRATIC[2:]
    asked = run("derive", "--latex", r"\mathbf{x}^\top A \mathbf{x}", *names)
    assert asked.output == run(*QUADRATIC).output
    form = run("matrix-form", "--latex", r"\sum_j A_{ij} x_j", *names[2:])
    assert "y = A @ x " in form.output


def test_wrong_latex_is_pointed_at() -> None:
    result = run("derive", "--latex", r"\mathbf{x}^\top A y", *QUADRATIC[2:])
    assert result.exit_code == 1
    assert "y is not declared" in result.output
    assert "\n" + " " * 22 + "^\n" in result.output


@pytest.mark.parametrize("given", [["x", "--latex", "x"], []])
def test_one_expression_is_asked_about(given: list[str]) -> None:
    result = run("derive", *given, *QUADRATIC[2:])
    assert result.exit_code == 2
    assert "Give an expression" in result.output


def test_numerator_layout_is_a_row() -> None:
    assert "= x.T @ (A + A.T) " in run(*QUADRATIC, "--layout", "numerator").output


def test_symmetric_matrix() -> None:
    assert "= 2 * A @ x " in run(*QUADRATIC, "--assume", "A symmetric").output


def test_by_a_row_vector() -> None:
    row = [argument if argument != "x" else "x.T" for argument in QUADRATIC]
    assert "= x.T @ (A + A.T) " in run(*row).output


@pytest.mark.parametrize("layout", ["denominator", "numerator", "mixed"])
def test_numpy_agrees_with_central_differences(layout: str) -> None:
    source = run(*QUADRATIC, "--format", "numpy", "--layout", layout).output
    made: dict[str, object] = {}
    exec(compile(source, "derivative", "exec"), made)
    rng = np.random.default_rng(3)
    x, A = rng.normal(size=(4, 1)), rng.normal(size=(4, 4))
    step = 1e-5
    wanted = np.array(
        [
            ((x + h).T @ A @ (x + h) - (x - h).T @ A @ (x - h))[0, 0] / (2 * step)
            for h in (step * np.eye(4)[:, [k]] for k in range(4))
        ]
    ).reshape((1, 4) if layout == "numerator" else (4, 1))
    found = made["derivative"](x, A)  # type: ignore[operator]
    assert found.shape == wanted.shape
    # a quadratic has no truncation error; what is left is rounding of about 1e-16 / step
    np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-9)


def test_json_has_the_fields_of_the_contract() -> None:
    answer = json.loads(run(*QUADRATIC, "--format", "json").output)
    assert answer["version"] == 1 and answer["verified"] is True and answer["task"] == "derive"
    assert set(answer["steps"][0]) == {"rule", "law", "before", "after", "level", "verified", "substeps"}
    assert answer["result"]["text"] == "(A + A.T) @ x" and answer["result"]["shape"] == ["n", "1"]
    assert answer["result"]["form"] == "matrix"


def test_latex_is_one_align() -> None:
    output = run(*QUADRATIC, "--format", "latex").output
    assert output.count(r"\begin{align*}") == 1 and r"\delta_{ik}" in output and "free" not in output


def test_full_detail_has_more_lines_and_brief_fewer() -> None:
    lines = {
        detail: len(run(*QUADRATIC, "--detail", detail).output.splitlines()) for detail in ("brief", "normal", "full")
    }
    assert lines["brief"] < lines["normal"] < lines["full"]


def test_matrix_form() -> None:
    result = run("matrix-form", "sum(A[i, j]*x[i]*y[i], i)", *_let("A: matrix(n, n)", "x: vector(n)", "y: vector(n)"))
    assert result.exit_code == 0 and "A.T @ (x * y)" in result.output


def test_free_indices_in_another_order() -> None:
    result = run("matrix-form", "A[i, j]", "--free", "j, i", *_let("A: matrix(m, n)"))
    assert "= A.T " in result.output


def _let(*declarations: str) -> list[str]:
    return [word for declaration in declarations for word in ("--let", declaration)]


# arguments, a piece of the message
REFUSED = [
    (["derive", "x.T @ B @ x", "--wrt", "x", *_let("x: vector(n)")], "B is not declared"),
    (["derive", "A @ x", "--wrt", "x", *_let("A: matrix(n, m)", "x: vector(p)")], "A is (n, m), x is (p, 1)"),
    (["derive", "x.T @ x", "--wrt", "y", *_let("x: vector(n)")], "y is not declared"),
    (["derive", "x^2", "--wrt", "x", *_let("x: scalar")], "x**2"),
    (["derive", "t", "--wrt", "t", "--let", "t"], "declares nothing"),
    (["derive", "t", "--wrt", "t", *_let("t: vektor(n)")], "vector"),
    (["derive", "t*t", "--wrt", "t", *_let("t: scalar"), "--method", "magic"], "magic"),
    (["derive", "__import__('os').system('true')", "--wrt", "t", *_let("t: scalar")], ""),
    (["build", "no-such-file.yaml"], "no such file"),
    (["check", "no-such-file.yaml"], "no such file"),
    (["show", "no-such-file.yaml"], "no such file"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED, ids=lambda one: str(one)[:40])
def test_refused_with_a_message_and_status_1(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert message in result.output and "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    "arguments", [["derive", "x"], ["derive", "x", "--wrt", "x", "--layout", "upside-down"], ["nonsense"]]
)
def test_wrong_usage_is_status_2(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


# what is changed in the good file, to what, a piece of the message, line and column of the complaint
BROKEN = [
    ("title:", "tittle:", "title", ":1:1"),
    ("x.T @ A @ x", "x.T @ A @ y", "y is not declared", ":8:23"),
    ("x.T @ A @ x", "x.T @ A.T @ A @ A @ x @ x", "differ", ":8:"),
    ("  A: matrix(n, n)", "  A: matrix(n, m)", "differ", ":8:"),
    ("symbols:", "symbols: {", "", ":"),
    ("$\\mathbf{A}$", "$\\mathbf{A}", "$", ":5:"),
    ("\\mathbf{A}", "\\input{/etc/passwd}", "\\input", ":5:"),
    ("(A + A.T) @ x", "(A - A.T) @ x", "claim is wrong", ":10:"),
    ("wrt: x", "wrt: z", "z", ":9:"),
    ("derive:", "evaluate:", "evaluate", ":8:"),
]


@pytest.mark.parametrize(("old", "new", "message", "place"), BROKEN, ids=[new for _, new, _, _ in BROKEN])
def test_broken_file_has_one_clear_message_and_keeps_the_last_pdf(
    tmp_path: Path, old: str, new: str, message: str, place: str
) -> None:
    file, output = tmp_path / "problem.yaml", tmp_path / "output"
    output.mkdir()
    (output / "problem.pdf").write_bytes(b"the last good one")
    file.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    result = run("build", file, "--output", output)
    assert result.exit_code == 1
    assert f"{file}{place}" in result.output and message in result.output and "Traceback" not in result.output
    assert (output / "problem.pdf").read_bytes() == b"the last good one"
    assert run("check", file).exit_code == 1


def test_tex_error_names_the_line_of_the_problem_file(tmp_path: Path) -> None:
    file, output = tmp_path / "problem.yaml", tmp_path / "output"
    output.mkdir()
    (output / "problem.pdf").write_bytes(b"the last good one")
    # every control sequence is an allowed one, but TeX finds a superscript twice
    file.write_text(GOOD.replace("Find the gradient.", "'Find $x^2^3$.'"), encoding="utf-8")
    result = run("build", file, "--output", output)
    assert result.exit_code == 1
    assert f"{file}:7:" in result.output and "Double superscript" in result.output
    assert (output / "problem.pdf").read_bytes() == b"the last good one"


def test_build_writes_a_pdf_and_then_has_nothing_to_do(tmp_path: Path) -> None:
    file, output = tmp_path / "problem.yaml", tmp_path / "output"
    file.write_text(GOOD, encoding="utf-8")
    assert run("build", file, "--output", output).exit_code == 0
    first = (output / "problem.pdf").read_bytes()
    assert first.startswith(b"%PDF")
    assert "nothing has changed" in run("build", file, "--output", output).output
    run("build", file, "--output", output, "--force")
    assert (output / "problem.pdf").read_bytes() == first
    file.write_text(GOOD.replace("Find the gradient.", "Find it."), encoding="utf-8")
    assert "lines checked" in run("build", file, "--output", output).output


def test_one_bad_sheet_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "bad.yaml").write_text(GOOD.replace("wrt: x", "wrt: z"), encoding="utf-8")
    result = run("build", tmp_path, "--output", tmp_path / "output", "--jobs", "1")
    assert result.exit_code == 1
    assert (tmp_path / "output" / "good.pdf").exists() and not (tmp_path / "output" / "bad.pdf").exists()


def test_erratum_lets_a_wrong_claim_pass_and_a_right_one_not(tmp_path: Path) -> None:
    file = tmp_path / "problem.yaml"
    wrong = GOOD.replace("(A + A.T) @ x", "2 * A @ x")
    file.write_text(wrong, encoding="utf-8")
    result = run("check", file)
    assert result.exit_code == 1 and "claim holds only if A is symmetric" in result.output
    file.write_text(f"{wrong}    erratum: True for symmetric matrices only.\n", encoding="utf-8")
    assert run("check", file).exit_code == 0
    file.write_text(f"{GOOD}    erratum: Nothing is wrong here.\n", encoding="utf-8")
    assert run("check", file).exit_code == 1


def test_check_json_and_github(tmp_path: Path) -> None:
    file = tmp_path / "problem.yaml"
    file.write_text(GOOD.replace("(A + A.T)", "(A - A.T)"), encoding="utf-8")
    result = run("check", file, "--format", "json")
    (entry,) = json.loads(result.stdout)
    assert result.exit_code == 1
    assert entry["line"] == 7 and entry["part"] == 1 and entry["claim"]["status"] == "wrong"
    annotation = run("check", file, "--format", "github").output
    assert annotation.startswith(f"::error file={file},line=10,col=12::claim is wrong")


def test_new_file_builds_and_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "problems" / "mine.yaml"
    assert run("new", file).exit_code == 0
    assert run("check", file).exit_code == 0
    assert "(A + Aᵀ) x" in run("show", file).output
    before = file.read_text(encoding="utf-8")
    assert run("new", file).exit_code == 1
    assert file.read_text(encoding="utf-8") == before


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(json.loads(run("schema").output))


@pytest.mark.parametrize("command", ["list", "doctor"])
def test_says_what_there_is(command: str) -> None:
    result = run(command)
    assert result.exit_code == 0 and "engine" in result.output


@pytest.mark.parametrize("name", sorted(main.commands))
def test_each_command_has_help(name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0 and "Usage" in result.output
    assert main.commands[name].help


def test_help_imports_neither_sympy_nor_numpy() -> None:
    program = """
import sys
from derivgen.cli import main
try:
    main(["--help"])
except SystemExit:
    print(sorted({"sympy", "numpy", "pydantic"} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
