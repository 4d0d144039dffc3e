"""What the agent's log says about its end as a reader: Flume tells it nowhere else."""

import re
import time
from datetime import datetime
from pathlib import Path

from flumelab.experiments.evidence import Evidence

FATAL = re.compile(r"^(\d\d:\d\d:\d\d\.\d{3}) ERROR \w*Source: FATAL: ", re.MULTILINE)


def note(log: Path, evidence: Evidence) -> None:
    """Add to the evidence when a source has stopped for good; nothing if there is no log."""
    if not log.exists():
        return
    for found in FATAL.finditer(log.read_text(errors="replace")):
        day = datetime.combine(datetime.now(), datetime.strptime(found[1], "%H:%M:%S.%f").time())
        evidence.note("source-ended", day.timestamp() + time.monotonic() - time.time())
