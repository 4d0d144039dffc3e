from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest

from loadgen import audit as audits
from loadgen.audit import audit
from loadgen.errors import LoadgenError
from loadgen.outlets.spool import IGNORED, Spool
from loadgen.scenarios import Batch
from loadgen.scenarios.access_log import AccessLog

STEM = "access-log"


class Lab:
    def __init__(self, directory: Path) -> None:
        self.spool = directory / "spool"
        self.ledger = directory / "ledger.jsonl"
        self.spool.mkdir()
        self._scenario = AccessLog(1, 0.1)

    def publish(self, lines: int) -> Path:
        return self.publish_batch(self._scenario.generate(lines))

    def publish_batch(self, batch: Batch) -> Path:
        spool = Spool(self.spool, self.ledger)
        spool.recover()
        return self.spool / spool.publish(batch, STEM)

    def counts(self) -> tuple[int, int, int]:
        found = audit(self.spool, self.ledger)
        return found.generated.lines, found.spooled, found.pending


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def complete(path: Path) -> None:
    path.rename(f"{path}.COMPLETED")  # as Flume does once it has read a file


def test_pending_and_completed_files_are_counted(lab: Lab) -> None:
    assert lab.counts() == (0, 0, 0)
    assert not lab.ledger.exists()
    complete(lab.publish(30))
    lab.publish(5)
    found = audit(lab.spool, lab.ledger)
    assert (found.generated.lines, found.spooled, found.pending) == (35, 35, 5)
    assert sum(found.generated.urls.values()) + found.generated.malformed == 35


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", 0),
        (b"\n", 1),
        (b"a", 1),
        (b"a\nb", 2),
        (b"a\r\n\nb\r", 3),
        (b"\n" * 3_000_000, 3_000_000),
        (b"x" * audits.BUFFER_BYTES, 1),
        (b"x" * (audits.BUFFER_BYTES - 1) + b"\n", 1),
        (b"x" * (audits.BUFFER_BYTES - 1) + b"\ny", 2),
    ],
    ids=lambda value: None if isinstance(value, bytes) else str(value),
)
def test_lines_are_counted_in_the_bytes_of_the_files(lab: Lab, data: bytes, lines: int) -> None:
    (lab.spool / "by-hand.log").write_bytes(data)
    assert lab.counts() == (0, lines, lines)
    complete(lab.spool / "by-hand.log")
    assert lab.counts() == (0, lines, 0)


def test_a_line_lost_in_the_spool_directory_shows_in_the_counts(lab: Lab) -> None:
    path = lab.publish(30)
    path.write_bytes(path.read_bytes().partition(b"\n")[2])
    lab.publish(5).unlink()
    assert lab.counts() == (35, 29, 29)


def test_hidden_files_and_directories_are_not_counted(lab: Lab) -> None:
    (lab.spool / ".access-log-000001.log.tmp").write_bytes(b"not yet\n")
    (lab.spool / ".flumespool").mkdir()
    (lab.spool / "folder").mkdir()
    assert lab.counts() == (0, 0, 0)


def test_a_file_and_an_older_completed_one_of_the_same_name_are_both_counted(lab: Lab) -> None:
    (lab.spool / "a.log").write_bytes(b"1\n")
    (lab.spool / "a.log.COMPLETED").write_bytes(b"1\n2\n")
    assert lab.counts() == (0, 3, 1)


def before(function: Callable[..., object], do: Callable[[], None]) -> Callable[..., object]:
    """Wrap `function` so that `do` runs before its first call."""
    todo = [do]

    def wrapped(*arguments: object, **options: object) -> object:
        while todo:
            todo.pop()()
        return function(*arguments, **options)

    return wrapped


