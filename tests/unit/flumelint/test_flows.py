"""Guarantees, routes and pictures of a conf."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from flumelint.cli import main
from flumelint.graph import as_mermaid, as_svg, as_text
from flumelint.guarantee import HANDOFF, guarantees
from flumelint.model import Component, Conf
from flumelint.properties import parse
from flumelint.reader import read
from flumelint.routing import Route, route
from flumelint.rules.rule import BASE, changed
from flumelint.rules.selectors import MULTIPLEXING
from flumelint.rules.sink_groups import TWO_SINKS

LAB = Path(__file__).parents[3] / "flume-conf"
ENVIRON = {"FLUME_SPOOL_DIR": "/in", "FLUME_SINK_HOST_2": "b", "FLUME_CHANNEL_DIR": "/channel"}


def conf_of(text: str) -> Conf:
    return read(parse(text), ENVIRON)


def source_of(text: str) -> Component:
    return next(conf_of(text).components("source"))


def lab(name: str) -> list[str]:
    return guarantees(conf_of((LAB / name).read_text()))


def test_a_memory_channel_loses_at_most_its_capacity() -> None:
    (line,) = lab("access-log.conf")

    assert line.startswith(
        "lab: spool → buffer (memory) → spark: at most 100,000 events lost when the agent is "
        "killed; no duplicates without a lost answer"
    )


def test_a_handoff_channel_loses_nothing_and_an_identity_tells_repeats_apart() -> None:
    assert lab("exactly-once.conf") == [
        "lab: spool → buffer (HandoffChannel) → spark: nothing is lost; what comes again has the "
        "same identity, so a receiver can leave it out"
    ]


def test_a_growing_log_has_an_identity_and_taildir_has_none() -> None:
    assert lab("growing-log.conf") == [
        "lab: logs → buffer (HandoffChannel) → spark: nothing is lost; what comes again has the "
        "same identity, so a receiver can leave it out"
    ]
    assert "what was read in the last 3 s comes again" in lab("taildir.conf")[0]


def test_sinks_of_a_group_are_told_with_its_processor() -> None:
    (line,) = lab("failover.conf")
    assert "→ buffer (memory) → spark1 or spark2 (PromptSinkProcessor): at most 100,000" in line

    assert "→ k1 or k2 (failover): " in guarantees(conf_of(TWO_SINKS))[0]


def test_each_channel_of_a_source_has_a_line_with_its_header_values() -> None:
    every, gifts = lab("fan-out.conf")

    assert "spool → every (memory, if kind = gift, default) → sales: at most 100,000" in every
    assert "spool → gifts (file, if kind = gift) → wrapping: nothing is lost" in gifts


def test_events_that_a_selector_drops_have_a_line() -> None:
    text = changed(MULTIPLEXING, ("a1.sources.r1.selector.default = c1\n", ""))

    assert guarantees(conf_of(text))[-1] == (
        "a1: r1 → nowhere: events without a mapped value of the header kind are lost"
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([], "what is sent while the agent is down or the channel full is lost and at most 1,000"),
        ([("type = netcat", "type = exec")], "what the command prints while the agent is down"),
        ([("type = netcat", "type = avro")], "k1: at most 1,000 events lost when the agent"),
        ([("type = netcat", "type = avro")], "no duplicates without a lost answer"),
        ([("type = netcat", "type = TAILDIR")], "or a kill: then what was read in the last 3 s"),
        ([("type = netcat", "type = spooldir")], "or a kill: then up to 100 events come again"),
        (
            [("type = netcat", "type = com.example.S")],
            "what the custom source promises is not known",
        ),
        ([("capacity = 1000", "capacity = ten")], "at most 100 events lost"),
        ([("capacity = 1000", "capacity = ${env:NONE}")], "at most as many events as its capacity"),
        ([("type = memory", "type = com.example.C")], "what the custom channel promises is not"),
        ([("type = memory", f"type = {HANDOFF}")], "and the batch under way is lost when"),
        ([("type = logger", "type = null")], "every event of the null sink is thrown away"),
        ([("type = logger", "type = com.example.K")], "what the sink k promises is not known"),
        ([("type = memory", "type = org.apache.flume.channel.kafka.KafkaChannel")], "(kafka) →"),
    ],
)
def test_each_part_of_a_flow_adds_what_it_loses(changes: list[tuple[str, str]], told: str) -> None:
    (line,) = guarantees(conf_of(changed(BASE, *changes)))

    assert told in line


def test_what_does_not_run_promises_nothing() -> None:
    assert guarantees(conf_of(changed(BASE, ("r1.channels", "r1.channel")))) == []


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"kind": "gift"}, Route(("c1", "c2"), (), "kind = gift")),
        ({"kind": "other"}, Route(("c1",), (), "kind = other has no mapping: default")),
        ({}, Route(("c1",), (), "no header kind: default")),
    ],
)
def test_a_multiplexing_selector_routes_by_a_header(
    headers: dict[str, str], expected: Route
) -> None:
    assert route(source_of(MULTIPLEXING), headers) == expected


def test_an_unmapped_value_without_a_default_goes_nowhere() -> None:
    text = changed(MULTIPLEXING, ("a1.sources.r1.selector.default = c1\n", ""))

    assert route(source_of(text), {"kind": "other"}).channels == ()


def test_a_replicating_selector_may_have_optional_channels() -> None:
    text = BASE.replace("= c1\n", "= c1 c2\n", 2).replace(
        "r1.channels = c1\n", "r1.channels = c1 c2\n"
    )
    text += "a1.channels.c2.type = memory\na1.sources.r1.selector.optional = c2\n"

    found = route(source_of(text), {})
    assert (found.channels, found.optional) == (("c1",), ("c2",))


def test_a_static_interceptor_counts_for_the_route() -> None:
    text = MULTIPLEXING + (
        "a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = static\n"
        "a1.sources.r1.interceptors.i1.key = kind\na1.sources.r1.interceptors.i1.value = gift\n"
    )

    assert route(source_of(text), {}).channels == ("c1", "c2")
    assert route(source_of(text), {"kind": "x"}).channels == ("c1",), "an existing value stays"


def test_the_command_says_where_an_event_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.conf"
    file.write_text(MULTIPLEXING)

    assert main(["route", str(file), "--header", "kind=gift"]) == 0
    assert capsys.readouterr().out == (
        "a1: r1 → c1 → k1 (kind = gift)\na1: r1 → c2 → k2 (kind = gift)\n"
    )
    assert main(["route", str(file), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["channels"] == ["c1"]

    file.write_text(changed(MULTIPLEXING, ("a1.sources.r1.selector.default = c1\n", "")))
    assert main(["route", str(file), "--header", "kind=x"]) == 1
    assert capsys.readouterr().out == (
        "a1: r1 → dropped (kind = x has no mapping, and no default)\n"
    )


def test_an_interceptor_that_reads_the_event_is_told_with_the_route(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)

    assert main(["route", str(LAB / "fan-out.conf"), "--header", "kind=x"]) == 0
    assert capsys.readouterr().out == (
        "lab: spool → every → sales (kind = x has no mapping: default)\n"
        "  if kind (regex_extractor) has set no other headers before\n"
    )


def test_the_text_shows_each_way() -> None:
    assert (
        as_text(conf_of(MULTIPLEXING))
        == """\
