"""The agent's start script names a conf's mistakes before a JVM starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flumelab.errors import LabError
from flumelab.runtimes import flume_class_archive

ROOT = Path(__file__).parents[2]
CONF = """\
lab.sources = r1
lab.channels = c1
lab.sinks = k1
lab.sources.r1.type = seq
lab.sources.r1.channels = c1
lab.channels.c1.type = memory
lab.sinks.k1.type = null
lab.sinks.k1.channel = c1
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A Flume whose command only says that it was started."""
    home = tmp_path / "flume"
    (home / "lib").mkdir(parents=True)
    (home / "bin").mkdir()
    command = home / "bin/flume-ng"
    command.write_text("#!/bin/sh\necho started\n")
    command.chmod(0o755)
    return home


def start(home: Path, conf: str, **environment: str) -> subprocess.CompletedProcess[str]:
    file = home / "my.conf"
    file.write_text(conf)
    own = {
        "FLUME_HOME": str(home),
        "FLUME_CONF": str(file),
        "FLUMELINT": str(Path(sys.executable).with_name("flumelint")),
    }
    return subprocess.run(
        [ROOT / "flume-conf/agent"],
        env={**os.environ, **own, **environment},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_clean_conf_starts_the_agent(home: Path) -> None:
    done = start(home, CONF)

    assert (done.returncode, done.stdout) == (0, "started\n")
    assert done.stderr == "1 file: clean\n"


def test_a_mistake_is_named_and_the_agent_starts(home: Path) -> None:
    done = start(home, CONF + "lab.sinks.k2.type = null\n")

    assert (done.returncode, done.stdout) == (0, "started\n")
    assert "my.conf:9:1: ignored: no list names sink k2" in done.stderr


def test_an_agent_that_would_do_nothing_is_not_started(home: Path) -> None:
    for conf, agent in ((CONF.replace("lab.channels = c1\n", ""), "lab"), (CONF, "a1")):
        done = start(home, conf, FLUME_AGENT=agent)

        assert (done.returncode, done.stdout) == (2, "")
        assert "agent: Flume would do nothing with" in done.stderr


@pytest.mark.parametrize("command", ["true", "/nowhere/flumelint"])
def test_without_the_linter_the_agent_starts_unchecked(home: Path, command: str) -> None:
    done = start(home, "", FLUMELINT=command)

    assert (done.returncode, done.stdout) == (0, "started\n")


@pytest.mark.parametrize(("name", "uses_it"), [("target", True), ("my target", False)])
def test_an_archive_of_classes_is_used_if_its_path_can_be_an_option(
    home: Path, name: str, uses_it: bool
) -> None:
    (home / "bin/flume-ng").write_text('#!/bin/sh\necho "$FLUME_JAVA_OPTS $*"\n')
    (folder := home.with_name(name)).mkdir()
    home = home.rename(folder / "flume")
    (folder / "class-archive/conf").mkdir(parents=True)
    (folder / "class-archive/flume.jsa").touch()
    done = start(home, CONF, FLUME_JAVA_OPTS="-Xmx1m")
    assert "-Xmx1m" in done.stdout, done.stderr
    assert (f"-XX:SharedArchiveFile={folder}/class-archive/flume.jsa" in done.stdout) == uses_it
    assert (f"--conf {folder}/class-archive/conf " in done.stdout) == uses_it


def test_an_agent_that_writes_no_archive_is_named_with_the_end_of_its_log(home: Path) -> None:
    agent = home / "flume-conf/agent"
    agent.parent.mkdir()
    agent.write_text("#!/bin/sh\necho no memory\n")
    agent.chmod(0o755)
    with pytest.raises(LabError, match=r"could not write .*/class-archive/flume.jsa:\nno memory$"):
        flume_class_archive.make(home, home)
