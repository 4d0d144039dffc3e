"""Frames of Avro RPC and the zlib stream around them, against literal bytes."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark_flume.avroipc.framing import FrameReader, Inflater, frame
from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.errors import ProtocolError
from pyspark_flume.units import MIB

from tests.support.wire import cut

# Serial 7, three buffers: ab, none, c.
ABC = bytes.fromhex("00000007 00000003  00000002 6162  00000000  00000001 63")
SMALL = Limits(frame_bytes_max=8, frame_buffers_max=4)


def read(reader: FrameReader, data: bytes) -> list[tuple[int, bytes]]:
    return [(serial, bytes(payload)) for serial, payload in reader.receive_data(data)]


# --- frames -------------------------------------------------------------------------------------


def test_an_answers_frame_is_these_bytes() -> None:
    assert frame(7, b"ab") == bytes.fromhex("00000007 00000001 00000002 6162")
    assert frame(2**32 - 1, b"") == bytes.fromhex("ffffffff 00000001 00000000")


def test_a_frames_buffers_are_joined() -> None:
    assert read(FrameReader(SMALL), ABC) == [(7, b"abc")]


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ("00000001 00000000", (1, b"")),
        ("fffffffe 00000000", (2**32 - 2, b"")),  # a serial is any 32 bits
        ("00000001 00000002 00000000 00000000", (1, b"")),
        ("00000001 00000002 00000000 00000001 61", (1, b"a")),
        ("00000001 00000002 00000001 61 00000000", (1, b"a")),
        ("00000001 00000002 00000004 61616161 00000004 61616161", (1, b"a" * 8)),  # the limit
    ],
)
def test_a_frame_may_have_any_number_of_buffers_and_empty_ones(
    wire: str, expected: tuple[int, bytes]
) -> None:
    reader = FrameReader(SMALL)

    assert read(reader, bytes.fromhex(wire)) == [expected]
    assert not reader.in_frame


@given(st.lists(st.integers(0), max_size=12))
def test_frames_are_the_same_in_any_split(places: list[int]) -> None:
    reader = FrameReader(SMALL)
    stream = ABC + frame(8, b"") + struct.pack(">II", 9, 0) + ABC

    frames = [f for chunk in cut(stream, places) for f in read(reader, chunk)]

    assert frames == [(7, b"abc"), (8, b""), (9, b""), (7, b"abc")]


def test_in_frame_is_true_from_a_frames_first_byte_to_its_last() -> None:
    reader = FrameReader(SMALL)
    seen = []
    for byte in ABC:
        seen.append(reader.in_frame)
        read(reader, bytes([byte]))

    assert seen == [False] + [True] * (len(ABC) - 1)
    assert not reader.in_frame


def test_reserved_is_the_size_that_the_lengths_announce() -> None:
    reader = FrameReader(Limits())
    steps = [
        (struct.pack(">II", 1, 2), 2 * 8192),  # as Avro cuts a payload into buffers
        (struct.pack(">I", 5), 5 + 8192),
        (b"ab", 5 + 8192),
        (b"cde", 5 + 8192),
        (struct.pack(">I", 60 * MIB), 60 * MIB + 5),
    ]
    for data, reserved in steps:
        assert read(reader, data) == []
        assert reader.reserved == reserved
    assert len(reader._payload) == 5, "memory was taken for a length that is only claimed"


def test_a_payload_does_not_share_the_chunks_memory() -> None:
    chunk = bytearray(ABC)
    [(_, payload)] = FrameReader(SMALL).receive_data(chunk)

    chunk.clear()

    assert payload == b"abc"


@pytest.mark.parametrize(
    "wire",
    [
        "00000001 00000001  00000009",  # one buffer over it
        "00000001 00000002  00000008 6161616161616161  00000001",  # two together
        "00000001 00000001  7fffffff",
        "00000001 00000001  ffffffff",  # negative as an int
        "00000001 00000002  00000008 6161616161616161  fffffff8",  # 0 as an int's sum
    ],
)
def test_a_frame_over_the_limit_is_refused_before_its_bytes_arrive(wire: str) -> None:
    with pytest.raises(ProtocolError, match=r"frame of at least [\d,]+ bytes, the limit is 8; low"):
        read(FrameReader(SMALL), bytes.fromhex(wire))


@pytest.mark.parametrize("buffers", ["00000005", "7fffffff", "80000000", "ffffffff"])
def test_a_frame_of_too_many_buffers_is_refused(buffers: str) -> None:
    with pytest.raises(ProtocolError, match=r"frame of [\d,]+ buffers, the limit is 4"):
        read(FrameReader(SMALL), bytes.fromhex("00000001" + buffers))


# --- zlib ---------------------------------------------------------------------------------------


@given(st.lists(st.integers(0), max_size=12), st.integers(0, 600_000))
def test_a_zlib_stream_inflates_to_the_same_in_any_split(places: list[int], size: int) -> None:
    sent = b"x" * size + ABC
    compress = zlib.compressobj()
    stream = compress.compress(sent) + compress.flush(zlib.Z_SYNC_FLUSH)
    inflater = Inflater()

    pieces = [piece for chunk in cut(stream, places) for piece in inflater.inflate(chunk)]

    assert b"".join(pieces) == sent


def test_flushed_bytes_come_out_at_once() -> None:
    compress, inflater = zlib.compressobj(), Inflater()
    for text in (b"a", b"bc" * 300_000, b""):
        chunk = compress.compress(text) + compress.flush(zlib.Z_SYNC_FLUSH)
        assert b"".join(inflater.inflate(chunk)) == text


def test_a_bomb_inflates_only_as_far_as_it_is_read() -> None:
    bomb = zlib.compress(bytes(64 * MIB))
    pieces = Inflater().inflate(bomb)

    assert len(bomb) < MIB / 8
    assert max(len(next(pieces)) for _ in range(10)) <= MIB / 4


def test_a_stream_may_end_between_frames_but_nothing_follows_it() -> None:
    inflater = Inflater()

    assert b"".join(inflater.inflate(zlib.compress(b"abc"))) == b"abc"
    assert list(inflater.inflate(b"")) == []
    with pytest.raises(ProtocolError, match="the zlib stream has ended"):
        list(inflater.inflate(b"d"))
    with pytest.raises(ProtocolError, match="the zlib stream has ended"):
        list(Inflater().inflate(zlib.compress(b"abc") + b"d"))


@pytest.mark.parametrize("data", [ABC, zlib.compress(ABC)[:-4] + b"\0\0\0\0", b"\x78\x9c\xff"])
def test_bytes_that_are_not_zlib_are_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError, match=r"bytes are not zlib \(Error -"):
        list(Inflater().inflate(data))
