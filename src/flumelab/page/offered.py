"""What the page can do to the lab, as a part of `flumelab.page.state.State`."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """Something that the page can do to the lab.

    :param id: kill, start, cut or mend; `part` is the part that it is done to
    :param command: the command that does the same in a terminal
    :param possible: whether it can be done now; `why` says why not
    """

    id: str
    part: str
    title: str
    command: str
    possible: bool = True
    why: str = ""


@dataclass(frozen=True)
class Controls:
    """What the page can do: feed, if it is enabled, and the actions; `why` says why nothing."""

    enabled: bool
    actions: Sequence[Action] = ()
    why: str = ""
