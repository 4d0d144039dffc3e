"""Remedies that a reader can follow, and no second finding where one says it all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from flumelint import Finding, check
from flumelint.cli import main
from flumelint.explain import explain
from flumelint.rules import all_rules
from flumelint.rules.rule import BASE, Rule, changed
from flumelint.rules.selectors import MULTIPLEXING


def found(conf: str) -> dict[str, Finding]:
    return {each.rule: each for each in check(conf) if each.severity.value != "note"}


def test_a_line_end_inside_a_value_does_not_break_the_message() -> None:
    conf = changed(
        BASE,
        ("type = netcat", "type = spooldir"),
        ("a1.sources.r1.bind = 127.0.0.1", "a1.sources.r1.spoolDir = C:\\logs\\new"),
        ("a1.sources.r1.port = 44444\n", ""),
    )

    message = found(conf)["single-backslash"].message

    assert message == "Java drops the backslash of `\\l`, and Flume reads `C:logs\\new`"


def test_a_key_that_begins_with_its_kind_gets_the_agent_before_it() -> None:
    conf = changed(BASE, ("a1.sinks.k1.type", "sinks.k1.type"))

    reported = found(conf)["no-such-property"]

    assert reported.remedy == "write a1.sinks.k1.type"
    assert reported.column == 1


@pytest.mark.parametrize("value", ["10k", "64MB", "5 s"])
def test_a_number_with_a_unit_is_not_answered_with_the_default(value: str) -> None:
    conf = changed(BASE, ("capacity = 1000", f"capacity = {value}"))

    assert found(conf)["not-a-number"].remedy == "write digits only, without a unit"


def test_sinks_of_an_unlisted_group_are_not_told_to_part() -> None:
    conf = changed(BASE, ("a1.sinks = k1", "a1.sinks = k1 k2"))
    conf += "a1.sinks.k2.type = null\na1.sinks.k2.channel = c1\na1.sinkgroups.g1.sinks = k1 k2\n"

    assert set(found(conf)) == {"configured-but-not-listed"}


def test_a_comma_without_a_space_is_one_finding() -> None:
    conf = changed(BASE, ("a1.channels = c1", "a1.channels = c1,c2"))

    assert set(found(conf)) == {"comma-in-list"}


def test_an_assignment_inside_a_list_is_no_list_of_components() -> None:
    conf = changed(BASE, ("a1.sources = r1\n", "a1.sources = r1 "))

    assert "listed-but-not-configured" not in found(conf)
    assert "two-assignments-in-a-line" in found(conf)


def test_a_settings_file_that_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none.toml"

    assert main(["--config", str(missing), "x.conf"]) == 2
    assert capsys.readouterr().err == (
        f"flumelint: cannot read {missing}: No such file or directory; name a file with settings\n"
    )


def test_a_comment_that_ignores_a_rule_that_does_not_exist(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf = tmp_path / "a.conf"
    conf.write_text("# flumelint: ignore=unknown-keys\n" + BASE)

    main([str(conf)])

    assert capsys.readouterr().err == (
        f"{conf}:1: warning: no rule unknown-keys; did you mean unknown-key?\n"
    )


def test_a_reader_that_goes_away_does_not_hide_the_findings(tmp_path: Path) -> None:
    conf = tmp_path / "a.conf"
    conf.write_text(changed(BASE, ("a1.channels = c1", "a1.channels = c1,c2")))
    reading, writing = os.pipe()
    os.close(reading)

    with os.fdopen(writing, "wb", closefd=True) as pipe:
        ended = subprocess.run(
            [sys.executable, "-m", "flumelint", str(conf)],
            stdout=pipe,
            stderr=subprocess.PIPE,
            check=False,
        )

    assert (ended.returncode, ended.stderr) == (1, b"")


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.name)
def test_the_prose_of_a_page_fits_into_80_columns(rule: Rule) -> None:
    prose = explain(rule).partition("\nWrong\n")[0]

    assert max(map(len, prose.splitlines())) <= 80


@pytest.mark.parametrize(
    ("type_", "key", "severity"),
    [
        ("avro", "batch-size", "ignored"),
        ("thrift", "request-timeout", "idle"),
        ("file_roll", "sink.batchSize", "idle"),
        ("hdfs", "hdfs.roundValue", "ignored"),
        ("hdfs", "hdfs.useLocalTimeStamp", "ignored"),
        ("com.example.Sink", "batchSize", "risky"),
    ],
)
def test_quotes_are_as_bad_as_what_flume_does_with_them(
    type_: str, key: str, severity: str
) -> None:
    """As each sink did in Flume 1.11: tools/flumelint/numbers.py."""
    conf = changed(BASE, ("k1.type = logger", f"k1.type = {type_}"))
    reported = found(conf + f'a1.sinks.k1.{key} = "50"\n')["quoted-value"]

    assert reported.severity.value == severity


NEVER_CHOSEN = changed(
    MULTIPLEXING,
    ("mapping.gift = c1 c2", "mapping.gift = c1"),
    ("a1.sinks = k1 k2", "a1.sinks = k1"),
    ("\na1.sinks.k2.type = logger\na1.sinks.k2.channel = c2\n", ""),
)


def test_a_channel_that_a_selector_never_chooses_does_not_fill_up() -> None:
    assert set(found(NEVER_CHOSEN)) == {"channel-never-selected"}
    chosen = changed(NEVER_CHOSEN, ("mapping.gift = c1", "mapping.gift = c2"))
    assert set(found(chosen)) == {"channel-without-sink"}


@pytest.mark.parametrize(
    ("selector", "severity"),
    [
        ("", "loses-data"),  # a replicating one: a path is missing
        ("type = multiplexing default = c1", "ignored"),
        ("type = multiplexing default = c1 mapping.gift = c9", "idle"),  # no source
    ],
)
def test_an_unknown_channel_is_as_bad_as_its_selector_makes_it(
    selector: str, severity: str
) -> None:
    keys = re.sub(r" ?(\S+ = \S+)", r"a1.sources.r1.selector.\1\n", selector)
    conf = changed(BASE, ("r1.channels = c1\n", f"r1.channels = c1 c9\n{keys}"))

    assert found(conf)["unknown-channel"].severity.value == severity


def test_a_comma_in_a_group_that_nobody_lists_changes_nothing() -> None:
    conf = changed(BASE, ("a1.sinks = k1", "a1.sinks = k1 k2"))
    conf += "a1.sinks.k2.type = logger\na1.sinks.k2.channel = c1\na1.sinkgroups.g1.sinks = k1, k2\n"

    assert found(conf)["comma-in-list"].severity.value == "ignored"
    listed = found(f"{conf}a1.sinkgroups = g1\na1.sinkgroups.g1.processor.type = failover\n")
    assert listed["comma-in-list"].severity.value == "idle"


@pytest.mark.parametrize(
    ("line", "rule", "severity"),
    [
        ("max-line-length = 99 a1.sinks.k1.type = null", "two-assignments-in-a-line", "idle"),
        ("max-line-length = 99 a1.channels.c1.keep-alive = 5", "two-assignments-in-a-line", "idle"),
        ("encoding = UTF-8 a1.channels.c1.keep-alive = 5", "two-assignments-in-a-line", "ignored"),
    ],
)
def test_a_second_assignment_is_as_bad_as_what_it_spoils(
    line: str, rule: str, severity: str
) -> None:
    conf = changed(BASE, ("a1.sources.r1.port", f"a1.sources.r1.{line}\na1.sources.r1.port"))

    assert found(conf)[rule].severity.value == severity


@pytest.mark.parametrize(
    ("key", "severity"), [("source.r1.channels", "idle"), ("source.r1.encoding", "ignored")]
)
def test_a_singular_kind_is_as_bad_as_what_is_missing(key: str, severity: str) -> None:
    assert found(f"{BASE}a1.{key} = c1\n")["singular-kind"].severity.value == severity


def test_a_group_without_settings_is_told_its_sinks() -> None:
    conf = changed(BASE, ("a1.sinks = k1", "a1.sinks = k1\na1.sinkgroups = group"))

    assert found(conf)["listed-but-not-configured"].remedy == (
        "write a1.sinkgroups.group.sinks = …, or take it out of the list"
    )
