"""Flume's counters over several runs."""

import json

import pytest

from flumelab import flume_metrics


def file(started: int, sent: int) -> str:
    return json.dumps({"started": started, "final": True, "metrics": {"SINK.s": {"n": str(sent)}}})


def test_earlier_runs_come_from_their_files_and_the_current_one_from_the_agent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flume_metrics, "current_run", lambda port: {"SINK.s": {"n": "9"}})
    runs = flume_metrics.all_runs([file(3000, 8), file(1000, 1), file(2000, 2)], port=1)
    assert [run["SINK.s"]["n"] for run in runs] == ["1", "2", "9"]


def test_without_an_agent_every_run_comes_from_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flume_metrics, "current_run", lambda port: {})
    runs = flume_metrics.all_runs([file(2000, 2), file(1000, 1)], port=1)
    assert [run["SINK.s"]["n"] for run in runs] == ["1", "2"]


def test_an_agent_counts_as_connected_once_its_sink_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for created, connected in [("0", False), ("1", True)]:
        sink = {"SINK.spark": {"ConnectionCreatedCount": created}}
        monkeypatch.setattr(flume_metrics, "current_run", lambda port, sink=sink: sink)
        assert flume_metrics.is_connected(1) is connected
