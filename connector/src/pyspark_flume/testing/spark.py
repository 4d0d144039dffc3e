"""A Spark program in a container, with a port for Flume."""

import os
import re
from pathlib import Path
from typing import Any, Self

from docker.errors import APIError

from pyspark_flume.testing.lab_container import LabContainer, Ready

IMAGE = os.environ.get("FLUMELAB_SPARK_IMAGE", "flumelab-spark")
PROGRAM_DIR = "/work"
PROPERTIES = "/opt/lab/spark-conf/spark-defaults.conf"


class SparkContainer(LabContainer):
    r"""Runs ``spark-submit --master local[2] PROGRAM``; ready when its receiver listens.

    The image is built in a checkout of the lab: ``docker compose build spark-master``. It has
    Spark 4.3 and pyspark-flume. In a network the container has the alias ``spark``. The program
    listens on ``RECEIVER_HOST`` and ``RECEIVER_PORT``, which it reads from its environment.

    >>> from pathlib import Path
    >>> from testcontainers.core.network import Network
    >>> from pyspark_flume.testing import FlumeContainer, SparkContainer
    >>> program = Path("shout.py")
    >>> _ = program.write_text('''
    ... import os
    ... from pyspark import SparkContext
    ... from pyspark.streaming import StreamingContext
    ... from pyspark.streaming.flume import FlumeUtils
    ...
    ... ssc = StreamingContext(SparkContext(), 1)
    ... host, port = os.environ["RECEIVER_HOST"], int(os.environ["RECEIVER_PORT"])
    ... FlumeUtils.createStream(ssc, host, port).map(lambda event: event[1].upper()).pprint()
    ... ssc.start()
    ... ssc.awaitTermination()
    ... ''')
    >>> with (
    ...     Network() as network,
    ...     SparkContainer(program).with_network(network) as spark,
    ...     FlumeContainer().with_network(network).with_sink("spark") as flume,
    ... ):
    ...     flume.spool("words.txt", b"flume\nspark\n")
    ...     print(flume.wait_until_sent(2), "events sent")
    ...     print(spark.wait_until_printed(r"FLUME\nSPARK"))
    2 events sent
    FLUME
    SPARK

    :param program: the program's file; the container gets a copy
    :param image: default: `FLUMELAB_SPARK_IMAGE` from the environment, or flumelab-spark
    :param receiver_port: the port on which the program listens
    :param kwargs: passed to `DockerContainer`
    """

    service = "spark-master"

    def __init__(
        self,
        program: str | os.PathLike[str],
        image: str = IMAGE,
        receiver_port: int = 4141,
        **kwargs: Any,
    ) -> None:
        program = Path(program)
        if not program.is_file():
            raise ValueError(f"{program}: is not a file; give the program to run")
        super().__init__(image, **kwargs)
        self._receiver_port = receiver_port
        self._options: list[str] = []
        self._program = f"{PROGRAM_DIR}/{program.name}"
        self.with_copy_into_container(program, self._program)
        # Listen on all of the container's addresses: the one for Flume is not known yet.
        self.with_envs(RECEIVER_HOST="0.0.0.0", RECEIVER_PORT=str(receiver_port))  # noqa: S104
        self.with_network_aliases("spark")
        self.with_exposed_ports(receiver_port)
        self.waiting_for(
            Ready(f"nothing listens on port {receiver_port}; use RECEIVER_PORT in the program")
        )

    def with_spark_conf(self, key: str, value: str) -> Self:
        """Add ``--conf key=value`` to spark-submit; the last value of a key wins."""
        self._options += ["--conf", f"{key}={value}"]
        return self

    def printed(self) -> str:
        """Return what the program has written to its standard output."""
        return str(self.get_logs()[0].decode(errors="replace"))

    def wait_until_printed(self, pattern: str, timeout: float = 60) -> str:
        """Wait until the program has printed a text, and return it; see `wait_until`.

        :param pattern: a regular expression; ``^`` and ``$`` match at each line
        """
        wanted = re.compile(pattern, re.MULTILINE)
        self.wait_until(
            lambda: bool(wanted.search(self.printed())),
            timeout,
            lambda: f"did not print {pattern!r}; check that Flume has sent the events for it",
        )
        match = wanted.search(self.printed())
        return match[0] if match else ""

    def is_ready(self) -> bool:
        """Whether a receiver listens. This asks the kernel: a receiver would log a connection."""
        listening = rf": [0-9A-F]+:{self._receiver_port:04X} 0+:0000 0A"
        command = ["grep", "-qsE", listening, "/proc/net/tcp", "/proc/net/tcp6"]
        try:
            return bool(self.status == "running" and self.exec(command).exit_code == 0)
        except APIError:
            return False  # it has ended meanwhile; `wait_until` reports why

    def _configure(self) -> None:
        super()._configure()
        if self._command is None:
            settings = ["--master", "local[2]", "--properties-file", PROPERTIES]
            self.with_command(["spark-submit", *settings, *self._options, self._program])
