"""Checks of a class take turns: as many run at once as the machine does in good time.

Thirty checks at once on a few cores would all be late, and say "could not check". Each turn is a
file of a folder. Whoever holds its lock has the turn, and loses it when the process ends.
"""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_SECONDS = 0.2


def make(folder: Path, turns: int) -> None:
    """Make the files, and remove those that are too many."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {f"turn-{number}" for number in range(1, turns + 1)}
    for file in folder.iterdir():
        if file.name not in wanted:
            file.unlink()
    for name in wanted:
        (folder / name).touch(mode=0o644)


@contextmanager
def turn(folder: Path | None, wait: Callable[[], object]) -> Iterator[None]:
    """Wait for a turn, and hold it; without a folder there is nothing to wait for.

    :param wait: called once, if there is no turn at once
    """
    files = sorted(folder.glob("turn-*")) if folder else []
    if not files:
        yield
        return
    told = False
    while True:
        for file in files:
            with file.open("rb") as held:  # a lock needs no right to write
                try:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield
                return
        if not told:
            wait()
            told = True
        time.sleep(POLL_SECONDS)


def taken(folder: Path) -> int:
    """How many turns are held now."""
    held = 0
    for file in folder.glob("turn-*"):
        with file.open("rb") as tried:
            try:
                fcntl.flock(tried, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held += 1
    return held
