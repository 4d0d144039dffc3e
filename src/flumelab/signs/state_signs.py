"""Signs in the states of the parts: what has ended by itself."""

import re
from collections.abc import Iterator, Sequence

from flumelab.signs.known import known
from flumelab.signs.sign import Sign
from flumelab.signs.snapshot import Kind, LogLine, Snapshot

LINES_LOOKED_AT = 500
_TOLD = re.compile(r"(?:error|receiver|poller): (.+)")
"""A failure that the lab, the receiver or the poller knows, in one line."""
_RAISED = re.compile(r"\s*((?:\w+\.)*\w*(?:Error|Exception): .+)")
_RAISED_IN_A_TRACE = re.compile(r"\s*((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:: .+)?)$")
_TRACE = "Traceback (most recent call last):"
_CONSEQUENCE = re.compile(
    r"(?:\w+\.)*(?:BrokenPipeError|Connection(?:Reset|Aborted)Error|EOFError|Py4JNetworkError"
    r"|KeyboardInterrupt|SystemExit)\b"
)
"""What other processes and threads of a program say once it has failed."""


def state_signs(snapshot: Snapshot) -> Iterator[Sign]:
    """Yield each part that has ended, with the error that ended it and the last time of its log.

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
    """Return the last error that is not the consequence of another one."""
    errors = list(_errors(lines[-LINES_LOOKED_AT:]))
    causes = [error for error in errors if not _CONSEQUENCE.match(error)]
    return f": {(causes or errors)[-1]}" if errors else ""


def _errors(lines: Sequence[LogLine]) -> Iterator[str]:
    """Yield the errors; below a trace, that is the first line which belongs to no frame."""
    below_a_trace = False
    frames = ""
    for line in lines:
        text = line.text.rstrip()
        if text.endswith(_TRACE):
            below_a_trace, frames = True, text[: len(text) - len(text.lstrip())] + "  "
        elif below_a_trace:
            if text.startswith(frames) or not text:
                continue
            below_a_trace = False
            if raised := _RAISED_IN_A_TRACE.match(text):
                yield raised[1]
        elif found := _TOLD.match(text) or _RAISED.match(text):
            yield found[1]
