"""Each known sign is brought about with real Flume, and read as `flumelab status` reads it."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from flumelab.counts import Counts
from flumelab.ledger import HopCounts, balance
from flumelab.own.snapshot import take
from flumelab.runtimes import sub_folders
from flumelab.signs import Level, Part, Sign, Snapshot, find
from flumelab.signs.snapshot import Kind
from loadgen.audit import audit
from tests.support.flume import Collector
from tests.support.illnesses import CLOSED, HTTP, KAFKA, LATE, PULL, SYSLOG, prepare
from tests.support.program_signs import lines_of, signs_in
from tests.support.receiver import ReceiverProgram
from tests.support.sick_agent import STILL_SECONDS, SickAgent, SilentServer, touch_later
from tests.support.spark import Program, environment


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReceiverProgram]:
    with ReceiverProgram(tmp_path_factory.mktemp("receiver")) as receiver:
        yield receiver


@pytest.fixture(scope="module")
def sick(
    tmp_path_factory: pytest.TempPathFactory, receiver: ReceiverProgram
) -> Iterator[SickAgent]:
    """The agent, once all of it has been stuck for long enough."""
    silent = SilentServer()
    agent = SickAgent(tmp_path_factory.mktemp("sick"))
    prepare(agent, silent, receiver)
    agent.start()
    try:
        agent.sign("sink-refused sink k-refused")
        yield agent
    finally:
        agent.end()
        silent.end()


def stuck(agent: SickAgent, name: str) -> Sign:
    sign = agent.sign(name)
    assert (sign.part, sign.level) == ("flume", Level.STUCK)
    return sign


def test_what_works_has_no_sign(sick: SickAgent) -> None:
    found = [sign.sentence for sign in sick.signs().values()]
    assert not [text for text in found if "-ok" in text and "forgotten" not in text]


# --- sources --------------------------------------------------------------------------------------


def test_a_torn_position_file_is_named_instead_of_the_data_file(sick: SickAgent) -> None:
    file = sick.folder / "torn/.flumespool/.flumespool-main.meta"
    sign = stuck(sick, f"position-file-damaged {file}")
    assert "the position file of source r-torn is torn" in sign.fact
    assert "read again from its start" in sign.remedy


def test_an_empty_position_file_is_named_while_the_agent_runs(sick: SickAgent) -> None:
    """The channel is full, so the source keeps its place in the position file."""
    file = sick.folder / "both/.flumespool/.flumespool-main.meta"
    sick.wait_for(file.exists, "the position file is there")
    content = file.read_bytes()
    file.write_bytes(b"")
    try:
        sign = stuck(sick, f"position-file-damaged {file}")
        assert "of source r-both is empty" in sign.fact
    finally:
        file.write_bytes(content)


def test_a_name_that_is_used_again_stops_its_source(sick: SickAgent) -> None:
    sign = stuck(sick, f"name-used-again {sick.folder}/again/a.log.COMPLETED")
    assert "source r-again cannot rename" in sign.fact
    assert sign.since


def test_a_source_that_has_stopped_for_another_cause_tells_it(sick: SickAgent) -> None:
    sign = stuck(sick, "source-dead source r-dead")
    assert "FlumeException: Unable to move" in sign.fact
    assert f"{sick.folder}/dead/a.log" in sign.fact


def put_into(agent: SickAgent, channel: str) -> int:
    counters = agent.evidence.counters().get(f"CHANNEL.{channel}", {})
    return int(counters.get("EventPutSuccessCount", 0))


def test_lines_in_sub_folders_are_in_the_ledger_if_flume_reads_them(sick: SickAgent) -> None:
    sick.wait_for(lambda: put_into(sick, "c-deep") == 100, "the file in the sub-folder is read")
    found = audit(sick.folder / "deep", sick.folder / "ledger.jsonl")
    assert (found.spooled, found.subfolders) == (0, {"monday": 100})
    hops = HopCounts(Counts(), found.spooled, (), Counts(), found.subfolders)
    assert balance(hops).spooled == 0
    assert sub_folders.read_by_flume(sick.evidence, found.subfolders)
    seen = balance(replace(hops, subfolders_read=True))
    assert (seen.spooled, seen.subfolders) == (100, {})
    assert not sub_folders.read_by_flume(sick.evidence, {})


def test_lines_that_the_ledger_does_not_see_as_flume_deletes_them_are_told(sick: SickAgent) -> None:
    sick.wait_for(lambda: put_into(sick, "c-delete") == 100, "the file is read")
    sick.wait_for(lambda: not list((sick.folder / "delete").glob("*.log*")), "it is deleted")
    received = ("Flume received", put_into(sick, "c-delete"))
    seen = take(sick.evidence, hops=[("spooled", 0), received])
    (sign,) = (sign for sign in find(seen) if sign.name == "spooled-too-low")
    assert f"{sick.folder}/delete now, but source r-delete deletes what it has read" in sign.fact
    assert "so Flume has 100 lines more" in sign.fact


def test_bytes_that_are_not_in_the_charset_stop_their_source(sick: SickAgent) -> None:
    sign = stuck(sick, f"not-in-charset {sick.folder}/bytes")
    assert "charset of source r-bytes" in sign.fact


def test_a_canary_that_is_left_over_is_named(sick: SickAgent) -> None:
    """Flume has renamed it by then, after it has sent an empty event for it."""
    found = [name for name in sick.signs() if name.startswith("canary-left-over")]
    assert found == [
        f"canary-left-over {sick.folder}/canary/flume-spooldir-perm-check-1.canary.COMPLETED"
    ]


def test_an_empty_file_is_named_of_which_flume_makes_an_event(sick: SickAgent) -> None:
    sick.wait_for(lambda: put_into(sick, "c-sub") == 1, "the empty event is in the channel")
    sign = sick.sign(f"empty-file {sick.folder}/sub/e.log.COMPLETED")
    assert (sign.level, sign.fact) == (
        Level.WARNING,
        "it is empty, and source r-sub may send one empty event for it",
    )


def test_files_in_sub_folders_that_no_source_reads_are_named(sick: SickAgent) -> None:
    sign = sick.sign(f"files-not-read {sick.folder}/sub")
    assert sign.fact == "source r-sub does not read 1 file in sub-folders, such as monday/a.log"


def test_a_filter_that_drops_everything_is_told_with_numbers(sick: SickAgent) -> None:
    sign = sick.sign("all-dropped source r-filter")
    assert sign.level is Level.LOSS
    assert sign.fact == (
        "accepted 100 events, passed on 0 to channel c-filter: interceptor i1 (regex_filter) drops "
        "all"
    )
    assert "Flume reads a1.sources.r-filter.interceptors.i1.regex as ^d{2}" in sign.remedy


def test_a_command_that_ends_leaves_its_source_dead(sick: SickAgent) -> None:
    assert "exit code 0" in stuck(sick, "command-ended echo once").fact


def test_a_command_that_is_not_there_is_told(sick: SickAgent) -> None:
    sign = stuck(sick, "command-fails /no/such/command")
    assert "No such file or directory" in sign.fact


def test_a_torn_position_file_of_a_taildir_source_is_told(sick: SickAgent) -> None:
    sign = sick.sign(f"positions-not-read {sick.folder}/torn.json")
    assert sign.level is Level.LOSS


def test_a_position_file_within_its_own_file_group_is_named(sick: SickAgent) -> None:
    sign = sick.sign("reads-its-own-positions a1.sources.r-taildir.positionFile")
    assert f"{sick.folder}/taildir/pos.json matches the source's own file group f1" in sign.fact

    def received() -> int:
        return int(sick.evidence.counters()["SOURCE.r-taildir"]["EventAcceptedCount"])

    sick.wait_for(lambda: received() > 1, "more is received than the log's one line")


def test_a_source_whose_folder_is_not_there_says_so(sick: SickAgent) -> None:
    sign = stuck(sick, "part-not-started Spool Directory source r-gone")
    assert f"Directory does not exist: {sick.folder}/gone" in sign.fact


# --- channels and sinks ---------------------------------------------------------------------------


def test_a_sink_that_is_refused_names_the_address(sick: SickAgent) -> None:
    sign = stuck(sick, "sink-refused sink k-refused")
    assert sign.fact == (
        f"127.0.0.1:{CLOSED} accepts no connection, and 100 events wait in channel c-refused"
    )
    assert "a1.sinks.k-refused.port" in sign.remedy
    assert sign.since


def test_a_receiver_that_answers_nothing_is_told_from_one_that_is_not_there(
    sick: SickAgent,
) -> None:
    sign = stuck(sick, "sink-unanswered sink k-silent")
    assert "accepts the connection but no batch" in sign.fact


def test_a_spark_sink_that_no_program_fetches_from_is_told(sick: SickAgent) -> None:
    sign = stuck(sick, "sink-not-fetched sink k-pull")
    assert sign.fact == (
        f"no Spark program takes from 127.0.0.1:{PULL}, and 100 events wait in channel c-pull"
    )


def test_a_sink_of_another_type_that_delivers_nothing_is_told(sick: SickAgent) -> None:
    sign = stuck(sick, "sink-not-moving sink k-roll")
    assert sign.fact == "it delivers nothing, and 100 events wait in channel c-roll"


def test_a_source_that_reads_nothing_though_a_file_waits_is_told(sick: SickAgent) -> None:
    sign = stuck(sick, "source-not-moving source r-pipe")
    assert sign.fact == f"1 file waits in {sick.folder}/pipe, and the source accepts no line"


def test_a_full_channel_names_its_sink(sick: SickAgent) -> None:
    sign = stuck(sick, "channel-full channel c-late")
    assert sign.fact == (
        f"it is full with 100 events: sink k-late (127.0.0.1:{LATE}) takes nothing, so source "
        "r-late waits"
    )


def test_events_that_a_source_drops_at_a_full_channel_are_told(sick: SickAgent) -> None:
    with socket.create_connection(("127.0.0.1", SYSLOG)) as connection:
        connection.sendall(b"".join(b"<13>line %d\n" % number for number in range(150)))
        sign = sick.sign("events-dropped a source of class SyslogTcpSource")
    assert sign.level is Level.LOSS
    assert "it drops the events that its channel does not take: ChannelFullException" in sign.fact
    assert put_into(sick, "c-drop") == 100


def test_a_channel_that_no_sink_empties_makes_the_other_one_repeat(sick: SickAgent) -> None:
    assert stuck(sick, "channel-full channel c2").fact == (
        "it is full with 100 events: no sink takes from it, so source r-both waits, which also "
        "fills channel c1"
    )
    sign = sick.sign("batch-repeated channel c1")
    assert sign.level is Level.LOSS
    assert "source r-both repeats its batch while channel c2 is full" in sign.fact


def test_a_batch_larger_than_a_transaction_is_told_with_both_numbers(sick: SickAgent) -> None:
    source = stuck(sick, "batch-too-large Source r-batch")
    assert "a batch has 500 events, and channel c-small takes 100" in source.fact
    assert "a batch has 700 events" in stuck(sick, "batch-too-large Sink k-batch").fact


def test_a_request_larger_than_a_transaction_is_told(sick: SickAgent) -> None:
    """The http source has no batch size: a client decides."""
    events = [{"headers": {}, "body": str(number)} for number in range(200)]

    def refused() -> bool:
        try:
            answer = requests.post(f"http://127.0.0.1:{HTTP}", json=events, timeout=30)
        except requests.ConnectionError:
            return False
        return answer.status_code == requests.codes.unavailable

    sick.wait_for(refused, "the source refuses the request")
    sign = stuck(sick, "transaction-full a channel with transactionCapacity = 100")
    assert "more than 100 events" in sign.fact


def test_a_file_channel_without_a_usable_folder_is_told(sick: SickAgent) -> None:
    sign = stuck(sick, "channel-folder channel c-file")
    assert "it cannot create its folder /proc/no/checkpoint" in sign.fact


def test_two_file_channels_with_one_folder_are_told(sick: SickAgent) -> None:
    found = [sign for sign in sick.signs().values() if sign.name == "channel-locked"]
    assert len(found) == 1
    assert found[0].place in ("channel c-one", "channel c-two")
    assert f"has its folder {sick.folder}/channel" in found[0].fact


def test_a_disk_without_the_room_that_a_channel_wants_is_told(sick: SickAgent) -> None:
    assert "and the channel wants 100000000" in stuck(sick, "disk-full channel c-room").fact


def test_a_poller_that_no_spark_sink_answers_is_told_until_it_does(
    sick: SickAgent, tmp_path: Path
) -> None:
    """It is the poller of format("flume"); k-pull of the agent is a SparkSink."""
    agents = f"127.0.0.1:{CLOSED},127.0.0.1:{PULL}"
    command = [sys.executable, "-m", "pyspark_flume.poller", "--agents", agents]
    poller = Program([*command, "--landing", str(tmp_path / "landing")], tmp_path, environment())
    try:
        poller.wait_for_log("no answer from")
        poller.wait_for_log(f"127.0.0.1:{PULL} connected")
        parts = [Part("receiver", Kind.RECEIVER, "running")]
        found = find(Snapshot(time.time(), parts, {"receiver": lines_of(poller)}))
    finally:
        poller.kill()
    assert [sign.name for sign in found] == ["no-answer-from-sink"]
    assert found[0].place == f"127.0.0.1:{CLOSED}"
    assert found[0].fact == "no SparkSink answers there: Connection refused"


# --- what Flume leaves out ------------------------------------------------------------------------


def test_a_jar_in_the_wrong_place_is_named(sick: SickAgent) -> None:
    sign = sick.sign("jar-not-read plugins.d/my.jar")
    assert sign.level is Level.WARNING
    assert sign.remedy == "it belongs in plugins.d/NAME/lib/"


def test_a_sink_whose_channel_is_not_there_is_told(sick: SickAgent) -> None:
    sign = stuck(sick, "part-not-configured sink k-nowhere")
    assert sign.fact == "Flume has left it out: Channel c-nowhere not in active set"


def test_a_name_on_a_list_without_properties_is_told(sick: SickAgent) -> None:
    """Flume itself logs nothing about such a channel."""
    assert "no properties" in stuck(sick, "part-without-settings a1.sources.r-empty").fact
    sign = stuck(sick, "part-without-settings a1.channels.c-comma,")
    assert "without commas" in sign.remedy


def test_the_counters_tell_of_a_source_that_does_not_run_without_any_log(sick: SickAgent) -> None:
    seen = take(sick.evidence, still_seconds=STILL_SECONDS)
    found = [sign.place for sign in find(replace(seen, logs={})) if sign.name == "part-not-running"]
    assert "source r-gone" in found
    assert "sink k-batch" in found
    assert "source r-ok" not in found


def test_a_component_that_cannot_be_configured_is_told(sick: SickAgent) -> None:
    assert "IllegalStateException" in stuck(sick, "part-removed Source r-nothing").fact


def test_what_is_configured_but_not_listed_is_told(sick: SickAgent) -> None:
    sign = sick.sign("part-not-listed a1.sinkgroups.g1")
    assert sign.sentence == (
        "a1.sinkgroups.g1: it is configured but not listed in a1.sinkgroups, so it does not run; "
        "add it: a1.sinkgroups = g1"
    )
    assert sick.sign("part-not-listed a1.sinks.k-forgotten").level is Level.WARNING


def test_a_header_timestamp_that_is_text_is_told_once_with_an_example(
    sick: SickAgent, receiver: ReceiverProgram
) -> None:
    sick.wait_for(lambda: signs_in(receiver), "the receiver has a sign")
    (sign,) = signs_in(receiver)
    assert sign.place == "header timestamp = '17/May/2015:10:05:00 +0000'"
    assert "no number of milliseconds since 1970" in sign.fact
    assert len(receiver.log_lines("header timestamp")) == 1


# --- and when it moves again ----------------------------------------------------------------------


def test_a_sink_that_finds_its_receiver_has_no_sign_any_more_and_a_changed_file_has_one(
    sick: SickAgent,
) -> None:
    """The source of the full channel is in the middle of its file, which now changes."""
    touch_later(sick.folder / "late/a.log")
    collector = Collector(LATE)
    try:
        stuck(sick, f"file-changed {sick.folder}/late/a.log")
        gone = {"sink-refused sink k-late", "channel-full channel c-late"}
        sick.wait_for(lambda: not gone & sick.signs().keys(), "the sink's signs are over")
        assert len(collector.events) >= 300
    finally:
        collector.end()


def test_an_agent_that_does_not_start_says_why(tmp_path: Path) -> None:
    for number, (sink, name) in enumerate(
        {
            "org.nowhere.Sink": "no-class org.nowhere.Sink",
            KAFKA: f"part-not-available a1.sinks.k1.type = {KAFKA}",
        }.items()
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        agent = SickAgent(folder)
        agent.add("channels", "c1", type="memory")
        agent.add("sinks", "k1", type=sink, channel="c1")
        agent.source("r1", agent.spool("spool"), "c1")
        agent.start()
        try:
            stuck(agent, name)
        finally:
            agent.end()
    agent.start("a2")
    try:
        sign = stuck(agent, f"no-such-agent {folder}/agent.conf")
        assert sign.remedy == "start one of these: a1"
    finally:
        agent.end()
