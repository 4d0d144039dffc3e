"""Numbers that a component can do without: if they are none, it takes the default and runs.

Any other value that is no number makes Flume remove the component, or its sink fails with each
event. Found by starting each component with each of its numbers in quotes, in Flume 1.11:
tools/flumelint/numbers.py does it again.
"""

from __future__ import annotations

from flumelint.component_data import Key
from flumelint.model import CHANNEL, SINK, SOURCE, Component

ALL = frozenset({"*"})
RPC = frozenset(
    {
        *("batch-size", "compression-level", "connect-timeout"),
        *("max-attempts", "maxBackoff", "maxConnections"),
    }
)
DEFAULTED: dict[tuple[str, str], frozenset[str]] = {
    (CHANNEL, "memory"): ALL,
    (CHANNEL, "spillablememory"): frozenset(
        {
            *("memoryCapacity", "overflowCapacity", "overflowTimeout", "byteCapacity"),
            *("overflowDeactivationThreshold", "avgEventSize", "byteCapacityBufferPercentage"),
            *("capacity", "keep-alive"),
        }
    ),
    (CHANNEL, "jdbc"): ALL,
    (SOURCE, "avro"): frozenset({"threads"}),
    (SOURCE, "thrift"): frozenset({"threads"}),
    (SINK, "avro"): RPC | {"request-timeout"},
    (SINK, "thrift"): RPC,
    (SINK, "logger"): frozenset({"maxBytesToLog"}),
}
# Numbers that are read only when another key is true.
SWITCHES = {"hdfs.roundValue": "hdfs.round", "SslContextFactory.": "ssl"}


def takes_default(component: Component, key: Key) -> bool:
    """Whether a component runs on with the default when this number is none."""
    for start, switch in SWITCHES.items():
        if key.name.startswith(start) and component.text(switch).lower() != "true":
            return True
    return any(
        component.kind == kind and component.is_a(alias) and (keys == ALL or key.name in keys)
        for (kind, alias), keys in DEFAULTED.items()
    )
