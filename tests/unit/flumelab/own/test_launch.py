"""What the driver reports of a user's program, without a Spark that runs."""

import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("pyspark.streaming.flume", reason="needs the connector installed in PySpark")

from flumelab.own import launch, program_paths
from flumelab.own.adapt import Folders
from flumelab.own.failure import explain
from flumelab.own.progress import Progress


class Stream:
    """An input stream with a receiver."""

    def id(self) -> int:
        return 0


class Streams:
    """A context whose listener has counted so many; None: its Java is gone."""

    def __init__(self, counts: tuple[int, int] | None) -> None:
        self.counts = counts
        listener = SimpleNamespace(
            numTotalReceivedRecords=lambda: self._count(0),
            numTotalProcessedRecords=lambda: self._count(1),
        )
        graph = SimpleNamespace(
            getReceiverInputStreams=lambda: [Stream()],
            getInputStreams=lambda: [Stream()],
            batchDuration=lambda: SimpleNamespace(milliseconds=lambda: 1000),
        )
        scala = SimpleNamespace(progressListener=lambda: listener, graph=lambda: graph)
        self._jssc = SimpleNamespace(ssc=lambda: scala)

    def _count(self, which: int) -> int:
        if not self.counts:
            raise ConnectionError("no Java")
        return self.counts[which]


@pytest.fixture
def active(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The context that is active is the last one."""
    contexts: list[Any] = [None]
    module = "flumelab.own.progress"
    monkeypatch.setattr(f"{module}.SparkContext", SimpleNamespace(_active_spark_context=True))
    getter = SimpleNamespace(getActive=lambda: contexts[-1])
    monkeypatch.setattr(f"{module}.StreamingContext", getter)
    monkeypatch.setattr(Progress, "session", staticmethod(lambda: None))
    return contexts


def written(progress: Progress, file: Path) -> dict[str, Any]:
    progress.write()
    state: dict[str, Any] = json.loads(file.read_text())
    return state


def test_contexts_one_after_the_other_are_added_up(tmp_path: Path, active: list[Any]) -> None:
    progress = Progress(tmp_path / "progress.json")
    active.append(Streams((5, 2)))
    assert written(progress, tmp_path / "progress.json")["counted"] == 2
    active[-1].counts = (5, 5)  # counted as it stopped
    active.append(Streams((3, 1)))
    state = written(progress, tmp_path / "progress.json")
    assert (state["stored"], state["counted"]) == (8, 6)


def test_the_last_numbers_and_the_failure_outlive_java(tmp_path: Path, active: list[Any]) -> None:
    progress = Progress(tmp_path / "progress.json")
    active.append(Streams((5, 4)))
    progress.write()
    active[-1].counts = None
    progress.failure, progress.ended = ["It failed"], 1
    progress.end_streams()
    state = written(progress, tmp_path / "progress.json")
    assert (state["stored"], state["counted"]) == (5, 4)
    assert (state["failure"], state["ended"], state["streams_ended"]) == (["It failed"], 1, True)


def test_what_sys_exit_gets_is_the_exit_code_or_is_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert [launch.exit_code(SystemExit(code)) for code in (None, 0, 3)] == [0, 0, 3]
    assert launch.exit_code(SystemExit("no input")) == 1
    assert capfd.readouterr().err == "no input\n"


def test_a_form_feed_is_no_end_of_a_line(tmp_path: Path) -> None:
    program = tmp_path / "p.py"
    program.write_text("text = '\f'\nfirst = text.split()[0]\n")
    with pytest.raises(IndexError) as failed:
        exec(compile(program.read_text(), str(program), "exec"), {})  # noqa: S102
    assert list(explain(failed.value, program)) == [
        f"{program}, line 2, in <module>: IndexError: list index out of range",
        "    first = text.split()[0]",
    ]


def test_an_error_in_a_module_beside_the_program_names_both_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "my_parser.py").write_text("def host(line):\n    return line.split()[0]\n")
    program = tmp_path / "p.py"
    program.write_text("import my_parser\nmy_parser.host('')\n")
    with pytest.raises(IndexError) as failed:
        runpy.run_path(str(program))
    assert list(explain(failed.value, program)) == [
        f"{tmp_path}/my_parser.py, line 2, in host: IndexError: list index out of range",
        "    return line.split()[0]",
        f"  called from {program}, line 2, in <module>",
        "    my_parser.host('')",
    ]


def test_a_program_that_is_no_python_names_its_line(tmp_path: Path) -> None:
    program = tmp_path / "p.py"
    program.write_text("x = 1\nprint 'Python 2'\n")
    with pytest.raises(SyntaxError) as failed:
        runpy.run_path(str(program))
    said = list(explain(failed.value, program))
    assert said[0].startswith(f"{program}, line 2, in <module>: SyntaxError: Missing parentheses")
    assert said[1] == "    print 'Python 2'"


def test_only_an_interruption_after_the_labs_stop_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = tmp_path / "stop"
    monkeypatch.setenv("STOP_FILE", str(stop))
    interrupted = RuntimeError("An error occurred\n: java.lang.InterruptedException\n\tat …")
    assert not launch.is_interrupted_by_the_stop(interrupted)
    stop.touch()
    assert launch.is_interrupted_by_the_stop(interrupted)
    assert not launch.is_interrupted_by_the_stop(RuntimeError("java.io.IOException"))


def test_an_error_of_a_python_source_is_quoted_whatever_its_class(tmp_path: Path) -> None:
    program = tmp_path / "p.py"
    program.write_text("raise\n")
    said = explain(
        ValueError(
            "[PYTHON_DATA_SOURCE_ERROR] Failed\nTraceback (most recent call last):\n"
            '  File "/x/worker.py", line 9, in main\n    source = make()\n'
            "pyspark_flume.errors.OptionInvalid: the option landing is missing; name a folder\n"
            " SQLSTATE: 38000"
        ),
        program,
    )
    assert next(iter(said)) == (
        f"{program}: pyspark_flume.errors.OptionInvalid: the option landing is missing; "
        "name a folder"
    )


def test_a_program_that_fails_does_not_count_as_one_that_ends_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, active: list[Any]
) -> None:
    program = tmp_path / "p.py"
    program.write_text("1 / 0\n")
    monkeypatch.setenv("PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.setenv("STOP_FILE", str(tmp_path / "stop"))
    monkeypatch.setattr(launch, "_close_stdin", lambda: None)
    for name in ("argv", "path"):
        monkeypatch.setattr(sys, name, list(getattr(sys, name)))
    monkeypatch.setattr(sys, "last_value", None, raising=False)
    assert launch.run(program, []) == 1
    assert isinstance(sys.last_value, ZeroDivisionError)  # pyspark_flume.early_end looks there


def test_a_relative_checkpoint_has_a_short_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = Folders(tmp_path / "files", {})
    kept = program_paths.path_here(folders, "ck/1", program_paths.CHECKPOINT)
    assert kept == str(tmp_path / "files/ck/1")
    assert program_paths.path_here(folders, kept, program_paths.CHECKPOINT) == kept
