"""What a real Flume did with the examples of a rule, out of the generated file observed.json."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def records() -> dict[str, Any]:
    """Return the records by the rules' names."""
    text = files("flumelint").joinpath("observed.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def observed_text(rule: str) -> str:
    """Return a rule's record as text: its log lines, what ran, and where the events went."""
    its = records().get(rule)
    if not its:
        return "not observed: no record of this rule"
    if "not_started" in its:
        return f"not observed: {its['not_started']}"
    lines = ["The wrong one:", *_indented(_side(its["wrong"]))]
    for each in its.get("more", []):
        lines += ["Another wrong one:", *_indented(_side(each))]
    lines += ["The right one:", *_indented(_side(its["right"], quiet=""))]
    if "instead" in its:
        lines.append(f"For a short run {its['instead']}.")
    return "\n".join([*lines, *(f"Not all shows here: {why}." for why in its.get("not_shown", []))])


def _side(record: dict[str, Any], quiet: str = "nothing about it") -> list[str]:
    lines = ["it logged"] if record["log"] else [f"it logged {quiet}"] if quiet else []
    for entry in record["log"]:
        lines += [f"  {part}" for part in entry.splitlines()]
    if "died" in record:
        lines.append(f"it stopped reading the conf: {record['died']}")
    lines.append(f"it ran {', '.join(record['runs']) or 'nothing'}")
    if record.get("refused"):
        lines.append("nobody listened on the source's port")
    if record["sent"]:
        lines.append(f"of {record['sent']} events {_events(record)}")
    for name, seen in record.get("shown", {}).items():
        lines.append(f"{name}: {_seen(seen)}")
    return lines


def _seen(seen: str | list[str]) -> str:
    texts = [seen] if isinstance(seen, str) else seen
    return ", ".join(texts) or "nothing"


def _events(record: dict[str, Any]) -> str:
    if not record["events"]:
        return "none arrived"
    told = [
        f"{into} came into {name} and {out} out of it"
        for name, (into, out) in sorted(record["events"].items())
    ]
    if "received" in record:
        told.append(f"the receiver got {record['received']}")
    return "; ".join(told)


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
