"""The truth about a load: every line, by number, from the generator alone.

The generator writes the same load once more, into a folder that no other part touches. So the truth
stays right even where a fault changes what the lab has.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

KEY_CHARACTERS = 16

Ranges = tuple[tuple[int, int], ...]
"""Line numbers as ranges, both ends included; 1 is the load's first line."""


def key_of(line: bytes) -> str:
    """Return the name under which the programs count a line, given without its newline."""
    return hashlib.md5(line, usedforsecurity=False).hexdigest()[:KEY_CHARACTERS]


class Truth:
    """The lines of a load."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self.keys = [key_of(line) for line in lines]
        self._numbers: dict[str, list[int]] = defaultdict(list)
        for number, key in enumerate(self.keys, 1):
            self._numbers[key].append(number)

    def __len__(self) -> int:
        return len(self.keys)

    def numbers(self, keys: Iterable[str]) -> list[int]:
        """Return each key's line number, 0 for a line that the generator did not make.

        Equal lines have one key; the number that follows the one before is then taken.
        """
        found: list[int] = []
        for key in keys:
            its = self._numbers.get(key, [0])
            follows = found[-1] + 1 if found else 0
            found.append(follows if follows in its else its[0])
        return found

    def members(self, counts: Mapping[str, int]) -> list[int]:
        """Return the line numbers of keys that came in any order, with how often each came.

        Of equal lines, those are taken that lie next to the others.
        """
        sure = {its[0] for key in counts if len(its := self._numbers.get(key, [0])) == 1}
        found = [its[0] for key in counts if len(its := self._numbers.get(key, [0])) == 1]
        for key, times in counts.items():
            its = self._numbers.get(key, [0])
            if len(its) > 1:
                near = sorted(its, key=lambda n: not {n - 1, n + 1} & sure)
                found += near[:times]
        return sorted(found)

    def lost(self, counted: Counter[str]) -> list[int]:
        """Return the numbers of the lines that are missing in what was counted."""
        return self._expand(Counter(self.keys) - counted)

    def twice(self, counted: Counter[str]) -> list[int]:
        """Return the numbers of the lines that were counted once too often, or more often."""
        return self._expand(counted - Counter(self.keys))

    def _expand(self, keys: Counter[str]) -> list[int]:
        found = []
        for key, times in keys.items():
            its = self._numbers.get(key, [0])
            found += [its[min(at, len(its) - 1)] for at in range(times)]
        return sorted(found)


def ranges(numbers: Iterable[int]) -> Ranges:
    """Join sorted numbers to ranges."""
    found: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)


def told(given: Sequence[Sequence[int]], most: int = 3) -> str:
    """Return ranges as a person writes them: ``4,001 to 5,000, 7,200``."""
    if list(map(tuple, given)) == [(0, 0)]:
        return "not one of the generator's"
    parts = [
        f"{first:,} to {last:,}" if last > first else f"{first:,}" for first, last in given[:most]
    ]
    more = len(given) - most
    return ", ".join(parts) + (f" and {more:,} more ranges" if more > 0 else "")
