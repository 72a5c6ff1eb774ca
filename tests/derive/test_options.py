"""Matching of shapes: the published exercise, chain rules in each layout, and verdicts that are made wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from derivgen.build.solve import solve
from derivgen.derivation import Derivation, Option, Options
from derivgen.errors import ProblemError
from derivgen.expr.nodes import Layout
from derivgen.expr.text import text
from derivgen.render.json import derivation_json
from derivgen.render.terminal import derivation_text
from derivgen.verify.checks import check_derivation

from .solving import parts_of, solved

PRODUCT = (
    "diff(u, x) @ diff(v, x)",
    "u @ diff(u, x) + v @ diff(v, x)",
    "diff(u, x) @ v + u @ diff(v, x)",
    "diff(u, x) @ v + diff(v, x)",
    "(diff(u, x) @ v).T",
    "diff(u, x) @ u + diff(v, x) @ v",
    "diff(u, x) @ v + diff(v, x) @ u",
    "u.T @ v + diff(u, x) @ v",
    "u * diff(u, x)",
)
SQUARE = (
    "diff(y, x) @ diff(z, y)",
    "diff(z, y) @ diff(y, x)",
    "diff(z, y).T @ diff(y, x)",
    "(diff(z, y) @ diff(y, x)).T",
    "diff(z, y) @ diff(y, x) / diff(y, x)",
)


def verdicts(options: tuple[str, ...], words: str) -> dict[str, str]:
    return dict(zip(options, words.split(), strict=True))


SYMBOLS = "x: vector(m), u: vector(n), v: vector(n), A: 'matrix(m, m)', t: scalar, z: scalar, X: 'matrix(m, n)'"
EQUAL = "x: vector(n), y: vector(n), z: vector(n)"

# symbols, of, wrt, functions, layout, each option with the verdict that is known for it
ROWS = [
    (
        SYMBOLS,
        "u.T @ v",
        "x",
        "{u: x, v: x}",
        Layout.DENOMINATOR,
        verdicts(PRODUCT, "undefined undefined undefined undefined shape false right undefined undefined"),
    ),
    (
        SYMBOLS,
        "u.T @ v",
        "x",
        "{u: x, v: x}",
        Layout.NUMERATOR,
        {
            "v.T @ diff(u, x) + u.T @ diff(v, x)": "right",
            "u.T @ diff(u, x) + v.T @ diff(v, x)": "false",
            "diff(u, x).T @ v": "shape",
            "diff(u, x) @ v": "undefined",
        },
    ),
    (SYMBOLS, "x.T @ A @ x", "x", "{}", Layout.DENOMINATOR, {"(A + A.T) @ x": "right", "2 * A @ x": "false"}),
    (EQUAL, "z", "x", "{y: x, z: y}", Layout.DENOMINATOR, verdicts(SQUARE, "right false false false false")),
    (EQUAL, "z", "x", "{y: x, z: y}", Layout.NUMERATOR, verdicts(SQUARE, "false right false false false")),
    (EQUAL, "z", "x", "{y: x, z: y}", Layout.MIXED, verdicts(SQUARE, "false right false false false")),
    (
        "x: vector(p), y: vector(r), z: vector(n)",
        "z",
        "x",
        "{y: x, z: y}",
        Layout.DENOMINATOR,
        {"diff(y, x) @ diff(z, y)": "right", "diff(z, y) @ diff(y, x)": "undefined"},
    ),
    # both paths: z depends on x directly, and through u
    (
        SYMBOLS,
        "z",
        "x",
        "{u: x, z: [u, x]}",
        Layout.DENOMINATOR,
        {"diff(z, x) + diff(u, x) @ diff(z, u)": "right", "diff(u, x) @ diff(z, u)": "false"},
    ),
    (SYMBOLS, "t * z", "X", "{z: X}", Layout.NUMERATOR, {"t * diff(z, X)": "right", "t * diff(z, X).T": "shape"}),
    (
        SYMBOLS,
        "u",
        "t",
        "{u: x, x: t}",
        Layout.DENOMINATOR,
        {"diff(x, t) @ diff(u, x)": "right", "diff(u, x).T @ diff(x, t)": "undefined"},
    ),
    (SYMBOLS, "t**2 * z", "t", "{z: t}", Layout.DENOMINATOR, {"2*t*z + t**2*diff(z, t)": "right", "2*t*z": "false"}),
]


def given(symbols: str, of: str, wrt: str, functions: str, options: tuple[str, ...], more: str = "") -> str:
    listed = "".join(f"      - {option}\n" for option in options)
    return (
        f"title: Shapes\nsymbols: {{{symbols}}}\nparts:\n  - shapes:\n{listed}"
        f"    of: {of}\n    wrt: {wrt}\n    functions: {functions}\n{more}"
    )


def options_of(derivation: Derivation) -> tuple[Option, ...]:
    return next(step.options for step in derivation.steps if isinstance(step, Options))


@pytest.mark.parametrize(("symbols", "of", "wrt", "functions", "layout", "known"), ROWS)
def test_verdicts(
    tmp_path: Path, symbols: str, of: str, wrt: str, functions: str, layout: Layout, known: dict[str, str]
) -> None:
    part = parts_of(tmp_path, given(symbols, of, wrt, functions, tuple(known)))[0]
    answer = solve(part, 1, layout)
    assert answer.derivation is not None and answer.report is not None
    assert [one.verdict for one in options_of(answer.derivation)] == list(known.values())
    assert answer.report.verified
    right = [option for option, verdict in known.items() if verdict == "right"]
    assert text(answer.derivation.result).replace(" ", "") == right[0].replace(" ", "")


def test_every_other_verdict_is_found_to_be_wrong(tmp_path: Path) -> None:
    answer = solved(tmp_path, given(SYMBOLS, "u.T @ v", "x", "{u: x, v: x}", PRODUCT))
    assert answer.derivation is not None
    step = next(step for step in answer.derivation.steps if isinstance(step, Options))
    for place, option in enumerate(step.options):
        for verdict in {"undefined", "shape", "right", "false"} - {option.verdict}:
            changed = (*step.options[:place], replace(option, verdict=verdict), *step.options[place + 1 :])
            steps = tuple(
                replace(one, options=changed) if isinstance(one, Options) else one for one in answer.derivation.steps
            )
            assert check_derivation(replace(answer.derivation, steps=steps)).is_wrong, (text(option.shown), verdict)


def test_a_derivative_in_another_layout_is_found_to_be_wrong(tmp_path: Path) -> None:
    answer = solved(tmp_path, given(SYMBOLS, "u.T @ v", "x", "{u: x, v: x}", PRODUCT))
    assert answer.derivation is not None
    assert check_derivation(replace(answer.derivation, layout=Layout.NUMERATOR)).is_wrong


def test_none_is_right(tmp_path: Path) -> None:
    answer = solved(tmp_path, given(SYMBOLS, "u.T @ v", "x", "{u: x, v: x}", PRODUCT[:6]))
    assert answer.derivation is not None and answer.report is not None and answer.report.verified
    assert "right" not in answer.derivation.verdict.split(", ")


CLAIMS = [
    ("[6, 7]", "holds", ""),
    ("7, 6", "holds", ""),
    ("[7]", "wrong", "option 6 can be right"),
    ("[4, 6, 7]", "wrong", "option 4 is not defined"),
    ("[5, 6, 7]", "wrong", "option 5 has another shape"),
]


@pytest.mark.parametrize(("claim", "status", "message"), CLAIMS, ids=[row[0] for row in CLAIMS])
def test_claims(tmp_path: Path, claim: str, status: str, message: str) -> None:
    more = f"    claim: {claim}\n"
    answer = solved(tmp_path, given(SYMBOLS, "u.T @ v", "x", "{u: x, v: x}", PRODUCT, more))
    assert answer.claim is not None
    assert answer.claim.status == status and message in answer.claim.message


WRONG_FILES = [
    ("u.T @ v", "x", "{u: x, w: x}", "u", "w is not declared"),
    ("u.T @ v", "x", "{u: v, v: u}", "u", "depends on itself"),
    ("u.T @ v", "x", "{u: x}", "diff(v, x)", "is no derivative of `functions`"),
    ("u.T @ v", "x", "{u: x}", "diff(u, x) @", "something is missing"),
    ("u.T @ v", "x", "{u: x}", "q @ u", "q is not declared"),
]


@pytest.mark.parametrize(("of", "wrt", "functions", "option", "message"), WRONG_FILES)
def test_complaints(tmp_path: Path, of: str, wrt: str, functions: str, option: str, message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        parts_of(tmp_path, given(SYMBOLS, of, wrt, functions, (option,)))


def test_of_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="`of` is missing"):
        parts_of(tmp_path, "title: T\nsymbols: {x: vector(n)}\nparts:\n  - shapes: [x]\n    wrt: x\n")


def test_too_many_axes_are_refused(tmp_path: Path) -> None:
    answer = solved(tmp_path, given(SYMBOLS, "u", "X", "{u: X}", ("u",)))
    assert "two axes" in answer.refusal or "scalars and columns" in answer.refusal


def test_formats(tmp_path: Path) -> None:
    answer = solved(tmp_path, given(SYMBOLS, "u.T @ v", "x", "{u: x, v: x}", PRODUCT))
    assert answer.derivation is not None
    shown = derivation_text(answer.derivation, answer.report)
    assert "1. du/dx dv/dx   not defined: du/dx is mxn, dv/dx is mxn; n and m differ" in shown
    data = derivation_json(answer.derivation, answer.report)
    assert [step["rule"] for step in data["steps"]] == [one.verdict for one in options_of(answer.derivation)]
    assert data["result"]["text"] == "diff(u, x) @ v + diff(v, x) @ u"
