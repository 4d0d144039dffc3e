"""Takes the state from another page's server: in Docker, from the service `page`.

Only the containers of the lab reach its parts and volumes. A page on the host therefore shows what
that service has sampled, and adds the actions.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from flumelab.page.http_json import JsonServer, NotFound, NotThere

SECONDS = 0.25  # the other page samples once a second; so its sample is shown soon


class RemoteSampler:
    """Asks for `/api/v1/state` often; while nobody answers, the page says that its data is old.

    :param tell: called with each new state
    """

    def __init__(self, address: tuple[str, int], tell: Callable[[Mapping[str, Any]], None]) -> None:
        self._address = address
        self._tell = tell
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join(timeout=5)

    def history_json(self) -> Mapping[str, Any]:
        """Ask for the last ten minutes; nothing if nobody answers."""
        try:
            found: Mapping[str, Any] = JsonServer(*self._address).get("/api/v1/history")
            return found
        except (NotThere, NotFound):
            return {"times": [], "rates": {}, "lags": {}, "values": {}, "batches": []}

    def _run(self) -> None:
        server = JsonServer(*self._address)
        last = 0
        while not self._ended.is_set():
            began = time.monotonic()
            try:
                state = server.get("/api/v1/state")
                if state["sample"] != last:
                    last = state["sample"]
                    self._tell(state)
            except (NotThere, NotFound):
                pass
            self._ended.wait(max(0.0, SECONDS - (time.monotonic() - began)))
