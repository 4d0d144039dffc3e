"""Whether the lab's agent reads sub-folders of the spool directory: the ledger counts them then."""

from collections.abc import Mapping

from flumelab.runtimes.evidence import Evidence
from flumelint import parse

KEY = ".recursiveDirectorySearch"


def read_by_flume(evidence: Evidence, found: Mapping[str, int]) -> bool:
    """Whether the lines that were `found` in sub-folders are in files that Flume reads.

    False, too, if no agent runs that could tell its conf.
    """
    running = evidence.conf() if found else None  # in Docker the question takes time
    if not running:
        return False
    assignments = parse(running.text).assignments
    values = {each.key.text.strip(): each.value.text.strip() for each in assignments}
    sources = values.get(f"{running.agent}.sources", "").split()
    keys = (f"{running.agent}.sources.{source}{KEY}" for source in sources)
    return any(values.get(key, "").lower() == "true" for key in keys)
