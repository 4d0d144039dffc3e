"""The options of ``format("flume")`` and of the receiver; docs/structured-streaming.md has them in
a table."""

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pyspark_flume.errors import FlumeError, OptionInvalid
from pyspark_flume.landing import Retention

MIB = 1024 * 1024
SEGMENT_BYTES = 128 * MIB
COMPRESSIONS = ("none", "deflate")
KEEP = Retention.parse("keep")
EARLIEST, LATEST = "earliest", "latest"
CONSUMER_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class ReceiverSettings:
    """Where a receiver listens and what it allows.

    :param landing: folder of the log; this receiver is its only writer
    :param host: address to listen on
    :param compressed: the sinks have ``compression-type = deflate``
    :param certificate: PEM file; with it the port speaks TLS
    :param key: PEM file, if it isn't in `certificate`
    :param client_ca: PEM file; with it each sink has to show a certificate signed by one of these
    :param frame_bytes_max: of one request; a sink's ``batch-size`` has to fit
    :param idle_seconds_max: a connection that sends nothing for so long is closed; 0: never
    :param segment_bytes: a segment of the log that is larger gets no further batch; retention
        removes whole segments
    """

    landing: Path
    port: int
    host: str = "0.0.0.0"  # noqa: S104 - agents are on other hosts
    retention: Retention = KEEP
    compressed: bool = False
    certificate: str | None = None
    key: str | None = None
    client_ca: str | None = None
    frame_bytes_max: int = 64 * MIB
    connections_max: int = 1000
    idle_seconds_max: int = 0
    segment_bytes: int = SEGMENT_BYTES

    @classmethod
    def parse(cls, options: Mapping[str, str]) -> Self:
        """From options by the names of `RECEIVER_OPTIONS`, lower case; raises `OptionInvalid`."""
        if "tlskey" in options and "tlscertificate" not in options:
            raise OptionInvalid("tlsKey without tlsCertificate; give both")
        if "tlsclientca" in options and "tlscertificate" not in options:
            raise OptionInvalid("tlsClientCa without tlsCertificate; a plain port checks nobody")
        return cls(
            landing=Path(options["landing"]),
            port=whole(options, "port", 0, 1, 65535),
            host=options.get("host", cls.host),
            retention=_retention(options.get("retention", "keep")),
            compressed=_one_of(options, "compression", COMPRESSIONS) == "deflate",
            certificate=options.get("tlscertificate"),
            key=options.get("tlskey"),
            client_ca=options.get("tlsclientca"),
            frame_bytes_max=whole(options, "maxFrameBytes", cls.frame_bytes_max, 1024, 1024 * MIB),
            connections_max=whole(options, "maxConnections", cls.connections_max, 1, 100_000),
            idle_seconds_max=whole(options, "idleTimeout", 0, 0, 10**9),
            segment_bytes=whole(options, "segmentBytes", SEGMENT_BYTES, 64 * 1024, 1024 * MIB),
        )

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        """The same options as ``--kebab-case`` arguments."""
        for name, text in RECEIVER_OPTIONS.items():
            flag = re.sub("([A-Z])", r"-\1", name).lower()
            parser.add_argument(
                f"--{flag}", dest=name.lower(), help=text, required=name in ("landing", "port")
            )

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Self:
        """From the arguments that `add_arguments` has added; raises `OptionInvalid`."""
        given = {name: value for name, value in vars(arguments).items() if value is not None}
        return cls.parse(given)


RECEIVER_OPTIONS = {
    "landing": "folder of the landing log",
    "port": "port to listen on for Flume's avro sinks",
    "host": "address to listen on [0.0.0.0]",
    "retention": "keep, commit, an age (7d, 12h) or a size (10gb), or several with commas [keep]",
    "compression": "none or deflate, as the sinks' compression-type [none]",
    "tlsCertificate": "PEM file; the port speaks TLS",
    "tlsKey": "PEM file of its key, if that is not in the certificate's file",
    "tlsClientCa": "PEM file; sinks need a certificate signed by one of these",
    "maxFrameBytes": "bytes of one request at most [67108864]",
    "maxConnections": "connections at most [1000]",
    "idleTimeout": "seconds after which a silent connection is closed; 0: never [0]",
    "segmentBytes": "bytes after which a segment is full; retention removes whole ones [134217728]",
}

SOURCE_OPTIONS = {
    "consumer": "name under which what this query has committed is kept in the log",
    "headers": "true or false: with the column headers [true]",
    "startingOffset": "earliest, latest, or a time (ISO 8601) of arrival [earliest]",
    "maxRowsPerTrigger": "rows of a micro-batch at most",
    "maxBytesPerTrigger": "bytes of a micro-batch at most",
    "minPartitions": "tasks of a micro-batch at least, if it has as many rows",
}

# Without a port this process takes nothing in, so these would have no effect.
_ONLY_WITH_PORT = tuple(name for name in RECEIVER_OPTIONS if name not in ("landing", "port"))


@dataclass(frozen=True)
class SourceOptions:
    """The options of ``format("flume")``.

    :param receiver: None where another process takes the events in
    :param starting: `EARLIEST`, `LATEST` or ms since 1970; where a query without a
        checkpoint begins
    :param consumer: None: what this query commits is not kept, and holds no segment back
    """

    landing: Path
    receiver: ReceiverSettings | None
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
        known = {name.lower(): name for name in (*RECEIVER_OPTIONS, *SOURCE_OPTIONS)}
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
        if "port" not in options:
            for name in _ONLY_WITH_PORT:
                if name.lower() in options:
                    raise OptionInvalid(
                        f"option {name} is the receiver's; give port, too, or set it there"
                    )
        if "maxrowspertrigger" in options and "maxbytespertrigger" in options:
            raise OptionInvalid("maxRowsPerTrigger and maxBytesPerTrigger; give one of them")
        receiver = ReceiverSettings.parse(options) if "port" in options else None
        return cls(
            landing=Path(options["landing"]),
            receiver=receiver,
            consumer=_consumer(options.get("consumer", "query" if receiver else None)),
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
