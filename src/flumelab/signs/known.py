"""The list of known signs, read from known.toml."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from flumelab.signs.sign import Level, Sign


@dataclass(frozen=True)
class Known:
    """One entry of known.toml, which explains the fields."""

    name: str
    level: Level
    seen: str
    place: str
    fact: str
    remedy: str
    kinds: tuple[str, ...] = ()
    contains: str = ""
    line: re.Pattern[str] | None = None
    over: re.Pattern[str] | None = None
    moves: str = ""
    unless: tuple[str, ...] = ()

    def sign(self, part: str, since: float | None, **values: object) -> Sign:
        """Return the sign that was found, with the texts filled in; ``{part}`` is always known."""
        filled = {"part": part, **values}
        place, fact, remedy = (
            text.format_map(filled) for text in (self.place, self.fact, self.remedy)
        )
        return Sign(self.name, part, self.level, place, fact, remedy, since)


@cache
def known() -> Mapping[str, Known]:
    """Return the entries by name, in the order of the file."""
    text = files("flumelab.signs").joinpath("known.toml").read_text("utf-8")
    entries = [_known(entry) for entry in tomllib.loads(text)["sign"]]
    return {entry.name: entry for entry in entries}


def _known(entry: Mapping[str, Any]) -> Known:
    given = dict(entry)
    for key in ("line", "over"):
        if key in given:
            given[key] = re.compile(given[key])
    return Known(
        **{key: value for key, value in given.items() if key not in ("in", "unless", "level")},
        level=Level(given["level"]),
        kinds=tuple(given.get("in", ())),
        unless=tuple(given.get("unless", ())),
    )
