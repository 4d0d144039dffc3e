"""Which mutants are tried: one at each of some random places, and none that is equivalent."""

from __future__ import annotations

import random
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

EQUIVALENTS = Path(__file__).with_name("equivalents.toml")

Mutant = TypeVar("Mutant")


@dataclass(frozen=True)
class Change:
    """What a mutant changes, as text, so that it stays the same when lines move.

    :param file: below pyspark_flume, as in "landing/index.py"
    :param inside: name of the function or class, empty outside of one
    :param before: the changed lines without indentation, joined by spaces
    :param after: what they become
    """

    file: str
    inside: str
    before: str
    after: str


def change_of(file: str, inside: str, diff: Iterable[str]) -> Change:
    """Return the change that the lines of a unified diff make."""
    lines = [line for line in diff if not line.startswith(("---", "+++"))]
    before, after = (
        " ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+"
    )
    return Change(file, inside, before, after)


def equivalents(path: Path = EQUIVALENTS) -> dict[Change, str]:
    """Return the changes that no test can notice, each with the reason."""
    rows = tomllib.loads(path.read_text())["equivalent"]
    return {Change(**row["change"]): row["reason"] for row in rows}


def choose(
    mutants: Iterable[Mutant],
    place: Callable[[Mutant], object],
    usable: Callable[[Mutant], bool],
    count: int,
    seed: int,
) -> list[Mutant]:
    """Return `count` usable mutants, each at another place; fewer if there are not so many.

    A place that can be changed in many ways is no likelier than another one.
    """
    by_place: dict[object, list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        by_place[place(mutant)].append(mutant)
    drawn = random.Random(seed)
    places = list(by_place.values())
    drawn.shuffle(places)
    chosen: list[Mutant] = []
    for candidates in places:
        if len(chosen) == count:
            break
        drawn.shuffle(candidates)
        chosen += islice(filter(usable, candidates), 1)
    return chosen


def in_order(tests: Iterable[str], module: str) -> list[str]:
    """Return the folders of tests, first the module's own: its tests fail soonest."""
    return sorted(tests, key=lambda name: name != module.partition("/")[0])
