"""Counts the lines in the files that an agent's sources read, whoever has put them there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from flumelab.own.conf import AgentConf, Component

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


def files_of(conf: AgentConf) -> list[Path] | None:
    """The files of all sources; None if one source reads something else than lines of files."""
    if not conf.sources or not all(map(_reads_lines, conf.sources.values())):
        return None
    return [file for source in conf.sources.values() for file in _files(source)]


def already_read(conf: AgentConf) -> list[Path] | None:
    """The files that an agent that starts now leaves out; None if they are not known."""
    found: list[Path] = []
    for source in conf.sources.values():
        if source.is_a("spooldir"):
            done = source.settings.get("fileSuffix", DONE)
            found += [file for file in _files(source) if file.name.endswith(done)]
        elif source.is_a("taildir") and _has_positions(source):
            return None
        elif source.is_a("exec") and any(file.stat().st_size for file in _files(source)):
            return None  # tail begins with the last ten lines
    return found


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


def _files(source: Component) -> Iterator[Path]:
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
