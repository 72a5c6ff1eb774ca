"""Programs that compute the result of a derivation a second way: derivatives by PyTorch's autograd, or by NumPy as
central differences. They are written for a student to read, with the names of the problem; what cannot be put so raises
CannotDerive with the reason.
"""

from __future__ import annotations

from derivgen.render.listing.source import LANGUAGES, listing

__all__ = ["LANGUAGES", "listing"]
