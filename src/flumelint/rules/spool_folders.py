"""Rules about the folders of spooldir sources: who else writes, reads or tracks there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import combinations, islice

from flumelint.findings import Report, Severity
from flumelint.model import CHANNEL, SINK, SOURCE, Component, Conf
from flumelint.places import compiled, is_inside, place, truth
from flumelint.resolve import is_alive
from flumelint.rules.backslashes import SPOOL
from flumelint.rules.rule import changed, rule

LINE_CHARACTERS = 2048  # default of deserializer.maxLineLength
TRACKER = ".flumespool"  # default of trackerDir
FILES_MAX = 1000  # how many names of a folder are looked at
_UNFINISHED = re.compile(r".*(\.tmp|\.temp|\.part|\.filepart|\.swp|~|\._COPYING_)$", re.IGNORECASE)
_PACKED = re.compile(r".*\.(gz|bz2|xz|zst|zip|lz4|snappy|tar|tgz)$", re.IGNORECASE)


def _spools(conf: Conf) -> Iterator[Component]:
    return (source for source in conf.components(SOURCE) if _is_spool(source))


def _is_spool(source: Component) -> bool:
    return source.is_a("spooldir") and is_alive(source)


TWO = changed(SPOOL, ("a1.sources = r1", "a1.sources = r1 r2"))
SECOND = """
a1.sources.r2.type = spooldir
a1.sources.r2.channels = c1
a1.sources.r2.spoolDir = FOLDER
a1.sources.r2.deserializer.maxLineLength = 65536
"""


@rule(
    "spool-folder-shared",
    Severity.IDLE,
    summary="two spooldir sources read the same folder",
    flume="Both want each file, and both note their position in the same file. It is chance which "
    "one gets a file; at times both do. Sooner or later one of them stops for good with a FATAL "
    "error, because a file has changed or is gone. The agent stays up.",
    harm="Some events arrive twice, and soon one source reads nothing any more.",
    wrong=TWO + SECOND.replace("FOLDER", "/var/spool/flume"),
    right=TWO + SECOND.replace("FOLDER", "/var/spool/other"),
)
def spool_folder_shared(conf: Conf) -> Iterator[Report]:
    for agent in conf.agents.values():
        spools = [each for each in agent.sources.values() if _is_spool(each)]
        for one, two in combinations(spools, 2):
            first, second = place(one, "spoolDir"), place(two, "spoolDir")
            if not first or not second or _kept_apart(one, two):
                continue
            shared = first.path == second.path
            nested = (
                truth(one, "recursiveDirectorySearch") and is_inside(second.path, first.path)
            ) or (truth(two, "recursiveDirectorySearch") and is_inside(first.path, second.path))
            if shared or nested:
                yield Report(
                    second.setting.span,
                    f"{one} reads the files of {'this folder' if shared else first.path}, too",
                    "give each source a folder of its own",
                    related=(first.setting.span, str(one)),
                )


def _kept_apart(one: Component, two: Component) -> bool:
    """Whether patterns may keep two sources of one folder apart."""
    keys = ("includePattern", "ignorePattern")
    patterns = [tuple(each.text(key) for key in keys) for each in (one, two)]
    return patterns[0] != patterns[1] and any(any(each) for each in patterns)


@rule(
    "sink-writes-into-spool",
    Severity.LOSES_DATA,
    summary="a file_roll sink writes into the folder of a spooldir source",
    flume="The source reads what the sink has written so far, and renames the file. The sink goes "
    "on writing to the renamed file, which is never read again. Flume logs nothing; if the file "
    "grows at the wrong moment, the source stops for good.",
    harm="Nearly all events are lost: of 115 lines that a sink wrote in ten seconds, the source "
    "read one.",
    wrong=changed(SPOOL, ("k1.type = logger", "k1.type = file_roll"))
    + "a1.sinks.k1.sink.directory = /var/spool/flume\n",
    right=changed(SPOOL, ("k1.type = logger", "k1.type = file_roll"))
    + "a1.sinks.k1.sink.directory = /var/lib/flume/out\n",
)
def sink_writes_into_spool(conf: Conf) -> Iterator[Report]:
    for source in _spools(conf):
        folder = place(source, "spoolDir")
        for sink in conf.components(SINK):
            target = place(sink, "sink.directory")
            if folder and target and sink.is_a("file_roll") and is_alive(sink):
                deep = truth(source, "recursiveDirectorySearch")
                if target.path == folder.path or (deep and is_inside(target.path, folder.path)):
                    yield Report(
                        target.setting.span,
                        f"{source} reads this folder, and each file only once, while it grows",
                        "write elsewhere, and rename finished files into the spool folder",
                        related=(folder.setting.span, str(source)),
                    )


@rule(
    "spools-live-logs",
    Severity.RISKY,
    summary="a spooldir source reads a folder in which programs append to files",
    flume="The source reads a file once, renames it, and expects no change after that. If it grows "
    "meanwhile, the source stops for good, because the file has been modified. What a program "
    "appends to the renamed file is never read.",
    harm="Lines are lost, programs lose their log, and the source may read nothing any more.",
    wrong=changed(SPOOL, ("/var/spool/flume", "/var/log/httpd")),
    right=SPOOL,
)
def spools_live_logs(conf: Conf) -> Iterator[Report]:
    for source in _spools(conf):
        folder = place(source, "spoolDir")
        if folder and is_inside(folder.path, "/var/log") and "spool" not in folder.path.lower():
            yield Report(
                folder.setting.span,
                "programs append to files in /var/log; a spooldir source reads a file only once",
                "read growing files with type = TAILDIR, or rename finished files into a folder",
            )


@rule(
    "reads-unfinished-files",
    Severity.RISKY,
    summary="the spool folder holds temporary or packed files that no pattern leaves out",
    flume="A spooldir source reads every file whose name has no dot at its start, as lines. A "
    "temporary file changes later, and the source stops for good; of a packed file the bytes "
    "become events.",
    harm="Events are garbage, or the source reads nothing any more.",
    wrong=changed(SPOOL, ("/var/spool/flume", "FOLDER")),
    right=changed(
        SPOOL,
        (
            "spoolDir = /var/spool/flume\n",
            "spoolDir = FOLDER\na1.sources.r1.ignorePattern = .*\\\\.(tmp|gz)\n",
        ),
    ),
    files=("access.log", "access.log.1.gz"),
)
def reads_unfinished_files(conf: Conf) -> Iterator[Report]:
    """The only rule that looks into a folder: it reads the names, if the folder exists here."""
    for source in _spools(conf):
        folder = place(source, "spoolDir")
        name = _unwanted(folder.path, source) if folder and folder.path.startswith("/") else None
        if folder and name:
            yield Report(
                folder.setting.span,
                f"the folder holds {name}, and the source would read it as lines",
                f"write {source.prefix}ignorePattern = {_ignore(name)}",
            )


def _unwanted(folder: str, source: Component) -> str | None:
    include = compiled(source.text("includePattern", ".*"))
    ignore = compiled(source.text("ignorePattern", "^$"))
    suffix = source.text("fileSuffix", ".COMPLETED")
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in islice(entries, FILES_MAX))
    except (OSError, ValueError):  # a NUL in the path is a ValueError
        return None
    for name in names:
        if name.startswith(".") or name.endswith(suffix) or not include or not ignore:
            continue
        read = include.fullmatch(name) and not ignore.fullmatch(name)
        if read and (_UNFINISHED.fullmatch(name) or _PACKED.fullmatch(name)):
            return name
    return None


def _ignore(name: str) -> str:
    found = _UNFINISHED.fullmatch(name) or _PACKED.fullmatch(name)
    ending = found[1].lstrip(".") if found else "tmp"
    return f".*{ending}" if ending == "~" else f".*\\\\.{ending}"


@rule(
    "tracker-folder",
    Severity.IDLE,
    summary="a spooldir source cannot write how far it has read",
    flume="The source notes its position in trackerDir. It makes that folder, but not the one "
    "above; where it cannot, it does not start: `Unable to mkdir nonexistent meta directory`.",
    harm="Nothing is read, and Flume tries again every few seconds without end.",
    wrong=changed(
        SPOOL, ("/var/spool/flume\n", "/var/spool/flume\na1.sources.r1.trackerDir = /proc/flume\n")
    ),
    right=changed(
        SPOOL, ("/var/spool/flume\n", "/var/spool/flume\na1.sources.r1.trackerDir = .position\n")
    ),
)
def tracker_folder(conf: Conf) -> Iterator[Report]:
    for source in _spools(conf):
        tracker = place(source, "trackerDir")
        if not tracker:
            continue
        if any(is_inside(tracker.path, root) for root in ("/proc", "/sys")):
            why = "nothing can be written there"
        elif "/" in tracker.path and not tracker.path.startswith("/") and ":" not in tracker.path:
            why = "Flume makes only the last folder of a path"
        elif os.path.isdir(tracker.path) and not os.access(tracker.path, os.W_OK):  # noqa: PTH112
            why = "this user may not write there"
        else:
            continue
        yield Report(
            tracker.setting.span,
            f"the source cannot use {tracker.path}: {why}",
            f"leave trackerDir out ({TRACKER} in the spool folder), or name a folder that it may "
            "write to",
            severity=Severity.RISKY if "this user" in why else None,
        )


@rule(
    "deletes-what-memory-holds",
    Severity.RISKY,
    summary="files are deleted while their events are only in memory",
    flume="When deletePolicy is immediate, the source deletes a file when its last line is in the "
    "channel. A memory channel has not stored it.",
    harm="When the agent is killed, the events in the channel are gone, and so is the file.",
    wrong=changed(
        SPOOL, ("/var/spool/flume\n", "/var/spool/flume\na1.sources.r1.deletePolicy = immediate\n")
    ),
    right=SPOOL,
)
def deletes_what_memory_holds(conf: Conf) -> Iterator[Report]:
    for source in _spools(conf):
        policy = source.get("deletePolicy")
        if not policy or policy.value.lower() != "immediate":
            continue
        for channel in conf.components(CHANNEL):
            names = source.text("channels").split()
            if channel.agent is source.agent and channel.name in names and channel.is_a("memory"):
                yield Report(
                    policy.span,
                    f"a crash loses what {channel} holds, and the file is already deleted",
                    f"write {channel.prefix}type = file, or deletePolicy = never",
                    related=(channel.place, str(channel)),
                )
                break


@rule(
    "line-limit",
    Severity.NOTE,
    summary="a spooldir source splits long lines",
    flume="The LINE deserializer makes several events of a line that is longer than "
    f"`deserializer.maxLineLength`, by default {LINE_CHARACTERS} characters. It logs `truncating "
    "line!`, but nothing is cut off: the rest is the next event.",
    harm="Half a JSON object is no JSON object, and counts of lines are too high.",
    wrong=changed(SPOOL, ("a1.sources.r1.deserializer.maxLineLength = 65536\n", "")),
    right=SPOOL,
)
def line_limit(conf: Conf) -> Iterator[Report]:
    for source in _spools(conf):
        kind = source.text("deserializer", "LINE").upper()
        if kind == "LINE" and not source.get("deserializer.maxLineLength"):
            yield Report(
                source.place,
                f"lines of more than {LINE_CHARACTERS} characters become several events",
                f"for longer ones write {source.prefix}deserializer.maxLineLength = 1048576",
            )
