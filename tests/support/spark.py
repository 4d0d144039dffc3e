"""Processes that run Spark: start them, wait for them, end them, and read what they delivered."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from pyspark import __version__ as spark_version
from pyspark_flume.events.record import encode_event

from flumelab.runtimes import class_data_sharing
from flumelab.runtimes.local_build import CLASS_ARCHIVE
from flumelab.runtimes.processes import kill, wait_until_ended
from tests.support.avro_client import OK, AvroClient, append, append_batch, handshake, lines
from tests.support.ports import free_port
from tests.support.waiting import DEADLINE_SECONDS, T, accepts, wait_for

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "tests" / "integration" / "programs"
BUILT_JAR = ROOT / "connector" / "java" / "receiver" / "target" / "pyspark-flume-receiver.jar"
STALL_SECONDS = 2
registered_anew = pytest.mark.skipif(
    spark_version.startswith("4.0"), reason="from Spark 4.1 on a name may be registered again"
)
QUICK_JVM = f"{class_data_sharing.QUICK_JVM} {class_data_sharing.java_options(CLASS_ARCHIVE)}"


def environment(python: Path = Path(sys.executable), **more: str) -> dict[str, str]:
    """Return the environment of a user's shell in which that Python's environment is active."""
    mine = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SPARK_", "PYSPARK_", "PYTHONPATH"))
    }
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    quick = {"SPARK_LAUNCHER_OPTS": class_data_sharing.QUICK_JVM, "SPARK_SUBMIT_OPTS": QUICK_JVM}
    return {**mine, **quick, "PATH": path, "SPARK_LOCAL_IP": "127.0.0.1", **more}


def streaming_tab(ui_port: int) -> Callable[[str], Any]:
    """Return a function that asks the Spark UI on that port for a part of its Streaming tab."""
    api = f"http://127.0.0.1:{ui_port}/api/v1/applications"

    def get(url: str) -> Any:
        answer = requests.get(url, timeout=20)
        answer.raise_for_status()
        return answer.json()

    (application,) = get(api)
    return lambda part: get(f"{api}/{application['id']}/streaming/{part}")


class Program:
    """A process of one test; its output and its log go to files."""

    def __init__(self, command: list[str], directory: Path, env: dict[str, str]) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.stdout, self.stderr = directory / "stdout", directory / "stderr"
        with self.stdout.open("wb") as out, self.stderr.open("wb") as err:
            self.process = subprocess.Popen(
                command, cwd=directory, env=env, stdin=subprocess.PIPE, stdout=out, stderr=err
            )

    def log_lines(self, *texts: str) -> list[str]:
        """Return the lines of its log that contain all `texts`."""
        log = self.stderr.read_text("utf-8", "replace")
        return [line for line in log.splitlines() if all(text in line for text in texts)]

    def wait_for_log(self, *texts: str) -> str:
        """Wait for a log line that contains all `texts`, and return the first one."""
        return self.wait_for(lambda: self.log_lines(*texts), f"{texts} in {self.stderr}")[0]

    def wait_for(self, what: Callable[[], T], claim: str) -> T:
        def unless_ended() -> T:
            value = what()
            if not value and self.process.poll() is not None:
                pytest.fail(f"{self.process.args} ended, see {self.stderr}; before: {claim}")
            return value

        return wait_for(unless_ended, claim)

    def jvm(self) -> psutil.Process:
        family = psutil.Process(self.process.pid).children(recursive=True)
        return next(p for p in family if p.name() == "java")

    def stop(self, command: str = "") -> None:
        """End it by closing its input; after a line "stop" it ends gracefully."""
        self.process.communicate(command.encode(), timeout=DEADLINE_SECONDS)

    def kill(self) -> None:
        """Kill it and its children, parents first, so that no child is started again."""
        if self.process.poll() is None:
            process = psutil.Process(self.process.pid)
            family = [process, *process.children(recursive=True)]
            kill(family)
            wait_until_ended(family[1:], DEADLINE_SECONDS)
        self.process.communicate()


class RecordedSpark(Program):
    """A Spark whose streams are recorded by programs/record_events.py; as one stream if `union`.

    A stream with ``addresses`` polls these, with ``options`` if there are any; the others listen.
    `job` has further settings of that program.
    """

    def __init__(
        self,
        directory: Path,
        master: str,
        streams: list[dict[str, Any]],
        union: bool = False,
        conf: dict[str, str] | None = None,
        **job: Any,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.output = directory / "events.jsonl"
        self.output.touch()
        self._taken = [0] * len(streams)
        self.streams = [
            {"host": "127.0.0.1", "port": 0, "decompress": False, "decoder": "utf8", **stream}
            for stream in streams
        ]
        for stream in self.streams:
            stream["port"] = stream["port"] or free_port()
        job |= {
            "master": master,
            "output": str(self.output),
            "conf": {
                "spark.ui.enabled": "false",
                "spark.ui.showConsoleProgress": "false",
                "spark.python.unix.domain.socket.enabled": "true",
                "spark.flume.stallTimeout": f"{STALL_SECONDS}s",
                **(conf or {}),
            },
            "streams": self.streams,
            "union": union,
        }
        super().__init__(
            [sys.executable, str(PROGRAMS / "record_events.py"), json.dumps(job)],
            directory,
            environment(PYTHONPATH=str(ROOT)),
        )

    def port(self, stream: int = 0) -> int:
        return int(self.streams[stream]["port"])

    def client(self, stream: int = 0) -> AvroClient:
        return AvroClient(self.port(stream), compress=self.streams[stream]["decompress"])

    def wait_until_listening(self, stream: int = 0) -> None:
        self.wait_for(lambda: accepts(self.port(stream)), f"stream {stream} listens")

    def batches(self, stream: int = 0) -> list[dict[str, Any]]:
        written = self.output.read_text("utf-8").split("\n")[:-1]
        return [batch for batch in map(json.loads, written) if batch["stream"] == stream]

    def take(self, stream: int = 0) -> list[dict[str, Any]]:
        """Return the batches since the last call, once they have all that was answered OK."""
        mark = {"mark": uuid.uuid4().hex}
        with self.client(stream) as client:
            assert client.call(handshake() + append(encode_event(mark, b""))).endswith(OK)
        marked = [mark, ""]

        def whole() -> list[dict[str, Any]]:
            new = self.batches(stream)[self._taken[stream] :]
            return new if any(marked in batch["events"] for batch in new) else []

        batches = self.wait_for(whole, f"stream {stream} delivers its events")
        self._taken[stream] += len(batches)
        for batch in batches:
            if marked in batch["events"]:
                batch["events"].remove(marked)
        return batches

    def take_events(self, stream: int = 0) -> list[list[Any]]:
        """Return ``[headers, decoded body]`` of each event since the last call, in order."""
        return [event for batch in self.take(stream) for event in batch["events"]]


class Sparks:
    """Starts a `RecordedSpark` in a folder of its own; all end together."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[RecordedSpark] = []

    def __call__(self, master: str, *streams: dict[str, Any], **options: Any) -> RecordedSpark:
        folder = self._folder / f"spark-{len(self._started)}"
        self._started.append(RecordedSpark(folder, master, list(streams), **options))
        return self._started[-1]

    def __enter__(self) -> Sparks:
        return self

    def __exit__(self, *_: object) -> None:
        for spark in self._started:
            spark.kill()


