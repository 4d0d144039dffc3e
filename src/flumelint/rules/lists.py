"""Rules about the lists of an agent: what they name, and what they leave out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flumelint.findings import Edit, Report, Severity
from flumelint.model import (
    CHANNEL,
    FILTER,
    KIND_WORDS,
    SINK,
    SINKGROUP,
    SOURCE,
    Agent,
    Component,
    Conf,
    Setting,
    configured,
)
from flumelint.names import nearest
from flumelint.properties import Span
from flumelint.rules.rule import BASE, TWO_CHANNELS, changed, rule

SEPARATORS = ",;"
COMMENT = ("#", "//", "--")


@rule(
    "listed-but-not-configured",
    Severity.IDLE,
    whole=True,
    summary="a list names a component that has no settings",
    flume="Flume drops the name. For a source it logs `Configuration empty for: r1.Removed.`, for "
    "a sink `no context for sink…`, and for a channel nothing but what follows from it.",
    harm="What was meant to run does not run. A misspelt channel takes its sources and sinks with "
    "it.",
    wrong=changed(BASE, ("a1.sinks = k1", "a1.sinks = kk1")),
    right=BASE,
)
def listed_but_not_configured(conf: Conf) -> Iterator[Report]:
    """A separator in a list, and a comment behind it, have rules of their own."""
    for agent in conf.agents.values():
        for kind, listed in agent.lists.items():
            known = configured(agent.components[kind])
            for written, span in _names(listed):
                name = _bare(written)
                component = agent.components[kind].get(written)
                if not component or component.settings or name in known or _joined(name):
                    continue
                others = kind in (SINKGROUP, FILTER) or any(n in known for n in _list(listed))
                near = nearest(name, (each for each in known if each not in _list(listed)))
                yield Report(
                    span,
                    f"{KIND_WORDS[kind]} {name} has no settings, so Flume drops it",
                    f"write {near}"
                    if near
                    else f"write {_first_key(agent, kind, name)} = …, or take it out of the list",
                    tuple(known),
                    severity=None if near or not others else Severity.IGNORED,
                )


def _first_key(agent: Agent, kind: str, name: str) -> str:
    """Return the key without which a component cannot be: of a group its sinks, else the type."""
    return f"{agent.name}.{kind}s.{name}.{'sinks' if kind == SINKGROUP else 'type'}"


def _names(listed: Setting) -> Iterator[tuple[str, Span]]:
    """Yield the names in a list up to a comment, or to another assignment."""
    words = list(listed.words()) if listed.known else []
    for index, (name, span) in enumerate(words):
        behind = words[index + 1][0] if index + 1 < len(words) else ""
        if name.startswith(COMMENT) or "=" in name or behind.startswith("="):
            return
        if _bare(name):
            yield name, span


def _list(listed: Setting) -> set[str]:
    return {part for name, _ in _names(listed) for part in re.split("[,;]", name) if part}


def _joined(name: str) -> bool:
    """Whether a separator without a space made one name of several."""
    return any(separator in name for separator in SEPARATORS)


def _bare(name: str) -> str:
    return name.strip(SEPARATORS)


@rule(
    "comma-in-list",
    Severity.IDLE,
    summary="a list has a comma; Flume's lists are separated by spaces",
    flume="The comma becomes part of the name. Flume finds no settings for `c1,` and drops it. Of "
    "a channel it only logs what follows: `Channel c1 not in active set.`",
    harm="All but the last component of the list are missing.",
    wrong=changed(TWO_CHANNELS, ("a1.channels = c1 c2", "a1.channels = c1, c2")),
    right=BASE,
)
def comma_in_list(conf: Conf) -> Iterator[Report]:
    """Lists of components, and the lists of channels, sinks and interceptors in them."""
    for agent in conf.agents.values():
        for setting, read in _all_lists(agent):
            text = setting.assignment.value.text
            at = next((index for index, letter in enumerate(text) if letter in SEPARATORS), None)
            if at is None or any(mark in text for mark in COMMENT) or not setting.known:
                continue
            written = " ".join("".join(" " if c in SEPARATORS else c for c in text).split())
            yield Report(
                setting.part((at, at + 1)),
                f"{setting.key} has a `{text[at]}`, which becomes part of a name",
                f"separate the names by spaces: {written}",
                fix=(Edit(setting.span, written),),
                severity=None if read else Severity.IGNORED,
            )


def _all_lists(agent: Agent) -> Iterator[tuple[Setting, bool]]:
    """Yield each list, and whether Flume reads it: not that of a component which is not listed."""
    yield from ((listed, True) for listed in agent.lists.values())
    for kind, key in (
        (SOURCE, "channels"),
        (SINK, "channel"),
        (SINKGROUP, "sinks"),
        (SOURCE, "interceptors"),
        (SOURCE, "filegroups"),
    ):
        for component in agent.components[kind].values():
            if setting := component.get(key):
                yield setting, _is_named(component)


def _is_named(component: Component) -> bool:
    """Whether a list names a component, with or without separators; or there are no lists."""
    lists = component.agent.lists
    listed = lists.get(component.kind)
    return not lists or bool(listed and (component.listed or component.name in _list(listed)))


@rule(
    "configured-but-not-listed",
    Severity.IGNORED,
    whole=True,
    summary="a component has settings, but no list names it",
    flume="Flume logs `Processing:k2` for each of its settings, as it does for those that it uses, "
    "and does not start the component.",
    harm="The component looks configured, but no event ever reaches it. Sinks of a group that is "
    "not listed run one beside the other, with no failover.",
    wrong=BASE + "\na1.sinks.k2.type = logger\na1.sinks.k2.channel = c1\n",
    right=changed(BASE, ("a1.sinks = k1", "a1.sinks = k1 k2"))
    + "\na1.sinks.k2.type = logger\na1.sinks.k2.channel = c1\n",
)
def configured_but_not_listed(conf: Conf) -> Iterator[Report]:
    """An agent without any list has a rule of its own."""
    for component in conf.components():
        agent = component.agent
        listed = agent.lists.get(component.kind)
        if component.listed or not agent.lists or (listed and not listed.known):
            continue
        if component.kind == CHANNEL and not listed:
            continue  # nothing of the agent runs, which another rule says
        if listed and component.name in _list(listed):
            continue
        key = f"{agent.name}.{component.kind}s"
        first = next(iter(component.settings.values()))
        free = [name for name in _list(listed) if _is_free(component, name)] if listed else []
        near = nearest(component.name, free)
        yield Report(
            first.key_span,
            f"no list names {component}, so Flume does not start it",
            f"write {near} here as in {key}"
            if near
            else f"add {component.name} to {key}, or delete its settings"
            if listed
            else f"write {key} = {component.name}",
            related=(listed.span, f"the list of {KIND_WORDS[component.kind]}s") if listed else None,
        )


def _is_free(like: Component, name: str) -> bool:
    """Whether a list names it and nothing configures it."""
    component = like.agent.components[like.kind].get(name)
    return component is None or not component.settings


@rule(
    "agent-without-lists",
    Severity.IDLE,
    whole=True,
    summary="an agent has components, but not one list",
    flume="Flume logs `Agent configuration for 'a1' does not contain any channels. Marking it as "
    "invalid.` and runs on with nothing to do.",
    harm="The agent stays up and does nothing. Where another agent has lists, the name of this one "
    "is probably misspelt, and its settings are missing there.",
    wrong=changed(
        BASE, ("a1.sources = r1\n", ""), ("a1.channels = c1\n", ""), ("a1.sinks = k1\n", "")
    ),
    right=BASE,
)
def agent_without_lists(conf: Conf) -> Iterator[Report]:
    for agent in conf.agents.values():
        first = next((each for c in agent.all_components() for each in c.settings.values()), None)
        if agent.lists or not first:
            continue
        others = [other.name for other in conf.agents.values() if other.lists]
        near = nearest(agent.name, others) or (others[0] if len(others) == 1 else None)
        yield Report(
            first.assignment.key.part(0, len(agent.name)),
            f"agent {agent.name} has no list of sources, channels or sinks, so nothing of it runs",
            f"write {near}" if near else f"write {agent.name}.sources, .channels and .sinks",
            tuple(others),
            severity=Severity.IGNORED if others else None,
        )


@rule(
    "agent-without-channels",
    Severity.IDLE,
    whole=True,
    summary="an agent lists no channels, or neither sources nor sinks",
    flume="Flume logs `Agent configuration for 'a1' does not contain any channels. Marking it as "
    "invalid.`, or `has no sources or sinks. Will be marked invalid.` It drops the agent.",
    harm="The agent stays up with nothing to do.",
    wrong=changed(BASE, ("a1.channels = c1\n", "")),
    right=BASE,
)
def agent_without_channels(conf: Conf) -> Iterator[Report]:
    for agent in conf.agents.values():
        if not agent.lists:
            continue
        first = next(iter(agent.lists.values()))
        if CHANNEL not in agent.lists:
            names = " ".join(agent.channels)
            yield Report(
                first.key_span,
                f"agent {agent.name} lists no channels, so Flume drops all of it",
                f"write {agent.name}.channels = {names or 'and the names of its channels'}",
            )
        elif SOURCE not in agent.lists and SINK not in agent.lists:
            yield Report(
                first.key_span,
                f"agent {agent.name} lists neither sources nor sinks, so Flume drops all of it",
                f"write {agent.name}.sources and {agent.name}.sinks",
            )
