"""The base of the lab's errors; each message gives a place, a fact and a remedy."""


class LabError(Exception):
    """Base of the lab's errors; the command line prints its message and exits with 1."""
