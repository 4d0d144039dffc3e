"""A log is replayed line by line, also if it is compressed; a damaged one is one line."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from loadgen.errors import LoadgenError, UsageError
from loadgen.replay import STDIN, Replay
from loadgen.scenarios.access_log import AccessLog
from loadgen.stop_signal import StopSignal
from tests.support.compression import PACK

LINES = b"".join(b"%d %d\n" % (n, n * n) for n in range(20_000)) + b"no newline"


def replay(path: Path, stop: StopSignal | None = None) -> Replay:
    return Replay(path, AccessLog(1), stop or StopSignal())


def all_of(log: Replay) -> bytes:
    found = []
    while (batch := log.next_batch(7_000)).lines:
        assert batch.lines <= 7_000
        found.append(batch.data)
    log.close()
    return b"".join(found)


@pytest.mark.parametrize("ending", PACK)
@pytest.mark.parametrize("named", [True, False])
def test_a_compressed_log_is_unpacked(tmp_path: Path, ending: str, named: bool) -> None:
    log = tmp_path / (f"a.log{ending}" if named else "a.log")
    log.write_bytes(PACK[ending](LINES[:50_000]) + PACK[ending](LINES[50_000:]))
    assert all_of(replay(log)) == LINES


@pytest.mark.parametrize("ending", PACK)
def test_standard_input_may_be_compressed(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "any"
    log.write_bytes(PACK[ending](LINES))
    with log.open("rb") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert all_of(replay(STDIN)) == LINES


@pytest.mark.parametrize("ending", PACK)
def test_a_torn_archive_is_one_line_and_what_is_whole_was_sent(tmp_path: Path, ending: str) -> None:
    log = tmp_path / f"a.log{ending}"
    log.write_bytes(PACK[ending](LINES) + PACK[ending](LINES)[:-9])
    torn = replay(log)
    assert torn.next_batch(20_000).data == LINES[: LINES.rfind(b"\n") + 1]
    with pytest.raises(LoadgenError) as error:
        all_of(torn)
    assert str(error.value).startswith(f"{log}: Compressed file ended before the end-of-stream")
    assert str(error.value).endswith("; give a complete file")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("ending", PACK)
@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\n" * 9, b"\x1f\x8b\x08\x00 half a header"])
def test_what_is_no_such_archive_is_one_line(tmp_path: Path, ending: str, data: bytes) -> None:
    log = tmp_path / f"a.log{ending}"
    log.write_bytes(data)
    with pytest.raises(LoadgenError) as error:
        all_of(replay(log))
    assert str(error.value).startswith(f"{log}: ")
    assert str(error.value).endswith("; give a complete file")
    assert "\n" not in str(error.value)


def test_a_plain_log_is_not_taken_for_an_archive(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    for data in (b"BZh9 is how an archive begins\n", b"\x1f", b"\xfd7z\n", b""):
        log.write_bytes(data)
        assert all_of(replay(log)) == data


def test_a_signal_ends_an_archive_that_is_not_complete_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    stop = StopSignal()
    # Stored, not compressed: so all that is written can be unpacked at once.
    packed = gzip.compress(b"1\n2\n" + b"x" * 5_000, compresslevel=0)
    os.write(writing, packed[:2_000])
    inputs = iter([True])  # and then the signal comes
    monkeypatch.setattr(stop, "wait_for_input", lambda file: next(inputs, False))
    with os.fdopen(reading, "rb") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert all_of(replay(STDIN, stop)) == b"1\n2\n"
    os.close(writing)


def test_a_missing_log_is_a_wrong_option(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file or directory; give a file that can be read"):
        replay(tmp_path / "none.gz")
