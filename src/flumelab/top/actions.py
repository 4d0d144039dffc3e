"""What the keys do: each runs one of the lab's own commands, and says which."""

import shlex
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Sequence

from flumelab.runtimes.port_probe import answers
from flumelab.settings import LOOPBACK, Settings
from flumelab.top.rows import State

LINES, RATE = 10_000, 2_000
"""What the key f sends: five seconds of lines, so that they can be seen on their way."""
SHOWN_CHARACTERS = 200
FOREIGN = "this lab belongs to a flumelab run; top only shows it"


class Actions:
    """The commands of one runtime; at most one runs at a time, in a thread.

    `message` is what the last one did, or what it asks.
    """

    def __init__(self, runtime: str, settings: Settings) -> None:
        self.message = ""
        self._runtime = runtime
        self._settings = settings
        self._running: threading.Thread | None = None
        self._page: subprocess.Popen[bytes] | None = None

    def feed(self, state: State) -> None:
        """Send lines."""
        if not state["parts"]:
            self.message = "the lab is down; u starts it"
        else:
            self._start(state, ["feed", "--lines", str(LINES), "--rate", str(RATE)])

    def kill(self, state: State, part: str) -> None:
        """End a part as a crash would."""
        self._start(state, ["kill", part])

    def up(self, state: State) -> None:
        """Start what does not run."""
        linked = ["--link"] if any(part["name"] == "link" for part in state["parts"]) else []
        self._start(state, ["up", "--no-build", "--lesson", state["lab"]["lesson"], *linked])

    def open_page(self) -> None:
        """Open the live page; in the local runtime serve it as long as top runs."""
        port = self._settings.page_port
        url = f"http://{LOOPBACK}:{port}/"
        if answers(port):
            # In a process without a terminal: some browsers would draw on this one.
            self._popen([sys.executable, "-m", webbrowser.__name__, url])
        elif self._runtime == "docker":
            self.message = f"port {port} does not answer; flumelab up starts the page"
            return
        else:
            self._page = self._popen(self._command(["page", "--open"]))
        self.message = f"the page is at {url}"

    def close(self) -> None:
        """End the page that `open_page` has started."""
        if self._page:
            self._page.terminate()
            self._page.wait()

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "flumelab", *arguments, "--runtime", self._runtime]

    def _start(self, state: State, arguments: Sequence[str]) -> None:
        if not state["lab"]["standing"]:
            self.message = FOREIGN
        elif self._running and self._running.is_alive():
            self.message = f"wait: {self.message}"
        else:
            self.message = f"running: {shlex.join(['flumelab', *arguments])}"
            self._running = threading.Thread(target=self._run, args=(arguments,), daemon=True)
            self._running.start()

    def _run(self, arguments: Sequence[str]) -> None:
        done = subprocess.run(
            self._command(arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C ends top, not a lab that is starting
        )
        command = shlex.join(["flumelab", *arguments])
        last = (done.stdout.strip().splitlines() or [""])[-1][:SHOWN_CHARACTERS]
        self.message = f"{command} failed: {last}" if done.returncode else f"done: {command}"

    def _popen(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
