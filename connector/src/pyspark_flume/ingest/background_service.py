"""A service in a thread of this process, for a driver that runs its query's receiver or poller."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Self

from pyspark_flume.errors import IngestionFailed
from pyspark_flume.ingest.poller import Poller
from pyspark_flume.ingest.receiver import Receiver
from pyspark_flume.ingest.service import EventSource, IngestService
from pyspark_flume.options.ingestion import PollerSettings, ReceiverSettings

log = logging.getLogger(__name__)


class BackgroundService:
    """A running `IngestService`. It ends with the process or at `stop`."""

    def __init__(
        self, name: str, thread: threading.Thread, request_stop: Callable[[], None]
    ) -> None:
        self._name = name
        self._thread = thread
        self._request_stop = request_stop

    @classmethod
    def start(cls, settings: ReceiverSettings | PollerSettings) -> Self:
        """Start a receiver or a poller, and return when it has started.

        Raises `LandingError` and `IngestionFailed`.
        """
        source: EventSource = (
            Poller(settings) if isinstance(settings, PollerSettings) else Receiver(settings)
        )
        service = IngestService(settings, source)
        started: Future[Callable[[], None]] = Future()
        thread = threading.Thread(
            target=_run, args=(service, started), name="flume-ingestion", daemon=True
        )
        thread.start()
        if error := started.exception():
            raise error.with_traceback(None)  # in a query's exception it would hide the reason
        return cls(source.name, thread, started.result())

    def check(self) -> None:
        """Raise `IngestionFailed` if the service has ended."""
        if not self._thread.is_alive():
            raise IngestionFailed(
                f"{self._name} has ended; see the log above, and start the query again"
            )

    def stop(self) -> None:
        """End the service; the port and the log are free when this returns."""
        if self._thread.is_alive():
            self._request_stop()
            self._thread.join()


def _run(service: IngestService, started: "Future[Callable[[], None]]") -> None:
    try:
        asyncio.run(_run_until_stop(service, started))
    except BaseException as error:
        if not started.done():
            started.set_exception(error)
        else:
            log.exception("%s has ended", service.source.name)


async def _run_until_stop(service: IngestService, started: "Future[Callable[[], None]]") -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def request_stop() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the service has just ended
            loop.call_soon_threadsafe(stop.set)

    await service.run(lambda: started.set_result(request_stop), stop)
