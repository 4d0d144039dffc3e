"""Events in literal bytes and any others, for the tests that need no socket."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st
from pyspark_flume.avroipc.pull_connection import EventBatch
from pyspark_flume.avroipc.push_calls import Call

# Headers none, a: b, and a: b in a sized block; bodies hi, none and x.
HI = "00 04 6869"
EMPTY = "02 0261 0262 00  00"
X = "01 08 0261 0262 00  02 78"

# The same four events, HI + HI + EMPTY + X, as an array may have them.
IN_BLOCKS = [
    "02" + HI + "03 16" + HI + EMPTY + "01 12" + X + "00",  # 1; 2 in 11 bytes; 1 in 9 bytes
    "07 30" + HI + HI + EMPTY + X + "00",  # 4 in 24 bytes
    "04" + HI + HI + "04" + EMPTY + X + "00",
]
LYING_BLOCKS = [
    "08" + HI + HI + HI + "00",  # 4 events, 3 there
    "04" + HI + HI + HI + "00",  # 2 events, 3 there
    "feffffffffffffffff01" + HI + "00",  # 2^63 - 1 events
    "ffffffffffffffffff01 02" + HI + "00",  # -2^63 events
    "01 06" + HI + "00",  # in 3 bytes, 4 there
    "01 0b" + HI + "00",  # in -6 bytes
]
LYING_METADATA = "feffffffffffffffff01" + HI  # 2^63 - 1 entries

EVENTS = st.tuples(
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
    st.binary(max_size=70) | st.just(bytes(100)),
)
BATCHES = st.lists(st.lists(EVENTS, min_size=1, max_size=4), max_size=3)  # of blocks


def hexed(digits: str) -> bytes:
    return bytes.fromhex(digits)


def items(carrier: Call | EventBatch | None) -> bytes | None:
    """The bytes of its events."""
    return bytes(carrier.events.data) if carrier and carrier.events else None


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """`data` in pieces, at any `places`."""
    edges = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(edges)]
