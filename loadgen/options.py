"""The command lines: every option, and what makes it invalid."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NoReturn, TypeVar

from loadgen.errors import UsageError
from loadgen.scenarios import SCENARIOS

N = TypeVar("N", int, float)

ADDRESS_FORMS = "tcp://host:port, kafka://host:port/topic or s3://bucket/prefix"
LINES = 10_000
LINES_PER_FILE = 10_000  # with fewer, a file's three fsyncs cost more than its lines
LINES_PER_FILE_MAX = 1_000_000  # a file is made in memory: about 600 MB for this many lines


DESTINATIONS = {
    "kafka": re.compile(
        r"(?P<servers>[^/\s]+:[0-9]{1,5})/(?P<topic>(?!\.{1,2}$)[A-Za-z0-9._-]{1,249})"
    ),
    "s3": re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>.*))?"),
    "tcp": re.compile(r"(?P<host>[^:/\[\]]+|\[[0-9a-fA-F:.]+\]):(?P<port>[0-9]{1,5})/?"),
}


@dataclass(frozen=True)
class Destination:
    """Where `--to` sends the lines instead of into a spool directory."""

    url: str
    scheme: str
    parts: Mapping[str, str]  # the groups of its pattern in `DESTINATIONS`

    def __getitem__(self, part: str) -> str:
        return self.parts[part]


class Rotation(StrEnum):
    """What happens to a full log."""

    RENAME = "rename"
    """``access.log`` becomes ``access.log.1``, and ``.1`` becomes ``.2``, as with logrotate."""
    COPY = "copy"
    """It is copied to ``access.log.1`` and truncated: logrotate's copytruncate."""
    NAME = "name"
    """It keeps its name, and the next lines go to ``access-1.log``, then to ``access-2.log``."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Report the error in one line, instead of argparse's two lines with the usage."""
        if not message.startswith("argument "):
            message = f"argument command line: {message}"
        place, _, fact = message.removeprefix("argument ").partition(": ")
        fact, _, remedy = fact.partition("; ")
        raise UsageError(place, fact, remedy or f"see python -m {self.prog} --help")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options as attributes. Raises UsageError; SystemExit after --help."""
    parser = _Parser(
        prog="loadgen",
        usage="python -m loadgen (--spool DIR | --append FILE | --to ADDRESS) --ledger FILE "
        "[options]",
        description="Generate seeded lines and write them, file by file, into a Flume spool "
        "directory or elsewhere. The truth about each file is first written to a ledger.",
        epilog="The same options and seed give the same bytes. Several loadgens may share a spool "
        "directory and its ledger. Exit codes: 0 sent or stopped by a signal, 1 failed, 2 wrong "
        "usage.",
        allow_abbrev=False,
    )
    _add_places(parser, spool_required=False)
    add = parser.add_argument
    # fmt: off
    add("--to", type=_destination, metavar="ADDRESS",
        help="send the lines there instead of into a spool directory: tcp://host:port serves them "
        "to one client after another, kafka://host:port/topic sends one message per line, "
        "s3://bucket/prefix puts one object per file")
    add("--append", type=_path, metavar="FILE",
        help="append the lines to this log, which grows as a web server's does")
    add("--rotate-every", type=_number(int, 1), metavar="N",
        help="begin a new log once it has N lines (default: never)")
    add("--rotate-by", type=_rotation, metavar="HOW",
        help="rename: FILE becomes FILE.1, as with logrotate; copy: it is copied to FILE.1 and "
        "truncated, as with copytruncate; name: the next log has a number in its name (default: "
        "rename)")
    _add_scenario(parser, "what the lines look like")
    add("--lines", type=_number(int, 0), metavar="N",
        help=f"how many lines to send; 0 only cleans up after a crash (default: {LINES:,}; with "
        "--replay, all lines of the file)")
    add("--lines-per-file", type=_number(int, 1, LINES_PER_FILE_MAX), metavar="N",
        help=f"default: {LINES_PER_FILE:,}, but no more than --rate gives in a second; with "
        "--append, the lines of one write: no more than --rate gives in a tenth of a second")
    add("--rate", type=_number(float, 0), default=0.0, metavar="R",
        help="lines per second; a file is published when its last line is due (default: 0, as "
        "fast as possible)")
    add("--seed", type=_number(int), default=1, metavar="N", help="default: %(default)s")
    add("--malformed", type=_number(float, 0, 1), default=0.0, metavar="FRACTION",
        help="make this fraction of the lines malformed, 0 to 1 (default: 0)")
    add("--replay", type=_path, metavar="FILE",
        help="send the lines of this log, unchanged, instead of generating some; .gz, .bz2, .xz "
        "and .zst are unpacked; - is standard input")
    add("--json", action="store_true", help="print the summary as JSON on stdout")
    add("--stay", action="store_true",
        help="after sending, keep running until SIGTERM, for a container in which further loadgens "
        "are started")
    # fmt: on
    options = parser.parse_args(arguments)

    _require_sense(options)
    if options.lines is None and not options.replay:
        options.lines = LINES
    if options.lines_per_file is None:
        a_write = options.rate / 10 if options.append else options.rate
        wanted = min(int(a_write) if options.rate else LINES_PER_FILE, LINES_PER_FILE)
        options.lines_per_file = max(1, min(wanted, options.rotate_every or LINES_PER_FILE))
    return options


def _require_sense(options: argparse.Namespace) -> None:
    """Raise UsageError for options that exclude each other, or lack another one."""
    if options.replay and options.malformed:
        raise UsageError("--malformed", "a replayed file is sent unchanged", "leave one option out")
    if options.append and options.to:
        raise UsageError("--append", "lines go to one place", "leave out --to or --append")
    for rotation in ("rotate_every", "rotate_by"):
        if getattr(options, rotation) and not options.append:
            option = f"--{rotation.replace('_', '-')}"
            raise UsageError(option, "only a log that grows is rotated", "give --append FILE")
    if not (options.to or options.spool or options.append):
        raise UsageError("--spool", "is missing", "give a directory, or a destination with --to")
    folder = options.append.parent if options.append else options.spool
    ledger = options.ledger.resolve()
    if folder and ledger.parent == folder.resolve() and not ledger.name.startswith("."):
        raise UsageError(
            "--ledger", "Flume would send a file in the spool directory", "put it elsewhere"
        )


def parse_audit(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options of `loadgen.audit`. Raises UsageError; SystemExit after --help."""
    parser = _Parser(
        prog="loadgen.audit",
        usage="python -m loadgen.audit --spool DIR --ledger FILE",
        description="Count the lines that were generated (from the ledger) and those in the spool "
        "directory (from its files); print both as JSON on stdout.",
        allow_abbrev=False,
    )
    _add_places(parser)
    return parser.parse_args(arguments)


