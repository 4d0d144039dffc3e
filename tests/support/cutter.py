"""A proxy between a sink and its receiver that loses an answer on request."""

import contextlib
import select
import socket
import threading


class Cutter:
    """Forwards connections to `port`; after `cut` the next answer is lost, with its connection."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._armed = threading.Event()
        self.cuts = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._armed.set()

    def close(self) -> None:
        with contextlib.suppress(OSError):  # macOS refuses it
            self._server.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts, on Linux
        self._server.close()  # wakes it on macOS

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            client,
            socket.create_connection(("127.0.0.1", self._target)) as server,
        ):
            while True:
                for side in select.select([client, server], [], [])[0]:
                    data = side.recv(1 << 18)
                    if not data:
                        return
                    if side is server and self._armed.is_set():
                        self._armed.clear()
                        self.cuts += 1
                        return
                    (server if side is client else client).sendall(data)
