"""Finds the known signs in a snapshot."""

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
CONSEQUENCES = {
    "source-not-moving": (
        "source-dead",
        "file-changed",
        "name-used-again",
        "position-file-damaged",
    ),
    "part-not-running": ("source-dead",),
    "not-counted": ("part-ended",),
}
"""Signs that say less than others: each is left out where one of its causes is found."""


def find(snapshot: Snapshot) -> list[Sign]:
    """Return all known signs, those first that stop or lose lines."""
    found = [sign for check in CHECKS for sign in check(snapshot)]
    names = {sign.name for sign in found}
    order = list(Level)
    return sorted(
        (sign for sign in found if not names.intersection(CONSEQUENCES.get(sign.name, ()))),
        key=lambda sign: order.index(sign.level),
    )
