"""The laws, a module per family, and CATALOGUE, which lists them all."""

from __future__ import annotations

from derivgen.derivation import Rule
from derivgen.rules.algebra import TIDY, constant_out_of_sum, like_terms, tangent
from derivgen.rules.arrays import WRITTEN_OUT
from derivgen.rules.assembly import ASSEMBLY, fixed_subscript
from derivgen.rules.assumptions import ASSUMED
from derivgen.rules.calculus import ELEMENTARY, FORMS, LETTERS
from derivgen.rules.chaining import CHAINING
from derivgen.rules.contraction import CONTRACTION, sum_in_front
from derivgen.rules.differentials import DIFFERENTIALS
from derivgen.rules.differentiation import LINEAR, NONLINEAR, ROUTINE
from derivgen.rules.expansion import norm, row_times_vector
from derivgen.rules.images import IMAGES
from derivgen.rules.kronecker import KRONECKER
from derivgen.rules.linear_equations import LINEAR_EQUATIONS
from derivgen.rules.matrix_algebra import READABLE, sum_of_entries
from derivgen.rules.matrix_products import MATRIX_PRODUCTS
from derivgen.rules.multiplying import MULTIPLYING
from derivgen.rules.optimisation import OPTIMISATION
from derivgen.rules.scalar_forms import simplify_scalar
from derivgen.rules.turning import TURNING

CALCULUS = (*ELEMENTARY, *LETTERS, *FORMS)

CATALOGUE: tuple[Rule, ...] = tuple(
    dict.fromkeys(
        (
            *LINEAR,
            norm,
            row_times_vector,
            *KRONECKER,
            *ROUTINE,
            *NONLINEAR,
            *CONTRACTION,
            sum_in_front,
            *TIDY,
            constant_out_of_sum,
            like_terms,
            tangent,
            *ASSEMBLY,
            fixed_subscript(()),
            sum_of_entries,
            simplify_scalar,
            *READABLE,
            *ASSUMED,
            *DIFFERENTIALS,
            *CALCULUS,
            *TURNING,
            *WRITTEN_OUT,
            *MULTIPLYING,
            *MATRIX_PRODUCTS,
            *CHAINING,
            *LINEAR_EQUATIONS,
            *OPTIMISATION,
            *IMAGES,
        )
    )
)
"""Every rule, each once."""
