"""Takes what Flume's avro sinks send into a landing log: ``python -m pyspark_flume.receiver``.

    avro sink ──frames──▶ Connection ──calls──▶ Intake ──append, fsync──▶ landing log
              ◀──────────────────── OK ───────────┘

A batch is answered OK once it is durable. Structured Streaming reads the log with
``format("flume")``; it may also run this receiver itself (its option `port`).
"""

import argparse
import asyncio
import logging
import resource
import signal
import ssl
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from pyspark_flume.avroipc import Limits
from pyspark_flume.client import MIB, SMALL_RESERVE_BYTES, Client, Memory
from pyspark_flume.errors import FlumeError, LandingError, ReceiverFailed
from pyspark_flume.intake import Intake, identify
from pyspark_flume.landing import LandingWriter
from pyspark_flume.settings import ReceiverSettings

log = logging.getLogger("pyspark_flume.receiver")

MEMORY_BYTES_MAX = 256 * MIB  # of frames under way and batches not yet stored, of all connections
FILES_SPARE = 256  # open files that are no connections
SWEEP_SECONDS = 1
RETAIN_SECONDS = 10
END_SECONDS_MAX = 5  # for the batches under way, when the receiver ends


class Receiver:
    """One listening port and the log behind it."""

    def __init__(self, settings: ReceiverSettings) -> None:
        self.settings = settings
        self.tls = _tls(settings)
        self.limits = Limits(frame_bytes_max=settings.frame_bytes_max)
        self.clients: set[Client] = set()
        # The largest frame has to find room.
        self.memory = Memory(max(MEMORY_BYTES_MAX, settings.frame_bytes_max + SMALL_RESERVE_BYTES))
        self.intake: Intake
        self._refused = 0

    async def serve(self, ready: Callable[[], None], stop: asyncio.Event) -> None:
        """Listen until `stop`; `ready` is called when a sink may connect.

        Raises `LandingError` and `ReceiverFailed`.
        """
        asyncio.get_running_loop().set_exception_handler(_one_line)
        _allow_files(self.settings.connections_max + FILES_SPARE)
        settings = self.settings
        with LandingWriter.open(settings.landing, identify, settings.segment_bytes) as writer:
            self.intake = Intake(writer, alone=lambda: len(self.clients) == 1)
            server = await self._listen()
            tasks: list[asyncio.Task[None]] = [
                asyncio.create_task(work)
                for work in (self.intake.run(), self._sweep(), self._retain(writer))
            ]
            stopped = asyncio.create_task(stop.wait())
            try:
                ready()
                await asyncio.wait({stopped, *tasks}, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    if task.done():  # by an error that nobody has foreseen
                        task.result()
                await self._answer_all()
            finally:
                server.close()
                for client in list(self.clients):
                    client.end()
                for ending in (stopped, *tasks):
                    ending.cancel()
                await asyncio.gather(stopped, *tasks, return_exceptions=True)
                self.intake.close()

    def admits(self, peer: str) -> bool:
        """Whether one more connection may come; says so once where not."""
        if len(self.clients) < self.settings.connections_max:
            self._refused = 0
            return True
        self._refused += 1
        if self._refused == 1:
            log.warning(
                "%s refused: %d connections are open, which is the limit; raise maxConnections",
                peer,
                len(self.clients),
            )
        return False

    async def _answer_all(self) -> None:
        """What a sink has sent is stored, so it had better hear of it."""
        for client in self.clients:
            client.pause()
        await self.intake.settle(END_SECONDS_MAX)

    async def _listen(self) -> asyncio.Server:
        settings = self.settings
        loop = asyncio.get_running_loop()
        try:
            return await loop.create_server(
                lambda: Client(self), settings.host, settings.port, backlog=1024
            )
        except OSError as error:
            raise ReceiverFailed(
                f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}; "
                "end what listens there or choose another port"
            ) from None

    async def _sweep(self) -> None:
        """Close connections that have stalled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = asyncio.get_running_loop().time()
            for client in list(self.clients):
                client.check(now)

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


class ReceiverThread:
    """A receiver in this process: for a query that listens itself. Ends with the process."""

    def __init__(self, settings: ReceiverSettings) -> None:
        self._settings = settings
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="flume-receiver", daemon=True)

    def start(self) -> None:
        """Return when it listens; raises what `Receiver.serve` does."""
        self._thread.start()
        if error := self._ready.exception():
            raise error.with_traceback(None)  # in a query's exception it would hide the reason

    def check(self) -> None:
        """Raise `ReceiverFailed` if it has ended."""
        if not self._thread.is_alive():
            raise ReceiverFailed(
                f"the receiver on port {self._settings.port} has ended; see the log above, "
                "and start the query again"
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
                log.exception("the receiver has ended")

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await Receiver(self._settings).serve(lambda: self._ready.set_result(None), self._stop)


def _tls(settings: ReceiverSettings) -> ssl.SSLContext | None:
    if not settings.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.certificate, settings.key)
        if settings.client_ca:
            context.load_verify_locations(settings.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise ReceiverFailed(
            f"TLS with certificate {settings.certificate}, key {settings.key}, "
            f"client CA {settings.client_ca}: {error}; give readable PEM files that fit together"
        ) from None
    return context


def _allow_files(wanted: int) -> None:
    """Raise the limit of open files as far as this process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        log.warning(
            "this process may open %d files, %d connections need %d; raise ulimit -n or lower "
            "maxConnections",
            allowed,
            wanted - FILES_SPARE,
            wanted,
        )


def _one_line(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """Where asyncio would print a traceback."""
    transport = context.get("transport")
    peer = (
        transport.get_extra_info("peername") if isinstance(transport, asyncio.Transport) else None
    )
    where = f"{peer[0]}:{peer[1]} " if peer else ""
    log.warning("%s%s: %s", where, context.get("message"), context.get("exception", ""))


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m pyspark_flume.receiver", description=__doc__.splitlines()[0]
    )
    ReceiverSettings.add_arguments(parser)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s", stream=sys.stderr
    )
    try:
        asyncio.run(_until_signal(ReceiverSettings.of(parser.parse_args(arguments))))
    except FlumeError as error:
        print(f"receiver: {error}", file=sys.stderr)
        return 1
    return 0


async def _until_signal(settings: ReceiverSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def ready() -> None:
        log.info("listens on %s:%d, lands in %s", settings.host, settings.port, settings.landing)

    await Receiver(settings).serve(ready, stop)


if __name__ == "__main__":
    sys.exit(main())
