"""Adds to the state of the containers' page what only the host sees: signs in the parts' logs.

Reading logs through the engine takes a second. So it is done in the background, and only while a
part is broken or lines wait for long.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flumelab.errors import LabError
from flumelab.page.state import DEAD, RUNNING, STUCK
from flumelab.signs import Level, Sign

PAUSE_SECONDS = 10.0
WAITED_SECONDS = 10.0
"""Lines that have waited for so long may be stuck."""

State = Mapping[str, Any]
"""As `/api/v1/state` sends it; see `flumelab.page.state`."""


class HostSigns:
    """The signs of one lab, as of the last look.

    :param find: finds them, as `flumelab status` does; it may raise `LabError`
    """

    def __init__(self, find: Callable[[], Sequence[Sign]]) -> None:
        self._find = find
        self._signs: Sequence[Sign] = ()
        self._looked = 0.0
        self._looking: threading.Thread | None = None

    def add(self, state: State) -> State:
        """Return the state with the signs that were found; look for them again if it is time.

        The containers' page says that it sees no logs, which is not true here.
        """
        state = {**state, "lab": {**state["lab"], "unseen": ""}}
        if not _is_in_trouble(state):
            self._signs = ()
            return state
        looks = self._looking is not None and self._looking.is_alive()
        if not looks and time.monotonic() - self._looked > PAUSE_SECONDS:
            self._looked = time.monotonic()
            self._looking = threading.Thread(target=self._look, daemon=True)
            self._looking.start()
        return with_signs(state, self._signs)

    def _look(self) -> None:
        try:
            self._signs = self._find()
        except (LabError, OSError):
            self._signs = ()  # the engine does not answer


def _is_in_trouble(state: State) -> bool:
    waits = any((link["seconds"] or 0) > WAITED_SECONDS for link in state["links"])
    return waits or state["lab"]["state"] == "broken"


def with_signs(state: State, signs: Sequence[Sign]) -> State:
    """Return a state with more signs: their parts and hops are stuck, for the reason they give."""
    known = {(sign["name"], sign["part"], sign["place"]) for sign in state["signs"]}
    new = [sign for sign in signs if (sign.name, sign.part, sign.place) not in known]
    stopping = {sign.part: sign for sign in reversed(new) if sign.level is not Level.WARNING}
    said = [_as_json(sign) for sign in new]
    if not stopping:
        return {**state, "signs": [*state["signs"], *said]}
    parts = [_with_reason(part, stopping.get(part["name"])) for part in state["parts"]]
    hops = [_with_reason(hop, _about(hop, stopping.get(hop["part"]))) for hop in state["hops"]]
    reasons = dict.fromkeys(part["reason"] for part in parts if part["state"] in (DEAD, STUCK))
    lab = {**state["lab"], "state": "broken", "says": ". ".join(filter(None, reasons))}
    signs_now = [*state["signs"], *said]
    return {**state, "lab": lab, "parts": parts, "hops": hops, "signs": signs_now}


def _with_reason(what: State, sign: Sign | None) -> State:
    if sign is None or what["state"] not in (RUNNING, STUCK, DEAD):
        return what
    return {**what, "state": DEAD if what["state"] == DEAD else STUCK, "reason": sign.sentence}


def _about(hop: State, sign: Sign | None) -> Sign | None:
    """Return the sign if it is about this hop, or about its whole part."""
    if sign is None or sign.place == f"{hop['kind']} {hop['name']}":
        return sign
    return None if sign.place.split(" ")[0] in ("source", "channel", "sink") else sign


def _as_json(sign: Sign) -> dict[str, Any]:
    return {
        "name": sign.name,
        "part": sign.part,
        "level": str(sign.level),
        "place": sign.place,
        "says": sign.sentence,
        "since": sign.since,
    }
