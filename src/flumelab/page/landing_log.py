"""How many events a landing log has, read from the end of its newest index.

The format is described in docs/reference/landing-log.md.
"""

import struct
from pathlib import Path
from zlib import crc32

ENTRY = struct.Struct(">QQQIII")  # events so far, position, arrival, bytes, crc; the entry's crc
CHECKED_BYTES = ENTRY.size - 4
TAIL_ENTRIES = 64


def events(folder: Path) -> int | None:
    """Return the number of events that have landed; None if there is no log."""
    if not (folder / "landing.json").exists():
        return None
    for index in sorted(folder.glob("[0-9]*.index"), reverse=True):
        found = _last_events(index)
        if found is not None:
            return found
    return 0


def _last_events(index: Path) -> int | None:
    try:
        with index.open("rb") as file:
            entries = file.seek(0, 2) // ENTRY.size
            first = max(0, entries - TAIL_ENTRIES)
            file.seek(first * ENTRY.size)
            tail = file.read((entries - first) * ENTRY.size)
    except FileNotFoundError:
        return None  # retention has removed it
    for start in range(len(tail) - ENTRY.size, -1, -ENTRY.size):
        fields = ENTRY.unpack_from(tail, start)
        if crc32(tail[start : start + CHECKED_BYTES]) == fields[5]:
            return int(fields[0])
    return None
