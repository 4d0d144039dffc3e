"""The options of ``format("flume")``, of the receiver and of the poller;
docs/structured-streaming.md has them in a table."""

import argparse
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Self

from pyspark_flume.avroipc.limits import LIMITS
from pyspark_flume.errors import FlumeError, OptionInvalid
from pyspark_flume.landing import Retention

MIB = 1024 * 1024
SEGMENT_BYTES = 128 * MIB
COMPRESSIONS = ("none", "deflate")
KEEP = Retention.parse("keep")
EARLIEST, LATEST = "earliest", "latest"
ADDRESS = re.compile(
    r"(?:(?P<host>([\w-]{1,63}\.)*[\w-]{1,63}\.?)|\[(?P<bare>[0-9a-fA-F:.]+)\]):(?P<port>\d{1,5})",
    re.ASCII,
)
CONSUMER_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")


_BOTH_OPTIONS = {
    "landing": "folder of the landing log",
    "retention": "keep, commit, an age (7d, 12h) or a size (10gb), or several with commas [keep]",
    "maxFrameBytes": "bytes of one batch at most [67108864]",
    "idleTimeout": "seconds after which a silent connection is closed; 0: never [0]",
    "segmentBytes": "bytes after which a segment is full; retention removes whole ones [134217728]",
}

RECEIVER_OPTIONS = {
    "port": "port to listen on for Flume's avro sinks",
    "host": "address to listen on [0.0.0.0]",
    **_BOTH_OPTIONS,
    "compression": "none or deflate, as the sinks' compression-type [none]",
    "tlsCertificate": "PEM file; the port speaks TLS",
    "tlsKey": "PEM file of its key, if that is not in the certificate's file",
    "tlsClientCa": "PEM file; sinks need a certificate signed by one of these",
    "maxConnections": "connections at most [1000]",
}

POLLER_OPTIONS = {
    "agents": "SparkSinks to fetch from, as flume1:4000,flume2:4000",
    **_BOTH_OPTIONS,
    "agentBatchSize": "events to ask an agent for at once [1000]",
}


@dataclass(frozen=True)
class IngestionSettings(ABC):
    """What a receiver and a poller have in common.

    :param landing: folder of the log; this process is its only writer
    :param frame_bytes_max: of one batch
    :param idle_seconds_max: a connection on which nothing comes for so long is closed; 0: never
    :param segment_bytes: a segment of the log that is larger gets no further batch; retention
        removes whole segments
    """

    OPTIONS: ClassVar[Mapping[str, str]]  # what each is for, by its name
    REQUIRED: ClassVar[Sequence[str]]

    landing: Path
    _: KW_ONLY
    retention: Retention = KEEP
    frame_bytes_max: int = 64 * MIB
    idle_seconds_max: int = 0
    segment_bytes: int = SEGMENT_BYTES

    @classmethod
    def parse(cls, options: Mapping[str, str]) -> Self:
        """From options by the names of `OPTIONS`, lower case; raises `OptionInvalid`."""
        return cls(
            landing=Path(options["landing"]),
            retention=_retention(options.get("retention", "keep")),
            frame_bytes_max=whole(options, "maxFrameBytes", cls.frame_bytes_max, 1024, 1024 * MIB),
            idle_seconds_max=whole(options, "idleTimeout", 0, 0, 10**9),
            segment_bytes=whole(options, "segmentBytes", SEGMENT_BYTES, 64 * 1024, 1024 * MIB),
            **cls._parse_own(options),
        )

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """The same options as ``--kebab-case`` arguments."""
        for name, text in cls.OPTIONS.items():
            flag = re.sub("([A-Z])", r"-\1", name).lower()
            parser.add_argument(
                f"--{flag}", dest=name.lower(), help=text, required=name in cls.REQUIRED
            )

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Self:
        """From the arguments that `add_arguments` has added; raises `OptionInvalid`."""
        given = {name: value for name, value in vars(arguments).items() if value is not None}
        return cls.parse(given)

    @classmethod
    @abstractmethod
    def _parse_own(cls, options: Mapping[str, str]) -> dict[str, Any]:
        """The values that only this class has."""


