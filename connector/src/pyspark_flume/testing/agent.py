"""A Flume agent as a process; `FlumeContainer` is the same in a container."""

import json
import os
import re
import shutil
import urllib.request
from collections.abc import Set
from pathlib import Path

from pyspark_flume.testing.agent_names import agents_of
from pyspark_flume.testing.logged_process import LoggedProcess, free_port

START_SECONDS_MAX = 120
HTTP_SECONDS_MAX = 5
FLUME_NG = "flume-ng"
NOTHING_TO_RUN = "No configuration found for this host"
"""Flume's log, when no component of the agent is valid; it then runs on without any."""

Metrics = dict[str, dict[str, str]]


class AgentProcess(LoggedProcess):
    """``flume-ng agent``, from the PATH; its metrics answer once this returns.

    :param conf: the conf file
    :param folder: for its log
    :param agent: the agent's name; None takes the only one in the file
    :param environment: what the conf names as ``${env:NAME}``
    :raises FileNotFoundError: there is no ``flume-ng``, or no such conf
    :raises ValueError: the conf has no such agent, or not exactly one and none is named; or a
        variable is not set, of which Flume would take the name for the value; or Flume can run
        nothing of it, and the message has the end of the log
    """

    def __init__(
        self,
        conf: str | os.PathLike[str],
        folder: str | os.PathLike[str],
        agent: str | None = None,
        **environment: str | int,
    ) -> None:
        command = shutil.which(FLUME_NG)
        if not command:
            raise FileNotFoundError(f"{FLUME_NG} is not on the PATH; install Flume")
        given = {name: str(value) for name, value in environment.items()}
        name = _checked(Path(conf), agent, {*os.environ, *given})
        self._metrics_port = free_port()
        monitoring = ("type=http", f"port={self._metrics_port}")
        options = [f"-Dflume.monitoring.{option}" for option in monitoring]
        arguments = ["agent", "-n", name, "-c", str(folder), "-f", str(conf), *options]
        log = Path(folder) / f"{name}-{self._metrics_port}.log"
        super().__init__([command, *arguments], log, given)
        try:
            self.wait_until(
                lambda: self.metrics() or NOTHING_TO_RUN in self.output(),
                "its metrics name a component",
                START_SECONDS_MAX,
            )
            if NOTHING_TO_RUN in self.output():
                raise ValueError(
                    f"Flume can run nothing in {conf}; {log} ends with:\n{self.tail()}"
                )
        except BaseException:
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
        try:
            self.wait_until(lambda: self.sent() >= events, f"{events} events are sent", timeout)
        except TimeoutError as error:
            raise TimeoutError(f"{self.sent()} of {error}") from None
        return self.sent()


def _checked(conf: Path, agent: str | None, variables: Set[str]) -> str:
    """Return the name of the agent to start."""
    if not conf.is_file():
        raise FileNotFoundError(f"{conf.absolute()} is not there; name a conf file")
    text = conf.read_text("utf-8", "replace")
    names = agents_of(text)
    if agent not in names if agent else len(names) != 1:
        wanted = f"no agent {agent}" if agent else "not one agent"
        found = ", ".join(names) or "none: it needs a line NAME.sources = …"
        raise ValueError(f"{conf} has {wanted}; name one of those with sources, {found}")
    used = re.findall(r"^[^#!\n]*?\$\{env:(\w+)\}", text, re.MULTILINE)
    missing = sorted(set(used) - variables)
    if missing:
        raise ValueError(
            f"{conf} names ${{env:{missing[0]}}}, which is not set; give it, as in "
            f"flume_agent(conf, {missing[0]}=…)"
        )
    return agent or names[0]
