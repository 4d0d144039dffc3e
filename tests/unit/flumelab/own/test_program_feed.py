"""The places from which a program without Flume gets the log."""

import json
from pathlib import Path
from typing import Any

import pytest

from flumelab.errors import LabError
from flumelab.own import program_feed
from flumelab.own.inputs import LogFile
from flumelab.own.program_feed import ProgramFeed
from flumelab.own.services import OwnState


class Fed:
    """A feed to a program that reads from these places, and what it has told."""

    def __init__(self, folder: Path, *folders: str, **progress: Any) -> None:
        self.state = OwnState(folder)
        self.folders = [folder / name for name in folders]
        for each in (*self.folders, self.state.sockets / "9998", self.state.sockets / "9999"):
            each.mkdir(parents=True)
        content = {"active": True, "folders": list(map(str, self.folders)), **progress}
        self.state.progress.write_text(json.dumps(content))
        self.log = folder / "access.log"
        self.log.write_text("1\n2\n3\n")
        self.told: list[str] = []
        self.feed = ProgramFeed(Path("my.py"), self.state, self.told.append)

    def send(self) -> int:
        return self.feed.send([LogFile(self.log)], lambda: None)


def test_each_folder_and_port_that_streams_read_gets_the_log_and_is_told_once(
    tmp_path: Path,
) -> None:
    ports = {port: {"clients": 1, "lines": 0} for port in ("9998", "9999")}
    fed = Fed(tmp_path, "a", "b", sockets=ports)
    assert (fed.send(), fed.send()) == (12, 12)
    for folder in (*fed.folders, *fed.state.sockets.iterdir()):
        assert sorted(file.name for file in folder.iterdir()) == ["access.2.log", "access.log"]
    assert len(fed.told) == 4
    assert fed.told[0] == f"the lines go into {tmp_path}/a, which the program reads"


def test_a_program_has_its_time_to_connect_to_its_other_ports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program_feed, "OTHERS_SECONDS_MAX", 0.2)
    monkeypatch.setattr(program_feed, "POLL_SECONDS", 0.1)
    ports = {"9998": {"clients": 1}, "9999": {"clients": 0}}
    fed = Fed(tmp_path, sockets=ports)
    assert fed.send() == 3
    assert (fed.state.sockets / "9998/access.log").exists()
    assert not (fed.state.sockets / "9999/access.log").exists()


def test_of_several_queries_on_different_places_one_is_fed_and_the_others_are_named(
    tmp_path: Path,
) -> None:
    fed = Fed(tmp_path, "a", "b", queries={"one": 0, "two": 0})
    assert fed.send() == 3
    assert "b, which the program reads, gets no lines, as several queries read" in fed.told[1]
    joins = Fed(tmp_path / "join", "a", "b", queries={"one": 0})
    assert joins.send() == 6


def test_a_program_that_reads_nothing_or_has_failed_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fed = Fed(tmp_path)
    with pytest.raises(LabError, match=r"^It failed$"):
        fed.feed.send([LogFile(fed.log)], lambda: ["It failed"])
    with pytest.raises(LabError, match=r"my\.py reads no folder or socket"):
        fed.feed.send([LogFile(fed.log)], list)
