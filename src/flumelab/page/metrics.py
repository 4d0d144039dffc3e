"""The state as metrics for Prometheus: the page's path `/metrics`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder

from flumelab.page.state import DEAD, DOWN, RUNNING, STARTING, STUCK

PREFIX = "flumelab_"
STATES = (RUNNING, STARTING, STUCK, DEAD, DOWN)
VERDICTS = ("balanced", "right", "counting", "unbalanced", "empty")

State = Mapping[str, Any]
"""As `/api/v1/state` sends it; see `flumelab.page.state`."""


def encode(state: State | None, accept: str) -> tuple[bytes, str]:
    """Return the metrics of a state and their content type.

    :param state: None before the first sample, which gives no metrics
    :param accept: the request's header: OpenMetrics for those who accept it, else the older text
    """
    registry = CollectorRegistry()
    registry.register(_Collector(state))
    encoder, content_type = choose_encoder(accept)
    return encoder(registry), content_type


class _Collector:
    """Passes the families of one state to prometheus-client."""

    def __init__(self, state: State | None) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        if self._state is not None:
            yield from families(self._state)


def families(state: State) -> Iterator[Metric]:
    """Yield all metrics of a state; what is not known has no sample."""
    lab = {key: str(state["lab"][key]) for key in ("runtime", "lesson", "program")}
    yield InfoMetricFamily(f"{PREFIX}lab", "Which lab is shown.", lab)
    yield _gauge(
        "sample_timestamp_seconds", "When the parts were asked.", [], [([], state["time"])]
    )
    yield from _of_hops(state["hops"])
    yield from _of_links(state["links"])
    yield _gauge(
        "part_state",
        "1 for the state of a part: running, starting, stuck, dead or down.",
        ["part", "state"],
        [
            ([part["name"], name], float(part["state"] == name))
            for part in state["parts"]
            for name in STATES
        ],
    )
    yield _gauge(
        "sign",
        "1 for each known sign that something is wrong.",
        ["sign", "part", "level"],
        {(sign["name"], sign["part"], sign["level"]): 1.0 for sign in state["signs"]}.items(),
    )
    yield from _of_ledger(state["ledger"])
    yield from _of_streams(state["streams"])
    yield from _of_queries(state["queries"])


def _of_hops(hops: Sequence[State]) -> Iterator[Metric]:
    lines = CounterMetricFamily(
        f"{PREFIX}hop_lines",
        "Lines that have passed a hop since the lab began.",
        labels=["hop", "kind", "unit"],
    )
    for hop in hops:
        if hop["lines"] is not None:
            lines.add_metric([hop["id"], hop["kind"], hop["unit"]], hop["lines"])
    yield lines
    filled = [hop for hop in hops if hop["fill"]]
    for name, key, text in (
        ("channel_events", "events", "Events in a channel."),
        ("channel_capacity_events", "capacity", "Events that fit into a channel."),
    ):
        values = [([hop["name"]], float(hop["fill"][key])) for hop in filled]
        yield _gauge(name, text, ["channel"], values)


def _of_links(links: Sequence[State]) -> Iterator[Metric]:
    for name, key, text in (
        ("link_lag_lines", "lines", "Lines that have passed one hop and not yet the next."),
        ("link_lag_seconds", "seconds", "For how long the oldest of them has waited."),
    ):
        yield _gauge(
            name,
            text,
            ["source", "target"],
            [([link["source"], link["target"]], link[key]) for link in links],
        )


def _of_ledger(ledger: State | None) -> Iterator[Metric]:
    hops = ledger["hops"] if ledger else []
    yield _gauge(
        "ledger_lines",
        "Lines that the ledger has of a hop.",
        ["hop"],
        [([hop["name"]], hop["lines"]) for hop in hops],
    )
    yield _gauge(
        "ledger_verdict",
        "1 for the verdict: balanced, right, counting, unbalanced or empty.",
        ["verdict"],
        [([name], float(ledger["verdict"] == name)) for name in VERDICTS] if ledger else [],
    )
    for key, text in (
        ("lost", "Lines that were generated and are not counted."),
        ("duplicated", "Lines that are counted twice."),
        ("malformed", "Malformed lines that are counted."),
    ):
        yield _gauge(f"ledger_{key}_lines", text, [], [([], ledger[key])] if ledger else [])


def _of_streams(streams: State | None) -> Iterator[Metric]:
    done = [batch for batch in streams["batches"] if batch["done"]] if streams else []
    last = done[-1] if done else {"processing": None, "scheduling": None, "rows": None}
    for name, value, text in (
        ("batch_interval_seconds", streams and streams["interval"], "The batch interval."),
        ("waiting_batches", streams and streams["waiting"], "Micro-batches that wait or run."),
        ("batch_processing_seconds", last["processing"], "Processing of the last micro-batch."),
        ("batch_scheduling_seconds", last["scheduling"], "For how long it had waited."),
        ("batch_rows", last["rows"], "Rows of the last micro-batch."),
    ):  # fmt: skip
        yield _gauge(name, text, [], [([], value)])


def _of_queries(queries: Sequence[State]) -> Iterator[Metric]:
    for name, key, text in (
        ("query_rows", "rows", "Rows of the last micro-batch of a query."),
        ("query_duration_seconds", "duration", "How long that micro-batch took."),
        ("query_state_rows", "state_rows", "Rows in the query's state."),
        ("query_event_lag_seconds", "event_lag", "From the watermark to the newest event time."),
        ("query_dropped_rows", "dropped", "Rows of that micro-batch that came too late."),
    ):
        yield _gauge(name, text, ["query"], [([query["name"]], query[key]) for query in queries])


def _gauge(name: str, text: str, labels: Sequence[str], values: Any) -> GaugeMetricFamily:
    """Return a gauge; `values` has each sample's labels and its value, None if not known."""
    family = GaugeMetricFamily(PREFIX + name, text, labels=list(labels))
    for of, value in values:
        if value is not None:
            family.add_metric(list(of), value)
    return family
