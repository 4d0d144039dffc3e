"""What the conf that follows a growing log delivers, against Flume's own TAILDIR source.

Prints ``growing_log_ratio: R``: events/s of growing-log.conf (a place for each line, handoff
channel: each line once) over events/s of TAILDIR without headers, with a memory channel, which may
lose lines. ``growing_log_at_least_once_ratio`` is the same over taildir.conf (file channel), which
loses nothing. All send to ``python -m pyspark_flume.receiver``, which answers OK after its fsync,
and count the events for which the sending agent was answered OK. They alternate in one run, each
after a warm-up, and read one log that grows in large steps. BENCH_LINES: [1000000].
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from support import ROOT
from support.flume import PARTS, WARM_PARTS, Feed, events_per_second, receiver_port, sender
from support.harness import medians, size

LINES = size("BENCH_LINES", 1_000_000)


class Growth(Feed):
    """A log to which the lines of the next files are appended."""

    def publish(self, files: int) -> None:
        """Append the lines of the next files in one step."""
        with (self.spool / "access.log").open("ab") as log:
            for _ in range(files):
                log.write(next(self._files).read_bytes())
                self.published += self.lines_per_file


def rate(conf: Callable[[Path], Path]) -> float:
    """Return the events/s that a conf, written into a folder, delivers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        feed = Growth(folder / "flume", WARM_PARTS + PARTS, LINES // PARTS)
        landing = receiver_port(folder / "landing")
        with landing as port, sender(str(conf(folder)), feed, port) as sent:
            return events_per_second(feed, sent, sent)


def of_the_lab(name: str) -> Callable[[Path], Path]:
    return lambda _: ROOT / "flume-conf" / name


def memory(folder: Path) -> Path:
    """Write taildir.conf with access-log.conf's memory channel, and without headers."""
    taildir, access_log = (
        (ROOT / "flume-conf" / name).read_text().splitlines()
        for name in ("taildir.conf", "access-log.conf")
    )
    channel = "lab.channels.buffer"
    lines = [line for line in taildir if not line.startswith(channel) and "Header" not in line]
    lines += [line for line in access_log if line.startswith(channel)]
    conf = folder / "taildir-memory.conf"
    conf.write_text("\n".join([*lines, ""]))
    return conf


if __name__ == "__main__":
    sides = {
        "TAILDIR, memory channel": memory,
        "taildir.conf": of_the_lab("taildir.conf"),
        "growing-log.conf": of_the_lab("growing-log.conf"),
    }
    rates = medians(
        {name: lambda conf=conf: rate(conf) for name, conf in sides.items()}, "events/s"
    )
    ours = rates["growing-log.conf"]
    print(f"growing_log_ratio: {ours / rates['TAILDIR, memory channel']:.2f}")
    print(f"growing_log_at_least_once_ratio: {ours / rates['taildir.conf']:.2f}")
