"""The page's server for a test, and clients of its API."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
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
        self._process.wait(timeout=10)
        return self._log.read_text()

    def state(self) -> dict[str, Any]:
        """Ask for the state."""
        with urlopen(f"{self.url}/api/v1/state", timeout=10) as answer:  # noqa: S310
            return json.load(answer)

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
