"""Takes a snapshot of a running lab or run for `flumelab.signs`, with the agent's conf read."""

import time
from collections.abc import Sequence

from flumelab.own import conf as confs
from flumelab.runtimes.evidence import Evidence
from flumelab.signs import Snapshot
from flumelab.signs.snapshot import Folder

STILL_SECONDS = 15.0


def take(
    evidence: Evidence,
    hops: Sequence[tuple[str, int]] = (),
    still_seconds: float = STILL_SECONDS,
) -> Snapshot:
    """Ask all parts.

    :param hops: lines at each hop, if they were counted; see `Balance.hops`
    :param still_seconds: as in `Snapshot`
    """
    parts = evidence.parts()
    running = evidence.conf()
    conf = confs.values_of(running.text, running.environment) if running else {}
    agent = running.agent if running else ""
    mine = {
        key.removeprefix(f"{agent}."): value
        for key, value in conf.items()
        if key.startswith(f"{agent}.")
    }
    return Snapshot(
        now=time.time(),
        parts=parts,
        logs={part.name: evidence.log(part.name) for part in parts},
        counters=evidence.counters(),
        moved=evidence.moved(),
        conf=mine,
        agent=agent,
        folders=_folders(evidence, mine),
        hops=hops,
        still_seconds=still_seconds,
        cut=evidence.is_cut(),
    )


def _folders(evidence: Evidence, conf: dict[str, str]) -> dict[str, Folder]:
    names = [key for key in conf if key.startswith("sources.") and key.endswith(".spoolDir")]
    return {conf[name]: evidence.folder(conf[name]) for name in names}
