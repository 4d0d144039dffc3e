"""A program of spark-apps/, by its own functions, in a Spark that is there already.

Needs nothing that the lab's image of Spark has not: tests/docker runs it there as well.
"""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from pyspark.sql import SparkSession
from pyspark_flume.events.record import encode_event
from pyspark_flume.ingest.line_identity import identify
from pyspark_flume.landing import LandingWriter

from flumelab.counts import MALFORMED
from flumelab.lessons import catalogue as apps
from flumelab.lessons.catalogue import App
from flumelab.programs.result_store import ResultStore
from loadgen.expected import expected
from loadgen.ledger import read
from tests.support.avro_client import OK, AvroClient, append_batch, handshake
from tests.support.ports import free_port
from tests.support.waiting import accepts, wait_for

ROOT = Path(__file__).parents[2]
# Those with servers, or two programs, have tests of their own.
LESSONS = {
    app.name: app
    for app in apps.APPS.values()
    if not (app.name in apps.LAB or app.second or app.servers)
}
LINES = 2_000
BATCH = 500
SECONDS_MAX = 60


def program(name: str) -> ModuleType:
    path = ROOT / "spark-apps" / name
    spec = importlib.util.spec_from_file_location(f"lesson_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Lesson:
    """A program with a store, a checkpoint and input of its own.

    :param first: events that come before the generator's, to be taken for malformed
    """

    def __init__(
        self, app: App, folder: Path, session: SparkSession, first: Sequence[bytes] = ()
    ) -> None:
        self.app, self.folder, self.session, self.first = app, folder, session, first
        self.port = free_port()
        self.store = ResultStore(f"sqlite:///{folder}/results.db")
        self.store.create()
        self.module = self._module()

    def run(self) -> tuple[dict[str, int], dict[str, int]]:
        """What the program has found, right or not after `SECONDS_MAX`, and the truth."""
        is_query = self.app.lands or self.app.source == "files"
        return self.query() if is_query else self.stream()

    def query(self) -> tuple[dict[str, int], dict[str, int]]:
        """In Structured Streaming."""
        self._land()
        self.count(self.session)
        try:
            return self._answer(self.truth())
        finally:
            for query in self.session.streams.active:
                query.stop()

    def stream(self) -> tuple[dict[str, int], dict[str, int]]:
        """In DStreams."""
        self.module.SparkContext = lambda appName: self.session.sparkContext  # noqa: N803
        stream = self.count()
        stream.start()
        try:
            self._send()
            return self._answer(self.truth())
        finally:
            stream.stop(stopSparkContext=False, stopGraceFully=False)

    def truth(self) -> dict[str, int]:
        """By the ledger."""
        given = self.app.answer.options
        options = {
            name.removeprefix("--"): int(value)
            for name, value in zip(given[::2], given[1::2], strict=True)
        }
        keys = self.app.answer.keys(
            expected(read(self.folder / "ledger"), self.app.scenario, **options)
        )
        assert keys[MALFORMED] > 0
        return keys | {MALFORMED: keys[MALFORMED] + len(self.first)}

    @property
    def count(self) -> Callable[..., Any]:
        """The function that the program's last block begins with."""
        main = Path(self.module.__file__ or "").read_text("utf-8").partition("__main__")[2]
        call = r"CHECKPOINT, (\w+)\)|ssc = (\w+)\(\)|^    (\w+)\(spark\)"
        name = re.search(call, main, re.MULTILINE)
        assert name and name.lastindex
        function: Callable[..., Any] = getattr(self.module, name[name.lastindex])
        return function

    def _module(self) -> ModuleType:
        module = program(self.app.program)
        module.RESULTS = self.store
        module.CHECKPOINT = str(self.folder / "checkpoint")
        module.LANDING, module.FOLDER = str(self.folder / "landing"), str(self.folder / "spool")
        module.HOST, module.PORT = "127.0.0.1", self.port
        return module

    def _generate(self, *to: str) -> None:
        (self.folder / "spool").mkdir()
        places = ["--spool", str(self.folder / "spool"), "--ledger", str(self.folder / "ledger")]
        options = ["--scenario", self.app.scenario, "--lines", str(LINES), "--malformed", "0.01"]
        command = [sys.executable, "-m", "loadgen", *places, *options, *to]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)

    def _batches(self) -> list[list[bytes]]:
        spool = sorted((self.folder / "spool").iterdir())
        lines = b"".join(file.read_bytes() for file in spool).splitlines()
        events = [encode_event({}, line) for line in lines]
        events = [*self.first, *events]
        return [events[at : at + BATCH] for at in range(0, len(events), BATCH)]

    def _land(self) -> None:
        self._generate()
        with LandingWriter.open(self.folder / "landing", identify) as log:
            for batch in self._batches():
                log.append(b"".join(batch), len(batch), [])
            log.commit()

    def _send(self) -> None:
        if self.app.source == "socket":
            self._generate("--to", f"tcp://127.0.0.1:{self.port}")
            return
        self._generate()
        wait_for(lambda: accepts(self.port), "the receiver listens")
        with AvroClient(self.port) as client:
            assert client.call(handshake()) == b"\0\0\0\0"
            for batch in self._batches():
                assert client.call(append_batch(batch)) == OK

    def _found(self) -> dict[str, int]:
        counts = self.store.counts()
        return counts.urls | ({MALFORMED: counts.malformed} if counts.malformed else {})

    def _answer(self, wanted: dict[str, int]) -> tuple[dict[str, int], dict[str, int]]:
        with suppress(AssertionError):
            wait_for(lambda: self._found() == wanted, "the store is right", SECONDS_MAX)
        return self._found(), wanted
