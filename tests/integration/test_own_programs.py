"""Programs and confs of the shapes that courses have run unchanged, each counted at every hop.

Only the ports differ from the files in tests/data/own, as other tests use the same ones. Two runs
go at a time, because a run mostly waits: each test takes its result from those. test_readme.py runs
url_window.py with spool.conf, and tests/docker/test_own.py as well.
"""

from __future__ import annotations

import gzip
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from flumelab import settings
from flumelab.own.services import OwnState
from flumelab.page.place import LocalPlaces
from flumelab.page.sampler import Sampler
from flumelab.runtimes.processes import has_ended
from tests.support.at_once import AT_A_TIME
from tests.support.lab import ROOT
from tests.support.own_files import COPIES, EXCERPT, FLUME, LINES, STREAMS, OwnFiles, hops
from tests.support.waiting import wait_for

ENDED_SECONDS_MAX = 200  # a run that is interrupted counts first what Spark has stored
STATUS = r'" (\d{3}) '
ROLLED = ["input", "source src", "channel mem", "sink out", "Spark read"]
SHAPES = [
    ("pull_lines.py", "pull.conf", STREAMS),
    ("on_windows.py", "tail.conf", STREAMS),
    ("sql_per_batch.py", "netcat.conf", [STREAMS[0], *STREAMS[2:]]),
    ("errors_to_files.py", "taildir.conf", STREAMS),
    ("headers.py", "syslog.conf", STREAMS),
    ("headers.py", "http.conf", STREAMS),
    ("structured.py", "hdfs_and_spark.conf", [*FLUME, "query hosts"]),
    ("two_streams.py", "load_balance.conf", [*FLUME[:3], "sink k1, k2", *STREAMS[4:]]),
    ("words_in_files.py", "", ["input", "Spark read"]),
    ("socket_words.py", "", ["input", "socket", *STREAMS[4:]]),
    ("structured_socket.py", "", ["input", "socket", "query counts", "query kept"]),
    ("structured_files.py", "", ["input", "query hosts"]),
]
OPTIONS = {"socket_words.py": ("--count", STATUS)}
ARGUMENTS = {"words_in_files.py": ("/user/maria_dev/in", "/user/maria_dev/more")}


@dataclass
class Ran:
    """A run that has ended."""

    files: OwnFiles
    result: dict[str, Any]

    @property
    def output(self) -> str:
        return (self.files.lab.state.parent / "own/logs/program.log").read_text()


class Runs:
    """All runs that end by themselves, in the order in which they are asked for."""

    def __init__(self, folder: Path, pool: ThreadPoolExecutor) -> None:
        self._folder = folder
        self._pool = pool
        self._runs: dict[str, Future[Ran]] = {}

    def add(
        self, name: str, program: str, conf: str = "", log: bytes = b"", *options: str,
        arguments: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        folder = self._folder / name
        folder.mkdir()
        files = OwnFiles(folder, program, conf)
        if log:
            files.log.write_bytes(log)
        if name == "replaced":  # a compressed log is unpacked
            files.log = folder / "access.log.gz"
            files.log.write_bytes(gzip.compress(EXCERPT * COPIES))
        given = tuple(files.port if each == "PORT" else each for each in arguments)
        self._runs[name] = self._pool.submit(
            lambda: Ran(files, files.run(*options, arguments=given))
        )

    def __getitem__(self, name: str) -> Ran:
        return self._runs[name].result()


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    """What all runs of this module share."""
    pool = ThreadPoolExecutor(AT_A_TIME)
    yield pool
    pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    pool: ThreadPoolExecutor,
) -> Runs:
    runs = Runs(tmp_path_factory.mktemp("runs"), pool)
    for program, conf, _ in SHAPES:
        options, arguments = OPTIONS.get(program, ()), ARGUMENTS.get(program, ())
        runs.add(conf or program, program, conf, b"", *options, arguments=arguments)
    replaced = ("sandbox-hdp.hortonworks.com", "PORT")
    count = ("--count", STATUS)
    runs.add("replaced", "status_totals.py", "file_channel.conf", b"", *count, arguments=replaced)
    some = b"no digit first\n" * 30 + b"1.2.3.4 - -\n" * 70
    runs.add("filter", "headers.py", "filter.conf", some)
    impatient = ("--submit-arg=--conf", "--submit-arg=spark.streaming.gracefulStopTimeout=1ms")
    runs.add("drops", "slow_table.py", "filter.conf", b"no digit first\n" * 100, *impatient)
    runs.add("fails", "first_word.py", "spool.conf", b"a b\n\nc\n")
    runs.add("rolled", "rolled_lines.py", "roll.conf")
    chosen = [each for each in request.session.items if each.path == request.path]
    if any("ended" in each.fixturenames for each in chosen):  # they follow without a pause
        request.getfixturevalue("ended")
    return runs


