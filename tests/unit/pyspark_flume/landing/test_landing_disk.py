"""Which call of which system writes to the disk; no Mac is needed for it."""

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from pyspark_flume.landing import disk

from tests.support.other_system import imported_on

SOURCES = Path(__file__).parents[4] / "connector/src/pyspark_flume"
FULL_SYNC = 51  # F_FULLFSYNC of macOS
FILE = 7


class System:
    """Notes the calls; `refusal` is what the full sync fails with."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[object] = []
        self.refusal = 0
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(os, "fsync", self._noted("fsync"))
        monkeypatch.setattr(os, "fdatasync", self._noted("fdatasync"), raising=False)
        monkeypatch.setattr(fcntl, "F_FULLFSYNC", FULL_SYNC, raising=False)
        monkeypatch.setattr(fcntl, "fcntl", self._fcntl)

    def disk(self, platform: str) -> ModuleType:
        return imported_on(platform, disk, self._monkeypatch)

    def _noted(self, name: str) -> Callable[[int], None]:
        return lambda descriptor: self.calls.append((name, descriptor))

    def _fcntl(self, descriptor: int, command: int) -> int:
        self.calls.append((command, descriptor))
        if self.refusal:
            raise OSError(self.refusal, os.strerror(self.refusal))
        return 0


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    return System(monkeypatch)


def test_on_linux_nothing_stands_between_the_log_and_the_system(system: System) -> None:
    linux = system.disk("linux")
    assert (linux.fdatasync, linux.fsync) == (os.fdatasync, os.fsync)


@pytest.mark.parametrize("call", ["fsync", "fdatasync"])
def test_on_macos_the_drives_cache_is_emptied_too(
    system: System, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.delattr(os, "fdatasync")  # as there
    getattr(system.disk("darwin"), call)(FILE)
    assert system.calls == [(FULL_SYNC, FILE)]


@pytest.mark.parametrize("call", ["fsync", "fdatasync"])
@pytest.mark.parametrize("refusal", [errno.ENOTSUP, errno.EINVAL, errno.ENOTTY])
def test_a_file_system_that_refuses_the_full_sync_gets_the_plain_one(
    system: System, call: str, refusal: int
) -> None:
    system.refusal = refusal
    getattr(system.disk("darwin"), call)(FILE)
    assert system.calls == [(FULL_SYNC, FILE), ("fsync", FILE)]


@pytest.mark.parametrize("failure", [errno.EIO, errno.ENOSPC, errno.EBADF])
def test_a_full_sync_that_fails_is_not_hidden_by_a_plain_one(system: System, failure: int) -> None:
    system.refusal = failure
    with pytest.raises(OSError, match=os.strerror(failure)):
        system.disk("darwin").fdatasync(FILE)
    assert system.calls == [(FULL_SYNC, FILE)]


def test_a_system_without_fdatasync_calls_fsync(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "fdatasync")
    other = system.disk("aix")
    assert (other.fdatasync, other.fsync) == (os.fsync, os.fsync)


def test_no_other_module_asks_the_system_itself() -> None:
    asking = re.compile(r"\bos\.f(data)?sync\b")
    assert [
        file.name for file in SOURCES.rglob("*.py") if asking.search(file.read_text("utf-8"))
    ] == ["disk.py"]
