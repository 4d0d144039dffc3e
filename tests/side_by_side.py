"""Run all tests, in two processes at the same time, as many of them mostly wait.

    make test RUNNER=tests.side_by_side
    python -m tests.side_by_side [pytest option]…

The first group's output appears as it comes, that of the second one after it. The tests of a group
run one after the other: they may share files of the checkout. GROUP in an option is the group's
name, as in PYTEST_ADDOPTS='--junitxml=/tmp/$GROUP.xml'.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent.name
# What waits for containers, for a browser, for Spark to start again after a kill, or for programs
# that run whole; it takes about as long as all the others.
WAITING = ("docker", "browser", "faults")
WHOLE = ("own_programs", "up_own_files", "notebooks", "wheel", "learn")
ASIDE = [
    *(f"{FOLDER}/{name}" for name in WAITING),
    *(f"{FOLDER}/integration/test_{name}.py" for name in WHOLE),
]
OTHERS = [FOLDER, *(f"--ignore={path}" for path in ASIDE)]


def main(options: list[str]) -> int:
    """Return the exit code of a group that failed, or 0."""
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        groups = [
            start("others", [*OTHERS, *options]),
            start("aside", [*ASIDE, *options], stdin=subprocess.DEVNULL, stdout=output),
        ]
        print(f"Meanwhile, these run, and their output follows: {' '.join(ASIDE)}", flush=True)
        with signals_left_to(groups):
            codes = [group.wait() for group in groups]
        output.seek(0)
        shutil.copyfileobj(output, sys.stdout)
    return next(filter(None, codes), 0)


@contextlib.contextmanager
def signals_left_to(groups: list[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Let both groups clear up at a Ctrl-C, which reaches them by itself, and at a SIGTERM."""

    def stop(*_: object) -> None:
        for group in groups:
            group.send_signal(signal.SIGINT)

    handlers = {signal.SIGINT: signal.SIG_IGN, signal.SIGTERM: stop}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def start(group: str, arguments: list[str], **files: object) -> subprocess.Popen[bytes]:
    """Start pytest."""
    colour = ["--color=yes"] if sys.stdout.isatty() else []
    command = [sys.executable, "-m", "pytest", *colour, *arguments]
    return subprocess.Popen(command, env=os.environ | {"GROUP": group}, **files)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
