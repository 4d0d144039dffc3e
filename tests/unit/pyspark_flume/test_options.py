"""Each option is read, and the error for a wrong one says what to give instead."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark_flume.errors import OptionInvalid
from pyspark_flume.landing import Retention
from pyspark_flume.options.declaration import Option, options_of
from pyspark_flume.options.ingestion import IngestionSettings, PollerSettings, ReceiverSettings
from pyspark_flume.options.source import SourceOptions, markdown_table

LANDING = {"landing": "/data/landing"}
PORT = {**LANDING, "port": "4141"}
AGENTS = {**LANDING, "agents": "flume1:4000,flume2:4000"}


def test_a_landing_alone_is_enough() -> None:
    options = SourceOptions.parse(LANDING)

    assert options == SourceOptions(
        Path("/data/landing"), None, None, True, "earliest", None, None, 1
    )


def test_with_a_port_the_query_receives_and_its_commits_are_kept() -> None:
    options = SourceOptions.parse(PORT)

    assert options.ingestion == ReceiverSettings(Path("/data/landing"), 4141)
    assert options.consumer == "query"


def test_with_agents_the_query_polls_and_its_commits_are_kept() -> None:
    given = {
        **LANDING,
        "AGENTS": "flume1:4000, 10.0.0.2:4001 ,[fe80::1]:4002",
        "agentBatchSize": "500",
        "retention": "commit",
        "maxFrameBytes": "2048",
        "idleTimeout": "90",
        "segmentBytes": "65536",
        "metricsPort": "9404",
        "metricsHost": "10.0.0.1",
    }
    options = SourceOptions.parse(given)

    assert options.ingestion == PollerSettings(
        Path("/data/landing"),
        (("flume1", 4000), ("10.0.0.2", 4001), ("fe80::1", 4002)),
        500,
        retention=Retention.parse("commit"),
        frame_bytes_max=2048,
        idle_seconds_max=90,
        segment_bytes=65536,
        metrics_port=9404,
        metrics_host="10.0.0.1",
    )
    assert options.consumer == "query"
    assert {name.lower() for name in given} == {each.key for each in options_of(PollerSettings)}


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
        "MetricsPort": "9404",
        "metricshost": "10.0.0.1",
        "consumer": "counts",
        "headers": "FALSE",
        "startingOffset": "LATEST",
        "maxRowsPerTrigger": "1000",
        "minPartitions": "8",
    }
    options = SourceOptions.parse(given)

    assert options.ingestion == ReceiverSettings(
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
        metrics_port=9404,
        metrics_host="10.0.0.1",
    )
    assert (options.consumer, options.headers, options.starting) == ("counts", False, "latest")
    assert (options.rows_max, options.bytes_max, options.partitions_min) == (1000, None, 8)
    known = {each.key for kind in (ReceiverSettings, SourceOptions) for each in options_of(kind)}
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
        ({**LANDING, "prot": "1"}, "unknown option prot; the options are landing, port"),
        ({**LANDING, "PATH": "/x"}, "unknown option path"),
        ({**LANDING, "port": "0"}, "option port is 0; give a whole number from 1 to 65535"),
        ({**LANDING, "port": "65536"}, "option port is 65536"),
        ({**LANDING, "port": "4141.0"}, "option port is 4141.0"),
        ({**LANDING, "port": ""}, "option port is ; give"),
        (
            {**LANDING, "retention": "7d"},
            "option retention is the receiver's or the poller's; give port or agents, too, or set",
        ),
        ({**LANDING, "host": "x"}, "option host is the receiver's; give port, too, or set it"),
        ({**LANDING, "agentBatchSize": "5"}, "is the poller's; give agents, too, or set it there"),
        ({**PORT, "agentBatchSize": "5"}, "agentBatchSize does not go with port: a sink's own"),
        ({**PORT, "agents": "a:1"}, "port and agents: port waits for avro sinks, agents fetches"),
        ({**AGENTS, "host": "x"}, "option host does not go with agents: nothing listens here"),
        ({**AGENTS, "compression": "none"}, "option compression does not go with agents"),
        ({**AGENTS, "tlsCertificate": "c"}, "option tlsCertificate does not go with agents"),
        ({**AGENTS, "tlsKey": "k"}, "a SparkSink has neither TLS nor compression; leave it out"),
        ({**AGENTS, "agentBatchSize": "0"}, "option agentBatchSize is 0; give a whole number"),
        ({**AGENTS, "agentBatchSize": "1000001"}, "option agentBatchSize is 1000001"),
        (
            {**LANDING, "agents": ""},
            "option agents: entry 1, '', is not an address; give host:port",
        ),
        ({**LANDING, "agents": "a:1,b"}, "option agents: entry 2, 'b', is not an address"),
        ({**LANDING, "agents": "a:1,"}, "option agents: entry 2, '', is not an address"),
        ({**LANDING, "agents": "a:1, b:65536"}, "entry 2, 'b:65536', is not an address"),
        ({**LANDING, "agents": "a..b:1"}, "entry 1, 'a..b:1', is not an address"),
        ({**LANDING, "agents": f"{'a' * 64}:1"}, ":1', is not an address"),
        ({**LANDING, "agents": "a:0"}, "entry 1, 'a:0', is not an address"),
        ({**LANDING, "agents": "::1:4000"}, "entry 1, '::1:4000', is not an address"),
        ({**LANDING, "agents": "http://a:1"}, "entry 1, 'http://a:1', is not an address"),
        ({**LANDING, "agents": "a:1;b:2"}, "entry 1, 'a:1;b:2', is not an address"),
        ({**LANDING, "agents": "a:1,b:1,a:1"}, "option agents: entry 3, a:1, is given twice"),
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


@pytest.mark.parametrize(
    ("settings", "each"),
    [
        pytest.param(settings, each, id=f"{settings.__name__} {each.name}")
        for settings in (ReceiverSettings, PollerSettings)
        for each in options_of(settings)
    ],
)
def test_every_option_is_in_the_help_of_its_command(
    settings: type[IngestionSettings], each: Option
) -> None:
    parser = argparse.ArgumentParser()
    settings.add_arguments(parser)

    (action,) = [x for x in parser._actions if each.flag in x.option_strings]
    assert action.required == each.required
    text = " ".join(parser.format_help().split())
    assert f" {each.flag} {each.type.metavar} {action.help}" in text
    assert action.help is not None
    assert action.help.startswith(each.help.replace("`", ""))
    assert each.default is None or action.help.endswith(f" [{each.default}]")


@pytest.mark.parametrize("settings", [ReceiverSettings, PollerSettings, SourceOptions])
def test_every_option_has_one_row_in_the_table(settings: type) -> None:
    rows = markdown_table().splitlines()
    for each in options_of(settings):
        (row,) = [row for row in rows if row.startswith(f"| `{each.name}` | ")]
        assert row.endswith(f" | {each.help} |")
        assert each.default is None or f" | `{each.default}` | " in row


def test_a_command_has_its_options_in_kebab_case_the_required_ones_first() -> None:
    flags = [each.flag for each in options_of(ReceiverSettings)]

    assert flags[:2] == ["--landing", "--port"]
    assert {"--max-frame-bytes", "--tls-client-ca", "--idle-timeout"} <= set(flags)


def test_an_option_that_is_not_given_has_its_default() -> None:
    settings = PollerSettings.parse({"landing": "/data/landing", "agents": "flume1:4000"})

    assert settings == PollerSettings(Path("/data/landing"), (("flume1", 4000),))
    assert (settings.frame_bytes_max, settings.segment_bytes) == (64 << 20, 128 << 20)
    assert settings.retention == Retention.parse("keep")


def test_the_receivers_command_accepts_the_same_options() -> None:
    parser = argparse.ArgumentParser()
    ReceiverSettings.add_arguments(parser)
    given = ["--landing", "/data/landing", "--port", "4141", "--max-frame-bytes", "2048"]

    settings = ReceiverSettings.of(parser.parse_args([*given, "--tls-certificate", "c.pem"]))

    assert settings == ReceiverSettings(
        Path("/data/landing"), 4141, frame_bytes_max=2048, certificate="c.pem"
    )


def test_the_pollers_command_accepts_its_own() -> None:
    parser = argparse.ArgumentParser()
    PollerSettings.add_arguments(parser)
    given = ["--landing", "/data/landing", "--agents", "flume1:4000", "--agent-batch-size", "10"]

    settings = PollerSettings.of(parser.parse_args(given))

    assert settings == PollerSettings(Path("/data/landing"), (("flume1", 4000),), 10)


@pytest.mark.parametrize(
    ("settings", "missing"), [(ReceiverSettings, "--port"), (PollerSettings, "--agents")]
)
def test_a_command_without_a_required_option_names_it(
    settings: type[ReceiverSettings | PollerSettings],
    missing: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    parser = argparse.ArgumentParser()
    settings.add_arguments(parser)

    with pytest.raises(SystemExit) as error:
        parser.parse_args(["--landing", "/data/landing"])
    assert error.value.code == 2
    assert missing in capsys.readouterr().err
