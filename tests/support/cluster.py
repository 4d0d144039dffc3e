"""A Spark cluster for one test: a master, and workers on addresses of this host."""

import socket
from pathlib import Path

from tests.support.spark import QUICK_JVM, Program, accepts, environment, free_port

WORKER_CORES = 2
WORKER_MEMORY = "512m"


class Master(Program):
    """Spark's standalone master."""

    def __init__(self, directory: Path) -> None:
        port = free_port()
        self.url = f"spark://127.0.0.1:{port}"
        command = ["spark-class", "org.apache.spark.deploy.master.Master", "--webui-port", "0"]
        super().__init__(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            directory,
            environment(SPARK_DAEMON_JAVA_OPTS=QUICK_JVM),
        )
        self.wait_for(lambda: accepts(port), "the master listens")


class Worker(Program):
    """A worker with its own address, which its executors know by `name`.

    :param host: an address of the loopback network, such as 127.0.0.2
    :param variables: of its environment
    """

    def __init__(
        self, directory: Path, master: Master, host: str, name: str, **variables: str
    ) -> None:
        self.host = host
        directory.mkdir(parents=True)
        hosts = directory / "hosts"
        hosts.write_text(f"{host} {name}\n127.0.0.1 localhost {socket.gethostname()}\n")
        resources = ["--cores", str(WORKER_CORES), "--memory", WORKER_MEMORY]
        super().__init__(
            [
                *("spark-class", "org.apache.spark.deploy.worker.Worker", "--webui-port", "0"),
                *("--host", host, "--work-dir", str(directory), *resources, master.url),
            ],
            directory,
            environment(
                SPARK_LOCAL_IP=host,
                SPARK_DAEMON_JAVA_OPTS=QUICK_JVM,
                # Inherited by the executors.
                JAVA_TOOL_OPTIONS=f"-Djdk.net.hosts.file={hosts}",
                **variables,
            ),
        )
