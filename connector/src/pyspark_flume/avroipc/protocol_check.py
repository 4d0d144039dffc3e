"""Check that a peer's protocol, given as text, has exactly the layout that is read here.

Events are stored undecoded, so a layout that differs would be noticed too late.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.errors import ProtocolError

# As the JSON of an Avro schema, with every name resolved.
EVENT = {
    "type": "record",
    "fields": [
        {"name": "headers", "type": {"type": "map", "values": "string"}},
        {"name": "body", "type": "bytes"},
    ],
}


@dataclass(frozen=True)
class ExpectedProtocol:
    """A protocol as it is read here; error messages use the first three fields.

    :param name: the protocol's name
    :param owner: the program that defines it
    :param peer: the other side of the connection
    :param calls: by name, the schemas of a call's one parameter and of its result
    """

    name: str
    owner: str
    peer: str
    calls: Mapping[str, tuple[Any, Any]]


def check_protocol(text: memoryview, expected: ExpectedProtocol, limits: Limits) -> None:
    """Raise `ProtocolError` unless `text` is a protocol that has calls of `expected`.

    The calls that it has must have exactly the expected schemas; some may be missing.
    """
    if len(text) > limits.head_bytes_max:
        raise ProtocolError(
            f"the {expected.peer}'s protocol has {len(text):,} bytes,"
            f" the limit is {limits.head_bytes_max:,}"
        )
    named: dict[str, Any] = {}

    def keep(schema: dict[str, Any]) -> dict[str, Any]:
        if schema.get("type") in ("record", "enum"):
            named[_last_name(schema.get("name"))] = schema
        return schema

    try:
        protocol = json.loads(bytes(text), object_hook=keep)
        messages = protocol["messages"]
        calls = {name: messages[name] for name in expected.calls if name in messages}
        differing = [
            name
            for name, call in calls.items()
            if len(call["request"]) != 1
            or not _same(call["request"][0]["type"], expected.calls[name][0], named)
            or not _same(call["response"], expected.calls[name][1], named)
        ]
        speaks = printable(str(protocol["protocol"]))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise ProtocolError(
            f"the {expected.peer}'s protocol is not valid: "
            f"{type(error).__name__}: {printable(str(error))}"
        ) from None
    if not calls:
        raise ProtocolError(f"the {expected.peer} speaks {speaks}, expected {expected.name}")
    if differing:
        raise ProtocolError(
            f"the {expected.peer}'s {speaks}.{differing[0]} differs from {expected.owner}'s"
        )


def printable(text: str, length_max: int = 60) -> str:
    """Return `text` for a log line: without line breaks, and cut to `length_max` characters."""
    safe = "".join(c if " " <= c <= "~" else "?" for c in text[: length_max + 1])
    return safe if len(safe) <= length_max else safe[:length_max] + "…"


def _same(schema: Any, expected: Any, named: dict[str, Any]) -> bool:
    """Whether `schema` encodes a value as the same bytes as `expected`.

    The comparison follows `expected`, so a recursive or vast `schema` takes no longer.
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
