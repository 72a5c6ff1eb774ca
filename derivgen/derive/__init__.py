"""A module per kind of task; KINDS says which one does what."""

from __future__ import annotations

from collections.abc import Callable

from derivgen.derivation import Derivation, Rule
from derivgen.derive import objects
from derivgen.derive.abstract_chain import chain_rule
from derivgen.derive.array_passes import backward, forward
from derivgen.derive.chaining import chain
from derivgen.derive.critical import classify, critical_points
from derivgen.derive.derivative import derive as derive_derivative
from derivgen.derive.descent import descend
from derivgen.derive.diagram import diagram
from derivgen.derive.differential import derive_differential
from derivgen.derive.dressing import dressed, with_brief_functions
from derivgen.derive.evaluation import round_off
from derivgen.derive.forms import element_form, matrix_form
from derivgen.derive.multiplying import expand
from derivgen.derive.newton import newton
from derivgen.derive.normal import solve
from derivgen.derive.options import shapes
from derivgen.derive.partials import derive_scalar
from derivgen.derive.passes import LAWS as PASS_LAWS
from derivgen.derive.plot import plot
from derivgen.derive.recursion import backprop
from derivgen.derive.show import show
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import Layout
from derivgen.expr.shapes import is_scalar
from derivgen.expr.walk import symbols
from derivgen.problem.given import PASSES
from derivgen.problem.model import Part
from derivgen.rules.backpropagation import BACKPROPAGATION
from derivgen.rules.optimisation import NAMES as OPTIMISATION_NAMES
from derivgen.rules.solving import SOLVING

KINDS: dict[str, Callable[[Part, Layout], Derivation]] = {
    "derive": derive_derivative,
    "layouts": derive_derivative,
    "matrix_form": matrix_form,
    "element_form": element_form,
    "shapes": shapes,
    "show": show,
    "chain": chain_rule,
}
"""The tasks that derive something. A part whose task is `text` has no derivation."""

CALCULUS: dict[str, Callable[[Part, Layout], Derivation]] = {
    "derive": derive_scalar,
    **objects.KINDS,
    "chain": chain,
    "expand": expand,
    "solve": solve,
    "descend": descend,
    "newton": newton,
    "critical_points": critical_points,
    "classify": classify,
    "plot": plot,
    "forward": forward,
    "backward": backward,
    "diagram": diagram,
    "backprop": backprop,
}
"""Those that are ordinary calculus: of scalars by scalars, which the part gives as `given.variables`."""

LAWS: tuple[Rule, ...] = (
    *objects.LAWS,
    *OPTIMISATION_NAMES,
    *SOLVING,
    round_off,
    *PASS_LAWS,
    *BACKPROPAGATION,
)
"""Laws that lines are named after beside those of the rules' CATALOGUE."""


def derive(part: Part, layout: Layout) -> Derivation:
    """The derivation of one part.

    Raises CannotDerive where derivgen has no rule for something in it, naming that.
    """
    if part.task in CALCULUS and (part.given.variables or part.task not in KINDS):
        found = CALCULUS[part.task](part, layout)
        variables = {one for one in symbols(found.statement) if one.name not in part.scope.values}
        variables |= set(part.given.variables)
        ordinary = len(variables) == 1 and all(map(is_scalar, variables)) and part.task not in ("chain", *PASSES)
        return dressed(found, decimal=part.given.decimal, ordinary=ordinary)
    if part.method == "differential" and KINDS.get(part.task) is derive_derivative:
        return derive_differential(part, layout)
    if part.method != "index":
        raise CannotDerive(f"the method {part.method} is not there yet; the method index is")
    if part.task not in KINDS:
        raise CannotDerive(f"the task {part.task} is not there yet")
    return with_brief_functions(KINDS[part.task](part, layout))
