"""Rules about where file channels, and other things that must last, are kept."""

from __future__ import annotations

from collections.abc import Iterator

from flumelint.findings import Report, Severity
from flumelint.model import Agent, Component, Conf, Setting
from flumelint.places import Place, folders, is_inside, path_settings
from flumelint.resolve import is_alive
from flumelint.rules.rule import BASE, changed, rule

DEFAULTS = {
    "checkpointDir": "~/.flume/file-channel/checkpoint",
    "dataDirs": "~/.flume/file-channel/data",
}

FILE = changed(
    BASE,
    ("c1.type = memory", "c1.type = file"),
    (
        "a1.channels.c1.capacity = 1000\n",
        "a1.channels.c1.checkpointDir = /var/lib/flume/c1/checkpoint\n"
        "a1.channels.c1.dataDirs = /var/lib/flume/c1/data\n",
    ),
)
_TWO = changed(
    FILE,
    ("a1.channels = c1", "a1.channels = c1 c2"),
    ("r1.channels = c1", "r1.channels = c1 c2"),
    ("a1.sinks = k1", "a1.sinks = k1 k2"),
)
_SECOND = """
a1.sinks.k2.type = null
a1.sinks.k2.channel = c2

a1.channels.c2.type = file
a1.channels.c2.checkpointDir = /var/lib/flume/c2/checkpoint
a1.channels.c2.dataDirs = /var/lib/flume/FOLDER/data
"""


def _file_channels(agent: Agent) -> Iterator[Component]:
    for channel in agent.channels.values():
        if channel.is_a("file", "spillablememory") and is_alive(channel):
            yield channel


@rule(
    "file-channel-folder-shared",
    Severity.IDLE,
    summary="a folder of a file channel is used twice",
    flume="A file channel locks its folders. The second one does not start: `Cannot lock … The "
    "directory is already locked`. Its source and sink log errors and go on trying.",
    harm="No event gets through the second channel. Those that name no folder share the default.",
    wrong=_TWO + _SECOND.replace("FOLDER", "c1"),
    right=_TWO + _SECOND.replace("FOLDER", "c2"),
)
def file_channel_folder_shared(conf: Conf) -> Iterator[Report]:
    for agent in conf.agents.values():
        used: dict[str, tuple[Component, Setting | None]] = {}
        for channel in _file_channels(agent):
            for path, setting in _folders_of(channel):
                other, where = used.setdefault(path, (channel, setting))
                if (other, where) == (channel, setting):
                    continue
                which = "itself" if other is channel else str(other)
                yield Report(
                    setting.span if setting else channel.place,
                    f"{path} is already locked by {which}, so {channel} does not start",
                    "give each checkpointDir and each of dataDirs a folder of its own",
                    related=(where.span if where else other.place, str(other)),
                )
                break


def _folders_of(channel: Component) -> Iterator[tuple[str, Setting | None]]:
    for key in ("checkpointDir", "dataDirs"):
        if channel.get(key):
            yield from ((each.path, each.setting) for each in folders(channel, key))
        else:
            yield DEFAULTS[key], None


@rule(
    "file-channel-default-folder",
    Severity.RISKY,
    summary="a file channel does not say where it keeps its events",
    flume=f"It uses {DEFAULTS['checkpointDir']} and {DEFAULTS['dataDirs']} in the home folder of "
    "the agent's user. A second agent of the same user cannot lock them, and its channel does not "
    "start.",
    harm="A second agent stands still. In a container the home folder is gone with the container.",
    wrong=changed(FILE, ("a1.channels.c1.dataDirs = /var/lib/flume/c1/data\n", "")),
    right=FILE,
)
def file_channel_default_folder(conf: Conf) -> Iterator[Report]:
    for channel in (each for agent in conf.agents.values() for each in _file_channels(agent)):
        missing = [key for key in DEFAULTS if not channel.get(key)]
        if missing:
            yield Report(
                channel.place,
                f"{channel} uses {DEFAULTS[missing[0]]}, as every other channel that names none",
                f"write {' and '.join(channel.prefix + key for key in missing)}",
            )


@rule(
    "durable-in-tmp",
    Severity.RISKY,
    summary="something that has to survive a restart is kept in /tmp",
    flume="Flume uses the folder as any other. Most systems empty /tmp when they start, and some "
    "delete files there that are some days old.",
    harm="A file channel loses its events, or no longer starts; a source forgets how far it has "
    "read, and reads everything again.",
    wrong=changed(FILE, ("/var/lib/flume", "/tmp/flume")),  # noqa: S108 - this is what is wrong
    right=FILE,
)
def durable_in_tmp(conf: Conf) -> Iterator[Report]:
    for component in conf.components():
        if not is_alive(component) or not component.is_a("file", "taildir", "spooldir"):
            continue
        for setting in path_settings(component):
            if setting.rest.startswith(("filegroups", "spoolDir")) or not setting.known:
                continue
            place = next((each for each in folders(component, setting.rest) if _in_tmp(each)), None)
            if place:
                yield Report(
                    setting.span,
                    f"{place.path} does not survive a restart of the host",
                    "name a folder that lasts, such as /var/lib/flume",
                )


def _in_tmp(place: Place) -> bool:
    return is_inside(place.path, "/tmp")  # noqa: S108 - this is what is looked for
