"""Server-sent events: each client gets the newest state, as fast as it can read, and no queue."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.types import Receive, Scope, Send

HEARTBEAT_SECONDS = 15.0
"""After this time without a state, a comment tells a proxy that the connection is alive."""
SEND_SECONDS_MAX = 30.0
"""A client that reads nothing for so long is let go."""
CLIENTS_MAX = 200
RETRY_MILLISECONDS = 1000


class Latest:
    """The newest state, encoded once for all clients. It belongs to one event loop.

    :param controls: adds what the page can do in a state
    """

    def __init__(self, controls: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        self.json: bytes | None = None
        self.state: Mapping[str, Any] | None = None
        self.number = 0
        self.closed = False
        self._controls = controls
        self._changed = asyncio.Event()

    def put(self, state: Mapping[str, Any]) -> None:
        """Replace the state, and wake all clients."""
        self.state = {**state, "control": self._controls(state)}
        self.json = json.dumps(self.state, separators=(",", ":")).encode()
        self.number = state["sample"]
        self._changed.set()
        self._changed = asyncio.Event()

    def close(self) -> None:
        """End all streams: the server ends, and would else wait for its clients to go."""
        self.closed = True
        self._changed.set()

    async def after(self, number: int) -> bool:
        """Wait until there is another state than `number`; False if that takes too long."""
        if not self.closed and (self.json is None or self.number == number):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), HEARTBEAT_SECONDS)
        return self.json is not None and self.number != number


class EventStream:
    """The endpoint `/api/v1/events`.

    A client that does not read waits in its own `send`; it misses states and gets the newest one
    once it reads again. So it costs the buffer of one connection, and nobody else waits for it.
    """

    def __init__(self, latest: Latest) -> None:
        self._latest = latest
        self._clients = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send states until the client goes."""
        if self._clients >= CLIENTS_MAX:
            await _refuse(send)
            return
        self._clients += 1
        gone = asyncio.ensure_future(_disconnect(receive))
        sending = asyncio.ensure_future(self._send_all(send))
        try:
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._clients -= 1
            for task in (gone, sending):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, TimeoutError, OSError):
                    await task

    async def _send_all(self, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _send(send, b"retry: %d\n\n" % RETRY_MILLISECONDS)
        number = -1
        while not self._latest.closed:
            if await self._latest.after(number):
                number = self._latest.number
                data = self._latest.json or b""
                await _send(send, b"id: %d\nevent: state\ndata: %b\n\n" % (number, data))
            else:
                await _send(send, b": no new state\n\n")
        await send({"type": "http.response.body", "body": b""})


async def _send(send: Send, body: bytes) -> None:
    message = {"type": "http.response.body", "body": body, "more_body": True}
    await asyncio.wait_for(send(message), SEND_SECONDS_MAX)


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send) -> None:
    body = json.dumps({"error": f"{CLIENTS_MAX} pages are open; close one"}).encode()
    headers = [(b"content-type", b"application/json"), (b"retry-after", b"10")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
