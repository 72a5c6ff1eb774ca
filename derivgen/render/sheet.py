"""From problems and their derivations to the views of a sheet (views.py), and from these to a LaTeX document."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import assert_never

from derivgen.derivation import (
    Conclude,
    Define,
    Derivation,
    Drawing,
    Equation,
    Grid,
    Listing,
    Option,
    Options,
    Rewrite,
    Solutions,
    Solve,
    Statement,
    Step,
    Table,
)
from derivgen.errors import Place
from derivgen.expr.images import brief
from derivgen.expr.nodes import SCALAR, At, Entry, Expr, Layout, Matrix, Number, Partial, Symbol
from derivgen.expr.shapes import is_scalar, shape
from derivgen.expr.walk import symbols, transform
from derivgen.problem.model import Part, Problem, Scope, Sheet, part_letter
from derivgen.render.apart import rendered
from derivgen.render.listing import LANGUAGES
from derivgen.render.notation import with_logarithm
from derivgen.render.report import Answer, Report
from derivgen.render.views import (
    EDITIONS,
    Block,
    ChainView,
    CheckView,
    ClaimView,
    DefineView,
    DefinitionView,
    DrawingView,
    Edition,
    GridView,
    LineView,
    ListingView,
    OptionsView,
    OptionView,
    PartView,
    ProblemView,
    ResultsView,
    ResultView,
    SheetView,
    SolutionsView,
    SolveView,
    SolvingView,
    SoughtView,
    StatementView,
    SymbolsView,
    SymbolView,
    TableView,
    law_names,
    margin,
)


def sheet_view(
    sheet: Sheet,
    problems: Sequence[tuple[Problem, Sequence[Answer]]],
    *,
    edition: str = "",
    layout: Layout | None = None,
    version: str = "",
) -> SheetView:
    """What `sheet` shows: `edition` and `layout` are those of the command line, before those of the sheet."""
    edition = edition or sheet.edition
    shows = EDITIONS.get(edition, EDITIONS["solutions"])
    views = tuple(
        with_logarithm(_problem(number, problem, answers, shows), problem.logarithm or sheet.logarithm)
        for number, (problem, answers) in enumerate(problems, 1)
    )
    layouts = {answer.derivation.layout for _, answers in problems for answer in answers if answer.derivation}
    layouts.discard(None)
    own = layout or (next(iter(layouts)) if len(layouts) == 1 else None)
    parts = [part for problem in views for part in problem.parts]
    return SheetView(
        title=sheet.title or (problems[0][0].title if problems else ""),
        course=sheet.course,
        author=sheet.author,
        date=sheet.date,
        edition=edition,
        layout=str(own) if own else "",
        version=version,
        shows=shows,
        problems=views,
        checked=sum(part.check.lines - part.check.unchecked for part in parts if part.check),
        total=sum(part.check.lines if part.check else len(_claiming(part)) if shows.steps else 0 for part in parts),
        template=sheet.template,
    )


def _claiming(part: PartView) -> tuple[Block, ...]:
    """The blocks that say something: a listing that was not run does not."""
    return tuple(block for block in part.blocks if not (isinstance(block, ListingView) and block.status == "missing"))


def sheet_tex(view: SheetView, user_folder: Path | None = None, locale: str = "en") -> str:
    """The LaTeX document of a sheet; templates of `user_folder` may come from anyone.

    Raises TemplateError, naming template and line.
    """
    return rendered(f"latex/{view.template}.tex.j2", user_folder, locale, {"sheet": view, "locale": locale})


def problem_tex(sheet: SheetView, problem: ProblemView, user_folder: Path | None = None, locale: str = "en") -> str:
    """The LaTeX of one problem of `sheet`, for whole_sheet_tex.

    Raises TemplateError.
    """
    return rendered("latex/problem.tex.j2", user_folder, locale, {"sheet": sheet, "problem": problem})


def whole_sheet_tex(
    sheet: SheetView, problems: Sequence[str], user_folder: Path | None = None, locale: str = "en"
) -> str:
    """The LaTeX document of a sheet whose `problems` have been rendered.

    Raises TemplateError.
    """
    return sheet_tex(replace(sheet, rendered=tuple(problems)), user_folder, locale)


MARK = re.compile(r"^%@ (.*):(\d+)$")


def origin(tex_source: str, line: int) -> tuple[str, int] | None:
    """The file and line that line `line` of a sheet's .tex comes from: the nearest mark `%@ file:line` above it."""
    for text in reversed(tex_source.split("\n")[:line]):
        if match := MARK.match(text):
            return (match[1], int(match[2])) if match[1] != "-" else None
    return None


