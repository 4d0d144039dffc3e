"""Run a program of spark-apps/ by its own functions, in a Spark that is already running.

It needs nothing but what the lab's Spark image has, because tests/docker runs it there as well.
"""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from pyspark.sql import SparkSession
from pyspark_flume.events.record import encode_event
from pyspark_flume.ingest.line_identity import identify
from pyspark_flume.landing import LandingWriter

from flumelab.counts import MALFORMED
from flumelab.lessons import catalogue
from flumelab.lessons.catalogue import Input, Lesson
from flumelab.programs import lab
from flumelab.programs.result_store import ResultStore
from loadgen.expected import expected
from loadgen.ledger import read
from tests.support.avro_client import OK, AvroClient, append_batch, handshake
from tests.support.ports import free_port
from tests.support.waiting import accepts, wait_for

ROOT = Path(__file__).parents[2]
# Lessons with servers or with two programs have their own tests.
LESSONS = {
    lesson.name: lesson
    for lesson in catalogue.LESSONS.values()
    if not (lesson.name in catalogue.LAB_LESSONS or len(lesson.programs) > 1 or lesson.servers)
}
# Each has its own test in test_lessons.py. `make lessons` sets this to "all".
CHOSEN = os.environ.get("LAB_LESSONS", "")
LINES = 2_000
BATCH = 500
SECONDS_MAX = 60


def chosen(names: Iterable[str], short: str) -> list[str]:
    """Return those of `short`, or those that LAB_LESSONS names; "all" means each of `names`."""
    all_names = list(names)
    named = all_names if CHOSEN == "all" else (CHOSEN or short).split()
    if not CHOSEN:
        assert set(named) <= set(all_names), f"no such lesson: {set(named) - set(all_names)}"
    return [name for name in all_names if name in named]


def program(name: str) -> ModuleType:
    path = ROOT / "spark-apps" / name
    spec = importlib.util.spec_from_file_location(f"lesson_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class LessonInput:
    """A lesson's input and result store in a folder of its own.

    :param first: events before the generator's, which the program must count as malformed
    """

    def __init__(self, lesson: Lesson, folder: Path, first: Sequence[bytes] = ()) -> None:
        self.lesson, self.folder, self.first = lesson, folder, first
        self.store = ResultStore(f"sqlite:///{folder}/results.db")

    def land(self) -> None:
        """Generate the input, and put it into the landing log."""
        self.generate()
        with LandingWriter.open(self.folder / "landing", identify) as log:
            for batch in self._batches():
                log.append(b"".join(batch), len(batch), [])
            log.commit()

    def truth(self) -> dict[str, int]:
        """Return the right answer, computed from the ledger."""
        given = self.lesson.answer.options
        options = {
            name.removeprefix("--"): int(value)
            for name, value in zip(given[::2], given[1::2], strict=True)
        }
        keys = self.lesson.answer.rows(
            expected(read(self.folder / "ledger"), self.lesson.scenario, **options)
        )
        assert keys[MALFORMED] > 0
        return keys | {MALFORMED: keys[MALFORMED] + len(self.first)}

    def found(self) -> dict[str, int]:
        """Return what is in the result store."""
        return self.store.counts().by_key()

    def generate(self, *to: str) -> None:
        """Run the generator into the spool folder, or to another place."""
        (self.folder / "spool").mkdir()
        places = ["--spool", str(self.folder / "spool"), "--ledger", str(self.folder / "ledger")]
        options = ["--scenario", self.lesson.scenario, "--lines", str(LINES), "--malformed", "0.01"]
        command = [sys.executable, "-m", "loadgen", *places, *options, *to]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)

    def _batches(self) -> list[list[bytes]]:
        spool = sorted((self.folder / "spool").iterdir())
        lines = b"".join(file.read_bytes() for file in spool).splitlines()
        events = [encode_event({}, line) for line in lines]
        events = [*self.first, *events]
        return [events[at : at + BATCH] for at in range(0, len(events), BATCH)]


class LessonInProcess(LessonInput):
    """A lesson's program with its own store, checkpoint and input."""

    def __init__(
        self, lesson: Lesson, folder: Path, session: SparkSession, first: Sequence[bytes] = ()
    ) -> None:
        super().__init__(lesson, folder, first)
        self.session = session
        self.port = free_port()
        self.store.create()
        self._set_places()
        self.module = program(self.lesson.program.file)

    def run(
        self, until: Callable[[], bool] = lambda: True
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Return what the program has found, right or not after `SECONDS_MAX`, and the truth.

        :param until: wait for this as well, where the program is a query
        """
        is_query = self.lesson.program.reads in (Input.LANDING, Input.FILES)
        return self.query(until) if is_query else self.stream()

    def query(
        self, until: Callable[[], bool] = lambda: True
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Run a program of Structured Streaming."""
        self.land()
        self.start()
        try:
            wait_for(until, "the program has printed its last line", SECONDS_MAX)
            return self._answer(self.truth())
        finally:
            for query in self.session.streams.active:
                query.stop()

    def stream(self) -> tuple[dict[str, int], dict[str, int]]:
        """Run it as a DStream program."""
        self.module.SparkContext = lambda appName: self.session.sparkContext  # noqa: N803
        stream = self.start()
        stream.checkpoint(lab.CHECKPOINT)
        stream.start()
        try:
            self._send()
            return self._answer(self.truth())
        finally:
            stream.stop(stopSparkContext=False, stopGraceFully=False)

    @property
    def start(self) -> Callable[[], Any]:
        """The function that the program gives to the lab: it makes the streams, or the queries."""
        program = Path(self.module.__file__ or "").read_text("utf-8")
        [name] = re.findall(r"^    lab\.run_(?:streams|queries)\((\w+)", program, re.MULTILINE)
        function: Callable[[], Any] = getattr(self.module, name)
        return function

    def _set_places(self) -> None:
        lab.store = self.store
        lab.CHECKPOINT = str(self.folder / "checkpoint")
        lab.LANDING, lab.SPOOL = str(self.folder / "landing"), str(self.folder / "spool")
        lab.HOST, lab.PORT = "127.0.0.1", self.port

    def _send(self) -> None:
        if self.lesson.program.reads is Input.SOCKET:
            self.generate("--to", f"tcp://127.0.0.1:{self.port}")
            return
        self.generate()
        wait_for(lambda: accepts(self.port), "the receiver listens")
        with AvroClient(self.port) as client:
            assert client.call(handshake()) == b"\0\0\0\0"
            for batch in self._batches():
                assert client.call(append_batch(batch)) == OK

    def _answer(self, wanted: dict[str, int]) -> tuple[dict[str, int], dict[str, int]]:
        with suppress(AssertionError):
            wait_for(lambda: self.found() == wanted, "the store is right", SECONDS_MAX)
        return self.found(), wanted
