"""Sends the user's log to a source, in the form that the source reads."""

import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from flumelab.errors import LabError
from flumelab.own import feed_network
from flumelab.own.conf import AgentConf, Component
from flumelab.own.inputs import LogFile, copy
from flumelab.own.source_files import DONE, is_read

LINE_CHARACTERS = 2048  # spooldir's default deserializer.maxLineLength
SYSLOG_BYTES = 2500  # the default eventSize


def source_to_feed(conf: AgentConf) -> Component:
    """Return the source to feed with the log; raises `LabError` if there is not exactly one."""
    found = [source for source in conf.sources.values() if _feeder(source)]
    if not found:
        kinds = ", ".join(f"{s.name} ({s.type})" for s in conf.sources.values()) or "none"
        raise LabError(
            f"{conf.file}: the lab can feed no source of this conf; sources: {kinds}. "
            "Leave --input out and feed it yourself"
        )
    if len(found) > 1:
        names = ", ".join(source.name for source in found)
        raise LabError(
            f"{conf.file}: the lab could feed {names}; leave --input out and feed them yourself"
        )
    return found[0]


def feed(source: Component, files: Sequence[LogFile]) -> int:
    """Send every file and return the number of lines. Raises `LabError`.

    :param source: the source, with the settings that the agent runs with
    """
    feeder = _feeder(source)
    assert feeder
    try:
        feeder(source, files)
    except OSError as error:  # also of requests
        fact = error.strerror or error
        raise LabError(
            f"source {source.name} ({source.type}) does not take the log: {fact}; see Flume's log"
        ) from None
    return sum(file.count() for file in files)


def warnings(source: Component, files: Sequence[LogFile]) -> Iterator[str]:
    """Yield a sentence for each file of which the source makes other events than its lines."""
    limit = _characters_max(source)
    strict = (
        source.is_a("spooldir")
        and source.settings.get("decodeErrorPolicy", "FAIL").upper() == "FAIL"
        and source.settings.get("inputCharset", "UTF-8").upper() == "UTF-8"
    )
    for file in files:
        long = broken = first_broken = returns = 0
        for number, line in enumerate(file.lines(), 1):
            returns += line.endswith(b"\r")
            long += len(line) >= limit and len(line.decode(errors="replace")) >= limit
            if strict and not _is_utf8(line):
                broken += 1
                first_broken = first_broken or number
        if long:
            yield (
                f"{file.path}: {_lines(long, 'has', 'have')} {limit:,} characters or more, and "
                f"source {source.name} makes several events of each; set {source.prefix}"
                f"{'deserializer.maxLineLength' if source.is_a('spooldir') else 'eventSize'}"
            )
        if broken:
            yield (
                f"{file.path}: {_lines(broken, 'is', 'are')} not UTF-8, and source {source.name} "
                f"stops at the first, line {first_broken}; set {source.prefix}decodeErrorPolicy = "
                "REPLACE, or inputCharset to the log's"
            )
        if returns and source.is_a("spooldir"):
            yield (
                f"{file.path}: {_lines(returns, 'ends', 'end')} with CR LF, as on Windows, and the "
                "events keep the CR; let the program strip it, or convert the log with dos2unix"
            )


def _lines(number: int, one: str, more: str) -> str:
    return f"{number:,} line {one}" if number == 1 else f"{number:,} lines {more}"


def _characters_max(source: Component) -> float:
    """The shortest line that the source splits."""
    settings = source.settings
    if source.is_a("spooldir") and settings.get("deserializer", "LINE").upper() == "LINE":
        return int(settings.get("deserializer.maxLineLength", LINE_CHARACTERS))
    if source.is_a("syslogtcp", "multiport_syslogtcp"):
        return int(settings.get("eventSize", SYSLOG_BYTES)) - len("<13>")
    return math.inf


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _feeder(source: Component) -> "Callable[[Component, Sequence[LogFile]], None] | None":
    if source.is_a("exec") and re.search(r"\btail\b", source.settings.get("command", "")):
        return _append_for_tail
    for name, feeder in _FEEDERS.items():
        if source.is_a(name):
            return feeder
    return None


def _spool(source: Component, files: Sequence[LogFile]) -> None:
    """Put the files into the source's folder, under names that Flume has not read yet."""
    done = source.settings.get("fileSuffix", DONE)
    for file in files:
        _require_read(source, file.name)
        name = unused_name(Path(source.settings["spoolDir"]), file.name, done)
        _require_read(source, name)
        move_into(Path(source.settings["spoolDir"]), file, name)


def move_into(folder: Path, file: LogFile, name: str) -> None:
    """Write a hidden file, then rename it: Flume stops for good at a file that changes."""
    hidden = folder / f".{name}.new"
    with hidden.open("wb") as target:
        copy(file, target)
    hidden.rename(folder / name)


def unused_name(folder: Path, name: str, done: str = DONE) -> str:
    """Return ``access.2.log`` for the second ``access.log``: Flume reads a name once."""
    stem, suffix = Path(name).stem, Path(name).suffix
    names = itertools.chain([name], (f"{stem}.{number}{suffix}" for number in itertools.count(2)))
    return next(
        each
        for each in names
        if not (folder / each).exists() and not (folder / f"{each}{done}").exists()
    )


def fitting_name(source: Component, name: str) -> str:
    """Return a name for generated lines that the source's own pattern lets it read.

    It is `name` where that fits, and where no simple name fits the pattern.
    """
    if source.is_a("spooldir"):
        pattern = source.settings.get("includePattern", "^.*$")
    else:
        group = next(iter(source.settings.get("filegroups", "").split()), "")
        pattern = source.settings.get(f"filegroups.{group}", ".*").rpartition("/")[2]
    simple = re.sub(r"\.[*+]", "lab", re.sub(r"\\d[*+]?", "1", pattern.strip("^$")))
    simple = re.sub(r"\\(\W)", r"\1", simple.replace("lab" * 2, "lab"))
    for each in (name, simple):
        if "/" not in each and re.fullmatch(pattern, each):
            return each
    return name


def _require_read(source: Component, name: str) -> None:
    """Raise `LabError` if the source's own patterns exclude the name."""
    if is_read(source, name):
        return
    keys = [key for key in ("includePattern", "ignorePattern") if key in source.settings]
    given = " and ".join(f"{key} = {source.settings[key]}" for key in keys)
    raise LabError(f"{source.prefix}{given} excludes {name}; rename it")


def _append_for_taildir(source: Component, files: Sequence[LogFile]) -> None:
    for group in source.settings.get("filegroups", "").split():
        folder, _, pattern = source.settings.get(f"filegroups.{group}", "").rpartition("/")
        for file in files:
            if re.fullmatch(pattern, file.name):
                name = file.name
            elif re.fullmatch(r"[\w.-]+", pattern):
                name = pattern  # a plain name, where a dot is a dot
            else:
                raise LabError(
                    f"{source.prefix}filegroups.{group} = {pattern} does not match {file.name}; "
                    "rename the log"
                )
            _append(Path(folder) / name, file)
        return


def _append_for_tail(source: Component, files: Sequence[LogFile]) -> None:
    target = Path(source.settings["command"].split()[-1])
    for file in files:
        _append(target, file)


def _append(target: Path, file: LogFile) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("ab") as end:
        copy(file, end)


_FEEDERS = {
    "spooldir": _spool,
    "taildir": _append_for_taildir,
    "netcat": feed_network.to_netcat,
    "syslogtcp": feed_network.to_syslog,
    "multiport_syslogtcp": feed_network.to_syslog,
    "http": feed_network.to_http,
}