def _problem(number: int, problem: Problem, answers: Sequence[Answer], shows: Edition) -> ProblemView:
    letters = [part_letter(place) if len(answers) > 1 else "" for place in range(1, len(answers) + 1)]
    place = problem.places.get("prompt")
    return ProblemView(
        number=number,
        title=problem.title,
        source=problem.source,
        mark=_mark(place) if place else f"{problem.path}:1",
        prompt=problem.prompt,
        symbols=_symbols(problem, answers),
        definitions=tuple(
            DefinitionView(problem.scope.symbols[name], problem.scope.levels.get(name, meaning))
            for name, meaning in problem.scope.definitions.items()
            if name not in problem.scope.entries
        ),
        parts=tuple(_part(letter, answer, shows, problem) for letter, answer in zip(letters, answers, strict=True)),
    )


def _mark(place: Place) -> str:
    return f"{place.file}:{place.line}"


LARGEST_SHOWN = 4
"""Arrays with more rows or columns are not shown beside their names."""


def _symbols(problem: Problem, answers: Sequence[Answer]) -> tuple[SymbolsView, ...]:
    variables = {answer.part.wrt.name for answer in answers if answer.part.wrt}
    functions = {name for answer in answers for name in answer.part.functions}
    variables |= {symbol.name for answer in answers for symbol in answer.part.given.variables}
    for answer in answers:
        if answer.derivation is not None:
            variables |= {symbol.name for symbol in _depends_on(answer.derivation.statement, answer.part)}
    scope = problem.scope
    stacked = {symbol.name for symbols in scope.entries.values() for symbol in symbols}
    found: list[SymbolView] = []
    for name, symbol in scope.symbols.items():
        if name in stacked or (name in scope.definitions and name not in scope.entries):
            continue
        names = {name, *(entry.name for entry in scope.entries.get(name, ()))}
        role = "variable" if names & variables else "constant" if variables else "symbol"
        role = "function" if name in functions else role
        words = tuple(sorted(symbol.assumptions - {"constant"}))
        found.append(SymbolView(symbol, role, symbol.shape, words, _value(name, scope)))
    together: dict[object, list[SymbolView]] = {}
    for place, one in enumerate(found):
        is_plain = one.shape == SCALAR and not one.assumptions and one.value is None
        together.setdefault(one.role if is_plain else place, []).append(one)
    return tuple(SymbolsView(items[0].role, tuple(items)) for items in together.values())


def _value(name: str, scope: Scope) -> Expr | None:
    """The array that `name` is the name of, or its number; decimals where one of the numbers asks for them."""
    if name in scope.entries:
        return scope.definitions[name]
    rows = scope.values.get(name, ())
    if not rows or max(len(rows), len(rows[0])) > LARGEST_SHOWN:
        return None
    numbers = [value for row in rows for value in row]
    decimal = any(value.denominator % 5 == 0 for value in numbers)
    shown = tuple(Number(value, decimal) for value in numbers)
    of = scope.symbols[name].shape
    return shown[0] if of == SCALAR else Matrix(shown, of)


