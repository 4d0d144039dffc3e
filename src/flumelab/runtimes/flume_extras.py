"""Flume's larger parts, which the lab adds by name (`LAB_FLUME_EXTRAS`, e.g. ``kafka,hdfs``)."""

import os

from flumelab.errors import LabError

EXTRAS = ("kafka", "hdfs", "hbase2", "zookeeper")
"""The names; docs/reference/flume-components.md says what each one adds."""


def chosen() -> list[str]:
    """Return the names in the environment; raises `LabError` for an unknown one."""
    names = [name.strip() for name in os.environ.get("LAB_FLUME_EXTRAS", "").split(",")]
    names = [name for name in names if name]
    if unknown := [name for name in names if name not in EXTRAS]:
        raise LabError(
            f"LAB_FLUME_EXTRAS: there is no extra {', '.join(unknown)}; choose from "
            f"{', '.join(EXTRAS)}"
        )
    return sorted(set(names))
