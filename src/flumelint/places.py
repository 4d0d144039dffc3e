"""The folders and files that components name, and who feeds a channel; nothing is opened."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from flumelint.guarantee import GROWING_LOG
from flumelint.model import SINK, SOURCE, Agent, Component, Setting, once_per_agent
from flumelint.resolve import is_alive

# The keys that name a folder or file of the agent's own host, by type.
PATH_KEYS = {
    "spooldir": ("spoolDir", "trackerDir"),
    "taildir": ("positionFile",),
    GROWING_LOG: ("positionFile",),
    "file": ("checkpointDir", "backupCheckpointDir", "dataDirs"),
    "spillablememory": ("checkpointDir", "backupCheckpointDir", "dataDirs"),
    "file_roll": ("sink.directory",),
}


@dataclass(frozen=True)
class Place:
    """A path in a conf: the normal form, and the setting that names it."""

    path: str
    setting: Setting


def normal(path: str) -> str:
    """Return a path without ``.``, ``//`` and a ``/`` at its end."""
    return posixpath.normpath(path.strip().replace("\\", "/"))


def place(component: Component, key: str) -> Place | None:
    """Return where a key points; None if it is not set or holds an unknown variable."""
    setting = component.get(key)
    return Place(normal(setting.value), setting) if setting and setting.known else None


def folders(component: Component, key: str) -> list[Place]:
    """Return the paths of a key whose value is a list with commas: ``dataDirs``."""
    setting = component.get(key)
    if not setting or not setting.known:
        return []
    return [Place(normal(part), setting) for part in setting.value.split(",") if part.strip()]


def path_settings(component: Component) -> Iterator[Setting]:
    """Yield the settings of a component that name files or folders of its host."""
    for type_, keys in PATH_KEYS.items():
        if component.is_a(type_):
            yield from (component.settings[key] for key in keys if key in component.settings)
    if component.is_a("taildir", GROWING_LOG):
        yield from file_groups(component).values()


def file_groups(source: Component) -> dict[str, Setting]:
    """Return the patterns of a source that follows logs by the name of their group."""
    found = source.below("filegroups.")
    return {name: setting for name, setting in found.items() if "." not in name}


def is_inside(path: str, folder: str) -> bool:
    """Whether a path is a folder itself, or below it."""
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


def compiled(pattern: str) -> re.Pattern[str] | None:
    """Compile a Java expression with Python's `re`; None where the two languages differ.

    None, too, for one that may take for ever: a conf must not be able to stop the linter.
    """
    if _may_take_for_ever(pattern):
        return None
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return None


def _may_take_for_ever(pattern: str) -> bool:
    """Whether a repeated group has a repetition or alternatives inside: ``(a+)+``, ``(a|a)*``."""
    inside = [False]
    for found in re.finditer(r"\\.|\[(?:\\.|[^\]\\])*\]|\(|\)[*+{]?|[*+{|]", pattern, re.DOTALL):
        part = found[0]
        if part == "(":
            inside.append(False)
        elif part[0] == ")":
            ambiguous = len(inside) > 1 and inside.pop()
            if ambiguous and len(part) > 1:
                return True
            inside[-1] |= ambiguous or len(part) > 1
        elif part in "*+{|":
            inside[-1] = True
    return False


def truth(component: Component, key: str, default: bool = False) -> bool:
    """Return a boolean as Flume reads it: only ``true``, in any case, is true."""
    return component.text(key, "true" if default else "").lower() == "true"


def sources_of(channel: Component) -> list[Component]:
    """Return the sources that Flume starts and that put into a channel."""
    return _users(channel.agent, SOURCE).get(channel.name, [])


def sinks_of(agent: Agent, channel: str) -> list[Component]:
    """Return the sinks that Flume starts and that take from a channel."""
    return _users(agent, SINK).get(channel, [])


@once_per_agent
def _users(agent: Agent, kind: str) -> dict[str, list[Component]]:
    """Return the sources or sinks that Flume starts, by the channels that they use."""
    users: dict[str, list[Component]] = {}
    for component in agent.components[kind].values():
        if is_alive(component):
            value = component.text("channels" if kind == SOURCE else "channel")
            for name in dict.fromkeys(value.split() if kind == SOURCE else [value]):
                users.setdefault(name, []).append(component)
    return users