def parse_expected(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options of `loadgen.expected`. Raises UsageError; SystemExit after --help."""
    parser = _Parser(
        prog="loadgen.expected",
        usage="python -m loadgen.expected --ledger FILE --scenario NAME [options]",
        description="Compute from the events in the ledger what a program must find in all the "
        "lines that were sent; print it as JSON on stdout.",
        allow_abbrev=False,
    )
    add, seconds = parser.add_argument, _number(int, 1)
    # fmt: off
    _add_ledger(parser)
    _add_scenario(parser, "which lines to count")
    add("--window", type=seconds, metavar="SECONDS",
        help="also count by windows of event time of this length")
    add("--slide", type=seconds, metavar="SECONDS",
        help="from one window's start to the next one's (default: a whole window)")
    add("--gap", type=seconds, metavar="SECONDS",
        help="also list each user's sessions: an event more than this after the user's last one "
        "begins a new session")
    add("--late", type=_number(int, 0), metavar="SECONDS",
        help="leave out events whose time is more than this before the latest time sent so far "
        "(default: leave out none)")
    # fmt: on
    options = parser.parse_args(arguments)

    fields = SCENARIOS[options.scenario].fields
    if options.slide and not options.window:
        raise UsageError("--slide", "there are no windows without --window", "give both")
    if options.slide and options.slide > options.window:
        raise UsageError(
            "--slide", "events between two windows would not be counted", "give at most --window"
        )
    if options.window and not fields:
        raise UsageError(
            "--window", f"for {options.scenario} the ledger has totals only", "leave it out"
        )
    if options.gap and "user" not in fields:
        raise UsageError("--gap", f"{options.scenario} has no users' sessions", "leave it out")
    return options


def _add_places(parser: argparse.ArgumentParser, spool_required: bool = True) -> None:
    parser.add_argument(
        "--spool",
        type=_path,
        required=spool_required,
        metavar="DIR",
        help="the directory that Flume's spooldir source watches; must exist",
    )
    _add_ledger(parser)


def _add_ledger(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ledger",
        type=_path,
        required=True,
        metavar="FILE",
        help="JSON lines, one per file; belongs to one spool directory; missing means empty",
    )


def _add_scenario(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--scenario",
        type=_scenario,
        default="access-log",
        metavar="NAME",
        help=f"{what}: {', '.join(SCENARIOS)} (default: %(default)s)",
    )


def _number(kind: type[N], least: float = -math.inf, most: float = math.inf) -> Callable[[str], N]:
    """Return a converter for argparse."""
    wanted = "a whole number" if kind is int else "a number"
    if least > -math.inf:
        wanted += f" from {least:,} " + ("up" if most == math.inf else f"to {most:,}")

    def convert(text: str) -> N:
        try:
            value = kind(text)
            if least <= value <= most and value != math.inf:  # NaN is not in the range, either
                return value
        except ValueError:
            pass
        raise argparse.ArgumentTypeError(f"{text!r} cannot be used; give {wanted}")

    return convert


def _path(text: str) -> Path:
    if not text:  # for example from an unset variable; Path would make it the current directory
        raise argparse.ArgumentTypeError("is empty; give a path")
    return Path(text)


def _destination(text: str) -> Destination:
    scheme, _, rest = text.partition("://")
    if scheme in DESTINATIONS and (match := DESTINATIONS[scheme].fullmatch(rest)):
        parts = match.groupdict(default="")
        if int(parts.get("port", 0)) < 1 << 16:
            return Destination(text, scheme, parts)
    raise argparse.ArgumentTypeError(f"{text!r} cannot be used; give {ADDRESS_FORMS}")


def _rotation(text: str) -> Rotation:
    try:
        return Rotation(text)
    except ValueError:
        choices = ", ".join(Rotation)
        raise argparse.ArgumentTypeError(f"{text!r} is unknown; choose from {choices}") from None


def _scenario(text: str) -> str:
    if text not in SCENARIOS:
        raise argparse.ArgumentTypeError(f"{text!r} is unknown; choose from {', '.join(SCENARIOS)}")
    return text
