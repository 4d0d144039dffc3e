"""Flume agents, a spool directory that the benchmark fills step by step, and the receiver."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from support import ROOT
from support.harness import accepts, metric, running, wait_until
from tests.support.ports import free_port

FLUME_HOME = str(ROOT / "runtimes/flume/target/flume")
PARTS = 20  # the lines that are measured come in this many files
WARM_PARTS = 4  # files before them, because JVMs that have just started are slow


def generate(folder: Path, lines: int, lines_per_file: int) -> None:
    """Write files of an access log with the lab's generator."""
    places = ["--spool", str(folder), "--ledger", f"{folder}.ledger"]
    numbers = ["--lines", str(lines), "--lines-per-file", str(lines_per_file)]
    command = [sys.executable, "-m", "loadgen", *places, *numbers]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


class Feed:
    """Files that wait beside a spool directory; `publish` renames them into it, oldest first."""

    def __init__(self, folder: Path, files: int, lines_per_file: int) -> None:
        self.spool, staged = folder / "spool", folder / "staged"
        self.lines_per_file = lines_per_file
        self.published = 0  # lines
        self.spool.mkdir(parents=True)
        staged.mkdir()
        generate(staged, files * lines_per_file, lines_per_file)
        found = sorted(staged.glob("*.log"), key=lambda file: (file.stat().st_mtime_ns, file.name))
        assert len(found) == files, f"{staged} has {len(found)} files of {files}"
        self._files = iter(found)

    def publish(self, files: int) -> None:
        """Rename the next files; a rename keeps a file's age, so Flume reads them in this order."""
        for _ in range(files):
            file = next(self._files)
            file.rename(self.spool / file.name)
            self.published += self.lines_per_file


@contextmanager
def agent(conf: Path, metrics_port: int, **environment: str) -> Iterator[None]:
    """Run a Flume agent with flume-conf/agent."""
    with running(
        [str(ROOT / "flume-conf/agent")],
        FLUME_HOME=FLUME_HOME,
        FLUME_CONF=str(conf),
        FLUME_METRICS_PORT=str(metrics_port),
        FLUME_SINK_HOST="127.0.0.1",
        **environment,
    ):
        yield


@contextmanager
def sender(conf: str, feed: Feed, port: int) -> Iterator[Callable[[], int]]:
    """Run the lab's agent; yield a function that returns for how many events it was answered OK."""
    metrics_port = free_port()
    folders = {
        "FLUME_SPOOL_DIR": str(feed.spool),
        "FLUME_CHANNEL_DIR": str(feed.spool.parent / "channel"),
    }
    with agent(ROOT / "flume-conf" / conf, metrics_port, FLUME_SINK_PORT=str(port), **folders):
        yield lambda: metric(metrics_port, "SINK.spark", "EventDrainSuccessCount")


@contextmanager
def receiver(landing: Path) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """Run the receiver for Structured Streaming; yield its port and its process."""
    port = free_port()
    command = [sys.executable, "-m", "pyspark_flume.receiver", "--host", "127.0.0.1"]
    with running([*command, "--port", str(port), "--landing", str(landing)]) as process:
        wait_until(lambda: accepts(port), "the receiver listens")
        yield port, process


@contextmanager
def receiver_port(landing: Path) -> Iterator[int]:
    """Run the receiver and yield only its port, like `flume_source`."""
    with receiver(landing) as (port, _):
        yield port


@contextmanager
def flume_source() -> Iterator[int]:
    """Run Flume's own avro source with a memory channel and a null sink; yield its port."""
    port = free_port()
    conf = ROOT / "benchmarks/peer.conf"
    with agent(conf, free_port(), FLUME_AGENT="peer", FLUME_SINK_PORT=str(port)):
        wait_until(lambda: accepts(port), "the avro source listens")
        yield port


def sent_per_second(
    folder: Path,
    lines: int,
    receiving: AbstractContextManager[int],
    warm_parts: int = WARM_PARTS,
    conf: str = "access-log.conf",
) -> float:
    """Return the events/s that a conf delivers, from the first to the last, when warm."""
    feed = Feed(folder, warm_parts + PARTS, lines // PARTS)
    with receiving as port, sender(conf, feed, port) as sent:
        return events_per_second(feed, sent, sent, warm_parts)


def events_per_second(
    feed: Feed, sent: Callable[[], int], done: Callable[[], int], warm_parts: int = WARM_PARTS
) -> float:
    """Return the events/s between the first event `sent` and the last one `done`, when warm."""
    feed.publish(warm_parts)
    warm = feed.published
    wait_until(lambda: done() >= warm, "the warm-up is through")
    feed.publish(PARTS)
    wait_until(lambda: sent() > warm, "the agent sends", poll_seconds=0.01)
    began = time.monotonic()
    # What was sent before the clock began is not counted either.
    early = sent() - warm
    wait_until(lambda: done() >= feed.published, "all events are through")
    return (feed.published - warm - early) / (time.monotonic() - began)
