"""The limits under which a part is derived."""

from __future__ import annotations

import subprocess
import sys

import pytest

from derivgen.build import limits

resource = pytest.importorskip("resource", reason="only Unix bounds the memory of a process")
SOFT = "import resource; print(resource.getrlimit(resource.RLIMIT_AS)[0])"


def soft_limit_of_a_child() -> int:
    return int(subprocess.run([sys.executable, "-c", SOFT], capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much memory a process has taken")
def test_a_program_that_is_started_may_take_more_than_a_derivation() -> None:
    before = soft_limit_of_a_child()
    with limits.limited():
        assert soft_limit_of_a_child() != before
        with limits.lifted():
            assert soft_limit_of_a_child() == resource.getrlimit(resource.RLIMIT_AS)[1]
        assert soft_limit_of_a_child() != before
    assert soft_limit_of_a_child() == before
