"""What a file says about agents: their lists, components and settings, each with its place.

The names follow Flume's class FlumeConfiguration: a key is ``AGENT.KIND.NAME.REST``, and the lists
are ``AGENT.sources``, ``.channels``, ``.sinks``, ``.sinkgroups`` and ``.configfilters``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Concatenate, ParamSpec, TypeVar

from flumelint.component_data import ComponentData, component_data
from flumelint.properties import Assignment, Document, Span, trim
from flumelint.variables import Interpolated

SOURCE, CHANNEL, SINK, SINKGROUP, FILTER = "source", "channel", "sink", "sinkgroup", "configfilter"
KINDS = (SOURCE, CHANNEL, SINK, SINKGROUP, FILTER)
MAX_INT = 2**31 - 1

P = ParamSpec("P")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Setting:
    """One assignment to a component, or to a list of an agent.

    :param rest: the key behind the component's name: ``type``, ``selector.mapping.a``
    :param rest_start: where in the key's text `rest` begins
    """

    rest: str
    rest_start: int
    assignment: Assignment
    interpolated: Interpolated

    @property
    def key(self) -> str:
        """The whole key."""
        return trim(self.assignment.key.text)

    @cached_property
    def value(self) -> str:
        """The value as Flume sees it: variables replaced, white space around it removed."""
        return trim(self.interpolated.text)

    @property
    def known(self) -> bool:
        """Whether the value holds no variable whose value is unknown."""
        return self.interpolated.known

    @property
    def key_span(self) -> Span:
        """The place of the whole key."""
        return self.assignment.key.span

    @property
    def rest_span(self) -> Span:
        """The place of `rest`."""
        key = self.assignment.key
        return key.part(self.rest_start, self.rest_start + len(self.rest))

    @property
    def span(self) -> Span:
        """The place of the value, without white space around it."""
        text = self.assignment.value.text
        start = len(text) - len(text.lstrip())
        return self.assignment.value.part(start, max(len(text.rstrip()), start))

    def part(self, found: re.Match[str] | tuple[int, int]) -> Span:
        """Return the place of a match in ``assignment.value.text``, or of a pair of indexes."""
        start, end = found if isinstance(found, tuple) else found.span()
        return self.assignment.value.part(start, end)

    def words(self) -> list[tuple[str, Span]]:
        """Return the names in a list, each with its place; the place of all if it has variables."""
        if self.interpolated.text == self.assignment.value.text:
            return self.assignment.value.words()
        return [(word, self.span) for word in self.value.split()]


@dataclass(eq=False)
class Component:
    """A source, channel, sink, sink group or config filter; listed, configured, or both.

    :param listed: the place of its name in the agent's list; None if the list lacks it
    :param settings: the last assignment to each key; the key is `Setting.rest`
    """

    agent: Agent
    kind: str
    name: str
    listed: Span | None = None
    settings: dict[str, Setting] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """The start of its keys: ``a1.sources.r1.``"""
        return f"{self.agent.name}.{self.kind}s.{self.name}."

    def __str__(self) -> str:
        return f"{KIND_WORDS[self.kind]} {self.name}"

    @property
    def place(self) -> Span:
        """Where to point for the component as a whole: its type, its first key, or the list."""
        if found := self.get("type"):
            return found.span
        for setting in self.settings.values():
            return setting.key_span
        return self.listed or Span(0, 0)

    def get(self, key: str) -> Setting | None:
        """Return the setting of a key."""
        return self.settings.get(key)

    def text(self, key: str, default: str = "") -> str:
        """Return the value of a key, or the default if it is not set."""
        found = self.settings.get(key)
        return found.value if found else default

    def number(self, key: str, default: int | None = None) -> int | None:
        """Return a whole number; the default if not set; None if it is not one, or unknown."""
        found = self.settings.get(key)
        if not found:
            return default
        return int(found.value) if re.fullmatch(r"[+-]?\d+", found.value, re.ASCII) else None

    def below(self, prefix: str) -> dict[str, Setting]:
        """Return the settings under a prefix, by the rest of their keys: ``below("selector.")``."""
        return {
            rest.removeprefix(prefix): setting
            for rest, setting in self.settings.items()
            if rest.startswith(prefix) and rest != prefix
        }

    @cached_property
    def type(self) -> str:
        """The type as written; empty if there is none."""
        return self.text("type")

    @cached_property
    def data(self) -> ComponentData | None:
        """What is known of its type; None for a custom class."""
        return component_data().find(self.kind, self.type)

    def is_a(self, *aliases: str) -> bool:
        """Whether its type is one of these: aliases, or classes."""
        return self.short_type in aliases or self.type in aliases

    @cached_property
    def short_type(self) -> str:
        """The alias of its type, or else the class, in lower case."""
        return ((self.data.alias if self.data else None) or self.type).lower()


KIND_WORDS = {
    SOURCE: "source",
    CHANNEL: "channel",
    SINK: "sink",
    SINKGROUP: "sink group",
    FILTER: "config filter",
}


@dataclass(eq=False)
class Agent:
    """An agent: its lists and components by name, in the order of the file."""

    name: str
    lists: dict[str, Setting] = field(default_factory=dict)
    components: dict[str, dict[str, Component]] = field(
        default_factory=lambda: {kind: {} for kind in KINDS}
    )

    memo: dict[object, Any] = field(default_factory=dict, repr=False)

    @property
    def sources(self) -> dict[str, Component]:
        """All sources, listed or configured."""
        return self.components[SOURCE]

    @property
    def channels(self) -> dict[str, Component]:
        """All channels, listed or configured."""
        return self.components[CHANNEL]

    @property
    def sinks(self) -> dict[str, Component]:
        """All sinks, listed or configured."""
        return self.components[SINK]

    @property
    def sinkgroups(self) -> dict[str, Component]:
        """All sink groups, listed or configured."""
        return self.components[SINKGROUP]

    def all_components(self) -> Iterator[Component]:
        """Yield sources, channels, sinks, sink groups, config filters."""
        for kind in KINDS:
            yield from self.components[kind].values()


def once_per_agent(
    function: Callable[Concatenate[Agent, P], Result],
) -> Callable[Concatenate[Agent, P], Result]:
    """Make a function keep its results as long as the agent lives, which is its first argument."""

    def remembered(agent: Agent, /, *args: P.args, **kwargs: P.kwargs) -> Result:
        key = (function, args)
        if key not in agent.memo:
            agent.memo[key] = function(agent, *args, **kwargs)
        result: Result = agent.memo[key]
        return result

    return remembered


@dataclass(frozen=True)
class Ignored:
    """An assignment that Flume ignores: it lacks ``value``, ``agent``, ``key`` or ``kind``."""

    assignment: Assignment
    reason: str


@dataclass
class Conf:
    """A file: its document, its agents, and what Flume ignores of it.

    :param expected_agent: the agent that is started, if it is known
    """

    document: Document
    agents: dict[str, Agent]
    ignored: list[Ignored]
    settings: list[Setting]
    expected_agent: str | None = None

    @property
    def fragment(self) -> bool:
        """Whether this is a block of a page that shows a part of a conf: it has no lists."""
        return self.document.block and not any(agent.lists for agent in self.agents.values())

    @property
    def path(self) -> str:
        """The file's name as it was given."""
        return self.document.path

    def components(self, *kinds: str) -> Iterator[Component]:
        """Yield the components of all agents; only those of some kinds if kinds are given."""
        for agent in self.agents.values():
            for kind in kinds or KINDS:
                yield from agent.components[kind].values()


def is_needed(key: str) -> bool:
    """Whether an agent or a component does not run without a key: a list, a type, a channel."""
    parts = key.split(".")
    return len(parts) == 2 or parts[3:] in (["type"], ["channel"], ["channels"])


def configured(components: Mapping[str, Component]) -> Sequence[str]:
    """Return the names of the components that have settings."""
    return [name for name, component in components.items() if component.settings]
