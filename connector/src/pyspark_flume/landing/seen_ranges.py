"""Which bytes of which file have been stored, so that a batch sent again is not counted twice.

Flume sends a batch again when its answer is lost; after a rollback, the same lines arrive in other
batches and in another order. So this keeps ranges, and not one position for each file.
"""

import json
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

FILES_MAX = 20_000
RANGES_MAX = 200_000  # a file with many gaps must not fill the memory and every segment's header


@dataclass(frozen=True)
class FileRange:
    """Events `first` to `last` - 1 of a batch hold the bytes `start` to `end` - 1 of `file`."""

    file: str
    start: int
    end: int
    first: int
    last: int


class SeenRanges:
    """Ranges of bytes by file, in the order in which the files were last added to.

    They are bounded: beyond `files_max` files, or `ranges_max` ranges in all, the files untouched
    for longest are forgotten; if there is only one file, its lowest ranges are. A forgotten range
    that is sent again counts as new.
    """

    def __init__(self, files_max: int = FILES_MAX, ranges_max: int = RANGES_MAX) -> None:
        self._files_max = files_max
        self._edges_max = 2 * ranges_max
        # The edges of a file's ranges, ascending: start, end, start, end, …
        self._files: dict[str, list[int]] = {}
        self._edges = 0

    def add(self, file: str, start: int, end: int) -> None:
        """Remember the bytes `start` to `end` - 1 of `file`; ranges that touch become one."""
        if start >= end:
            return
        edges = self._files.pop(file, [])
        self._files[file] = edges  # the file is now the last one
        before = len(edges)
        if edges and edges[-1] == start:  # the file's next lines
            edges[-1] = end
        else:
            left, right = bisect_left(edges, start), bisect_right(edges, end)
            # An edge at an even index opens a range; outside all ranges a new edge is needed.
            edges[left:right] = [start] * (left % 2 == 0) + [end] * (right % 2 == 0)
        self._edges += len(edges) - before
        if len(self._files) > self._files_max or self._edges > self._edges_max:
            self._forget()

    def missing(self, file: str, start: int, end: int) -> list[tuple[int, int]]:
        """Return the parts of the bytes `start` to `end` - 1 that have not been seen, ascending.

        ``[]`` means that all have been seen, ``[(start, end)]`` that none has.
        """
        if start >= end:
            return []
        edges = self._files.get(file)
        if not edges or start >= edges[-1]:  # the usual case: the next lines of a file
            return [(start, end)]
        left, right = bisect_right(edges, start), bisect_left(edges, end)
        cut = [start] * (left % 2 == 0) + edges[left:right] + [end] * (right % 2 == 0)
        return [(cut[i], cut[i + 1]) for i in range(0, len(cut), 2)]

    def copy(self) -> "SeenRanges":
        """Return an independent copy with the same ranges and bounds."""
        other = SeenRanges(self._files_max, self._edges_max // 2)
        other._files = {file: edges.copy() for file, edges in self._files.items()}
        other._edges = self._edges
        return other

    def snapshot(self) -> str:
        """Return JSON: ``{"access.log": [0, 158, 316, 474], …}``, start and end of each range."""
        return json.dumps(self._files, separators=(",", ":"))

    def restore(self, snapshot: str) -> None:
        """Add the ranges of a `snapshot`. Raises `ValueError` if the text is not one."""
        files = json.loads(snapshot)
        if not isinstance(files, dict):
            raise ValueError("a snapshot of the ranges seen is a JSON object")
        for file, edges in files.items():
            if sorted(set(edges)) != edges or len(edges) % 2:
                raise ValueError(f"ranges of {file} do not ascend")
            for place in range(0, len(edges), 2):
                self.add(file, edges[place], edges[place + 1])

    def _forget(self) -> None:
        while len(self._files) > self._files_max or self._edges > self._edges_max:
            oldest = next(iter(self._files))
            if len(self._files) > 1:
                self._edges -= len(self._files.pop(oldest))
            else:
                surplus = self._edges - self._edges_max
                del self._files[oldest][:surplus]
                self._edges -= surplus
