"""What a test of a pipeline with Flume needs, from a fake log to containers.

`plugin` has fixtures for pytest, which finds them by itself: `landing_log`, `flume_receiver`,
`flume_sender`, `spool` and `flume_agent`. They need no Docker engine.

`FlumeContainer` and `SparkContainer` need the `testing` extra, a Docker engine, and the lab's
images, built in a checkout of it::

    docker compose build flume spark-master

`SparkContainer` shows a whole pipeline. Without access to a registry, set
``TESTCONTAINERS_RYUK_DISABLED=true``; otherwise testcontainers starts a container of its own.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark_flume.testing.flume import FlumeContainer
    from pyspark_flume.testing.spark import SparkContainer

__all__ = ["FlumeContainer", "SparkContainer"]


def __getattr__(name: str) -> Any:
    # testcontainers is an extra, and pytest imports this package in each of its runs.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pyspark_flume.testing import flume, spark

    return {"FlumeContainer": flume.FlumeContainer, "SparkContainer": spark.SparkContainer}[name]
