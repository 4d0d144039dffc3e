"""Reads single keys from the terminal, without waiting for Enter."""

import os
import re
import select
import sys
import termios
import tty
from types import TracebackType
from typing import Self

KEY_BYTES_MAX = 64
KEY = re.compile(rb"\x1b[\[O][0-9;]*[A-Za-z~]|.", re.DOTALL)
NAMES = {
    b"\x1b[A": "up", b"\x1b[B": "down", b"\x1bOA": "up", b"\x1bOB": "down",
    b"\x1b": "escape", b"\x03": "q", b"\x04": "q",
}  # fmt: skip
"""What terminals send for keys that are not letters."""


class Keyboard:
    """Standard input as keys, inside a ``with`` block; it restores the terminal afterwards."""

    def __enter__(self) -> Self:
        self._descriptor = sys.stdin.fileno()
        self._pressed = b""  # read, and not returned yet
        self._before = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)

    def read(self, seconds: float) -> str:
        """Return the key that is pressed within this time: a letter, up, down, escape; "" if none.

        The end of the input is "q".
        """
        if not self._pressed:
            ready, _, _ = select.select([self._descriptor], [], [], seconds)
            if not ready:
                return ""
            self._pressed = os.read(self._descriptor, KEY_BYTES_MAX)
            if not self._pressed:
                return "q"
        found = KEY.match(self._pressed)
        assert found  # it matches any byte
        self._pressed = self._pressed[found.end() :]
        return NAMES.get(found[0]) or found[0][:1].decode("ascii", "replace")
