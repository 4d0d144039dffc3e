"""Signs in the logs of the parts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from flumelab.signs.known import Known, known
from flumelab.signs.sign import Sign
from flumelab.signs.snapshot import LogLine, Part, Snapshot


@dataclass
class _Seen:
    known: Known
    values: dict[str, str]
    first: float | None
    last: float | None


def log_signs(snapshot: Snapshot) -> Iterator[Sign]:
    """Yield each sign that a log has and that is not over."""
    for part in snapshot.parts:
        for seen in _read(part, snapshot.logs.get(part.name, ())):
            if not _moves_again(seen, snapshot):
                yield seen.known.sign(part.name, seen.first, **seen.values)


def _read(part: Part, lines: Sequence[LogLine]) -> list[_Seen]:
    entries = [entry for entry in known().values() if part.kind in entry.kinds]
    ends = [entry for entry in entries if entry.over]
    found: dict[tuple[str, str], _Seen] = {}
    for line in lines:
        for entry in ends:
            if entry.over and (end := entry.over.search(line.text)):
                _end(found, entry, end.groupdict())
        names: set[str] = set()
        for entry in entries:
            if entry.contains not in line.text or names.intersection(entry.unless):
                continue
            match = entry.line.search(line.text) if entry.line else None
            if entry.line and not match:
                continue
            names.add(entry.name)
            values = match.groupdict(default="") if match else {}
            place = entry.place.format_map({"part": part.name, **values})
            seen = found.setdefault((entry.name, place), _Seen(entry, values, line.at, line.at))
            seen.values, seen.last = values, line.at
    return list(found.values())


def _end(found: dict[tuple[str, str], _Seen], entry: Known, values: dict[str, str]) -> None:
    """Forget the signs of an entry that have the same values as the line that ends them."""
    for key, seen in list(found.items()):
        if seen.known is entry and values.items() <= seen.values.items():
            del found[key]


def _moves_again(seen: _Seen, snapshot: Snapshot) -> bool:
    if not seen.known.moves or seen.last is None:
        return False
    component, counter = seen.known.moves.format_map(seen.values).split()
    return any(
        its.get(counter, 0) > seen.last + 1
        for name, its in snapshot.moved.items()
        if fnmatchcase(name, component)
    )
