"""The page of all metrics; `python -m tests.support.metrics_page` writes its tables anew."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from prometheus_client.core import Metric
from pyspark_flume.ingest import metric_families
from pyspark_flume.ingest.counters import (
    AgentConnections,
    ConnectionCounts,
    IngestCounters,
    Refusal,
)
from pyspark_flume.landing import Lag, Summary

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
LOG = Summary(1, 2, 0, 3, 4.0, {"query": Lag(1, 2, 3.0)})
RECEIVER = ConnectionCounts(1, 2, refused=dict.fromkeys(Refusal, 0))
POLLER = ConnectionCounts(1, 2, agents={"flume1:4000": AgentConnections(1, 0)})
SUFFIXES = {"counter": "_total", "info": "_info"}


def tables() -> dict[str, str]:
    """Return the tables that the code gives, by the name of their part of the page."""
    return {"connector": _connector()}


def page_tables() -> dict[str, str]:
    """Return the tables that the page has."""
    found = re.findall(
        r"<!-- metrics of (\w+): begin -->\n(.*?)<!-- metrics of \1: end -->",
        PAGE.read_text("utf-8"),
        re.DOTALL,
    )
    return dict(found)


def names_on_page(prefix: str) -> set[str]:
    """Return the names of the page that begin so, as Prometheus has them."""
    return set(re.findall(rf"^\| `({prefix}\w+)`", PAGE.read_text("utf-8"), re.MULTILINE))


def name_of(family: Metric) -> str:
    """Return a family's name as Prometheus has it."""
    return f"{family.name}{SUFFIXES.get(family.type, '')}"


def rows(families: Iterable[Metric], parts: dict[str, str]) -> str:
    """Return the table of some families; `parts` names those that only one part has."""
    found = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for family in families:
        labels = {name for sample in family.samples for name in sample.labels} - {"le"}
        shown = ", ".join(f"`{label}`" for label in sorted(labels))
        part = parts.get(family.name, "")
        meaning = f"{part}: {family.documentation}" if part else family.documentation
        kind = "gauge" if family.type == "info" else family.type
        found.append(f"| `{name_of(family)}` | {kind} | {shown} | {meaning} |")
    return "\n".join([*found, ""])


def _connector() -> str:
    receiver = list(metric_families.of_ingestion(IngestCounters(), RECEIVER))
    poller = list(metric_families.of_ingestion(IngestCounters(), POLLER))
    shared = {family.name for family in receiver} & {family.name for family in poller}
    parts = {family.name: "receiver" for family in receiver if family.name not in shared}
    parts |= {family.name: "poller" for family in poller if family.name not in shared}
    more = [family for family in poller if family.name not in shared]
    return rows([*receiver, *more, *metric_families.of_log(LOG)], parts)


if __name__ == "__main__":
    text = PAGE.read_text("utf-8")
    for part, table in tables().items():
        begin, end = (f"<!-- metrics of {part}: {place} -->\n" for place in ("begin", "end"))
        before, rest = text.split(begin)
        text = before + begin + table + end + rest.split(end)[1]
    PAGE.write_text(text, "utf-8")
