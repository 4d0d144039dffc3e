"""`python -m loadgen.expected`: what a program must find in all the lines that were sent.

The answer is computed from the events in the ledger, as the generator drew them, and not from the
files. Times are event times. Windows begin at multiples of the slide since 1970, as in Spark. Any
number of processes may have shared the ledger.

    {"scenario": "orders", "lines": 3, "malformed": 1,
     "totals": {"tea": {"events": 2, "quantity": 3, "cents": 990}},
     "late": [],
     "windows": [{"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T01:00:00Z", "key": "tea",
                  "events": 2, "quantity": 3, "cents": 990}]}

with --window 3600. `key` is the URL, product, device, hashtag or action. For `sensors` the planted
`faults` are listed too; for `actions`, with --gap, the `sessions`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from loadgen import ledger as ledgers
from loadgen import options
from loadgen.errors import LedgerError, exit_code
from loadgen.report import print_to
from loadgen.scenarios import SCENARIOS, Scenario, stamp

Event = dict[str, Any]
"""An event's values by field. `late` is how many seconds its time is before the latest time that
was sent earlier."""


def expected(
    entries: Iterable[ledgers.Entry],
    scenario: str,
    *,
    window: int | None = None,
    slide: int | None = None,
    gap: int | None = None,
    late: int | None = None,
) -> dict[str, Any]:
    """Return the object that `python -m loadgen.expected` prints; all parameters are seconds.

    :param slide: from one window's start to the next one's; default: `window`
    :param gap: an event up to this long after a session's last one belongs to that session
    :param late: events later than this are left out, as a watermark does, and listed as `late`

    Raises LedgerError for an entry that lacks a field of its scenario.
    """
    kind = SCENARIOS[scenario]
    entries = [entry for entry in entries if entry.name.rpartition("-")[0] == scenario]
    events = list(_as_sent(entries, kind))
    counted = [event for event in events if late is None or event["late"] <= late]
    total = ledgers.total(entries)
    found: dict[str, Any] = {
        "scenario": scenario,
        "lines": total.lines,
        "malformed": total.malformed,
        "totals": {url: {"events": count} for url, count in total.urls.items()}
        | {key: sums for (_, key), sums in _sums(counted, kind, lambda _: (0,)).items()},
        "late": [_shown(event) for event in events if event["late"] > (late or 0)],
    }
    if window:
        found["windows"] = _windows(counted, kind, window, slide or window)
    if gap is not None:
        found["sessions"] = _sessions(counted, gap)
    if "fault" in kind.fields:
        found["faults"] = [_shown(event) for event in counted if event["fault"]]
    return found


def _as_sent(entries: Iterable[ledgers.Entry], kind: type[Scenario]) -> Iterator[Event]:
    latest: int | None = None
    for entry in entries:
        if entry.events is None:
            continue
        if set(entry.events) != set(kind.fields):
            raise LedgerError(
                entry.name,
                f"its events do not have the fields {', '.join(kind.fields)}",
                "use the version of loadgen that wrote the ledger",
            )
        for values in zip(*entry.events.values(), strict=True):
            event = dict(zip(entry.events, values, strict=True))
            latest = event["time"] if latest is None else max(latest, event["time"])
            yield event | {"late": latest - event["time"]}


def _sums(
    events: Iterable[Event], kind: type[Scenario], starts: Callable[[int], Iterable[int]]
) -> dict[tuple[int, str], Counter[str]]:
    """Count the events and sum up their values, by window and key."""
    sums: defaultdict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for event in events:
        keys = event[kind.key] if isinstance(event[kind.key], list) else [event[kind.key]]
        for start in starts(event["time"]):
            for key in keys:
                group = sums[start, key]
                group["events"] += 1
                for name in kind.sums:
                    group[name] += event[name]
    return sums


def _windows(events: list[Event], kind: type[Scenario], width: int, slide: int) -> list[Event]:
    def starts(time: int) -> Iterable[int]:
        return range(time // slide * slide, time - width, -slide)

    return [
        {"start": stamp(start), "end": stamp(start + width), "key": key, **sums}
        for (start, key), sums in sorted(_sums(events, kind, starts).items())
    ]


def _sessions(events: list[Event], gap: int) -> list[Event]:
    sessions: list[Event] = []
    for event in sorted(events, key=lambda event: (event["user"], event["time"])):
        user, time = event["user"], event["time"]
        last = sessions[-1] if sessions else None
        if last and last["user"] == user and time - last["end"] <= gap:
            last["end"] = time
            last["events"] += 1
        else:
            sessions.append({"user": user, "start": time, "end": time, "events": 1})
    return [
        session | {"start": stamp(session["start"]), "end": stamp(session["end"])}
        for session in sessions
    ]


def _shown(event: Event) -> Event:
    return event | {"time": stamp(event["time"])}


def main(arguments: list[str] | None = None) -> int:
    """Run with these arguments (default: the process's own) and return the exit code."""

    def run() -> None:
        given = options.parse_expected(arguments)
        entries = ledgers.read(given.ledger)
        found = expected(
            entries,
            given.scenario,
            window=given.window,
            slide=given.slide,
            gap=given.gap,
            late=given.late,
        )
        print_to(json.dumps(found), sys.stdout)

    return exit_code(run)


if __name__ == "__main__":
    sys.exit(main())
