"""The connection between sink and receiver, as a process that can cut it.

    python -m flumelab.runtimes.link --listen 4143 --to 4141 --cut FILE

It forwards each connection to the port `--to`. While FILE exists, it ends all connections and
refuses new ones, as an unplugged cable and a firewall would.
"""

import argparse
import asyncio
import contextlib
import socket
import struct
from pathlib import Path

from flumelab.settings import LOOPBACK

POLL_SECONDS = 0.1
CHUNK_BYTES = 256 << 10
RESET = struct.pack("ii", 1, 0)  # linger for 0 s


class Link:
    """A forwarder from one port of this host to another."""

    def __init__(self, listen: int, to: int, cut: Path) -> None:
        self._listen, self._to, self._cut = listen, to, cut
        self._open: set[asyncio.StreamWriter] = set()

    async def run(self) -> None:
        """Forward until the process ends."""
        server: asyncio.Server | None = None
        while True:
            if self._cut.exists():
                if server:
                    server.close()
                    self._end_all()
                server = None
            elif server is None:
                server = await asyncio.start_server(self._forward, LOOPBACK, self._listen)
            await asyncio.sleep(POLL_SECONDS)

    def _end_all(self) -> None:
        for writer in self._open:
            # A reset instead of an orderly end: what waits to be sent is lost, as in a real cut.
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self._to)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._open |= both
        try:
            ways = [_copy(reader, far_writer), _copy(far_reader, writer)]
            tasks = [asyncio.ensure_future(way) for way in ways]
            _, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in left:
                task.cancel()
        finally:
            self._open -= both
            for each in both:
                each.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m flumelab.runtimes.link")
    parser.add_argument("--listen", type=int, required=True, help="the port to which a sink sends")
    parser.add_argument("--to", type=int, required=True, help="the receiver's port")
    parser.add_argument("--cut", type=Path, required=True, help="while it exists, the link is cut")
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(Link(given.listen, given.to, given.cut).run())


if __name__ == "__main__":
    main()