@dataclass(frozen=True)
class ReceiverSettings(IngestionSettings):
    """Where a receiver listens and what it allows.

    :param host: address to listen on
    :param compressed: the sinks have ``compression-type = deflate``
    :param certificate: PEM file; with it the port speaks TLS
    :param key: PEM file, if it isn't in `certificate`
    :param client_ca: PEM file; with it each sink has to show a certificate signed by one of these
    """

    OPTIONS = RECEIVER_OPTIONS
    REQUIRED = ("landing", "port")

    port: int
    host: str = "0.0.0.0"  # noqa: S104 - agents are on other hosts
    compressed: bool = False
    certificate: str | None = None
    key: str | None = None
    client_ca: str | None = None
    connections_max: int = 1000

    @classmethod
    def _parse_own(cls, options: Mapping[str, str]) -> dict[str, Any]:
        if "tlskey" in options and "tlscertificate" not in options:
            raise OptionInvalid("tlsKey without tlsCertificate; give both")
        if "tlsclientca" in options and "tlscertificate" not in options:
            raise OptionInvalid("tlsClientCa without tlsCertificate; a plain port checks nobody")
        return {
            "port": whole(options, "port", 0, 1, 65535),
            "host": options.get("host", cls.host),
            "compressed": _one_of(options, "compression", COMPRESSIONS) == "deflate",
            "certificate": options.get("tlscertificate"),
            "key": options.get("tlskey"),
            "client_ca": options.get("tlsclientca"),
            "connections_max": whole(options, "maxConnections", cls.connections_max, 1, 100_000),
        }


@dataclass(frozen=True)
class PollerSettings(IngestionSettings):
    """Which agents a poller fetches from.

    :param agents: host and port of each SparkSink
    :param batch_events_max: of one transaction; the ``transactionCapacity`` of the agents' channels
        has to be as large
    """

    OPTIONS = POLLER_OPTIONS
    REQUIRED = ("landing", "agents")

    agents: tuple[tuple[str, int], ...]
    batch_events_max: int = 1000

    @classmethod
    def _parse_own(cls, options: Mapping[str, str]) -> dict[str, Any]:
        return {
            "agents": _addresses(options["agents"]),
            "batch_events_max": whole(
                options, "agentBatchSize", cls.batch_events_max, 1, LIMITS.batch_events_max
            ),
        }


SOURCE_OPTIONS = {
    "consumer": "name under which what this query has committed is kept in the log",
    "headers": "true or false: with the column headers [true]",
    "startingOffset": "earliest, latest, or a time (ISO 8601) of arrival [earliest]",
    "maxRowsPerTrigger": "rows of a micro-batch at most",
    "maxBytesPerTrigger": "bytes of a micro-batch at most",
    "minPartitions": "tasks of a micro-batch at least, if it has as many rows",
}


@dataclass(frozen=True)
class SourceOptions:
    """The options of ``format("flume")``.

    :param ingestion: how this query's driver takes events in; None where another process does
    :param starting: `EARLIEST`, `LATEST` or ms since 1970; where a query without a
        checkpoint begins
    :param consumer: None: what this query commits is not kept, and holds no segment back
    """

    landing: Path
    ingestion: ReceiverSettings | PollerSettings | None
    consumer: str | None
    headers: bool
    starting: str | int
    rows_max: int | None
    bytes_max: int | None
    partitions_min: int

    @classmethod
    def parse(cls, given: Mapping[str, str]) -> Self:
        """Check all of them; raises `OptionInvalid`, which names the option.

        :param given: by name, in any case
        """
        options = {name.lower(): value for name, value in given.items()}
        known = {
            name.lower(): name
            for name in ("landing", *RECEIVER_OPTIONS, *POLLER_OPTIONS, *SOURCE_OPTIONS)
        }
        for name in options:
            if name not in known:
                raise OptionInvalid(f"unknown option {name}; there is {', '.join(known.values())}")
        if not options.get("landing"):
            raise OptionInvalid("option landing is missing; give the folder of the landing log")
        if "://" in options["landing"]:
            raise OptionInvalid(
                f"option landing is {options['landing']}; give a folder of a file system that the "
                "driver and all executors have mounted"
            )
        if "maxrowspertrigger" in options and "maxbytespertrigger" in options:
            raise OptionInvalid("maxRowsPerTrigger and maxBytesPerTrigger; give one of them")
        ingestion = _ingestion(options)
        return cls(
            landing=Path(options["landing"]),
            ingestion=ingestion,
            consumer=_consumer(options.get("consumer", "query" if ingestion else None)),
            headers=_one_of(options, "headers", ("true", "false")) == "true",
            starting=_starting(options.get("startingoffset", EARLIEST)),
            rows_max=whole(options, "maxRowsPerTrigger", 0, 1, 2**62) or None,
            bytes_max=whole(options, "maxBytesPerTrigger", 0, 1, 2**62) or None,
            partitions_min=whole(options, "minPartitions", 1, 1, 100_000),
        )


