"""Flume's Avro wire format, with no I/O in it: bytes in, values out."""

from pyspark_flume.avroipc.columns import EventColumns, scan_events
from pyspark_flume.avroipc.connection import Connection
from pyspark_flume.avroipc.events import decode_events, encode_event
from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.avroipc.protocol import Call

__all__ = [
    "Call",
    "Connection",
    "EventColumns",
    "Limits",
    "decode_events",
    "encode_event",
    "scan_events",
]
