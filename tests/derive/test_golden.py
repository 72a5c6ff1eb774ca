"""Whole derivations as a person reads them, one file each in tests/golden.

`make golden` writes them anew; the difference is read before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from derivgen.derivation import Derivation, Rewrite
from derivgen.derive import derive
from derivgen.expr.nodes import Layout
from derivgen.expr.shapes import show_shape
from derivgen.expr.text import text
from derivgen.render.plain import unicode_math
from derivgen.render.terminal import derivation_text

from .corpus import CALCULUS, DERIVATIVES, DIFFERENTIALS, MATRIX_FORMS, derivative, differential, matrix_form

FOLDER = Path(__file__).parents[1] / "golden"
CASES = [
    *((f"derivative-{number:02}", derivative(case)) for number, case in enumerate(DERIVATIVES, 1)),
    *((f"differential-{number:02}", differential(case)) for number, case in enumerate(DIFFERENTIALS[:6], 1)),
    *((f"calculus-{number:02}", derivative(case)) for number, case in enumerate(CALCULUS, 1)),
    *((f"matrix-form-{number:02}", matrix_form(case)) for number, case in enumerate(MATRIX_FORMS, 1)),
]


def trace(derivation: Derivation) -> str:
    """The lines of a derivation, read aloud: what equals what, by which law."""
    if derivation.question is not None:
        return f"{derivation.task}: {text(derivation.statement)}\n\n{derivation_text(derivation)}\n"
    variable = f" by {derivation.wrt.name}" if derivation.wrt else ""
    written = [f"{derivation.task}: {text(derivation.statement)}{variable}", ""]
    heading = None
    for step in derivation.steps:
        if not isinstance(step, Rewrite):
            continue
        if step.heading != heading:
            written.append(unicode_math(step.heading))
        heading = step.heading
        written.append(f"  = {unicode_math(step.after)}  [{step.rule}]")
    where = f"  {show_shape(derivation.shape)}" if derivation.form == "matrix" else f"  index form: {derivation.reason}"
    written += ["", f"{text(derivation.result)}{where}"]
    written += [f"{layout}: {text(other)}" for layout, other in derivation.others]
    return "\n".join(written) + "\n"


@pytest.mark.parametrize(("name", "part"), CASES, ids=[name for name, _ in CASES])
def test_trace(name: str, part: object) -> None:
    from derivgen.problem.model import Part

    assert isinstance(part, Part)
    found = trace(derive(part, Layout.DENOMINATOR))
    file = FOLDER / f"{name}.txt"
    if os.environ.get("DERIVGEN_GOLDEN") == "write":
        file.write_text(found, encoding="utf-8")
    assert found == file.read_text(encoding="utf-8")
