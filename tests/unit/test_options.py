"""The options: each is read, and a wrong one is named together with what to give."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pyspark_flume.errors import OptionInvalid
from pyspark_flume.landing import Retention
from pyspark_flume.settings import (
    RECEIVER_OPTIONS,
    SOURCE_OPTIONS,
    ReceiverSettings,
    SourceOptions,
)

LANDING = {"landing": "/data/landing"}
PORT = {**LANDING, "port": "4141"}


def test_a_landing_alone_is_enough() -> None:
    options = SourceOptions.parse(LANDING)

    assert options == SourceOptions(
        Path("/data/landing"), None, None, True, "earliest", None, None, 1
    )


def test_with_a_port_the_query_receives_and_its_commits_are_kept() -> None:
    options = SourceOptions.parse(PORT)

    assert options.receiver == ReceiverSettings(Path("/data/landing"), 4141)
    assert options.consumer == "query"


def test_every_option_is_read_in_any_case() -> None:
    given = {
        **PORT,
        "HOST": "10.0.0.1",
        "Retention": "commit,7d",
        "compression": "Deflate",
        "TLSCertificate": "c.pem",
        "tlskey": "k.pem",
        "tlsClientCA": "ca.pem",
        "maxFrameBytes": "1048576",
        "maxconnections": "5",
        "idleTimeout": "60",
        "segmentBytes": "65536",
        "consumer": "counts",
        "headers": "FALSE",
        "startingOffset": "LATEST",
        "maxRowsPerTrigger": "1000",
        "minPartitions": "8",
    }
    options = SourceOptions.parse(given)

    assert options.receiver == ReceiverSettings(
        landing=Path("/data/landing"),
        port=4141,
        host="10.0.0.1",
        retention=Retention.parse("commit,7d"),
        compressed=True,
        certificate="c.pem",
        key="k.pem",
        client_ca="ca.pem",
        frame_bytes_max=1048576,
        connections_max=5,
        idle_seconds_max=60,
        segment_bytes=65536,
    )
    assert (options.consumer, options.headers, options.starting) == ("counts", False, "latest")
    assert (options.rows_max, options.bytes_max, options.partitions_min) == (1000, None, 8)
    known = {name.lower() for name in (*RECEIVER_OPTIONS, *SOURCE_OPTIONS)}
    assert known - {name.lower() for name in given} == {"maxbytespertrigger"}


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00+01:00", datetime(2026, 1, 31, 11, tzinfo=UTC)),
        ("2026-01-31 12:00:00.250", datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_a_starting_time_without_a_zone_is_utc(text: str, time: datetime) -> None:
    options = SourceOptions.parse({**LANDING, "startingOffset": text})

    assert options.starting == time.timestamp() * 1000


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "option landing is missing"),
        ({"landing": ""}, "option landing is missing"),
        ({**LANDING, "prot": "1"}, "unknown option prot; there is landing, port"),
        ({**LANDING, "PATH": "/x"}, "unknown option path"),
        ({**LANDING, "port": "0"}, "option port is 0; give a whole number from 1 to 65535"),
        ({**LANDING, "port": "65536"}, "option port is 65536"),
        ({**LANDING, "port": "4141.0"}, "option port is 4141.0"),
        ({**LANDING, "port": ""}, "option port is ; give"),
        ({**LANDING, "retention": "7d"}, "option retention is the receiver's; give port"),
        ({**LANDING, "host": "x"}, "option host is the receiver's"),
        ({**PORT, "retention": "30m"}, "option retention: retention '30m'"),
        ({**PORT, "compression": "gzip"}, "option compression is gzip; give none or deflate"),
        ({**PORT, "tlsKey": "k"}, "tlsKey without tlsCertificate"),
        ({**PORT, "tlsClientCa": "k"}, "tlsClientCa without tlsCertificate"),
        ({**PORT, "maxFrameBytes": "1"}, "option maxFrameBytes is 1; give a whole number from"),
        ({**PORT, "maxConnections": "-1"}, "option maxConnections is -1"),
        ({**PORT, "idleTimeout": "1s"}, "option idleTimeout is 1s"),
        ({**PORT, "segmentBytes": "9" * 30}, "option segmentBytes is 999"),
        ({**LANDING, "consumer": "../x"}, "option consumer is ../x; give 1 to 64 of A-Z"),
        ({**LANDING, "consumer": ""}, "option consumer is ; give"),
        ({**LANDING, "headers": "no"}, "option headers is no; give true or false"),
        ({**LANDING, "startingOffset": "5"}, "option startingOffset is 5; give earliest"),
        ({**LANDING, "startingOffset": "{}"}, "option startingOffset is {}"),
        ({**LANDING, "maxRowsPerTrigger": "0"}, "option maxRowsPerTrigger is 0"),
        ({**LANDING, "minPartitions": "1e3"}, "option minPartitions is 1e3"),
        (
            {**LANDING, "maxRowsPerTrigger": "1", "maxBytesPerTrigger": "1"},
            "maxRowsPerTrigger and maxBytesPerTrigger; give one of them",
        ),
    ],
)
def test_a_wrong_option_is_named_with_what_to_give(given: dict[str, str], said: str) -> None:
    with pytest.raises(OptionInvalid) as error:
        SourceOptions.parse(given)

    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_the_command_takes_the_same_options() -> None:
    parser = argparse.ArgumentParser()
    ReceiverSettings.add_arguments(parser)
    given = ["--landing", "/data/landing", "--port", "4141", "--max-frame-bytes", "2048"]

    settings = ReceiverSettings.of(parser.parse_args([*given, "--tls-certificate", "c.pem"]))

    assert settings == ReceiverSettings(
        Path("/data/landing"), 4141, frame_bytes_max=2048, certificate="c.pem"
    )


def test_a_command_without_a_port_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    ReceiverSettings.add_arguments(parser)

    with pytest.raises(SystemExit) as error:
        parser.parse_args(["--landing", "/data/landing"])
    assert error.value.code == 2
    assert "--port" in capsys.readouterr().err
