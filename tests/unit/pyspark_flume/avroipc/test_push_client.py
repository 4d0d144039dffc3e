"""A client of Flume's avro source, with literal bytes and no socket."""

from __future__ import annotations

import pytest
from pyspark_flume.avroipc.handshake import PROTOCOL_HASH, PROTOCOL_TEXT
from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.avroipc.push_client import PushClient
from pyspark_flume.errors import ProtocolError

from tests.support.avro_client import BOTH, FAILED, OK, append_batch, avro_string, frame, lines
from tests.support.wire import hexed


def connected(limits: Limits | None = None) -> PushClient:
    """A client whose first call has been answered; the next one has the serial 2."""
    client = PushClient(limits or Limits())
    client.append_batch([])
    assert client.receive_data(frame(1, BOTH + OK)) == ["OK"]
    return client


def test_the_first_call_carries_the_handshake() -> None:
    client, events = PushClient(), lines("a", "b")
    handshake = PROTOCOL_HASH + b"\2" + avro_string(PROTOCOL_TEXT) + PROTOCOL_HASH + b"\0"

    assert client.append_batch(events) == frame(1, handshake + append_batch(events))
    assert client.append_batch(events) == frame(2, append_batch(events))
    assert client.append_batch([]) == frame(3, append_batch())


def test_answers_are_read_in_the_order_of_the_calls() -> None:
    client = connected()
    for _ in range(3):
        client.append_batch(lines("a"))
    unknown = hexed("00 00 04")

    stream = frame(2, FAILED) + frame(3, OK) + frame(4, unknown)
    assert client.receive_data(stream) == ["FAILED", "OK", "UNKNOWN"]


def test_metadata_may_fill_the_limit_and_no_more() -> None:
    limits = Limits(head_bytes_max=64)
    fills, over = (hexed("02 0261") + avro_string("b" * size) + b"\0" for size in (59, 60))
    for metadata in (fills, over):
        client = connected(limits)
        client.append_batch([])
        answer = frame(2, metadata + OK[1:])
        if metadata is fills:
            assert client.receive_data(answer) == ["OK"]
        else:
            with pytest.raises(ProtocolError, match="is damaged: ends within a number"):
                client.receive_data(answer)


@pytest.mark.parametrize(
    ("serial", "payload", "reason"),
    [
        (3, OK, "answer 3 belongs to no call that waits for one"),
        (1, OK, "answer 1 belongs to no call that waits for one"),
        (2, hexed("00 00 06"), "answer to appendBatch is damaged: status 3"),
        (2, hexed("00 00 01"), "answer to appendBatch is damaged: status -1"),
        (2, hexed("00 00"), "answer to appendBatch is damaged: ends within a number"),
        (2, hexed("00 01 00") + avro_string("no\nway"), "failed at the receiver: no.way$"),
        (2, hexed("00 01 00") + avro_string("x" * 201), "failed at the receiver: x{200}…$"),
    ],
)
def test_what_is_no_answer_to_the_call_is_refused(serial: int, payload: bytes, reason: str) -> None:
    client = connected()
    client.append_batch(lines("a"))

    with pytest.raises(ProtocolError, match=reason):
        client.receive_data(frame(serial, payload))


def test_an_answer_to_no_call_is_refused() -> None:
    with pytest.raises(ProtocolError, match="answer 2 belongs to no call that waits for one"):
        connected().receive_data(frame(2, OK))
