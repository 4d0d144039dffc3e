"""The ports that a user's program and conf name, and whether the two fit together."""

import time

from flumelab.errors import LabError
from flumelab.own.conf import SPARK_SINK, AgentConf
from flumelab.own.services import PROGRAM, OwnState, Wish
from flumelab.runtimes.port_probe import answers

NEVER_LISTENED_SECONDS = 60.0  # a program may load a model first


class FilePorts:
    """The ports of one run, from the conf and from what the program has reported."""

    def __init__(self, wish: Wish, conf: AgentConf | None, state: OwnState) -> None:
        self._wish = wish
        self._conf = conf
        self._state = state
        self._ready_since = 0.0

    def pushed(self) -> frozenset[int]:
        """Return the ports to which the conf's sinks send."""
        sinks = self._conf.spark_sinks() if self._conf else []
        return frozenset(int(sink.settings["port"]) for sink in sinks if sink.type != SPARK_SINK)

    def of_service(self, service: str) -> list[int]:
        """Ports that the service opens by the conf: Flume a source's, the program a sink's."""
        if service == PROGRAM or not self._conf:
            return sorted(self.pushed())
        opened = [s for s in self._conf.sinks.values() if s.type == SPARK_SINK]
        opened += self._conf.sources.values()
        ports = " ".join(s.settings.get("port") or s.settings.get("ports", "") for s in opened)
        return [int(port) for port in ports.split() if port.isdecimal()]

    def listens(self) -> frozenset[int]:
        """Return the ports on which the program has asked for a receiver."""
        found = self._state.read_progress().get("listens")
        return frozenset(found) if isinstance(found, list) else frozenset()

    def program_is_ready(self) -> bool:
        """Whether a program that Flume pushes to listens, and any other program runs."""
        progress = self._state.read_progress()
        if not progress:
            return False
        self._ready_since = self._ready_since or time.monotonic()
        sends = self.pushed()
        ports = self.listens()
        if not sends:
            return True
        if ports and not ports & sends:
            raise LabError(
                f"{self._wish.program} listens on port {_joined(ports)}, but the sinks of "
                f"{self._wish.conf} send to port {_joined(sends)}; let both name the same port"
            )
        if not ports and time.monotonic() - self._ready_since > NEVER_LISTENED_SECONDS:
            raise LabError(
                f"{self._wish.program} listens on no port, but the sinks of {self._wish.conf} "
                f"send to port {_joined(sends)}; it lacks FlumeUtils.createStream"
            )
        return any(answers(port) for port in ports & sends)

    def require_a_sink(self) -> None:
        """Raise `LabError` where a program listens, but no sink sends."""
        ports = self.listens()
        if self._conf and ports and not self._conf.spark_sinks():
            sinks = ", ".join(f"{s.name} ({s.type})" for s in self._conf.sinks.values()) or "none"
            raise LabError(
                f"{self._wish.program} listens on port {_joined(ports)}, but no sink of "
                f"{self._wish.conf} sends to Spark; sinks: {sinks}. Give one the type avro"
            )


def _joined(ports: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(ports)))
