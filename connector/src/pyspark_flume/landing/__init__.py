"""The landing log: batches of Flume's events, made durable before they are answered OK.

It is a folder of standard Avro container files with one writer and any number of readers; see
docs/reference/landing-log.md. To the log a block's events are bytes and a count; the caller that
opens it gives the function that looks into them (`Identify`).
"""

from pyspark_flume.landing.consumers import CONSUMER_NAME, commit, committed
from pyspark_flume.landing.reader import Block, Landing, SegmentInfo
from pyspark_flume.landing.recovery import Identify
from pyspark_flume.landing.retention import Retention
from pyspark_flume.landing.seen_ranges import FileRange, SeenRanges
from pyspark_flume.landing.summary import Lag, LogSummary, Summary
from pyspark_flume.landing.writer import SEGMENT_BYTES, LandingWriter

__all__ = [
    "CONSUMER_NAME",
    "SEGMENT_BYTES",
    "Block",
    "FileRange",
    "Identify",
    "Lag",
    "Landing",
    "LandingWriter",
    "LogSummary",
    "Retention",
    "SeenRanges",
    "SegmentInfo",
    "Summary",
    "commit",
    "committed",
]
