"""One connection of a Flume avro sink to the receiver."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace

from pyspark_flume.avroipc.limits import Limits
from pyspark_flume.avroipc.push_calls import Call
from pyspark_flume.avroipc.push_connection import PushConnection
from pyspark_flume.errors import FlumeError
from pyspark_flume.events.event_positions import EventColumns, scan_events
from pyspark_flume.ingest.counters import Refusal
from pyspark_flume.ingest.memory_budget import MemoryBudget
from pyspark_flume.ingest.open_connections import OpenConnections
from pyspark_flume.ingest.pending_answers import PendingAnswers
from pyspark_flume.ingest.stalls import Pause, Timeouts, stall_of
from pyspark_flume.ingest.tls import handshake_failure

log = logging.getLogger(__name__)

CALLS_MAX = 16  # unanswered on a connection: Flume's sink waits for each answer


@dataclass(frozen=True)
class Shared:
    """What all connections of a receiver share.

    :param compressed: the sinks have ``compression-type = deflate``
    :param store: accepts a batch; its future is True when the batch is durable, False when it
        could not be stored
    """

    limits: Limits
    compressed: bool
    timeouts: Timeouts
    tls: ssl.SSLContext | None
    memory: MemoryBudget
    connections: "OpenConnections[SinkConnection]"
    store: Callable[[EventColumns], "asyncio.Future[bool]"]


class SinkConnection(asyncio.Protocol):
    """Reads a sink's batches, has them stored, and answers them in order."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._loop = asyncio.get_running_loop()
        self._calls = PushConnection(scan_events, shared.limits, shared.compressed)
        self._answers: PendingAnswers[Call[EventColumns]] = PendingAnswers()
        self._held = 0  # bytes of memory, for the arriving frame
        self._unread = b""  # bytes that arrived while memory was short
        self._pauses: set[Pause] = set()
        self._last_byte_at = self._waiting_since = self._loop.time()  # see `stall_of`
        self._tls_start: asyncio.Task[None] | None = None
        self._peer = ""
        self._closed_here = False  # if so, the log says why

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        host, port, *_ = transport.get_extra_info("peername") or ("?", 0)
        self._peer = f"{host}:{port}"
        if not self._shared.connections.admit(self, self._peer):
            transport.abort()
            return
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Without keep-alive, an agent whose machine is gone stays connected for ever.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if self._shared.tls:
            transport.pause_reading()
            self._tls_start = self._loop.create_task(self._start_tls(self._shared.tls))
        else:
            log.info("%s connected", self._peer)

    def data_received(self, data: bytes) -> None:
        self._last_byte_at = self._loop.time()
        if not self._calls.in_frame and not self._unread:
            self._waiting_since = self._last_byte_at
        if self._unread or self._shared.memory.is_exceeded_for(self):
            self._unread += data
            self._wait_for_memory(self._held)
            return
        try:
            calls = self._calls.receive_data(data)
        except FlumeError as error:
            self._close(Refusal.PROTOCOL, str(error))
            return
        for call in calls:
            self._waiting_since = self._last_byte_at
            stored = self._store(call.events) if call.events else None
            # Do not keep the events: their columns take more memory than the events.
            self._answers.add(replace(call, events=None), stored)
        if calls:
            self._shared.memory.end_frame(self)
        if len(self._answers) >= CALLS_MAX:
            self._pause(Pause.UNANSWERED_CALLS)
        self._answer()
        self._account()

    def pause_writing(self) -> None:
        """Stop reading while the sink does not read its answers."""
        self._waiting_since = self._loop.time()
        self._pause(Pause.UNREAD_ANSWERS)

    def resume_writing(self) -> None:
        """Read on, because the sink reads its answers again."""
        self._resume(Pause.UNREAD_ANSWERS)

    def connection_lost(self, error: Exception | None) -> None:
        if self not in self._shared.connections:
            return
        self._shared.connections.discard(self)
        self._shared.memory.leave(self)
        if self._calls.in_frame and not self._closed_here:
            log.warning("%s went away within a frame; its sink sends it again", self._peer)
        elif not self._closed_here:
            log.info("%s disconnected%s", self._peer, f" ({error})" if error else "")
        # A batch that has arrived completely is stored, and recognised when it is sent again.
        self._give_back(self._held)

    def grant(self, size: int) -> None:
        """Accept memory for the rest of the frame; see `MemoryUser`."""
        self._held += size
        self._loop.call_soon(self._continue_frame)

    def close_if_stalled(self, now: float) -> None:
        """Close the connection if a frame takes too long, or if it is silent for too long."""
        stall = stall_of(
            self._shared.timeouts,
            waited=now - self._waiting_since,
            silent=now - self._last_byte_at,
            pauses=self._pauses,
            in_frame=self._calls.in_frame,
            unanswered=len(self._answers),
        )
        if stall:
            self._close(Refusal.STALLED, stall)

    def stop_reading(self) -> None:
        """Accept nothing more, because the receiver ends."""
        self._pause(Pause.END)

    def close(self) -> None:
        """Close after the last answer that was written."""
        if self._tls_start:
            self._tls_start.cancel()
        self._transport.close()

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        try:
            transport = await self._loop.start_tls(
                self._transport,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=self._shared.timeouts.frame_seconds,
            )
        except OSError as error:
            self._end_without_tls(handshake_failure(error))
            return
        if not transport:
            self._end_without_tls("it went away")
            return
        self._transport = transport
        log.info("%s connected", self._peer)

    def _end_without_tls(self, fact: str) -> None:
        # Until TLS has begun, asyncio does not call `connection_lost`.
        self._shared.connections.discard(self)
        if not self._closed_here:
            self._shared.connections.refused[Refusal.TLS] += 1
            log.warning("%s closed: TLS failed: %s", self._peer, fact)

    def _store(self, events: EventColumns) -> "asyncio.Future[bool]":
        memory, size = self._shared.memory, len(events.data)
        memory.add(size)
        stored = self._shared.store(events)
        # Even if the sink is gone, the batch is in memory until it is stored.
        stored.add_done_callback(lambda _: memory.give_back(size))
        stored.add_done_callback(lambda _: self._answer())
        return stored

    def _answer(self) -> None:
        """Write the answers that are due, in the order of the calls."""
        settled = self._answers.take_settled()
        answers = [self._calls.answer(call, stored) for call, stored in settled]
        if not answers or self._transport.is_closing():
            return
        self._transport.write(b"".join(answers))
        self._waiting_since = self._loop.time()
        if Pause.UNANSWERED_CALLS in self._pauses and len(self._answers) < CALLS_MAX:
            self._resume(Pause.UNANSWERED_CALLS)

    def _account(self) -> None:
        """Hold memory for the arriving frame, including the part that has not arrived."""
        if self._transport.is_closing():
            return
        wanted = self._calls.reserved
        if wanted > self._held or self._shared.memory.is_exceeded_for(self):
            self._wait_for_memory(wanted)
        else:
            self._give_back(self._held - wanted)

    def _wait_for_memory(self, wanted: int) -> None:
        if Pause.MEMORY in self._pauses:
            return
        if self._shared.memory.take(self._held, wanted, self):
            self._held = wanted
        else:
            self._pause(Pause.MEMORY)

    def _continue_frame(self) -> None:
        if self._transport.is_closing():
            return
        self._resume(Pause.MEMORY)
        if self._unread:
            data, self._unread = self._unread, b""
            self.data_received(data)

    def _give_back(self, size: int) -> None:
        self._held -= size
        self._shared.memory.give_back(size)

    def _pause(self, reason: Pause) -> None:
        self._pauses.add(reason)
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def _resume(self, reason: Pause) -> None:
        self._pauses.discard(reason)
        if not self._pauses and not self._transport.is_closing():
            self._transport.resume_reading()

    def _close(self, refusal: Refusal, reason: str) -> None:
        self._shared.connections.refused[refusal] += 1
        log.warning("%s closed: %s", self._peer, reason)
        self._closed_here = True
        self._transport.abort()
