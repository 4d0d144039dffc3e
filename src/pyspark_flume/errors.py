"""What can go wrong, under one base class; each message says place, fact and remedy."""


class FlumeError(Exception):
    """Base of all errors of `pyspark_flume`."""


class ConnectorJarMissing(FlumeError):
    """Spark's JVM does not have the connector's classes.

    Installing the wheel puts the jar into PySpark's own ``jars`` folder; a Spark that was
    installed in another way (``SPARK_HOME``) has to be given it.
    """


class EventCorrupt(FlumeError):
    """Bytes that are not Avro-encoded Flume events."""
