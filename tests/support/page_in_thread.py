"""The page's server in a thread of the test, over states that the test makes."""

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Mapping
from typing import Any

from flumelab.page.command import HOSTS
from flumelab.page.control import Control
from flumelab.page.events import Latest
from flumelab.page.serve import PageServer, config_of
from flumelab.page.server import application


class Server:
    """The application in a thread, with states that the test puts.

    :param state: what is put, with a number that counts up
    :param history: what the page asks for first
    """

    def __init__(
        self, control: Control, state: Mapping[str, Any], history: Mapping[str, Any] | None = None
    ) -> None:
        self.control = control
        self.state = state
        self._history = {"times": []} if history is None else history
        self._number = 0
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(10)

    async def _serve(self, ready: threading.Event) -> None:
        self.latest = Latest(self.control.describe)
        self._loop = asyncio.get_running_loop()
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        app = application(lambda: self._history, self.latest, self.control, HOSTS)
        config = config_of(app)
        self._server = PageServer(config, self.latest)
        ready.set()
        await self._server.serve(sockets=[listener])

    def put(self) -> int:
        """Put one more state; return its number."""
        self._number += 1
        state = {**self.state, "sample": self._number}
        self._loop.call_soon_threadsafe(self.latest.put, state)
        return self._number

    def ask(
        self, method: str = "GET", path: str = "/", body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Send one request as it is."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, body, given)
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, found, answer.read()

    def act(self, asked: Any, **headers: str) -> tuple[int, Any]:
        """Ask for an action as the page does, with some headers changed."""
        given = {
            "Content_Type": "application/json",
            "Origin": f"http://127.0.0.1:{self.port}",
            "X_Lab_Token": self.control.token,
            **headers,
        }
        status, _, body = self.ask("POST", "/api/v1/actions", json.dumps(asked).encode(), **given)
        return status, json.loads(body)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(90)
        assert not self._thread.is_alive()
