"""What Flume 1.11's components read from a conf, out of the generated file components.json."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Key:
    """A key that a component reads.

    :param name: in it, ``*`` stands for a name that the user chooses: ``filegroups.*``
    :param type: ``int``, ``long``, ``boolean``, ``double``, ``enum``, ``class``, ``list``, …
    :param values: the names of an enum, in any case
    :param class_too: whether a class's name is accepted beside the values
    :param required_if: when it is required, if only sometimes: ``kerberos = true``
    """

    name: str
    type: str = "string"
    default: str | None = None
    required: bool = False
    values: tuple[str, ...] = ()
    class_too: bool = False
    required_if: str = ""


@dataclass(frozen=True)
class Renamed:
    """A key of an older Flume, or one that only its guide has.

    :param new: the key that is read; empty if nothing replaces it
    :param since: the version that renamed it, or whose guide has it by mistake
    :param read: whether 1.11 still reads the old name
    :param wrong_in_guide: Flume's user guide lists it, and no version reads it
    """

    old: str
    new: str
    since: str
    read: bool
    wrong_in_guide: bool = False


@dataclass(frozen=True)
class Part:
    """A part of a component with keys of its own, such as a serializer.

    :param prefix: its keys begin with it; in it, ``*`` stands for a name that the user chooses
    :param type_key: the key that names its type or class
    """

    prefix: str
    type_key: str
    interface: str


@dataclass(frozen=True, eq=False)
class ComponentData:
    """A type of source, channel, sink or of a part of them.

    :param interface: ``source``, ``channel``, ``sink``, ``interceptor``, ``selector``, …
    :param alias: the short name, ``avro``; None if only the class's name is accepted
    :param cls: the class's full name
    :param prefixes: keys under them are passed on, so they are not checked
    :param open: whether its keys cannot be known
    :param jars: what it needs and the lab's Flume lacks
    :param extra: the lab's extra that has these jars; ``yours`` or ``none`` if there is no such one
    :param parts: what is configured under a prefix, by keys of its own
    :param one_of: keys of which one is enough, the one to advise first
    :param batch_key: what Flume compares with the channel's transactionCapacity
    """

    interface: str
    alias: str | None
    cls: str
    keys: Mapping[str, Key]
    renamed: Mapping[str, Renamed]
    prefixes: tuple[str, ...] = ()
    open: bool = False
    jars: tuple[str, ...] = ()
    extra: str = ""
    parts: tuple[Part, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    batch_key: str | None = None

    def default(self, key: str) -> str | None:
        """Return the default of a key, if the component has the key and the key a default."""
        found = self.keys.get(key)
        return found.default if found else None


@dataclass(frozen=True, eq=False)
class Components:
    """All that Flume ships, and our plugins."""

    all: tuple[ComponentData, ...]

    def find(self, interface: str, type_: str) -> ComponentData | None:
        """Return a component by alias or class; as in Flume, upper and lower case are equal."""
        return _by_name(self).get((interface, type_.lower()))

    def aliases(self, interface: str) -> list[str]:
        """Return the short names for an interface."""
        return sorted(each.alias for each in self.all if each.interface == interface and each.alias)


@cache
def _by_name(components: Components) -> Mapping[tuple[str, str], ComponentData]:
    return {
        (each.interface, name.lower()): each
        for each in components.all
        for name in (each.cls, each.alias)
        if name
    }


@cache
def component_data() -> Components:
    """Read components.json."""
    text = files("flumelint").joinpath("components.json").read_text(encoding="utf-8")
    return Components(tuple(_components(json.loads(text))))


def _components(data: dict[str, Any]) -> Iterator[ComponentData]:
    for each in data["components"]:
        yield ComponentData(
            interface=each["interface"],
            alias=each.get("alias"),
            cls=each["class"],
            keys={key["name"]: _key(key) for key in each.get("keys", ())},
            renamed={key["old"]: _renamed(key) for key in each.get("renamed", ())},
            prefixes=tuple(each.get("prefixes", ())),
            open=each.get("open", False),
            jars=tuple(each.get("jars", ())),
            extra=each.get("from", ""),
            parts=tuple(Part(**part) for part in each.get("parts", ())),
            one_of=tuple(map(tuple, each.get("one_of", ()))),
            batch_key=each.get("batch_key"),
        )


def _renamed(key: dict[str, Any]) -> Renamed:
    return Renamed(
        old=key["old"],
        new=key["new"],
        since=key["since"],
        read=key["read"],
        wrong_in_guide=key.get("wrong_in_guide", False),
    )


def _key(key: dict[str, Any]) -> Key:
    return Key(
        name=key["name"],
        type=key.get("type", "string"),
        default=key.get("default"),
        required=key.get("required", False),
        values=tuple(key.get("values", ())),
        class_too=key.get("class_too", False),
        required_if=key.get("required_if", ""),
    )
