"""Problem files to problems: data is read here, and nothing in it is executed."""

from derivgen.problem.declarations import Declaration, assume, declare, parse_assumption, parse_declaration
from derivgen.problem.expression import parse_expression
from derivgen.problem.load import load_problem
from derivgen.problem.model import Claim, Map, Part, Problem, Scope, Sheet, Values
from derivgen.problem.schema import json_schema
from derivgen.problem.sheets import is_sheet, load_sheet

__all__ = [
    "Claim",
    "Declaration",
    "Map",
    "Part",
    "Problem",
    "Scope",
    "Sheet",
    "Values",
    "assume",
    "declare",
    "is_sheet",
    "json_schema",
    "load_problem",
    "load_sheet",
    "parse_assumption",
    "parse_declaration",
    "parse_expression",
]
