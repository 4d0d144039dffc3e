"""The landing log: batches of Flume's events, durable before they are answered OK.

A folder of standard Avro container files (docs/landing-log.md), one writer, any number of readers.
"""

from pyspark_flume.landing.consumers import commit, committed
from pyspark_flume.landing.reader import Block, Landing, SegmentInfo
from pyspark_flume.landing.recovery import Identify
from pyspark_flume.landing.retention import Retention
from pyspark_flume.landing.seen_ranges import FileRange, SeenRanges
from pyspark_flume.landing.writer import LandingWriter

__all__ = [
    "Block",
    "FileRange",
    "Identify",
    "Landing",
    "LandingWriter",
    "Retention",
    "SeenRanges",
    "SegmentInfo",
    "commit",
    "committed",
]
