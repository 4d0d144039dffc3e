"""The options of the receiver and of the poller; a query with `port` or `agents` has them, too."""

import argparse
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Self

from pyspark_flume.avroipc.limits import LIMITS
from pyspark_flume.errors import OptionInvalid
from pyspark_flume.landing import SEGMENT_BYTES, Retention
from pyspark_flume.options.declaration import add_arguments, option, read_options
from pyspark_flume.options.value_types import (
    ADDRESSES,
    FOLDER,
    HOST,
    PEM_FILE,
    RETENTION,
    one_of,
    whole,
)
from pyspark_flume.units import MIB


@dataclass(frozen=True)
class LandingSettings:
    """What the source, the receiver and the poller all need."""

    landing: Path = option(
        "landing",
        FOLDER,
        required=True,
        help="folder of the landing log: an absolute path, not a URI",
    )


@dataclass(frozen=True)
class IngestionSettings(LandingSettings):
    """What a receiver and a poller have in common. Either is the only writer of its log."""

    _: KW_ONLY
    retention: Retention = option(
        "retention",
        RETENTION,
        "keep",
        help="when a segment is removed: `keep`, `commit`, an age (`7d`, `12h`), a size (`10gb`), "
        "or several with commas",
    )
    frame_bytes_max: int = option(
        "maxFrameBytes",
        whole("bytes", 1024, 1024 * MIB),
        str(LIMITS.frame_bytes_max),
        help="size of the largest batch that is accepted",
    )
    idle_seconds_max: int = option(
        "idleTimeout",
        whole("seconds", 0, 10**9),
        "0",
        help="how long a connection may be silent before it is closed; 0: for ever. "
        "A SparkSink may be silent for its `timeout`, but for no more than 30 s within an answer",
    )
    metrics_port: int | None = option(
        "metricsPort",
        whole("port", 1, 65535),
        help="port that serves metrics to Prometheus; needs `prometheus-client`",
        default_note="none: no metrics",
    )
    metrics_host: str = option(
        "metricsHost", HOST, "127.0.0.1", help="address to serve the metrics on"
    )
    segment_bytes: int = option(
        "segmentBytes",
        whole("bytes", 64 * 1024, 1024 * MIB),
        str(SEGMENT_BYTES),
        help="size above which a segment gets no further batch; retention removes whole segments",
    )

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> Self:
        """Return the settings that `texts` gives, by lower-case name; raises `OptionInvalid`."""
        return cls(**read_options(cls, texts))

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Add each option as an argument, its name in kebab case: ``--max-frame-bytes``."""
        add_arguments(parser, cls)

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Self:
        """Return the settings of arguments from `add_arguments`; raises `OptionInvalid`."""
        given = {name: value for name, value in vars(arguments).items() if value is not None}
        return cls.parse(given)


@dataclass(frozen=True)
class ReceiverSettings(IngestionSettings):
    """Where a receiver listens and what it allows."""

    port: int = option(
        "port",
        whole("port", 1, 65535),
        required=True,
        help="port to listen on for avro sinks; a query without it only reads",
    )
    host: str = option("host", HOST, "0.0.0.0", help="address to listen on")  # noqa: S104 - agents are on other hosts
    compressed: bool = option(
        "compression",
        one_of({"none": False, "deflate": True}),
        "none",
        help="`deflate` if the sinks have `compression-type = deflate`; one port accepts one kind",
    )
    certificate: str | None = option(
        "tlsCertificate",
        PEM_FILE,
        help="the receiver's certificate (chain); with it the port speaks TLS",
    )
    key: str | None = option(
        "tlsKey",
        PEM_FILE,
        help="key of the certificate, without a password, if it is not in the certificate's file",
    )
    client_ca: str | None = option(
        "tlsClientCa",
        PEM_FILE,
        help="CAs; each client must show a certificate that one of them has signed",
    )
    connections_max: int = option(
        "maxConnections",
        whole("connections", 1, 100_000),
        "1000",
        help="how many connections may be open at once",
    )

    def __post_init__(self) -> None:
        if self.key is not None and self.certificate is None:
            raise OptionInvalid("tlsKey without tlsCertificate; give both")
        if self.client_ca is not None and self.certificate is None:
            raise OptionInvalid("tlsClientCa without tlsCertificate; only TLS can check clients")


@dataclass(frozen=True)
class PollerSettings(IngestionSettings):
    """Which agents a poller fetches from, by host and port of their SparkSinks."""

    agents: tuple[tuple[str, int], ...] = option(
        "agents",
        ADDRESSES,
        required=True,
        help="SparkSinks to fetch from, instead of `port`: `flume1:4000,flume2:4000`",
    )
    batch_events_max: int = option(
        "agentBatchSize",
        whole("events", 1, LIMITS.batch_events_max),
        "1000",
        help="how many events to ask an agent for at once; at most its channel's "
        "`transactionCapacity`",
    )
