"""The base of the lab's errors; each message gives place, fact and remedy."""


class LabError(Exception):
    """Base of the lab's errors; the command line prints its message and exits with 1."""
