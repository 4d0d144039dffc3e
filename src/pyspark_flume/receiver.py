"""Takes what Flume's avro sinks send into a landing log: ``python -m pyspark_flume.receiver``.

    avro sink ──frames──▶ Connection ──calls──▶ Intake ──append, fsync──▶ landing log
              ◀──────────────────── OK ───────────┘

A batch is answered OK once it is durable. Structured Streaming reads the log with
``format("flume")``; it may also run this receiver itself (its option `port`).
"""

import argparse
import asyncio
import logging
import signal
import socket
import ssl
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from pyspark_flume.avroipc import Call, Connection, Limits
from pyspark_flume.errors import FlumeError, LandingError, ReceiverFailed
from pyspark_flume.intake import Intake, identify
from pyspark_flume.landing import LandingWriter
from pyspark_flume.settings import ReceiverSettings

log = logging.getLogger("pyspark_flume.receiver")

MIB = 1024 * 1024
MEMORY_BYTES_MAX = 256 * MIB  # of frames under way and batches not yet stored, of all connections
CALLS_MAX = 16  # unanswered on a connection: Flume's sink waits for each answer
STALL_SECONDS = 30  # half a frame; a sink sends a batch in one go
SWEEP_SECONDS = 1
RETAIN_SECONDS = 10


