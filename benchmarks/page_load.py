"""What the live page costs, with BENCH_CLIENTS: [30] browsers for BENCH_SECONDS: [60].

A lab of the local runtime is fed 200 lines a second. The page's server samples it once a second.
The clients read its events; one more client never reads. Prints ``page_load_ratio: R``: the share
of a core that the server takes, against the limit of 3 %; and beside it

- what the sampled JVMs take more than before and after, without the page,
- the server's memory after a tenth of the time, in the middle and at the end,
- the longest pause between two states at any client that reads,
- whether the client that never reads was let go.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
from support.harness import size, wait_until

ROOT = Path(__file__).parents[1]
CLIENTS = size("BENCH_CLIENTS", 30)
SECONDS = size("BENCH_SECONDS", 60)
CORE_SHARE_MAX = 0.03
FEED_RATE = 200
WITHOUT_SECONDS_MAX = 60
SETTLE_SECONDS = 15  # the JVMs compile what they run often
PORTS = ("RECEIVER", "SECOND", "METRICS", "UI", "PAGE", "LINK", "RECEIVER_METRICS")


class Client:
    """A browser: it reads the events, and remembers the longest pause between two."""

    def __init__(self, port: int) -> None:
        self.states, self.pause = 0, 0.0
        self._socket = ask_for_events(port)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        last = 0.0
        with self._socket.makefile("rb") as lines:
            for line in lines:
                if line.startswith(b"id: "):
                    now = time.monotonic()
                    self.pause = max(self.pause, now - last if last else 0)
                    self.states, last = self.states + 1, now


def ask_for_events(port: int, buffer: int = 0) -> socket.socket:
    """Return a connection to the page that has asked for its events.

    :param buffer: bytes that the client's side takes although nobody reads; 0: as many as usual
    """
    found = socket.socket()
    if buffer:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    found.connect(("127.0.0.1", port))
    found.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return found


def environment_of(state: Path) -> Mapping[str, str]:
    """Return the environment of a lab with ports of its own."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    ports = [str(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    named = {f"LAB_{name}_PORT": port for name, port in zip(PORTS, ports, strict=True)}
    return os.environ | {"LAB_STATE": str(state)} | named


def flumelab(environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    """Start a command of the local runtime."""
    command = [sys.executable, "-m", "flumelab", *arguments, "--runtime", "local"]
    log = Path(environment["LAB_STATE"]).with_suffix(f".{arguments[0]}.log")
    with log.open("wb") as output:
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)


@contextmanager
def lab(environment: Mapping[str, str]) -> Iterator[dict[str, psutil.Process]]:
    """Start a lab and feed it all the time; yield its agent and its driver."""
    if flumelab(environment, "up").wait():
        sys.exit("page_load: the lab does not start; flumelab up --runtime local says why")
    lines = str(FEED_RATE * (SETTLE_SECONDS * 2 + SECONDS * 3))
    feed = flumelab(environment, "feed", "--lines", lines, "--rate", str(FEED_RATE))
    try:
        file = Path(environment["LAB_STATE"]) / "local/processes.json"
        services = json.loads(file.read_text())
        yield {name: psutil.Process(each["pid"]) for name, each in services.items()}
    finally:
        feed.terminate()
        feed.wait()
        flumelab(environment, "down").wait()


@contextmanager
def page(environment: Mapping[str, str]) -> Iterator[psutil.Process]:
    """Start the page's server; yield it once it listens."""
    server = flumelab(environment, "page")
    log = Path(environment["LAB_STATE"]).with_suffix(".page.log")
    try:
        wait_until(lambda: bool(re.search(r"http://\S+", log.read_text())), "the page listens")
        yield psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait()


def seconds_of(process: psutil.Process) -> float:
    """Return the seconds of CPU that a process and its children have taken."""
    found = [process, *process.children(recursive=True)]
    return sum(sum(each.cpu_times()[:2]) for each in found)


def was_let_go(client: socket.socket) -> bool:
    """Whether the server has ended the connection of a client; what it has sent is read now."""
    client.settimeout(5)
    try:
        while client.recv(1 << 16):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


class Memory:
    """A process's memory in bytes, once a second."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self.seen: list[int] = []
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while self._process.is_running():
            self.seen.append(self._process.memory_info().rss)
            time.sleep(1)

    def __str__(self) -> str:
        first, middle, last = self.seen[0], self.seen[len(self.seen) // 2], self.seen[-1]
        return ", ".join(f"{each / 2**20:.1f}" for each in (first, middle, last, max(self.seen)))


def shares(processes: Mapping[str, psutil.Process], seconds: float) -> dict[str, float]:
    """Return the share of a core that each process takes, from now on."""
    before = {name: seconds_of(process) for name, process in processes.items()}
    began = time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    return {name: (seconds_of(p) - before[name]) / took for name, p in processes.items()}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        environment = environment_of(Path(folder) / "state")
        with lab(environment) as parts:
            time.sleep(SETTLE_SECONDS)
            before = shares(parts, min(SECONDS, WITHOUT_SECONDS_MAX))
            with page(environment) as server:
                port = int(environment["LAB_PAGE_PORT"])
                silent = ask_for_events(port, buffer=4096)
                clients = [Client(port) for _ in range(CLIENTS)]
                time.sleep(SETTLE_SECONDS + SECONDS / 10)
                memory = Memory(server)
                found = shares(parts | {"page": server}, SECONDS)
                memories, let_go = str(memory), was_let_go(silent)
            after = shares(parts, min(SECONDS, WITHOUT_SECONDS_MAX))
    for name in parts:
        more = found[name] - (before[name] + after[name]) / 2
        print(f"{name}: {found[name]:.1%} of a core with the page, {more:+.1%} against without")
    print(
        f"page_memory: {memories} MiB at first, in the middle, at the end of {SECONDS} s, at most"
    )
    states = min(client.states for client in clients)
    pause = max(client.pause for client in clients)
    print(f"page_clients: {CLIENTS} and one that never reads; each of them got at least {states}")
    print(f"page_pause_s: {pause:.2f}")
    print(f"page_silent: the client that never reads was {'let go' if let_go else 'kept'}")
    print(f"page_share: {found['page']:.2%} of a core")
    print(f"page_load_ratio: {found['page'] / CORE_SHARE_MAX:.2f}")