def test_a_file_renamed_before_it_is_opened_is_counted_once(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = lab.publish(30), lab.publish(5)
    late = before(audits._lines_of, lambda: complete(one))
    monkeypatch.setattr(audits, "_lines_of", late)
    assert lab.counts() == (35, 35, 5)


def test_a_file_renamed_between_two_listings_is_counted_once(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = lab.publish(30), lab.publish(5)
    real, listings = os.scandir, 0

    def scandir(path: Path) -> object:
        nonlocal listings
        listings += 1
        if listings == 2:
            complete(one)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert lab.counts() == (35, 35, 5)


def test_a_file_that_one_listing_misses_is_counted(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.publish(30)
    (tmp_path / "empty").mkdir()
    places = iter([tmp_path / "empty", lab.spool])
    real = os.scandir
    monkeypatch.setattr(os, "scandir", lambda _: real(next(places)))
    assert lab.counts() == (30, 30, 30)


def test_a_file_that_is_deleted_meanwhile_is_not_counted(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = lab.publish(30), lab.publish(5)
    monkeypatch.setattr(audits, "_lines_of", before(audits._lines_of, one.unlink))
    assert lab.counts() == (35, 5, 5)


def test_while_files_are_published_and_completed_the_counts_agree(lab: Lab) -> None:
    lab.publish(1)
    enough = Event()

    def work() -> None:
        spool = Spool(lab.spool, lab.ledger)
        spool.recover()
        scenario = AccessLog(2)
        while not enough.is_set():
            complete(lab.spool / spool.publish(scenario.generate(3), STEM))

    worker = Thread(target=work)
    worker.start()
    try:
        for _ in range(100):
            generated, spooled, pending = lab.counts()
            assert generated == spooled
            assert pending in (1, 4)
    finally:
        enough.set()
        worker.join()


def test_files_that_the_confs_ignore_are_named_and_not_counted(lab: Lab) -> None:
    lab.publish(5)
    for name in ("a.log.gz", "b.log.zst", "c.log.tmp", "d.log~"):
        (lab.spool / name).write_text("1\n2\n")
    (lab.spool / "e.log.gz.COMPLETED").write_text("read before\n")  # by another conf
    found = audit(lab.spool, lab.ledger)
    assert (found.spooled, found.pending) == (6, 5)
    assert found.ignored == ["a.log.gz", "b.log.zst", "c.log.tmp", "d.log~"]


def test_lines_in_subfolders_are_named_and_not_counted(lab: Lab) -> None:
    (lab.spool / "today/noon").mkdir(parents=True)
    (lab.spool / "today/a.log").write_text("1\n2\n")
    (lab.spool / "today/noon/b.log.COMPLETED").write_text("3\n")
    (lab.spool / "empty").mkdir()
    (lab.spool / ".flumespool").mkdir()
    (lab.spool / ".flumespool/position").write_text("Obj\n")
    found = audit(lab.spool, lab.ledger)
    assert (found.spooled, found.subfolders) == (0, {"today": 3})


def test_each_spooldir_source_of_the_lab_ignores_these_names() -> None:
    confs = Path(__file__).parents[3] / "flume-conf"
    patterns = {
        conf.name: re.findall(r"^lab\.sources\.\w+\.ignorePattern = (.*)$", text, re.MULTILINE)
        for conf in confs.glob("*.conf")
        if "type = spooldir" in (text := conf.read_text())
    }
    assert len(patterns) >= 5
    assert patterns == {name: [IGNORED.pattern] for name in patterns}


def test_it_prints_one_json_object(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    line = b'a - - [t] "GET /caf\xc3\xa9 HTTP/1.1" 200 5\n'
    complete(lab.publish_batch(AccessLog(1).account(line * 3 + b"odd\n")))
    assert audits.main(["--spool", str(lab.spool), "--ledger", str(lab.ledger)]) == 0
    output, error = capsys.readouterr()
    assert (output.count("\n"), error) == (1, "")
    assert json.loads(output) == {
        "generated": {"lines": 4, "urls": {"/caf\u00e9": 3}, "malformed": 1},
        "spooled": 4,
        "pending": 0,
        "ignored": [],
        "subfolders": {},
    }


def test_errors_are_one_line_with_an_exit_code(
    lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def error(*arguments: object, code: int = 1) -> str:
        assert audits.main([str(argument) for argument in arguments]) == code
        output, error = capsys.readouterr()
        assert output == ""
        assert error.count("\n") == 1
        return error

    spool, path = lab.spool, lab.ledger
    missing = f"loadgen: {spool}x: No such file or directory; give a directory that exists"
    assert error("--spool", f"{spool}x", "--ledger", path).startswith(missing)
    usage = "required: --spool, --ledger; see python -m loadgen.audit --help\n"
    assert error(code=2).endswith(usage)
    path.write_text("{}\n")
    wrong = error("--spool", spool, "--ledger", path)
    assert wrong.startswith(f"loadgen: {path} line 1: not a ledger entry (")
    path.unlink()

    def forbid(_: Path) -> int:
        raise PermissionError(13, "Permission denied")

    name = lab.publish(5)
    monkeypatch.setattr(audits, "_lines_of", forbid)
    remedy = "make it readable for the user who runs the audit"
    expected = f"loadgen: {name}: Permission denied; {remedy}\n"
    assert error("--spool", spool, "--ledger", path) == expected
    with pytest.raises(LoadgenError, match=f"^{re.escape(expected[9:-1])}$"):
        audit(spool, path)
