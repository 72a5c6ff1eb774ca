"""Running listings: our own programs (render/listing), never an author's, each in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from derivgen.build.limits import lifted
from derivgen.derivation import Derivation, Listing
from derivgen.errors import CannotDerive
from derivgen.problem.model import Part
from derivgen.render.listing import listing

TIME_LIMIT = 120.0
"""Seconds; PyTorch alone takes some to be imported."""
DIGITS = 6
"""Decimals of the numbers that a listing prints, where the part does not say."""

_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
"""One thread, so that sums are added in one order. -I ignores what is Python's; the rest is for the libraries."""
_KEPT = ("SYSTEMROOT", "SYSTEMDRIVE")
"""What Windows needs to start a program."""

_ALL = """
import contextlib, io, json, math, sys, traceback

def numbers(value):
    value = value.tolist() if hasattr(value, "tolist") else value
    return [number for one in value for number in numbers(one)] if isinstance(value, list) else [value]

answers = []
for source in json.load(sys.stdin):
    out, status = io.StringIO(), "ran"
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        try:
            scope = {"__name__": "__main__"}
            exec(compile(source, "listing", "exec"), scope)
            found = [scope[name] for name in ("autograd", "differences", "value") if name in scope]
            if not all(math.isfinite(number) for one in found for number in numbers(one)):
                status = "undefined"
            found += [scope[name] for name in ("formula", "result") if name in scope]
            shapes = [tuple(getattr(one, "shape", ())) for one in found]
            if found and len(set(shapes)) > 1:
                status = f"the shapes are {shapes[0]} and {shapes[-1]}"
        except Exception as error:
            status = "".join(traceback.format_exception_only(error)).strip()
    answers.append([out.getvalue(), status])
print(json.dumps(answers))
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What a program printed; `fault` says why it did not come to its end."""

    output: str
    fault: str = ""
    is_undefined: bool = False
    """It found nan or infinity: the data are outside the domain."""


def is_installed(language: str) -> bool:
    return importlib.util.find_spec(language) is not None


def framework_version(language: str) -> str:
    """Empty where it is not installed."""
    try:
        return version(language)
    except PackageNotFoundError:
        return ""


@cache
def run(source: str) -> Run:
    """Runs one listing as a student would, isolated: an empty environment, an empty folder, a limit of time.

    The same program is run once: it always prints the same.
    """
    found = _python(["-I", "-c", source], "")
    return found if isinstance(found, Run) else Run(found.stdout, _last_line(found.stderr) if found.returncode else "")


def run_all(sources: Sequence[str]) -> list[Run]:
    """Runs listings one after another in one process: for many, where importing the framework takes the time."""
    if not sources:
        return []
    found = _python(["-I", "-c", _ALL], json.dumps(sources), len(sources))
    if isinstance(found, Run) or found.returncode:
        fault = found.fault if isinstance(found, Run) else _last_line(found.stderr)
        return [Run("", fault)] * len(sources)
    faults = ("ran", "undefined")
    answers = json.loads(found.stdout)
    return [Run(output, "" if status in faults else status, status == "undefined") for output, status in answers]


def _python(arguments: Sequence[str], fed: str, more: float = 0.0) -> subprocess.CompletedProcess[str] | Run:
    limit = TIME_LIMIT + more
    kept: Mapping[str, str] = {name: os.environ[name] for name in _KEPT if name in os.environ}
    with tempfile.TemporaryDirectory() as folder:
        try:
            with lifted():
                return subprocess.run(
                    [sys.executable, *arguments],
                    input=fed,
                    capture_output=True,
                    encoding="utf-8",
                    errors="replace",
                    cwd=folder,
                    env={**kept, **_ENVIRONMENT},
                    timeout=limit,
                    check=False,
                )
        except subprocess.TimeoutExpired:
            return Run("", f"it did not end within {limit:.0f} s")
        except OSError as error:
            return Run("", str(error))


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


def with_listing(derivation: Derivation, part: Part) -> Derivation:
    """The derivation of `part.about` with the listing of `part` in place of its steps, run where that is possible.

    Raises CannotDerive where there is no such listing, or where it does not come to its end.
    """
    assert part.about is not None
    digits = DIGITS if part.digits is None else part.digits
    source = listing(derivation, part.about, part.language, part.numbers, digits)
    step = Listing(part.language, source)
    if is_installed(part.language):
        done = run(source)
        if done.fault:
            raise CannotDerive(f"the listing did not come to its end: {done.fault}")
        step = replace(step, output=done.output, status="ran")
    return replace(derivation, task="code", steps=(step,))
