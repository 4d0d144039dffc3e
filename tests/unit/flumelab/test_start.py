"""`flumelab start`: one part is started as it was, and nothing else happens."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from flumelab import settings
from flumelab.commands import shared
from flumelab.errors import LabError
from flumelab.runtimes import docker_compose
from flumelab.runtimes.docker import DockerRuntime
from flumelab.runtimes.local import LocalRuntime
from flumelab.runtimes.processes import Processes


class Engine:
    """An engine with the containers of one lab; it notes what it is asked to do."""

    def __init__(self) -> None:
        self.states = {"flume": "exited", "url-counts": "running"}
        self.done: list[str] = []
        self.starts = True

    def run(self, command: Sequence[str], **_options: object) -> subprocess.CompletedProcess[str]:
        words = [word for word in command[1:] if not word.startswith("-")]
        if words[:2] == ["compose", "lab"]:
            return self._compose(words[2:], "--quiet" in command)
        self.done.append(" ".join(words))
        if words[0] == "start" and self.starts:
            self.states[words[1].removesuffix("-1")] = "running"
        return subprocess.CompletedProcess(command, 0, "", "")

    def _compose(self, words: list[str], quiet: bool) -> subprocess.CompletedProcess[str]:
        if words[0] != "ps":
            self.done.append(f"compose {words[0]}")
            return subprocess.CompletedProcess(words, 0, "its log\n", "")
        rows = [
            {"Service": name, "Name": f"{name}-1", "State": state, "Health": "healthy"}
            for name, state in self.states.items()
        ]
        text = f"{words[-1]}-1\n" if quiet else "".join(f"{json.dumps(row)}\n" for row in rows)
        return subprocess.CompletedProcess(words, 0, text, "")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    made = Engine()
    monkeypatch.setattr(subprocess, "run", made.run)
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "lab")
    assert docker_compose.subprocess is subprocess
    return made


def test_a_container_is_started_and_none_is_built_or_replaced(engine: Engine) -> None:
    DockerRuntime(settings.load()).start("flume", print)
    assert engine.done == ["start flume-1"]
    assert engine.states["flume"] == "running"


def test_a_part_that_ends_at_its_start_takes_no_other_part_down(engine: Engine) -> None:
    engine.starts = False
    with pytest.raises(LabError, match="flume ended at its start:\nits log"):
        DockerRuntime(settings.load()).start("flume", print)
    assert engine.done == ["start flume-1", "compose logs"]


@pytest.mark.parametrize(
    ("part", "fact"), [("url-counts", "runs already"), ("kafka", "has no container")]
)
def test_what_cannot_be_started_is_said(engine: Engine, part: str, fact: str) -> None:
    with pytest.raises(LabError, match=f"{part} {fact}; flumelab status"):
        DockerRuntime(settings.load()).start(part, print)
    assert engine.done == []


def test_a_process_that_is_no_part_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_STATE", str(tmp_path))
    monkeypatch.setattr(Processes, "running", lambda _self: {"flume": 1})
    with pytest.raises(LabError, match="sshd is no part that has ended"):
        LocalRuntime(settings.load()).start("sshd", print)


def test_without_a_build_a_lab_that_was_never_built_is_not_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runtime = LocalRuntime(settings.load())
    monkeypatch.setattr(shared, "require_ready", lambda *_args, **_more: None)
    monkeypatch.setattr(runtime, "is_built", lambda: False)
    monkeypatch.setattr(runtime, "services", lambda: [])
    with pytest.raises(LabError, match="not built yet; run flumelab build"):
        shared.start_lesson(runtime, "url-counts", build=False)
