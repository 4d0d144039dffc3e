"""A service in a thread: how it starts, is checked, and ends."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from pyspark_flume.errors import IngestionFailed, LandingLocked
from pyspark_flume.ingest.background_service import BackgroundService
from pyspark_flume.ingest.group_commit import GroupCommit
from pyspark_flume.options.ingestion import ReceiverSettings

from tests.support.ports import free_port
from tests.support.waiting import wait_for


def settings(folder: Path) -> ReceiverSettings:
    return ReceiverSettings(folder, port=free_port(), host="127.0.0.1")


def threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "flume-ingestion"]


def test_a_service_runs_in_a_thread_that_does_not_keep_the_process(tmp_path: Path) -> None:
    service = BackgroundService.start(settings(tmp_path))
    service.check()
    (thread,) = threads()
    assert thread.daemon

    service.stop()

    assert threads() == []
    service.stop()
    with pytest.raises(IngestionFailed, match=r"the receiver on port \d+ has ended; see the log"):
        service.check()


def test_a_stop_at_the_moment_of_the_end_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = BackgroundService.start(settings(tmp_path))
    service.stop()
    monkeypatch.setattr(service._thread, "is_alive", lambda: True)  # as it was a moment ago

    service.stop()


def test_a_service_that_cannot_start_says_why_and_leaves_no_thread(tmp_path: Path) -> None:
    first = BackgroundService.start(settings(tmp_path))
    try:
        with pytest.raises(LandingLocked, match="is written by process"):
            BackgroundService.start(settings(tmp_path))
        assert len(threads()) == 1
    finally:
        first.stop()


def test_a_service_that_ends_by_an_unexpected_error_is_logged_and_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fail = threading.Event()

    async def run(self: GroupCommit) -> None:
        while not fail.is_set():
            await asyncio.sleep(0.01)
        raise MemoryError("out of it")

    monkeypatch.setattr(GroupCommit, "run", run)
    service = BackgroundService.start(settings(tmp_path))
    fail.set()
    wait_for(lambda: not threads(), "it ends")

    with pytest.raises(IngestionFailed, match="has ended; see the log above"):
        service.check()
    assert [text for text in caplog.messages if "has ended" in text]
    assert "out of it" in caplog.text
