"""Which known name a misspelt one most likely means."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

SIMILAR = 0.75  # of 1; below it, suggestions are more often wrong than right


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the most similar of the known names, if one is similar enough."""
    return _nearest(name, tuple(known))


@lru_cache(maxsize=4096)  # a file tends to have the same mistake many times
def _nearest(name: str, known: tuple[str, ...]) -> str | None:
    by_folded: dict[str, str] = {}
    for each in known:
        by_folded.setdefault(folded(each), each)
    found = get_close_matches(folded(name), by_folded, n=1, cutoff=SIMILAR)
    return by_folded[found[0]] if found else None


def folded(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
