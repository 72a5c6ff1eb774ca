"""The commands.

Exit status: 0 all is well; 1 something asked for failed; 2 wrong usage. SymPy and NumPy are imported by the commands
that need them, so that `--help` answers at once.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from derivgen import __version__
from derivgen.errors import Complaint, DerivgenError, UserError

if TYPE_CHECKING:
    from derivgen.build.checking import Checked
    from derivgen.build.solve import Solved
    from derivgen.problem.model import Scope

F = TypeVar("F", bound=Callable[..., Any])

LAYOUTS = ("denominator", "numerator", "mixed")
DETAILS = ("brief", "normal", "full")
FORMATS = ("text", "latex", "json", "numpy")


class Commands(click.Group):
    """Turns what derivgen raises on purpose into a message and exit status 1."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except UserError as error:
            _fail(error.complaints)
        except DerivgenError as error:
            _fail((Complaint(str(error)),))
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        except OSError as error:
            _fail((Complaint(f"{error.filename or 'derivgen'}: {error.strerror or error}"),))


def _fail(complaints: Sequence[Complaint]) -> NoReturn:
    for complaint in complaints:
        click.echo(str(complaint), err=True)
    if len(complaints) > 1:
        click.echo(f"{len(complaints)} complaints", err=True)
    sys.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="derivgen")
def main() -> None:
    """Worked derivation sheets: every step named, every step checked."""


def _layout_option(command: F) -> F:
    return click.option("--layout", type=click.Choice(LAYOUTS), help="Where the entries of a derivative go.")(command)


@main.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("output"),
    show_default=True,
    help="Folder for the sheets.",
)
@_layout_option
@click.option(
    "--edition",
    type=click.Choice(("exercises", "hints", "answers", "solutions", "key")),
    help="What of a sheet is shown.",
)
@click.option(
    "--format", "formats", type=click.Choice(("pdf", "tex")), multiple=True, default=("pdf",), show_default=True
)
@click.option(
    "--detail", type=click.Choice(DETAILS), default="normal", show_default=True, help="How many lines a derivation has."
)
@click.option("--engine", help="system, embedded, or the path of a pdflatex.")
@click.option(
    "--templates", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Folder with your own templates."
)
@click.option("--jobs", "-j", type=click.IntRange(1, 256), help="How many sheets at once [default: one a processor].")
@click.option("--force", is_flag=True, help="Make sheets anew that have not changed.")
@click.option("--keep-tex", is_flag=True, help="Keep the .tex beside the PDF.")
@click.option("--quiet", "-q", is_flag=True, help="Say only what went wrong.")
def build(paths: tuple[Path, ...], quiet: bool, jobs: int | None, **chosen: Any) -> None:
    """Make the sheets of PATHS (sheet files, problem files, folders; problems/ when none is given)."""
    from derivgen.build.many import build_all
    from derivgen.build.sheets import Options
    from derivgen.expr.nodes import Layout

    chosen["layout"] = Layout(chosen["layout"]) if chosen["layout"] else None
    options = Options(**chosen)

    def report(line: str) -> None:
        if not quiet:
            click.echo(line)

    from rich.console import Console

    # on a terminal a line moves while sheets are being made; elsewhere rich prints nothing for it
    with Console(stderr=True, quiet=quiet).status("making sheets"):
        complaints = build_all(paths or (Path("problems"),), options, jobs or os.cpu_count() or 1, report)
    if complaints:
        _fail(complaints)


@main.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@_layout_option
@click.option("--format", "shape", type=click.Choice(("text", "json", "github")), default="text", show_default=True)
@click.option(
    "--against",
    type=click.Choice(("torch", "numpy")),
    help="Compare every result with autograd (torch) or with central differences (numpy), too.",
)
def check(paths: tuple[Path, ...], layout: str | None, shape: str, against: str | None) -> None:
    """Derive and verify every part of PATHS and compare its claim; no TeX."""
    from derivgen.build.checking import check_all, github, listing, table
    from derivgen.expr.nodes import Layout

    result = check_all(paths or (Path("problems"),), Layout(layout) if layout else None)
    if shape == "json":
        click.echo(json.dumps(listing(result), ensure_ascii=False, indent=1))
    elif shape == "github":
        for line in github(result):
            click.echo(line)
    elif result.parts:
        click.echo(table(result, shutil.get_terminal_size((120, 24)).columns), nl=False)
    if against:
        _compare(result, against)
    if result.complaints:
        if shape == "github":
            sys.exit(1)
        _fail(result.complaints)


def _compare(result: Checked, against: str) -> None:
    """Says what another program finds; ends where that is something else."""
    from derivgen.build.opinions import opinions_table, second_opinions

    opinions = second_opinions(result, against)
    text = opinions_table(opinions, shutil.get_terminal_size((120, 24)).columns)
    click.echo(text, nl=False, err=bool(opinions.disagreements))
    if opinions.disagreements:
        sys.exit(1)


def _latex_option(command: F) -> F:
    shown = r"'\mathbf{x}^\top A \mathbf{x}'"
    return click.option("--latex", "in_latex", metavar=shown, help="The expression in LaTeX, in place of EXPRESSION.")(
        command
    )


