"""A client that speaks like Flume's avro sink, simple enough to break each rule on purpose."""

import socket
import struct
import zlib
from collections.abc import Iterable

from pyspark_flume.avro_binary import encode_long as avro_long
from pyspark_flume.events.record import encode_event

FLUME_1_11 = bytes.fromhex("86aadae2c45474c0fe93ffd0f2350a65")
FRAME = struct.Struct(">II")  # serial, buffer count
BOTH = b"\0\0\0\0"  # the answer to the handshake: no protocol, no hash, no metadata
DONE = b"\0\0"  # the answer to a call, before its result: empty metadata, no error
OK = DONE + b"\0"  # Status.OK
FAILED = DONE + b"\2"

# The protocol as another version of Flume might write it: the same layout in other words.
OTHER_TEXT = (
    '{"protocol":"AvroSourceProtocol","namespace":"org.apache.flume.source.avro","doc":"1.4",'
    '"types":[{"type":"enum","name":"Status","symbols":["OK","FAILED","UNKNOWN"]},'
    '{"type":"record","name":"AvroFlumeEvent","fields":[{"name":"headers",'
    '"type":{"type":"map","values":"string"}},{"name":"body","type":"bytes"}]}],'
    '"messages":{"append":{"request":[{"name":"event","type":"AvroFlumeEvent"}],'
    '"response":"Status"},"appendBatch":{"request":[{"name":"events",'
    '"type":{"type":"array","items":"AvroFlumeEvent"}}],"response":"Status"}}}'
)


def avro_string(text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return avro_long(len(data)) + data


def handshake(client: bytes = FLUME_1_11, server: bytes = FLUME_1_11, text: str = "") -> bytes:
    protocol = avro_long(1) + avro_string(text) if text else avro_long(0)
    return client + protocol + server + avro_long(0)


def append(event: bytes) -> bytes:
    return b"\0" + avro_string("append") + event


def append_batch(*blocks: Iterable[bytes], sized: bool = False) -> bytes:
    return b"\0" + avro_string("appendBatch") + avro_array(*blocks, sized=sized)


def avro_array(*blocks: Iterable[bytes], sized: bool) -> bytes:
    """Encode an array of blocks; if `sized`, each with a negative count and its bytes' length."""
    out = b""
    for block in blocks:
        items = list(block)
        data = b"".join(items)
        out += avro_long(-len(items)) + avro_long(len(data)) if sized else avro_long(len(items))
        out += data
    return out + b"\0"


def lines(*texts: str | bytes) -> list[bytes]:
    return [encode_event({}, t.encode() if isinstance(t, str) else t) for t in texts]


def frame(serial: int, payload: bytes, buffers: int = 1) -> bytes:
    size = -(-len(payload) // buffers)
    parts = [payload[i * size : (i + 1) * size] for i in range(buffers)]
    return FRAME.pack(serial, buffers) + b"".join(struct.pack(">I", len(p)) + p for p in parts)


class AvroClient:
    """One connection; the first call carries the handshake."""

    def __init__(self, port: int, compress: bool = False, host: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection((host, port), timeout=20)
        self.serial = 0
        self._zip = zlib.compressobj() if compress else None
        self._unzip = zlib.decompressobj() if compress else None
        self._received = b""

    def __enter__(self) -> "AvroClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def call(self, payload: bytes, buffers: int = 1) -> bytes:
        """Send one call and return the answer's payload."""
        self.serial += 1
        self.send(frame(self.serial, payload, buffers))
        return self.answer()

    def send(self, data: bytes) -> None:
        if self._zip:
            data = self._zip.compress(data) + self._zip.flush(zlib.Z_SYNC_FLUSH)
        self.socket.sendall(data)

    def answer(self) -> bytes:
        serial, buffers = FRAME.unpack(self._read(FRAME.size))
        assert serial == self.serial
        return b"".join(self._read(struct.unpack(">I", self._read(4))[0]) for _ in range(buffers))

    def closed_by_peer(self) -> bool:
        """Wait until the peer closes the connection; return False after the time-out."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return True

    def _read(self, size: int) -> bytes:
        while len(self._received) < size:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("closed by the peer")
            self._received += self._unzip.decompress(data) if self._unzip else data
        data, self._received = self._received[:size], self._received[size:]
        return data
