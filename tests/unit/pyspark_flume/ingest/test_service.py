"""What a service does besides storing: retention, and errors that nobody expected."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from pyspark_flume.errors import LandingError
from pyspark_flume.ingest import service
from pyspark_flume.ingest.background_service import BackgroundService
from pyspark_flume.landing import LandingWriter, Retention
from pyspark_flume.options.ingestion import ReceiverSettings

from tests.support.ports import free_port
from tests.support.waiting import wait_for


def test_a_retention_that_fails_is_logged_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    outcomes: list[int | LandingError] = [0, LandingError("a.json is not a query's commit"), 2]
    asked: list[Retention] = []

    def retain(_: LandingWriter, retention: Retention) -> int:
        asked.append(retention)
        outcome = outcomes.pop(0) if outcomes else 0
        if isinstance(outcome, LandingError):
            raise outcome
        return outcome

    monkeypatch.setattr(LandingWriter, "retain", retain)
    monkeypatch.setattr(service, "RETAIN_SECONDS", 0.01)
    keep = Retention(committed=True)
    running = BackgroundService.start(
        ReceiverSettings(tmp_path, port=free_port(), host="127.0.0.1", retention=keep)
    )
    try:
        wait_for(lambda: len(asked) > 4, "it goes on")
    finally:
        running.stop()

    assert set(asked) == {keep}
    said = [text for text in caplog.messages if "commit" in text or "removed" in text]
    assert said == ["a.json is not a query's commit", f"{tmp_path}: 2 old segment(s) removed"]


class PeerOf(asyncio.Transport):
    """A transport that knows only its peer."""


@pytest.mark.parametrize(
    ("peer", "where"),
    [(("10.0.0.1", 4141), "10.0.0.1:4141 "), (("::1", 4141, 0, 0), "::1:4141 "), (None, "")],
)
def test_an_unexpected_error_is_one_line_with_the_peer(
    peer: tuple[str, int] | None, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    context = {
        "transport": PeerOf({"peername": peer}),
        "message": "Fatal error",
        "exception": ValueError("odd"),
    }
    with asyncio.Runner() as runner:
        service._log_in_one_line(runner.get_loop(), context)
        service._log_in_one_line(runner.get_loop(), {"message": "A task failed"})

    assert caplog.messages == [f"{where}Fatal error: odd", "A task failed: "]