@pytest.mark.parametrize(("program", "conf", "names"), SHAPES)
def test_every_line_is_counted_at_every_hop(
    runs: Runs, program: str, conf: str, names: list[str]
) -> None:
    result = runs[conf or program].result
    found = {re.sub(r"^socket \d+$", "socket", name): n for name, n in hops(result).items()}
    folders = max(1, len(ARGUMENTS.get(program, ())))  # each gets the whole log
    assert found == dict.fromkeys(names, folders * LINES), result["told"]
    assert (result["agree"], result["differs_at"], result["failure"]) == (True, None, [])
    assert result["exit"] == 0
    assert result.get("count", {"right": True})["right"], result["count"]
    if program == "words_in_files.py":
        assert "/user/maria_dev/in is kept in" in result["told"]
        assert result["told"].count("the lines go into ") == folders


def test_the_page_draws_the_charts_of_a_query_of_the_users_own(runs: Runs) -> None:
    files = runs["hdfs_and_spark.conf"].files
    configured = replace(settings.load(), state=files.lab.state.parent)
    sampler = Sampler(LocalPlaces(configured).own, lambda state: None)
    samples = [sampler.sample() for _ in range(2)]
    (query,) = samples[-1].queries
    assert query.name == "hosts"
    drawn = sampler.history_json()["values"]
    assert drawn["rows:hosts"] == [query.rows] * 2
    assert drawn["duration:hosts"] == [query.duration] * 2
    assert drawn["state:hosts"] == [query.state_rows] * 2
    hosts = {line.split(" ")[0] for line in EXCERPT.decode().splitlines()}
    assert query.state_rows == len(hosts)
    assert {hop.id: hop.lines for hop in samples[-1].hops}["query:hosts"] == LINES


def test_what_is_not_here_is_replaced_and_told_once(runs: Runs) -> None:
    ran = runs["replaced"]
    result = ran.result
    assert hops(result) == dict.fromkeys(STREAMS, LINES), result["told"]
    printed = result["count"]["printed"]
    assert result["count"]["right"], result["count"]["differences"]
    assert sum(printed.values()) <= LINES
    assert "agent.sources.r1.spoolDir: /var/log/apache/flumeSpool does not exist" in result["told"]
    assert "agent.channels.c1.checkpointDir: the conf names none" in result["told"]
    assert "sandbox-hdp.hortonworks.com is not this machine" in result["told"]
    assert ran.output.count("flumelab: master yarn is not available") == 1
    assert ran.output.count("/user/maria_dev/checkpoint is kept in") == 1


def test_a_filter_that_drops_lines_is_the_hop_at_which_they_differ(runs: Runs) -> None:
    result = runs["filter"].result
    assert hops(result) == dict(zip(STREAMS, [100, 100, 70, 70, 70, 70], strict=True))
    assert (result["agree"], result["differs_at"], result["exit"]) == (False, "channel c1", 1)


def test_a_filter_that_drops_everything_is_a_sign_with_its_numbers(runs: Runs) -> None:
    result = runs["drops"].result
    assert result["exit"] == 1
    (sign,) = result["signs"]
    assert (sign["sign"], sign["level"]) == ("all-dropped", "loss")
    assert "accepted 100 events, passed on 0 to channel c1" in sign["fact"]
    assert result["told"].count(sign["fact"]) == 1


def test_a_stop_that_interrupts_the_planning_of_a_batch_is_no_failure_of_the_program(
    runs: Runs,
) -> None:
    """Each second a batch is planned by a job of 3 s.

    The stop waits until a plan is made, and then interrupts the thread that plans. That thread has
    nearly always begun the next plan by then, and the program gets the error; but it need not have.
    """
    ran = runs["drops"]
    interrupted = "java.lang.InterruptedException" in ran.output
    assert ran.result["failure"] == []
    told = "the stop interrupted a batch that Spark was planning" in ran.result["told"]
    assert told == interrupted


def test_a_program_that_fails_names_its_own_file_and_line(runs: Runs) -> None:
    ran = runs["fails"]
    assert ran.result["exit"] == 1
    failure = ran.result["failure"]
    assert ran.result["signs"] == []  # it has not ended early, but failed
    said = f"{ran.files.program}, line 8, in <lambda>: IndexError: list index out of range"
    assert failure[0] == said
    told = ran.result["told"]
    assert told.count(said) == 1
    assert "Traceback" not in told and "\tat " not in told
    assert "ended-early" not in [sign["sign"] for sign in ran.result["signs"]]
    assert "awaitTermination() after" not in ran.output


