"""What Flume's counters say about a part that does not move though it has work."""

from __future__ import annotations

from dataclasses import replace

from flumelab.signs import File, Level, find
from tests.support.snapshots import CONF, NOW, SPOOL, signs, snapshot

WAITING = {"CHANNEL.c1": {"ChannelSize": "40"}}
STILL = {"CHANNEL.c1": {"EventTakeSuccessCount": 3000, "ChannelEmpty": 600}}


def test_an_agent_that_moves_has_no_sign() -> None:
    assert signs() == {}


def test_events_that_wait_for_a_receiver_that_is_not_there_name_its_address() -> None:
    refused = {"SINK.k1": {"ConnectionFailedCount": "80"}}
    sign = signs(counters=WAITING | refused, moved=STILL)["sink-refused"]
    assert sign.sentence == (
        "sink k1: localhost:4141 accepts no connection, and 40 events wait in channel c1; "
        "start the program that listens there, or correct a1.sinks.k1.hostname and "
        "a1.sinks.k1.port"
    )
    assert (sign.part, sign.level, sign.since) == ("flume", Level.STUCK, NOW - 600)


def test_a_connection_that_the_lab_has_cut_is_no_missing_program() -> None:
    refused = {"SINK.k1": {"ConnectionFailedCount": "80"}}
    found = signs(counters=WAITING | refused, moved=STILL, cut=True)
    assert [sign.sentence for sign in found.values()] == [
        "sink k1: its connection to the receiver is cut, and 40 events wait in channel c1; "
        "flumelab mend mends it"
    ]


def test_an_agent_off_the_network_cannot_be_asked_and_is_not_called_stuck() -> None:
    seen = replace(snapshot(cut=True), counters={})
    [sign] = find(seen)
    assert (sign.name, sign.part, sign.level) == ("off-network", "flume", Level.WARNING)
    assert "flumelab mend" in sign.remedy


def test_a_source_whose_channel_stores_nothing_waits_for_the_sink_and_has_no_sign() -> None:
    waiting = File("more.log", 10, NOW - 500)
    conf = CONF.replace("c1.type = memory", "c1.type = io.pysparkflume.flume.HandoffChannel")
    moved = STILL | {"SOURCE.r1": {"EventAcceptedCount": 600}}
    shown = {
        kind: signs(conf=its, counters=WAITING, moved=moved, files=(waiting,)).keys()
        for kind, its in (("memory", CONF), ("handoff", conf))
    }
    assert shown["handoff"] == {"sink-unanswered"}
    assert shown["memory"] == {"sink-unanswered", "source-not-moving"}


def test_a_channel_that_has_just_been_filled_is_not_stuck() -> None:
    """Its last event may have been taken long ago."""
    moved = {"CHANNEL.c1": {"EventTakeSuccessCount": 3000, "ChannelEmpty": 2}}
    assert signs(counters=WAITING, moved=moved) == {}


def test_a_full_channel_names_the_sink_that_does_not_send() -> None:
    full = {"CHANNEL.c1": {"ChannelSize": "1000", "ChannelFillPercentage": "100.0"}}
    waiting = File("more.log", 10, NOW - 500)
    found = signs(counters=full, moved=STILL, files=(waiting,))
    assert found["channel-full"].fact == (
        "it is full with 1,000 events: sink k1 (localhost:4141) takes nothing, so source r1 waits"
    )
    assert "source-not-moving" not in found


def test_a_channel_without_a_sink_says_so() -> None:
    conf = CONF.replace("a1.sinks = k1", "a1.sinks =")
    full = {"CHANNEL.c1": {"ChannelSize": "1000", "ChannelFillPercentage": "100.0"}}
    sign = signs(conf=conf, counters=full, moved=STILL)["channel-full"]
    assert sign.fact == ("it is full with 1,000 events: no sink takes from it, so source r1 waits")
    assert sign.remedy == "give a sink the key channel = c1"


def test_a_filter_that_drops_everything_shows_its_expression_as_flume_reads_it() -> None:
    conf = (
        CONF
        + r"""
a1.sources.r1.interceptors = i1
a1.sources.r1.interceptors.i1.type = regex_filter
a1.sources.r1.interceptors.i1.regex = ^\d{14}
"""
    )
    dropped = {"CHANNEL.c1": {"EventPutAttemptCount": "0", "EventPutSuccessCount": "0"}}
    sign = signs(conf=conf, counters=dropped)["all-dropped"]
    assert sign.fact == (
        "accepted 100 events, passed on 0 to channel c1: interceptor i1 (regex_filter) drops all"
    )
    assert "Flume reads a1.sources.r1.interceptors.i1.regex as ^d{14}" in sign.remedy


def test_files_that_no_source_reads_are_named_with_their_folder() -> None:
    moved = {"SOURCE.r1": {"EventAcceptedCount": 3000}}
    files = (File("a.log", 10, NOW - 60), File("b.log.COMPLETED", 10, NOW - 90))
    sign = signs(moved=moved, files=files)["source-not-moving"]
    assert sign.fact == f"1 file waits in {SPOOL}, and the source accepts no line"
    assert sign.since == NOW - 60


def test_a_source_that_has_never_started_is_named() -> None:
    dead = {"SOURCE.r1": {"StartTime": "0"}}
    assert signs(counters=dead)["part-not-running"].place == "source r1"