def _part(label: str, answer: Answer, shows: Edition, problem: Problem) -> PartView:
    part, derivation = answer.part, answer.derivation
    statuses = _statuses(answer.report, len(derivation.steps)) if derivation else ()
    listings = [step for step in derivation.steps if isinstance(step, Listing)] if derivation else []
    was_run = all(step.status != "missing" for step in listings)
    return PartView(
        label=label,
        task=part.task,
        mark=_mark(part.place),
        prompt_mark=_mark(part.places.get("prompt", part.place)),
        prompt=part.prompt,
        text=part.text,
        hint=part.hint if shows.hints else "",
        remark=part.remark if shows.results else "",
        points=part.points,
        assumed=_assumed(part, problem),
        sought=None if part.task == "code" else _sought(derivation, part) if derivation else _statement(part),
        blocks=_shown_blocks(derivation, statuses, shows) if derivation else (),
        result=result_view(derivation)
        if derivation and shows.results and derivation.question is None and part.task != "code"
        else None,
        check=check_view(answer.report, derivation)
        if answer.report and derivation and shows.steps and was_run
        else None,
        claim=_claim(answer) if shows.results else None,
    )


def _assumed(part: Part, problem: Problem) -> tuple[SymbolView, ...]:
    found: list[SymbolView] = []
    for name, symbol in part.scope.symbols.items():
        own = problem.scope.symbols.get(name)
        words = tuple(sorted(symbol.assumptions - own.assumptions)) if own else ()
        if words:
            found.append(SymbolView(symbol, "assumed", symbol.shape, words))
    return tuple(found)


def _statuses(report: Report | None, count: int) -> tuple[str, ...]:
    found = tuple(verdict.status for verdict in report.verdicts) if report else ()
    return (*found, *("unchecked" for _ in range(count - len(found))))


def _shown_blocks(derivation: Derivation, statuses: Sequence[str], shows: Edition) -> tuple[Block, ...]:
    blocks = block_views(derivation, statuses)
    if shows.steps:
        return blocks
    kept = (ResultView, ResultsView, SolutionsView, DrawingView, OptionsView) if shows.results else ()
    boxed = shows.results
    return tuple(
        block
        for block in blocks
        if isinstance(block, kept) or (boxed and isinstance(block, StatementView) and block.boxed)
    )


def block_views(derivation: Derivation, statuses: Sequence[str] = ()) -> tuple[Block, ...]:
    """The steps of `derivation`; `statuses` are those of their checks, empty where nothing was checked.

    The end of a derivation in matrix or index notation is not among them: that is result_view.
    """
    blocks: list[Block] = []
    chain: list[LineView] = []
    solving: list[SolveView] = []
    heading: Expr | None = None
    known = (*statuses, *("" for _ in derivation.steps))

    def close() -> None:
        if chain:
            blocks.append(ChainView(tuple(chain)))
            chain.clear()
        if solving:
            blocks.append(SolvingView(tuple(solving)))
            solving.clear()

    for step, status in zip(derivation.steps, known, strict=False):
        if isinstance(step, Solve):
            if chain or step.case:
                close()
            starts = not step.of and not any(isinstance(block, SolvingView) for block in blocks) and not solving
            solving.append(_solve(step, status, starts))
            continue
        if isinstance(step, Rewrite):
            if solving:
                close()
            names, instances = margin(step)
            about = step.digits is not None
            opens = step.heading != heading or not chain
            chain.append(LineView(step.heading, opens, step.after, names, instances, status, about=about))
            heading = step.heading
            continue
        close()
        block = _block(step, status, derivation)
        match block, blocks[-1:]:
            case None, _:
                continue
            case ResultView(), [ResultsView(results)]:
                blocks[-1] = ResultsView((*results, block))
            case ResultView(), [ResultView() as before]:
                blocks[-1] = ResultsView((before, block))
            case _:
                blocks.append(block)
    close()
    return tuple(blocks)


