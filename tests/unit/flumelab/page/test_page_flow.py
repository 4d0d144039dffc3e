"""The hops of each lesson and of a user's conf."""

from pathlib import Path

import pytest

from flumelab.lessons.catalogue import LESSONS
from flumelab.own import conf as confs
from flumelab.page import agent_flow, lesson_flow
from flumelab.page.flow import FlowPlan

ROOT = Path(__file__).parents[4]


def plan(name: str, *queries: str) -> FlowPlan:
    lesson = LESSONS[name]
    return lesson_flow.plan(lesson, ROOT / "flume-conf" / lesson.conf, queries)


@pytest.mark.parametrize("name", LESSONS)
def test_every_lesson_has_a_flow_from_generator_to_store_without_a_gap(name: str) -> None:
    flow = plan(name)
    drawn = [*flow.trunk, *(hop for way in flow.ways for hop in way), *flow.end]
    assert sorted(drawn) == sorted(flow.hops)
    assert (drawn[0], drawn[-1]) == ("generator", "store")
    targets = {link.target for link in flow.links}
    assert targets == flow.hops.keys() - {"generator"}
    assert {link.source for link in flow.links} == flow.hops.keys() - {"store"}


def test_push_is_one_row() -> None:
    flow = plan("url-counts")
    assert flow.trunk == [
        *("generator", "spool", "source:spool", "channel:buffer", "sink:spark"),
        *("receiver", "batches"),
    ]
    [push] = [link for link in flow.links if link.note == "push"]
    assert (push.source, push.target, push.connection) == ("sink:spark", "receiver", True)


def test_a_program_that_fetches_has_a_poller() -> None:
    flow = plan("pull")
    assert flow.hops["receiver"].name == "poller"
    assert [link.target for link in flow.links if link.note == "fetch"] == ["receiver"]


def test_queries_read_the_landing_log_side_by_side() -> None:
    flow = plan("structured", "top", "totals")
    assert flow.trunk[-1] == "log"
    assert flow.ways == [["query:top"], ["query:totals"]]
    assert [link.source for link in flow.links if link.target == "store"] == ["query:totals"]


def test_fan_out_has_two_ways_to_one_store() -> None:
    flow = plan("fan-out", "gifts")
    assert flow.trunk == ["generator", "spool", "source:spool"]
    assert flow.ways == [
        ["channel:every", "sink:sales", "receiver", "batches"],
        ["channel:gifts", "sink:wrapping", "log", "query"],
    ]
    compared = {link.target for link in flow.links if not link.compares}
    assert compared == {"channel:every", "channel:gifts", "store"}


def test_a_store_of_values_is_not_compared_with_lines() -> None:
    units = {name: plan(name).hops["store"].unit for name in LESSONS}
    lines = {name for name, unit in units.items() if unit == "lines"}
    # A line of hashtags has several keys, and orders are added up by quantity.
    assert {"url-counts", "structured", "clusters"} <= lines
    assert lines.isdisjoint({"stateless", "windows", "popular", "running-totals", "sessions"})
    for name in LESSONS.keys() - lines:
        assert not any(link.compares for link in plan(name).links if link.target == "store")


def test_kafka_s3_files_and_socket_have_no_agent() -> None:
    assert plan("from-kafka").trunk == ["generator", "topic", "query"]
    assert plan("s3-to-mysql").trunk == ["generator", "bucket", "query"]
    assert plan("from-files").trunk == ["generator", "spool", "query"]
    assert plan("from-socket").trunk == ["generator", "receiver", "batches"]


def test_a_conf_that_cannot_be_read_leaves_a_flow_without_its_parts(tmp_path: Path) -> None:
    flow = lesson_flow.plan(LESSONS["url-counts"], tmp_path / "none.conf", ())
    assert flow.trunk == ["generator", "spool"]


def test_a_sink_whose_channel_is_missing_is_on_no_way(tmp_path: Path) -> None:
    file = tmp_path / "a.conf"
    file.write_text(
        "a1.sources = r1\na1.channels = c1\na1.sinks = k1 k2\na1.sources.r1.type = seq\n"
        "a1.channels.c1.type = memory\na1.sinks.k1.type = logger\na1.sinks.k1.channel = c1\n"
        "a1.sinks.k2.type = logger\na1.sinks.k2.channel = c2\n"
    )
    conf = confs.read(file)
    assert [sink.name for _, sink in agent_flow.ways_of(conf)] == ["k1"]
