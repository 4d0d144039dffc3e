"""The ledger and the counts as the page shows them."""

from dataclasses import replace
from itertools import pairwise

from flumelab import ledger_table
from flumelab.counts import Counts as Totals
from flumelab.ledger import Balance, balance
from flumelab.lessons.catalogue import Lesson
from flumelab.page.readings import Readings
from flumelab.page.state import Counts, Key, Ledger, LedgerHop

KEYS_SHOWN = 20
EMPTY = "EMPTY: the lab has not been fed yet"
PREDICTED = "PREDICTED: flumelab learn compares your numbers with this run"


class Verdict:
    """Compares what was generated with what was counted, only after one of them has changed."""

    def __init__(self) -> None:
        self._seen: object = None
        self._balance: Balance | None = None

    def balance_of(self, readings: Readings) -> Balance | None:
        """Return the balance; None for keys that only the generator's program can compute."""
        if readings.generated is None or not readings.has_urls:
            return None
        hops = readings.hop_counts()
        seen = (
            readings.generated_lines,
            hops.spooled,
            id(hops.counted) if readings.counted else 0,
            [readings.flume.total(name, "EventPutSuccessCount") for name in _names(readings)],
            [readings.flume.total(name, "EventDrainSuccessCount") for name in _names(readings)],
        )
        if seen != self._seen:
            self._seen, self._balance = seen, balance(hops)
        return self._balance


def _names(readings: Readings) -> list[str]:
    return sorted({name for run in readings.flume.runs for name in run})


def ledger_of(found: Balance, flume: bool, moving: bool, seconds: float | None) -> Ledger:
    """Return the ledger with its verdict.

    :param flume: whether the lines go through the spool directory and Flume
    :param moving: whether lines are still on their way, so that a missing one is not lost yet
    """
    if not flume:
        seen = found.generated
        found = replace(found, spooled=seen, flume_received=seen, flume_sent=seen)
    hops = found.hops if flume else [found.hops[0], found.hops[-1]]
    rows = [LedgerHop("generated", ledger_table.HOP_SOURCES["generated"], found.generated, 0)]
    rows += [
        LedgerHop(name, ledger_table.HOP_SOURCES[name], lines, before - lines)
        for (_, before), (name, lines) in pairwise(hops)
    ]
    verdict, says = _verdict(found, moving)
    return Ledger(
        hops=rows,
        verdict=verdict,
        says=says,
        seconds=seconds,
        malformed=found.malformed,
        lost=found.lost,
        duplicated=found.duplicated,
    )


def ledger_of_keys(
    readings: Readings, lesson: Lesson, truth: Totals | None, moving: bool, seconds: float | None
) -> Ledger:
    """Return the ledger of a lesson whose keys are no URLs: what it counts may be no lines.

    :param truth: the right answer; None while it is not known
    """
    flume = readings.flume
    lines = [("generated", readings.generated_lines)]
    if lesson.uses_flume:
        channels = [name for name in _names(readings) if name.startswith("CHANNEL.")]
        received = [flume.total(name, "EventPutSuccessCount") for name in channels]
        lines += [("spooled", readings.spooled), ("Flume received", max(received, default=0))]
        sinks = [name for name in _names(readings) if name.startswith("SINK.")]
        if len(sinks) == 1:
            lines.append(("Flume sent", flume.total(sinks[0], "EventDrainSuccessCount")))
    rows = [LedgerHop("generated", ledger_table.HOP_SOURCES["generated"], lines[0][1], 0)]
    rows += [
        LedgerHop(name, ledger_table.HOP_SOURCES[name], count, before - count)
        for (_, before), (name, count) in pairwise(lines)
    ]
    found = readings.counted.by_key() if readings.counted else {}
    if not readings.generated_lines:
        verdict, says = "empty", EMPTY
    elif not readings.place.compares:
        verdict, says = "none", PREDICTED
    elif truth is None or (moving and found != truth.by_key()):
        verdict, says = "counting", "COUNTING: the right answer is compared once nothing moves"
    elif found == truth.by_key():
        verdict = "balanced"
        says = f"RIGHT: all {len(found):,} keys have the generator's values"
    else:
        made = truth.by_key()
        wrong = sum(found.get(key) != made.get(key) for key in found.keys() | made.keys())
        verdict = "unbalanced"
        says = f"WRONG: {wrong:,} of the generator's {len(made):,} keys differ"
    return Ledger(rows, verdict, says, seconds)


def _verdict(found: Balance, moving: bool) -> tuple[str, str]:
    if not any(lines for _, lines in found.hops):
        return "empty", EMPTY
    if found.settled:
        return "balanced", ledger_table.verdict_of(found)
    if moving and not found.duplicated:
        return "counting", f"COUNTING: {found.lost:,} lines on their way"
    if found.balanced:
        return "right", ledger_table.verdict_of(found)
    return "unbalanced", ledger_table.verdict_of(found)


def counts_of(title: str, generated: Totals | None, counted: Totals | None, moving: bool) -> Counts:
    """Return the keys to show: those that differ first, unless lines still move; then the largest.

    :param generated: None while the generator's numbers are not known
    """
    compared = generated is not None
    made = generated.by_key() if generated else {}
    found = counted.by_key() if counted else {}
    keys = made.keys() | found.keys()
    different = {key for key in keys if made.get(key) != found.get(key)} if compared else set()
    first = set() if moving else different
    size = {key: max(made.get(key, 0), found.get(key, 0)) for key in keys}
    order = sorted(keys, key=lambda key: (key not in first, -size[key], key))
    rows = [
        Key(key, found.get(key), made.get(key) if compared else None) for key in order[:KEYS_SHOWN]
    ]
    return Counts(title, rows, len(keys), len(different), compared)
