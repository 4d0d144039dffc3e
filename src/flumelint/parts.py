"""Which part of a component reads a setting: itself, an interceptor, a selector, a serializer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from flumelint.component_data import ComponentData, Key, component_data
from flumelint.model import SINKGROUP, SOURCE, Agent, Component, Setting, once_per_agent

# What Flume itself reads of each kind, before the component does.
COMMON = {
    "source": ("type", "channels", "interceptors"),
    "sink": ("type", "channel"),
    "channel": ("type",),
    "sinkgroup": ("sinks",),
    "configfilter": ("type",),
}


@dataclass(frozen=True)
class Place:
    """Where a part's settings are; in the prefix, ``*`` stands for a name that the user chooses.

    :param type_key: the key of its type, behind the prefix, or the whole key before it
    :param default: the type if none is set
    """

    prefix: str
    type_key: str
    interface: str
    default: str | None


PLACES = {
    SOURCE: (
        Place("selector.", "type", "selector", "replicating"),
        Place("interceptors.*.", "type", "interceptor", None),
    ),
    SINKGROUP: (Place("processor.", "type", "sinkgroup", "default"),),
}
# What a part is if its type is not set; the factories of Flume say so.
DEFAULT_TYPES = {
    "handler": "org.apache.flume.source.http.JSONHandler",
    "extractor": "org.apache.flume.interceptor.RegexExtractorInterceptorPassThroughSerializer",
}


@dataclass(frozen=True, eq=False)
class Part:
    """A component, or a part of it with settings of its own.

    :param prefix: how its settings begin; empty for the component itself
    :param type: the setting of its type; None if it is not set
    :param data: what is known of it; None for a custom class, or if the type is not known
    :param settings: its settings by key, without those of parts of it
    """

    component: Component
    interface: str
    prefix: str
    type: Setting | None
    data: ComponentData | None
    settings: Mapping[str, Setting]

    def __str__(self) -> str:
        if not self.prefix:
            return str(self.component)
        name = self.prefix.removesuffix(".").rpartition(".")[2]
        words = {"sinkgroup": "processor", "extractor": "serializer"}
        word = words.get(self.interface, self.interface)
        named = f" {name}" if self.interface in ("interceptor", "extractor") else ""
        return f"the {word}{named} of {self.component}"

    @property
    def common(self) -> tuple[str, ...]:
        """The keys that Flume itself reads."""
        return ("type",) if self.prefix else COMMON[self.interface]

    def key(self, name: str) -> Key | None:
        """What is known of a key; one with * in its name covers many."""
        return find_key(self.data, name) if self.data else None


def parts(component: Component) -> list[Part]:
    """Return a component and its selector, interceptors, processor and serializers."""
    return _all_parts(component.agent).get((component.kind, component.name), [])


def key_of(agent: Agent, setting: Setting) -> Key | None:
    """What is known of the key of a setting; None in a custom class."""
    return _all_keys(agent).get(id(setting))


@once_per_agent
def _all_keys(agent: Agent) -> dict[int, Key | None]:
    return {
        id(setting): part.key(name)
        for all_of_one in _all_parts(agent).values()
        for part in all_of_one
        for name, setting in part.settings.items()
    }


@once_per_agent
def _all_parts(agent: Agent) -> dict[tuple[str, str], list[Part]]:
    return {
        (each.kind, each.name): list(_parts(each))
        for each in agent.all_components()
        if each.settings
    }


def _parts(component: Component) -> Iterator[Part]:
    places = PLACES.get(component.kind, ())
    data = component.data if component.kind != SINKGROUP else None
    yield from _with_inner(
        component, component.kind, "", component.get("type"), data, component.settings, places
    )


def _with_inner(
    component: Component,
    interface: str,
    prefix: str,
    type_: Setting | None,
    data: ComponentData | None,
    settings: Mapping[str, Setting],
    places: tuple[Place, ...] = (),
) -> Iterator[Part]:
    """Yield a part and the parts of it."""
    places += _inner_places(data)
    own: dict[str, Setting] = {}
    groups: dict[tuple[Place, str], dict[str, Setting]] = {}
    for key, setting in settings.items():
        found = None if data and find_key(data, key) else _place_of(key, places)
        if found:
            groups.setdefault(found, {})[key.removeprefix(found[1])] = setting
        else:
            own[key] = setting
    yield Part(component, interface, prefix, type_, data, own)
    for (place, start), inner in groups.items():
        # The type of a serializer is a key of its owner; that of an interceptor is its own.
        inner_type = inner.get(place.type_key) or settings.get(
            place.type_key.replace(place.prefix, start)
        )
        name = _name(inner_type, place.default)
        inner_data = component_data().find(place.interface, name) if name else None
        yield from _with_inner(
            component, place.interface, prefix + start, inner_type, inner_data, inner
        )


def _name(type_: Setting | None, default: str | None) -> str | None:
    if type_:
        return type_.value if type_.known else None
    return default


@lru_cache(maxsize=512)
def _inner_places(data: ComponentData | None) -> tuple[Place, ...]:
    return (
        tuple(
            Place(
                each.prefix,
                each.type_key,
                each.interface,
                DEFAULT_TYPES.get(each.interface) or data.default(each.type_key),
            )
            for each in (data.parts if data else ())
        )
        if data
        else ()
    )


def _place_of(key: str, places: tuple[Place, ...]) -> tuple[Place, str] | None:
    for place in places:
        match = _pattern(place.prefix).match(key)
        if match and match.end() < len(key):
            return place, match[0]
    return None


@lru_cache(maxsize=1024)
def _pattern(name: str) -> re.Pattern[str]:
    """A name as a pattern: a last ``*`` is a value, in which dots may be; another one a name."""
    start, last, end = re.escape(name).replace(r"\*", "*").rpartition("*")
    if last and not end:
        return re.compile(start.replace("*", r"[^.\s]+") + ".+")
    return re.compile((start + last + end).replace("*", r"[^.\s]+"))


@lru_cache(maxsize=8192)
def find_key(data: ComponentData, name: str) -> Key | None:
    """Return a key of a component, also one that its pattern covers."""
    if found := data.keys.get(name):
        return found
    for pattern, key in data.keys.items():
        if "*" in pattern and _pattern(pattern).fullmatch(name):
            return key
    return None


def is_passed_on(data: ComponentData, name: str) -> bool:
    """Whether a key goes to a library as it is."""
    return any(name.startswith(prefix) and name != prefix for prefix in data.prefixes)
