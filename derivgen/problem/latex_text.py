r"""The LaTeX that problem files may contain: an allow-list of control sequences, and a check that all is balanced.

What authors write in prompts goes to TeX, so it is treated as data from strangers: text with mathematics between dollar
signs, in which only the control sequences below may stand. \input, \def, \csname, ^^ and everything else that could
read, write or redefine is refused with its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from derivgen.problem.names import nearest, printable, shorten

_GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi varpi rho "
    "varrho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi "
    "Psi Omega"
)
_FONTS = (
    "mathbf mathbb mathrm mathcal mathsf mathit mathtt mathnormal boldsymbol bm pmb text textbf textit textrm emph "
    "operatorname displaystyle textstyle scriptstyle limits nolimits"
)
_ACCENTS = (
    "hat bar tilde vec dot ddot widehat widetilde overline underline overbrace underbrace overset underset stackrel "
    "check breve acute grave mathring overrightarrow"
)
_OPERATORS = (
    "frac dfrac tfrac sqrt sum prod int oint iint iiint partial nabla cdot times div pm mp odot otimes oplus ominus "
    "circ bullet ast star dagger ddagger wedge vee cap cup setminus bigoplus bigotimes bigodot bigcup bigcap binom "
    "top bot intercal prime infty ell hbar Re Im aleph emptyset forall exists neg lnot land lor"
)
_FUNCTIONS = (
    "log ln lg exp sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh coth det dim ker deg gcd max min sup "
    "inf lim limsup liminf arg Pr hom"
)
_RELATIONS = (
    "in notin ni subset subseteq supset supseteq le leq ge geq ne neq ll gg equiv approx sim simeq cong propto "
    "doteq asymp prec preceq succ succeq perp parallel mid models vdash not"
)
_ARROWS = (
    "to gets mapsto longmapsto rightarrow leftarrow leftrightarrow Rightarrow Leftarrow Leftrightarrow "
    "longrightarrow longleftarrow Longrightarrow Longleftrightarrow implies impliedby iff uparrow downarrow "
    "updownarrow hookrightarrow searrow nearrow swarrow nwarrow"
)
_DELIMITERS = (
    "left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm Bigm lVert rVert lvert "
    "rvert Vert vert langle rangle lfloor rfloor lceil rceil lbrace rbrace lbrack rbrack backslash"
)
_SPACING = (
    "quad qquad ldots cdots vdots ddots dots dotsc dotsb dotsm dotsi colon phantom hphantom vphantom mathstrut smash"
)
_LAYOUT = "begin end substack triangle angle bmod pmod mod"

MATH_WORDS = frozenset(
    " ".join(
        (_GREEK, _FONTS, _ACCENTS, _OPERATORS, _FUNCTIONS, _RELATIONS, _ARROWS, _DELIMITERS, _SPACING, _LAYOUT)
    ).split()
)
TEXT_WORDS = frozenset({"emph", "textbf", "textit"})
MATH_SYMBOLS = frozenset(",;:!> \\|{}_%&#$")
TEXT_SYMBOLS = frozenset("$")
ENVIRONMENTS = frozenset("bmatrix pmatrix cases aligned matrix vmatrix Bmatrix Vmatrix smallmatrix gathered".split())

NAME_WORDS = frozenset(_GREEK.split()) | frozenset(
    "boldsymbol mathbf bm mathrm mathcal mathbb mathsf hat bar tilde vec dot ell prime star".split()
)

_SEQUENCE = re.compile(r"\\([A-Za-z]+|.|\Z)", re.DOTALL)
LONGEST_TEXT = 20_000
DEEPEST_BRACES = 40


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a text, at `offset`."""

    message: str
    offset: int
    width: int = 1
    hint: str = ""


def name_latex_fault(latex: str) -> Fault | None:
    """The first thing wrong with the LaTeX of a name, such as `\\boldsymbol{\\alpha}_{t-1}`."""
    if len(latex) > 200:
        return Fault("the LaTeX of a name is too long, at most 200 characters", 0)
    place = 0
    while place < len(latex):
        if latex[place] == "\\":
            match = _SEQUENCE.match(latex, place)
            word = match.group(1) if match else ""
            if word not in NAME_WORDS:
                return _refused(word, place, NAME_WORDS, "in the LaTeX of a name")
            place += 1 + len(word)
            continue
        if not re.match(r"[A-Za-z0-9{}^_+\-,'() ]", latex[place]) or latex.startswith("^^", place):
            return Fault(f"`{shorten(latex[place])}` is not allowed in the LaTeX of a name", place)
        place += 1
    return _braces(latex, 0, len(latex)) or _scripts(latex)


def _scripts(latex: str) -> Fault | None:
    """A second ^ or _ right after the first, or one with nothing to stand on: TeX stops at both."""
    match = re.search(r"[_^]\s*(?:[_^}]|\Z)|[_^](?:[A-Za-z0-9]|\{[^{}]*\})\s*(?=[_^])", latex)
    if match is None:
        return None
    double = re.match(r"([_^])(?:[A-Za-z0-9]|\{[^{}]*\})\s*\Z", match.group())
    if double is not None and latex[match.end() : match.end() + 1] != double.group(1):
        return None
    return Fault("a subscript or superscript is missing or doubled", match.start(), len(match.group()))


