"""Programs whose streams cannot work as written: one line says where, why and what to do."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from flumelab.signs import Level
from tests.support.avro_client import FAILED, OK, AvroClient, append_batch, handshake, lines
from tests.support.batches import WRITE_AHEAD_LOG, BatchProgram
from tests.support.ports import free_port, free_ports
from tests.support.program_signs import signs_of

RETRIES_SECONDS = 6  # three tries to listen


@pytest.fixture(autouse=True)
def jar(installed_jar: Path) -> None:
    """All need the receiver."""


# --- several streams ----------------------------------------------------------------------------


def test_streams_on_one_port_are_reported_once_and_one_of_them_receives(tmp_path: Path) -> None:
    with BatchProgram(tmp_path, free_port(), "local[5]", streams=4) as program:
        program.wait_until_listening()
        program.send_and_count("one", "two")
        time.sleep(RETRIES_SECONDS)
        (line,) = program.log_lines("another stream of this program has the port")
        assert "ERROR" in line
        assert f"cannot listen on 127.0.0.1:{program.port}: " in line
        assert "call createStream once and use its stream for every output" in line
        assert not program.log_lines("another program")
        sign = signs_of(program)["port-of-another-stream"]
        assert (sign.place, sign.level) == (f"127.0.0.1:{program.port}", Level.STUCK)


def test_a_stream_without_an_output_leaves_its_events_with_flume_and_is_reported(
    tmp_path: Path,
) -> None:
    with BatchProgram(tmp_path, free_port(), "local[5]", unread=3) as program:
        program.wait_until_listening()
        program.send_and_count("one", "two")
        reported = program.log_lines("WARN", f"createStream on 127.0.0.1:{program.port}: no output")
        assert len(reported) == 3
        assert "call pprint() or foreachRDD() on it, or remove it" in reported[0]
        assert not program.log_lines("cannot listen")
        sign = signs_of(program)["stream-without-output"]
        assert sign.place == f"createStream on 127.0.0.1:{program.port}"


def test_a_program_that_sets_too_few_cores_is_told_where_to_change_them_once(
    tmp_path: Path,
) -> None:
    first, second = free_ports(2)
    with BatchProgram(tmp_path, first, "local[2]", ports=[second]) as program:
        program.wait_for_log("NOTHING WILL BE PROCESSED")
        time.sleep(2)
        (line,) = program.log_lines("NOTHING WILL BE PROCESSED")
        assert "2 core(s) for 2 receiver(s)" in line
        assert "the program itself sets the master local[2], so change it there to local[3]" in line
        sign = signs_of(program)["too-few-cores"]
        assert sign.fact == "nothing is processed: 2 cores for 2 receivers, and each holds one"
        assert sign.remedy.endswith("so change it there to local[3]")


# --- where a stream listens and is made ---------------------------------------------------------


def test_an_address_of_no_interface_is_reported_once(tmp_path: Path) -> None:
    with BatchProgram(tmp_path, free_port(), "local[2]", host="203.0.113.7") as program:
        address = f"203.0.113.7:{program.port}"
        program.wait_for_log(f"cannot listen on {address}")
        time.sleep(RETRIES_SECONDS)
        (line,) = program.log_lines("ERROR")
        assert line.endswith(
            f"cannot listen on {address}: no interface here has this address; use 0.0.0.0"
        )
        assert signs_of(program)["cannot-listen"].remedy == "use 0.0.0.0"


def test_a_stream_outside_of_get_or_creates_function_is_refused_at_the_restart(
    tmp_path: Path,
) -> None:
    port = free_port()
    with BatchProgram(tmp_path, port, outside=True) as program:
        program.wait_until_listening()
        program.send_and_count("one")
    with BatchProgram(tmp_path, port, outside=True) as program:
        assert program.process.wait(60) == 1
        *_, last = program.stderr.read_text("utf-8").strip().splitlines()
        assert last.startswith(
            "pyspark_flume.errors.OptionInvalid: createStream outside of the function that is "
            "given to StreamingContext.getOrCreate: "
        )
        assert signs_of(program)["streams-outside"].place == "createStream"
    with BatchProgram(tmp_path, port, outside=True, plain=True) as program:
        assert program.process.wait(60) == 1
        assert "DStream" in signs_of(program)["stream-not-initialized"].place


def test_a_program_that_ends_while_its_streams_run_is_told_what_it_lacks(tmp_path: Path) -> None:
    with BatchProgram(tmp_path, free_port(), ends=True) as program:
        assert program.process.wait(60) == 0
        assert len(program.log_lines("call ssc.awaitTermination() after ssc.start()")) == 1
        assert signs_of(program)["ended-early"].level is Level.STUCK


# --- storage levels -----------------------------------------------------------------------------


def test_a_level_without_disk_is_warned_of_and_drops_nothing_when_memory_is_short(
    tmp_path: Path,
) -> None:
    memory = {"PYSPARK_SUBMIT_ARGS": "--driver-memory 512m pyspark-shell"}
    with BatchProgram(tmp_path, free_port(), env=memory, level="MEMORY_ONLY") as program:
        program.wait_until_listening()
        program.send("slow")
        program.wait_for((tmp_path / "begun").exists, "the slow batch runs")
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


def test_with_the_write_ahead_log_a_level_without_disk_is_not_warned_of(tmp_path: Path) -> None:
    with BatchProgram(tmp_path, free_port(), conf=WRITE_AHEAD_LOG, level="MEMORY_ONLY") as program:
        program.wait_until_listening()
        program.send_and_count("one")
        assert not program.log_lines("storageLevel")
