"""Listings that recompute a result: what they print, that a wrong result is found, and `check --against`."""

from __future__ import annotations

import ast
import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from derivgen.build.listings import framework_version, run, run_all, with_listing
from derivgen.build.question import derivative_question, scope_from
from derivgen.build.solve import Solved, solve
from derivgen.cli import main
from derivgen.derivation import Derivation, Listing, says_agreement
from derivgen.derive import derive
from derivgen.errors import CannotDerive, ProblemError
from derivgen.expr.nodes import Layout, Ones
from derivgen.expr.shapes import shape
from derivgen.expr.text import text
from derivgen.problem.load import load_problem
from derivgen.problem.model import Part
from derivgen.render.json import derivation_json
from derivgen.render.listing import LANGUAGES, listing
from derivgen.render.terminal import derivation_text
from derivgen.verify.checks import check_derivation

from .derive.corpus import CALCULUS, DERIVATIVES, DIFFERENTIALS
from .derive.solving import wrong

HAS_TORCH = importlib.util.find_spec("torch") is not None
BOTH = [
    "numpy",
    pytest.param("torch", marks=pytest.mark.skipif(not HAS_TORCH, reason="torch is not installed")),
]

SYMBOLS = """
  x: vector(n)
  A: matrix(n, n)
  X: matrix(m, n)
  w: vector(n)
  y: vector(m)
  z: vector(k)
  t: vector(k) onehot
  Z: matrix(m, k)
  T: matrix(m, k) onehot
  r: scalar
  s: scalar
"""
LOSS = "sum(log(1 + exp(-y * (X @ w))))"

# the part, the numbers of its listing, what it prints in all before the line of agreement (None: data are random)
PRINTED = [
    ("derive: x.T @ A @ x\n    wrt: x", "", None),
    ("derive: x.T @ A @ x\n    wrt: x", "{x: [1, 2], A: [[2, 1], [1, 3]]}", {"f": [18], "formula": [8, 14]}),
    (f"derive: {LOSS}\n    wrt: w", "", None),
    ("derive: A @ sigmoid(x)\n    wrt: x", "", None),
    ("derive: tr(A @ A)\n    wrt: A", "", None),
    (
        "derive: -t.T @ log(softmax(z))\n    wrt: z",
        "{z: [2, 1, 0.5], t: [1, 0, 0]}",
        {"f": [0.464369], "formula": [-0.371468, 0.231224, 0.140244]},
    ),
    ("derive: -sum(T * log(softmax(Z, axis=1)))/m\n    wrt: Z", "", None),
    ("derive: t.T @ (logsumexp(Z, axis=0) + mean(Z, axis=0))\n    wrt: Z", "", None),
    (
        "derive: sum(T * softmax(Z, axis=0))\n    wrt: Z",
        "{Z: [[0, 1], [0, 1]], T: [[1, 0], [0, 1]]}",
        {"f": [1], "formula": [0.25, -0.25, -0.25, 0.25]},
    ),
    ("derive: r**2 + exp(3*r)\n    wrt: r\n    at: {r: 1}\n    digits: 3", "", {"result": [62.257]}),
    ("derive: r**4\n    wrt: r\n    order: 2\n    at: {r: 2}", "", {"f": [16], "result": [48]}),
    ("gradient: r**2*s + log(s)\n    wrt: [r, s]", "", None),
    ("gradient: r**2*s\n    wrt: [r, s]\n    at: {r: 3, s: 2}", "", {"f": [18], "result": [12, 9]}),
    ("hessian: r**2*s + s**3\n    wrt: [r, s]\n    at: {r: 1, s: 2}", "", {"result": [4, 2, 2, 12]}),
    ("jacobian: [r**2*s, r + s, sin(r)]\n    wrt: [r, s]", "", None),
    ("jacobian: [r**2, r + s]\n    wrt: [r, s]\n    at: {r: 1, s: 2}", "", {"result": [2, 0, 1, 1]}),
    ("partials: r**2*s + s\n    wrt: [r, s]\n    order: 2", "{r: 1, s: 2}", {"formula": [4, 2, 2, 0]}),
    ("solve: (X @ w - y).T @ (X @ w - y)\n    wrt: w", "", None),
    ("evaluate: r**2 + s\n    at: {r: 2, s: 1}", "", {"value": [5], "result": [5]}),
    ("expand: (X @ w - y).T @ (X @ w - y)", "", None),
]


def parts(folder: Path, body: str) -> tuple[Part, ...]:
    path = folder / "problem.yaml"
    path.write_text(f"title: Code\nsymbols:{SYMBOLS}parts:\n{body}", encoding="utf-8")
    return load_problem(path).parts


def with_code(folder: Path, part: str, language: str, numbers: str = "") -> Solved:
    at = f"    at: {numbers}\n" if numbers else ""
    found = parts(folder, f"  - {part}\n  - code: {language}\n{at}")
    return solve(found[1], 2, found[1].layout or Layout.DENOMINATOR)


