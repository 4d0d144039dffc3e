"""What is new in a batch, by what the log has of its files."""

from __future__ import annotations

from pyspark_flume.events.event_positions import EventColumns, scan_events
from pyspark_flume.events.record import encode_event
from pyspark_flume.ingest.deduplication import new_events
from pyspark_flume.landing import FileRange, SeenRanges

from tests.support.receiver import lines_of

A = lines_of("a", [0, 10, 20, 30, 40])
PLAIN = encode_event({}, b"plain")


def scanned(*events: bytes) -> EventColumns:
    return scan_events(b"".join(events), len(events))


class Log:
    """A log that has some bytes of the file `a`; it notes what it is asked for."""

    def __init__(self, *stored: tuple[int, int]) -> None:
        self._seen = SeenRanges()
        self.asked: list[FileRange] = []
        for start, end in stored:
            self._seen.add("a", start, end)

    def missing(self, part: FileRange) -> list[tuple[int, int]]:
        self.asked.append(part)
        return self._seen.missing(part.file, part.start, part.end)


def test_a_batch_of_new_lines_is_stored_as_it_is_after_one_question() -> None:
    batch, log = scanned(*A), Log()

    new = new_events(batch, log.missing)

    assert new.items is batch.data
    assert (new.count, new.ranges) == (4, [FileRange("a", 0, 40, 0, 4)])
    assert len(log.asked) == 1


def test_of_a_batch_that_was_stored_in_part_the_rest_is_left() -> None:
    new = new_events(scanned(*A, PLAIN), Log((0, 20)).missing)

    assert new.items == b"".join([*A[2:], PLAIN])
    assert (new.count, new.ranges) == (3, [FileRange("a", 20, 40, 2, 4)])


def test_a_batch_that_was_stored_has_nothing_new() -> None:
    new = new_events(scanned(*A), Log((0, 40)).missing)

    assert (new.items, new.count, new.ranges) == (b"", 0, [])


def test_events_without_identity_are_new_and_the_log_is_not_asked() -> None:
    batch, log = scanned(PLAIN, PLAIN), Log()

    new = new_events(batch, log.missing)

    assert (new.items, new.count, new.ranges) == (batch.data, 2, [])
    assert log.asked == []