def _block(step: Step, status: str, derivation: Derivation) -> Block | None:
    match step:
        case Define(symbol, meaning, before, after):
            return DefineView(symbol, meaning, before, after, status)
        case Table(rows, rules):
            return TableView(rows, law_names(rules), status)
        case Grid(header, cells, digits):
            shown = tuple(tuple(cell.right for cell in row) for row in cells)
            return GridView(header, shown, digits is not None, status)
        case Statement(key, values, facts, visible, boxed, ticked):
            return StatementView(key, dict(values), facts if visible else (), status, boxed, ticked)
        case Solutions(unknowns, _, points):
            return SolutionsView(unknowns, points, status)
        case Conclude(_, result, heading, _, _, digits):
            if derivation.question is None:
                return None
            of = shape(result)
            about = digits is not None
            layout = str(derivation.layout) if derivation.layout and of != SCALAR else ""
            return ResultView(heading, result, of, layout, "", False, (), (), about=about)
        case Drawing(picture):
            return DrawingView(picture)
        case Options(options, used, wanted):
            sizes = tuple((one, shape(one)) for one in used)
            return OptionsView(tuple(map(_option, options)), sizes, wanted, status)
        case Listing(language, source, output, run):
            lines, printed = (tuple(text.rstrip("\n").split("\n")) for text in (source, output))
            return ListingView(LANGUAGES[language], language, lines, printed, run)
        case Rewrite() | Solve():
            return None
        case _:
            assert_never(step)


def _option(option: Option) -> OptionView:
    misfit = option.misfit
    if misfit is None:
        return OptionView(option.shown, option.verdict, "", None, None, None, None, shape(option.expr))
    left, right = misfit.left, misfit.right
    return OptionView(option.shown, option.verdict, misfit.operation, left, shape(left), right, shape(right), None)


def _solve(step: Solve, status: str, starts: bool) -> SolveView:
    chains: list[tuple[Equation, ...]] = []
    for equation in step.equations:
        if chains and not step.either and chains[-1][-1].left == equation.left:
            chains[-1] = (*chains[-1], equation)
        else:
            chains.append((equation,))
    names = law_names(step.rules)
    return SolveView(tuple(chains), step.case, names, status, step.of, step.either, starts)


def full_heading(derivation: Derivation) -> Expr:
    """What the result is the value of; a second derivative is one of a derivative."""
    ends = [step for step in derivation.steps if isinstance(step, Conclude)]
    heading = ends[-1].heading if ends else derivation.statement
    if derivation.wrt is None or not isinstance(heading, Partial):
        return heading
    depth, body = 1, heading.body
    while isinstance(body, Partial):
        depth, body = depth + 1, body.body
    for _ in range(derivation.order - depth):
        heading = Partial(heading, derivation.wrt)
    return heading


def _sought(derivation: Derivation, part: Part) -> SoughtView:
    name, wrt = derivation.quantity, derivation.wrt
    if derivation.right is not None:
        return SoughtView(None, derivation.statement, right=derivation.right)
    if derivation.question is not None and derivation.task != "shapes":
        is_name = name is not None and name != derivation.statement
        of = _depends_on(derivation.statement, part)
        shown: Expr | None = At(name, of, of) if is_name and name is not None and of else name if is_name else None
        return SoughtView(shown, _with_stacks(derivation.statement, part), domain=derivation.domain)
    if wrt is None or name is None:
        shown = name if name != derivation.statement else None
        if name is not None and derivation.value_indices and is_scalar(derivation.statement):
            shown = Entry(name, derivation.value_indices)  # the statement is one entry of it
        return SoughtView(shown, _with_stacks(derivation.statement, part))
    derivative: Expr = name
    for _ in range(derivation.order):
        derivative = Partial(derivative, wrt, ordinary=_is_ordinary(derivation))
    entry = derivation.lines[-1].heading if derivation.lines else None
    if not isinstance(entry, Partial) or not (derivation.value_indices or derivation.wrt_indices):
        entry = None
    ends = [step for step in derivation.steps if isinstance(step, Conclude)]
    own = derivation.shape if derivation.form == "matrix" else None
    place = tuple(index for index in (ends[-1].rows, ends[-1].columns) if index) if ends and own and entry else ()
    shown = name if derivation.statement != name else None
    offered = tuple(one.shown for step in derivation.steps if isinstance(step, Options) for one in step.options)
    declared = part.scope.symbols
    known = tuple(
        At(declared[one], own, own)
        for one, own in ((one, tuple(declared[x] for x in by)) for one, by in part.functions.items())
    )
    return SoughtView(
        shown,
        derivation.statement,
        derivative,
        own,
        entry,
        place,
        derivation.wrt_transposed,
        derivation.domain,
        options=offered,
        functions=known,
    )


