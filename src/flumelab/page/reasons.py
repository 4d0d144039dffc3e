"""Why a part is dead or stuck, in the words of `flumelab status`: the known signs.

Finding them reads logs and folders, so it is done when a part has ended, and else now and then.
"""

import time as clock
from collections.abc import Sequence
from contextlib import suppress

from flumelab import lab_signs
from flumelab.errors import LabError
from flumelab.page.place import Place
from flumelab.page.state import Part
from flumelab.signs import Sign, find

CALM_SECONDS, WAITING_SECONDS = 15.0, 4.0
"""From one look to the next, if no line is on its way, and if some are."""


class Reasons:
    """The signs of one lab, as of the last look."""

    def __init__(self) -> None:
        self._signs: Sequence[Sign] = ()
        self._looked = 0.0
        self._states: object = None

    def look(
        self,
        place: Place,
        parts: Sequence[Part],
        waiting: bool,
        hops: Sequence[tuple[str, int]],
    ) -> Sequence[Sign]:
        """Return the known signs; look for them again if it is time.

        :param waiting: whether lines are on their way
        :param hops: lines at each hop; see `Balance.hops`
        """
        if not parts or place.evidence is None:
            self._signs = ()
            return self._signs
        states = [(part.name, part.state) for part in parts]
        now = clock.monotonic()
        pause = WAITING_SECONDS if waiting or self._signs else CALM_SECONDS
        if states != self._states or now - self._looked > pause:
            self._looked, self._states = now, states
            with suppress(LabError, OSError):  # a part is just ending; the last signs stay
                self._signs = find(lab_signs.snapshot(place.evidence, hops))
        return self._signs


def of_a_silent_part(name: str, host: str, port: int) -> str:
    """Say that a part runs and does not answer."""
    return f"{name}: it runs, but {host}:{port} does not answer; read its log: flumelab logs {name}"
