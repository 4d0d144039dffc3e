"""Flume's Avro wire format, with no I/O in it: bytes in, values out."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pyspark_flume.avroipc.events import decode_events, encode_event

if TYPE_CHECKING:
    from pyspark_flume.avroipc.columns import EventColumns, scan_events
    from pyspark_flume.avroipc.connection import Connection
    from pyspark_flume.avroipc.limits import Limits
    from pyspark_flume.avroipc.protocol import Call
    from pyspark_flume.avroipc.pull import EventBatch, PullConnection

__all__ = [
    "Call",
    "Connection",
    "EventBatch",
    "EventColumns",
    "Limits",
    "PullConnection",
    "decode_events",
    "encode_event",
    "scan_events",
]

_MODULES = {
    "Call": "protocol",
    "Connection": "connection",
    "EventBatch": "pull",
    "EventColumns": "columns",
    "Limits": "limits",
    "PullConnection": "pull",
    "scan_events": "columns",
}


def __getattr__(name: str) -> Any:
    # A Python worker of FlumeUtils decodes events only: without numpy, which these need.
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
