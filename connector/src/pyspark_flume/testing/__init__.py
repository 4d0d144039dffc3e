"""Containers for integration tests of pipelines: a Flume agent and a Spark program.

They need the `testing` extra, a Docker engine, and the lab's images, built in a checkout of it::

    docker compose build flume spark-master

`SparkContainer` shows a whole pipeline. Without access to a registry, set
``TESTCONTAINERS_RYUK_DISABLED=true``; otherwise testcontainers starts a container of its own.
"""

from pyspark_flume.testing.flume import FlumeContainer
from pyspark_flume.testing.spark import SparkContainer

__all__ = ["FlumeContainer", "SparkContainer"]
