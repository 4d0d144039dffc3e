"""What can go wrong in the lab; each message says place, fact and remedy in one line."""


class LabError(Exception):
    """Base of the lab's errors; the CLI prints its message and exits with 1."""
