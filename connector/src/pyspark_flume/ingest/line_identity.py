"""Finds out which lines of which file the events are, so that a line sent again is recognised.

Our Flume plugin puts three headers on an event: `file` (the file's name), `offset` (the byte of the
file at which the line begins) and `end` (the byte after the line and its newline).
"""

from itertools import pairwise

import numpy as np

from pyspark_flume.events.bulk_read import Ints, Mask, as_words, read_decimals
from pyspark_flume.events.event_positions import EventColumns, find_header, scan_events
from pyspark_flume.landing import FileRange


def identify(items: bytes, count: int) -> list[FileRange]:
    """Return which bytes of which files the `count` encoded events in `items` hold."""
    return file_ranges(scan_events(items, count))


def file_ranges(columns: EventColumns) -> list[FileRange]:
    """Return the longest runs of events that follow each other both in the batch and in a file.

    An event is in no run if it lacks one of the three headers, if `file` is not UTF-8, if `offset`
    or `end` is not a decimal number of up to 18 digits, or if `end` is not after `offset`.
    """
    file, offset, end = (find_header(columns, key) for key in (b"file", b"offset", b"end"))
    events = np.flatnonzero((file >= 0) & (offset >= 0) & (end >= 0))
    if not len(events):
        return []
    headers = np.stack((offset[events], end[events]))
    starts, ends = read_decimals(
        as_words(columns.data), columns.value_starts[headers], columns.value_ends[headers]
    )
    valid = (starts >= 0) & (ends > starts)
    events, starts, ends = events[valid], starts[valid], ends[valid]
    if not len(events):
        return []
    file = file[events]
    joined = (events[1:] == events[:-1] + 1) & (starts[1:] == ends[:-1])
    joined &= _same_as_before(columns, file)
    firsts = np.flatnonzero(np.concatenate(([True], ~joined)))
    lasts = np.append(firsts[1:], len(events)) - 1
    found = []
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        try:
            name = str(_text(columns, file[first]), "utf-8")
        except UnicodeDecodeError:
            continue
        event = int(events[first])
        past_last = event + last - first + 1
        found.append(FileRange(name, int(starts[first]), int(ends[last]), event, past_last))
    return found


def _same_as_before(columns: EventColumns, headers: Ints) -> Mask:
    """Return, for each header but the first, whether it has the value of the one before it."""
    starts, ends = columns.value_starts[headers], columns.value_ends[headers]
    length = int(ends[0] - starts[0])
    if length and (ends - starts == length).all():
        # Usually all values are the same.
        texts = np.ndarray(len(columns.data) - length + 1, f"V{length}", columns.data, strides=(1,))
        if texts[starts].tobytes() == texts[starts[0]].tobytes() * len(headers):
            return np.ones(len(headers) - 1, np.bool_)
    values = [bytes(_text(columns, header)) for header in headers]
    return np.array([a == b for a, b in pairwise(values)], np.bool_)


def _text(columns: EventColumns, header: np.int64) -> bytes | memoryview:
    return columns.data[columns.value_starts[header] : columns.value_ends[header]]
