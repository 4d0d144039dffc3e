"""Whether the receiver's memory grows over the events of an hour at 2,000 lines/s.

Prints ``receiver_memory_growth_mb: M``: the receiver's resident memory after the last event, less
that after a tenth of them. The events are sent as fast as the receiver accepts them. They carry
file, offset and end, as from exactly-once.conf, with a new file for each 1000 lines, so the
receiver also has to remember what it has seen. BENCH_LINES: [7200000].
"""

import tempfile
from pathlib import Path

import psutil
from pyspark_flume.landing import Landing
from support.flume import receiver
from support.harness import size, wait_until
from support.lines import LINES_PER_BATCH, batches_of_lines
from support.senders import frame_with_places, sending

LINES = size("BENCH_LINES", 3600 * 2000)
SENDERS = 2
MB = 1e6

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        frame, landing = Path(folder) / "frame", Path(folder) / "landing"
        frame.write_bytes(frame_with_places(next(batches_of_lines(LINES_PER_BATCH))))
        batches = LINES // LINES_PER_BATCH // SENDERS
        with receiver(landing) as (port, process):
            memory = psutil.Process(process.pid).memory_info
            log, samples = Landing(landing), []
            with sending(port, frame, batches, SENDERS) as senders:
                senders.go()

                def stored(lines: int) -> bool:
                    samples.append(memory().rss / MB)
                    senders.ended()  # raises if one has failed
                    return log.latest() >= lines

                wait_until(lambda: stored(LINES // 10), "a tenth is stored")
                early = samples[-1]
                sent = batches * SENDERS * LINES_PER_BATCH
                wait_until(lambda: stored(sent), "all is stored", poll_seconds=0.2)
    print(f"receiver: {early:.0f} MB after {LINES // 10:,} events, {samples[-1]:.0f} MB after")
    print(f"          {sent:,}; peak of {len(samples)} samples {max(samples):.0f} MB")
    print(f"receiver_memory_growth_mb: {samples[-1] - early:.2f}")
