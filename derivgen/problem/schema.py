"""The fields of problem and sheet files: names, types and what they mean. Everything arrives as text.

The models check names and types only; mathematics is read by expression.py, places are known to load.py. They are also
the source of `derivgen schema`, which editors use to complete and check files.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

LayoutWord = Literal["denominator", "numerator", "mixed"]
EditionWord = Literal["exercises", "hints", "answers", "solutions", "key"]
ReadingWord = Literal["right to left", "left to right"]
LogarithmWord = Literal["log", "ln"]
RoundingWord = Literal["exact", "staged"]
MethodWord = Literal["index", "explicit", "differential", "chain"]
DetailWord = Literal["brief", "normal", "full"]
OneOrMore = str | list[str]
_IN_LATEX = {
    "type": "object",
    "title": "Expression in LaTeX",
    "description": "An expression in LaTeX, read with the same meaning as text.",
    "properties": {
        "latex": {"type": "string", "title": "LaTeX", "examples": [r"\mathbf{x}^\top \mathbf{A} \mathbf{x}"]}
    },
    "required": ["latex"],
    "additionalProperties": False,
}
Expression = Annotated[str, WithJsonSchema({"anyOf": [{"type": "string"}, _IN_LATEX]})]
"""An expression as text; in LaTeX it is written `{latex: ...}`, which notation.py takes out before fields are read."""
Written = Expression | list[Any]
"""An expression, or a list of them: an array written out."""
Point = str | list[str] | dict[str, str]

TASKS = (
    *("derive", "gradient", "jacobian", "hessian", "partials", "evaluate", "critical_points", "classify", "expand"),
    *("chain", "descend", "newton", "solve", "directional", "tangent_plane", "plot"),
    "diagram",
    *("matrix_form", "element_form", "layouts", "text"),
    *("forward", "backward", "shapes", "show"),
    "backprop",
    "code",
)
"""The tasks that are there."""
LATER_TASKS: list[str] = []
"""The tasks of the contract that are not there yet."""

TEXT_FIELDS = frozenset("title source prompt hint remark text erratum claim_source label course author date".split())
"""Fields that hold text with mathematics between dollar signs."""
EXPRESSION_FIELDS = frozenset((*(task for task in TASKS if task not in ("text", "code")), "claim", "form", "wrt", "of"))


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False)


def _text(title: str, description: str, *examples: str) -> Any:
    return Field(default="", title=title, description=description, examples=list(examples) or None)


def _option(title: str, description: str, *examples: Any) -> Any:
    return Field(default=None, title=title, description=description, examples=list(examples) or None)


class PartFields(_Fields):
    """One thing asked: exactly one task, and what goes with it."""

    derive: Written | None = _option("Derive", "The expression to differentiate; needs `wrt`.", "x.T @ A @ x")
    gradient: Expression | None = _option("Gradient", "A scalar whose gradient by `wrt` is asked.", "b.T @ x", "x*y")
    jacobian: Written | None = _option("Jacobian", "A vector whose Jacobian by `wrt` is asked.", "A @ x", ["x*y", "x"])
    hessian: Expression | None = _option(
        "Hessian", "A scalar whose Hessian by `wrt` is asked.", "x.T @ A @ x", "x**2*y"
    )
    partials: Expression | None = _option(
        "Partial derivatives", "A scalar whose derivatives by each of `wrt` are asked; of second order with `order: 2`."
    )
    evaluate: Written | None = _option("Evaluate", "An expression whose value `at` a point is asked.", "x**2 + y")
    critical_points: Expression | None = _option("Critical points", "A scalar whose stationary points are asked.")
    classify: Expression | None = _option(
        "Classify", "A scalar whose critical points, or the one named by `at`, are to be classified."
    )
    expand: Expression | None = _option(
        "Expand", "A product to multiply out: a quadratic form, a square.", "x.T @ A @ x"
    )
    chain: Written | None = _option(
        "Chain rule", "An expression in quantities of `define`, to be differentiated through them.", "(u - v)*exp(u)"
    )
    descend: Expression | None = _option(
        "Gradient descent", "A scalar to make smaller from `start` with the rate `rate`."
    )
    newton: Expression | None = _option(
        "Newton's method", "A scalar whose stationary point is approached from `start`."
    )
    solve: Expression | None = _option(
        "Solve", "A scalar whose gradient by `wrt` is to vanish: the normal equations.", "(X@w - y).T @ (X@w - y)"
    )
    directional: Expression | None = _option(
        "Directional derivative", "A scalar, `at` a point, in the `direction` given."
    )
    tangent_plane: Expression | None = _option("Tangent plane", "A scalar of two variables, and the point `at`.")
    plot: Expression | None = _option("Plot", "A scalar of two variables to draw.", "x**2 + 4*y**2")
    matrix_form: Expression | None = _option(
        "Matrix form", "An index sum to write with matrices.", "sum(A[i, j]*x[j], j)"
    )
    element_form: Expression | None = _option("Element form", "A matrix expression to write with indices.", "A.T @ x")
    layouts: Expression | None = _option(
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
    claim: Written | None = _option("Claim", "An answer that somebody states; it is checked.", "2 * A @ x")
    claim_source: str = _text("Source of the claim", "Who states it.", "solution manual, page 12")
    erratum: str = _text("Erratum", "The remark printed when the claim is known to be wrong.")
    form: str = _text(
        "Form", "The form of the answer: factored, expanded, single fraction, or `in terms of` an expression."
    )
    method: MethodWord = Field(default="index", title="Method", description="How to derive.", examples=["index"])
    detail: DetailWord | None = _option("Detail", "How many lines to show.", "normal")
    label: str = _text("Label", "A name by which other parts refer to this one.")
    name: str = _text("Name", "The letter of the quantity in the lines, in place of f or y.", "L", "phi")
    depends: OneOrMore | None = _option("Depends on", "Labels of the parts that this one uses.", ["a"])
    digits: str | int | None = _option("Digits", "Decimals of printed numbers.", 3)
    refs: OneOrMore | None = _option("References", "What the part covers: free identifiers.", ["l03-4.2"])
    at: Point | dict[str, Any] | None = _option(
        "At", "Where to evaluate: a value for each variable.", {"x": "1", "y": "2"}, ["1", "2"]
    )
    start: Point | None = _option("Start", "Where a descent or Newton's method begins.", ["4", "2"])
    rate: str | int | float | None = _option("Rate", "The learning rate of a descent.", 0.1)
    steps: str | int | None = _option("Steps", "How many steps of a descent or of Newton's method.", 1)
    direction: Point | None = _option("Direction", "The direction of a directional derivative.", ["3", "4"])
    ranges: dict[str, list[str]] = Field(
        default_factory=dict, title="Ranges", description="What a plot shows.", examples=[{"x": ["-3", "3"]}]
    )
    data: dict[str, list[str]] = Field(
        default_factory=dict,
        title="Data",
        description="Columns of a data table: the gradient is the mean over its rows.",
        examples=[{"x": ["1", "2", "3"], "y": ["3", "5", "7"]}],
    )
    reading: ReadingWord | None = _option(
        "Reading order", "How the symbols of a mixed derivative are read: which variable comes first.", "right to left"
    )
    rounding: RoundingWord | None = _option(
        "Rounding", "With `digits`: the exact value is rounded at the end, or each line goes on with rounded numbers."
    )
    kind: Literal["contours", "surface", "path"] | None = _option("Kind of plot", "What to draw.", "contours")
    shapes: list[Expression] | None = _option(
        "Matching of shapes",
        "Expressions that are offered for the derivative of `of` by `wrt`; `diff(u, x)` is a derivative not taken.",
        ["diff(u, x) @ v + diff(v, x) @ u", "u @ diff(v, x)"],
    )
    of: Expression | None = _option("Of", "For `shapes`: what the derivative is taken of.", "u.T @ v")
    functions: dict[str, OneOrMore] = Field(
        default_factory=dict,
        title="Functions",
        description="For `shapes`: the symbols that are functions, and what they are functions of.",
        examples=[{"u": "x", "v": "x"}, {"z": ["x", "y"]}],
    )
    show: dict[str, Expression] | None = _option(
        "Show", "Two sides, `left` and `right`: why they are equal, or where they are not.", {"left": "A", "right": "B"}
    )
    diagram: str | None = _option(
        "Diagram", "A quantity of `define` whose graph is to be drawn, or `network` with its `layers`.", "L", "network"
    )
    path: OneOrMore | None = _option("Path", "The path of a diagram that is to be seen.", ["L", "h", "w"])
    layers: str | list[str | int] | None = _option(
        "Layers",
        "For a diagram: how many units each layer of a network has. For backprop: the letter for the number of layers.",
        [3, "n", 1],
        "L",
    )
    repeat: dict[str, str] | None = _option(
        "Repeat", "For backprop with `layers`: what the input of a layer is in the layer before.", {"x": "a"}
    )
    names: OneOrMore | None = _option(
        "Names of layers", "Vectors (scalars for one unit), or entries of them.", ["x", "h", "y_hat"]
    )
    weights: OneOrMore | None = _option("Names of weights", "The matrices between the layers.", ["W1", "W2"])
    backprop: str | None = _option(
        "Back-propagation", "A loss in quantities of `define`: its gradients by each of them and by `wrt`.", "L"
    )
    latex: str | None = _option(
        "LaTeX", "The expression in LaTeX, where the task has none of its own; alone, what is differentiated by `wrt`."
    )
    forward: Written | None = _option(
        "Forward pass", "A quantity of `define`, a list of them, or an expression in them, to be worked out.", "L"
    )
    backward: str | None = _option(
        "Backward pass", "A quantity of `define` whose derivatives by `wrt` are passed back through the graph.", "L"
    )
    sizes: list[list[str]] | None = _option(
        "Sizes", "For backward: numbers of inputs and outputs for which the passes are counted.", [["1000", "1"]]
    )
    code: Literal["numpy", "torch"] | None = _option(
        "Code",
        "The program that recomputes the result of the part above, or of the part that `depends` names, and compares.",
        "numpy",
    )


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
    reading: ReadingWord | None = _option(
        "Reading order", "How the symbols of mixed derivatives are read in all parts.", "right to left"
    )
    logarithm: LogarithmWord | None = _option("Logarithm", "How the natural logarithm is printed.", "ln")
    define: dict[str, Written] = Field(
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
    logarithm: LogarithmWord | None = _option("Logarithm", "How the natural logarithm is printed.", "ln")
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
