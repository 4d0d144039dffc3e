"""`FlumeUtils` as in Spark 2.4: Flume's events as a DStream.

Signatures, defaults and the shape of an element are those of ``pyspark.streaming.flume`` in
Spark 2.4. The receiver runs in the JVM (`connector/java/receiver`).
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from pyspark.serializers import NoOpSerializer
from pyspark.storagelevel import StorageLevel
from pyspark.streaming import DStream, StreamingContext

from pyspark_flume.decoders import utf8_decoder
from pyspark_flume.early_end import report_early_end
from pyspark_flume.errors import ConnectorJarMissing, OptionInvalid
from pyspark_flume.events.record import decode_events

T = TypeVar("T")

_PORT_MAX = 65535
_JVM_CLASS = "io.pysparkflume.streaming.FlumeStreams"


class FlumeUtils:
    """Makes DStreams of events from Flume agents."""

    @staticmethod
    def createStream(  # noqa: N802 - Spark's name
        ssc: StreamingContext,
        hostname: str,
        port: int,
        storageLevel: StorageLevel = StorageLevel.MEMORY_AND_DISK_2,  # noqa: N803
        enableDecompression: bool = False,  # noqa: N803
        bodyDecoder: Callable[[bytes], T] = utf8_decoder,  # type: ignore[assignment] # noqa: N803
    ) -> "DStream[tuple[dict[str, str], T]]":
        """Return a stream of the events that Flume's avro sinks push to ``hostname:port``.

        The receiver listens there, on the worker of that host name if one exists, and occupies one
        core. A sink's batch is answered OK once Spark has stored it.

        :param hostname: address or host name to listen on; ``sinks.….hostname`` in a Flume conf
        :param port: ``sinks.….port`` in a Flume conf; 0, any free one, is of use only to
            tests that send nothing
        :param storageLevel: how Spark stores events until their micro-batch is done
        :param enableDecompression: whether the sinks have ``compression-type = deflate``
        :param bodyDecoder: called with each body (bytes) on the executors
        :return: elements are ``(headers, bodyDecoder(body))``, headers a dict of strings
        :raises OptionInvalid: an invalid port, or an `ssc` that is no StreamingContext or was
            restored from a checkpoint
        :raises ConnectorJarMissing: Spark does not have the connector's jar
        """
        listens_on = _port_to_listen_on(port)
        _require_context(ssc, "createStream")
        chunks = _jvm_streams(ssc).createStream(
            ssc._jssc,
            hostname,
            listens_on,
            ssc.sparkContext._getJavaStorageLevel(storageLevel),
            bool(enableDecompression),
        )
        return _decoded(chunks, ssc, bodyDecoder)

    @staticmethod
    def createPollingStream(  # noqa: N802 - Spark's name
        ssc: StreamingContext,
        addresses: Iterable[tuple[str, int]],
        storageLevel: StorageLevel = StorageLevel.MEMORY_AND_DISK_2,  # noqa: N803
        maxBatchSize: int = 1000,  # noqa: N803
        parallelism: int = 5,
        bodyDecoder: Callable[[bytes], T] = utf8_decoder,  # type: ignore[assignment] # noqa: N803
    ) -> "DStream[tuple[dict[str, str], T]]":
        """Return a stream of the events that are fetched from the SparkSinks of Flume agents.

        One receiver, which occupies one core, fetches from all of them. A sink's batch is
        acknowledged once Spark has stored it, and stays in Flume's channel until then. The receiver
        keeps retrying a sink that does not answer.

        :param addresses: ``(host, port)`` of each sink; ``sinks.….port`` in a Flume conf
        :param storageLevel: how Spark stores events until their micro-batch is done
        :param maxBatchSize: events to ask for at a time; at most the ``transactionCapacity`` of the
            sinks' channels, which is 100 by Flume's default
        :param parallelism: total number of connections; each sink gets at least one
        :param bodyDecoder: called with each body (bytes) on the executors
        :return: elements are ``(headers, bodyDecoder(body))``, headers a dict of strings
        :raises OptionInvalid: no addresses, an invalid value, or an `ssc` that is no
            StreamingContext or was restored from a checkpoint
        :raises ConnectorJarMissing: Spark does not have the connector's jar
        """
        sinks = [_sink_address(address) for address in addresses]
        if not sinks:
            raise OptionInvalid(
                "createPollingStream has no addresses; pass (host, port) of each agent's SparkSink"
            )
        batch_size = _at_least_one("maxBatchSize", maxBatchSize)
        consumers = _at_least_one("parallelism", parallelism)
        _require_context(ssc, "createPollingStream")
        streams = _jvm_streams(ssc)
        unresolved = ssc._sc._jvm.java.net.InetSocketAddress.createUnresolved
        chunks = streams.createPollingStream(
            ssc._jssc,
            [unresolved(host, port) for host, port in sinks],
            ssc.sparkContext._getJavaStorageLevel(storageLevel),
            batch_size,
            consumers,
        )
        return _decoded(chunks, ssc, bodyDecoder)


def _decoded(
    chunks: Any, ssc: StreamingContext, body_decoder: Callable[[bytes], T]
) -> "DStream[tuple[dict[str, str], T]]":
    """Return the events of a JVM stream, each of whose elements is several encoded events."""

    def decode(chunk: bytes) -> list[tuple[dict[str, str], T]]:
        return [(headers, body_decoder(body)) for headers, body in decode_events(chunk)]

    report_early_end(ssc)
    return DStream(chunks, ssc, NoOpSerializer()).flatMap(decode)


def _require_context(ssc: object, function: str) -> None:
    """Raise unless streams can be added to `ssc`.

    A session of Spark Connect has no context. In one that was restored from a checkpoint, Spark
    would fail at its first batch.
    """
    if not isinstance(ssc, StreamingContext):
        raise OptionInvalid(
            f"{function} got {type(ssc).__name__}, not a StreamingContext, which Spark Connect "
            f'does not have; read with spark.readStream.format("flume") there'
        )
    if ssc._jssc.ssc().isCheckpointPresent():
        raise OptionInvalid(
            f"{function} outside of the function that is given to StreamingContext.getOrCreate: a "
            f"restart has restored the streams from the checkpoint, and none can be added; create "
            f"streams within that function"
        )


def _sink_address(address: tuple[str, int]) -> tuple[str, int]:
    try:
        host, port = address
        port = int(port)
    except (TypeError, ValueError):
        raise OptionInvalid(
            f"{address!r} is not an address; pass (host, port) of a SparkSink"
        ) from None
    if not host or not 0 < port <= _PORT_MAX:
        raise OptionInvalid(f"{address!r} is not an address; a port is 1 to {_PORT_MAX}")
    return str(host), port


def _port_to_listen_on(port: int) -> int:
    try:
        number = int(port)
    except (TypeError, ValueError):
        number = -1
    if not 0 <= number <= _PORT_MAX:
        raise OptionInvalid(f"createStream has port={port!r}; pass 0 to {_PORT_MAX}")
    return number


def _at_least_one(name: str, value: int) -> int:
    if int(value) < 1:
        raise OptionInvalid(f"createPollingStream has {name}={value}; pass 1 or more")
    return int(value)


def _jvm_streams(ssc: StreamingContext):  # type: ignore[no-untyped-def]  # py4j has no types
    jvm = ssc._sc._jvm
    try:
        # py4j treats a class that the JVM cannot load as a package, so ask the JVM itself.
        jvm.java.lang.Class.forName(
            _JVM_CLASS, False, jvm.java.lang.Thread.currentThread().getContextClassLoader()
        )
    except Exception as error:
        if "ClassNotFoundException" not in str(error):
            raise
        raise ConnectorJarMissing(
            f"Spark at {jvm.java.lang.System.getenv('SPARK_HOME')} lacks Flume's receiver: install "
            f"pyspark-flume into that Spark's own environment, or start with "
            f"spark-submit --jars {_jar_hint()}"
        ) from None
    return getattr(jvm, _JVM_CLASS)


def _jar_hint() -> str:
    from importlib.metadata import PackageNotFoundError, files

    try:
        jars = [f for f in files("pyspark-flume") or () if f.suffix == ".jar"]
    except PackageNotFoundError:
        jars = []
    return str(jars[0].locate()) if jars else "pyspark-flume-receiver.jar"
