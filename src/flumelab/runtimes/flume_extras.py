"""Flume's larger parts, which the lab adds by name (`LAB_FLUME_EXTRAS`, as in ``kafka,hdfs``)."""

import os

from flumelab.errors import LabError

EXTRAS = ("kafka", "hdfs", "hbase2", "zookeeper")
"""What each adds: docs/reference/flume-components.md."""


def chosen() -> list[str]:
    """Return the names that the environment gives; raises `LabError` for one that is unknown."""
    names = [name.strip() for name in os.environ.get("LAB_FLUME_EXTRAS", "").split(",")]
    names = [name for name in names if name]
    if unknown := [name for name in names if name not in EXTRAS]:
        raise LabError(
            f"LAB_FLUME_EXTRAS: there is no extra {', '.join(unknown)}; choose from "
            f"{', '.join(EXTRAS)}"
        )
    return sorted(set(names))
