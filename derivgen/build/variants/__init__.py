"""Variants: a sheet of its own, and its key, for every student."""

from derivgen.build.variants.many import build_variants, replay
from derivgen.build.variants.model import VariantOptions

__all__ = ["VariantOptions", "build_variants", "replay"]
