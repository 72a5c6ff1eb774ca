"""Form ids: short names of variants, the same on sheet and key, with a sign that shows typing mistakes.

    K7QM-2MX4

Seven signs come from a keyed hash of the student's id, the eighth checks them (Luhn's rule for 32 signs). The key is
made from the seed by many rounds of PBKDF2, so that trying all short seeds against a form id takes long.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no I, L, O or U, which are read for 1, 1, 0 and V."""
READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V"})
LENGTH = 7
ROUNDS = 200_000


def form_ids(seed: str, sheet: str, students: Sequence[str]) -> tuple[str, ...]:
    """The form id of each student, given by their ids; all are different."""
    key = hashlib.pbkdf2_hmac("sha256", seed.encode(), f"derivgen form 1 {sheet}".encode(), ROUNDS)
    found: dict[str, None] = {}
    for student in students:
        count = 0
        while (form := _form(key, student, count)) in found:
            count += 1  # among 1000 students once in 60 000 rosters
        found[form] = None
    return tuple(found)


def _form(key: bytes, student: str, count: int) -> str:
    digest = hmac.digest(key, f"{count} {student}".encode(), "sha256")
    number = int.from_bytes(digest[:8], "big")
    signs = "".join(SIGNS[(number >> (5 * place)) % 32] for place in range(LENGTH))
    whole = signs + check_sign(signs)
    return f"{whole[:4]}-{whole[4:]}"


def check_sign(signs: str) -> str:
    """The sign that finds a wrong one among `signs`, and two neighbours that are exchanged (but one pair of 32)."""
    total = 0
    for place, sign in enumerate(reversed(signs)):
        value = SIGNS.index(sign) * (2 if place % 2 == 0 else 1)
        total += value // 32 + value % 32
    return SIGNS[-total % 32]


def as_typed(text: str) -> str | None:
    """The form id that `text` writes, however it is typed; None where its check sign does not fit.

    >>> as_typed("0000 oo00")
    '0000-0000'
    """
    signs = "".join(text.upper().translate(READ_AS).split()).replace("-", "")
    if len(signs) != LENGTH + 1 or not set(signs) <= set(SIGNS) or check_sign(signs[:-1]) != signs[-1]:
        return None
    return f"{signs[:4]}-{signs[4:]}"
