"""Which connection is closed because it stalls, and why."""

from __future__ import annotations

import pytest
from pyspark_flume.ingest.stalls import Pause, Timeouts, stall_of

TIMEOUTS = Timeouts(frame_seconds=60, idle_seconds=0)
IDLE_TIMEOUT = Timeouts(frame_seconds=60, idle_seconds=300)


def stall(
    timeouts: Timeouts = TIMEOUTS,
    *,
    waited: float = 0,
    silent: float = 0,
    pauses: frozenset[Pause] = frozenset(),
    in_frame: bool = False,
    unanswered: int = 0,
) -> str | None:
    return stall_of(timeouts, waited, silent, pauses, in_frame, unanswered)


@pytest.mark.parametrize("pause", [None, Pause.MEMORY, Pause.UNREAD_ANSWERS])
def test_a_frame_has_its_time(pause: Pause | None) -> None:
    pauses = frozenset([pause] if pause else [])

    assert stall(waited=60, silent=60, pauses=pauses, in_frame=True) is None
    assert stall(waited=60.1, silent=60.1, pauses=pauses, in_frame=True) is not None


@pytest.mark.parametrize(
    ("pauses", "reason"),
    [
        ({Pause.MEMORY, Pause.UNREAD_ANSWERS}, "it has not read its answers for 61 s"),
        ({Pause.MEMORY}, "no memory for its frame in 61 s; lower the sinks' batch-size"),
        ({Pause.UNANSWERED_CALLS}, "half a frame in 61 s; its sink sends it again"),
        (set(), "half a frame in 61 s; its sink sends it again"),
    ],
)
def test_the_reason_is_what_the_connection_waits_for(pauses: set[Pause], reason: str) -> None:
    assert stall(waited=61, pauses=frozenset(pauses), in_frame=True) == reason


def test_half_a_frame_may_wait_for_the_answers_to_the_calls_before_it() -> None:
    assert stall(waited=1000, silent=1000, in_frame=True, unanswered=1) is None


def test_a_connection_between_frames_may_be_silent_unless_idle_timeout_is_set() -> None:
    assert stall(waited=10**6, silent=10**6) is None
    assert stall(IDLE_TIMEOUT, waited=300, silent=300) is None
    assert stall(IDLE_TIMEOUT, waited=301, silent=301) == "nothing for 301 s (idleTimeout)"


def test_a_sink_that_waits_for_its_answer_is_not_idle() -> None:
    assert stall(IDLE_TIMEOUT, waited=1000, silent=1000, unanswered=1) is None


def test_idle_timeout_alone_closes_a_frame_that_has_still_time() -> None:
    impatient = Timeouts(frame_seconds=60, idle_seconds=1)

    assert stall(impatient, waited=2, silent=2, in_frame=True) == "nothing for 2 s (idleTimeout)"
