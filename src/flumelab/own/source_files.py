"""Counts the lines in the files that an agent's sources read, whoever has put them there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from flumelab.own.conf import AgentConf, Component
from flumelab.own.inputs import LogFile

DONE = ".COMPLETED"  # what a spooldir source appends to the name of a file that it has read
_TAIL = re.compile(r"\btail\s.*?(?P<file>/\S+)\s*$")


def folders_of(source: Component) -> list[str]:
    """The folders that the source reads, as the conf names them."""
    settings = source.settings
    if source.is_a("spooldir"):
        return [settings["spoolDir"]] if "spoolDir" in settings else []
    if source.is_a("taildir"):
        groups = settings.get("filegroups", "").split()
        named = [settings.get(f"filegroups.{group}", "") for group in groups]
        return [file.rpartition("/")[0] for file in named if file.startswith("/")]
    if source.is_a("exec") and (tailed := _TAIL.search(settings.get("command", ""))):
        return [tailed["file"].rpartition("/")[0]]
    return []


def lines_of(conf: AgentConf) -> int | None:
    """Lines in the files of all sources; None if one source reads something else than lines."""
    if not read_lines(conf):
        return None
    return sum(
        LogFile(file).count() for source in conf.sources.values() for file in files_of(source)
    )


def read_lines(conf: AgentConf) -> bool:
    """Whether every source reads files, line by line."""
    return bool(conf.sources) and all(map(_reads_lines, conf.sources.values()))


def already_read(conf: AgentConf) -> int | None:
    """Lines of `lines_of` that an agent that starts now leaves out; None if they are not known."""
    lines = 0
    for source in conf.sources.values():
        if source.is_a("spooldir"):
            done = source.settings.get("fileSuffix", DONE)
            files = [file for file in files_of(source) if file.name.endswith(done)]
            lines += sum(LogFile(file).count() for file in files)
        elif source.is_a("taildir") and _has_positions(source):
            return None
        elif source.is_a("exec") and any(file.stat().st_size for file in files_of(source)):
            return None  # tail begins with the last ten lines
    return lines


def _reads_lines(source: Component) -> bool:
    settings = source.settings
    if source.is_a("spooldir"):
        kept = settings.get("deletePolicy", "never").lower() == "never"
        return kept and settings.get("deserializer", "LINE").upper() == "LINE"
    if source.is_a("taildir"):
        return settings.get("skipToEnd", "false").lower() == "false"
    return source.is_a("exec") and bool(folders_of(source))


def _has_positions(source: Component) -> bool:
    file = Path(source.settings.get("positionFile", ""))
    try:
        return bool(json.loads(file.read_text()))
    except (OSError, ValueError):
        return False


def files_of(source: Component) -> Iterator[Path]:
    """Yield the files that a source reads or has read."""
    settings = source.settings
    if source.is_a("spooldir"):
        folder = Path(settings["spoolDir"])
        deep = settings.get("recursiveDirectorySearch", "false").lower() == "true"
        done = settings.get("fileSuffix", DONE)
        for file in sorted(folder.rglob("*") if deep else folder.glob("*")):
            name = file.name.removesuffix(done)
            hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
            if file.is_file() and not hidden and is_read(source, name):
                yield file
    elif source.is_a("exec"):
        tailed = _TAIL.search(settings["command"])
        if tailed and Path(tailed["file"]).is_file():
            yield Path(tailed["file"])
    for group in settings.get("filegroups", "").split():
        parent, _, pattern = settings.get(f"filegroups.{group}", "").rpartition("/")
        for file in sorted(Path(parent).glob("*")):
            if file.is_file() and re.fullmatch(pattern, file.name):
                yield file


def is_read(source: Component, name: str) -> bool:
    """Whether a spooldir source's own patterns let it read a file of this name."""
    include = source.settings.get("includePattern", "^.*$")
    ignore = source.settings.get("ignorePattern", "^$")
    return bool(re.fullmatch(include, name)) and not re.fullmatch(ignore, name)
