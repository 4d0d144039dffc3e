"""The program programs/count_batches.py: start it, send it lines, and read what it has counted."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.support.avro_client import OK, AvroClient, append_batch, handshake, lines
from tests.support.spark import PROGRAMS, Program, accepts, environment

# With logs so short that what Spark no longer needs is deleted within the test.
WRITE_AHEAD_LOG = {
    "spark.streaming.receiver.writeAheadLog.enable": "true",
    "spark.streaming.receiver.writeAheadLog.rollingIntervalSecs": "1",
    "spark.streaming.driver.writeAheadLog.rollingIntervalSecs": "1",
}


class BatchProgram(Program):
    """A second one of the same folder continues where the first one ended.

    `job` has further settings of that program, `env` further variables of its environment.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        master: str = "local[4]",
        *,
        conf: Any = None,
        env: Any = None,
        **job: Any,
    ) -> None:
        self.port = port
        self.folder = folder
        conf = {"spark.master": master, **(conf or {})}
        job |= {"folder": str(folder), "port": port, "conf": conf}
        super().__init__(
            [sys.executable, str(PROGRAMS / "count_batches.py"), json.dumps(job)],
            folder,
            environment(**(env or {})),
        )

    def __enter__(self) -> BatchProgram:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def wait_until_listening(self) -> None:
        self.wait_for(lambda: accepts(self.port), "the receiver listens")

    def send(self, *texts: str, port: int = 0) -> None:
        """Send one batch, to the first port or to another; it is answered OK."""
        with AvroClient(port or self.port) as client:
            assert client.call(handshake() + append_batch(lines(*texts))).endswith(OK)

    def send_and_count(self, *texts: str, port: int = 0) -> None:
        """Send one batch, and wait until it is counted."""
        self.send(*texts, port=port)
        self.wait_for(lambda: not Counter(texts) - self.counted(), f"{texts[0]} is counted")

    def let_go(self) -> None:
        """Let a slow batch continue and a bad one succeed."""
        (self.folder / "go").touch()

    def counted(self) -> Counter[str]:
        file = self.folder / "counted.jsonl"
        batches = file.read_text("utf-8").split("\n")[:-1] if file.exists() else []
        return Counter(text for batch in batches for text in json.loads(batch))
