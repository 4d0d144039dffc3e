"""The batches in the landing log, with the lines in each and the time at which each arrived."""

import json
import struct
import sys
import time
from itertools import pairwise
from math import inf
from pathlib import Path

from flumelab.experiments.evidence import Entry, Evidence
from flumelab.experiments.truth import Truth, key_of, ranges
from flumelab.runtimes import commands

ENTRY = struct.Struct(">QQQIII")  # see docs/reference/landing-log.md, "An index"
MOMENT = 0.0005


def note(landing: Path, truth: Truth, evidence: Evidence) -> None:
    """Add the log's batches to the evidence; nothing if there is no log."""
    if not landing.is_dir():
        return
    printed = commands.run(
        [sys.executable, "-m", "pyspark_flume.landing", "cat", str(landing), "--json"], landing
    )
    keys = [key_of(json.loads(line)["body"].encode()) for line in printed.splitlines()]
    numbers = truth.numbers(keys)
    entries = evidence.entries()
    for first, end, arrival in _blocks(landing):
        lines = numbers[first:end]
        t = _between(entries, set(lines), arrival + time.monotonic() - time.time())
        evidence.note("landed", t, first=first, events=end - first, lines=ranges(lines))


def _blocks(landing: Path) -> list[tuple[int, int, float]]:
    """Return the first event, the one after the last, and the arrival in seconds since 1970."""
    found = []
    for index in sorted(landing.glob("*.index")):
        data = index.read_bytes()
        whole = len(data) // ENTRY.size * ENTRY.size
        entries = list(ENTRY.iter_unpack(data[:whole]))
        for (before, *_), (after, _, arrival, *_) in pairwise(entries):
            found.append((before, after, arrival / 1000))
    return found


def _between(entries: list[Entry], lines: set[int], t: float) -> float:
    """Put a batch after its request and before its answer: a clock in ms is not exact enough."""
    answers = {entry["id"]: entry for entry in entries if entry["kind"] == "answer"}
    spans = []
    for entry in entries:
        answer = answers.get(entry.get("id"))
        if entry["kind"] != "request" or (answer and not answer["ok"] and not answer["lost"]):
            continue  # the receiver said that it has not stored it
        held = {n for first, last in entry["lines"] for n in range(first, last + 1)}
        if lines <= held:
            spans.append((entry["t"] + MOMENT, answer["t"] - MOMENT if answer else inf))
    if not spans:
        return t
    begin, end = min(spans, key=lambda span: max(span[0] - t, t - span[1], 0.0))
    return float(min(max(t, begin), end))
