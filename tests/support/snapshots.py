"""Snapshots of a lab for tests: an agent `a1` with a source, a channel and a sink."""

from __future__ import annotations

from typing import Any

from flumelab.own import conf as confs
from flumelab.signs import File, Folder, Part, Sign, Snapshot, find
from flumelab.signs.log_text import log_lines
from flumelab.signs.snapshot import Kind

NOW = 1_764_340_000.0  # 2025-11-28 14:26:40 UTC
STARTED = NOW - 3600
SPOOL = "/data/spool"
CONF = f"""
a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = spooldir
a1.sources.r1.spoolDir = {SPOOL}
a1.sources.r1.channels = c1
a1.channels.c1.type = memory
a1.sinks.k1.type = avro
a1.sinks.k1.hostname = localhost
a1.sinks.k1.port = 4141
a1.sinks.k1.channel = c1
"""
PARTS = (Part("flume", Kind.FLUME, "running"), Part("program", Kind.PROGRAM, "running"))
COUNTERS = {
    "SOURCE.r1": {"EventReceivedCount": "100", "EventAcceptedCount": "100"},
    "CHANNEL.c1": {
        "EventPutAttemptCount": "100",
        "EventPutSuccessCount": "100",
        "EventTakeSuccessCount": "100",
        "ChannelSize": "0",
        "ChannelFillPercentage": "0.0",
    },
    "SINK.k1": {"EventDrainSuccessCount": "100", "ConnectionFailedCount": "0"},
}


def values(conf: str = CONF) -> dict[str, str]:
    """Return the properties of `a1` as a snapshot has them."""
    found = confs.values_of(conf, {})
    return {key[3:]: value for key, value in found.items() if key.startswith("a1.")}


def snapshot(
    *,
    conf: str = CONF,
    counters: dict[str, dict[str, str]] | None = None,
    moved: dict[str, dict[str, float]] | None = None,
    log: str = "",
    program_log: str = "",
    files: tuple[File, ...] = (),
    **more: Any,
) -> Snapshot:
    """Return a snapshot in which everything has moved, apart from what is given.

    :param counters: values that differ, by component
    :param moved: seconds before now at which a counter has last changed
    """
    its = {
        name: {"StartTime": str(int(STARTED * 1000)), "StopTime": "0", **known}
        for name, known in COUNTERS.items()
    }
    for name, changed in (counters or {}).items():
        its[name] = its.get(name, {}) | changed
    times = {name: dict.fromkeys(known, NOW - 1) for name, known in its.items()}
    for name, changed in (moved or {}).items():
        times[name] |= {counter: NOW - seconds for counter, seconds in changed.items()}
    given = {
        "now": NOW,
        "parts": PARTS,
        "logs": {"flume": log_lines(log, NOW), "program": log_lines(program_log, NOW)},
        "counters": its,
        "moved": times,
        "conf": values(conf),
        "agent": "a1",
        "folders": {SPOOL: Folder(SPOOL, files)},
    }
    return Snapshot(**given | more)


def signs(**given: Any) -> dict[str, Sign]:
    """Return the signs of such a snapshot by name."""
    found = find(snapshot(**given))
    by_name = {sign.name: sign for sign in found}
    assert len(by_name) == len(found), found
    return by_name
