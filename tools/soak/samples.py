"""What the parts of a lab take: memory, open files, and room on disk."""

from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from tools.soak.lab import PARTS, SoakLab, bytes_in


@dataclass(frozen=True)
class Sample:
    """What was seen at one moment.

    :param seconds: since the load began
    :param behind: lines that were due and are not counted yet
    :param values: by series: ``"driver memory"`` in bytes, ``"driver files"``, ``"spool disk"`` in
        bytes. A part that does not run has none. Memory is the resident size of the part's
        processes; what several of them share counts for each.
    """

    seconds: float
    behind: int
    values: Mapping[str, int]


def take(lab: SoakLab, seconds: float, behind: int) -> Sample:
    """Look at each part and each folder now."""
    values = {}
    for part in PARTS:
        for kind, amount in _held_by(lab.processes(part)).items():
            values[f"{part} {kind}"] = amount
    folders = {
        "spool": lab.state.spool,
        "landing log": lab.state.landing,
        "checkpoint": lab.state.checkpoints,
    }
    for name, folder in folders.items():
        values[f"{name} disk"] = bytes_in(folder)
    return Sample(seconds, behind, values)


def _held_by(processes: list[psutil.Process]) -> dict[str, int]:
    memory = files = 0
    for process in processes:
        try:
            memory += process.memory_info().rss
            files += process.num_fds()
        except psutil.NoSuchProcess:
            continue
    return {"memory": memory, "files": files} if memory else {}
