"""What derivgen knows and what it finds on this machine."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from derivgen import __version__
from derivgen.build.sheets import find_sheets
from derivgen.derive import CALCULUS, KINDS, LAWS
from derivgen.errors import BuildError, TexError, UserError
from derivgen.render.engine import compile_tex, engines
from derivgen.render.environment import template_folder
from derivgen.rules import CATALOGUE

PACKAGES = ("sympy", "numpy", "jinja2", "click", "pylatexenc", "pydantic", "PyYAML", "rich")


def inventory() -> str:
    """The sheets here, the kinds of tasks, the rules with law and source, the templates, the engines."""
    folder = Path("problems")
    try:
        sheets = [str(path) for path, _ in find_sheets([folder])] if folder.is_dir() else []
    except UserError:
        sheets = []
    templates = template_folder()
    return "".join(
        (
            _section("problems", sheets),
            _section("kinds", [*dict.fromkeys((*KINDS, *CALCULUS)), "code", "text"]),
            _section("rules", [f"{rule.name:42} {rule.law}    ({rule.source})" for rule in (*CATALOGUE, *LAWS)]),
            _section("templates", sorted(str(file.relative_to(templates)) for file in templates.rglob("*.j2"))),
            _section("engines", [str(engine.program) for engine in engines()]),
        )
    )


def _section(name: str, rows: list[str]) -> str:
    return f"{name}\n" + "".join(f"  {row}\n" for row in rows) + "\n"


def diagnosis() -> tuple[str, bool]:
    """What is installed and what is missing with how to get it, and whether sheets can be printed."""
    system = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    rows = [f"derivgen {__version__}", system]
    is_well = True
    for name in PACKAGES:
        try:
            rows.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            is_well = False
            rows.append(f"{name} is MISSING: pip install {name}")
    rows.append(f"templates: {template_folder()}")
    found = engines()
    for engine in found:
        try:
            compile_tex((template_folder() / "latex" / "probe.tex").read_text(encoding="utf-8"), engine)
            rows.append(f"engine {engine.name}: {engine.program}, works")
        except (TexError, BuildError, OSError) as error:
            is_well = False
            rows.append(f"engine {engine.name}: {engine.program}, FAILS: {error}")
    if not found:
        is_well = False
        rows.append("engine: MISSING: pip install 'derivgen[tex]', or install TeX Live")
    return "".join(f"{row}\n" for row in rows), is_well
