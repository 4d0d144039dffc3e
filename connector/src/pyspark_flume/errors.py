"""All errors, under one base class. Each message names the place, the fact and the remedy."""


class FlumeError(Exception):
    """Base of all errors of `pyspark_flume`."""


class ConnectorJarMissing(FlumeError):
    """Spark's JVM does not have the connector's classes.

    Installing the wheel puts the jar into PySpark's own ``jars`` folder. A Spark that was installed
    in another way (``SPARK_HOME``) must be given the jar.
    """


class EventCorrupt(FlumeError):
    """Bytes that are not Flume's events in Avro's binary encoding, or that end too early."""


class ProtocolError(FlumeError):
    """A peer's bytes belong to none of Flume's Avro protocols, or exceed a limit.

    The connection they came from can only be closed. Flume sends unanswered batches again.
    """


class LandingError(FlumeError):
    """A landing log cannot be used as asked: wrong folder, wrong format, no permission."""


class LandingLocked(LandingError):
    """Another process writes to the landing log; a log has one writer."""


class LandingCorrupt(LandingError):
    """Bytes that were stored for good are missing or have changed."""


class LandingWriteFailed(LandingError):
    """A batch could not be stored. Everything that was not durable yet is forgotten."""


class OffsetTooOld(LandingError):
    """An offset before the first event that the landing log still has."""


class OffsetTooNew(LandingError):
    """An offset after the last event that the landing log has."""


class RetentionInvalid(LandingError):
    """A text that is not a retention rule."""


class OptionInvalid(FlumeError):
    """An invalid option of the Structured Streaming source, the receiver or the poller, or an
    invalid argument of `FlumeUtils`."""


class SendFailed(FlumeError):
    """A receiver has not answered OK, so the sender has to keep the events and send them again."""


class IngestionFailed(FlumeError):
    """A receiver cannot listen, or a receiver or poller has ended."""


class OffsetForeign(FlumeError):
    """A checkpoint that belongs to another landing log."""