def listing_of(solved: Solved) -> Listing:
    assert not solved.refusal
    assert solved.derivation is not None
    (step,) = solved.derivation.steps
    assert isinstance(step, Listing)
    return step


def numbers_in(output: str, name: str) -> list[float]:
    """The numbers below or beside a name, as they were printed."""
    after = output.partition(f"{name}:")[2]
    lines = after.split("\n")
    own = [lines[0]] if lines[0].strip() else lines[1 : 1 + next(n for n, line in enumerate(lines[1:]) if ":" in line)]
    cleaned = " ".join(own).translate(str.maketrans("[],", "   "))
    return [float(number) for number in cleaned.split()]


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize(("part", "numbers", "printed"), PRINTED, ids=[f"{row[0]} {row[1]}" for row in PRINTED])
def test_what_it_prints(
    tmp_path: Path, part: str, numbers: str, printed: dict[str, list[float]] | None, language: str
) -> None:
    solved = with_code(tmp_path, part, language, numbers)
    step = listing_of(solved)
    assert step.status == "ran"
    assert step.agrees
    assert solved.report is not None and solved.report.verified
    assert solved.is_well and not solved.doubts
    ast.parse(step.source)
    for name, values in (printed or {}).items():
        assert numbers_in(step.output, name) == pytest.approx(values, abs=1e-6)


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize(("part", "numbers", "printed"), PRINTED, ids=[f"{row[0]} {row[1]}" for row in PRINTED])
def test_a_wrong_result_is_found(
    tmp_path: Path, part: str, numbers: str, printed: dict[str, list[float]] | None, language: str
) -> None:
    step = listing_of(with_code(tmp_path, part, language, numbers))
    asked = parts(tmp_path, f"  - {part}\n  - code: {language}\n" + (f"    at: {numbers}\n" if numbers else ""))[1]
    assert asked.about is not None
    right = derive(asked.about, Layout.DENOMINATOR)
    mutant = with_listing(replace(right, result=wrong(right.result)), asked)
    (mutated,) = mutant.steps
    assert isinstance(mutated, Listing)
    assert mutated.status == "ran" and not mutated.agrees
    assert mutated.source != step.source
    assert check_derivation(mutant, asked.scope.values, asked.scope.definitions).verdicts[0].status == "wrong"


def questions(language: str) -> list[tuple[str, str, bool]]:
    """For each question of the corpus in each layout a listing, and one of a wrong result; whether it is right."""
    found: list[tuple[str, str, bool]] = []
    for formula, wrt, declared in (*DERIVATIVES, *DIFFERENTIALS, *CALCULUS):
        scope = scope_from([one.strip() for one in declared.split(";")], [])
        for layout in Layout:
            part = derivative_question(formula, wrt, scope, layout=layout)
            try:
                derivation = derive(part, layout)
                found.append((f"{formula} by {wrt}, {layout}", listing(derivation, part, language), True))
            except CannotDerive:
                continue
            more = _raised(derivation)
            found.append((f"not {formula} by {wrt}, {layout}", listing(more, part, language), False))
    return found


def _raised(derivation: Derivation) -> Derivation:
    """With 1 added to every entry."""
    from derivgen.expr.build import plus

    return replace(derivation, result=plus((derivation.result, Ones(shape(derivation.result)))))


@pytest.mark.parametrize("language", BOTH)
def test_the_corpus(language: str) -> None:
    asked = questions(language)
    runs = run_all([source for _, source, _ in asked])
    astray = [
        (name, done.fault)
        for (name, _, right), done in zip(asked, runs, strict=True)
        if done.is_undefined or done.fault or says_agreement(done.output) != right
    ]
    assert astray == []
    assert len(asked) > 300


def test_the_same_twice(tmp_path: Path) -> None:
    first, second = (listing_of(with_code(tmp_path, PRINTED[0][0], "numpy")) for _ in range(2))
    assert first == second


def test_names_of_the_problem_come_first() -> None:
    scope = scope_from(["h: vector(k)", "f: matrix(k, k)", "formula: vector(k)"], [])
    part = derivative_question("h.T @ f @ h + formula.T @ h", "h", scope)
    source = listing(derive(part, Layout.DENOMINATOR), part, "numpy")
    assert says_agreement(run(source).output)


