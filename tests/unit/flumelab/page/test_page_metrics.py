"""The page's /metrics has the numbers of the state, and promtool has nothing to remark."""

from dataclasses import replace

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics

from flumelab.page.metrics import encode
from flumelab.page.state import Hop, Ledger, Part, Sign
from tests.support.metrics_page import STATE
from tests.support.prometheus import OPENMETRICS, TEXT, Metrics, lint

N = "flumelab_"


def metrics_of(**changed: object) -> Metrics:
    state = replace(STATE, **changed)  # type: ignore[arg-type]
    return Metrics(encode(state.as_json(), TEXT)[0].decode())


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("hop_lines_total", {"hop": "channel:c", "kind": "channel", "unit": "lines"}, 1),
        ("channel_events", {"channel": "c"}, 1),
        ("channel_capacity_events", {"channel": "c"}, 2),
        ("link_lag_lines", {"source": "channel:c", "target": "sink:s"}, 1),
        ("link_lag_seconds", {"source": "channel:c", "target": "sink:s"}, 2),
        ("part_state", {"part": "flume", "state": "stuck"}, 1),
        ("part_state", {"part": "flume", "state": "running"}, 0),
        ("sign", {"sign": "full", "part": "flume", "level": "stuck"}, 1),
        ("ledger_lines", {"hop": "generated"}, 1),
        ("ledger_verdict", {"verdict": "balanced"}, 1),
        ("ledger_verdict", {"verdict": "counting"}, 0),
        ("batch_interval_seconds", {}, 1),
        ("waiting_batches", {}, 2),
        ("batch_processing_seconds", {}, 0.2),
        ("query_state_rows", {"query": "q"}, 7),
        ("query_dropped_rows", {"query": "q"}, 8),
        ("sample_timestamp_seconds", {}, 2),
    ],
)
def test_a_number_of_the_state_is_a_metric(name: str, labels: dict[str, str], value: float) -> None:
    assert metrics_of().value(N + name, **labels) == value


def test_what_is_not_known_has_no_sample() -> None:
    unknown = Hop("sink:s", "sink", "s", "", "flume", "down", "", None, None)
    found = metrics_of(hops=[unknown], ledger=None, streams=None, queries=[], parts=[], links=[])
    assert [family.name for family in found.families if family.samples] == [
        f"{N}lab_info", f"{N}sample_timestamp_seconds", f"{N}sign",
    ]  # fmt: skip


def test_lines_that_nobody_can_call_lost_are_not_said_to_be_none() -> None:
    found = metrics_of(ledger=Ledger([], "unbalanced", "no truth known", truth=False))
    assert found.value(f"{N}ledger_verdict", verdict="unbalanced") == 1
    told = {family.name for family in found.families if family.samples}
    assert not told & {f"{N}ledger_{name}_lines" for name in ("lost", "duplicated", "malformed")}


def test_the_same_sign_at_two_places_is_one_sample() -> None:
    signs = [Sign("full", "flume", "stuck", place, "why", None) for place in ("a", "b")]
    assert metrics_of(signs=signs).value(f"{N}sign", sign="full", part="flume", level="stuck") == 1


def test_promtool_has_nothing_to_remark_about_the_labs_metrics() -> None:
    odd = Part('a "quoted"\\name\n', "dead")
    assert lint(metrics_of(parts=[odd]).text) == []


def test_openmetrics_is_given_to_those_who_ask_and_nothing_before_the_first_sample() -> None:
    body, media = encode(STATE.as_json(), OPENMETRICS)
    assert media.startswith("application/openmetrics-text")
    assert f"{N}hop_lines" in {family.name for family in openmetrics(body.decode())}
    assert encode(None, TEXT)[0] == b""
