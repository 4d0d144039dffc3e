"""The ledger of a user's own program, for which no generator knows the truth: see `own.hops`."""

from flumelab.own import hops, saved
from flumelab.own.hops import Hop, Hops
from flumelab.page.own_flow import ports_of
from flumelab.page.readings import Readings
from flumelab.page.state import Ledger, LedgerHop


def own_ledger(readings: Readings, moving: bool, seconds: float | None) -> Ledger:
    """Return the hops as `flumelab ledger` compares them.

    :param moving: whether lines are still on their way, so that a missing one is not lost yet
    """
    conf = saved.conf_of(readings.place.own or {})
    given = None if readings.given is None else Hop("input", readings.given, "lines of the input")
    ports = ports_of(conf, readings.progress) if conf else None
    rows = {name: query["rows"] for name, query in readings.queries.items()}
    progress = {**readings.progress, "queries": rows}
    found = hops.of(conf, readings.flume.runs, progress, given, ports)
    table = [
        LedgerHop(hop.name, hop.source, hop.lines or 0, missing) for hop, missing in found.missing
    ]
    verdict, says = _verdict(found, moving)
    return Ledger(table, verdict, says, seconds if verdict == "balanced" else None, truth=False)


def _verdict(found: Hops, moving: bool) -> tuple[str, str]:
    if not any(lines for _, lines in found.counts):
        return "empty", "EMPTY: no line has come in yet"
    if found.agree:
        return "balanced", found.verdict
    if moving:
        return "counting", "COUNTING: lines are on their way"
    return "unbalanced" if found.agree is False else "none", found.verdict