def test_without_the_framework(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("derivgen.build.listings.is_installed", lambda language: False)
    solved = with_code(tmp_path, PRINTED[0][0], "torch")
    step = listing_of(solved)
    assert (step.status, step.output) == ("missing", "")
    assert solved.derivation is not None
    assert solved.is_well and not solved.doubts
    assert "not run: torch is not installed" in derivation_text(solved.derivation, solved.report)


def test_json(tmp_path: Path) -> None:
    solved = with_code(tmp_path, PRINTED[0][0], "numpy")
    assert solved.derivation is not None
    (step,) = derivation_json(solved.derivation, solved.report)["steps"]
    assert step["language"] == "numpy"
    assert step["status"] == "ran"
    assert step["output"].endswith("True\n")
    assert step["verified"]["status"] == "numeric"


# the program, what is said of it
FAULTS = [
    ("raise ValueError('no')", "ValueError: no"),
    ("import missing_module", "No module named 'missing_module'"),
    ("import os\nassert 'HOME' not in os.environ and not os.listdir()", ""),
    ("import sys\nassert sys.flags.isolated", ""),
]


@pytest.mark.parametrize(("source", "fault"), FAULTS, ids=[row[0] for row in FAULTS])
def test_a_process_of_its_own(source: str, fault: str) -> None:
    found = run(source).fault
    assert fault in found and bool(fault) == bool(found)


def test_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("derivgen.build.listings.TIME_LIMIT", 0.2)
    assert "did not end" in run("while True:\n    pass").fault


# the parts, a piece of the complaint
BAD = [
    ("  - code: numpy\n", "there is no part for this listing"),
    ("  - derive: x.T @ x\n    wrt: x\n  - code: julia\n", "`julia` is no code"),
    ("  - derive: x.T @ x\n    wrt: x\n  - code: numpy\n    claim: x\n", "`claim` does not go with `code`"),
    ("  - derive: x.T @ x\n    wrt: x\n  - code: numpy\n    at: {q: 1}\n", "q is no declared symbol"),
    ("  - derive: x.T @ x\n    wrt: x\n  - code: numpy\n    at: {x: [[1, 2], [3, 4]]}\n", "the value is 2 x 2"),
    ("  - derive: x.T @ x\n    wrt: x\n  - code: numpy\n    at: {x: [r, 2]}\n", "a listing computes with numbers"),
]


@pytest.mark.parametrize(("body", "complaint"), BAD, ids=[row[1] for row in BAD])
def test_complaints(tmp_path: Path, body: str, complaint: str) -> None:
    with pytest.raises(ProblemError) as caught:
        parts(tmp_path, body)
    assert any(complaint in one.message for one in caught.value.complaints)


# the part, the numbers, a piece of the reason
REFUSED = [
    ("derive: A @ x @ x.T\n    wrt: A", "", "an index form"),
    ("classify: r**2 + s**2", "", "`classify` has no listing"),
    ("derive: x.T @ A @ x\n    wrt: x", "{x: [1, 2], A: [[1, 2, 3], [1, 2, 3], [1, 2, 3]]}", "n is 2 and 3"),
]


@pytest.mark.parametrize(("part", "numbers", "reason"), REFUSED, ids=[row[2] for row in REFUSED])
def test_refusals(tmp_path: Path, part: str, numbers: str, reason: str) -> None:
    assert reason in with_code(tmp_path, part, "numpy", numbers).refusal


GOOD = f"title: Good\nsymbols:{SYMBOLS}parts:\n  - derive: x.T @ A @ x\n    wrt: x\n  - classify: r**2 + s**2\n"


def test_check_against_numpy(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD, encoding="utf-8")
    answer = CliRunner().invoke(main, ["check", str(path), "--against", "numpy"])
    assert answer.exit_code == 0
    assert "1 of 1 results found again by NumPy, 1 skipped" in answer.output
    assert "1 skipped: `classify` has no listing" in answer.output


def test_check_against_finds_a_wrong_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD, encoding="utf-8")
    true_listing = listing

    def mutated(derivation: Derivation, part: Part, language: str) -> str:
        return true_listing(replace(derivation, result=wrong(derivation.result)), part, language)

    monkeypatch.setattr("derivgen.build.opinions.listing", mutated)
    answer = CliRunner().invoke(main, ["check", str(path), "--against", "numpy"])
    assert answer.exit_code == 1
    assert "0 of 1 results found again by NumPy" in answer.output
    assert "agree to 1e-6: False" in " ".join(answer.output.split())


def test_check_against_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("derivgen.build.opinions.is_installed", lambda language: False)
    path = tmp_path / "good.yaml"
    path.write_text(GOOD, encoding="utf-8")
    answer = CliRunner().invoke(main, ["check", str(path), "--against", "torch"])
    assert answer.exit_code == 1
    assert "torch is not installed" in answer.output
    assert "pip install torch" in answer.output


def test_versions() -> None:
    assert framework_version("numpy")
    assert framework_version("no-such-package") == ""
    assert list(LANGUAGES) == ["numpy", "torch"]


def test_the_formula_is_the_result(tmp_path: Path) -> None:
    step = listing_of(with_code(tmp_path, PRINTED[0][0], "numpy"))
    assert "formula = (A + A.T) @ x\n" in step.source
    assert text(derive(parts(tmp_path, f"  - {PRINTED[0][0]}\n")[0], Layout.DENOMINATOR).result) == "(A + A.T) @ x"
