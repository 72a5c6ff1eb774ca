"""What the rest of derivgen asks of verify."""

from derivgen.verify.bench import Verdict
from derivgen.verify.claims import ClaimVerdict, check_claim
from derivgen.verify.layered import check_derivation
from derivgen.verify.steps import Report, check_equal

__all__ = ["ClaimVerdict", "Report", "Verdict", "check_claim", "check_derivation", "check_equal"]
