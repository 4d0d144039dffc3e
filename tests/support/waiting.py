"""Wait for conditions, with a deadline."""

import socket
import time
from collections.abc import Callable
from typing import TypeVar

DEADLINE_SECONDS = 90  # Spark starts in 6 s, on a busy machine in 40
POLL_SECONDS = 0.05
REST_SECONDS_MAX = 1.0

T = TypeVar("T")


def wait_for(
    what: Callable[[], T],
    claim: str,
    seconds: float = DEADLINE_SECONDS,
    poll_seconds: float = POLL_SECONDS,
) -> T:
    """Return what `what` returns, once it is true; fail with `claim` after `seconds`.

    It rests for as long as an answer takes, since asking takes CPU from what is waited for.
    """
    deadline = time.monotonic() + seconds
    asked = time.monotonic()
    while not (value := what()):
        answered = time.monotonic()
        assert answered < deadline, f"not within {seconds} s: {claim}"
        time.sleep(max(poll_seconds, min(answered - asked, REST_SECONDS_MAX)))
        asked = time.monotonic()
    return value


def accepts(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a process listens on this port; it sees a connection that sends nothing."""
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0
