from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from loadgen import ledger
from loadgen.errors import LedgerError, LoadgenError
from loadgen.outlets import Recovered
from loadgen.outlets.spool import Spool
from loadgen.scenarios.access_log import AccessLog

BATCH = AccessLog(1, 0.1).generate(20)
STEM = "access-log"


@pytest.fixture
def lab(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "spool").mkdir()
    return tmp_path / "spool", tmp_path / "ledger.jsonl"


def started(lab: tuple[Path, Path]) -> Spool:
    spool = Spool(*lab)
    spool.recover()
    return spool


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def names_in_ledger(path: Path) -> list[str]:
    return [entry.name for entry in ledger.read(path)]


def test_a_published_file_is_in_the_ledger(lab: tuple[Path, Path]) -> None:
    assert started(lab).publish(BATCH, STEM) == "access-log-000001.log"
    assert names(lab[0]) == ["access-log-000001.log"]
    data = (lab[0] / "access-log-000001.log").read_bytes()
    assert data == BATCH.data
    [entry] = ledger.read(lab[1])
    assert entry.name == "access-log-000001.log"
    assert (entry.lines, entry.bytes) == (20, len(data))
    assert entry.sha256 == hashlib.sha256(data).hexdigest()
    assert (entry.urls, entry.malformed) == (BATCH.urls, BATCH.malformed)
    assert entry.first_event_time == BATCH.first_event_time
    assert entry.last_event_time == BATCH.last_event_time


def test_a_name_is_never_used_twice_after_a_restart(lab: tuple[Path, Path]) -> None:
    first = started(lab).publish(BATCH, STEM)
    (lab[0] / first).unlink()  # as Flume does with deletePolicy = immediate
    assert started(lab).publish(BATCH, STEM) == "access-log-000002.log"
    assert started(lab).publish(BATCH, "orders") == "orders-000001.log"


@pytest.mark.parametrize("suffix", ["", ".COMPLETED"])
def test_the_next_name_is_above_all_in_the_directory(lab: tuple[Path, Path], suffix: str) -> None:
    (lab[0] / f"access-log-000041.log{suffix}").touch()
    spool = started(lab)
    assert spool.publish(BATCH, STEM) == "access-log-000042.log"
    (lab[0] / f"access-log-000043.log{suffix}").touch()
    assert spool.publish(BATCH, STEM) == "access-log-000044.log"


def test_two_spools_in_turn_share_a_directory(lab: tuple[Path, Path]) -> None:
    one, other = started(lab), started(lab)
    published = [spool.publish(BATCH, STEM) for spool in (one, other, other, one, other)]
    assert published == [f"access-log-00000{n}.log" for n in range(1, 6)]
    assert names_in_ledger(lab[1]) == published


def test_a_temporary_file_that_is_in_the_ledger_is_published(lab: tuple[Path, Path]) -> None:
    name = started(lab).publish(BATCH, STEM)
    (lab[0] / name).rename(lab[0] / f".{name}.tmp")
    assert Spool(*lab).recover() == Recovered(published=1)
    assert (lab[0] / name).read_bytes() == BATCH.data


def test_a_temporary_file_that_is_not_in_the_ledger_is_removed(lab: tuple[Path, Path]) -> None:
    (lab[0] / ".access-log-000001.log.tmp").write_bytes(b"half a li")
    (lab[0] / ".somebody-elses.tmp").touch()
    (lab[0] / ".flumespool").mkdir()
    assert Spool(*lab).recover() == Recovered(removed=1)
    assert names(lab[0]) == [".flumespool", ".somebody-elses.tmp"]


def test_a_torn_ledger_line_is_cut_off(lab: tuple[Path, Path]) -> None:
    started(lab).publish(BATCH, STEM)
    whole = lab[1].read_bytes()
    lab[1].write_bytes(whole + whole[:100])
    (lab[0] / ".access-log-000002.log.tmp").write_bytes(BATCH.data)
    assert Spool(*lab).recover() == Recovered(removed=1, torn=100)
    assert lab[1].read_bytes() == whole


def test_a_running_process_cleans_up_after_a_dead_one(lab: tuple[Path, Path]) -> None:
    alive = started(lab)
    alive.publish(BATCH, STEM)
    name = started(lab).publish(BATCH, STEM)
    (lab[0] / name).rename(lab[0] / f".{name}.tmp")
    with lab[1].open("ab") as file:
        file.write(b'{"name":"access')
    assert alive.publish(BATCH, STEM) == "access-log-000003.log"
    assert names(lab[0]) == [f"access-log-00000{n}.log" for n in (1, 2, 3)]
    assert names_in_ledger(lab[1]) == names(lab[0])


def test_a_new_ledger_gets_every_later_file(lab: tuple[Path, Path]) -> None:
    spool = started(lab)
    spool.publish(BATCH, STEM)
    lab[1].unlink()
    assert spool.publish(BATCH, STEM) == "access-log-000002.log"
    assert names_in_ledger(lab[1]) == ["access-log-000002.log"]


@pytest.mark.parametrize("step", ["write", "ledger", "rename"])
def test_a_failed_file_leaves_no_trace(
    lab: tuple[Path, Path], step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = started(lab)
    spool.publish(BATCH, STEM)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        if step == "rename":
            patched.setattr(Path, "rename", fail)
        else:
            real, calls = os.fsync, iter(range(9))
            wrong = 0 if step == "write" else 1
            patched.setattr(os, "fsync", lambda fd: fail() if next(calls) == wrong else real(fd))
        with pytest.raises(LoadgenError, match="No space left on device; free some space"):
            spool.publish(BATCH, STEM)

    assert names(lab[0]) == names_in_ledger(lab[1]) == ["access-log-000001.log"]
    spool.publish(BATCH, STEM)
    assert names(lab[0]) == names_in_ledger(lab[1])


def test_an_empty_batch_is_never_spooled(lab: tuple[Path, Path]) -> None:
    spool = started(lab)
    with pytest.raises(ValueError, match="an empty batch"):
        spool.publish(AccessLog(1).account(b""), STEM)
    assert names(lab[0]) == names_in_ledger(lab[1]) == []


def test_errors_name_place_fact_and_remedy(lab: tuple[Path, Path]) -> None:
    spool, path = lab
    with pytest.raises(LoadgenError, match=f"^{spool}x: No such file or directory; give a dir"):
        Spool(Path(f"{spool}x"), path).recover()
    with pytest.raises(LoadgenError, match=f"^{path}: Not a directory; give a directory"):
        path.touch()
        Spool(path, path).recover()
    with pytest.raises(LoadgenError, match=f"^{spool}: Is a directory; give a file"):
        Spool(spool, spool).recover()
    path.write_text("{}\n")
    with pytest.raises(LedgerError, match=f"^{path} line 1: not a ledger entry"):
        Spool(spool, path).recover()
