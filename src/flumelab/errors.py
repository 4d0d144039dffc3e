"""The base of the lab's errors; each message gives a place, a fact and a remedy."""

from collections.abc import Mapping


class LabError(Exception):
    """Base of the lab's errors; the command line prints its message and exits with 1."""


class NotStarted(LabError):
    """A service did not start; `logs` has the end of the log of each that ended, by its name."""

    def __init__(self, message: str, logs: Mapping[str, str]) -> None:
        super().__init__(message)
        self.logs = logs
