"""A program that is killed and started again goes on from its checkpoint, its counts right."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.avro_client import OK, AvroClient, append_batch, handshake, lines
from tests.support.spark import PROGRAMS, Program, accepts, environment, free_port

WINDOW_BATCHES = 5  # of a second, as in the program
WORDS = ["one", "two", "two", "three", "three", "three"]


class CountingProgram(Program):
    """programs/count_in_windows.py; a second one of the same folder goes on where one ended."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.inverse = folder / "inverse"
        self._counts = folder / "counts.jsonl"
        job = json.dumps({"folder": str(folder), "port": port})
        super().__init__(
            [sys.executable, str(PROGRAMS / "count_in_windows.py"), job],
            folder,
            environment(),
        )

    def wait_until_listening(self) -> None:
        self.wait_for(lambda: accepts(self.port), "the receiver listens")

    def counts(self, kind: str) -> dict[float, Counter[str]]:
        """By batch time, in s; what a batch that was run again had the last time."""
        text = self._counts.read_text("utf-8") if self._counts.exists() else ""
        records = [json.loads(line) for line in text.split("\n")[:-1]]
        return {
            record["time"]: +Counter(record["counts"])
            for record in sorted(records, key=lambda record: record["time"])
            if record["kind"] == kind
        }

    def newest(self, kind: str) -> Counter[str]:
        return next(reversed(self.counts(kind).values()), Counter())


class Sender:
    """Sends batches until the receiver has gone."""

    CALL_SECONDS = 0.1  # a call is a block, and many blocks make the restart slow

    def __init__(self, port: int) -> None:
        self.answered = 0
        self._port = port
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def join(self) -> None:
        self._thread.join(30)
        assert not self._thread.is_alive()

    def _send(self) -> None:
        with suppress(ConnectionError), AvroClient(self._port) as client:
            client.call(handshake())
            while client.call(append_batch(lines(*WORDS))) == OK:
                self.answered += 1
                time.sleep(self.CALL_SECONDS)


class Restart:
    """What a killed program and the one that went on from its checkpoint have counted."""

    def __init__(self, folder: Path) -> None:
        first = CountingProgram(folder, free_port())
        try:
            first.wait_until_listening()
            sender = Sender(first.port)
            first.wait_for(lambda: first.inverse.exists(), "events have left the window")
        finally:
            first.kill()
        sender.join()
        self.answered = sender.answered
        self.state_before = first.newest("state")
        first.inverse.unlink()
        killed_at = max(first.counts("state"))

        second = CountingProgram(folder, first.port)
        try:
            second.wait_until_listening()
            with AvroClient(second.port) as client:
                assert client.call(handshake() + append_batch(lines("after"))).endswith(OK)
            second.wait_for(lambda: second.newest("state")["after"], "the new event is counted")
            second.wait_for(lambda: not second.newest("window"), "all have left the window")
            self.inverse_is_used = second.inverse.exists()
        finally:
            second.kill()
        self.states = second.counts("state")
        self.windows = {t: c for t, c in second.counts("window").items() if t > killed_at}


@pytest.fixture(scope="module")
def restart(installed_jar: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restart]:
    return Restart(tmp_path_factory.mktemp("restart"))


def test_what_was_answered_ok_before_a_kill_of_the_driver_is_counted_after_its_restart(
    restart: Restart,
) -> None:
    state = next(reversed(restart.states.values()))
    calls = state["one"]
    assert state == Counter(one=calls, two=2 * calls, three=3 * calls, after=1)
    # One more may have been stored, its answer cut off by the kill.
    assert restart.answered <= calls <= restart.answered + 1
    assert restart.state_before["one"] < restart.answered, "the kill has left nothing to make up"


def test_state_and_windows_are_right_in_every_batch_after_a_restart(restart: Restart) -> None:
    times = list(restart.states)
    assert times == [times[0] + second for second in range(len(times))], "a batch is missing"
    for now, state in restart.states.items():
        assert not restart.states.get(now - 1, Counter()) - state, f"forgotten at {now}"
    for now, window in restart.windows.items():
        before = restart.states.get(now - WINDOW_BATCHES, Counter())
        assert window == restart.states[now] - before, now
    assert sum(map(bool, restart.windows.values())) >= WINDOW_BATCHES


def test_a_window_still_takes_away_what_leaves_it_after_a_restart(restart: Restart) -> None:
    assert restart.inverse_is_used, "each batch adds up the whole window"
