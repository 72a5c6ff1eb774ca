r"""What the control sequences of LaTeX mean where an expression is read from it."""

from __future__ import annotations

from derivgen.expr.nodes import FUNCTIONS
from derivgen.problem.functions import OF_EXPRESSIONS
from derivgen.problem.latex_text import NAME_WORDS

FONTS = frozenset("mathbf boldsymbol bm pmb mathit mathnormal mathcal mathtt mathfrak mathscr vec underline".split())
"""What only changes how a letter looks: names are the same in every font."""
UPRIGHT = frozenset("mathrm mathsf text textrm textsf textbf textit textnormal mathop operatorname".split())
"""What sets words: several letters are one name."""
ACCENTS = {
    **{name: name for name in ("hat", "bar", "tilde", "dot")},
    **{"widehat": "hat", "overline": "bar", "widetilde": "tilde"},
}
GREEK = NAME_WORDS - FONTS - UPRIGHT - {"mathbb", "hat", "bar", "tilde", "dot", "vec", "prime", "star"}
LETTERS = {
    **{name: name for name in GREEK},
    **{f"var{name}": name for name in ("epsilon", "theta", "phi", "rho", "sigma", "pi", "kappa")},
}
"""Macros that are a letter, to its name."""

SKIPPED = frozenset(
    ", : ; ! > < quad qquad displaystyle textstyle scriptstyle scriptscriptstyle limits nolimits nonumber notag "
    "bf rm it bfseries mathstrut strut allowbreak nobreak thinspace medspace thickspace negthinspace /".split()
) | {" ", "\n", "\t"}
"""Spacing and style, which mean nothing."""

SIZES = {
    **dict.fromkeys(("big", "Big", "bigg", "Bigg"), ""),
    **{f"{name}l": "open" for name in ("big", "Big", "bigg", "Bigg")},
    **{f"{name}r": "close" for name in ("big", "Big", "bigg", "Bigg")},
    **{"left": "open", "right": "close"},
}
"""Sizes of the delimiter that follows, and on which side it stands."""

OPENING = {"(": ")", "[": "]", r"\{": r"\}", r"\lbrace": r"\rbrace", r"\lbrack": r"\rbrack"}
CLOSING = frozenset(OPENING.values())
BARS = {
    **{r"\lvert": "|", r"\rvert": "|", r"\vert": "|", "|": "|"},
    **{r"\|": "||", r"\Vert": "||", r"\lVert": "||", r"\rVert": "||"},
}
SIDES = {r"\lvert": "open", r"\lVert": "open", r"\rvert": "close", r"\rVert": "close"}

OPERATORS = {
    **{name: rf"\{name}" for name in "cdot times odot circ otimes oslash div pm mp partial nabla top".split()},
    **{
        "intercal": r"\top",
        "ast": "*",
        "star": "*",
        "bullet": r"\cdot",
        "colon": ":",
        "prime": "'",
        "dagger": r"\dagger",
    },
    **{"le": "<", "leq": "<", "ge": ">", "geq": ">", "lt": "<", "gt": ">", "ne": "!=", "neq": "!=", "approx": "="},
    **{"equiv": "=", "coloneqq": "=", "mid": "|", "in": r"\in", "to": r"\to", "mapsto": r"\to", "sim": r"\sim"},
    **dict.fromkeys("dots ldots cdots vdots ddots dotsc dotsb dotsm".split(), r"\dots"),
    **{"infty": r"\infty", "triangle": r"\triangle", "backslash": "/", "quotient": "/", "lnot": r"\lnot"},
}

CALLED = {
    **{name: name for name in (*FUNCTIONS, *OF_EXPRESSIONS, "sum")},
    **{f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan")},
    **{"ln": "log", "Tr": "tr", "trace": "tr", "Trace": "tr", "sgn": "sign", "ReLU": "relu", "logistic": "sigmoid"},
    **{"Diag": "diag", "lse": "logsumexp", "LSE": "logsumexp", "Vec": "vec", "rect": "relu", "Det": "det"},
}
"""Words that stand before an argument, to the function they name."""
del CALLED["matrix_power"]

FUNCTION_MACROS = frozenset(
    "sin cos tan sinh cosh tanh arcsin arccos arctan exp log ln det tr Tr trace diag Diag relu ReLU sigmoid softmax "
    "softplus sign sgn erf logsumexp".split()
)
"""The words of CALLED that may have a backslash."""

BARE = frozenset("sin cos tan sinh cosh tanh asin acos atan exp log det tr".split())
"""The functions whose argument may stand without parentheses."""
POWER_INSIDE = frozenset("sin cos tan sinh cosh tanh log".split())
"""The functions whose powers are written sin^2 x."""

MATRICES = frozenset({"bmatrix", "pmatrix", "vmatrix", "matrix", "smallmatrix"})

STRUCTURES = frozenset({"frac", "dfrac", "tfrac", "cfrac", "sqrt", "sum"})
"""Macros with a grammar of their own."""

ARGUMENTS = {
    **dict.fromkeys(("frac", "dfrac", "tfrac", "cfrac", "binom"), "{{"),
    **dict.fromkeys((*FONTS, *UPRIGHT, *ACCENTS, "mathbb", "phantom", "substack"), "{"),
    **{"sqrt": "[{", "operatorname": "*{", "mathop": "{", "\\": "["},
}
"""What each macro takes, as pylatexenc spells it."""

NOT_READ = {
    **dict.fromkeys(("cot", "sec", "csc"), r"write it by \sin, \cos and \tan, as in 1/\tan(x)"),
    **{"lg": r"write \log x for the natural logarithm, \frac{\log x}{\log 10} for base 10"},
    **{"prod": r"products over an index are not supported; a sum of logarithms is"},
    **dict.fromkeys(("int", "iint", "oint"), "integrals are not supported"),
    **dict.fromkeys(("lim", "limsup", "liminf"), "limits are not supported"),
    **{
        "max": r"the largest of 0 and x is \operatorname{relu}(x)",
        "min": r"write -\operatorname{relu}(-x) for \min(0, x)",
    },
    **{"sup": "", "inf": "", "arg": r"say what is sought by the task, such as `solve`", "Pr": "", "gcd": ""},
    **{"binom": "binomial coefficients are not supported", "substack": "give the indices of a sum with commas"},
    **{"phantom": "leave it out", "middle": "leave it out", "ddot": r"derivatives by time are written f''(t)"},
    **{"mathbb": r"\mathbb{1} is a column of ones; other blackboard letters are not read"},
    **{"langle": r"write the inner product as x^\top y", "rangle": r"write the inner product as x^\top y"},
    **{"wedge": "", "oplus": "", "cup": "", "cap": "", "lfloor": "", "lceil": "", "dim": "", "ker": ""},
    **{"cases": "give each case a part of its own", "begin": "", "over": r"write \frac{a}{b}"},
    **{"Re": "only real numbers are supported", "Im": "only real numbers are supported"},
    **{"label": "leave it out", "tag": "leave it out", "hbox": r"write \text{...}", "mbox": r"write \text{...}"},
}
"""Control sequences that authors try, with what to write instead."""
