"""Finds what is new in a batch: the events that no earlier batch contained."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from pyspark_flume.events.event_positions import EventColumns, join_events, slice_events
from pyspark_flume.ingest.line_identity import file_ranges
from pyspark_flume.landing import FileRange, SeenRanges

# The byte ranges of a `FileRange` that are not in the log: [] if all are.
Missing = Callable[[FileRange], list[tuple[int, int]]]


@dataclass(frozen=True)
class NewEvents:
    """The events of a batch that have to be stored.

    :param items: the events, encoded and joined
    :param count: the number of these events
    :param ranges: the bytes of files that they hold; an event without identity is in none. The
        positions of events are those in the batch, not those in `items`
    """

    items: bytes | memoryview
    count: int
    ranges: list[FileRange]


def new_events(events: EventColumns, missing: Missing) -> NewEvents:
    """Return the events that are neither in the log nor earlier in the same batch.

    An event without identity is always new.
    """
    known = file_ranges(events)
    if not known:
        return NewEvents(events.data, events.count, [])
    in_batch = SeenRanges()
    new: list[FileRange] = []
    keep = np.ones(events.count, bool)
    for whole in known:
        keep[whole.first : whole.last] = False
        for piece in _unseen(events, whole, in_batch, missing):
            keep[piece.first : piece.last] = True
            in_batch.add(piece.file, piece.start, piece.end)
            new.append(piece)
    if keep.all():
        return NewEvents(events.data, events.count, new)
    return NewEvents(join_events(events, keep), int(keep.sum()), new)


def _unseen(
    events: EventColumns, whole: FileRange, in_batch: SeenRanges, missing: Missing
) -> Iterator[FileRange]:
    """Yield the parts of `whole` that hold an unseen byte, each as large as possible.

    A part is one event or entirely unseen; any other part is halved and examined again.
    """
    not_in_batch = in_batch.missing(whole.file, whole.start, whole.end)
    not_in_log = missing(whole)
    if not (not_in_batch and not_in_log):
        return
    if not_in_batch == not_in_log == [(whole.start, whole.end)] or whole.last - whole.first == 1:
        yield whole
        return
    middle = (whole.first + whole.last) // 2
    for first, last in ((whole.first, middle), (middle, whole.last)):
        for half in file_ranges(slice_events(events, first, last)):
            placed = FileRange(
                half.file, half.start, half.end, first + half.first, first + half.last
            )
            yield from _unseen(events, placed, in_batch, missing)
