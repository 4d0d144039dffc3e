"""How much one receiver accepts from several senders, against what the disk can write.

Prints ``intake_limit: R``: MB/s of 4 senders (frames prepared in advance, 1000 lines in a batch,
each sender waits for OK before it sends the next batch) over MB/s of the same bytes written to the
same disk with one fdatasync per batch. The senders use the same cores. With 16 senders, whose
batches share more of the receiver's fsyncs, only the rate is printed. ``second_agent_ratio`` is
the rate of 2 senders over that of 1. BENCH_BATCHES, the batches of all senders: [4000].
"""

import os
import tempfile
import time
from functools import partial
from pathlib import Path

from pyspark_flume.landing import disk
from support.flume import receiver_port
from support.harness import medians, size
from support.lines import LINES_PER_BATCH, batches_of_lines
from support.senders import plain_frame, sending

BATCHES = size("BENCH_BATCHES", 4000)
MB = 1e6


def to_disk(batch: bytes) -> float:
    """Return the MB/s of write and fdatasync."""
    with tempfile.TemporaryDirectory() as folder:
        descriptor = os.open(Path(folder) / "plain", os.O_WRONLY | os.O_CREAT)
        began = time.monotonic()
        for _ in range(BATCHES):
            written = os.write(descriptor, batch)
            assert written == len(batch)
            disk.fdatasync(descriptor)
        seconds = time.monotonic() - began
        os.close(descriptor)
    return BATCHES * len(batch) / seconds / MB


def to_receiver(batch: bytes, senders: int) -> float:
    """Return the MB/s of all `senders` together."""
    each = BATCHES // senders
    with tempfile.TemporaryDirectory() as folder:
        frame = Path(folder) / "frame"
        frame.write_bytes(batch)
        with (
            receiver_port(Path(folder) / "landing") as port,
            sending(port, frame, each, senders) as all_of_them,
        ):
            all_of_them.go()
            seconds = all_of_them.seconds()
    return each * senders * len(batch) / seconds / MB


if __name__ == "__main__":
    batch = plain_frame(next(batches_of_lines(LINES_PER_BATCH)))
    rates = medians(
        {
            "disk": partial(to_disk, batch),
            "1 sender": partial(to_receiver, batch, 1),
            "2 senders": partial(to_receiver, batch, 2),
            "4 senders": partial(to_receiver, batch, 4),
            "16 senders": partial(to_receiver, batch, 16),
        },
        "MB/s",
    )
    print(f"second_agent_ratio: {rates['2 senders'] / rates['1 sender']:.2f}")
    print(f"intake_limit: {rates['4 senders'] / rates['disk']:.2f}")
