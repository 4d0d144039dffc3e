"""Signs that a part of a lab has stopped moving, loses lines, or is about to.

`find` takes a `Snapshot` of the parts, their logs, Flume's counters and the spool folder, and
returns each known sign that it shows. It starts nothing and reads nothing by itself. The list of
known signs is known.toml; docs/reference/signs.md shows it.
"""

from flumelab.signs.find import find
from flumelab.signs.sign import Level, Sign
from flumelab.signs.snapshot import File, Folder, LogLine, Part, Snapshot

__all__ = ["File", "Folder", "Level", "LogLine", "Part", "Sign", "Snapshot", "find"]
