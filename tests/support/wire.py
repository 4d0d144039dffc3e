"""Events as literal bytes and as hypothesis strategies, for tests that need no socket."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st
from pyspark_flume.avroipc.pull_connection import EventBatch
from pyspark_flume.avroipc.push_calls import Call

# Three events, with headers: none; a: b; a: b in a sized block. Their bodies: hi; empty; x.
HI = "00 04 6869"
EMPTY = "02 0261 0262 00  00"
X = "01 08 0261 0262 00  02 78"

# The same four events, HI + HI + EMPTY + X, in different blocks of an array.
IN_BLOCKS = [
    "02" + HI + "03 16" + HI + EMPTY + "01 12" + X + "00",  # 1; 2 in 11 bytes; 1 in 9 bytes
    "07 30" + HI + HI + EMPTY + X + "00",  # 4 in 24 bytes
    "04" + HI + HI + "04" + EMPTY + X + "00",
]
LYING_BLOCKS = [
    "08" + HI + HI + HI + "00",  # 4 events claimed, 3 present
    "04" + HI + HI + HI + "00",  # 2 events claimed, 3 present
    "feffffffffffffffff01" + HI + "00",  # 2^63 - 1 events
    "ffffffffffffffffff01 02" + HI + "00",  # -2^63 events
    "01 06" + HI + "00",  # 3 bytes claimed, 4 present
    "01 0b" + HI + "00",  # -6 bytes claimed
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
    """Return the bytes of its events."""
    return bytes(carrier.events.data) if carrier and carrier.events else None


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Cut `data` into pieces at `places`, which may be any numbers."""
    edges = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(edges)]
