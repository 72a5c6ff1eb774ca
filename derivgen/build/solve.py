"""From a problem to its derivations, each line checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby

from derivgen.build.earlier import Earlier
from derivgen.build.listings import with_listing
from derivgen.derivation import Derivation, Rewrite, Step
from derivgen.derive import derive
from derivgen.errors import CannotDerive, Complaint, Place
from derivgen.expr.nodes import Layout
from derivgen.problem.model import Part, Problem
from derivgen.verify.checks import ClaimVerdict, Report, check_claim, check_derivation
from derivgen.verify.options import decided

DETAILS = ("brief", "normal", "full")


@dataclass(frozen=True, slots=True)
class Solved:
    """One part with what was derived and found about it.

    `derivation` is None for prose, and where `refusal` says why derivgen cannot derive it.
    """

    part: Part
    number: int
    layout: Layout
    derivation: Derivation | None = None
    report: Report | None = None
    claim: ClaimVerdict | None = None
    refusal: str = ""

    @property
    def complaints(self) -> tuple[Complaint, ...]:
        """What must be mended before a sheet with this part is printed."""
        return tuple(self._complaints())

    @property
    def is_well(self) -> bool:
        return not self.complaints

    @property
    def doubts(self) -> tuple[Complaint, ...]:
        """What could not be checked: it is marked where it is printed, and it is not well."""
        if self.report is None or self.report.verified or self.report.is_wrong:
            return ()
        count = sum(verdict.status == "unchecked" for verdict in (*self.report.verdicts, self.report.result))
        return (Complaint(f"{count} lines could not be checked", self.place_of(self.part.task)),)

    def _complaints(self) -> list[Complaint]:
        task = self.place_of(self.part.task)
        if self.refusal:
            return [Complaint(self.refusal, task)]
        found: list[Complaint] = []
        if self.derivation is not None and self.report is not None and self.report.is_wrong:
            found.append(Complaint(f"this derivation is not true, so it is not printed: {_wrong(self)}", task))
        if self.claim is not None:
            holds = self.claim.status == "holds"
            if not holds and not self.part.erratum:
                hint = "if the published answer is wrong, say so in `erratum:`"
                found.append(Complaint(self.claim.message, self.place_of("claim"), hint))
            if holds and self.part.erratum:
                found.append(Complaint("marked as an erratum, but the claim holds", self.place_of("erratum")))
        return found

    def place_of(self, field: str) -> Place:
        return self.part.places.get(field, self.part.place)


def _wrong(solved: Solved) -> str:
    assert solved.derivation is not None and solved.report is not None
    for step, verdict in zip(solved.derivation.steps, solved.report.verdicts, strict=True):
        if verdict.status == "wrong":
            name = step.rule if isinstance(step, Rewrite) else "the result"
            return f"{name}: {verdict.message}"
    return solved.report.result.message


def layout_of(part: Part, problem: Problem, asked: Layout | None, sheet: Layout | None = None) -> Layout:
    """The layout of a part: what the command line asks for, else the part, its problem, its sheet, else denominator."""
    return asked or part.layout or problem.layout or sheet or Layout.DENOMINATOR


def solve(part: Part, number: int, layout: Layout, detail: str = "normal", earlier: Earlier | None = None) -> Solved:
    """Derives and checks one part, and the claim it carries; what `earlier` parts have boxed is not derived again."""
    if part.task == "text":
        return Solved(part, number, layout)
    wanted = part.detail or detail
    try:
        if part.about is not None:
            derivation = with_listing(derive(part.about, layout), part)
        else:
            derivation = at_detail(derive(part, layout), wanted)
        if derivation.task == "shapes":
            derivation = decided(derivation, part.scope.values, part.scope.meanings)
        if earlier is not None and wanted != "full" and part.about is None:
            derivation = earlier.shortened(derivation)
    except CannotDerive as error:
        return Solved(part, number, layout, refusal=str(error))
    report = check_derivation(derivation, part.scope.values, part.scope.meanings, part.scope.levels)
    claim = check_claim(part.claim, part, layout, derivation) if part.claim is not None else None
    return Solved(part, number, layout, derivation, report, claim)


def solve_problem(
    problem: Problem, asked: Layout | None = None, sheet: Layout | None = None, detail: str = "normal"
) -> tuple[Solved, ...]:
    """Every part of `problem`."""
    found: list[Solved] = []
    known = Earlier()
    for number, part in enumerate(problem.parts, 1):
        layout = layout_of(part, problem, asked, sheet)
        solved = solve(part, number, layout, detail, known)
        known.add(solved)
        found.append(solved)
    return tuple(found)


def _chain(step: Step) -> object:
    """The same for the lines of one chain of equalities."""
    return (Rewrite, step.heading) if isinstance(step, Rewrite) else id(step)


def at_detail(derivation: Derivation, detail: str) -> Derivation:
    """The derivation with fewer or more lines: `brief` has one line a heading, `full` one for each rule applied.

    Lines are chosen before they are checked, so each line that is printed is one that was checked.
    """
    if detail == "brief":
        steps: list[Step] = []
        for _, run in groupby(derivation.steps, key=_chain):
            lines = list(run)
            first, last = lines[0], lines[-1]
            if not isinstance(first, Rewrite) or not isinstance(last, Rewrite):
                steps += lines
                continue
            if any(line.digits is not None for line in lines if isinstance(line, Rewrite)):
                steps += lines  # a rounded line is no equality
                continue
            rules = tuple(dict.fromkeys(r for line in lines if isinstance(line, Rewrite) for r in line.rules))
            steps.append(Rewrite(rules, first.before, last.after, first.heading))
        return replace(derivation, steps=tuple(steps))
    if detail == "full":
        whole: list[Step] = []
        for step in derivation.steps:
            whole += step.substeps if isinstance(step, Rewrite) and step.substeps else (step,)
        return replace(derivation, steps=tuple(whole))
    return derivation
