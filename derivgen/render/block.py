"""A derivation as LaTeX for somebody's own document."""

from __future__ import annotations

from derivgen.derivation import Derivation
from derivgen.render.environment import environment, render
from derivgen.render.sheet import block_views, result_view


def derivation_latex(derivation: Derivation) -> str:
    """The lines and the result in one `align*`, with the law at the right of each; amsmath is all it needs."""
    blocks = block_views(derivation)
    result = result_view(derivation) if derivation.question is None else None
    return render(environment(), "latex/derivation.tex.j2", blocks=blocks, result=result)
