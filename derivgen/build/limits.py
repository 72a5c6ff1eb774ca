"""How much time and memory deriving and checking one part may take.

What may stand in a problem file is limited so that reading it is always quick; what a short formula leads to is not:
the rules multiply out, and the tower of sums that a stranger writes in one line may take days.
"""

from __future__ import annotations

import mmap
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

SECONDS = 20.0
"""Of processor time for one part; the longest of problems/ takes three."""
MEMORY = 1_500_000_000
"""Bytes besides those that the process has already."""


class TooMuch(BaseException):
    """What is being done takes too long or too much memory.

    No Exception, because SymPy catches these in many places.
    """


@contextmanager
def limited(seconds: float | None = None, memory: int | None = None) -> Iterator[None]:
    """Raises TooMuch inside the body when it takes more than this, or than SECONDS and MEMORY.

    On Windows, and outside the main thread, it takes what it takes.

    >>> with limited():
    ...     1 + 1
    2
    """
    seconds, memory = seconds or SECONDS, memory or MEMORY
    with _timed(seconds), _bounded(memory):
        try:
            yield
        except MemoryError:
            raise TooMuch(f"this takes more than {memory // 1_000_000} MB of memory to derive and check") from None
        except RecursionError:
            raise TooMuch("this is nested too deep to be derived and checked") from None


@contextmanager
def _timed(seconds: float) -> Iterator[None]:
    if not hasattr(signal, "SIGVTALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooMuch(f"this takes more than {seconds:g} s to derive and check")

    before = signal.signal(signal.SIGVTALRM, stop)
    # again and again: an exception that comes while an object is being removed is lost
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@contextmanager
def _bounded(memory: int) -> Iterator[None]:
    taken = _address_space()
    if taken is None:
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    bounds = [limit for limit in (soft, hard, taken + memory) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(bounds), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextmanager
def lifted() -> Iterator[None]:
    """Lets a program that is started in the body have what memory it wants: PyTorch alone maps several GB."""
    try:
        import resource
    except ImportError:  # Windows
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space() -> int | None:
    """Bytes; None where the system does not say, as only Linux does."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * mmap.PAGESIZE
    except (OSError, ValueError):
        return None
