"""Signs in folders, confs, hops and states, and which of them says more than another."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flumelab.signs import File, Level, Part
from flumelab.signs.snapshot import Kind
from tests.support.snapshots import CONF, NOW, SPOOL, signs

POSITIONS = ".flumespool/.flumespool-main.meta"
HOPS = [("generated", 100), ("spooled", 100), ("Flume received", 100), ("Flume sent", 100)]


def test_a_whole_position_file_has_no_sign() -> None:
    whole = File(POSITIONS, 200, NOW - 60, b"Obj\x01 and a schema")
    assert signs(files=(whole,)) == {}


def test_a_torn_or_empty_position_file_has_one_once_it_is_not_being_written() -> None:
    for size, head, damage in ((3, b"Obj", "torn"), (0, b"", "empty"), (90, b"\0" * 90, "torn")):
        assert signs(files=(File(POSITIONS, size, NOW - 1, head),)) == {}
        sign = signs(files=(File(POSITIONS, size, NOW - 5, head),))["position-file-damaged"]
        assert sign.place == f"{SPOOL}/{POSITIONS}"
        assert f"is {damage}, so" in sign.fact


def test_a_canary_is_named_under_both_its_names() -> None:
    for name in ("flume-spooldir-perm-check-81.canary", "flume-spooldir-perm-check-8.canary.DONE"):
        assert signs(files=(File(name, 0, NOW - 5),))["canary-left-over"].level is Level.WARNING


def test_an_empty_file_is_named_if_the_source_reads_it() -> None:
    ignoring = f"{CONF}a1.sources.r1.ignorePattern = .*tmp\n"
    for name, found in {"a.log": {"empty-file"}, "a.log.COMPLETED": {"empty-file"}}.items():
        assert set(signs(files=(File(name, 0, NOW - 5),))) == found
        assert signs(files=(File(name, 0, NOW - 1),)) == {}
    assert signs(files=(File(".a.log", 0, NOW - 5),)) == {}
    assert "empty-file" not in signs(conf=ignoring, files=(File("a.tmp", 0, NOW - 5),))
    assert "empty-file" not in signs(files=(File("monday/a.log", 0, NOW - 5),))


def test_a_warning_about_a_source_does_not_hide_that_it_is_stuck() -> None:
    moved = {"SOURCE.r1": {"EventAcceptedCount": 60}}
    waits = File("a.log", 5, NOW - 60)
    found = signs(files=(waits, File("monday/a.log", 5, NOW - 60)), moved=moved)
    assert {"files-not-read", "source-not-moving"} <= set(found)


def test_files_in_sub_folders_are_named_unless_the_source_reads_them() -> None:
    file = File("monday/a.log", 5, NOW - 5)
    assert signs(files=(file,))["files-not-read"].fact.endswith("such as monday/a.log")
    conf = f"{CONF}a1.sources.r1.recursiveDirectorySearch = true\n"
    assert signs(conf=conf, files=(file,)) == {}


def test_files_that_flume_deletes_are_missing_in_spooled() -> None:
    hops = [("spooled", 0), ("Flume received", 1000), ("Flume sent", 1000), ("counted", 1000)]
    assert signs(hops=hops) == {}
    found = signs(conf=f"{CONF}a1.sources.r1.deletePolicy = immediate\n", hops=hops)
    assert set(found) == {"spooled-too-low"}
    assert "source r1 deletes what it has read, so Flume has 1,000 lines more" in (
        found["spooled-too-low"].fact
    )


def test_each_kind_of_component_that_is_not_listed_is_named() -> None:
    group = "a1.sinkgroups.g1.sinks = k1\na1.sinkgroups.g1.processor.type = failover\n"
    sign = signs(conf=CONF + group)["part-not-listed"]
    assert sign.remedy == "add it: a1.sinkgroups = g1"
    sign = signs(conf=CONF + "a1.sources.r1x.type = seq\n")["part-not-listed"]
    assert (sign.place, sign.remedy) == ("a1.sources.r1x", "add it: a1.sources = r1 r1x")


def test_positions_within_the_own_file_group_are_named() -> None:
    conf = """
