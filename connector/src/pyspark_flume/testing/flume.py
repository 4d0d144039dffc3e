"""A Flume agent in a container."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import requests
from docker.errors import APIError
from testcontainers.core.transferable import Transferable

from pyspark_flume.testing.agent_names import agents_of
from pyspark_flume.testing.lab_container import LabContainer, Ready
from pyspark_flume.testing.spool import require_plain

IMAGE = os.environ.get("FLUMELAB_FLUME_IMAGE", "flumelab-flume")
METRICS_PORT = 4144
CONF_DIR = "/opt/flume/given"  # next to the folder of the image's own confs
HTTP_SECONDS_MAX = 5

Metrics = dict[str, dict[str, str]]

# The agent does not listen yet, or has ended, or has no port because it has ended.
NO_ANSWER = (requests.RequestException, ConnectionError, APIError)


@dataclass(frozen=True)
class Count:
    """The sum of one counter over all components of a kind."""

    verb: str
    kind: str
    counter: str


# The source counts retries too; the channel counts what was committed.
RECEIVED = Count("received", "CHANNEL.", "EventPutSuccessCount")
SENT = Count("sent", "SINK.", "EventDrainSuccessCount")

# Publishes $2 under the name $3 in the folder $1; exit code 3 if the name is taken.
PUBLISH = 'cd "$1" && if [ -e "$3" ] || [ -e "$3.COMPLETED" ]; then exit 3; fi && mv "$2" "$3"'


class FlumeContainer(LabContainer):
    r"""Flume 1.11 with the lab's plugins; ready when its metrics answer.

    The image is built in a checkout of the lab: ``docker compose build flume``. Without
    `with_conf` it runs the lab's access-log.conf: each line of each file in the spool directory
    is an event, which stays in memory until the receiver has accepted it.

    >>> from pyspark_flume.testing import FlumeContainer
    >>> with FlumeContainer() as flume:
    ...     flume.spool("access.log", b"one\ntwo\nthree\n")
    ...     flume.wait_until_received(3)
    3

    `SparkContainer` shows a whole pipeline.

    :param image: default: `FLUMELAB_FLUME_IMAGE` from the environment, or flumelab-flume
    :param kwargs: passed to `DockerContainer`
    """

    service = "flume"

    def __init__(self, image: str = IMAGE, **kwargs: Any) -> None:
        super().__init__(image, **kwargs)
        self._seen: Metrics = {}
        self.with_exposed_ports(METRICS_PORT)
        self.waiting_for(Ready("/metrics names no component; check the conf and its variables"))

    def with_conf(self, path: str | os.PathLike[str], agent: str = "lab") -> Self:
        """Run this conf file. The container gets a copy, which the agent cannot change.

        :param agent: the name before the first dot, as in ``agent.sources = …``
        :raises ValueError: the conf has no agent of that name; Flume would run and do nothing
        """
        text = Path(path).read_text(encoding="utf-8")
        agents = agents_of(text)
        if agent not in agents:
            raise ValueError(
                f"{path} has no agent {agent!r}, only {', '.join(agents) or 'none'}; "
                f"name one: with_conf(path, agent=…)"
            )
        target = f"{CONF_DIR}/{Path(path).name}"
        self.with_copy_into_container(text.encode(), target)
        return self.with_envs(FLUME_CONF=target, FLUME_AGENT=agent)

    def with_sink(self, host: str, port: int = 4141) -> Self:
        """Set where the sink sends: ``${env:FLUME_SINK_HOST}`` and ``…_PORT`` in the conf.

        :param host: an alias in the containers' network
        """
        return self.with_envs(FLUME_SINK_HOST=host, FLUME_SINK_PORT=str(port))

    def spool(self, name: str, data: Transferable) -> None:
        """Put a complete file into the spool directory in one step, as Flume's source requires.

        :param data: bytes, or the `Path` of a file
        :raises ValueError: `name` is hidden or not a file name, which the source would not read; or
            it was used before, which would stop the source for good
        """
        require_plain(name)
        directory, hidden = self.env.get("FLUME_SPOOL_DIR", "/data/spool"), f".{name}.tmp"
        self.copy_into_container(data, f"{directory}/{hidden}")
        result = self.exec(["sh", "-c", PUBLISH, "sh", directory, hidden, name])
        if result.exit_code == 3:
            raise ValueError(f"{name}: was spooled before; give each file a name of its own")
        if result.exit_code:
            raise OSError(f"{directory}/{name}: {result.output.decode(errors='replace').strip()}")

    def metrics(self) -> Metrics:
        """Return the counters: ``{"CHANNEL.buffer": {"EventPutSuccessCount": "3", …}, …}``."""
        address = f"http://{self.get_container_host_ip()}:{self._get_exposed_port(METRICS_PORT)}"
        with requests.Session() as session:
            session.trust_env = False  # a proxy from the environment cannot reach the container
            answer = session.get(f"{address}/metrics", timeout=HTTP_SECONDS_MAX)
        answer.raise_for_status()
        self._seen = answer.json()
        return self._seen

    def wait_until_received(self, events: int, timeout: float = 60) -> int:
        """Wait until sources have put that many events into channels; see `wait_until`.

        :return: how many there are then, which may be more
        """
        return self._wait_for_count(RECEIVED, events, timeout)

    def wait_until_sent(self, events: int, timeout: float = 60) -> int:
        """Wait until receivers have answered OK for that many events; see `wait_until`.

        :return: how many there are then, which may be more
        """
        return self._wait_for_count(SENT, events, timeout)

    def is_ready(self) -> bool:
        """Whether the metrics answer and name the agent's components."""
        try:
            return bool(self.metrics())
        except NO_ANSWER:
            return False

    def _wait_for_count(self, which: Count, events: int, timeout: float) -> int:
        self.wait_until(
            lambda: self.is_ready() and self._count(which) >= events,
            timeout,
            lambda: self._failure(which, events),
        )
        return self._count(which)

    def _count(self, which: Count) -> int:
        return sum(
            int(counters.get(which.counter, 0))
            for name, counters in self._seen.items()
            if name.startswith(which.kind)
        )

    def _failure(self, which: Count, events: int) -> str:
        received = self._count(RECEIVED)
        sinks = [counters for name, counters in self._seen.items() if name.startswith(SENT.kind)]
        if received < events:
            hint = f"{received} were received: spool more, or see below why a source stopped"
        elif not any(int(sink.get("ConnectionCreatedCount", 0)) for sink in sinks):
            host, port = (self.env.get(f"FLUME_SINK_{part}", "?") for part in ("HOST", "PORT"))
            hint = (
                f"no sink has found its receiver ({host}:{port}); "
                "check with_sink() and with_network()"
            )
        else:
            hint = "the receiver does not answer OK: its own log says why"
        counters = "".join(f"\n  {name}: {self._seen[name]}" for name in sorted(self._seen))
        return f"{self._count(which)} of {events} events {which.verb}; {hint}{counters}"
