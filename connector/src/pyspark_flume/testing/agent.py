"""A Flume agent as a process; `FlumeContainer` is the same in a container."""

import json
import shutil
import urllib.request
from pathlib import Path

from pyspark_flume.testing.agent_names import agents_of
from pyspark_flume.testing.logged_process import LoggedProcess, free_port

START_SECONDS_MAX = 120
HTTP_SECONDS_MAX = 5
FLUME_NG = "flume-ng"

Metrics = dict[str, dict[str, str]]


class AgentProcess(LoggedProcess):
    """``flume-ng agent``, from the PATH; its metrics answer once this returns.

    :param conf: the conf file
    :param folder: for its log
    :param agent: the agent's name; None takes the only one in the file
    :param environment: what the conf names as ``${env:NAME}``
    :raises FileNotFoundError: there is no ``flume-ng``
    :raises ValueError: the conf has not exactly one agent, and none is named
    """

    def __init__(
        self, conf: Path, folder: Path, agent: str | None = None, **environment: str
    ) -> None:
        command = shutil.which(FLUME_NG)
        if not command:
            raise FileNotFoundError(f"{FLUME_NG} is not on the PATH; install Flume")
        self._metrics_port = free_port()
        name = agent or _only_agent(conf)
        monitoring = ("type=http", f"port={self._metrics_port}")
        options = [f"-Dflume.monitoring.{option}" for option in monitoring]
        arguments = ["agent", "-n", name, "-c", str(folder), "-f", str(conf), *options]
        super().__init__([command, *arguments], folder / f"{name}.log", environment)
        try:
            self.wait_until(self.metrics, "its metrics name a component", START_SECONDS_MAX)
        except TimeoutError:
            self.kill()
            raise

    def metrics(self) -> Metrics:
        """Return the counters: ``{"CHANNEL.c1": {"EventPutSuccessCount": "3", …}, …}``.

        They are empty while it does not answer.
        """
        url = f"http://127.0.0.1:{self._metrics_port}/metrics"
        local = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with local.open(url, timeout=HTTP_SECONDS_MAX) as answer:
                counters: Metrics = json.load(answer)
        except OSError:
            return {}
        return counters

    def sent(self) -> int:
        """How many events receivers have answered OK."""
        return sum(
            int(counters.get("EventDrainSuccessCount", 0))
            for name, counters in self.metrics().items()
            if name.startswith("SINK.")
        )

    def wait_until_sent(self, events: int, timeout: float = 60) -> int:
        """Wait until receivers have answered OK for that many events; return how many there are.

        Raises `TimeoutError` after `timeout` seconds, with the end of the agent's log.
        """
        self.wait_until(lambda: self.sent() >= events, f"{events} events are sent", timeout)
        return self.sent()


def _only_agent(conf: Path) -> str:
    names = agents_of(conf.read_text("utf-8"))
    if len(names) != 1:
        raise ValueError(f"{conf} has these agents: {', '.join(names) or 'none'}; name one")
    return names[0]