def test_of_files_that_flume_is_still_writing_as_many_lines_are_shown_as_spark_has_read(
    runs: Runs,
) -> None:
    """Spark reads a file once, when it sees it: how much is in it by then, is a matter of luck."""
    ran = runs["rolled"]
    counted = sum(map(int, re.findall(r"\('lines', (\d+)\)", ran.output)))
    found = hops(ran.result)
    assert list(found) == ROLLED
    *before, read = found.values()
    assert before == [LINES] * 4
    assert read == counted
    assert ran.result["agree"] == (read == LINES)


# --- runs that are ended from outside -------------------------------------------------------------


PHASES = {
    "starting": ("spool.conf", "starting Spark", signal.SIGTERM),
    "feeding": ("netcat.conf", "feeding ", signal.SIGINT),
    "waiting": ("filter.conf", "feeding ", signal.SIGTERM),
    "stopping": ("spool.conf", "stopping Flume", signal.SIGINT),
}
"""The conf, what the run says in the phase, and the signal. A filter's hops never agree, so the run
waits for seconds; a netcat source takes its time for a long log."""


@dataclass
class Ended:
    """A run that a signal has ended; `left`: its processes that were still there."""

    code: int
    left: list[str]
    output: str

    @property
    def hops(self) -> dict[str, int | None]:
        return hops(json.loads(self.output))


@pytest.fixture(scope="module")
def ended(
    tmp_path_factory: pytest.TempPathFactory, pool: ThreadPoolExecutor
) -> dict[str, Future[Ended]]:
    return {phase: pool.submit(ended_in, phase, tmp_path_factory.mktemp(phase)) for phase in PHASES}


def ended_in(phase: str, folder: Path) -> Ended:
    conf, until, number = PHASES[phase]
    files = OwnFiles(folder, "headers.py", conf)
    if phase == "feeding":
        files.log.write_bytes(EXCERPT * COPIES * 40)
    if phase == "waiting":
        files.log.write_bytes(b"no digit first\n" * 30 + b"1.2.3.4 - -\n" * 70)
    run = started(files, until)
    if phase == "waiting":
        state = OwnState(files.lab.state.parent / "own")
        wait_for(lambda: state.read_progress().get("stored"), "Spark has stored events")
        assert run.stderr
        run.stderr.close()  # as when a terminal is closed: what the run says, nobody reads
    run.send_signal(number)
    output, _ = run.communicate(timeout=ENDED_SECONDS_MAX)
    return Ended(run.returncode, left_of(files), output)


def started(files: OwnFiles, until: str) -> subprocess.Popen[str]:
    """Start a run, and return it once it says something."""
    command = [sys.executable, "-m", "flumelab", "run", "--runtime", "local", *files.given]
    process = subprocess.Popen(
        [*command, "--input", str(files.log), "--json", str(files.program)],
        env=files.lab.environment, cwd=ROOT, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr
    assert any(until in line for line in process.stderr)
    return process


def left_of(files: OwnFiles) -> list[str]:
    state = files.lab.state.parent / "own"
    left = []
    for each in files.lab.processes_of(str(state)):
        with suppress(psutil.Error):  # it ends at this moment
            if not has_ended(each):
                left.append(" ".join(each.cmdline())[:60])
    return left


@pytest.mark.parametrize("phase", PHASES)
def test_a_signal_ends_a_run_in_each_phase_with_its_code_and_leaves_no_process(
    ended: dict[str, Future[Ended]], phase: str
) -> None:
    result = ended[phase].result()
    assert result.code == 128 + PHASES[phase][2]
    assert result.left == []


def test_what_spark_has_stored_before_a_signal_is_still_counted(
    ended: dict[str, Future[Ended]],
) -> None:
    waiting = ended["waiting"].result()
    assert json.loads(waiting.output)["interrupted"]
    assert waiting.hops["Spark stored"] == waiting.hops["Spark counted"] == 70
    assert ended["stopping"].result().hops == dict.fromkeys(STREAMS, LINES)
    assert ended["starting"].result().output == ""  # no number was counted yet


def test_the_processes_of_a_run_that_is_killed_end_too(tmp_path: Path) -> None:
    files = OwnFiles(tmp_path, "headers.py", "spool.conf")
    run = started(files, "starting Spark")
    wait_for(lambda: left_of(files), "Spark runs")
    run.kill()
    run.wait()
    wait_for(lambda: not left_of(files), "what it has started has ended")
