"""The code blocks of the pages on Structured Streaming are run, as they stand there."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark_flume.landing import Landing

from tests.support.avro_client import OK, AvroClient, append_batch, handshake, lines
from tests.support.spark import ROOT, CourseProgram, Program, accepts, environment, free_port
from tests.support.spark_sink import SparkSinkStandIn

DOCS = ROOT / "docs"
# In the order in which their Python blocks build on each other.
PAGES = [
    "tutorial/first-query.md",
    "how-to/run-a-receiver.md",
    "how-to/count-each-line-once.md",
    "how-to/fetch-from-agents.md",
    "how-to/monitoring.md",
]
# Pages with blocks that no test runs, and why.
NOT_RUN = {
    "flumelint.md": "run by tests/unit/flumelint/test_pages.py",
    "how-to/classroom.md": "run by tests/unit/flumelab/classroom/test_classroom.py",
    "how-to/experiments.md": "run by tests/faults/test_experiments.py",
    "how-to/follow-a-growing-log.md": "run by tests/integration/test_local_growing_log.py",
    "how-to/join-lines.md": "keys of a conf; run by tests/integration/test_stack_traces_conf.py",
    "how-to/live-page.md": "its commands are those of tests/browser/test_page.py and test_top.py",
    "how-to/move-from-flumeutils.md": "run by tests/integration/test_structured_source.py",
    "how-to/notebooks.md": "needs Docker; test_notebooks.py runs the cells",
    "how-to/offline.md": "run by tests/integration/test_bundle.py",
    "how-to/prometheus.md": "run by tests/docker/test_structured.py and test_prometheus_files.py",
    "how-to/run-your-own.md": "run by tests/integration/test_own_programs.py",
    "how-to/spark-connect.md": "run by tests/integration/test_connect.py",
    "how-to/yarn.md": "its commands are those of tools/yarn, which make yarn runs",
    "how-to/without-a-checkout.md": "its first command is run by tests/integration/test_wheel.py",
    "how-to/test-a-pipeline.md": "its test is one of test_examples.py",
    "reference/exercises.md": "its command is run by tests/integration/test_learn.py",
    "tutorial/exactly-once.md": "its faults are those of make faults; its sequence is not run",
    "tutorial/exercises.md": "run by tests/integration/test_learn.py",
    "tutorial/first-count.md": "its commands are those of test_readme.py and test_local_lab.py",
    "lessons.md": "its programs are run by tests/integration/test_lessons.py",
    "reference/dstreams.md": "signatures; test_import_hook.py compares them",
    "reference/flume-components.md": "messages; run by tests/integration/test_flume_ng_script.py",
    "reference/structured-streaming.md": "its schema is read by test_structured_source.py",
    "reference/page-api.md": "both addresses are read by test_page_server.py",
    "reference/landing-log.md": "the commands of how-to/monitoring.md",
}
PAGE = "\n".join((DOCS / page).read_text() for page in PAGES)
LOG = CourseProgram.LOG.read_bytes().splitlines()
URLS = Counter(line.split()[6].decode() for line in LOG)
SMALL = "--master local[2] --conf spark.ui.enabled=false pyspark-shell"
ROWS_SHOWN = 20  # by Spark's console sink
# Runs a block for each line of its input, so that the test can send in between.
SHELL = "import sys\nfor line in sys.stdin: exec(eval(line), globals()); print('done', flush=True)"


def blocks(language: str, folder: Path, port: int) -> list[str]:
    """The pages' blocks of a language, with folder and port in place of theirs."""
    found = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return [block.replace("/tmp/", f"{folder}/").replace("4141", str(port)) for block in found]  # noqa: S108


def command(beginning: str, folder: Path, port: int) -> list[str]:
    """The pages' command that begins so."""
    found = [
        line
        for block in blocks("sh", folder, port)
        for line in block.splitlines()
        if line.startswith(beginning)
    ]
    return [sys.executable, *shlex.split(found[0])[1:]]


def send(port: int) -> None:
    """The excerpt of an access log, as a sink sends it."""
    with AvroClient(port) as client:
        assert client.call(handshake()) == b"\0\0\0\0"
        assert client.call(append_batch(lines(*LOG))) == OK


