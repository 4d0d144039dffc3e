"""What Spark says, as the page shows it: micro-batches, windows and queries."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from flumelab.page.readings import Readings
from flumelab.page.state import Batch, Query, Streams, Window

BATCHES_SENT = 40
"""The last micro-batches go with each state; the history has the others."""


class SparkState:
    """The last answers, which stay while a driver is away."""

    def __init__(self) -> None:
        self._batches: Sequence[Batch] = ()
        self._latest: dict[str, float] = {}

    def streams(self, readings: Readings) -> Streams | None:
        """Return what is known of a program of DStreams; None if it has none."""
        found = readings.streams
        if not found:
            return None
        self._batches = found.batches
        return Streams(
            interval=found.interval,
            waiting=found.waiting,
            windows=[Window(w["length"], w["slide"]) for w in readings.progress.get("windows", [])],
            batches=found.batches[-BATCHES_SENT:],
        )

    def batches_json(self) -> dict[str, Any]:
        """All micro-batches that are known, the oldest first."""
        return {"batches": [asdict(batch) for batch in self._batches]}

    def queries(self, readings: Readings) -> list[Query]:
        """Return the last progress of each query."""
        return [
            self._with_event_time(query_of(name, query["last"]))
            for name, query in sorted(readings.queries.items())
            if isinstance(query, dict) and query.get("last")
        ]

    def _with_event_time(self, query: Query) -> Query:
        """Keep the latest event time that a query has seen: a trigger without rows has none."""
        seen = [time for time in (self._latest.get(query.name), query.event_time) if time]
        if not seen:
            return query
        latest = self._latest[query.name] = max(seen)
        lag = None if query.watermark is None else max(0.0, latest - query.watermark)
        return replace(query, event_time=latest, event_lag=lag)


def query_of(name: str, last: Mapping[str, Any]) -> Query:
    """Return a query's progress with our names and in seconds; `last`: Spark's own."""
    times = last.get("eventTime") or {}
    watermark, latest = _time(times.get("watermark")), _time(times.get("max"))
    operators = last.get("stateOperators") or []
    durations = {key: ms / 1000 for key, ms in (last.get("durationMs") or {}).items()}
    return Query(
        name=name,
        batch=int(last["batchId"]),
        time=_time(last.get("timestamp")) or 0.0,
        rows=int(last.get("numInputRows") or 0),
        rate=float(last.get("processedRowsPerSecond") or 0),
        duration=float(durations.pop("triggerExecution", 0)),
        durations=durations,
        watermark=watermark,
        event_time=latest,
        event_lag=None if None in (watermark, latest) else max(0.0, latest - watermark),  # type: ignore[operator]
        state_rows=sum(int(op["numRowsTotal"]) for op in operators) if operators else None,
        dropped=sum(int(op.get("numRowsDroppedByWatermark") or 0) for op in operators),
    )


def _time(text: str | None) -> float | None:
    """Read Spark's ``2026-11-28T14:00:00.000Z``; the start of 1970 means that there is none yet."""
    if not text:
        return None
    seconds = datetime.fromisoformat(text).astimezone(UTC).timestamp()
    return seconds or None
