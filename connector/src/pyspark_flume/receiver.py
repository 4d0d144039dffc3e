"""Takes what Flume's avro sinks send into a landing log: ``python -m pyspark_flume.receiver``.

    avro sink ──frames──▶ Connection ──calls──▶ Intake ──append, fsync──▶ landing log
              ◀──────────────────── OK ───────────┘

A batch is answered OK once it is durable. Structured Streaming reads the log with
``format("flume")``; it may also run this receiver itself (its option `port`).
"""

import asyncio
import logging
import resource
import ssl
import sys
from collections.abc import Sequence

from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.errors import IngestionFailed
from pyspark_flume.ingest.service import END_SECONDS_MAX, Ingestion, run_command
from pyspark_flume.ingest.sink_connection import MIB, Client, Memory
from pyspark_flume.options import ReceiverSettings

log = logging.getLogger("pyspark_flume.receiver")

MEMORY_BYTES_MAX = 256 * MIB  # of frames under way and batches not yet stored, of all connections
FILES_SPARE = 256  # open files that are no connections
SWEEP_SECONDS = 1


class Receiver(Ingestion):
    """One listening port and the log behind it."""

    settings: ReceiverSettings

    def __init__(self, settings: ReceiverSettings) -> None:
        super().__init__(
            settings,
            f"the receiver on port {settings.port}",
            f"listens on {settings.host}:{settings.port}",
        )
        self.tls = _tls(settings)
        self.limits = Limits(frame_bytes_max=settings.frame_bytes_max)
        self.clients: set[Client] = set()
        self.memory = Memory(MEMORY_BYTES_MAX, settings.frame_bytes_max)
        self._refused = 0

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

    async def _begin(self) -> Sequence[asyncio.Task[None]]:
        settings = self.settings
        _allow_files(settings.connections_max + FILES_SPARE)
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: Client(self), settings.host, settings.port, backlog=1024
            )
        except OSError as error:
            raise IngestionFailed(
                f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}; "
                "end what listens there or choose another port"
            ) from None
        return [asyncio.create_task(self._sweep())]

    async def _settle(self) -> None:
        """What a sink has sent is stored, so it had better hear of it."""
        for client in self.clients:
            client.pause()
        await self.intake.settle(END_SECONDS_MAX)

    def _end(self) -> None:
        self._server.close()
        for client in list(self.clients):
            client.end()

    def _is_alone(self) -> bool:
        return len(self.clients) == 1

    async def _sweep(self) -> None:
        """Close connections that have stalled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = asyncio.get_running_loop().time()
            for client in list(self.clients):
                client.check(now)


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
        raise IngestionFailed(
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


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    purpose = __doc__.splitlines()[0]
    return run_command("receiver", purpose, ReceiverSettings, Receiver, arguments)


if __name__ == "__main__":
    sys.exit(main())
