"""The handshake that opens an Avro RPC connection: both sides check that they use one protocol.

See "Handshake" in the Avro 1.12 specification. A client names its protocol by a hash. A server that
does not know the hash answers NONE, and the client sends the protocol's text. The client here sends
the text at once, so it is never asked for it.
"""

import hashlib

from pyspark_flume.avro_binary import encode_bytes, read_long, skip_bytes, skip_map
from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.avroipc.protocol_check import EVENT, ExpectedProtocol, check_protocol
from pyspark_flume.errors import EventCorrupt, ProtocolError

PROTOCOL_TEXT = (
    '{"protocol":"AvroSourceProtocol","namespace":"org.apache.flume.source.avro","types":['
    '{"type":"enum","name":"Status","symbols":["OK","FAILED","UNKNOWN"]},'
    '{"type":"record","name":"AvroFlumeEvent","fields":['
    '{"name":"headers","type":{"type":"map","values":"string"}},'
    '{"name":"body","type":"bytes"}]}],"messages":{'
    '"append":{"request":[{"name":"event","type":"AvroFlumeEvent"}],"response":"Status"},'
    '"appendBatch":{"request":[{"name":"events","type":{"type":"array",'
    '"items":"AvroFlumeEvent"}}],"response":"Status"}}}'
)
PROTOCOL_HASH = hashlib.md5(PROTOCOL_TEXT.encode(), usedforsecurity=False).digest()
# The hash of the text that Flume 1.11 has, so that its sink needs no second handshake.
FLUME_1_11_HASH = bytes.fromhex("86aadae2c45474c0fe93ffd0f2350a65")
KNOWN_HASHES = frozenset({PROTOCOL_HASH, FLUME_1_11_HASH})

# The answer's first field, its match. BOTH: each side knows the other's protocol. CLIENT: only the
# client does not know the other's. NONE: neither side does.
_BOTH, _CLIENT = 0, 1
# The whole answers: the match, then the server's text, hash and metadata, each optional.
BOTH = b"\0" + b"\0\0\0"
_SERVER = b"\2" + encode_bytes(PROTOCOL_TEXT.encode()) + b"\2" + PROTOCOL_HASH + b"\0"
CLIENT = b"\2" + _SERVER
NONE = b"\4" + _SERVER

STATUSES = ("OK", "FAILED", "UNKNOWN")
_STATUS = {"type": "enum", "symbols": list(STATUSES)}
SOURCE_PROTOCOL = ExpectedProtocol(
    name="AvroSourceProtocol",
    owner="Flume",
    peer="client",
    calls={
        "append": (EVENT, _STATUS),
        "appendBatch": ({"type": "array", "items": EVENT}, _STATUS),
    },
)


def read_handshake(data: memoryview, limits: Limits) -> tuple[bytes, int]:
    """For a server: return the answer (`BOTH`, `CLIENT` or `NONE`) and the handshake's end.

    Raises `ProtocolError` if `data` does not begin with a handshake, or if the client's protocol
    differs from Flume's.
    """
    try:
        client_hash, position = _read_hash(data, 0)
        client_text, position = _read_text(data, position)
        server_hash, position = _read_hash(data, position)
        position = _skip_meta(data, position, limits)
    except EventCorrupt as error:
        raise ProtocolError(f"not an Avro handshake: {error}") from None
    if client_hash not in KNOWN_HASHES:
        if client_text is None:
            return NONE, position
        check_protocol(client_text, SOURCE_PROTOCOL, limits)
    return (BOTH if server_hash in KNOWN_HASHES else CLIENT), position


def encode_handshake(text: str) -> bytes:
    """Return a client's handshake, which expects the server to have the same protocol."""
    encoded = text.encode()
    digest = hashlib.md5(encoded, usedforsecurity=False).digest()
    return digest + b"\2" + encode_bytes(encoded) + digest + b"\0"


def read_handshake_answer(data: memoryview, expected: ExpectedProtocol, limits: Limits) -> int:
    """For a client: return the end of the answer to `encode_handshake`.

    Raises `ProtocolError` if `data` does not begin with an answer, or if the server's protocol
    differs from `expected`.
    """
    try:
        match, position = read_long(data, 0)
        server_text, position = _read_text(data, position)
        has_hash, position = _read_branch(data, position)
        if has_hash:
            _, position = _read_hash(data, position)
        position = _skip_meta(data, position, limits)
    except EventCorrupt as error:
        raise ProtocolError(f"not an Avro handshake: {error}") from None
    if server_text is not None:
        check_protocol(server_text, expected, limits)
    elif match != _BOTH:
        raise ProtocolError(f"not an Avro handshake: match {match} without the server's protocol")
    if match not in (_BOTH, _CLIENT):
        raise ProtocolError(f"the {expected.peer} does not accept {expected.name}, match {match}")
    return position


def _read_hash(data: memoryview, position: int) -> tuple[bytes, int]:
    end = position + 16
    if end > len(data):
        raise EventCorrupt(f"ends within a hash, at byte {position}")
    return bytes(data[position:end]), end


def _read_branch(data: memoryview, position: int) -> tuple[bool, int]:
    """Return whether a union of null and a type is not null, and the position after its branch."""
    branch, position = read_long(data, position)
    if branch not in (0, 1):
        raise EventCorrupt(f"union branch {branch}, at byte {position - 1}")
    return branch == 1, position


def _read_text(data: memoryview, position: int) -> tuple[memoryview | None, int]:
    """Return a protocol's text, which may be missing, and the position after it."""
    has_text, position = _read_branch(data, position)
    if not has_text:
        return None, position
    end = skip_bytes(data, position)
    _, start = read_long(data, position)
    return data[start:end], end  # no copy: `check_protocol` limits its length


def _skip_meta(data: memoryview, position: int, limits: Limits) -> int:
    has_meta, position = _read_branch(data, position)
    return skip_map(data[: position + limits.head_bytes_max], position) if has_meta else position
