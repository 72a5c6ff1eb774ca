"""A derivation as LaTeX for somebody's own document."""

from __future__ import annotations

from derivgen.derivation import Derivation
from derivgen.render.environment import environment, render
from derivgen.render.sheet import line_views, result_view


def derivation_latex(derivation: Derivation) -> str:
    """The lines and the result in one `align*`, with the law at the right of each; amsmath is all it needs."""
    lines = line_views(derivation, ())
    return render(environment(), "latex/derivation.tex.j2", lines=lines, result=result_view(derivation))
