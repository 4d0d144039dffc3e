"""Finds the agents in a document, as Flume's class FlumeConfiguration does."""

from __future__ import annotations

from collections.abc import Mapping

from flumelint.model import KINDS, Agent, Component, Conf, Ignored, Setting
from flumelint.properties import Assignment, Document
from flumelint.variables import Interpolated, interpolate


def read(document: Document, environ: Mapping[str, str]) -> Conf:
    """Find the agents of a document. The last of several assignments to a key counts."""
    conf = Conf(document, {}, [], [])
    for assignment in document.assignments:
        _add(conf, assignment, environ)
    for agent in conf.agents.values():
        for kind, listed in agent.lists.items():
            for name, span in listed.words():
                _component(agent, kind, name).listed = span
    conf.agents = {name: agent for name, agent in conf.agents.items() if _is_agent(agent)}
    if conf.fragment:  # what it shows is meant to run
        for component in conf.components():
            component.listed = next(iter(component.settings.values())).key_span
    return conf


def _is_agent(agent: Agent) -> bool:
    return bool(agent.lists) or any(agent.components[kind] for kind in KINDS)


def _add(conf: Conf, assignment: Assignment, environ: Mapping[str, str]) -> None:
    key = assignment.key.text
    name = key.strip()
    if not assignment.value.text.strip():
        conf.ignored.append(Ignored(assignment, "value"))
        return
    agent_name, dot, rest = name.partition(".")
    if not dot or not agent_name:
        conf.ignored.append(Ignored(assignment, "agent"))
        return
    if not rest:
        conf.ignored.append(Ignored(assignment, "key"))
        return
    agent = conf.agents.setdefault(agent_name, Agent(agent_name))
    value = interpolate(assignment.value.text, environ)
    start = len(key) - len(key.lstrip()) + len(agent_name) + 1
    if not _assign(conf, agent, rest, start, assignment, value):
        conf.ignored.append(Ignored(assignment, "kind"))


def _assign(
    conf: Conf, agent: Agent, rest: str, start: int, assignment: Assignment, value: Interpolated
) -> bool:
    """Give an assignment to the list or the component it names; False if it names none."""
    for kind in KINDS:
        if rest == f"{kind}s":
            setting = Setting(rest, start, assignment, value)
            agent.lists[kind] = setting
            conf.settings.append(setting)
            return True
        prefix = f"{kind}s."
        if rest.startswith(prefix):
            # As Flume does, look for the dot behind the name's first character.
            dot = rest.find(".", len(prefix) + 1)
            if dot in (-1, len(rest) - 1):
                return False
            setting = Setting(rest[dot + 1 :], start + dot + 1, assignment, value)
            component = _component(agent, kind, rest[len(prefix) : dot].strip())
            component.settings[setting.rest] = setting
            conf.settings.append(setting)
            return True
    return False


def _component(agent: Agent, kind: str, name: str) -> Component:
    return agent.components[kind].setdefault(name, Component(agent, kind, name))
