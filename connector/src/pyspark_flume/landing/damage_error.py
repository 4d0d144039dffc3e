"""The error for a damaged segment."""

from pyspark_flume.errors import LandingCorrupt
from pyspark_flume.landing.folder import Segment

REMEDY = "restore it from a copy, or move the folder away and start an empty log"


def damaged(segment: Segment, position: int, fact: str) -> LandingCorrupt:
    """Return the error for damage at byte `position` of a segment."""
    return LandingCorrupt(f"{segment.path} is damaged at byte {position}: {fact}; {REMEDY}")
