"""FakeLog and Spool: what a test gives them is what a reader finds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pyspark_flume.errors import LandingLocked
from pyspark_flume.ingest.line_identity import identify
from pyspark_flume.landing import LandingWriter
from pyspark_flume.testing.fake_log import FakeLog
from pyspark_flume.testing.spool import Spool

from tests.support.receiver import stored


def test_events_are_appended_in_order(tmp_path: Path) -> None:
    log = FakeLog(tmp_path / "landing")
    assert stored(log.path) == []
    log.append(["one", ({"host": "web-1"}, b"two")])
    log.append([])
    log.append(["three"])
    assert stored(log.path) == [({}, b"one"), ({"host": "web-1"}, b"two"), ({}, b"three")]


def test_threads_may_share_a_log(tmp_path: Path) -> None:
    log = FakeLog(str(tmp_path / "landing"))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda i: log.append([str(i)]), range(20)))
    assert sorted(int(body) for _, body in stored(log.path)) == list(range(20))


def test_a_log_that_has_a_writer_is_refused(tmp_path: Path) -> None:
    log = FakeLog(tmp_path / "landing")
    with LandingWriter.open(log.path, identify), pytest.raises(LandingLocked):
        log.append(["one"])


def test_a_file_of_the_spool_directory_is_whole_and_its_name_is_new(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    assert spool.put("a.log", "é\n").read_bytes() == "é\n".encode()
    assert [file.name for file in spool.path.iterdir()] == ["a.log"]
    (spool.path / "b.log.COMPLETED").touch()
    assert spool.put("copy.log", spool.path / "a.log").read_bytes() == "é\n".encode()
    for name in ("a.log", "b.log"):
        with pytest.raises(ValueError, match="the name was used before"):
            spool.put(name, b"")
    for name in ("", ".hidden", "sub/c.log", "c.log.COMPLETED"):
        with pytest.raises(ValueError, match="plain file name"):
            spool.put(name, b"")
