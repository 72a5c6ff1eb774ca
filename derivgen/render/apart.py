"""Rendering templates that may come from anyone: in a process of their own, with limits.

The sandbox of Jinja holds no time and no memory: `range` inside `range` runs for days, `'x' * 10**10` is computed while
the template is still being compiled. So the whole of it happens in a child, without the environment of the caller, that
is ended when it takes too much. What travels there is data: functions, such as the one that applies a rule, stay here.
What comes back is text.
"""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from derivgen.errors import TemplateError, UserError
from derivgen.render.environment import environment, fault_message, fault_place, render
from derivgen.render.jinja_sandbox import Sandbox

SECONDS = 10
"""Of processor time; a sheet takes a fraction of one."""
WALL_SECONDS = 60
"""On a busy machine."""
MEMORY = 1_000_000_000
"""Bytes of address space; Python with our modules takes some 100 MB."""

_CHILD = """
import sys
sys.path += [folder for folder in {path!r} if folder not in sys.path]
from {module} import main
main({seconds}, {memory})
"""


def rendered(template: str, user_folder: Path | None, locale: str, values: Mapping[str, object]) -> str:
    """The text of `template`, one of ours or of the user's folder.

    Raises TemplateError, naming the template and its line.
    """
    if user_folder is None:
        return render(_ours(locale), template, **values)
    job = _packed((template, user_folder.resolve(), locale, dict(values)))
    path = [str(Path(one).resolve()) for one in sys.path if one]
    code = _CHILD.format(path=path, module=__name__, seconds=SECONDS, memory=MEMORY)
    with TemporaryDirectory() as empty:
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-c", code],
                input=job,
                capture_output=True,
                cwd=empty,
                env={},
                timeout=WALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise TemplateError(f"{user_folder}: the templates take more than {WALL_SECONDS} s") from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = {"fault": _ended(done.returncode)}
    if "fault" in answer:
        fault = str(answer["fault"]).replace(str(user_folder.resolve()), str(user_folder))
        raise TemplateError(fault if answer.get("placed") else f"{user_folder}: {fault}")
    return str(answer["text"])


@lru_cache(maxsize=8)
def _ours(locale: str) -> Sandbox:
    """Our own templates, each compiled once in a process."""
    return environment(locale=locale)


def _ended(status: int) -> str:
    if status < 0:
        return f"the templates take more than {SECONDS} s, or more than {MEMORY // 1_000_000} MB"
    return "the templates could not be rendered"


# there and back


class _Data(pickle.Pickler):
    """Data without the functions in it."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, FunctionType | BuiltinFunctionType | MethodType) and obj is not _no_function:
            if getattr(obj, "__module__", "") != "copyreg":
                return _no_function, ()
        return NotImplemented


def _no_function() -> None:
    """What stands in the child where a function was."""


def _packed(job: object) -> bytes:
    stream = io.BytesIO()
    _Data(stream, pickle.HIGHEST_PROTOCOL).dump(job)
    return stream.getvalue()


# in the child


def main(seconds: int, memory: int) -> None:
    """Reads a job, renders it within these limits, prints what came of it."""
    _limit(seconds, memory)
    template, folder, locale, values = pickle.load(sys.stdin.buffer)
    print(json.dumps(_answer(template, folder, locale, values)))


def _limit(seconds: int, memory: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits: there the time that the caller waits is the only one
        return
    for name, limit in (("RLIMIT_CPU", seconds), ("RLIMIT_AS", memory), ("RLIMIT_FSIZE", 0), ("RLIMIT_CORE", 0)):
        try:
            resource.setrlimit(getattr(resource, name), (limit, limit))
        except (ValueError, OSError):
            continue  # the limit of the caller is lower, or macOS does not know it


def _answer(template: str, folder: Path, locale: str, values: Mapping[str, object]) -> dict[str, object]:
    try:
        text = render(environment(folder, locale), template, **values)
        text.encode()
    except (TemplateError, UserError) as error:
        return {"fault": str(error), "placed": True}
    except UnicodeEncodeError:
        return {"fault": "a template prints half of a character (a surrogate)"}
    except MemoryError:
        return {"fault": f"the templates take more than {MEMORY // 1_000_000} MB"}
    except RecursionError:
        return {"fault": "templates or macros go in a circle"}
    except Exception as error:  # whatever a template can make Python raise is a fault of the template
        where = fault_place(error, template)
        return {"fault": f"{where}: {type(error).__name__}: {fault_message(error)}", "placed": True}
    return {"text": text}
