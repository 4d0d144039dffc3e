"""A page on the host shows what the lab's own page has sampled, whichever of them starts first."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from typing import Any

from flumelab.page.remote import RemoteSampler
from tests.support.ports import free_port

SECONDS_MAX = 30


class OtherPage(BaseHTTPRequestHandler):
    """Its sample has the number that the server was given."""

    def do_GET(self) -> None:
        body = json.dumps({"sample": self.server.sample}).encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


@contextmanager
def other_page(port: int, sample: int) -> Iterator[None]:
    with HTTPServer(("127.0.0.1", port), OtherPage) as server:
        server.sample = sample  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_it_waits_for_a_lab_that_is_not_up_and_for_one_that_comes_back() -> None:
    port = free_port()
    told: Queue[int] = Queue()
    sampler = RemoteSampler(("127.0.0.1", port), lambda state: told.put(state["sample"]))
    sampler.start()
    try:
        assert sampler.history_json()["times"] == []
        with other_page(port, 7):
            assert told.get(timeout=SECONDS_MAX) == 7
        # A new container counts its samples anew.
        with other_page(port, 1):
            assert told.get(timeout=SECONDS_MAX) == 1
    finally:
        sampler.stop()
    assert told.empty()
