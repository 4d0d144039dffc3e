"""The signs of a lab that runs: takes its evidence, and finds what is known."""

import time
from collections.abc import Sequence

from flumelab.errors import LabError
from flumelab.ledger import balance
from flumelab.own import conf as confs
from flumelab.runtimes.evidence import Evidence
from flumelab.runtimes.runtime import Runtime
from flumelab.signs import Sign, Snapshot, find
from flumelab.signs.snapshot import Folder


def of(runtime: Runtime, hops: Sequence[tuple[str, int]] = ()) -> list[Sign]:
    """Return the signs of a lab.

    :param hops: lines at each hop, if they were counted; see `Balance.hops`
    """
    return of_evidence(runtime.evidence(), hops)


def of_evidence(evidence: Evidence, hops: Sequence[tuple[str, int]] = ()) -> list[Sign]:
    """Return the signs in what a lab shows of its parts."""
    return find(snapshot(evidence, hops))


def hops_of(runtime: Runtime) -> Sequence[tuple[str, int]]:
    """Return the lines at each hop; empty if not all of them answer."""
    try:
        return balance(runtime.hop_counts()).hops
    except (LabError, OSError):
        return ()


def snapshot(evidence: Evidence, hops: Sequence[tuple[str, int]] = ()) -> Snapshot:
    """Ask all parts of a lab."""
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
    )


def _folders(evidence: Evidence, conf: dict[str, str]) -> dict[str, Folder]:
    names = [key for key in conf if key.startswith("sources.") and key.endswith(".spoolDir")]
    return {conf[name]: evidence.folder(conf[name]) for name in names}