def _is_ordinary(derivation: Derivation) -> bool:
    """Whether the derivative that the end speaks of is written with d."""
    headings = [step.heading for step in derivation.steps if isinstance(step, Conclude)]
    return derivation.task == "shapes" or any(isinstance(one, Partial) and one.ordinary for one in headings)


def _depends_on(statement: Expr, part: Part) -> tuple[Symbol, ...]:
    """The scalars that `statement` is a function of, as they are declared; none where no derivative is asked for."""
    used = frozenset(symbols(statement))
    if not used & frozenset(part.given.variables):
        return ()
    known = {*part.scope.values, *(symbol.name for symbol, _ in part.given.data)}
    declared = (symbol for name, symbol in part.scope.symbols.items() if name not in known)
    return tuple(one for one in declared if one in used and one.shape == SCALAR and "constant" not in one.assumptions)


def _with_stacks(statement: Expr, part: Part) -> Expr:
    """`statement` with the names of vectors for the columns of scalars that they stack."""
    stacks = {part.scope.definitions[name]: part.scope.symbols[name] for name in part.scope.entries}
    return statement if statement in stacks else transform(statement, stacks.get)


def _statement(part: Part) -> SoughtView | None:
    return SoughtView(None, part.expression) if part.expression is not None else None


def result_view(derivation: Derivation) -> ResultView:
    matrix = derivation.form == "matrix"
    others = tuple((str(layout), other, shape(other)) for layout, other in derivation.others)
    changed = {name for name, _, _ in others}
    same = tuple((str(layout), derivation.result, derivation.shape) for layout in Layout if str(layout) not in changed)
    order = [str(layout) for layout in Layout]
    return ResultView(
        heading=full_heading(derivation),
        result=derivation.result,
        shape=derivation.shape if matrix else None,
        layout=str(derivation.layout) if derivation.layout and derivation.shape != SCALAR else "",
        reason=derivation.reason,
        by_row=derivation.wrt_transposed,
        others=others,
        layouts=tuple(sorted((*same, *others), key=lambda item: order.index(item[0]))) if matrix else (),
    )


def check_view(report: Report, derivation: Derivation) -> CheckView:
    """What the checks of `derivation` come to."""
    found = [verdict.status for verdict in report.verdicts]
    done = [verdict for verdict in report.verdicts if verdict.status in ("exact", "numeric")]
    result = report.result
    status = result.status if result else "unchecked"
    return CheckView(
        exact=found.count("exact"),
        numeric=found.count("numeric"),
        unchecked=len(found) - len(done),
        points=min((verdict.points for verdict in done if verdict.points), default=0),
        error=max((verdict.error for verdict in done if verdict.status == "numeric"), default=0.0),
        result="differences" if status == "numeric" and derivation.wrt else status,
        result_error=result.error if result else 0.0,
        verified=report.verified,
    )


def _claim(answer: Answer) -> ClaimView | None:
    claim, verdict = answer.part.claim, answer.claim
    if claim is None or verdict is None:
        return None
    erratum = answer.part.erratum
    shown = brief(claim.expression, answer.derivation.statement) if answer.derivation else claim.expression
    return ClaimView(verdict.status, verdict.message, shown, claim.text, claim.source, erratum, claim.word)
