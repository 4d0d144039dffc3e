"""The lines of an access log as events, without Flume."""

from collections.abc import Iterator

from loadgen.scenarios import SCENARIOS

LINES_PER_BATCH = 1000  # as in access-log.conf


def batches_of_lines(lines: int) -> Iterator[list[bytes]]:
    """Yield the generator's lines, about 158 bytes each, without their newlines."""
    scenario = SCENARIOS["access-log"](1, 0.0)
    for _ in range(lines // LINES_PER_BATCH):
        yield scenario.generate(LINES_PER_BATCH).data.splitlines()
