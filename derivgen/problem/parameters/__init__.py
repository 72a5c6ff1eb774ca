"""Parameters of a problem: what may be drawn for a name, the conditions on it, and the drawing."""

from derivgen.problem.parameters.draws import Draw
from derivgen.problem.parameters.model import Parameters

__all__ = ["Draw", "Parameters"]
