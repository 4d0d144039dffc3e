"""What is in the result store; a database in a file is read only after it has changed."""

import contextlib
import sqlite3
from pathlib import Path

from flumelab.counts import MALFORMED, Counts
from flumelab.errors import LabError

SQLITE = "sqlite:///"
SQLITE_SECONDS_MAX = 0.5


class StoredResults:
    """The result store of a lab; `None` where there is none yet."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._seen: tuple[tuple[int, int], ...] = ()
        self._counts: Counts | None = None

    def read(self) -> Counts | None:
        """Return the totals; the last ones if the database cannot be reached now."""
        if not self._url.startswith(SQLITE):
            return self._read_server()
        path = Path(self._url.removeprefix(SQLITE))
        seen = tuple(_stamp(file) for file in (path, path.with_name(path.name + "-wal")))
        if seen != self._seen:
            counts = _read_file(path)
            if counts is not None or not path.exists():
                self._counts, self._seen = counts, seen
        return self._counts

    def _read_server(self) -> Counts | None:
        from flumelab.programs.result_store import ResultStore  # SQLAlchemy: a fifth of a second

        with contextlib.suppress(LabError):
            self._counts = ResultStore(self._url).counts()
        return self._counts


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
        return status.st_mtime_ns, status.st_size
    except OSError:
        return 0, 0


def _read_file(path: Path) -> Counts | None:
    """Read without a lock or a new file; where the folder is read-only, without the log of WAL."""
    for options in ("mode=ro", "mode=ro&immutable=1"):
        try:
            with contextlib.closing(
                sqlite3.connect(f"file:{path}?{options}", uri=True, timeout=SQLITE_SECONDS_MAX)
            ) as connection:
                rows = connection.execute(
                    "SELECT key, value FROM totals ORDER BY value DESC"
                ).fetchall()
        except sqlite3.Error:
            continue
        found: dict[str, int] = dict(rows)
        malformed = found.pop(MALFORMED, 0)
        return Counts(found, malformed)
    return None
