"""Containers for integration tests of pipelines: a Flume agent and a Spark program.

They need the `testing` extra, a Docker engine, and the lab's images, built in a checkout of it::

    docker compose build flume spark-master

`SparkContainer` shows a whole pipeline. Where no registry is reached, set
``TESTCONTAINERS_RYUK_DISABLED=true``: testcontainers starts a container of its own otherwise.
"""

from pyspark_flume.testing.flume import FlumeContainer
from pyspark_flume.testing.spark import SparkContainer

__all__ = ["FlumeContainer", "SparkContainer"]