def _asked(expression: str | None, in_latex: str | None) -> str:
    """What is asked about, as text or in LaTeX."""
    from derivgen.problem.tokens import LatexText

    if (expression is None) == (in_latex is None):
        raise click.UsageError("Give an expression: EXPRESSION, or --latex and the expression in LaTeX.")
    return expression if expression is not None else LatexText(in_latex)


def _question_options(command: F) -> F:
    for option in (
        click.option(
            "--let", "declarations", multiple=True, metavar="'x: vector(n)'", help="Declare a name; repeat it."
        ),
        click.option("--assume", "assumptions", multiple=True, metavar="'A symmetric'", help="Assume something of it."),
        click.option("--format", "shape", type=click.Choice(FORMATS), default="text", show_default=True),
        click.option("--detail", type=click.Choice(DETAILS), default="normal", show_default=True),
    ):
        command = option(command)
    return command


@main.command()
@click.argument("expression", required=False)
@_latex_option
@click.option("--wrt", required=True, metavar="NAME", help="What it is differentiated by; x.T for the row.")
@click.option("--order", type=click.IntRange(1, 2), default=1, show_default=True)
@_layout_option
@click.option("--method", default="index", show_default=True)
@_question_options
def derive(
    expression: str | None,
    in_latex: str | None,
    wrt: str,
    order: int,
    layout: str | None,
    method: str,
    declarations: tuple[str, ...],
    assumptions: tuple[str, ...],
    shape: str,
    detail: str,
) -> None:
    """The derivative of EXPRESSION, with its steps."""
    from derivgen.build.question import derivative_question, scope_from
    from derivgen.build.solve import solve
    from derivgen.expr.nodes import Layout

    scope = scope_from(declarations, assumptions)
    chosen = Layout(layout) if layout else Layout.DENOMINATOR
    part = derivative_question(_asked(expression, in_latex), wrt, scope, order=order, layout=chosen, method=method)
    _show(solve(part, 1, chosen, detail), scope, shape)


@main.command("matrix-form")
@click.argument("expression", required=False)
@_latex_option
@click.option("--free", metavar="'i, j'", default="", help="The free indices, rows first [default: by the alphabet].")
@_question_options
def matrix_form(
    expression: str | None,
    in_latex: str | None,
    free: str,
    declarations: tuple[str, ...],
    assumptions: tuple[str, ...],
    shape: str,
    detail: str,
) -> None:
    """The matrix form of EXPRESSION, a sum over indices."""
    from derivgen.build.question import matrix_form_question, scope_from
    from derivgen.build.solve import solve
    from derivgen.expr.nodes import Layout

    scope = scope_from(declarations, assumptions)
    indices = [name.strip() for name in free.split(",") if name.strip()]
    part = matrix_form_question(_asked(expression, in_latex), scope, indices)
    _show(solve(part, 1, Layout.DENOMINATOR, detail), scope, shape)


def _show(solved: Solved, scope: Scope, shape: str) -> None:
    """Prints one answer, or fails with the reason why there is none that was checked."""
    if solved.complaints:
        _fail(solved.complaints)
    assert solved.derivation is not None and solved.report is not None
    match shape:
        case "json":
            from derivgen.render.json import derivation_json

            answer = derivation_json(solved.derivation, solved.report, solved.claim)
            click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
        case "latex":
            from derivgen.render.block import derivation_latex

            click.echo(derivation_latex(solved.derivation))
        case "numpy":
            from derivgen.render.numpy import numpy_function

            click.echo(numpy_function(solved.derivation, scope), nl=False)
        case _:
            from derivgen.render.terminal import derivation_text

            click.echo(derivation_text(solved.derivation, solved.report))
    if solved.doubts:
        _fail(solved.doubts)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@_layout_option
@click.option("--detail", type=click.Choice(DETAILS), default="normal", show_default=True)
def show(file: Path, layout: str | None, detail: str) -> None:
    """Show the derivations of FILE, a problem or a sheet, in the terminal."""
    from derivgen.build.checking import shown
    from derivgen.expr.nodes import Layout

    text, complaints = shown(file, Layout(layout) if layout else None, detail)
    click.echo(text, nl=False)
    if complaints:
        _fail(complaints)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def new(file: Path) -> None:
    """Write a commented problem file to start from."""
    from derivgen.render.environment import template_folder

    if file.exists():
        _fail((Complaint(f"{file}: there is such a file already"),))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text((template_folder() / "starter.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    click.echo(f"{file} written; see it with `derivgen show {file}`, print it with `derivgen build {file}`")


@main.command("list")
def list_all() -> None:
    """List the kinds of tasks, the rules with their laws, the templates and the engines."""
    from derivgen.build.inventory import inventory

    click.echo(inventory(), nl=False)


@main.command()
def doctor() -> None:
    """Say what is installed, what is missing and how to get it."""
    from derivgen.build.inventory import diagnosis

    text, is_well = diagnosis()
    click.echo(text, nl=False)
    sys.exit(0 if is_well else 1)


@main.command()
def schema() -> None:
    """Print the JSON Schema of problem and sheet files."""
    from derivgen.problem.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
