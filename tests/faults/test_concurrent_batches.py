"""Kill a driver whose batches overtake each other: what Flume was answered OK for is counted.

FAULT_KILLS says how often it is killed (`make faults`: 20), FAULT_SEED when. With more than one
kill, the same is done to batches that run one after the other.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.avro_client import OK, AvroClient, append_batch, handshake, lines
from tests.support.batches import WRITE_AHEAD_LOG, BatchProgram
from tests.support.spark import free_port
from tests.support.waiting import wait_for

KILLS = int(os.environ.get("FAULT_KILLS", "1"))
SEED = int(os.environ.get("FAULT_SEED", "1"))
PAUSES = [0, 0, 0, 5]  # s; of 4 batches in a row, 3 overtake 1
JOBS = [1, 4] if KILLS > 1 else [4]


class Load:
    """Sends numbered lines until it is ended."""

    LINES = 100
    CALL_SECONDS = 0.1

    def __init__(self, port: int) -> None:
        self.answered: list[str] = []
        self._port = port
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join(30)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        while not self._ended.wait(self.CALL_SECONDS):
            with suppress(OSError), AvroClient(self._port) as client:
                client.call(handshake())
                while not self._ended.wait(self.CALL_SECONDS):
                    self._send(client)

    def _send(self, client: AvroClient) -> None:
        first = len(self.answered)
        texts = [f"line {number}" for number in range(first, first + self.LINES)]
        if client.call(append_batch(lines(*texts))) == OK:
            self.answered += texts


@pytest.mark.parametrize("jobs", JOBS)
def test_a_driver_killed_while_batches_overtake_each_other_loses_nothing(
    tmp_path: Path, jobs: int
) -> None:
    chance = random.Random(SEED)
    port = free_port()
    conf = {"spark.streaming.concurrentJobs": str(jobs), **WRITE_AHEAD_LOG}
    load = Load(port)
    try:
        for _ in range(KILLS + 1):
            with BatchProgram(tmp_path, port, conf=conf, seconds=1, pauses=PAUSES) as program:
                program.wait_until_listening()
                time.sleep(chance.uniform(6, 12))
    finally:
        load.end()
    with BatchProgram(tmp_path, port, conf=conf) as program:
        wait_for(
            lambda: not Counter(load.answered) - program.counted(),
            f"{len(load.answered)} lines are counted, see {program.stderr}",
            seconds=300,  # it makes up for all batches of the pauses
        )