class Receiver:
    """One listening port and the log behind it."""

    def __init__(self, settings: ReceiverSettings) -> None:
        self.settings = settings
        self.limits = Limits(frame_bytes_max=settings.frame_bytes_max)
        self.clients: set[_Client] = set()
        self.memory = _Memory(max(MEMORY_BYTES_MAX, 2 * settings.frame_bytes_max))
        self.intake: Intake
        self._refused = 0

    async def serve(self, ready: Callable[[], None], stop: asyncio.Event) -> None:
        """Listen until `stop`; `ready` is called when a sink may connect.

        Raises `LandingError` and `ReceiverFailed`.
        """
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_one_line)
        with LandingWriter.open(self.settings.landing, identify) as writer:
            self.intake = Intake(writer)
            server = await self._listen(loop)
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
            finally:
                server.close()
                for client in list(self.clients):
                    client.abort()
                for task in (stopped, *tasks):
                    task.cancel()
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

    async def _listen(self, loop: asyncio.AbstractEventLoop) -> asyncio.Server:
        settings = self.settings
        try:
            return await loop.create_server(
                lambda: _Client(self),
                settings.host,
                settings.port,
                ssl=_tls(settings),
                ssl_handshake_timeout=STALL_SECONDS if settings.certificate else None,
                backlog=1024,
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
            now = time.monotonic()
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


class _Memory:
    """Bytes that all connections together may hold; who finds none waits in line."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._line: deque[tuple[int, _Client]] = deque()

    def take(self, size: int, client: "_Client") -> bool:
        """Take `size` bytes; False: the client is in line and will be resumed."""
        if not self._line and size <= self._free:
            self._free -= size
            return True
        self._line.append((size, client))
        return False

    def give(self, size: int) -> None:
        """Give bytes back, and let in who can go on."""
        self._free += size
        while self._line and self._line[0][0] <= self._free:
            size, client = self._line.popleft()
            self._free -= size
            client.granted(size)

    def leave(self, client: "_Client") -> None:
        """A client in line has gone."""
        self._line = deque(entry for entry in self._line if entry[1] is not client)


class _Client(asyncio.Protocol):
    """One connection of a sink."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._connection = Connection(receiver.limits, receiver.settings.compressed)
        self._calls: deque[tuple[Call, asyncio.Future[bool] | None, int]] = deque()
        self._held = 0  # bytes of memory
        self._in_line = False
        self._full = False  # too many calls without an answer
        self._last = time.monotonic()
        self._peer = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        host, port, *_ = transport.get_extra_info("peername") or ("?", 0)
        self._peer = f"{host}:{port}"
        if not self._receiver.admits(self._peer):
            transport.abort()
            return
        self._receiver.clients.add(self)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # An agent whose machine has gone would be connected for ever.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        log.info("%s connected", self._peer)

    def data_received(self, data: bytes) -> None:
        self._last = time.monotonic()
        try:
            calls = self._connection.receive_data(data)
        except FlumeError as error:
            self._close(str(error))
            return
        for call in calls:
            size = len(call.events.data) if call.events else 0
            # The frame's bytes are the batch's now; what an unframed rest needs is taken below.
            stored = self._receiver.intake.submit(call.events) if call.events else None
            self._calls.append((call, stored, size))
            if stored:
                stored.add_done_callback(self._answer)
        self._account()
        if len(self._calls) >= CALLS_MAX and not self._full:
            self._full = True
            self._pause()
        self._answer()

    def connection_lost(self, error: Exception | None) -> None:
        if self not in self._receiver.clients:
            return
        self._receiver.clients.discard(self)
        self._receiver.memory.leave(self)
        if self._connection.in_frame and error is None:
            log.warning("%s went away within a frame; its sink sends it again", self._peer)
        else:
            log.info("%s disconnected%s", self._peer, f" ({error})" if error else "")
        # What it has sent is stored all the same, and recognised when it is sent again.
        self._release(self._held)

    def granted(self, size: int) -> None:
        """There is memory for the rest of the frame."""
        self._held += size
        self._in_line = False
        self._last = time.monotonic()
        self._resume()

    def check(self, now: float) -> None:
        """Close the connection if nothing has come for too long."""
        quiet = now - self._last
        idle_max = self._receiver.settings.idle_seconds_max
        if self._in_line and quiet > STALL_SECONDS:
            self._close(f"no memory for its frame in {quiet:.0f} s; lower the sinks' batch-size")
        elif self._connection.in_frame and not self._full and quiet > STALL_SECONDS:
            self._close(f"half a frame, and nothing more for {quiet:.0f} s")
        elif idle_max and not self._calls and quiet > idle_max:
            self._close(f"nothing for {quiet:.0f} s (idleTimeout)")

    def abort(self) -> None:
        """The receiver ends."""
        self._transport.abort()

    def _account(self) -> None:
        """Hold memory for the frame under way and for the batches not yet stored."""
        needed = self._connection.reserved + sum(size for _, _, size in self._calls)
        if needed < self._held:
            self._release(self._held - needed)
        elif needed > self._held and not self._in_line:
            if self._receiver.memory.take(needed - self._held, self):
                self._held = needed
            else:
                self._in_line = True
                self._pause()

    def _answer(self, _stored: "asyncio.Future[bool] | None" = None) -> None:
        """Answer what is settled, in the order of the calls."""
        answers = []
        while self._calls:
            call, stored, _ = self._calls[0]
            if stored and not stored.done():
                break
            self._calls.popleft()
            answers.append(self._connection.answer(call, stored.result() if stored else True))
        if not answers or self._transport.is_closing():
            return
        self._transport.write(b"".join(answers))
        self._last = time.monotonic()
        self._account()
        if self._full and len(self._calls) < CALLS_MAX:
            self._full = False
            self._resume()

    def _release(self, size: int) -> None:
        self._held -= size
        self._receiver.memory.give(size)

    def _pause(self) -> None:
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def _resume(self) -> None:
        if not (self._in_line or self._full or self._transport.is_closing()):
            self._transport.resume_reading()

    def _close(self, why: str) -> None:
        log.warning("%s closed: %s", self._peer, why)
        self._transport.abort()


class ReceiverThread:
    """A receiver in this process: for a query that listens itself. Ends with the process."""

    def __init__(self, settings: ReceiverSettings) -> None:
        self._settings = settings
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="flume-receiver", daemon=True)

    def start(self) -> None:
        """Return when it listens; raises what `Receiver.serve` does."""
        self._thread.start()
        self._ready.result()

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


def _one_line(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """Where asyncio would print a traceback: a TLS client that is refused, above all."""
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
