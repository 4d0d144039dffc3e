"""The types of options: how a value is read from its text."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyspark_flume.errors import FlumeError, OptionInvalid
from pyspark_flume.landing import CONSUMER_NAME, Retention

EARLIEST, LATEST = "earliest", "latest"
ADDRESS = re.compile(
    r"(?:(?P<host>([\w-]{1,63}\.)*[\w-]{1,63}\.?)|\[(?P<bare>[0-9a-fA-F:.]+)\]):(?P<port>\d{1,5})",
    re.ASCII,
)


@dataclass(frozen=True)
class OptionType:
    """The type of an option's value.

    :param unit: the unit or the form of the value, for ``--help`` and the docs
    :param read: returns the value for the option's name and text; raises `OptionInvalid`
    """

    unit: str
    read: Callable[[str, str], Any]

    @property
    def metavar(self) -> str:
        """How ``--help`` shows a value: literal words as they are, a unit in capitals."""
        return self.unit if "|" in self.unit else self.unit.upper().replace(" ", "_")


def whole(unit: str, least: int, most: int) -> OptionType:
    """A whole number from `least` to `most`."""

    def read(name: str, text: str) -> int:
        if not re.fullmatch(r"\d{1,19}", text.strip()) or not least <= int(text) <= most:
            raise OptionInvalid(
                f"option {name} is {text}; give a whole number from {least} to {most}"
            )
        return int(text)

    return OptionType(unit, read)


def one_of(values: Mapping[str, Any]) -> OptionType:
    """One of a few words, each with the value that it stands for."""

    def read(name: str, text: str) -> Any:
        word = text.strip().lower()
        if word not in values:
            raise OptionInvalid(f"option {name} is {word}; give {' or '.join(values)}")
        return values[word]

    return OptionType("|".join(values), read)


def _read_addresses(name: str, text: str) -> tuple[tuple[str, int], ...]:
    """Return host and port of each entry; an IPv6 address has brackets around it."""
    found: list[tuple[str, int]] = []
    for number, entry in enumerate(text.split(","), 1):
        address = ADDRESS.fullmatch(entry.strip())
        if not address or not 1 <= int(address["port"]) <= 65535:
            raise OptionInvalid(
                f"option {name}: entry {number}, {entry.strip()!r}, is not an address; "
                "give host:port for each, as in flume1:4000,flume2:4000"
            )
        host_port = (address["bare"] or address["host"], int(address["port"]))
        if host_port in found:
            raise OptionInvalid(f"option {name}: entry {number}, {entry.strip()}, is given twice")
        found.append(host_port)
    return tuple(found)


def _read_start(name: str, text: str) -> str | int:
    """Return `EARLIEST`, `LATEST`, or ms since 1970."""
    if text.lower() in (EARLIEST, LATEST):
        return text.lower()
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise OptionInvalid(
            f"option {name} is {text}; give earliest, latest or a time such as 2026-01-31T12:00:00Z"
        ) from None
    # A time without a zone is UTC, whatever the driver's zone is.
    zoned = time if time.tzinfo else time.replace(tzinfo=UTC)
    return int(zoned.timestamp() * 1000)


def _read_consumer(name: str, text: str) -> str:
    if not CONSUMER_NAME.fullmatch(text):
        raise OptionInvalid(
            f"option {name} is {text}; give 1 to 64 of A-Z a-z 0-9 . _ -, not starting with a dot"
        )
    return text


def _read_retention(name: str, text: str) -> Retention:
    try:
        return Retention.parse(text)
    except FlumeError as error:
        raise OptionInvalid(f"option {name}: {error}") from None


HOST = OptionType("address", lambda _, text: text)
PEM_FILE = OptionType("PEM file", lambda _, text: text)
FOLDER = OptionType("folder", lambda _, text: Path(text))
ADDRESSES = OptionType("host:port,…", _read_addresses)
START = OptionType("earliest|latest|time", _read_start)
CONSUMER = OptionType("name", _read_consumer)
RETENTION = OptionType("rule", _read_retention)
