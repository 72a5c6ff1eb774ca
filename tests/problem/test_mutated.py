"""Problem files with something wrong in them are read or complained about: no traceback, none takes long.

DERIVGEN_EXAMPLES says how many there are (300 by default, always the same ones): more on demand.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings

from derivgen.build.sheets import load
from derivgen.errors import Complaint, UserError
from tests.problem.mutations import mutated_files

EXAMPLES = int(os.environ.get("DERIVGEN_EXAMPLES", "300"))
LONGEST = 2.0
"""Seconds of processor time, so that a busy machine does not fail the test."""


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 300,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(mutated_files())
def test_a_mutated_file_is_read_or_complained_about(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "problem.yaml"
        path.write_bytes(content)
        began = time.process_time()
        complaints = _complaints(path)
        assert time.process_time() - began < LONGEST
    assert complaints is None or (complaints and all(one.message for one in complaints))
    shown = "\n".join(map(str, complaints or ()))
    shown.encode()
    assert len(shown) < 100_000


def _complaints(path: Path) -> tuple[Complaint, ...] | None:
    """What is said of a file; None where it is read."""
    try:
        load(path)
    except UserError as error:
        return error.complaints
    return None
