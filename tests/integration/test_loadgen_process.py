"""The load generator as a process: killed, stopped, run twice at once, and on a full disk."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pty
import random
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loadgen import ledger

ROOT = Path(__file__).parents[2]
EXCERPT = ROOT / "tests" / "data" / "access_excerpt.log"


class Lab:
    """A spool directory, its ledger, and the processes that write there."""

    def __init__(self, directory: Path) -> None:
        self.spool = directory / "spool"
        self.ledger = directory / "ledger.jsonl"
        self.spool.mkdir()
        self._started: list[subprocess.Popen[str]] = []

    def command(self, *options: object) -> list[str]:
        places = ["--spool", str(self.spool), "--ledger", str(self.ledger)]
        return [sys.executable, "-m", "loadgen", *places, *map(str, options)]

    def start(
        self, *options: object, stdin: int | None = None, stderr: int = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self.command(*options),
            cwd=ROOT,
            text=True,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
        self._started.append(process)
        return process

    def run(self, *options: object, code: int = 0) -> tuple[str, str]:
        process = self.start(*options)
        output = process.communicate(timeout=60)
        assert process.returncode == code, output
        return output

    def files(self) -> list[str]:
        return sorted(path.name for path in self.spool.iterdir())

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.communicate()

    def check(self) -> list[ledger.Entry]:
        """Compare each visible file with its entry."""
        entries = ledger.read(self.ledger)
        by_name = {entry.name: entry for entry in entries}
        assert len(by_name) == len(entries)
        for name in self.files():
            if not name.startswith("."):
                data = (self.spool / name).read_bytes()
                entry = by_name[name]
                assert (len(data), data.count(b"\n")) == (entry.bytes, entry.lines)
                assert hashlib.sha256(data).hexdigest() == entry.sha256
        return entries


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    yield lab
    lab.end()


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.002)


def test_same_options_and_seed_give_the_same_bytes(tmp_path: Path) -> None:
    labs = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        (tmp_path / name).mkdir()
        labs.append(Lab(tmp_path / name))
        labs[-1].run("--lines", 2500, "--lines-per-file", 1000, "--seed", seed, "--malformed", 0.1)
        labs[-1].check()
    a, b, c = ({name: (lab.spool / name).read_bytes() for name in lab.files()} for lab in labs)
    assert list(a) == [f"access-log-00000{n}.log" for n in (1, 2, 3)]
    assert a == b
    assert labs[0].ledger.read_bytes() == labs[1].ledger.read_bytes()
    assert a != c


def test_after_kill_9_at_any_moment_the_ledger_is_complete(lab: Lab) -> None:
    moments = random.Random(20260101)
    for _ in range(20):
        process = lab.start("--lines", 10**7, "--lines-per-file", 50)
        before = len(lab.files())
        wait_until(lambda before=before: len(lab.files()) > before + 5)  # type: ignore[misc]
        deadline = time.monotonic() + moments.uniform(0, 0.02)
        wait_until(lambda deadline=deadline: time.monotonic() > deadline)  # type: ignore[misc]
        process.kill()
        process.wait()
        lab.check()
    lab.run("--lines", 0)
    assert lab.files() == sorted(entry.name for entry in lab.check())


def test_two_at_once_and_one_killed_never_share_a_name(lab: Lab) -> None:
    doomed = lab.start("--lines", 10**7, "--lines-per-file", 100)
    others = [lab.start("--lines", 10_000, "--lines-per-file", 100, "--seed", n) for n in (2, 3)]
    wait_until(lambda: len(lab.files()) > 100)
    doomed.kill()
    doomed.wait()
    for process in others:
        _, error = process.communicate(timeout=60)
        assert (process.returncode, error) == (0, "")
    lab.run("--lines", 0)
    entries = lab.check()
    assert lab.files() == sorted(entry.name for entry in entries)
    assert len(entries) >= 200


def test_two_at_once_with_ledgers_of_their_own_never_share_a_name(lab: Lab) -> None:
    options = ("--lines", 5_000, "--lines-per-file", 25)
    processes = [lab.start(*options)]
    ledgers = [lab.ledger, lab.ledger.with_name("other.jsonl")]
    lab.ledger = ledgers[1]
    processes.append(lab.start(*options))
    assert [process.wait(60) for process in processes] == [0, 0]
    names = [entry.name for path in ledgers for entry in ledger.read(path)]
    assert sorted(names) == lab.files()
    assert len(names) == 400


def test_the_rate_asked_for_is_held_within_2_percent(lab: Lab) -> None:
    # Of 10 seconds, 2% leave 0.2 s for the last file's fsyncs, which follow after it is due.
    output, _ = lab.run("--lines", 10_000, "--rate", 1000, "--json")
    summary = json.loads(output)
    assert (summary["lines"], summary["files"]) == (10_000, 10)
    assert summary["lines_per_second"] == pytest.approx(1000, rel=0.02)


def test_a_file_is_published_when_its_last_line_is_due_and_not_earlier(lab: Lab) -> None:
    start = time.time()
    lab.run("--lines", 30, "--rate", 20)
    first, second = (lab.spool / name for name in lab.files())
    assert first.stat().st_mtime >= start + 1.0
    assert second.stat().st_mtime >= start + 1.5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_publishes_the_current_file_without_its_pause(
    lab: Lab, number: signal.Signals
) -> None:
    shown, terminal = pty.openpty()
    options = ("--lines", 1000, "--rate", 0.01, "--lines-per-file", 10)
    process = lab.start(*options, stderr=terminal)
    assert b"0 lines" in os.read(shown, 100)  # so it is in its pause of 1000 seconds
    process.send_signal(number)
    output, _ = process.communicate(timeout=20)
    os.close(terminal)
    os.close(shown)
    assert process.returncode == 0
    first, second = output.splitlines()
    assert first == f"loadgen: stopped by {number.name}; every file is whole and in the ledger"
    assert second.startswith("loadgen: 10 lines, 1 files, ")
    assert [entry.lines for entry in lab.check()] == [10]
    assert lab.files() == ["access-log-000001.log"]


def test_a_signal_at_full_speed_ends_it_at_the_end_of_a_file(lab: Lab) -> None:
    process = lab.start("--lines", 10**9, "--lines-per-file", 500)
    wait_until(lambda: len(lab.files()) > 3)
    process.terminate()
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "stopped by SIGTERM" in output
    assert {entry.lines for entry in lab.check()} == {500}


def test_with_stay_it_runs_until_sigterm_and_others_can_run_meanwhile(lab: Lab) -> None:
    process = lab.start("--lines", 100, "--stay")
    assert process.stdout
    assert process.stdout.readline().startswith("loadgen: 100 lines, 1 files, ")
    assert process.stdout.readline() == "loadgen: ready; this process runs until SIGTERM\n"
    lab.run("--lines", 200)
    assert process.poll() is None
    process.terminate()
    assert process.stdout.readline() == "loadgen: ended by SIGTERM\n"
    assert process.wait(20) == 0
    assert [entry.lines for entry in lab.check()] == [100, 200]


def test_standard_input_is_replayed_byte_for_byte(lab: Lab) -> None:
    with EXCERPT.open("rb") as log:
        subprocess.run(
            lab.command("--replay", "-", "--lines-per-file", 10), cwd=ROOT, stdin=log, check=True
        )
    assert b"".join((lab.spool / name).read_bytes() for name in lab.files()) == EXCERPT.read_bytes()
    assert [(entry.lines, entry.malformed) for entry in lab.check()] == [
        (10, 0), (10, 0), (10, 0), (6, 1)
    ]  # fmt: skip


def test_a_signal_ends_the_wait_for_standard_input_and_no_line_is_cut(lab: Lab) -> None:
    process = lab.start("--replay", "-", "--lines-per-file", 2, stdin=subprocess.PIPE)
    assert process.stdin
    process.stdin.write("1\n2\n3\nhalf a li")
    process.stdin.flush()
    wait_until(lambda: len(lab.files()) == 1)
    process.stdin.write("ne\nhalf a li")
    process.stdin.flush()
    wait_until(lambda: len(lab.files()) == 2)
    process.stdin.write("ne\n6")
    process.stdin.flush()
    pipe = process.stdin.fileno()
    wait_until(lambda: not any(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))))  # it has read all
    process.terminate()
    assert process.wait(20) == 0
    assert process.stdout
    assert "stopped by SIGTERM" in process.stdout.read()
    files = [(lab.spool / name).read_text() for name in lab.files()]
    assert files == ["1\n2\n", "3\nhalf a line\n", "half a line\n"]
    assert [entry.lines for entry in lab.check()] == [2, 2, 1]


def test_a_closed_standard_input_is_reported_on_one_line(lab: Lab) -> None:
    command = ["sh", "-c", 'exec "$@" <&-', "sh", *lab.command("--replay", "-")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "loadgen: <stdin>: is closed; give a file that can be read\n"


def test_an_empty_log_spools_no_file(lab: Lab, tmp_path: Path) -> None:
    empty = tmp_path / "empty.log"
    empty.touch()
    for source in (empty, "-"):
        done = subprocess.run(
            lab.command("--replay", source), cwd=ROOT, stdin=subprocess.DEVNULL, check=False
        )
        assert done.returncode == 0
    lab.run("--replay", EXCERPT, "--lines-per-file", 36)  # the log ends exactly where a file does
    assert lab.files() == ["access-log-000001.log"]
    assert len(lab.check()) == 1


def test_a_replayed_log_arrives_byte_for_byte(lab: Lab, tmp_path: Path) -> None:
    lab.run("--replay", EXCERPT, "--lines-per-file", 10)
    assert b"".join((lab.spool / name).read_bytes() for name in lab.files()) == EXCERPT.read_bytes()
    assert [entry.lines for entry in lab.check()] == [10, 10, 10, 6]

    odd = tmp_path / "odd.log"
    odd.write_bytes(
        b'\xff\r\n\na - - [t] "GET /\xe9 HTTP/1.1" 200 5\r\n\x00\x85\x0c\rx\n'
        b'a - - [t] "GET /last HTTP/1.1" 200 5'
    )
    lab.run("--replay", odd, "--lines-per-file", 3, "--seed", 9)
    five, six = ledger.read(lab.ledger)[4:]
    assert b"".join((lab.spool / e.name).read_bytes() for e in (five, six)) == odd.read_bytes()
    assert (five.lines, five.urls, five.malformed) == (3, {"/\ufffd": 1}, 2)
    assert (six.lines, six.urls, six.malformed) == (2, {"/last": 1}, 1)
    lab.run("--replay", odd, "--lines", 1)
    assert ledger.read(lab.ledger)[6].bytes == 3


@pytest.mark.parametrize("stay", [False, True])
def test_a_client_reads_over_tcp_what_the_ledger_has(lab: Lab, stay: bool) -> None:
    options = ["--to", "tcp://127.0.0.1:0", "--lines", 5000, "--lines-per-file", 1000]
    process = lab.start(*options, *(["--stay"] if stay else []))
    assert process.stdout
    waiting = process.stdout.readline()
    assert waiting.startswith("loadgen: waiting for a client at tcp://127.0.0.1:")
    port = int(waiting.rpartition(":")[2])
    client = socket.create_connection(("127.0.0.1", port), timeout=20)
    with client, client.makefile("rb") as lines:
        sent = b"".join(lines.readline() for _ in range(5000))
        if stay:
            process.terminate()
        assert lines.read() == b""
    assert process.wait(20) == 0
    digests = [hashlib.sha256() for _ in range(5)]
    for number, line in enumerate(sent.splitlines(keepends=True)):
        digests[number // 1000].update(line)
    assert [entry.sha256 for entry in ledger.read(lab.ledger)] == [d.hexdigest() for d in digests]
    assert lab.files() == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.getuid() != 0:
        pytest.skip("only root can mount a small file system, to fill it or to forbid writing")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small file system can be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("full", ["spool", "ledger"])
def test_a_full_disk_is_reported_on_one_line_and_leaves_no_half_file(
    lab: Lab, small_disk: Path, full: str
) -> None:
    if full == "spool":
        lab.spool = small_disk
    else:
        lab.ledger = small_disk / "ledger.jsonl"
    output, error = lab.run("--lines", 10**7, "--lines-per-file", 300, code=1)
    last = lab.spool / f"access-log-{len(lab.check()) + 1:06}.log"
    place = last if full == "spool" else lab.ledger
    remedy = "free some space on its disk, then start again"
    assert (output, error) == ("", f"loadgen: {place}: No space left on device; {remedy}\n")
    assert lab.files() == [entry.name for entry in lab.check()]
    assert lab.files()
    assert lab.run("--lines", 0)[0].startswith("loadgen: 0 lines, 0 files")  # nothing to recover


def test_errors_are_one_line_with_an_exit_code(lab: Lab, tmp_path: Path) -> None:
    def error(*options: object, code: int) -> str:
        output, error = lab.run(*options, code=code)
        assert output == ""
        assert error.count("\n") == 1
        return error

    assert error("--lines", -1, code=2).startswith("loadgen: --lines: '-1' cannot be used; give")
    missing = tmp_path / "missing.log"
    expected = f"loadgen: {missing}: No such file or directory; give a file that can be read\n"
    assert error("--replay", missing, code=2) == expected
    assert f"loadgen: {tmp_path}: Is a directory; " in error("--replay", tmp_path, code=2)
    assert lab.files() == []
    assert not lab.ledger.exists()

    lab.run("--lines", 10)
    with lab.ledger.open("a") as file:
        file.write("{}\n")
    assert f"loadgen: {lab.ledger} line 2: not a ledger entry" in error(code=1)
    lab.spool = missing
    assert f"loadgen: {missing}: No such file or directory; " in error(code=1)


def test_a_directory_it_may_not_write_is_reported_on_one_line(lab: Lab, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    lab.spool = small_disk  # root may write wherever permissions alone forbid it
    _, error = lab.run(code=1)
    assert error == f"loadgen: {lab.spool}: not writable; let loadgen's user write there\n"


def test_progress_shows_on_a_terminal_only(lab: Lab) -> None:
    assert lab.run("--lines", 1000)[1] == ""
    shown, terminal = pty.openpty()
    done = subprocess.run(
        lab.command(), cwd=ROOT, stdout=subprocess.PIPE, stderr=terminal, text=True, check=True
    )
    os.close(terminal)
    fcntl.fcntl(shown, fcntl.F_SETFL, os.O_NONBLOCK)
    seen = os.read(shown, 10_000).decode()
    os.close(shown)
    assert "\rloadgen: 10,000 lines, " in seen
    assert seen.endswith("\r\x1b[K")
    assert "\n" not in seen
    assert done.stdout.count("\n") == 1
    assert len(done.stdout) <= 80


def test_help_and_a_full_stdout(lab: Lab) -> None:
    assert "--lines-per-file N" in lab.run("--help")[0]
    generate = lab.command()
    audit = [sys.executable, "-m", "loadgen.audit"]
    for command in (generate, [*audit, *generate[3:]]):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
        assert done.returncode == 1
        assert done.stderr.startswith("loadgen: <stdout>: No space left on device; ")
        assert done.stderr.count("\n") == 1


def test_an_audit_agrees_with_what_was_sent(lab: Lab) -> None:
    lab.run("--replay", EXCERPT)
    lab.run("--lines", 1000, "--malformed", 0.1)
    command = [sys.executable, "-m", "loadgen.audit", *lab.command()[3:]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    total = ledger.total(lab.check())
    assert found == {
        "generated": {"lines": 1036, "urls": total.urls, "malformed": total.malformed},
        "spooled": 1036,
        "pending": 1036,
        "ignored": [],
        "subfolders": {},
    }
    assert done.stderr == ""
