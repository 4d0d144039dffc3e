"""One connection of a sink, and the memory that all connections share."""

import asyncio
import logging
import socket
import ssl
from bisect import insort
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from pyspark_flume.avroipc.push_calls import Call
from pyspark_flume.avroipc.push_connection import PushConnection
from pyspark_flume.errors import FlumeError
from pyspark_flume.events.columns import EventColumns, scan_events

if TYPE_CHECKING:
    from pyspark_flume.receiver import Receiver

log = logging.getLogger("pyspark_flume.receiver")

KIB, MIB = 1024, 1024 * 1024
SMALL_BYTES_MAX = MIB  # most batches
SMALL_RESERVE_BYTES = 64 * MIB  # so that large frames that are slow hold no small one up
CALLS_MAX = 16  # unanswered on a connection: Flume's sink waits for each answer
FRAME_SECONDS_MAX = 60  # a sink gives up after 20 s, by its default
TLS_CLIENT_ERRORS = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "it showed no certificate, which tlsClientCa asks for",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not signed by tlsClientCa, or has expired",
    "WRONG_VERSION_NUMBER": "it speaks no TLS; set ssl = true on its sink",
    "HTTP_REQUEST": "it speaks HTTP; only Flume's avro sink may connect here",
}


class Memory:
    """Bytes that all connections may hold together; who finds none waits, the smallest first.

    A frame's size is not known until its last buffer has begun, so those who wait may hold what
    each of them needs. Therefore one of them at a time, the favoured, goes on whatever it takes.

    :param size: bytes, without those of the favoured client's frame
    :param frame_bytes_max: bytes of the largest frame
    """

    def __init__(self, size: int, frame_bytes_max: int) -> None:
        self._free = size + frame_bytes_max
        self._kept = SMALL_RESERVE_BYTES + frame_bytes_max  # from large frames
        self._favoured: Client | None = None
        self._line: list[tuple[int, int, Client]] = []  # bytes in all, of them still to take

    def is_short(self, client: "Client") -> bool:
        """Is more held than may be? Frames that came at once have not been asked for before."""
        return self._free < 0 and client is not self._favoured

    def take(self, held: int, wanted: int, client: "Client") -> bool:
        """Take what `wanted` is more than `held`; False: the client waits and will be granted."""
        if self._has(wanted - held, wanted) or self._favours(client):
            self._free -= wanted - held
            return True
        insort(self._line, (wanted, wanted - held, client), key=lambda entry: entry[0])
        return False

    def add(self, size: int) -> None:
        """Count bytes that are there already."""
        self._free -= size

    def give(self, size: int) -> None:
        """Give bytes back, and let in who can go on."""
        self._free += size
        while self._line:
            wanted, missing, client = self._line[0]
            if not (self._has(missing, wanted) or self._favours(client)):
                return
            del self._line[0]
            self._free -= missing
            client.granted(missing)

    def end_frame(self, client: "Client") -> None:
        """A client's frame has come to its end; another may be favoured, at the next `give`."""
        if self._favoured is client:
            self._favoured = None

    def leave(self, client: "Client") -> None:
        """A client has gone; what it holds is still to be given back."""
        self._line = [entry for entry in self._line if entry[2] is not client]
        self.end_frame(client)

    def _has(self, missing: int, wanted: int) -> bool:
        return missing <= self._free - (self._kept if wanted > SMALL_BYTES_MAX else 0)

    def _favours(self, client: "Client") -> bool:
        if not self._favoured and self._free >= 0:
            self._favoured = client
        return client is self._favoured


