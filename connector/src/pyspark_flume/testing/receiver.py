"""A receiver as a process."""

import sys
from pathlib import Path

from pyspark_flume.testing.logged_process import LoggedProcess, free_port

HOST = "127.0.0.1"
START_SECONDS_MAX = 60


class ReceiverProcess(LoggedProcess):
    """``python -m pyspark_flume.receiver``; it listens once this returns.

    :param landing: the folder of its landing log, for ``format("flume").option("landing", …)``
    :param options: further arguments, as in ``"--retention", "commit"``
    """

    host = HOST

    def __init__(self, landing: Path, *options: str) -> None:
        self.landing, self.port = landing, free_port()
        place = ["--landing", str(landing), "--host", HOST, "--port", str(self.port)]
        command = [sys.executable, "-m", "pyspark_flume.receiver", *place, *options]
        super().__init__(command, landing.with_name(f"{landing.name}.log"), {})
        try:
            self.wait_until(lambda: "listens on" in self.tail(), "it listens", START_SECONDS_MAX)
        except TimeoutError:
            self.kill()
            raise
