"""A process of a test, whose output goes to a file."""

import atexit
import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

POLL_SECONDS = 0.05
STOP_SECONDS_MAX = 45  # an agent's stop may wait for its channel
LOG_LINES = 20


class LoggedProcess:
    """A process with its log. It ends with a ``with`` block, or else with this Python.

    :param log: the file for both its outputs; what an earlier process has written stays
    """

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            self._log_begins = out.tell()
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a launcher's JVM ends with it
            )
        atexit.register(self.kill)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_until(self, condition: Callable[[], object], claim: str, timeout: float) -> None:
        """Wait until `condition` returns something true.

        Raises `TimeoutError` after `timeout` seconds, or once the process has ended; the message
        has the end of its log.
        """
        deadline = time.monotonic() + timeout
        while not condition():
            ended = self._process.poll()
            if ended is not None or time.monotonic() > deadline:
                how = f"not within {timeout:g} s" if ended is None else f"ended with code {ended}"
                raise TimeoutError(f"{claim}: {how}; {self.log} ends with:\n{self.tail()}")
            time.sleep(POLL_SECONDS)

    def output(self) -> str:
        """What it has written into its log."""
        return self.log.read_bytes()[self._log_begins :].decode("utf-8", "replace")

    def tail(self) -> str:
        """The last lines of that."""
        return "\n".join(self.output().splitlines()[-LOG_LINES:])

    def stop(self) -> int:
        """End it as its user would, or by force after 45 s; return its exit code."""
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS_MAX)
        self.kill()
        return self._process.wait()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        atexit.unregister(self.kill)
        if self._process.poll() is None:
            self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: int) -> None:
        os.killpg(self._process.pid, number)


def free_port() -> int:
    """Return a port of this machine that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
