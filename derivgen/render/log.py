"""What a TeX log says: errors with their line, and boxes that do not fit.

The log must be made with -file-line-error and lines that TeX does not wrap (engine.LOG_WIDTH).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ERROR = re.compile(r"^(?:\./)?(?P<file>[^\s:()][^:()]*\.[A-Za-z]{2,4}):(?P<line>\d+): (?P<message>.*)$")
PLAIN_ERROR = re.compile(r"^! (?P<message>.*)$")
CONTEXT = re.compile(r"^l\.(\d+) ?(.*)$")
BOX = re.compile(r"^(?P<kind>Overfull|Underfull) \\(?P<way>[hv])box \((?P<amount>.*?)\)(?:.*?lines? (?P<line>\d+))?")
AMOUNT = re.compile(r"([\d.]+)pt too (?:wide|high)")
MISSING = re.compile(r"File `([^']+?)(?:\.\w+)?' not found")
RUNAWAY = "File ended while scanning"


@dataclass(frozen=True, slots=True)
class LogError:
    """An error of TeX: `context` is what it had read of the line when it stopped."""

    message: str
    line: int | None
    context: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A line or page that is too full or too empty; `excess` is how far it sticks out, in points."""

    kind: str
    horizontal: bool
    line: int | None
    excess: float
    text: str

    @property
    def overfull(self) -> bool:
        return self.kind == "Overfull"


def errors(log: str, source: str = "") -> list[LogError]:
    """The errors in `log`, first one first. `source` is the .tex, searched where TeX names a line that misleads."""
    lines = log.split("\n")
    found: list[LogError] = []
    runaway = ""
    for number, line in enumerate(lines):
        if line.startswith("Runaway "):
            runaway = lines[number + 1] if number + 1 < len(lines) else ""
            continue
        match = ERROR.match(line) or PLAIN_ERROR.match(line)
        if match is None:
            continue
        message = match["message"]
        if "Emergency stop" in message or "==>" in message:
            continue
        stated = int(match["line"]) if "line" in match.groupdict() else None
        own, context = _context(lines[number + 1 : number + 15])
        place = _better_line(message, runaway, source) or stated or own
        found.append(LogError(message, place, context))
        runaway = ""
    return found


def _context(following: list[str]) -> tuple[int | None, str]:
    """The `l.12 text` that TeX prints below an error."""
    for line in following:
        if match := CONTEXT.match(line):
            return int(match[1]), match[2].strip()
    return None, ""


def _better_line(message: str, runaway: str, source: str) -> int | None:
    """TeX reports a missing file one line late, and an argument without end at the end of the file: both are sought."""
    wanted = ""
    if RUNAWAY in message:
        wanted = runaway.split(r"\par")[0].strip().lstrip("{")[:30]
    elif match := MISSING.search(message):
        wanted = match[1]
    if not wanted:
        return None
    return next((number for number, line in enumerate(source.split("\n"), 1) if wanted in line), None)


def boxes(log: str) -> list[Box]:
    """The overfull and underfull boxes in `log`."""
    found: list[Box] = []
    for line in log.split("\n"):
        if match := BOX.match(line):
            excess = AMOUNT.search(match["amount"])
            own = int(match["line"]) if match["line"] else None
            found.append(Box(match["kind"], match["way"] == "h", own, float(excess[1]) if excess else 0.0, line))
    return found


def asks_for_rerun(log: str) -> bool:
    """Whether references are not yet right."""
    return bool(re.search(r"Rerun to get|There were undefined references|rerun LaTeX", log, re.IGNORECASE))
