"""Sends events as an avro sink does, so that a test needs no Flume."""

import socket
import threading
from collections.abc import Iterable, Sequence
from typing import Self

from pyspark_flume.avroipc.push_client import PushClient
from pyspark_flume.errors import ProtocolError, SendFailed
from pyspark_flume.testing.plain_events import PlainEvent, encode

READ_BYTES = 1 << 16


class FlumeSender:
    """One connection to a receiver of this package, to `FlumeUtils.createStream`, or to an avro
    source of Flume.

    >>> with FlumeSender("127.0.0.1", 4141) as sender:
    ...     sender.send(["one line", ({"host": "web-1"}, b"one with a header")])

    :param timeout: seconds to wait for a connection, and for each answer
    """

    def __init__(self, host: str, port: int, timeout: float = 60) -> None:
        self._place = f"{host}:{port}"
        self._client = PushClient()
        self._one_thread = threading.Lock()
        self._failed = False
        try:
            self._socket = socket.create_connection((host, port), timeout)
        except OSError as error:
            raise SendFailed(
                f"{self._place}: cannot connect ({error}); is the receiver up?"
            ) from None

    def send(self, events: Iterable[PlainEvent]) -> int:
        """Send the events as one batch, and return their number once they are answered OK.

        Threads may share the sender. Raises `SendFailed` if the events are not answered OK; then
        the sender cannot be used any more, and events that are sent again may be stored twice.
        """
        encoded = encode(events)
        with self._one_thread:
            if self._failed:
                raise SendFailed(f"{self._place}: has failed before; make a new FlumeSender")
            self._failed = True  # until it has succeeded
            answer = self._call(encoded)
            if answer != "OK":
                raise SendFailed(f"{self._place} answered {answer}, not OK; see its log")
            self._failed = False
        return len(encoded)

    def _call(self, events: Sequence[bytes]) -> str:
        try:
            self._socket.sendall(self._client.append_batch(events))
            while not (answers := self._client.receive_data(self._receive())):
                pass
        except OSError as error:
            raise SendFailed(f"{self._place}: no answer ({error}); see its log") from None
        except ProtocolError as error:
            raise SendFailed(
                f"{self._place}: {error}; is it a receiver, without TLS and compression?"
            ) from None
        return answers[0]

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _receive(self) -> bytes:
        data = self._socket.recv(READ_BYTES)
        if not data:
            raise ConnectionError("the receiver has closed the connection")
        return data
