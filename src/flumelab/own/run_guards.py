"""What surrounds a run: signals, errors at paths, and a second run in the same folder."""

import contextlib
import fcntl
import signal
from collections.abc import Iterator
from pathlib import Path

from flumelab.errors import LabError


class Interrupted(KeyboardInterrupt):
    """A signal has ended a run; `code`: its exit code, which is 128 and the signal's number."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.code = 128 + number


_INTERRUPTING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Raise `Interrupted` for Ctrl-C, and also for a `kill` and a closed terminal."""

    def interrupt(number: int, _frame: object) -> None:
        raise Interrupted(number)

    before = [signal.signal(each, interrupt) for each in _INTERRUPTING]
    try:
        yield
    finally:
        for each, handler in zip(_INTERRUPTING, before, strict=True):
            signal.signal(each, handler)


@contextlib.contextmanager
def paths_explained() -> Iterator[None]:
    """Turn an error at a path, such as a folder that cannot be made, into a `LabError`."""
    try:
        yield
    except OSError as error:
        if not error.filename:
            raise
        raise LabError(
            f"{error.filename}: {error.strerror}; let the lab write there, or choose another place "
            "with --map or LAB_STATE"
        ) from None


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep a second run out of the folder of a run; raises `LabError` in the second."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LabError(
                f"{folder} is used by another run; wait for its end, or set LAB_STATE to another "
                "folder"
            ) from None
        yield


@contextlib.contextmanager
def signals_ignored() -> Iterator[None]:
    """Let nothing interrupt the end of a run: a second Ctrl-C would leave processes behind."""
    before = [signal.signal(each, signal.SIG_IGN) for each in _INTERRUPTING]
    try:
        yield
    finally:
        for each, handler in zip(_INTERRUPTING, before, strict=True):
            signal.signal(each, handler)
