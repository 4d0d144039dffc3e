"""Programs whose streams cannot work as written: one line says where, why and what to do."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from flumelab.signs import Level
from tests.support.at_once import at_once
from tests.support.avro_client import FAILED, OK, AvroClient, append_batch, handshake, lines
from tests.support.batches import WRITE_AHEAD_LOG, BatchProgram
from tests.support.ports import free_port, free_ports
from tests.support.program_signs import signs_of
from tests.support.waiting import accepts

pytestmark = pytest.mark.usefixtures("begun")  # the slow ones begin with the first test
RETRIES_SECONDS = 6  # three tries to listen
NOWHERE = "203.0.113.7"  # an address of no interface (RFC 5737)


@pytest.fixture(scope="module", autouse=True)
def jar(installed_jar: Path) -> None:
    """All need the receiver."""


# --- several streams ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unread_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def program(
    installed_jar: Path, tmp_path_factory: pytest.TempPathFactory, unread_port: int
) -> Iterator[BatchProgram]:
    """Three streams on a port, two without an output beside one on another, and one elsewhere."""
    folder, first = tmp_path_factory.mktemp("streams"), free_port()
    unread = {"unread": 2, "unread_port": unread_port, "ports": [unread_port]}
    with BatchProgram(folder, first, "local[8]", streams=3, elsewhere=NOWHERE, **unread) as program:
        program.wait_until_listening()
        program.wait_for(lambda: accepts(unread_port), "the stream beside the unread ones listens")
        program.wait_for_log("another stream of this program has the port")
        program.wait_for_log(f"cannot listen on {NOWHERE}:{first}")
        time.sleep(RETRIES_SECONDS)
        yield program


def test_streams_on_one_port_are_reported_once_and_one_of_them_receives(
    program: BatchProgram,
) -> None:
    program.send_and_count("one", "two")
    (line,) = program.log_lines("another stream of this program has the port")
    assert "ERROR" in line
    assert f"cannot listen on 127.0.0.1:{program.port}: " in line
    assert "call createStream once and use its stream for every output" in line
    assert not program.log_lines("another program")
    sign = signs_of(program)["port-of-another-stream"]
    assert (sign.place, sign.level) == (f"127.0.0.1:{program.port}", Level.STUCK)


def test_a_stream_without_an_output_leaves_its_events_with_flume_and_is_reported(
    program: BatchProgram, unread_port: int
) -> None:
    place = f"createStream on 127.0.0.1:{unread_port}"
    program.send_and_count("three", "four", port=unread_port)
    reported = program.log_lines("WARN", f"{place}: no output")
    assert len(reported) == 2
    assert "call pprint() or foreachRDD() on it, or remove it" in reported[0]
    assert not program.log_lines(f"cannot listen on 127.0.0.1:{unread_port}")
    assert signs_of(program)["stream-without-output"].place == place


def test_an_address_of_no_interface_is_reported_once(program: BatchProgram) -> None:
    (line,) = program.log_lines("ERROR", NOWHERE)
    assert line.endswith(
        f"cannot listen on {NOWHERE}:{program.port}: no interface here has this address; "
        "use 0.0.0.0"
    )
    assert signs_of(program)["cannot-listen"].remedy == "use 0.0.0.0"


@at_once
def test_a_program_that_sets_too_few_cores_is_told_where_to_change_them_once(folder: Path) -> None:
    first, second = free_ports(2)
    with BatchProgram(folder, first, "local[2]", ports=[second]) as program:
        program.wait_for_log("NOTHING WILL BE PROCESSED")
        time.sleep(2)
        (line,) = program.log_lines("NOTHING WILL BE PROCESSED")
        assert "2 core(s) for 2 receiver(s)" in line
        assert "the program itself sets the master local[2], so change it there to local[3]" in line
        sign = signs_of(program)["too-few-cores"]
        assert sign.fact == "nothing is processed: 2 cores for 2 receivers, and each holds one"
        assert sign.remedy.endswith("so change it there to local[3]")


# --- where a stream is made ---------------------------------------------------------------------


@at_once
def test_a_stream_outside_of_get_or_creates_function_is_refused_at_the_restart(
    folder: Path,
) -> None:
    port = free_port()
    safe = {"conf": WRITE_AHEAD_LOG, "level": "MEMORY_ONLY"}
    with BatchProgram(folder, port, outside=True, **safe) as program:
        program.wait_until_listening()
        program.send_and_count("one")
        # With the write-ahead log a level without disk is not warned of.
        assert not program.log_lines("storageLevel")
    with BatchProgram(folder, port, outside=True) as program:
        assert program.process.wait(60) == 1
        *_, last = program.stderr.read_text("utf-8").strip().splitlines()
        assert last.startswith(
            "pyspark_flume.errors.OptionInvalid: createStream outside of the function that is "
            "given to StreamingContext.getOrCreate: "
        )
        assert signs_of(program)["streams-outside"].place == "createStream"
    with BatchProgram(folder, port, outside=True, plain=True) as program:
        assert program.process.wait(60) == 1
        assert "DStream" in signs_of(program)["stream-not-initialized"].place


@at_once
def test_a_program_that_ends_while_its_streams_run_is_told_what_it_lacks(folder: Path) -> None:
    with BatchProgram(folder, free_port(), ends=True) as program:
        assert program.process.wait(60) == 0
        assert len(program.log_lines("call ssc.awaitTermination() after ssc.start()")) == 1
        assert signs_of(program)["ended-early"].level is Level.STUCK


# --- storage levels -----------------------------------------------------------------------------


@at_once
def test_a_level_without_disk_is_warned_of_and_drops_nothing_when_memory_is_short(
    folder: Path,
) -> None:
    memory = {"PYSPARK_SUBMIT_ARGS": "--driver-memory 512m pyspark-shell"}
    with BatchProgram(folder, free_port(), env=memory, level="MEMORY_ONLY") as program:
        program.wait_until_listening()
        program.send("slow")
        program.wait_for((folder / "begun").exists, "the slow batch runs")
        answered = []
        with AvroClient(program.port) as client:
            client.call(handshake())
            for batch in range(100):
                texts = [f"{batch:09} {number:09}-" for number in range(20)]
                answer = client.call(append_batch(lines(*(text + 100_000 * "x" for text in texts))))
                assert answer in (OK, FAILED)
                answered += texts if answer == OK else []
        program.let_go()
        assert len(answered) > 1000
        program.wait_for(lambda: not Counter(answered) - program.counted(), "all are counted")
        assert not program.log_lines("Could not compute split")
        (line,) = program.log_lines("WARN", "with a storageLevel without disk")
        assert f"createStream on 127.0.0.1:{program.port}: " in line
        assert (
            "pass MEMORY_AND_DISK or set spark.streaming.receiver.writeAheadLog.enable=true" in line
        )
        assert signs_of(program)["level-without-disk"].level is Level.WARNING
