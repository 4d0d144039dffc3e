"""SIGTERM and SIGINT as a request to stop."""

from __future__ import annotations

import select
import signal
import socket


class StopSignal:
    """Notes SIGTERM or SIGINT in `received`; only the waits of this class are interrupted."""

    def __init__(self) -> None:
        self.received: str | None = None  # the name of the first signal
        # Two ends, because a signal that arrives just before a wait must also end that wait. They
        # are no pipe, since Windows can wait for sockets only.
        ends = socket.socketpair()
        ends[1].setblocking(False)
        self._wake, self._woken = (end.detach() for end in ends)

    def listen(self) -> None:
        """Handle the two signals from now on; call it in the main thread."""
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def fileno(self) -> int:
        """Return a descriptor for `select`, which is readable once a signal has arrived."""
        return self._wake

    def wait(self, seconds: float | None = None) -> None:
        """Wait for a signal, or for `seconds`; None waits for ever."""
        select.select([self._wake], [], [], seconds)

    def wait_for_input(self, file: int) -> bool:
        """Wait until this descriptor has input or has ended, or for a signal.

        Returns False if a signal came and there is no input.
        """
        ready, _, _ = select.select([self._wake, file], [], [])
        return file in ready

    def _note(self, number: int, frame: object) -> None:
        self.received = self.received or signal.Signals(number).name
