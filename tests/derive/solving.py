"""Parts from the text of a problem file, and derivations with one line made wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from derivgen.build.solve import Solved, solve
from derivgen.derivation import Derivation, Rewrite, Solve
from derivgen.expr.build import plus, product
from derivgen.expr.nodes import Expr, Layout, Matrix, number
from derivgen.expr.shapes import is_scalar
from derivgen.problem.load import load_problem
from derivgen.problem.model import Part


def parts_of(folder: Path, text: str) -> tuple[Part, ...]:
    """The parts of a problem file with this text."""
    path = folder / "problem.yaml"
    path.write_text(text, encoding="utf-8")
    return load_problem(path).parts


def solved(folder: Path, text: str) -> Solved:
    """The first part, derived and checked."""
    return solve(parts_of(folder, text)[0], 1, Layout.DENOMINATOR)


def wrong(expr: Expr) -> Expr:
    """Another value than `expr`, of its shape."""
    match expr:
        case Matrix((first, *rest), of):
            return Matrix((wrong(first), *rest), of)
    return plus((expr, number(1))) if is_scalar(expr) else product((number(2), expr))


def made_wrong(derivation: Derivation) -> Iterator[tuple[str, Derivation]]:
    """`derivation` with one line after another made wrong, and what was changed."""
    for place, step in enumerate(derivation.steps):
        changed = None
        if isinstance(step, Rewrite):
            changed = replace(step, after=wrong(step.after))
        elif isinstance(step, Solve):
            first = step.equations[0]
            changed = replace(step, equations=(replace(first, right=_shifted(first.right)),))
        if changed is not None:
            steps = (*derivation.steps[:place], changed, *derivation.steps[place + 1 :])
            yield f"step {place}", replace(derivation, steps=steps)


def _shifted(right: Expr) -> Expr:
    from derivgen.expr.nodes import Ones
    from derivgen.expr.shapes import shape

    return plus((right, number(1) if is_scalar(right) else Ones(shape(right))))
