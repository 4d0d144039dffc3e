"""Errors that the command reports in one line."""


class BadUse(Exception):
    """What was asked for cannot be done; the text gives the place, the fact and the remedy."""
