"""Is a picture true: has the statement the value of a contour line where the line is drawn?"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from derivgen.expr.nodes import At, Expr, Number, Symbol
from derivgen.picture import ContourPlot, Picture
from derivgen.verify.arrays import BadPoint
from derivgen.verify.bench import Bench, Verdict

POINTS_OF_A_LINE = 3

# a line is drawn through points that are right to a tenth of a millimetre, of a picture some centimetres wide
TOLERANCE = 0.02


def check_picture(picture: Picture, statement: Expr, bench: Bench) -> Verdict:
    """Compares the statement with the level at some points of each contour line, relative to the range of levels."""
    if not isinstance(picture, ContourPlot):
        return Verdict("exact", bench.wanted)
    variables = tuple(one for one in (picture.across.name, picture.up.name) if isinstance(one, Symbol))
    if len(variables) < 2:
        return Verdict("unchecked", message="a picture by entries of an array")
    levels = [contour.level for contour in picture.contours]
    scale = max(levels, default=0.0) - min(levels, default=0.0) or 1.0
    evaluator = next(bench.evaluators(False), None)
    if evaluator is None:
        return Verdict("unchecked", message="no point was found")
    worst = 0.0
    for contour in picture.contours:
        for line in contour.lines:
            for point in line[:: max(1, len(line) // POINTS_OF_A_LINE)]:
                values = tuple(Number(Fraction(coordinate)) for coordinate in point)
                try:
                    with np.errstate(all="ignore"):
                        found = float(evaluator.array(At(statement, variables, values)).flat[0])
                except BadPoint:
                    continue
                apart = abs(found - contour.level) / scale
                worst = max(worst, apart)
                if apart > TOLERANCE:
                    return Verdict("wrong", 1, apart, f"{found:.4g} on the line of {contour.level:.4g}")
    return Verdict("numeric", 1, worst)
