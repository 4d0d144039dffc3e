"""The page's server for a test, and clients of its API."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil

from tests.support.ports import free_port
from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[2]


class PageServer:
    """`flumelab page --control` of one lab, called as a user would."""

    def __init__(self, environment: dict[str, str], log: Path, runtime: str = "local") -> None:
        self.port = free_port()
        self._runtime = runtime
        self._environment = {**os.environ, **environment}
        self._log = log
        self.start()

    def start(self) -> None:
        """Start it, and wait until it has told its address."""
        options = ["--control", "--runtime", self._runtime, "--port", str(self.port)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "flumelab", "page", *options],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=self._log.open("wb"),
        )
        wait_for(lambda: "Ctrl-C ends it" in self._log.read_text(), "the page's server")
        [self.address] = re.findall(r"http://\S+", self._log.read_text())
        self.token = self.address.partition("token=")[2]

    @property
    def url(self) -> str:
        """The address without the token."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> psutil.Process:
        """The server's process."""
        return psutil.Process(self._process.pid)

    def stop(self) -> str:
        """End it as Ctrl-C would; return what it has logged."""
        self._process.send_signal(2)
        self._process.wait(timeout=60)
        return self._log.read_text()

    def state(self) -> dict[str, Any]:
        """Ask for the state; wait for the first one."""
        return wait_for(self._state, "the first sample")

    def _state(self) -> dict[str, Any] | None:
        try:
            with urlopen(f"{self.url}/api/v1/state", timeout=60) as answer:  # noqa: S310
                found: dict[str, Any] = json.load(answer)
                return found
        except HTTPError as error:
            if error.code != 503:
                raise
            return None

    def act(self, headers: dict[str, str] | None = None, **asked: Any) -> tuple[int, Any]:
        """Ask for an action as the page does; return status and answer."""
        given = {"Content-Type": "application/json", "Origin": self.url, "X-Lab-Token": self.token}
        request = Request(  # noqa: S310
            f"{self.url}/api/v1/actions",
            json.dumps(asked).encode(),
            {**given, **(headers or {})},
        )
        try:
            with urlopen(request, timeout=60) as answer:  # noqa: S310
                return answer.status, json.load(answer)
        except OSError as error:
            return error.code, json.load(error)  # type: ignore[attr-defined]


class Watcher:
    """Reads the events of a page's server, as a page does, and keeps when each sample was taken."""

    def __init__(self, server: PageServer) -> None:
        self._times: list[float] = []
        self._ended = False
        self._events = urlopen(f"{server.url}/api/v1/events", timeout=60)  # noqa: S310
        self._thread = threading.Thread(target=self._read, daemon=True)

    def _read(self) -> None:
        for line in self._events:
            if self._ended:
                return
            if line.startswith(b"data: "):
                state: Mapping[str, Any] = json.loads(line.removeprefix(b"data: "))
                self._times.append(state["time"])

    def longest_pause(self) -> float:
        """Return the longest time from one sample to the next."""
        return max((later - earlier for earlier, later in pairwise(self._times)), default=0.0)

    def __enter__(self) -> Self:
        self._thread.start()
        wait_for(lambda: self._times, "the first event")
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
