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


class ProtocolError(FlumeError):
    """A peer's bytes are none of Flume's Avro protocols, or go beyond a limit.

    The connection they came from can only be closed. Flume sends again what was not answered.
    """


class LandingError(FlumeError):
    """A landing log cannot be used as asked: wrong folder, wrong format, no permission."""


class LandingLocked(LandingError):
    """Another process writes to the landing log; there can be only one."""


class LandingCorrupt(LandingError):
    """Bytes that had been stored for good are missing or have changed."""


class LandingWriteFailed(LandingError):
    """A batch could not be stored: nothing that was not durable yet is kept."""


class OffsetTooOld(LandingError):
    """An offset before the first event that the landing log still has."""


class OffsetTooNew(LandingError):
    """An offset after the last event that the landing log has."""


class RetentionInvalid(LandingError):
    """A text that names no retention."""


class OptionInvalid(FlumeError):
    """An option of the Structured Streaming source, the receiver or the poller; an argument of
    `FlumeUtils`."""


class IngestionFailed(FlumeError):
    """A receiver cannot listen, or it or a poller has ended."""


class OffsetForeign(FlumeError):
    """A checkpoint that belongs to another landing log."""
