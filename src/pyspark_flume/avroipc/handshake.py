"""The handshake that opens a connection of Avro RPC: who is the client, and does it speak Flume's
protocol?

See "Handshake" in the Avro 1.12 specification. A client names its protocol by a hash; to a hash
that is not known here the answer is NONE, and the client sends the protocol's text.
"""

import hashlib
import json
from typing import Any

from pyspark_flume.avroipc.events import _long, _read_long, skip_bytes, skip_map
from pyspark_flume.avroipc.limits import Limits
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
# Flume 1.11's own text of it, so that its sink needs no second handshake.
FLUME_1_11_HASH = bytes.fromhex("86aadae2c45474c0fe93ffd0f2350a65")
KNOWN_HASHES = frozenset({PROTOCOL_HASH, FLUME_1_11_HASH})

# The answer's first field, and behind it the server's text, hash and metadata, each optional.
BOTH = b"\0" + b"\0\0\0"
_SERVER = b"\2" + _long(len(PROTOCOL_TEXT)) + PROTOCOL_TEXT.encode() + b"\2" + PROTOCOL_HASH + b"\0"
CLIENT = b"\2" + _SERVER
NONE = b"\4" + _SERVER

# The layout of the bytes, in the JSON of Avro's schemas but with every name resolved.
_STATUS = {"type": "enum", "symbols": ["OK", "FAILED", "UNKNOWN"]}
_EVENT = {
    "type": "record",
    "fields": [
        {"name": "headers", "type": {"type": "map", "values": "string"}},
        {"name": "body", "type": "bytes"},
    ],
}
_PARAMETER = {"append": _EVENT, "appendBatch": {"type": "array", "items": _EVENT}}


def read_handshake(data: memoryview, limits: Limits) -> tuple[bytes, int]:
    """The handshake's answer (`BOTH`, `CLIENT` or `NONE`) and the position of what follows.

    Raises `ProtocolError` where `data` does not begin with a handshake, or where the client's
    protocol has another layout than Flume's.
    """
    try:
        client_hash, position = _read_hash(data, 0)
        client_text = None
        has_text, position = _read_branch(data, position)
        if has_text:
            start, position = position, skip_bytes(data, position)
            _, start = _read_long(data, start)
            client_text = data[start:position]
        server_hash, position = _read_hash(data, position)
        has_meta, position = _read_branch(data, position)
        if has_meta:
            position = skip_map(data[: position + limits.head_bytes_max], position)
    except EventCorrupt as error:
        raise ProtocolError(f"not an Avro handshake: {error}") from None
    if client_hash not in KNOWN_HASHES:
        if client_text is None:
            return NONE, position
        if len(client_text) > limits.head_bytes_max:
            raise ProtocolError(
                f"the client's protocol has {len(client_text):,} bytes,"
                f" the limit is {limits.head_bytes_max:,}"
            )
        check_protocol(bytes(client_text))
    return (BOTH if server_hash in KNOWN_HASHES else CLIENT), position


def check_protocol(text: bytes) -> None:
    """Raise `ProtocolError` unless `text` is a protocol with Flume's calls in Flume's layout.

    Events are kept undecoded, so the client's layout of the bytes must be Flume's exactly.
    """
    named: dict[str, Any] = {}

    def keep(schema: dict[str, Any]) -> dict[str, Any]:
        if schema.get("type") in ("record", "enum"):
            named[_last_name(schema.get("name"))] = schema
        return schema

    try:
        protocol = json.loads(text, object_hook=keep)
        messages = protocol["messages"]
        calls = {name: messages[name] for name in _PARAMETER if name in messages}
        differing = [
            name
            for name, call in calls.items()
            if len(call["request"]) != 1
            or not _same(call["request"][0]["type"], _PARAMETER[name], named)
            or not _same(call["response"], _STATUS, named)
        ]
        speaks = printable(str(protocol["protocol"]))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise ProtocolError(
            f"the client's protocol is not valid: {type(error).__name__}: {printable(str(error))}"
        ) from None
    if not calls:
        raise ProtocolError(f"the client speaks {speaks}, expected AvroSourceProtocol")
    if differing:
        raise ProtocolError(f"the client's {speaks}.{differing[0]} differs from Flume's")


def printable(text: str) -> str:
    """`text` for a log line: no line breaks, no end of it."""
    safe = "".join(c if " " <= c <= "~" else "?" for c in text[:61])
    return safe if len(safe) <= 60 else safe[:60] + "…"


def _same(schema: Any, expected: Any, named: dict[str, Any]) -> bool:
    """Whether the bytes of `schema` have the layout of `expected`.

    What is walked through is `expected`, so a schema that is recursive or vast costs no more.
    """
    while isinstance(schema, dict) and schema["type"] not in ("record", "enum", "map", "array"):
        schema = schema["type"]  # a primitive type with attributes, as Java's strings have
    if isinstance(expected, str):
        return bool(schema == expected)
    if isinstance(schema, str):
        schema = named.get(_last_name(schema))
    if not isinstance(schema, dict) or schema["type"] != expected["type"]:
        return False
    match expected["type"]:
        case "record":
            fields = schema["fields"]
            return len(fields) == len(expected["fields"]) and all(
                field["name"] == other["name"] and _same(field["type"], other["type"], named)
                for field, other in zip(fields, expected["fields"], strict=True)
            )
        case "map":
            return _same(schema["values"], expected["values"], named)
        case "array":
            return _same(schema["items"], expected["items"], named)
        case _:
            return bool(schema["symbols"] == expected["symbols"])


def _last_name(name: Any) -> str:
    return str(name).rpartition(".")[2]


def _read_hash(data: memoryview, position: int) -> tuple[bytes, int]:
    end = position + 16
    if end > len(data):
        raise EventCorrupt(f"ends within a hash, at byte {position}")
    return bytes(data[position:end]), end


def _read_branch(data: memoryview, position: int) -> tuple[bool, int]:
    """Which branch of a union of null and something."""
    branch, position = _read_long(data, position)
    if branch not in (0, 1):
        raise EventCorrupt(f"union branch {branch}, at byte {position - 1}")
    return branch == 1, position
