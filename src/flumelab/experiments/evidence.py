"""What was seen during a run: one entry for each thing that happened, in the order of time.

Each entry has `t`, in seconds of the machine's monotonic clock, which all its processes share and
which no fault sets back, and `kind`:

    file          a file came into the spool directory  lines (ranges)
    source-ended  Flume's source reads no more, for good
    unwritten     the generator could not write one
    put           Flume's counter of its channel grew   new, total, fill
    request       a batch left the sink                 id, lines, events, again
    lost-request  … and never reached the receiver      id, why
    answer        the receiver's answer                 id, ok, lost (why the sink has not got it)
    landed        a batch in the landing log            first, events, lines
    batch         a micro-batch has its lines           name, lines, events, again, day
    stored        … and they are in the result store    name
    fault         what was done to the lab              do, told, at, day
    heal          … and undone                          text
    up            parts were started again              text
"""

import json
import threading
import time
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class Evidence:
    """Collects entries from several threads."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def note(self, kind: str, t: float | None = None, **values: Any) -> Entry:
        """Add an entry; its time is now, unless `t` is given."""
        entry = {"t": time.monotonic() if t is None else t, "kind": kind, **values}
        with self._lock:
            self._entries.append(entry)
        return entry

    def entries(self) -> list[Entry]:
        """Return all entries so far, by time."""
        with self._lock:
            return sorted(self._entries, key=lambda entry: float(entry["t"]))

    def save(self, file: Path) -> None:
        """Write them as JSON lines."""
        file.write_text("".join(json.dumps(entry) + "\n" for entry in self.entries()))


def load(file: Path) -> list[Entry]:
    """Read what `Evidence.save` wrote."""
    return [json.loads(line) for line in file.read_text().splitlines()]
