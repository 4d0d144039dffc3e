"""What the receiver has answered OK is in the log once, whatever happens to the receiver."""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pyspark_flume.landing import Landing
from pyspark_flume.landing.__main__ import main as landing_command

from flumelab.signs import Level
from tests.support.avro_client import FAILED, OK, append_batch, handshake, lines
from tests.support.disk import mount, mounted
from tests.support.program_signs import signs_in
from tests.support.receiver import ReceiverProgram, bodies, lines_of

KIB = 1024
MIB = 1024 * KIB


def ends_at_once(folder: Path, *flags: str, port: int = 0) -> str:
    """Start a receiver that cannot run; return the one line that it prints. Its exit code is 1."""
    folder.mkdir(exist_ok=True)
    receiver = ReceiverProgram(folder, *flags, port=port)
    assert receiver.process.wait(20) == 1
    said = receiver.stderr.read_text()
    assert said.count("\n") == 1, said
    return said


# --- it cannot start ----------------------------------------------------------------------------


def test_a_second_receiver_on_a_log_is_told_who_holds_it(tmp_path: Path) -> None:
    with ReceiverProgram(tmp_path) as receiver:
        said = ends_at_once(tmp_path / "second", "--landing", str(receiver.landing))
        assert f"is written by process {receiver.process.pid}" in said
        assert receiver.stores(*lines("a"))


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with ReceiverProgram(tmp_path) as receiver:
        said = ends_at_once(tmp_path / "second", port=receiver.port)
        assert f"cannot listen on 127.0.0.1:{receiver.port}" in said


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--landing", "/proc/landing"], "give the receiver a folder that it may write to"),
        (["--landing", "/dev/null"], "give the receiver a folder that it may write to"),
        (["--retention", "2 days"], "option retention"),
        (["--max-frame-bytes", "64MB"], "option maxFrameBytes is 64MB"),
        (["--tls-key", "k.pem"], "tlsKey without tlsCertificate"),
        (["--tls-certificate", "missing.pem"], "give readable PEM files"),
        (["--host", "192.0.2.1"], "cannot listen on 192.0.2.1"),
    ],
)
def test_a_wrong_setting_is_one_line(tmp_path: Path, flags: list[str], reason: str) -> None:
    assert reason in ends_at_once(tmp_path, *flags)


def test_a_read_only_folder_is_one_line(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "4m") as disk:
        mount("-o", "remount,ro", disk)
        said = ends_at_once(tmp_path / "program", "--landing", str(disk / "landing"))
    assert f"{disk}/landing: Read-only file system" in said


# --- it ends ------------------------------------------------------------------------------------


class Load:
    """Sinks that send one batch after the other and note what was answered OK."""

    def __init__(self, receiver: ReceiverProgram, sinks: int = 4) -> None:
        self.answered: list[bytes] = []
        self._receiver = receiver
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in range(sinks)]
        self._enough = threading.Event()
        for thread in self._threads:
            thread.start()
        receiver.wait_for(lambda: len(self.answered) > 400, "batches are answered")

    def wait(self) -> None:
        """Wait until the receiver is gone."""
        for thread in self._threads:
            thread.join(30)

    def _send(self, sink: int) -> None:
        with suppress(ConnectionError), self._receiver.client() as client:
            client.call(handshake())
            for number in range(1_000_000):
                texts = [b"%d-%d-%d" % (sink, number, i) for i in range(20)]
                if client.call(append_batch(lines(*texts))) != OK:
                    return
                self.answered += texts


def test_sigterm_ends_it_with_all_that_was_answered_in_the_log(tmp_path: Path) -> None:
    with ReceiverProgram(tmp_path) as receiver:
        load = Load(receiver)
        assert receiver.end() == 0
        load.wait()
        assert not receiver.log_lines("WARNING")
        assert not receiver.log_lines("Traceback")
    # After this end nothing is sent again: what is stored was answered, too.
    assert sorted(bodies(receiver.landing)) == sorted(load.answered)


def test_what_was_answered_before_a_kill_is_in_the_log(tmp_path: Path) -> None:
    with ReceiverProgram(tmp_path, "--segment-bytes", str(64 * KIB)) as receiver:
        load = Load(receiver)
        receiver.process.kill()
        load.wait()
    with ReceiverProgram(tmp_path, "--segment-bytes", str(64 * KIB)) as receiver:
        stored = bodies(receiver.landing)
        assert set(load.answered) <= set(stored)
        assert len(set(stored)) == len(stored)
        assert receiver.stores(*lines("after"))
    assert landing_command(["verify", str(receiver.landing)]) == 0


