"""The command of a receiver, in this process."""

from __future__ import annotations

import logging
import os
import signal
import threading
from pathlib import Path

import pytest
from pyspark_flume.ingest.command import run
from pyspark_flume.ingest.receiver import Receiver
from pyspark_flume.landing import Landing
from pyspark_flume.options.ingestion import ReceiverSettings

from tests.support.ports import free_port
from tests.support.waiting import wait_for


def receiver(*arguments: str) -> int:
    return run(
        "receiver", "A test.", ReceiverSettings, Receiver, ["--host", "127.0.0.1", *arguments]
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0(
    number: signal.Signals, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    port = free_port()
    ready = f"listens on 127.0.0.1:{port} and stores in {tmp_path}"

    def end() -> None:
        try:
            wait_for(lambda: ready in caplog.messages, "it is ready")
        finally:  # or the receiver would run for ever
            os.kill(os.getpid(), number)

    ending = threading.Thread(target=end)
    ending.start()
    assert receiver("--landing", str(tmp_path), "--port", str(port)) == 0
    ending.join()
    assert ready in caplog.messages
    assert Landing(tmp_path).latest() == 0


def test_what_cannot_be_used_is_one_line_and_exits_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").touch()

    assert receiver("--landing", str(tmp_path), "--port", str(free_port())) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"receiver: {tmp_path / 'notes.txt'} is not part of a landing log; ")
    assert said.count("\n") == 1


def test_help_says_what_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        receiver("--help")
    assert left.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith("usage: python -m pyspark_flume.receiver ")
    assert "A test." in said
