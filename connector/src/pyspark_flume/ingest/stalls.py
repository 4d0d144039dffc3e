"""Why a connection is not read, and when it has stalled for so long that it is closed."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto


class Pause(Enum):
    """A reason for reading nothing from a connection."""

    MEMORY = auto()  # the budget has no memory for its frame
    UNANSWERED_CALLS = auto()  # it has as many as a connection may have
    UNREAD_ANSWERS = auto()  # the sink does not read them
    END = auto()  # the receiver ends


@dataclass(frozen=True)
class Timeouts:
    """How long a connection may stall.

    :param frame_seconds: limit within a frame, before it reads its answers, or without memory
    :param idle_seconds: limit between frames; 0 means for ever
    """

    frame_seconds: float
    idle_seconds: float


def stall_of(
    timeouts: Timeouts,
    waited: float,
    silent: float,
    pauses: Collection[Pause],
    in_frame: bool,
    unanswered: int,
) -> str | None:
    """Return why a connection must be closed, for the log; None if it may stay open.

    :param waited: seconds since its frame began or since an answer to it was written
    :param silent: seconds since its last byte
    :param pauses: why it is not read
    :param in_frame: whether a part of a frame has arrived
    :param unanswered: the number of its calls that wait for an answer
    """
    if waited > timeouts.frame_seconds:
        if Pause.UNREAD_ANSWERS in pauses:
            return f"it has not read its answers for {waited:.0f} s"
        if Pause.MEMORY in pauses:
            return f"no memory for its frame in {waited:.0f} s; lower the sinks' batch-size"
        if in_frame and not unanswered:
            return f"half a frame in {waited:.0f} s; its sink sends it again"
    if timeouts.idle_seconds and not unanswered and silent > timeouts.idle_seconds:
        return f"nothing for {silent:.0f} s (idleTimeout)"
    return None
