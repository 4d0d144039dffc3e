"""pyspark_flume.testing: what its docstrings promise, and its messages when something is wrong."""

import doctest
import os
import time
from pathlib import Path

import pytest
from docker.errors import APIError
from pyspark_flume.testing import FlumeContainer, SparkContainer
from testcontainers.core.config import ConnectionMode, testcontainers_config
from testcontainers.core.exceptions import ContainerStartException

SPOOL_TO_NULL = """\
a1.sources = folder
a1.channels = memory
a1.sinks = nowhere
a1.sources.folder.type = spooldir
a1.sources.folder.spoolDir = ${env:FLUME_SPOOL_DIR}
a1.sources.folder.channels = memory
a1.channels.memory.type = memory
a1.sinks.nowhere.type = null
a1.sinks.nowhere.channel = memory
"""


@pytest.mark.parametrize("container", [FlumeContainer, SparkContainer])
def test_the_example_of_the_docstring_runs(
    container: type, images: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the example writes its program there
    [example] = doctest.DocTestFinder(recurse=False).find(container, container.__name__)
    output: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.FAIL_FAST).run(example, out=output.append)
    assert result.attempted > 0
    assert result.failed == 0, "".join(output)


def test_flume_runs_a_conf_of_ones_own(tmp_path: Path, images: None) -> None:
    conf, log = tmp_path / "a1.conf", tmp_path / "words.txt"
    conf.write_text(SPOOL_TO_NULL)
    log.write_text("one\ntwo\n")
    with FlumeContainer().with_conf(conf, agent="a1") as flume:
        flume.spool("words.txt", log)
        assert flume.wait_until_received(2) == 2
        assert flume.metrics()["CHANNEL.memory"]["EventPutSuccessCount"] == "2"


def test_flume_without_a_receiver_says_what_it_waits_for(
    images: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a plain host: the tests themselves may run in a container.
    monkeypatch.setattr(
        testcontainers_config, "connection_mode_override", ConnectionMode.docker_host
    )
    with FlumeContainer().with_sink("nobody", 4141) as flume:
        flume.spool("a.log", b"one\ntwo\n")
        flume.wait_until_received(2)

        with pytest.raises(TimeoutError) as timeout:
            flume.wait_until_sent(2, timeout=1)
        text = str(timeout.value)
        image = os.environ["FLUMELAB_FLUME_IMAGE"]
        assert f"{image}, running after 1 s: 0 of 2 events sent" in text
        assert "no sink has found its receiver (nobody:4141)" in text
        assert "'EventPutSuccessCount': '2'" in text
        assert "Preparing to move file /data/spool/a.log" in text

        with pytest.raises(TimeoutError, match=r"2 of 3 events received; 2 were received"):
            flume.wait_until_received(3, timeout=0)
        with pytest.raises(ValueError, match=r"a\.log: was spooled before"):
            flume.spool("a.log", b"three\n")
        with pytest.raises(ValueError, match=r"'\.b\.log': give a plain file name"):
            flume.spool(".b.log", b"three\n")

        flume.reload()
        ports = flume.get_wrapped_container().attrs["NetworkSettings"]["Ports"]
        assert {b["HostIp"] for published in ports.values() for b in published} == {"127.0.0.1"}


def test_a_container_that_ends_at_once_is_not_waited_for(images: None) -> None:
    started = time.monotonic()
    with (
        pytest.raises(ContainerStartException) as ended,
        FlumeContainer().with_env("FLUME_CONF", "/absent.conf"),
    ):
        pass
    assert "exited with exit code 2: /metrics names no component" in str(ended.value)
    assert "agent: cannot read /absent.conf" in str(ended.value)
    assert time.monotonic() - started < 30


def test_a_program_that_fails_shows_its_error(tmp_path: Path, images: None) -> None:
    program = tmp_path / "program.py"
    program.write_text("raise SystemExit('no such topic')\n")
    with pytest.raises(ContainerStartException) as ended, SparkContainer(program):
        pass
    assert "exited with exit code 1: nothing listens on port 4141" in str(ended.value)
    assert "no such topic" in str(ended.value)


def test_one_that_ends_while_it_is_asked_is_not_ready(
    tmp_path: Path, engine: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(command: list[str]) -> None:
        raise APIError("container is not running")

    (program := tmp_path / "program.py").touch()
    container = SparkContainer(program)
    monkeypatch.setattr(SparkContainer, "status", "running")
    monkeypatch.setattr(container, "exec", ended)
    assert not container.is_ready()


@pytest.mark.parametrize(("kind", "service"), [("flume", "flume"), ("spark", "spark-master")])
def test_an_image_that_is_not_there_is_named_with_the_command_that_builds_it(
    kind: str, service: str, tmp_path: Path, engine: None
) -> None:
    (program := tmp_path / "program.py").touch()
    absent = f"flumelab-absent-{kind}"
    container = FlumeContainer(absent) if kind == "flume" else SparkContainer(program, absent)
    with pytest.raises(ContainerStartException, match=f"docker compose build {service}$"):
        container.start()


def test_a_conf_without_the_agent_is_refused(tmp_path: Path, engine: None) -> None:
    conf = tmp_path / "a1.conf"
    conf.write_text(SPOOL_TO_NULL)
    with pytest.raises(ValueError, match=r"no agent 'lab', only a1; .*agent="):
        FlumeContainer().with_conf(conf)


def test_a_program_that_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"program\.py: is not a file; give the program"):
        SparkContainer(tmp_path / "program.py")
