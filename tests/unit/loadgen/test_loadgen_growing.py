"""A growing log has each line of its ledger once, through rotations and crashes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from loadgen import ledger as ledgers
from loadgen.audit import audit
from loadgen.errors import LoadgenError
from loadgen.options import Rotation
from loadgen.outlets.growing import GrowingLog
from loadgen.scenarios.access_log import AccessLog

STEM = "access-log"
DIES = 9
"""The exit code of a process that dies in the middle of its work."""


class Web:
    """A web server's folder, with its log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "log"
        self.folder.mkdir()
        self.log = self.folder / "access.log"
        self.ledger = folder / "ledger.jsonl"
        self.scenario = AccessLog(1, 0.1)
        self.sent = b""

    def open(self, every: int | None = None, by: Rotation = Rotation.RENAME) -> GrowingLog:
        log = GrowingLog(self.log, self.ledger, every, by)
        log.recover()
        return log

    def append(self, log: GrowingLog, lines: int) -> None:
        batch = self.scenario.generate(lines)
        log.publish(batch, STEM)
        self.sent += batch.data

    def lines(self) -> dict[str, int]:
        return {file.name: file.read_bytes().count(b"\n") for file in self.folder.iterdir()}

    def in_order(self, *names: str) -> bytes:
        return b"".join((self.folder / name).read_bytes() for name in names)


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return Web(tmp_path)


def test_lines_are_appended_to_one_log(web: Web) -> None:
    log = web.open()
    for lines in (1, 20, 3):
        web.append(log, lines)
    inode = web.log.stat().st_ino
    web.append(web.open(), 5)  # another process
    assert web.in_order("access.log") == web.sent
    assert web.log.stat().st_ino == inode
    assert [entry.lines for entry in ledgers.read(web.ledger)] == [1, 20, 3, 5]
    assert not web.ledger.with_name("ledger.jsonl.pending").exists()


@pytest.mark.parametrize(
    ("by", "names"),
    [
        (Rotation.RENAME, ["access.log.3", "access.log.2", "access.log.1", "access.log"]),
        (Rotation.COPY, ["access.log.3", "access.log.2", "access.log.1", "access.log"]),
        (Rotation.NAME, ["access.log", "access-1.log", "access-2.log", "access-3.log"]),
    ],
)
def test_a_full_log_is_rotated_before_the_next_line(
    web: Web, by: Rotation, names: list[str]
) -> None:
    log = web.open(10, by)
    inode = None
    for number in range(6):
        if number == 4:
            log = web.open(10, by)  # another process counts what is there
        web.append(log, 5)
        inode = inode or web.log.stat().st_ino
    web.append(log, 3)
    assert web.lines() == dict(zip(names, [10, 10, 10, 3], strict=True))
    assert web.in_order(*names) == web.sent
    keeps_its_inode = {"rename": "access.log.3", "copy": "access.log", "name": "access.log"}[by]
    assert (web.folder / keeps_its_inode).stat().st_ino == inode
    found = audit(web.folder, web.ledger)
    assert found.generated.lines == found.spooled == 33


def test_a_log_that_another_process_has_written_to_is_counted_again(web: Web) -> None:
    first, second = web.open(10), web.open(10)
    web.append(first, 6)
    web.append(second, 6)
    web.append(first, 1)
    assert web.lines() == {"access.log.1": 12, "access.log": 1}


def test_a_last_line_without_newline_gets_one(web: Web) -> None:
    log = web.open()
    log.publish(web.scenario.account(b"one\ntwo"), STEM)
    log.publish(web.scenario.account(b"three\n"), STEM)
    assert web.in_order("access.log") == b"one\ntwo\nthree\n"
    assert [entry.bytes for entry in ledgers.read(web.ledger)] == [8, 6]


def test_an_empty_batch_is_refused(web: Web) -> None:
    with pytest.raises(ValueError, match="an empty batch"):
        web.open().publish(web.scenario.account(b""), STEM)


def dies_at(call: str, number: int, web: Web, log: GrowingLog) -> bool:
    """Append a batch in a process that dies before its n-th call; whether it came so far."""
    child = os.fork()
    if not child:
        done = 0
        real = getattr(os, call)

        def counted(*arguments: object) -> object:
            nonlocal done
            done += 1
            if done == number:
                os._exit(DIES)
            return real(*arguments)

        setattr(os, call, counted)
        web.append(log, 7)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == DIES


def test_a_process_that_dies_at_any_fsync_leaves_nothing_out_and_nothing_twice(
    web: Web,
) -> None:
    deaths = 0
    while dies_at("fsync", deaths + 1, web, web.open()):
        deaths += 1
        web.open()
        entries = ledgers.read(web.ledger)
        data = web.in_order("access.log") if web.log.exists() else b""
        assert len(data) == sum(entry.bytes for entry in entries)
    assert deaths >= 3  # of the note, of the ledger, of the log


@pytest.mark.parametrize("written", [0, 1, 40, 9_999])
def test_what_a_dead_process_wrote_in_part_is_completed(web: Web, written: int) -> None:
    log = web.open()
    web.append(log, 3)
    before = web.log.stat().st_size
    while dies_at("fsync", 3, web, log) and web.log.stat().st_size == before:
        pass
    [_, entry] = ledgers.read(web.ledger)
    os.truncate(web.log, before + min(written, entry.bytes))
    assert log.recover().published == 1
    assert web.log.stat().st_size == before + entry.bytes
    assert web.in_order("access.log").startswith(web.sent)
    assert log.recover().published == 0


def test_a_torn_note_was_not_in_the_ledger_and_is_removed(web: Web) -> None:
    log = web.open()
    web.append(log, 3)
    pending = web.ledger.with_name("ledger.jsonl.pending")
    pending.write_bytes(b'{"name": "access-lo')
    assert log.recover().published == 0
    assert not pending.exists()
    assert web.in_order("access.log") == web.sent


def test_a_folder_that_is_missing_is_one_line(web: Web) -> None:
    log = GrowingLog(web.folder / "no/access.log", web.ledger)
    with pytest.raises(LoadgenError, match=r"/no: No such .*; give a directory .* with --append$"):
        log.recover()
