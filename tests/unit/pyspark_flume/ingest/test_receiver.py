"""The receiver in this process: its port, its end, and its limits."""

from __future__ import annotations

import logging
import resource
from pathlib import Path

import pytest
from pyspark_flume.errors import IngestionFailed
from pyspark_flume.ingest import receiver
from pyspark_flume.ingest.background_service import BackgroundService
from pyspark_flume.options.ingestion import ReceiverSettings

from tests.support.avro_client import OK, AvroClient, append_batch, handshake, lines
from tests.support.ports import free_port


def settings(folder: Path, port: int = 0) -> ReceiverSettings:
    return ReceiverSettings(folder, port=port or free_port(), host="127.0.0.1")


def test_at_its_end_a_receiver_closes_its_connections_and_its_port(tmp_path: Path) -> None:
    configured = settings(tmp_path)
    service = BackgroundService.start(configured)
    with AvroClient(configured.port) as sink:
        assert sink.call(handshake() + append_batch(lines("a"))).endswith(OK)
        service.stop()
        assert sink.closed_by_peer()
    BackgroundService.start(settings(tmp_path, configured.port)).stop()


def test_a_connection_that_stalls_is_found_and_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "FRAME_SECONDS_MAX", 0.2)
    monkeypatch.setattr(receiver, "SWEEP_SECONDS", 0.05)
    configured = settings(tmp_path)
    service = BackgroundService.start(configured)
    try:
        with AvroClient(configured.port) as half, AvroClient(configured.port) as whole:
            assert whole.call(handshake() + append_batch(lines("a"))).endswith(OK)
            half.send(b"\0\0")
            assert half.closed_by_peer()
            assert whole.call(append_batch(lines("b"))) == OK
    finally:
        service.stop()


def test_a_port_that_is_taken_is_an_error_in_one_line(tmp_path: Path) -> None:
    configured = settings(tmp_path / "one")
    service = BackgroundService.start(configured)
    try:
        reason = f"cannot listen on 127.0.0.1:{configured.port}: .*; end what listens there or"
        with pytest.raises(IngestionFailed, match=reason):
            BackgroundService.start(settings(tmp_path / "two", configured.port))
    finally:
        service.stop()


def asks_for(wanted: int, caplog: pytest.LogCaptureFixture) -> list[str]:
    with caplog.at_level(logging.WARNING):
        receiver._allow_open_files(wanted)
    return caplog.messages


@pytest.mark.parametrize(
    ("soft", "hard", "expected", "warned"),
    [
        (1024, 4096, (1100, 4096), False),
        (1024, 1100, (1100, 1100), False),
        (1024, 1099, (1099, 1099), True),
        (1024, resource.RLIM_INFINITY, (1100, resource.RLIM_INFINITY), False),
        (1100, 4096, None, False),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, None, False),
    ],
)
def test_as_many_files_may_be_open_as_connections_need(
    soft: int,
    hard: int,
    expected: tuple[int, int] | None,
    warned: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    became: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: became.append(limits))

    said = asks_for(1100, caplog)

    assert became == ([expected] if expected else [])
    needs = f"may open 1099 files, but {1100 - receiver.SPARE_FILES} connections need 1100; raise"
    assert [needs in text for text in said] == [True] * warned


def test_a_limit_on_open_files_that_only_the_system_knows_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The hard limit of macOS is infinite, and yet it refuses large numbers."""

    def refuse(_: int, limits: tuple[int, int]) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)

    [said] = asks_for(20_000, caplog)

    assert said.startswith("this process may open 256 files, but 19744 connections need 20000;")
