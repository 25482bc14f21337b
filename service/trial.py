"""The trial: a bundle is loaded by a child process first, since a damaged one may kill the process that parses it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from features.errors import BundleError, ClaimRiskError
from model.artefact import load

# Seconds and bytes that a child may take; loading takes two seconds and 200 MB.
SECONDS, MEMORY = 60.0, 4 << 30


def tried(folder: Path, key: bytes) -> str:
    """Load a bundle in a child, its canaries included, and return its version; `BundleError` where that fails."""
    command = [sys.executable, "-P", "-m", "service.trial", str(folder)]
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, input=key, capture_output=True, timeout=SECONDS, check=False, env=os.environ | threads
        )
    except subprocess.TimeoutExpired as error:
        raise BundleError(f"{folder}: not loaded within {SECONDS:.0f} s; train or copy it again") from error
    if done.returncode == 0:
        return done.stdout.decode()
    if done.returncode == _REFUSED:
        raise BundleError(done.stderr.decode(errors="replace"))
    raise BundleError(f"{folder}: damaged: the process that parsed it ended with {done.returncode}; train it again")


_REFUSED = 3


def _limit() -> None:
    """Stay behind those who answer, and within bounds; what a system does not know is left out."""
    with suppress(AttributeError):
        os.nice(5)
    with suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def main() -> int:
    """The child: the folder as its argument, the key on stdin, the version on stdout."""
    _limit()
    try:
        sys.stdout.write(load(Path(sys.argv[1]), sys.stdin.buffer.read()).version)
    except ClaimRiskError as error:
        sys.stderr.write(str(error))
        return _REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
