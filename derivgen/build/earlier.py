"""What earlier parts of a problem have found, so that a later part can start from it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from derivgen.derivation import Conclude, Derivation, Rewrite, Rule, Step, Table, law
from derivgen.expr.nodes import Expr
from derivgen.problem.model import part_letter

if TYPE_CHECKING:
    from derivgen.build.solve import Solved

Key = tuple[Expr, Expr, Expr]
"""The statement, what was boxed, and its value."""


def found_in(part: str) -> Rule:
    """The law of a line that repeats what a part before has found."""
    return law(f"part ({part})", r"a = b", "found above")


@dataclass(slots=True)
class Earlier:
    """The boxes of the parts before, each with the letter of its part."""

    boxes: dict[Key, str] = field(default_factory=dict)

    def add(self, solved: Solved) -> None:
        """Remembers the boxes of a part that was derived and is true."""
        if solved.derivation is None or solved.report is None or not solved.report.verified:
            return
        for step in solved.derivation.steps:
            if isinstance(step, Conclude):
                key = solved.derivation.statement, step.heading, step.result
                self.boxes.setdefault(key, part_letter(solved.number))

    def shortened(self, derivation: Derivation) -> Derivation:
        """`derivation` with one line for each box that a part before has, in place of the lines that lead to it.

        Only what comes before the last box is shortened: the answer itself is always derived.
        """
        if derivation.question is None:
            return derivation
        boxes = [place for place, step in enumerate(derivation.steps) if isinstance(step, Conclude)]
        end = -1
        lines: list[Step] = []
        for place in boxes[:-1]:
            step = derivation.steps[place]
            assert isinstance(step, Conclude)
            part = self.boxes.get((derivation.statement, step.heading, step.result))
            if part is None:
                break
            lines.append(Rewrite((found_in(part),), step.heading, step.result, step.heading, digits=step.digits))
            end = place
        # where all boxes stand at the end, the lines before them lead to the last one too
        if end < 0 or not any(isinstance(step, Rewrite | Table) for step in derivation.steps[end + 1 : boxes[-1]]):
            return derivation
        return replace(derivation, steps=(*lines, *derivation.steps[end + 1 :]))