agent a1
  r1 (avro)
    ──▶ c1 (memory) [kind = gift | default]
        ──▶ k1 (logger)
    ──▶ c2 (memory) [kind = gift]
        ──▶ k2 (logger)"""
    )


def test_the_text_shows_groups_and_what_does_not_run() -> None:
    text = as_text(conf_of(changed(TWO_SINKS, ("k2.type = logger\n", "k2.x = 1\n"))))

    assert "──▶ k1 (logger) [g1: failover, priority 10]" in text
    assert "──▶ k2 (no type: does not run) [g1: failover, priority 5]" in text


def test_mermaid_and_svg_have_each_component_and_arrow() -> None:
    conf = conf_of(MULTIPLEXING)
    mermaid = as_mermaid(conf)
    svg = ET.fromstring(as_svg(conf))  # noqa: S314 - our own output
    texts = ["".join(text.itertext()) for text in svg.iter("{http://www.w3.org/2000/svg}text")]

    assert mermaid.startswith("flowchart LR\n")
    assert mermaid.count("-->") == 4
    assert '-->|"kind = gift | default"|' in mermaid
    for name in ("r1", "c1", "c2", "k1", "k2", "agent a1"):
        assert name in texts
    assert any("kind = gift | default" in text for text in texts)
    paths = svg.findall("{http://www.w3.org/2000/svg}path")
    assert len(paths) == 4
