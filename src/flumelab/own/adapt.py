"""Replaces what a conf names and this machine does not have by something of the lab.

The file itself stays as it is: the agent gets a copy with further assignments at its end, and the
last of several assignments to one key counts. Each replacement is reported in one sentence.
"""

import codecs
import os
import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import flumelint
from flumelab.errors import LabError
from flumelab.own.conf import SPARK_SINK, AgentConf, Component

Ask = Callable[[str, Path], Path]
LOCALHOST = "127.0.0.1"
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared, not listened on
_TAIL = re.compile(r"\btail\s.*?(?P<file>/\S+)\s*$")


@dataclass(frozen=True)
class Replacement:
    """``key = value``, and the sentence that reports it to the user."""

    key: str
    value: str
    told: str


class Folders:
    """Where the lab puts paths that do not exist.

    :param root: the lab's folder for them
    :param mapped: ``{"/home/maria_dev/spool": Path("spool")}``, the user's own choice
    :param ask: called with a source's folder that does not exist and with the lab's own place for
        it; returns the user's choice. None: the lab's own place is used.
    """

    def __init__(self, root: Path, mapped: Mapping[str, Path], ask: Ask | None = None) -> None:
        self._root = root
        self._mapped = {PurePosixPath(old): new for old, new in mapped.items()}
        self._ask = ask

    @property
    def mapped(self) -> dict[str, Path]:
        """The user's choices, with those that were asked for."""
        return {str(old): new for old, new in self._mapped.items()}

    def place(self, path: str, reading: bool = False) -> Path | None:
        """Return the folder or file that replaces `path`; None if `path` itself can be used.

        :param reading: whether nothing is written there
        """
        pure = _without_scheme(path)
        for old, new in self._mapped.items():
            if pure == old or old in pure.parents:
                return new.absolute() / pure.relative_to(old)
        if not path.startswith("hdfs:"):
            readable = reading and os.access(pure, os.R_OK | os.X_OK)
            if readable or is_usable(Path(pure)):
                return None
        return self.inside(path)

    def offer(self, folder: str) -> None:
        """Let the user choose a place for a source's folder, if it cannot be used."""
        new = self.place(folder)
        if self._ask and new and self.owns(str(new)):
            self.use(folder, self._ask(folder, new))

    def use(self, path: str, place: Path) -> None:
        """Let `place` replace `path`."""
        self._mapped[_without_scheme(path)] = place

    def owns(self, path: str) -> bool:
        """Whether a path is one of the lab's own places."""
        return self._root in Path(_without_scheme(path)).parents

    def inside(self, path: str) -> Path:
        """Return the lab's own place for an absolute path, whether the path exists or not."""
        return self._root / str(_without_scheme(path)).lstrip("/")


def _without_scheme(path: str) -> PurePosixPath:
    return PurePosixPath(re.sub(r"^(?:file|hdfs)://[^/]*", "", path) or "/")


def is_usable(path: Path) -> bool:
    """Whether the path, or a new folder at it, can be written without making others first."""
    # Path.exists would raise where a folder above cannot be entered.
    there = path if os.access(path, os.F_OK) else path.parent
    return os.access(there, os.W_OK) and there.is_dir()


def is_local(host: str) -> bool:
    """Whether an address or a host name belongs to this machine."""
    if host in ANY_ADDRESS:
        return True
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        with socket.socket(found[0][0], socket.SOCK_STREAM) as probe:
            probe.bind((found[0][4][0], 0))
    except (OSError, UnicodeError):  # the latter for what cannot be a name, such as a..b
        return False
    return True


def adapt(conf: AgentConf, folders: Folders, fed: str | None = None) -> list[Replacement]:
    """Find what has to be replaced before the agent can run here.

    :param fed: the source that is fed with the user's log; it gets a spool folder of its own, so
        that the conf's real folder stays untouched
    """
    found: list[Replacement] = []
    for source in conf.sources.values():
        found += _source(source, folders, fed == source.name)
    for channel in conf.channels.values():
        found += _channel(channel, folders)
    for sink in conf.sinks.values():
        found += _sink(sink, folders)
    return found


def text_of(conf: AgentConf, replacements: Sequence[Replacement]) -> bytes:
    """The conf that the agent runs: the user's, byte by byte, then the replacements.

    A byte order mark is left out, as Flume takes it for a part of the first key.
    """
    lines = [f"{each.key} = {flumelint.escape(each.value)}" for each in replacements]
    added = "".join(f"\n{line}" for line in ["# Added by the lab:", *lines, ""])
    return conf.file.read_bytes().removeprefix(codecs.BOM_UTF8) + b"\n" + added.encode("ascii")


