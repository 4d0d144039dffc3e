"""Whether a fault did anything: one that nobody has felt shows nothing about the theory."""

from collections.abc import Sequence

from flumelab.experiments.evidence import Entry
from flumelab.experiments.experiment import Experiment, Fault


def missing(experiment: Experiment, entries: Sequence[Entry]) -> str:
    """Return which fault had no effect, as a sentence; empty if each had one.

    A kill or a stop that finds no process fails at once, so nothing is asked about these here.
    """
    for fault in experiment.faults:
        if not _was_felt(fault, entries):
            return f"{fault.told}, and nobody noticed: {_SIGNS[fault.verb]}"
    return ""


_SIGNS = {
    "cut": "no batch was lost on its way",
    "lose-ok": "no OK was lost",
    "half-open": "no OK was lost",
    "slow": "no answer took so long",
    "fill": "no write failed",
    "clock-back": "no micro-batch has another time of day",
}


def _was_felt(fault: Fault, entries: Sequence[Entry]) -> bool:
    answers = [entry for entry in entries if entry["kind"] == "answer"]
    asked = {entry["id"]: entry["t"] for entry in entries if entry["kind"] == "request"}
    took = [entry["t"] - asked[entry["id"]] for entry in answers if entry["id"] in asked]
    match fault.verb, fault.target:
        case "cut", _:
            return any(entry["kind"] == "lost-request" for entry in entries)
        case (("lose-ok" | "half-open"), _):
            return any(entry["ok"] and entry["lost"] for entry in answers)
        case "slow", _:
            return any(seconds >= fault.seconds for seconds in took)
        case "clock-back", _:
            # A fault is noted by the machine's own clock.
            days = [entry["day"] - entry["t"] for entry in entries if "day" in entry]
            return bool(days) and max(days) - min(days) > fault.seconds / 2
        case "fill", "landing":
            return any(not entry["ok"] and not entry["lost"] for entry in answers)
        case "fill", _:
            return any(entry["kind"] == "unwritten" for entry in entries)
    return True
