"""Flume's Avro wire format, with no I/O in it: bytes in, values out."""

from pyspark_flume.avroipc.events import decode_events, encode_event

__all__ = ["decode_events", "encode_event"]
