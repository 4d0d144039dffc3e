"""The right answer of a lesson whose keys are not URLs, as `flumelab run` asks for it.

`loadgen.expected` computes it from all events of the ledger, which takes a second or more. So it is
asked in the background, once after each feed.
"""

import json
import re
import subprocess
import sys
import threading
from pathlib import Path

from flumelab.counts import MALFORMED, Counts
from flumelab.lessons.catalogue import Lesson

SECONDS_MAX = 120


class ExpectedAnswer:
    """The generator's numbers of one lab, as of the last time that it was asked.

    :param root: a folder with the generator; without it there is no answer
    :param keys: only keys that are like this regular expression are right
    """

    def __init__(
        self, lesson: Lesson | None, ledger: Path, root: Path | None, keys: str = ""
    ) -> None:
        self._keys = keys
        self._lesson, self._ledger = lesson, ledger
        self._root = root if root and (root / "loadgen").is_dir() else None
        self._thread: threading.Thread | None = None
        self._found: tuple[int, Counts | None] = (-1, None)

    def at(self, lines: int, feeding: bool) -> Counts | None:
        """Return the answer for so many lines; None while it is not known.

        :param feeding: whether the generator may still be writing; it is then not asked
        """
        known, counts = self._found
        if known == lines:
            return counts
        asking = self._thread and self._thread.is_alive()
        if self._lesson and self._root and lines and not feeding and not asking:
            self._thread = threading.Thread(target=self._ask, args=(lines,), daemon=True)
            self._thread.start()
        return None

    def _ask(self, lines: int) -> None:
        assert self._lesson
        options = ["--ledger", str(self._ledger), "--scenario", self._lesson.scenario]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "loadgen.expected", *options, *self._lesson.answer.options],
                cwd=self._root,
                capture_output=True,
                timeout=SECONDS_MAX,
                check=True,
            )
        except subprocess.SubprocessError:
            self._found = (lines, None)  # too much for this machine; it is not asked again
            return
        found = self._lesson.answer.rows(json.loads(done.stdout))
        rows = {key: value for key, value in found.items() if re.search(self._keys, key)}
        malformed = rows.pop(MALFORMED, 0)
        self._found = (lines, Counts(rows, malformed))
