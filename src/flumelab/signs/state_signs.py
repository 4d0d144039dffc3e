"""Signs in the states of the parts: what has ended by itself."""

import re
from collections.abc import Iterator, Sequence

from flumelab.signs.known import known
from flumelab.signs.sign import Sign
from flumelab.signs.snapshot import Kind, LogLine, Snapshot

LINES_LOOKED_AT = 500
_CAUSE = re.compile(r"(?:error: (.+)|\s*((?:\w+\.)*\w*(?:Error|Exception): .+))$")
"""The line that the lab prints for a known failure, or the last one of a Python traceback."""


def state_signs(snapshot: Snapshot) -> Iterator[Sign]:
    """Yield each part that has ended, with the error and the time that its log has last.

    An agent that was taken off the network cannot be asked for its counters, so that is told here.
    """
    if snapshot.cut and not snapshot.counters:
        yield known()["off-network"].sign(snapshot.part(Kind.FLUME), None)
    for part in snapshot.parts:
        if part.state == "stopped":
            lines = snapshot.logs.get(part.name, ())
            times = [line.at for line in lines if line.at]
            yield known()["part-ended"].sign(
                part.name, times[-1] if times else None, cause=_cause(lines)
            )


def _cause(lines: Sequence[LogLine]) -> str:
    for line in reversed(lines[-LINES_LOOKED_AT:]):
        if found := _CAUSE.match(line.text):
            return f": {found[1] or found[2]}"
    return ""
