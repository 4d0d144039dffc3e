"""Sends the user's log to a program without Flume: to its folders, and to the ports that it reads.

Each stream of a program gets the whole log. Several structured queries may read different places,
and a hop cannot tell how many lines each should have: then only the first place gets the log.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from flumelab.errors import LabError
from flumelab.own import feed
from flumelab.own.inputs import LogFile
from flumelab.own.services import OwnState
from flumelab.runtimes.runtime import Report

PLACE_SECONDS_MAX = 60  # until a program reads a folder or a port
OTHERS_SECONDS_MAX = 10  # … until it has connected to its other ports
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Place:
    """A folder into which files are moved; `is_read`: whether the program reads it already."""

    folder: Path
    told: str
    is_read: bool = True


class ProgramFeed:
    """Sends logs to the program of one lab, and reports each place once."""

    def __init__(self, program: Path, state: OwnState, report: Report) -> None:
        self._program = program
        self._state = state
        self._report = report
        self._told: set[Path] = set()

    def send(self, files: Sequence[LogFile], why_ended: Callable[[], list[str] | None]) -> int:
        """Move the files to the places from which the program reads; returns the lines sent.

        Raises `LabError` if it reads from none.

        :param why_ended: returns None while the program runs
        """
        places = self._wait(why_ended)
        left_out: list[Place] = []
        if len(places) > 1 and len(self._queries()) > 1:
            places, left_out = places[:1], places[1:]
        for place in places:
            self._tell(place, f"the lines go into {place.folder}, which {place.told}")
            for file in files:
                feed.move_into(place.folder, file, feed.unused_name(place.folder, file.name))
        for place in left_out:
            self._tell(
                place,
                f"{place.folder}, which {place.told}, gets no lines, as several queries read "
                "different places; use flumelab up, and put files there yourself",
            )
        return len(places) * sum(file.count() for file in files)

    def _wait(self, why_ended: Callable[[], list[str] | None]) -> list[Place]:
        deadline, others = time.monotonic() + PLACE_SECONDS_MAX, 0.0
        while time.monotonic() < deadline:
            places = places_of(self._state.read_progress(), self._state.sockets)
            found = [place for place in places if place.is_read]
            others = others or (time.monotonic() + OTHERS_SECONDS_MAX if found else 0.0)
            if found and (len(found) == len(places) or time.monotonic() > others):
                return found
            failure = why_ended()
            if failure:
                raise LabError("\n".join(failure))
            if failure is not None:
                break
            time.sleep(POLL_SECONDS)
        raise LabError(
            f"{self._program} reads no folder or socket that takes the log; give --conf the Flume "
            "configuration that feeds it, or leave --input out"
        )

    def _queries(self) -> Mapping[str, int]:
        return cast(Mapping[str, int], self._state.read_progress().get("queries") or {})

    def _tell(self, place: Place, sentence: str) -> None:
        if place.folder not in self._told:
            self._report(sentence)
            self._told.add(place.folder)


def places_of(progress: Mapping[str, object], sockets: Path) -> list[Place]:
    """Return the folders that a program's streams read, and those behind the ports it reads.

    :param progress: as `flumelab.own.progress` writes it
    :param sockets: the folder with a folder for each port that the lab serves
    """
    if not progress.get("active"):
        return []
    folders = cast(Sequence[str], progress.get("folders") or ())
    ports = cast(Mapping[str, Mapping[str, int]], progress.get("sockets") or {})
    return [
        *(Place(Path(folder), "the program reads") for folder in folders),
        *(
            Place(sockets / port, f"is served on port {port}", bool(served["clients"]))
            for port, served in ports.items()
        ),
    ]
