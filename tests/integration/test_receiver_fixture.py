"""A receiver that a test starts, kills and starts again, as the fixtures do."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark_flume.testing.agent import AgentProcess
from pyspark_flume.testing.receiver import ReceiverProcess
from pyspark_flume.testing.sender import FlumeSender

from tests.support.receiver import bodies


def test_a_receiver_is_up_after_a_crash_at_the_same_place(tmp_path: Path) -> None:
    with ReceiverProcess(tmp_path / "landing") as first:
        with FlumeSender(first.host, first.port) as sender:
            sender.send(["one"])
        first.kill()
        assert first.stop() == -9
        with (
            ReceiverProcess(str(first.landing), port=first.port) as second,
            FlumeSender(second.host, second.port) as another,
        ):
            another.send(["two"])
    assert bodies(first.landing) == [b"one", b"two"]


def test_a_second_receiver_of_a_landing_log_shows_why_it_ends(tmp_path: Path) -> None:
    why = r"listens on .*: ended with code 1; (.|\n)*stop that one"
    with (
        ReceiverProcess(tmp_path / "landing") as first,
        pytest.raises(TimeoutError, match=why),
    ):
        ReceiverProcess(first.landing)


@pytest.mark.parametrize(
    ("conf", "agent", "says"),
    [
        ("", None, "not one agent; .* none: it needs a line"),
        ("a.sources = s\nb.sources = s\n", None, "not one agent; name one of .*, a, b"),
        ("a.sources = s\n", "b", "no agent b; name one of those with sources, a"),
        (
            "# ${env:IN_A_COMMENT}\na.sources = s\na.sources.s.spoolDir = ${env:NO_SUCH}\n",
            None,
            r"names \$\{env:NO_SUCH\}, which is not set; give it, as in .*NO_SUCH=",
        ),
    ],
)
def test_a_conf_that_flume_would_not_run_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, conf: str, agent: str | None, says: str
) -> None:
    (tmp_path / "flume-ng").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "my.conf").write_text(conf)
    with pytest.raises(ValueError, match=says):
        AgentProcess(tmp_path / "my.conf", tmp_path, agent)
    with pytest.raises(FileNotFoundError, match=r"other\.conf is not there"):
        AgentProcess("other.conf", tmp_path)