# --- sent again ---------------------------------------------------------------------------------

EDGES = [0, 10, 11, 40, 41, 160, 200, 340, 345, 380, 500]
LINES = lines_of("/var/log/a.log", EDGES)
BODIES = [b"/var/log/a.log@%d" % start for start in EDGES[:-1]]


@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_what_is_sent_again_to_the_next_receiver_is_stored_once(tmp_path: Path, how: str) -> None:
    with ReceiverProgram(tmp_path) as receiver:
        assert receiver.stores(*LINES[:6])
        getattr(receiver.process, how)()
        receiver.process.wait(10)
    with ReceiverProgram(tmp_path) as receiver:
        assert receiver.stores(*LINES[3:8])
        assert receiver.stores(*LINES)
    assert bodies(receiver.landing) == BODIES


def test_lines_of_a_segment_that_retention_has_removed_are_known_all_the_same(
    tmp_path: Path,
) -> None:
    patch = "from pyspark_flume.ingest import service; service.RETAIN_SECONDS = 0.1"
    flags = ("--segment-bytes", str(64 * KIB), "--retention", "1kb")
    filler = lines(bytes(64 * KIB))
    for start in range(3):
        with ReceiverProgram(tmp_path, *flags, patch=patch) as receiver:
            assert receiver.stores(*LINES, *lines(f"start {start}"))
            assert receiver.stores(*filler)
            assert receiver.stores(*filler)
            log = Landing(receiver.landing)
            receiver.wait_for(lambda log=log: len(log.segments()) == 1, "the old ones go")
            receiver.process.kill()
            receiver.process.wait()
    assert log.latest() == len(LINES) + 3 * 3


# --- the disk is full ---------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", "2m") as disk:
        yield disk


def test_on_a_full_disk_nothing_is_answered_ok_and_once_there_is_room_all_is_stored_once(
    tmp_path: Path, disk: Path
) -> None:
    edges = range(0, 301_000, 1000)
    events = lines_of("big.log", edges)
    padding = lines(bytes(100_000))
    batches = [append_batch(events[i : i + 10] + padding) for i in range(0, 300, 10)]
    program = tmp_path / "program"
    program.mkdir()
    with ReceiverProgram(program, "--landing", str(disk / "landing")) as receiver:
        with receiver.client() as client:
            client.call(handshake())
            answers = [client.call(batch) for batch in batches]
            ok = answers.index(FAILED)
            assert 5 < ok < len(answers)
            assert answers == [OK] * ok + [FAILED] * (len(answers) - ok)
            assert len(Landing(disk / "landing").segments()) == 1
            assert Landing(disk / "landing").latest() == 11 * ok
            assert len(receiver.log_lines("No space left on device")) == 1
            (full,) = signs_in(receiver)
            assert (full.name, full.level) == ("not-stored", Level.STUCK)
            assert "No space left on device" in full.fact

            mount("-o", "remount,size=16m", disk)
            # What was answered OK and what was not, in other batches.
            again = [append_batch(events[i : i + 7]) for i in range(0, 300, 7)]
            assert [client.call(batch) for batch in again] == [OK] * len(again)
        assert len(receiver.log_lines("accepts batches again")) == 1
        assert signs_in(receiver) == []
        assert receiver.end() == 0
    stored = [body for body in bodies(disk / "landing") if body.startswith(b"big")]
    assert stored == [b"big.log@%d" % start for start in edges[:-1]]
    assert landing_command(["verify", str(disk / "landing")]) == 0


def test_a_file_that_may_not_grow_is_answered_failed(tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, -1))"
    with ReceiverProgram(tmp_path, patch=limit) as receiver, receiver.client() as client:
        client.call(handshake())
        assert client.call(append_batch(lines(bytes(150_000)))) == OK
        assert client.call(append_batch(lines(bytes(150_000)))) == FAILED
        assert client.call(append_batch(lines("small"))) == OK
        (line,) = receiver.log_lines("File too large")
        assert "free space or repair the disk" in line
        infinite = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(receiver.process.pid, resource.RLIMIT_FSIZE, infinite)
        assert client.call(append_batch(lines(bytes(150_000)))) == OK
    assert [len(body) for body in bodies(receiver.landing)] == [150_000, 5, 150_000]