def whole(options: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """A whole number from `least` to `most`, or `default` where it isn't given."""
    text = options.get(name.lower())
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,19}", text.strip()) or not least <= int(text) <= most:
        raise OptionInvalid(f"option {name} is {text}; give a whole number from {least} to {most}")
    return int(text)


def _ingestion(options: Mapping[str, str]) -> ReceiverSettings | PollerSettings | None:
    """By the options of a query, which listens, polls or does neither."""
    ways: dict[str, type[ReceiverSettings | PollerSettings]] = {
        "port": ReceiverSettings,
        "agents": PollerSettings,
    }
    owners = {"port": "the receiver's", "agents": "the poller's"}
    unfit = {
        "port": "a sink's own batch-size counts",
        "agents": "nothing listens here, and a SparkSink has neither TLS nor compression",
    }
    chosen = [way for way in ways if way in options]
    if len(chosen) > 1:
        raise OptionInvalid(
            "port and agents: port waits for avro sinks, agents fetches from SparkSinks; "
            "give one of them"
        )
    for name in (*RECEIVER_OPTIONS, *POLLER_OPTIONS):
        fitting = [way for way, kind in ways.items() if name in kind.OPTIONS]
        if name == "landing" or name.lower() not in options or set(chosen) & set(fitting):
            continue
        if chosen:
            raise OptionInvalid(
                f"option {name} does not go with {chosen[0]}: {unfit[chosen[0]]}; leave it out"
            )
        raise OptionInvalid(
            f"option {name} is {' or '.join(owners[way] for way in fitting)}; "
            f"give {' or '.join(fitting)}, too, or set it there"
        )
    return ways[chosen[0]].parse(options) if chosen else None


def _addresses(text: str) -> tuple[tuple[str, int], ...]:
    """Host and port of each entry; an IPv6 address has brackets around it."""
    found: list[tuple[str, int]] = []
    for number, entry in enumerate(text.split(","), 1):
        address = ADDRESS.fullmatch(entry.strip())
        if not address or not 1 <= int(address["port"]) <= 65535:
            raise OptionInvalid(
                f"option agents: entry {number}, {entry.strip()!r}, is no address; "
                "give host:port for each, as in flume1:4000,flume2:4000"
            )
        host_port = (address["bare"] or address["host"], int(address["port"]))
        if host_port in found:
            raise OptionInvalid(f"option agents: entry {number}, {entry.strip()}, is there twice")
        found.append(host_port)
    return tuple(found)


def _one_of(options: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    text = options.get(name.lower(), choices[0]).strip().lower()
    if text not in choices:
        raise OptionInvalid(f"option {name} is {text}; give {' or '.join(choices)}")
    return text


def _starting(text: str) -> str | int:
    if text.lower() in (EARLIEST, LATEST):
        return text.lower()
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise OptionInvalid(
            f"option startingOffset is {text}; give earliest, latest or a time such as "
            "2026-01-31T12:00:00Z"
        ) from None
    # Without an offset: UTC, whatever the driver's zone is.
    zoned = time if time.tzinfo else time.replace(tzinfo=UTC)
    return int(zoned.timestamp() * 1000)


def _consumer(name: str | None) -> str | None:
    if name is not None and not CONSUMER_NAME.fullmatch(name):
        raise OptionInvalid(
            f"option consumer is {name}; give 1 to 64 of A-Z a-z 0-9 . _ -, with no dot first"
        )
    return name


def _retention(text: str) -> Retention:
    try:
        return Retention.parse(text)
    except FlumeError as error:
        raise OptionInvalid(f"option retention: {error}") from None
