"""Many sheets, in a pool of processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from derivgen.build.sheets import Options, Outcome, find_sheets, make
from derivgen.errors import Complaint


def build_all(
    paths: Iterable[Path], options: Options, jobs: int, report: Callable[[str], None]
) -> tuple[Complaint, ...]:
    """Makes every sheet under `paths`; gives what went wrong. `report` is told of each sheet that is done.

    Raises ProblemError where a path does not exist.
    """
    sheets = find_sheets(paths)
    complaints: list[Complaint] = []
    made = fresh = 0
    for outcome in _outcomes(sheets, options, jobs):
        complaints += outcome.complaints
        made += bool(outcome.made) and not outcome.is_fresh
        fresh += outcome.is_fresh
        report(_line(outcome))
    failed = len(sheets) - made - fresh
    counts = [f"{count} {word}" for count, word in ((made, "made"), (fresh, "unchanged"), (failed, "failed")) if count]
    report(", ".join(counts) or "no sheets found")
    return tuple(complaints)


def _outcomes(sheets: tuple[tuple[Path, str], ...], options: Options, jobs: int) -> Iterator[Outcome]:
    if jobs == 1 or len(sheets) < 2:
        for path, name in sheets:
            yield make(path, name, options)
        return
    # spawned, not forked: the same on every system, and no locks are inherited
    with ProcessPoolExecutor(min(jobs, len(sheets)), mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(make, path, name, options): path for path, name in sheets}
        for future in as_completed(waiting):
            try:
                yield future.result()
            except Exception as error:  # a worker that died, or a bug: it fails this sheet only
                yield Outcome(waiting[future], (Complaint(f"{waiting[future]}: {type(error).__name__}: {error}"),))


def _line(outcome: Outcome) -> str:
    if outcome.complaints:
        return f"{outcome.path}: failed"
    if outcome.is_fresh:
        return f"{outcome.made[0]}: nothing has changed"
    names = ", ".join(str(path) for path in outcome.made)
    return f"{names}: {outcome.checked} lines checked, {outcome.seconds:.1f} s"