def text_faults(text: str) -> Iterator[Fault]:
    """Everything wrong with a prompt, hint, remark or other text that contains mathematics."""
    if len(text) > LONGEST_TEXT:
        yield Fault(f"this text is too long, at most {LONGEST_TEXT} characters", 0)
        return
    yield from _characters(text)
    pieces = list(_pieces(text))
    for start, end, is_math, closed in pieces:
        if not closed:
            yield Fault("this `$` is not closed", start - 1, 1, r"a dollar sign in text is written \$")
            return
        fault = _braces(text, start, end)
        if fault is not None:
            yield fault
        yield from _sequences(text, start, end, is_math)
        if is_math:
            yield from _mathematics(text, start, end)


def _characters(text: str) -> Iterator[Fault]:
    for match in re.finditer(
        r"[^\S\n\t ]|\^\^|[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]", text
    ):
        found = match.group()
        if found == "^^":
            yield Fault("`^^` is not allowed", match.start(), 2, "a superscript takes one ^")
        elif found not in ("\u00a0", "\u202f", "\u2009"):
            yield Fault(f"the character U+{ord(found):04X} is not allowed", match.start())


def _pieces(text: str) -> Iterator[tuple[int, int, bool, bool]]:
    """Start, end, whether it is mathematics, whether its dollar is closed, for the stretches between dollars.

    `$$...$$` counts as mathematics with one dollar more on both sides.
    """
    start, place, is_math, dollars = 0, 0, False, "$"
    while place < len(text):
        if text[place] == "\\":
            place += 2
            continue
        if text[place] == "$":
            if not is_math:
                dollars = "$$" if text.startswith("$$", place) else "$"
            elif not text.startswith(dollars, place):
                break
            yield start, place, is_math, True
            place += len(dollars)
            start, is_math = place, not is_math
            continue
        place += 1
    yield start, len(text), is_math, not is_math


def _braces(text: str, start: int, end: int) -> Fault | None:
    opened: list[int] = []
    place = start
    while place < end:
        char = text[place]
        if char == "\\":
            place += 2
            continue
        if char == "{":
            opened.append(place)
            if len(opened) > DEEPEST_BRACES:
                return Fault("braces are nested too deep", place)
        elif char == "}":
            if not opened:
                return Fault("nothing was opened that this `}` closes", place)
            opened.pop()
        place += 1
    return Fault("this `{` is not closed", opened[-1]) if opened else None


def _sequences(text: str, start: int, end: int, is_math: bool) -> Iterator[Fault]:
    for match in _SEQUENCE.finditer(text, start, end):
        word = match.group(1)
        if word in (MATH_WORDS | MATH_SYMBOLS if is_math else TEXT_WORDS | TEXT_SYMBOLS):
            continue
        if not is_math and (word in MATH_WORDS or word in MATH_SYMBOLS):
            hint = r"put it between dollar signs: $...$; text knows \emph{}, \textbf{}, \textit{} and \$"
            yield Fault(f"`\\{word}` stands outside mathematics", match.start(), 1 + len(word), hint)
        else:
            yield _refused(word, match.start(), MATH_WORDS if is_math else TEXT_WORDS, "in a problem file")


def _refused(word: str, place: int, known: frozenset[str], where: str) -> Fault:
    near = nearest(word, known) if word else None
    shown = printable(word) if word.strip() else ""
    return Fault(
        f"`\\{shown}` is not allowed {where}", place, 1 + len(word), f"did you mean `\\{near}`?" if near else ""
    )


_ENVIRONMENT = re.compile(r"\\(begin|end)\s*(?:\{([A-Za-z]*\*?)\})?")


def _mathematics(text: str, start: int, end: int) -> Iterator[Fault]:
    """Environments that are known and closed, \\left with its \\right, nothing that is special outside them."""
    opened: list[tuple[str, int]] = []
    for match in _ENVIRONMENT.finditer(text, start, end):
        kind, name, place = match.group(1), match.group(2) or "", match.start()
        width = len(match.group())
        if name not in ENVIRONMENTS:
            near = nearest(name, ENVIRONMENTS)
            hint = f"did you mean `{near}`?" if near else f"known are {', '.join(sorted(ENVIRONMENTS))}"
            yield Fault(f"the environment `{shorten(name)}` is not allowed", place, width, hint)
        elif kind == "begin":
            opened.append((name, place))
        elif not opened or opened[-1][0] != name:
            yield Fault(f"`\\end{{{name}}}` closes nothing", place, width)
        else:
            opened.pop()
    for name, place in opened:
        yield Fault(f"`\\begin{{{name}}}` is not closed", place, len(name) + 8)
    lefts = len(re.findall(r"\\left(?![A-Za-z])", text[start:end]))
    rights = len(re.findall(r"\\right(?![A-Za-z])", text[start:end]))
    if lefts != rights:
        yield Fault(f"\\left stands {lefts} times, \\right {rights} times", start, max(1, end - start))
    for match in re.finditer(r"(?<!\\)(?:\\\\)*([#%~\"])", text[start:end]):
        yield Fault(f"`{match.group(1)}` has no meaning in mathematics", start + match.start(1))
    if not text[start:end].strip():
        yield Fault("there is nothing between these dollar signs", max(0, start - 1), max(1, end - start + 2))
    if re.search(r"\n\s*\n", text[start:end]):
        yield Fault("mathematics has no empty lines", start, 1)
