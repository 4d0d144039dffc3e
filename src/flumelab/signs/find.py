"""Finds the known signs in a snapshot."""

import re
from collections.abc import Callable, Iterator

from flumelab.signs.conf_signs import conf_signs
from flumelab.signs.counter_signs import counter_signs
from flumelab.signs.folder_signs import folder_signs
from flumelab.signs.hop_signs import hop_signs
from flumelab.signs.log_signs import log_signs
from flumelab.signs.sign import Level, Sign
from flumelab.signs.snapshot import Snapshot
from flumelab.signs.state_signs import state_signs

CHECKS: tuple[Callable[[Snapshot], Iterator[Sign]], ...] = (
    state_signs,
    log_signs,
    folder_signs,
    counter_signs,
    conf_signs,
    hop_signs,
)
CONSEQUENCES = {"source-not-moving", "part-not-running", "not-counted"}
"""Signs that say less than others: each is left out where one of a loss or stop names its place."""


def find(snapshot: Snapshot) -> list[Sign]:
    """Return all known signs, those first that stop or lose lines."""
    found = [sign for check in CHECKS for sign in check(snapshot)]
    causes = [
        sign for sign in found if sign.name not in CONSEQUENCES and sign.level is not Level.WARNING
    ]
    order = list(Level)
    return sorted(
        (
            sign
            for sign in found
            if sign.name not in CONSEQUENCES or not any(_names(cause, sign) for cause in causes)
        ),
        key=lambda sign: order.index(sign.level),
    )


def _names(cause: Sign, sign: Sign) -> bool:
    """Whether a sign says why another one is there, such as a dead source that reads no file."""
    place = re.compile(rf"\b{re.escape(sign.place)}\b", re.IGNORECASE)
    return cause.part == sign.part and bool(place.search(f"{cause.place} {cause.fact}"))
