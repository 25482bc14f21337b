"""Locks on files: one holder at a time, in whatever process, and none when it is gone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from service.locks import alone

HOLD = """
import sys
from pathlib import Path
from service.locks import alone

with alone(Path(sys.argv[1])) as is_alone:
    print(is_alone, flush=True)
    sys.stdin.read()
"""


def test_a_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        with alone(path) as is_alone:
            assert not is_alone
        other.kill()
    assert path.exists()
    with alone(path) as is_alone, alone(path) as is_again:
        assert (is_alone, is_again) == (True, False)
    assert not path.exists()
