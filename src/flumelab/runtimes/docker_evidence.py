"""The evidence of the services of compose.yaml; see `Evidence`."""

import base64
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime

from flumelab import flume_metrics
from flumelab.errors import LabError
from flumelab.runtimes.docker_compose import DockerCompose
from flumelab.runtimes.evidence import RunningConf
from flumelab.runtimes.runtime import Service
from flumelab.signs.snapshot import Counters, File, Folder, Kind, LogLine, Part

LOG_LINES = "20000"
# Each file as NAME, SIZE and the time of its last change, and the start of position files.
LISTING = (
    r"""cd "$0" && find . -type f -printf '%P\t%s\t%C@\n' && for file in .flumespool/.*.meta; do """
    r"""[ -f "$file" ] && printf '%s\thead\t' "$file" && head -c 512 "$file" | base64 -w 0 && """
    r"""echo; done; true"""
)


class DockerEvidence:
    """Asks Compose for the logs, and the agent's container for its conf and its folder.

    :param services: as `Runtime.services` lists them
    :param is_cut: whether the agent is off the network
    :param kinds: the services' names by what they are; the others are servers and workers
    """

    def __init__(
        self,
        compose: DockerCompose,
        services: Sequence[Service],
        kinds: Mapping[Kind, Collection[str]],
        metrics_port: int,
        is_cut: Callable[[], bool] = lambda: False,
    ) -> None:
        self.is_cut = is_cut
        self._compose = compose
        self._services = services
        self._kinds = kinds
        self._port = metrics_port

    def parts(self) -> list[Part]:
        """All services."""
        return [Part(each.name, self._kind(each.name), each.state) for each in self._services]

    def log(self, service: str) -> list[LogLine]:
        """Ask `docker compose logs`, which knows when each line was written."""
        if self._kind(service) is Kind.OTHER:
            return []
        options = ["--no-log-prefix", "--no-color", "--timestamps", "--tail", LOG_LINES]
        text = self._compose.output("logs", *options, service)
        return [_log_line(line) for line in text.replace("\x1b[2K", "").splitlines()]

    def conf(self) -> RunningConf | None:
        """Read the file that the container's environment names."""
        agent = self._agent()
        if not agent:
            return None
        try:
            pairs = self._compose.output_in(agent, ["env", "-0"]).split("\0")
            environment = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
            text = self._compose.output_in(agent, ["cat", environment.get("FLUME_CONF", "")])
        except LabError:  # it is just ending
            return None
        return RunningConf(text, environment.get("FLUME_AGENT", "lab"), environment)

    def counters(self) -> Counters:
        """Ask the agent."""
        return flume_metrics.current_run(self._port) if self._agent() else {}

    def moved(self) -> Mapping[str, Mapping[str, float]]:
        """Ask the agent."""
        return flume_metrics.moved(self._port) if self._agent() else {}

    def folder(self, path: str) -> Folder:
        """List it in the agent's container."""
        agent = self._agent()
        try:
            listing = self._compose.output_in(agent, ["sh", "-c", LISTING, path]) if agent else ""
        except LabError:
            listing = ""
        return Folder(path, tuple(_files(listing)))

    def _agent(self) -> str:
        flumes = self._kinds[Kind.FLUME]
        return next(
            (each.name for each in self._services if each.name in flumes and _runs(each)), ""
        )

    def _kind(self, service: str) -> Kind:
        return next((kind for kind, names in self._kinds.items() if service in names), Kind.OTHER)


def _runs(service: Service) -> bool:
    return service.state != "stopped"


def _log_line(line: str) -> LogLine:
    stamp, _, text = line.partition(" ")
    try:
        at = datetime.fromisoformat(stamp[:26].rstrip("Z") + "+00:00").timestamp()
    except ValueError:
        return LogLine(None, line)
    return LogLine(min(at, time.time()), text)


def _files(listing: str) -> Iterator[File]:
    rows = [line.split("\t") for line in listing.splitlines()]
    heads = {name: base64.b64decode(text) for name, kind, text in rows if kind == "head"}
    for name, size, changed in rows:
        if size != "head":
            yield File(name, int(size), float(changed), heads.get(name, b""))
