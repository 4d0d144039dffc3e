"""A command on a terminal of its own, as a user sees it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
from collections.abc import Mapping, Sequence

from tests.support.waiting import wait_for

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\r")


class Terminal:
    """A process whose input and output are a pseudo-terminal."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], columns: int = 80
    ) -> None:
        self._mine, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        sized = {**environment, "TERM": "xterm-256color"}
        for name in ("COLUMNS", "LINES"):
            sized.pop(name, None)
        self._theirs = theirs
        self.process = subprocess.Popen(
            command, env=sized, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        self._output = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._theirs)
        self._reader.join(timeout=5)
        os.close(self._mine)

    @property
    def text(self) -> str:
        """All that was written, without colours and movements of the cursor."""
        return CONTROL.sub("", self._output.decode("utf-8", "replace"))

    def press(self, keys: str, until: str) -> None:
        """Press keys; wait until a text is written after that."""
        before = len(self.text)
        os.write(self._mine, keys.encode())
        wait_for(
            lambda: until in self.text[before:], f"{until!r} after {keys!r}: {self.text[-2000:]}"
        )

    def is_cooked(self) -> bool:
        """Whether the terminal waits for Enter again, as before the process."""
        return bool(termios.tcgetattr(self._theirs)[3] & termios.ICANON)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._mine, 65536)
            except OSError:
                return
            if not data:
                return
            self._output += data
