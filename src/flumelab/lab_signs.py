"""The signs of a lab that runs: asks its runtime for the evidence, and finds what is known."""

from collections.abc import Iterable, Sequence

from flumelab.errors import LabError
from flumelab.ledger import balance
from flumelab.own.snapshot import take
from flumelab.runtimes.evidence import Evidence
from flumelab.runtimes.runtime import Runtime
from flumelab.signs import Level, Sign, find

snapshot = take


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


def stop_lines(signs: Iterable[Sign]) -> bool:
    """Whether lines do not move, or are lost."""
    return any(sign.level is not Level.WARNING for sign in signs)
