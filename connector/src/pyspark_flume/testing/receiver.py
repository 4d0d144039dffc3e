"""A receiver as a process."""

import os
import sys
from pathlib import Path

from pyspark_flume.testing.logged_process import LoggedProcess, free_port

HOST = "127.0.0.1"
START_SECONDS_MAX = 60


class ReceiverProcess(LoggedProcess):
    """``python -m pyspark_flume.receiver``; it listens once this returns.

    :param landing: the folder of its landing log, for ``format("flume").option("landing", …)``
    :param options: further arguments, as in ``"--retention", "commit"``
    :param port: where it listens, such as the port of one that was killed; default: a free one
    """

    host = HOST

    def __init__(
        self, landing: str | os.PathLike[str], *options: str, port: int | None = None
    ) -> None:
        self.landing, self.port = Path(landing), port or free_port()
        place = ["--landing", str(landing), "--host", HOST, "--port", str(self.port)]
        command = [sys.executable, "-m", "pyspark_flume.receiver", *place, *options]
        super().__init__(command, self.landing.with_name(f"{self.landing.name}.log"), {})
        try:
            self.wait_until(
                lambda: "listens on" in self.output(),
                f"the receiver listens on {HOST}:{self.port}",
                START_SECONDS_MAX,
            )
        except BaseException:
            self.kill()
            raise
