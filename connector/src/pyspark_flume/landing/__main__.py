"""``python -m pyspark_flume.landing ls|verify|cat DIR``: look into a landing log.

It works while a writer runs. Exit codes: 0 fine, 1 damaged, 2 usage (no log there, no such offset).
This command is the only part of the package that knows what an event is.
"""

import argparse
import base64
import json
import os
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from pyspark_flume.errors import EventCorrupt, FlumeError, LandingCorrupt
from pyspark_flume.events.event_positions import scan_events
from pyspark_flume.events.record import decode_events
from pyspark_flume.landing.consumers import committed
from pyspark_flume.landing.reader import Block, Landing
from pyspark_flume.landing.verify import verify
from pyspark_flume.units import MIB


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader, such as head, has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (LandingCorrupt, EventCorrupt) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except FlumeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pyspark_flume.landing",
        description="Look into a landing log, even while a writer runs.",
        epilog="Exit codes: 0 fine, 1 damaged, 2 usage.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, text in (
        ("ls", _ls, "segments and consumers"),
        ("verify", _verify, "check every byte: checksums, markers, events, index"),
        ("cat", _cat, "print events, one a line: the body, or JSON"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("dir", type=Path, metavar="DIR", help="the log's folder")
        command.add_argument("--json", action="store_true", help="print JSON")
        command.set_defaults(run=run)
    command.add_argument("--from", type=int, dest="start", metavar="N", help="first event")
    command.add_argument("--to", type=int, dest="end", metavar="M", help="first event not to print")
    return parser


def _ls(options: argparse.Namespace) -> int:
    log = Landing(options.dir)
    infos, consumers = log.segments(), committed(options.dir)
    if options.json:
        segments = [{**asdict(info), "path": str(info.path)} for info in infos]
        print(json.dumps({"id": log.id, "segments": segments, "consumers": consumers}, indent=2))
        return 0
    print(f"{'first event':>20} {'events':>12} {'blocks':>8} {'MiB':>9}  last arrival (UTC)")
    for info in infos:
        mebibytes = info.length / MIB
        print(
            f"{info.first:>20} {info.end - info.first:>12} {info.blocks:>8} {mebibytes:>9.1f}  "
            f"{_time(info.last_arrival_ms)}"
        )
    for name, events in consumers.items():
        print(f"{events:>20} committed by {name}")
    return 0


def _time(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "-"
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _verify(options: argparse.Namespace) -> int:
    verdicts = []
    for verdict in verify(options.dir, scan_events, _show_progress):
        verdicts.append(verdict)
        if not options.json:
            _clear_progress()
            state = "DAMAGED" if verdict.damage else "ok"
            print(f"{verdict.segment}  {verdict.end - verdict.first:>12} events  {state}")
            for line in verdict.damage:
                print(textwrap.fill(line, 80, initial_indent="    ", subsequent_indent="      "))
            if verdict.unindexed and not verdict.damage:
                print(f"    {verdict.unindexed} bytes not in the index yet")
    if options.json:
        print(json.dumps([asdict(verdict) for verdict in verdicts], indent=2))
    return 1 if any(verdict.damage for verdict in verdicts) else 0


def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        text = f"{done / MIB:.0f} of {total / MIB:.0f} MiB"
        print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)


def _clear_progress() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _cat(options: argparse.Namespace) -> int:
    log = Landing(options.dir)
    start = log.earliest() if options.start is None else options.start
    end = log.latest() if options.end is None else options.end
    for block in log.blocks(start, end):
        _print_events(block, start, end, options.json)
    return 0


def _print_events(block: Block, start: int, end: int, as_json: bool) -> None:
    for offset, (headers, body) in enumerate(decode_events(bytes(block.items)), block.first):
        if not start <= offset < end:
            continue
        if as_json:
            event = {"offset": offset, "arrival_ms": block.arrival_ms, "headers": headers}
            sys.stdout.write(json.dumps(event | _body(body)) + "\n")
        else:
            sys.stdout.buffer.write(body + b"\n")


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}


if __name__ == "__main__":
    sys.exit(main())
