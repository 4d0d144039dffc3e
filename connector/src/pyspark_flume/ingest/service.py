"""What fills a landing log, until it is told to stop: as a process, or as a thread of a query's.

`pyspark_flume.receiver` and `pyspark_flume.poller` are the two ways.
"""

import argparse
import asyncio
import logging
import signal
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial

from pyspark_flume.errors import FlumeError, IngestionFailed, LandingError
from pyspark_flume.ingest.group_commit import Intake, identify
from pyspark_flume.landing import LandingWriter
from pyspark_flume.options import IngestionSettings

log = logging.getLogger(__name__)

RETAIN_SECONDS = 10
END_SECONDS_MAX = 5  # for the batches under way, when it is told to stop


class Ingestion(ABC):
    """A way for events into a landing log, of which it is the only writer.

    :param name: as in "the receiver on port 4141"
    :param action: as in "listens on 0.0.0.0:4141"
    """

    intake: Intake

    def __init__(self, settings: IngestionSettings, name: str, action: str) -> None:
        self.settings = settings
        self.name = name
        self.action = action

    async def serve(self, ready: Callable[[], None], stop: asyncio.Event) -> None:
        """Take events in until `stop`; `ready` is called when it has begun.

        Raises `LandingError` and `IngestionFailed`.
        """
        asyncio.get_running_loop().set_exception_handler(_one_line)
        settings = self.settings
        with LandingWriter.open(settings.landing, identify, settings.segment_bytes) as writer:
            self.intake = Intake(writer, self._is_alone)
            tasks = [
                *await self._begin(),
                asyncio.create_task(self.intake.run()),
                asyncio.create_task(self._retain(writer)),
            ]
            stopped = asyncio.create_task(stop.wait())
            try:
                ready()
                await asyncio.wait({stopped, *tasks}, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    if task.done():  # by an error that nobody has foreseen
                        task.result()
                await self._settle()
            finally:
                self._end()
                for ending in (stopped, *tasks):
                    ending.cancel()
                await asyncio.gather(stopped, *tasks, return_exceptions=True)
                self.intake.close()

    @abstractmethod
    async def _begin(self) -> Sequence[asyncio.Task[None]]:
        """Begin to take events in, by these tasks, which go on until they are cancelled."""

    @abstractmethod
    async def _settle(self) -> None:
        """Take nothing more, and answer what has come, within `END_SECONDS_MAX`."""

    @abstractmethod
    def _end(self) -> None:
        """Close what is still open."""

    def _is_alone(self) -> bool:
        """See `Intake`."""
        return False

    async def _retain(self, writer: LandingWriter) -> None:
        while True:
            await asyncio.sleep(RETAIN_SECONDS)
            try:
                if removed := await self.intake.in_thread(
                    partial(writer.retain, self.settings.retention)
                ):
                    log.info("%s: %d old segment(s) removed", self.settings.landing, removed)
            except LandingError as error:
                log.warning("%s", error)


class IngestionThread:
    """An ingestion in this process, for a query that takes events in. Ends with the process."""

    def __init__(self, ingestion: Ingestion) -> None:
        self._ingestion = ingestion
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="flume-ingestion", daemon=True)

    def start(self) -> None:
        """Return when it has begun; raises what `Ingestion.serve` does."""
        self._thread.start()
        if error := self._ready.exception():
            raise error.with_traceback(None)  # in a query's exception it would hide the reason

    def check(self) -> None:
        """Raise `IngestionFailed` if it has ended."""
        if not self._thread.is_alive():
            raise IngestionFailed(
                f"{self._ingestion.name} has ended; see the log above, and start the query again"
            )

    def stop(self) -> None:
        """End it and let go of port and log."""
        if self._thread.is_alive() and self._ready.done() and not self._ready.exception():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)
            else:
                log.exception("%s has ended", self._ingestion.name)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await self._ingestion.serve(lambda: self._ready.set_result(None), self._stop)


def run_command(
    command: str,
    purpose: str,
    settings: type[IngestionSettings],
    ingestion: Callable[..., Ingestion],
    arguments: list[str] | None,
) -> int:
    """Run ``python -m pyspark_flume.command`` until a signal; returns its exit code.

    :param ingestion: made of `settings`
    :param arguments: None: this process's
    """
    parser = argparse.ArgumentParser(prog=f"python -m pyspark_flume.{command}", description=purpose)
    settings.add_arguments(parser)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s", stream=sys.stderr
    )
    try:
        asyncio.run(_until_signal(ingestion(settings.of(parser.parse_args(arguments)))))
    except FlumeError as error:
        print(f"{command}: {error}", file=sys.stderr)
        return 1
    return 0


async def _until_signal(ingestion: Ingestion) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def ready() -> None:
        log.info("%s, lands in %s", ingestion.action, ingestion.settings.landing)

    await ingestion.serve(ready, stop)


def _one_line(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """Where asyncio would print a traceback."""
    transport = context.get("transport")
    peer = (
        transport.get_extra_info("peername") if isinstance(transport, asyncio.Transport) else None
    )
    where = f"{peer[0]}:{peer[1]} " if peer else ""
    log.warning("%s%s: %s", where, context.get("message"), context.get("exception", ""))
