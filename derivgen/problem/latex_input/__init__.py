r"""Expressions in LaTeX, with the meaning of the same expression in text.

cut.py makes tokens of what pylatexenc's parser finds, names.py knows which declared name a letter is, reader.py is the
grammar of sums and products, and atoms.py, scripts.py and calls.py read what they are made of. Nothing is executed.
"""

from derivgen.problem.latex_input.reader import parse_latex

__all__ = ["parse_latex"]
