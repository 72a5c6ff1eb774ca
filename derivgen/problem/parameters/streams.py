"""Whole numbers that look random and are the same everywhere: SHA-256 of a key and a counter.

Python's `random` promises the same numbers for its floats only, and `hash` differs from run to run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

WORD = 1 << 64


class Stream:
    """The numbers that belong to `words`, and to no other words.

    >>> Stream("week 1", "Ada").below(100) == Stream("week 1", "Ada").below(100)
    True
    """

    def __init__(self, *words: str | int) -> None:
        # JSON keeps ("a", "bc") and ("ab", "c") apart
        self._key = hashlib.sha256(json.dumps(["derivgen draw 1", *words]).encode()).digest()
        self._words = self._counted()

    def _counted(self) -> Iterator[int]:
        counter = 0
        while True:
            block = hashlib.sha256(self._key + counter.to_bytes(8, "big")).digest()
            yield from (int.from_bytes(block[place : place + 8], "big") for place in range(0, 32, 8))
            counter += 1

    def below(self, bound: int) -> int:
        """The next number from 0 to bound - 1, each as likely as any other; `bound` is at most 2**32."""
        largest = WORD - WORD % bound  # the last, incomplete run of the words would favour small numbers
        return next(word % bound for word in self._words if word < largest)
