"""Run a module on a Python that has only what Windows has.

    python -m tests.support.like_windows MODULE [ARGUMENT]…

It takes away the modules and names that the docs of Python give as "Availability: Unix".
"""

import os
import runpy
import select
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = ("fcntl", "grp", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty")
NAMES = {
    os: (
        *("O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK"),
        *("fdatasync", "fork", "geteuid", "getloadavg", "getpgid", "getuid", "killpg", "mkfifo"),
        *("pread", "pwrite", "pwritev", "set_blocking", "setsid", "statvfs", "uname"),
    ),
    select: ("epoll", "poll"),
    signal: ("SIGHUP", "SIGKILL", "SIGUSR1", "pthread_kill"),
}
ENVIRONMENT = {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
# Windows reads and writes a file in the encoding of the country where none is given.
OPTIONS = ("-X", "warn_default_encoding", "-W", "error::EncodingWarning")


def run_like_windows(*words: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Run a module with these arguments; return how it ended."""
    return subprocess.run(
        [sys.executable, *OPTIONS, "-m", __name__, *map(str, words)],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        timeout=60,
        check=False,
    )


def main() -> None:
    for module in MODULES:
        sys.modules[module] = None  # type: ignore[assignment]  # an import then fails
    for place, names in NAMES.items():
        for name in names:
            if hasattr(place, name):
                delattr(place, name)
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