class Client(asyncio.Protocol):
    """One connection of a sink."""

    def __init__(self, receiver: "Receiver") -> None:
        self._receiver = receiver
        self._loop = asyncio.get_running_loop()
        self._connection = PushConnection(
            scan_events, receiver.limits, receiver.settings.compressed
        )
        self._calls: deque[tuple[Call[EventColumns], asyncio.Future[bool] | None]] = deque()
        self._held = 0  # bytes of memory, for the frame under way
        self._unread = b""  # came while memory was short
        self._pauses: set[str] = set()  # why nothing is read: memory, calls, answers, end
        self._heard = self._since = self._loop.time()  # the last byte; the frame under way
        self._tls: asyncio.Task[None] | None = None
        self._peer = ""
        self._refused = False  # closed from this side: why has been said

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
        if self._receiver.tls:
            transport.pause_reading()
            self._tls = self._loop.create_task(self._start_tls(self._receiver.tls))
        else:
            log.info("%s connected", self._peer)

    def data_received(self, data: bytes) -> None:
        self._heard = self._loop.time()
        if not self._connection.in_frame and not self._unread:
            self._since = self._heard
        if self._unread or self._receiver.memory.is_short(self):
            self._unread += data
            self._wait_for_memory(self._held)
            return
        try:
            calls = self._connection.receive_data(data)
        except FlumeError as error:
            self._close(str(error))
            return
        for call in calls:
            self._since = self._heard
            stored = self._store(call.events) if call.events else None
            # Where its events stand takes more memory than the events.
            self._calls.append((replace(call, events=None), stored))
        if calls:
            self._receiver.memory.end_frame(self)
        if len(self._calls) >= CALLS_MAX:
            self._pause("calls")
        self._answer()
        self._account()

    def pause_writing(self) -> None:
        """The sink does not read its answers."""
        self._since = self._loop.time()
        self._pause("answers")

    def resume_writing(self) -> None:
        """It does again."""
        self._resume("answers")

    def connection_lost(self, error: Exception | None) -> None:
        if self not in self._receiver.clients:
            return
        self._receiver.clients.discard(self)
        self._receiver.memory.leave(self)
        if self._connection.in_frame and not self._refused:
            log.warning("%s went away within a frame; its sink sends it again", self._peer)
        elif not self._refused:
            log.info("%s disconnected%s", self._peer, f" ({error})" if error else "")
        # What it has sent is stored all the same, and recognised when it is sent again.
        self._release(self._held)

    def granted(self, size: int) -> None:
        """There is memory for the rest of the frame."""
        self._held += size
        self._loop.call_soon(self._go_on)

    def check(self, now: float) -> None:
        """Close the connection if its frame takes too long, or if it is silent for too long."""
        waited = now - self._since
        idle_max = self._receiver.settings.idle_seconds_max
        if waited > FRAME_SECONDS_MAX and "answers" in self._pauses:
            self._close(f"it has not read its answers for {waited:.0f} s")
        elif waited > FRAME_SECONDS_MAX and "memory" in self._pauses:
            self._close(f"no memory for its frame in {waited:.0f} s; lower the sinks' batch-size")
        elif waited > FRAME_SECONDS_MAX and self._connection.in_frame and not self._calls:
            self._close(f"half a frame in {waited:.0f} s; its sink sends it again")
        elif idle_max and not self._calls and now - self._heard > idle_max:
            self._close(f"nothing for {now - self._heard:.0f} s (idleTimeout)")

    def pause(self) -> None:
        """The receiver ends: take nothing more."""
        self._pause("end")

    def end(self) -> None:
        """Close behind the last answer."""
        if self._tls:
            self._tls.cancel()
        self._transport.close()

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        try:
            transport = await self._loop.start_tls(
                self._transport,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=FRAME_SECONDS_MAX,
            )
        except OSError as error:
            reason = getattr(error, "reason", None) or str(error) or type(error).__name__
            self._end_tls(TLS_CLIENT_ERRORS.get(reason, reason))
            return
        if not transport:
            self._end_tls("it went away")
            return
        self._transport = transport
        log.info("%s connected", self._peer)

    def _end_tls(self, fact: str) -> None:
        # As long as TLS has not begun, asyncio does not tell that the connection is lost.
        self._receiver.clients.discard(self)
        if not self._refused:
            log.warning("%s closed: TLS failed: %s", self._peer, fact)

    def _store(self, events: EventColumns) -> "asyncio.Future[bool]":
        memory, size = self._receiver.memory, len(events.data)
        memory.add(size)
        stored = self._receiver.intake.submit(events)
        # Also when the sink has gone: until then the batch is in memory.
        stored.add_done_callback(lambda _: memory.give(size))
        stored.add_done_callback(self._answer)
        return stored

    def _answer(self, _stored: "asyncio.Future[bool] | None" = None) -> None:
        """Answer what is settled, in the order of the calls."""
        answers = []
        while self._calls:
            call, stored = self._calls[0]
            if stored and not stored.done():
                break
            self._calls.popleft()
            answers.append(self._connection.answer(call, stored.result() if stored else True))
        if not answers or self._transport.is_closing():
            return
        self._transport.write(b"".join(answers))
        self._since = self._loop.time()
        if "calls" in self._pauses and len(self._calls) < CALLS_MAX:
            self._resume("calls")

    def _account(self) -> None:
        """Hold memory for the frame under way, also for what has not come of it."""
        if self._transport.is_closing():
            return
        wanted = self._connection.reserved
        if wanted > self._held or self._receiver.memory.is_short(self):
            self._wait_for_memory(wanted)
        else:
            self._release(self._held - wanted)

    def _wait_for_memory(self, wanted: int) -> None:
        if "memory" in self._pauses:
            return
        if self._receiver.memory.take(self._held, wanted, self):
            self._held = wanted
        else:
            self._pause("memory")

    def _go_on(self) -> None:
        if self._transport.is_closing():
            return
        self._resume("memory")
        if self._unread:
            data, self._unread = self._unread, b""
            self.data_received(data)

    def _release(self, size: int) -> None:
        self._held -= size
        self._receiver.memory.give(size)

    def _pause(self, why: str) -> None:
        self._pauses.add(why)
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def _resume(self, why: str) -> None:
        self._pauses.discard(why)
        if not self._pauses and not self._transport.is_closing():
            self._transport.resume_reading()

    def _close(self, why: str) -> None:
        log.warning("%s closed: %s", self._peer, why)
        self._refused = True
        self._transport.abort()
