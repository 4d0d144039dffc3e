"""The plan of a lab's flow: which hops and links it has, and how they are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flumelab.page.state import Flow


@dataclass(frozen=True)
class HopPlan:
    """A hop before it has numbers.

    :param measure: which reading is its number of lines, and of which component or query
    :param part: the service in which it is; empty for files
    """

    id: str
    kind: str
    name: str
    detail: str
    part: str
    measure: tuple[str, str] = ("", "")
    unit: str = "lines"


@dataclass(frozen=True)
class LinkPlan:
    """A way between two hops.

    :param note: what moves the lines along it
    :param compares: whether both hops have the same number in the end, so that there is a lag
    :param connection: whether it is the connection between a sink and its receiver
    """

    source: str
    target: str
    note: str = ""
    compares: bool = True
    connection: bool = False


@dataclass
class FlowPlan:
    """All hops and links, and how they are drawn: see `flumelab.page.state.Flow`."""

    hops: dict[str, HopPlan] = field(default_factory=dict)
    links: list[LinkPlan] = field(default_factory=list)
    trunk: list[str] = field(default_factory=list)
    ways: list[list[str]] = field(default_factory=list)
    end: list[str] = field(default_factory=list)

    def new_way(self) -> list[str]:
        """Begin a way beside the others."""
        self.ways.append([])
        return self.ways[-1]

    def add(
        self,
        chain: list[str],
        hop: HopPlan,
        before: Sequence[str],
        note: str = "",
        compares: bool = True,
        connection: bool = False,
    ) -> str:
        """Add a hop at the end of a chain, with a link from each hop before; return its id."""
        self.hops[hop.id] = hop
        chain.append(hop.id)
        self.links += [LinkPlan(id_, hop.id, note, compares, connection) for id_ in before]
        return hop.id

    def drawn(self) -> Flow:
        """As the state has it."""
        return Flow(tuple(self.trunk), tuple(map(tuple, self.ways)), tuple(self.end))
