"""The form of a scalar result."""

from __future__ import annotations

from derivgen.derivation import rule
from derivgen.expr.nodes import Expr, Plus, Product
from derivgen.expr.sympy_bridge import forms, is_scalar_formula
from derivgen.expr.text import text
from derivgen.expr.walk import size


@rule("simplify", law=r"a\,c + b\,c = (a + b)\,c", source="elementary algebra, by SymPy")
def simplify_scalar(expr: Expr) -> Expr | None:
    """The shortest of the forms that SymPy makes, where it is shorter than what stands there."""
    match expr:
        case Plus() | Product() if is_scalar_formula(expr):
            best = min((expr, *forms(expr)), key=size)
            return None if best == expr or text(best) == text(expr) or size(best) >= size(expr) else best
    return None