def _source(source: Component, folders: Folders, fed: bool) -> Iterator[Replacement]:
    if source.is_a("spooldir"):
        yield from _spool(source, folders, fed)
    elif source.is_a("taildir"):
        yield from _tail(source, folders, fed)
    elif source.is_a("exec"):
        yield from _command(source, folders, fed)
    yield from _address(source, "bind", "host")


def _spool(source: Component, folders: Folders, fed: bool) -> Iterator[Replacement]:
    old = source.settings.get("spoolDir", "")
    if not old:
        raise LabError(f"{source.prefix}spoolDir is missing; name the folder with the files")
    if not fed:
        folders.offer(old)
    new = folders.place(old)
    if new is None and fed:
        new = folders.inside(str(Path(old).absolute()))
        reason = "your log is fed into a folder of the lab, and this one stays as it is"
    else:
        reason = f"{old} does not exist"
    if new:
        new.mkdir(parents=True, exist_ok=True)
        yield _replace(source, "spoolDir", str(new), reason)
    tracker = source.settings.get("trackerDir", "")  # a relative one is inside the spool folder
    if tracker.startswith("/") and (other := folders.place(tracker)):
        yield _replace(source, "trackerDir", str(other), f"{tracker} does not exist")


def _command(source: Component, folders: Folders, fed: bool) -> Iterator[Replacement]:
    """Replace the file of a command that tails one; other commands run as they are."""
    command = source.settings.get("command", "")
    tailed = _TAIL.search(command)
    if tailed and not fed:
        folders.offer(tailed["file"].rpartition("/")[0])
    if tailed and (new := folders.place(tailed["file"])):
        new.parent.mkdir(parents=True, exist_ok=True)
        new.touch()
        reason = f"{tailed['file']} does not exist"
        yield _replace(source, "command", command.replace(tailed["file"], str(new)), reason)


def _tail(source: Component, folders: Folders, fed: bool) -> Iterator[Replacement]:
    for group in source.settings.get("filegroups", "").split():
        old = source.settings.get(f"filegroups.{group}", "")
        folder, _, pattern = old.rpartition("/")
        if not fed:
            folders.offer(folder)
        if new := folders.place(f"{folder}/any"):
            new.parent.mkdir(parents=True, exist_ok=True)
            value = f"{new.parent}/{pattern}"
            yield _replace(source, f"filegroups.{group}", value, f"{folder} does not exist")
    position = source.settings.get("positionFile", "/flume/taildir_position.json")
    if new := folders.place(position):
        new.parent.mkdir(parents=True, exist_ok=True)
        reason = f"the folder of {position} does not exist"
        yield _replace(source, "positionFile", str(new), reason)


def _channel(channel: Component, folders: Folders) -> Iterator[Replacement]:
    if not channel.is_a("file"):
        return
    for key, default in (("checkpointDir", "checkpoint"), ("dataDirs", "data")):
        old = channel.settings.get(key, "")
        places = [folders.place(each.strip()) for each in old.split(",")] if old else []
        if old and not any(places):
            continue
        base = f"/flume/{channel.name}/{default}"
        new = [place or old for place in places] or [folders.inside(base)]
        reason = f"{old} does not exist" if old else "the conf names none"
        yield _replace(channel, key, ",".join(map(str, new)), reason)


def _sink(sink: Component, folders: Folders) -> Iterator[Replacement]:
    if sink.is_a("hdfs"):
        path = sink.settings.get("hdfs.path", "hdfs://")
        plain = re.sub(r"/*%.*", "", path)  # %Y-%m-%d is for HDFS alone
        folder = folders.place(plain) or folders.inside(plain)
        folder.mkdir(parents=True, exist_ok=True)
        yield Replacement(
            f"{sink.prefix}type",
            "file_roll",
            f"sink {sink.name}: there is no HDFS here; its events go into files in {folder}",
        )
        yield Replacement(f"{sink.prefix}sink.directory", str(folder), "")
    elif sink.is_a("file_roll"):
        old = sink.settings.get("sink.directory", "")
        if old and (new := folders.place(old)):
            new.mkdir(parents=True, exist_ok=True)
            yield _replace(sink, "sink.directory", str(new), f"{old} does not exist")
    elif sink.is_a("avro") or sink.type == SPARK_SINK:
        yield from _address(sink, "hostname")


def _address(component: Component, *keys: str) -> Iterator[Replacement]:
    for key in keys:
        host = component.settings.get(key)
        if host and not is_local(host):
            yield _replace(component, key, LOCALHOST, f"{host} is not this machine")


def _replace(component: Component, key: str, value: str, reason: str) -> Replacement:
    place = f"{component.prefix}{key}"
    return Replacement(place, value, f"{place}: {reason}; {value} takes its place")
