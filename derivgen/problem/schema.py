"""The fields of problem and sheet files: names, types and what they mean. Everything arrives as text.

The models check names and types only; mathematics is read by expression.py, places are known to load.py. They are also
the source of `derivgen schema`, which editors use to complete and check files.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

LayoutWord = Literal["denominator", "numerator", "mixed"]
EditionWord = Literal["exercises", "hints", "answers", "solutions", "key"]
MethodWord = Literal["index", "explicit", "differential", "chain"]
DetailWord = Literal["brief", "normal", "full"]
OneOrMore = str | list[str]
Later = Any

TASKS = ("derive", "gradient", "jacobian", "hessian", "matrix_form", "element_form", "layouts", "text")
"""The tasks that are there."""
LATER_TASKS = (
    "partials evaluate critical_points classify expand chain backward forward "
    "descend newton solve shapes show plot code"
).split()
"""The tasks of the contract that are not there yet."""

TEXT_FIELDS = frozenset("title source prompt hint remark text erratum claim_source label course author date".split())
"""Fields that hold text with mathematics between dollar signs."""
EXPRESSION_FIELDS = frozenset(
    "derive gradient jacobian hessian matrix_form element_form layouts claim form wrt".split()
)


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False)


def _text(title: str, description: str, *examples: str) -> Any:
    return Field(default="", title=title, description=description, examples=list(examples) or None)


def _option(title: str, description: str, *examples: Any) -> Any:
    return Field(default=None, title=title, description=description, examples=list(examples) or None)


def _later(name: str) -> Any:
    return Field(default=None, title=name, description="A task that is not there yet.")


class PartFields(_Fields):
    """One thing asked: exactly one task, and what goes with it."""

    derive: str | None = _option("Derive", "The expression to differentiate; needs `wrt`.", "x.T @ A @ x")
    gradient: str | None = _option("Gradient", "A scalar whose gradient by the vector `wrt` is asked.", "b.T @ x")
    jacobian: str | None = _option("Jacobian", "A vector whose Jacobian by the vector `wrt` is asked.", "A @ x")
    hessian: str | None = _option("Hessian", "A scalar whose Hessian by the vector `wrt` is asked.", "x.T @ A @ x")
    matrix_form: str | None = _option("Matrix form", "An index sum to write with matrices.", "sum(A[i, j]*x[j], j)")
    element_form: str | None = _option("Element form", "A matrix expression to write with indices.", "A.T @ x")
    layouts: str | None = _option(
        "Layouts", "An expression whose derivative by `wrt` is shown in all layouts.", "A @ x"
    )
    text: str | None = _option("Text", "A part that only says something.", r"Recall that $\mathbf{x}^\top$ is a row.")
    wrt: OneOrMore | None = _option("With respect to", "The symbol to differentiate by; `x.T` for a row.", "x", "x.T")
    order: str | int | None = _option("Order", "How often to differentiate: 1 or 2.", 2)
    free: OneOrMore | None = _option("Free indices", "For matrix_form: the free indices, rows first.", ["i", "j"])
    assume: OneOrMore | None = _option(
        "Assumptions", "What this part assumes beyond the declarations.", ["A symmetric"]
    )
    layout: LayoutWord | None = _option("Layout", "The layout of this part.", "numerator")
    prompt: str = _text("Prompt", "The question, LaTeX between dollar signs.", "Find the gradient.")
    hint: str = _text("Hint", "Printed in the editions with hints.")
    remark: str = _text("Remark", "Printed after the solution.")
    points: str | int | float | None = _option("Points", "How many points the part gives.", 2, 0.5)
    claim: str | None = _option("Claim", "An answer that somebody states; it is checked.", "2 * A @ x")
    claim_source: str = _text("Source of the claim", "Who states it.", "solution manual, page 12")
    erratum: str = _text("Erratum", "The remark printed when the claim is known to be wrong.")
    form: str = _text("Form", "The target form of the answer.")
    method: MethodWord = Field(default="index", title="Method", description="How to derive.", examples=["index"])
    detail: DetailWord | None = _option("Detail", "How many lines to show.", "normal")
    label: str = _text("Label", "A name by which other parts refer to this one.")
    depends: OneOrMore | None = _option("Depends on", "Labels of the parts that this one uses.", ["a"])
    digits: str | int | None = _option("Digits", "Decimals of printed numbers.", 3)
    refs: OneOrMore | None = _option("References", "What the part covers: free identifiers.", ["l03-4.2"])
    latex: Later = _later("LaTeX expression")
    at: Later = _later("The point of evaluation")
    partials: Later = _later("Partial derivatives")
    evaluate: Later = _later("Value at a point")
    critical_points: Later = _later("Critical points")
    classify: Later = _later("Classification")
    expand: Later = _later("Expansion")
    chain: Later = _later("Chain rule")
    backward: Later = _later("Backward pass")
    forward: Later = _later("Forward pass")
    descend: Later = _later("Gradient descent")
    newton: Later = _later("Newton's method")
    solve: Later = _later("Matrix equation")
    shapes: Later = _later("Matching of shapes")
    show: Later = _later("Proof of an identity")
    plot: Later = _later("Plot")
    code: Later = _later("Code listing")


class ProblemFields(_Fields):
    """One problem file: a question in parts."""

    model_config = ConfigDict(
        title="derivgen problem",
        json_schema_extra={
            "examples": [
                {
                    "title": "Gradient of a quadratic form",
                    "symbols": {"x": "vector(n)", "A": "matrix(n, n)"},
                    "parts": [{"derive": "x.T @ A @ x", "wrt": "x", "claim": "(A + A.T) @ x"}],
                }
            ]
        },
    )

    title: str = Field(
        title="Title", description="The heading of the problem.", examples=["Gradient of a quadratic form"]
    )
    source: str = _text("Source", "Where the problem comes from.", "Section 2.3, exercise 3")
    refs: OneOrMore | None = _option("References", "What the problem covers: free identifiers.", ["cmu-2.3.3d"])
    layout: LayoutWord | None = _option("Layout", "The layout of all parts.", "denominator")
    symbols: dict[str, str | int | float | list[Any]] = Field(
        default_factory=dict,
        title="Symbols",
        description="The names that expressions use, each with its type or values, and assumptions.",
        examples=[{"x": "vector(n)", "A": "matrix(n, n) symmetric", "r": "0.8", "c": [1, 2]}],
    )
    assume: OneOrMore | None = _option("Assumptions", "What all parts assume.", ["A symmetric"])
    define: dict[str, str] = Field(
        default_factory=dict,
        title="Definitions",
        description="Named intermediate quantities, in order.",
        examples=[{"z": "W @ x + b"}],
    )
    prompt: str = _text("Prompt", "The question, LaTeX between dollar signs.", r"Let $\mathbf{x} \in \mathbb{R}^n$.")
    parts: list[PartFields] = Field(title="Parts", description="The things asked, in order.", min_length=1)


class SheetFields(_Fields):
    """A sheet file: problems printed together."""

    model_config = ConfigDict(title="derivgen sheet")

    title: str = Field(title="Title", description="The heading of the sheet.", examples=["Sheet 3: gradients"])
    course: str = _text("Course", "The course.", "Machine Learning")
    author: str = _text("Author", "Who wrote the sheet.")
    date: str = _text("Date", "As it is to be printed.", "12 May 2025")
    layout: LayoutWord | None = _option("Layout", "The layout of all problems.", "denominator")
    edition: EditionWord = Field(
        default="solutions", title="Edition", description="What is shown.", examples=["exercises", "solutions"]
    )
    problems: OneOrMore = Field(
        title="Problems", description="Paths or patterns, relative to this file.", examples=[["problems/*.yaml"]]
    )
    template: str = Field(default="sheet", title="Template", description="The template to use.", examples=["sheet"])


def json_schema() -> dict[str, Any]:
    """The JSON Schema of problem and sheet files, for editors."""
    problem = ProblemFields.model_json_schema(ref_template="#/$defs/{model}")
    sheet = SheetFields.model_json_schema(ref_template="#/$defs/{model}")
    definitions = {**problem.pop("$defs", {}), **sheet.pop("$defs", {})}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "derivgen problem or sheet",
        "description": "A problem file, or a sheet file (one with the field `problems`).",
        "type": "object",
        "if": {"required": ["problems"]},
        "then": {"$ref": "#/$defs/Sheet"},
        "else": {"$ref": "#/$defs/Problem"},
        "$defs": {**definitions, "Problem": problem, "Sheet": sheet},
    }