class CourseProgram(Program):
    """programs/course_….py, started by ``spark-submit`` with few flags or none."""

    LOG = ROOT / "tests" / "data" / "access_excerpt.log"

    def __init__(
        self,
        directory: Path,
        env: dict[str, str],
        *flags: str,
        name: str = "course_url_counts.py",
        port: int = 0,
    ) -> None:
        self.port = port or free_port()
        program = str(PROGRAMS / name)
        checkpoint = str(directory / "checkpoint")
        super().__init__(
            ["spark-submit", *flags, program, str(self.port), checkpoint], directory, env
        )

    def __enter__(self) -> CourseProgram:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def feed_the_excerpt(self) -> None:
        """Send the log like Flume's sink, in batches of ten lines."""
        self.wait_for(lambda: accepts(self.port), "the receiver listens")
        log = self.LOG.read_bytes().splitlines()
        with AvroClient(self.port) as client:
            assert client.call(handshake()) == b"\0\0\0\0"
            for i in range(0, len(log), 10):
                assert client.call(append_batch(lines(*log[i : i + 10]))) == OK

    def wait_for_the_right_counts(self) -> None:
        """Wait until the counts that the program prints are those of the log."""
        requests = (line.split(b'"')[1].decode() for line in self.LOG.read_bytes().splitlines())
        expected = Counter(request.split()[1] for request in requests)
        self.wait_for(
            lambda: self.printed_counts() == expected,
            f"{self.stdout} ends with the counts {dict(expected)}",
        )

    def printed_counts(self) -> dict[str, int]:
        """Return the last batch that was printed whole: pprint ends each with an empty line."""
        heading = re.compile(r"-{43}\nTime: .*\n-{43}\n")
        batches = heading.split(self.stdout.read_text("utf-8"))[1:]
        whole = [batch for batch in batches if batch.endswith("\n\n")]
        return dict(map(ast.literal_eval, whole[-1].split("\n")[:-2])) if whole else {}