class Page(Program):
    """A Python that runs the pages' blocks one by one."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.program, *self.others = blocks("python", directory, self.port)
        super().__init__(
            [sys.executable, "-c", SHELL],
            directory,
            environment(PYSPARK_SUBMIT_ARGS=SMALL),
        )
        self._done = 0

    def run(self, block: str) -> str:
        """Run a block and return what it prints."""
        assert self.process.stdin
        before = len(self.printed())
        self.process.stdin.write(f"{block!r}\n".encode())
        self.process.stdin.flush()
        self._done += 1
        self.wait_for(lambda: self.printed().count("done\n") == self._done, f"{block} has run")
        return self.printed()[before:].removesuffix("done\n")

    def printed(self) -> str:
        return self.stdout.read_text()

    def counts(self) -> dict[str, int]:
        """The rows of the last table on the console."""
        table = self.printed().rpartition("|url")[2]
        rows = re.findall(r"^\|(\S+) *\|(\d+) *\|$", table, re.MULTILINE)
        return {url: int(count) for url, count in rows}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The quick start, up and fed with an access log."""
    page = Page(tmp_path_factory.mktemp("page"))
    try:
        page.run(page.program.replace("query.awaitTermination()\n", ""))
        page.wait_for(lambda: accepts(page.port), "the query listens")
        send(page.port)
        yield page
    finally:
        page.kill()


def test_the_quick_start_counts_what_a_sink_sends(page: Page) -> None:
    page.wait_for(lambda: len(page.counts()) == ROWS_SHOWN, "the query prints counts")

    printed = page.counts()
    assert printed.items() <= URLS.items()
    assert list(printed.values()) == [count for _, count in URLS.most_common(ROWS_SHOWN)]


def test_a_second_query_stores_each_batch_in_a_folder_of_its_own(page: Page) -> None:
    for block in page.others[:-1]:
        page.run(block)
    folders = page.directory / "lines"

    page.wait_for(lambda: list(folders.glob("batch=0/_SUCCESS")), f"{folders} has a batch")

    assert page.run(f"print(spark.read.parquet('{folders}').count())\n") == f"{len(LOG)}\n"


def test_the_lag_is_printed(page: Page) -> None:
    page.wait_for(page.counts, "the query prints counts")

    assert re.fullmatch(
        r"0 events behind, \d+ in the last micro-batch\n", page.run(page.others[-1])
    )


@pytest.mark.parametrize("name", ["ls", "verify", "cat"])
def test_the_commands_show_the_log(page: Page, name: str) -> None:
    look = command(f"python -m pyspark_flume.landing {name}", page.directory, page.port)

    done = subprocess.run(look, capture_output=True, text=True, check=True, timeout=30)

    if name == "cat":
        bodies = [json.loads(line)["body"].encode() for line in done.stdout.splitlines()]
        assert bodies == LOG[:3]


def test_a_receiver_of_its_own_takes_events_in(tmp_path: Path) -> None:
    port = free_port()
    receiver = Program(
        command("python -m pyspark_flume.receiver", tmp_path, port), tmp_path, environment()
    )
    try:
        receiver.wait_for(lambda: accepts(port), "it listens")
        send(port)
        receiver.process.send_signal(signal.SIGTERM)
        assert receiver.process.wait(30) == 0
    finally:
        receiver.kill()


def test_a_poller_of_its_own_fetches_events(tmp_path: Path) -> None:
    with SparkSinkStandIn(lines(*LOG)) as one, SparkSinkStandIn(lines(*LOG)) as two:
        agents = f"127.0.0.1:{one.port},127.0.0.1:{two.port}"
        given = command("python -m pyspark_flume.poller", tmp_path, 0)
        poller = Program(
            [agents if each == "flume1:4000,flume2:4000" else each for each in given],
            tmp_path,
            environment(),
        )
        try:
            poller.wait_for(lambda: one.drained and two.drained, "all is acknowledged")
            poller.process.send_signal(signal.SIGTERM)
            assert poller.process.wait(30) == 0
        finally:
            poller.kill()
    assert Landing(tmp_path / "landing").latest() == 2 * len(LOG)


def test_every_page_with_code_is_run_or_says_why_not() -> None:
    with_code = {
        str(path.relative_to(DOCS))
        for path in DOCS.rglob("*.md")
        if re.search(r"^```(python|sh|properties)$", path.read_text(), re.MULTILINE)
    }
    assert with_code == {*PAGES, *NOT_RUN}


def test_the_conf_and_the_program_name_the_same_port_and_folder() -> None:
    conf, plugin, *_ = re.findall(r"^```properties\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    keys = dict(re.findall(r"^(\S+)\s*=\s*(.*)$", conf + plugin, re.MULTILINE))

    assert f'.option("port", {keys["a1.sinks.spark.port"]})' in PAGE
    assert f"mv access.log {keys['a1.sources.files.spoolDir']}/" in PAGE
    java = keys["a1.sources.files.deserializer"].removesuffix("$Builder").replace(".", "/")
    assert (ROOT / "connector/java/flume-plugins/src/main/java" / f"{java}.java").exists()
