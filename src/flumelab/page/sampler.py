"""Looks at the lab once a second, and keeps what it saw: the one `State` that all clients get."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from flumelab.page.history import History, Sample
from flumelab.page.lab_state import LabState
from flumelab.page.marks import Marks
from flumelab.page.place import Place
from flumelab.page.readings import Reader, Readings
from flumelab.page.state import State

SECONDS = 1.0
log = logging.getLogger(__name__)


class Sampler:
    """A thread that samples; any number of clients share its results.

    :param find: finds the lab that runs now
    :param tell: called with each new state, in the sampler's thread
    """

    def __init__(
        self, find: Callable[[], Place], tell: Callable[[Mapping[str, Any]], None]
    ) -> None:
        self._find = find
        self._tell = tell
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._lock = threading.Lock()
        self._samples = 0
        self._reader: Reader | None = None
        self._begin()

    def _begin(self) -> None:
        self.history, self.marks = History(), Marks()
        self._lab = LabState(self.history, self.marks)

    def start(self) -> None:
        """Begin to sample."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; wait for the sample that is being taken."""
        self._ended.set()
        self._thread.join(timeout=5)

    def mark(self, kind: str, text: str) -> None:
        """Add something that happened, such as an action of the page."""
        with self._lock:
            self.marks.add(time.time(), kind, text)

    def history_json(self) -> dict[str, Any]:
        """The last ten minutes, as `/api/v1/history` sends them."""
        with self._lock:
            return self.history.as_json() | self._lab.batches_json()

    def sample(self) -> State:
        """Take one sample now."""
        began = time.monotonic()
        place = self._find()
        if self._reader is None or not same_lab(place, self._reader.place):
            self._reader = Reader(place)
            with self._lock:
                self._begin()
        self._reader.place = place
        readings = self._reader.read()
        with self._lock:
            self._samples += 1
            if _was_wiped(self.history.last, readings):
                self._begin()
            return self._lab.of(readings, self._samples, time.time(), time.monotonic() - began)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._ended.is_set():
            try:
                self._tell(self.sample().as_json())
            except Exception:  # the next sample may succeed; the page says that the data is old
                log.exception("a sample failed")
            due = max(due + SECONDS, time.monotonic())
            self._ended.wait(due - time.monotonic())


def same_lab(one: Place, other: Place) -> bool:
    """Whether two places are the same lab with the same lesson or program."""
    keys = ("runtime", "lesson", "program", "ledger", "progress", "flume", "spark")
    return all(getattr(one, key) == getattr(other, key) for key in keys)


def _was_wiped(last: Sample | None, readings: Readings) -> bool:
    before = last.lines.get("generator") if last else None
    return before is not None and readings.generated_lines < before
