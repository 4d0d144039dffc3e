"""A program on YARN, by spark-submit: what it prints, and whether its counts are right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from pyspark_flume.errors import SendFailed
from pyspark_flume.testing.logged_process import LoggedProcess
from pyspark_flume.testing.sender import FlumeSender

from tools.yarn.cluster import MiniYarn, application_in
from tools.yarn.nodes import Nodes

HOST = "localhost"
LOCAL_IP = "SPARK_LOCAL_IP"  # where a driver listens for its executors
EXECUTORS = 2  # a receiver of FlumeUtils occupies one of them
START_SECONDS_MAX = 180
COUNT_SECONDS_MAX = 120
BATCH_LINES = 500

Counts = Callable[[str], dict[str, int]]


class Job(LoggedProcess):
    """A program that spark-submit has handed to YARN.

    :param mode: "client", in which the driver is a child of spark-submit, or "cluster", in which
        it is a container
    :param program: with its arguments, and flags of spark-submit before it
    :param counts: finds the last counts in what the driver prints
    """

    def __init__(
        self,
        yarn: MiniYarn,
        nodes: Nodes,
        folder: Path,
        mode: str,
        program: Sequence[str],
        counts: Counts,
    ) -> None:
        self._yarn, self._mode, self._counts = yarn, mode, counts
        conf = {
            "spark.yarn.jars": f"local:{nodes.spark_home}/jars/*",
            "spark.yarn.stagingDir": f"file://{folder}/staging",
            "spark.ui.enabled": "false",
            f"spark.yarn.appMasterEnv.{LOCAL_IP}": "127.0.0.1",
        }
        command = [
            f"{nodes.spark_home}/bin/spark-submit", "--master", "yarn", "--deploy-mode", mode,
            "--num-executors", str(EXECUTORS), "--executor-memory", "512m",
            "--driver-memory", "512m",
            *(part for key, value in conf.items() for part in ("--conf", f"{key}={value}")),
            *program,
        ]  # fmt: skip
        variables = {
            "SPARK_HOME": str(nodes.spark_home),
            "HADOOP_CONF_DIR": str(yarn.conf),
            LOCAL_IP: "127.0.0.1",
        }
        super().__init__(command, folder / "spark-submit.log", variables)

    def counts(self) -> dict[str, int]:
        """The counts that the program has printed last."""
        application = application_in(self.output())
        in_cluster = self._mode == "cluster"
        printed = self._yarn.output_of(application or "none") if in_cluster else self.output()
        return self._counts(printed)

    def count(self, port: int, urls: Sequence[str]) -> None:
        """Send lines with these URLs, and wait until each is counted as often as it was sent.

        Raises `TimeoutError`. Then one more line comes: what would be counted twice would be so by
        then.
        """
        with self._connection(port) as sender:
            for begin in range(0, len(urls), BATCH_LINES):
                sender.send(map(access_line, urls[begin : begin + BATCH_LINES]))
            self._wait_for(Counter(urls))
            sender.send([access_line("/the-last")])
            self._wait_for(Counter([*urls, "/the-last"]))

    def end(self) -> None:
        """End it as users do, and spark-submit with it."""
        application = application_in(self.output())
        try:
            if application:
                self._yarn.end(application)
        finally:
            self.stop()

    def _connection(self, port: int) -> FlumeSender:
        made: list[FlumeSender] = []

        def connects() -> list[FlumeSender]:
            with suppress(SendFailed):  # nothing listens yet
                made.append(FlumeSender(HOST, port))
            return made

        self.wait_until(connects, f"something listens on {HOST}:{port}", START_SECONDS_MAX)
        return made[0]

    def _wait_for(self, sent: Counter[str]) -> None:
        try:
            self.wait_until(lambda: self.counts() == sent, "it counts right", COUNT_SECONDS_MAX)
        except TimeoutError as late:
            told = Counter(self.counts())
            wrong = f"missing: {dict(sent - told)}, too many: {dict(told - sent)}"
            raise TimeoutError(f"{wrong}; {late}") from None


def access_line(url: str) -> str:
    """Return a line of an access log."""
    return f'192.0.2.1 - - [29/Nov/2026:12:00:00 +0000] "GET {url} HTTP/1.1" 200 1024'


def of_dstream(printed: str) -> dict[str, int]:
    """The last table of ``pprint``."""
    table = printed.rpartition("Time: ")[2]
    return {url: int(count) for url, count in re.findall(r"^\('(\S+)', (\d+)\)$", table, re.M)}


def of_console(printed: str) -> dict[str, int]:
    """The last table of the console sink."""
    table = printed.rpartition("Batch: ")[2]
    return {url: int(count) for url, count in re.findall(r"^\|(/\S+) *\|(\d+) *\|$", table, re.M)}
