"""What the checks have to say for a derivation to be printed; verify's own classes have these fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from derivgen.derivation import Derivation
from derivgen.problem.model import Part


class Verdict(Protocol):
    """What the check of one equality has found: `status` is exact, numeric, unchecked or wrong."""

    @property
    def status(self) -> str: ...
    @property
    def points(self) -> int: ...
    @property
    def error(self) -> float: ...


class Report(Protocol):
    """The check of a derivation: a verdict for each step, and one for the end against the start."""

    @property
    def verdicts(self) -> Sequence[Verdict]: ...
    @property
    def result(self) -> Verdict | None: ...
    @property
    def verified(self) -> bool: ...


class ClaimVerdict(Protocol):
    """What became of a claim: `status` is holds, wrong, holds under assumption, other layout, rounded or
    unchecked."""

    @property
    def status(self) -> str: ...
    @property
    def message(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A part with what was derived for it and what the checks said; a part that asks for nothing has none of it."""

    part: Part
    derivation: Derivation | None = None
    report: Report | None = None
    claim: ClaimVerdict | None = None
