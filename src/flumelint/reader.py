"""Finds the agents in a document, as Flume's class FlumeConfiguration does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flumelint.model import KINDS, Agent, Component, Conf, Ignored, Setting
from flumelint.properties import Assignment, Document, trim
from flumelint.variables import interpolate

BOM = "\ufeff"


def read(document: Document, environ: Mapping[str, str], marked: bool = True) -> Conf:
    """Find the agents of a document.

    The last of several assignments to a key counts, even if it is empty: then the key is not set.

    :param marked: whether a byte order mark belongs to the first key, as for Java
    """
    conf = Conf(document, {}, [], [])
    last = {assignment.key.text: assignment for assignment in document.assignments}
    for assignment in document.assignments:
        if not marked and assignment.key.text.startswith((BOM + "#", BOM + "!")):
            continue  # a comment
        _add(conf, assignment, last[assignment.key.text] is assignment, environ, marked)
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


def _add(
    conf: Conf, assignment: Assignment, counts: bool, environ: Mapping[str, str], marked: bool
) -> None:
    key = assignment.key.text
    name = trim(key)
    if not marked and assignment.span.start == 0:
        name = name.removeprefix(BOM)
    if not trim(assignment.value.text):
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
    setting = Setting(rest, key.index(name) + len(agent_name) + 1, assignment, value)
    if not _assign(conf, agent, setting, counts):
        conf.ignored.append(Ignored(assignment, "kind"))


def _assign(conf: Conf, agent: Agent, setting: Setting, counts: bool) -> bool:
    """Give a setting to the list or the component it names; False if it names none.

    :param counts: whether it is the last assignment to its key
    """
    rest = setting.rest
    for kind in KINDS:
        if rest == f"{kind}s":
            conf.settings.append(setting)
            if counts:
                agent.lists[kind] = setting
            return True
        prefix = f"{kind}s."
        if rest.startswith(prefix):
            # As Flume does, look for the dot behind the name's first character.
            dot = rest.find(".", len(prefix) + 1)
            if dot in (-1, len(rest) - 1):
                return False
            its = replace(setting, rest=rest[dot + 1 :], rest_start=setting.rest_start + dot + 1)
            conf.settings.append(its)
            if counts:
                name = trim(rest[len(prefix) : dot])
                _component(agent, kind, name).settings[its.rest] = its
            return True
    return False


def _component(agent: Agent, kind: str, name: str) -> Component:
    return agent.components[kind].setdefault(name, Component(agent, kind, name))