a1.sources = r1
a1.sources.r1.type = TAILDIR
a1.sources.r1.filegroups = f1 f2
a1.sources.r1.filegroups.f1 = /var/log/.*json
a1.sources.r1.filegroups.f2 = /var/log/[unclosed
a1.sources.r1.positionFile = /var/log/{}
"""
    assert signs(conf=conf.format("pos.txt"), counters={}) == {}
    assert "group f1" in signs(conf=conf.format("pos.json"))["reads-its-own-positions"].fact


def test_events_that_are_sent_and_not_counted_are_told_once_nothing_moves() -> None:
    hops = [*HOPS, ("counted", 60)]
    assert signs(hops=hops) == {}
    moved = {"SINK.k1": {"EventDrainSuccessCount": 20}}
    sign = signs(hops=hops, moved=moved)["not-counted"]
    assert sign.sentence == (
        "program: Flume has sent 100 lines, and 40 of them are not counted; read its log"
    )
    assert sign.since == NOW - 20


def test_a_program_that_has_ended_says_why_nothing_is_counted() -> None:
    parts = (Part("flume", Kind.FLUME, "running"), Part("program", Kind.PROGRAM, "stopped"))
    moved = {"SINK.k1": {"EventDrainSuccessCount": 20}}
    found = signs(hops=[*HOPS, ("counted", 60)], moved=moved, parts=parts)
    assert set(found) == {"part-ended"}
    assert found["part-ended"].fact == "it has ended by itself"


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (
            "error: kafka://a/b: no broker answers; start it",
            "kafka://a/b: no broker answers; start it",
        ),
        ("  IndexError: list index out of range", "IndexError: list index out of range"),
        ("pyspark.errors.exceptions.base.PySparkRuntimeError: no", None),
    ],
)
def test_the_error_of_a_program_that_has_ended_is_in_its_sign(line: str, cause: str | None) -> None:
    parts = (Part("program", Kind.PROGRAM, "stopped"),)
    log = f"14:20:00 WARN A: an Error: not this\n{line}\n14:20:01 INFO ShutdownHookManager: bye"
    sign = signs(parts=parts, program_log=log)["part-ended"]
    assert sign.fact == f"it has ended by itself: {cause or line}"
    assert sign.since


LOCKED = "pyspark_flume.errors.LandingLocked: /data/landing is written by process 7; stop that one"
DAEMON = """Traceback (most recent call last):
  File "/opt/spark/python/pyspark/daemon.py", line 193, in manager
    write_int(worker_pid, stdout_bin)
BrokenPipeError: [Errno 32] Broken pipe"""


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (f'Traceback (most recent call last):\n  File "my.py"\n{LOCKED}\n{DAEMON}', LOCKED),
        (  # in the message of another one, which Spark raises in the driver
            "py4j.protocol.Py4JJavaError: An error occurred while calling o29.awaitTermination.\n"
            ": org.apache.spark.SparkException: An exception was raised by Python:\n"
            'Traceback (most recent call last):\n  File "my.py"\n\n    1 / 0\n'
            f"ZeroDivisionError: division by zero\n\n\tat org.apache.spark.streaming\n{DAEMON}",
            "ZeroDivisionError: division by zero",
        ),
        (  # raised while another one was handled
            f'Traceback (most recent call last):\n  File "my.py"\n{LOCKED}\n\nDuring handling of '
            f"the above exception, another exception occurred:\n\n{DAEMON}",
            LOCKED,
        ),
        (f"{DAEMON}\n", "BrokenPipeError: [Errno 32] Broken pipe"),
        (f"{DAEMON}\nKeyboardInterrupt\n", "BrokenPipeError: [Errno 32] Broken pipe"),
        (
            "receiver: /data/landing is written by process 7; stop that one first",
            "/data/landing is written by process 7; stop that one first",
        ),
    ],
)
def test_the_error_that_ended_a_program_is_told_and_not_what_followed_it(
    log: str, cause: str
) -> None:
    parts = (Part("program", Kind.PROGRAM, "stopped"),)
    sign = signs(parts=parts, program_log=f"14:20:00 INFO A: begins\n{log}")["part-ended"]
    assert sign.fact == f"it has ended by itself: {cause}"


def test_a_source_that_is_dead_has_one_sign() -> None:
    log = (
        "14:26:30.123 ERROR SpoolDirectorySource: FATAL: Spool Directory source r1: { spoolDir: "
        "/data/spool }: Uncaught exception in SpoolDirectorySource thread. Restart or reconfigure "
        "Flume to continue processing. | java.lang.IllegalStateException: File has been modified "
        "since being read: /data/spool/a.log | at org.apache"
    )
    moved = {"SOURCE.r1": {"EventAcceptedCount": 3000}}
    found = signs(log=log, moved=moved, files=(File("b.log", 5, NOW - 60),))
    assert set(found) == {"file-changed"}
    as_json = found["file-changed"].as_json()
    day = datetime.fromtimestamp(NOW, UTC).date()
    assert as_json["since"] == f"{day}T14:26:30Z"
    assert (as_json["sign"], as_json["part"], as_json["level"]) == (
        "file-changed",
        "flume",
        "stuck",
    )


def test_a_channel_that_is_full_makes_its_neighbour_repeat() -> None:
    conf = CONF.replace("channels = c1\n", "channels = c1 c2\n") + "a1.channels.c2.type = memory\n"
    counters = {
        "SOURCE.r1": {"AppendBatchReceivedCount": "20", "EventReceivedCount": "2000"},
        "CHANNEL.c1": {"EventPutSuccessCount": "900"},
        "CHANNEL.c2": {
            "ChannelSize": "100",
            "ChannelFillPercentage": "100.0",
            "EventTakeSuccessCount": "0",
            "EventPutAttemptCount": "100",
        },
    }
    moved = {"CHANNEL.c2": {"EventTakeSuccessCount": 60}}
    sign = signs(conf=conf, counters=counters, moved=moved)["batch-repeated"]
    assert sign.fact.startswith("it gets events more than once, 800 events so far: source r1")
