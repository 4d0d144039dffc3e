"""Cheap senders: each sends one batch again and again, and waits for OK each time, as Flume does.

``python -m benchmarks.support.senders PORT FRAME NAME BATCHES`` is one sender. It prints a line
when it is connected, begins when it reads a line on standard input, and finally prints when it
began and when it ended, by the monotonic clock.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pyspark_flume.events.record import encode_event

from tests.support.avro_client import OK, AvroClient, append_batch, frame, handshake

ROOT = Path(__file__).parents[2]
FILE = "access-NNNNNN-NNNNNNNN.log"  # the place of the file's name in a frame


def plain_frame(lines: list[bytes]) -> bytes:
    """Return a batch as access-log.conf sends it."""
    return frame(0, append_batch(encode_event({}, line) for line in lines))


def frame_with_places(lines: list[bytes]) -> bytes:
    """Return a batch as exactly-once.conf sends it: of one file, renamed for each sending."""
    events, offset = [], 0
    for line in lines:
        end = offset + len(line) + 1
        events.append(encode_event({"file": FILE, "offset": str(offset), "end": str(end)}, line))
        offset = end
    return frame(0, append_batch(events))


@contextmanager
def sending(port: int, batch: Path, batches: int, senders: int) -> "Iterator[Senders]":
    """Start senders and connect them; each will send the frame in file `batch` `batches` times."""
    module = [sys.executable, "-m", "benchmarks.support.senders", str(port), str(batch)]
    processes = [
        subprocess.Popen(
            [*module, str(number), str(batches)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(senders)
    ]
    try:
        for process in processes:
            assert process.stdout and process.stdout.readline(), "a sender has ended, see above"
        yield Senders(processes)
    finally:
        for process in processes:
            process.kill()
            process.communicate()


class Senders:
    """Sender processes, which wait for `go`."""

    def __init__(self, processes: "list[subprocess.Popen[str]]") -> None:
        self._processes = processes

    def go(self) -> None:
        """Let all senders begin."""
        for process in self._processes:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()

    def ended(self) -> bool:
        """Whether all senders are done; raises if one has failed."""
        codes = [process.poll() for process in self._processes]
        assert not any(codes), f"senders have ended with exit codes {codes}, see above"
        return all(code == 0 for code in codes)

    def seconds(self) -> float:
        """Wait for the end; return the seconds from the first beginning to the last end."""
        times = []
        for process in self._processes:
            assert process.stdout
            line = process.stdout.read()
            assert process.wait() == 0, "a sender has failed, see above"
            times.append([float(word) for word in line.split()])
        return max(end for _, end in times) - min(began for began, _ in times)


def send(port: int, batch: bytes, name: int, batches: int) -> None:
    """Be one sender."""
    named = FILE.encode() in batch
    with AvroClient(port) as client:
        client.send(frame(0, handshake() + append_batch()))
        assert client.answer().endswith(OK), "the handshake failed"
        print("connected", flush=True)
        sys.stdin.readline()
        began = time.monotonic()
        for number in range(batches):
            file = b"access-%06d-%08d.log" % (name, number)
            client.send(batch.replace(FILE.encode(), file) if named else batch)
            assert client.answer() == OK, "a batch was not answered OK"
        print(began, time.monotonic())


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        send(int(sys.argv[1]), Path(sys.argv[2]).read_bytes(), int(sys.argv[3]), int(sys.argv[4]))
