"""``python -m pyspark_flume.landing``."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark_flume.avro_binary import encode_bytes
from pyspark_flume.landing import commit, index
from pyspark_flume.landing.__main__ import main
from pyspark_flume.units import MIB

from tests.support.landing import batch, flip, lines, opened, segment_paths, write


@pytest.fixture
def log(folder: Path) -> Path:
    """Two segments, of two events each."""
    write(folder, [batch(0, 2), batch(20, 2)], segment_bytes=1)
    return folder


def test_ls_shows_segments_and_consumers(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(log, "counts", 3)

    assert main(["ls", str(log)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in printed[1:3]] == [["0", "2", "1"], ["2", "2", "1"]]
    assert printed[3].strip() == "3 committed by counts"
    assert max(map(len, printed)) <= 80


def test_ls_prints_json(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", "--json", str(log)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [(one["first"], one["end"]) for one in shown["segments"]] == [(0, 2), (2, 4)]
    assert shown["consumers"] == {}


def test_verify_finds_no_damage_in_a_whole_log(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(log)]) == 0
    assert [line.split()[1:] for line in capsys.readouterr().out.splitlines()] == [
        ["2", "events", "ok"],
        ["2", "events", "ok"],
    ]


def test_verify_works_while_a_writer_runs(log: Path) -> None:
    with opened(log) as writer:
        writer.append(*batch(40, 1))
        writer.commit()
        assert main(["verify", str(log)]) == 0


def test_verify_finds_every_flipped_bit(log: Path) -> None:
    for path in segment_paths(log):
        for position in range(path.stat().st_size):
            flip(path, position)
            assert main(["verify", str(log)]) == 1, position
            flip(path, position)
    index = segment_paths(log)[0].with_suffix(".index")
    for position in range(index.stat().st_size):
        flip(index, position)
        assert main(["verify", str(log)]) == 1, position
        flip(index, position)


def test_verify_shows_its_progress_on_a_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(folder, segment_bytes=1) as writer:
        for _ in range(2):
            writer.append(b"\0" + encode_bytes(bytes(3 * MIB)), 1, [])
            writer.commit()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    assert main(["verify", str(folder)]) == 0
    shown = capsys.readouterr().err.split("\r")
    assert shown[1:] == ["0 of 6 MiB\x1b[K", "\x1b[K", "3 of 6 MiB\x1b[K", "\x1b[K"]


def test_verify_names_each_damaged_block(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, [batch(0, 1), batch(10, 1), batch(20, 1)])
    path = segment_paths(folder)[0]
    data = path.read_bytes()
    flip(path, data.index(b"access.log 0 10"))
    flip(path, data.index(b"access.log 20 30"))

    assert main(["verify", "--json", str(folder)]) == 1
    (verdict,) = json.loads(capsys.readouterr().out)
    assert [line.split(":")[0] for line in verdict["damage"]] == ["block 1", "block 3"]
    assert (verdict["blocks"], verdict["end"]) == (1, 3)
    assert main(["verify", str(folder)]) == 1
    printed = capsys.readouterr().out
    assert "DAMAGED" in printed
    assert max(map(len, printed.replace(str(folder), "").splitlines())) <= 80


def test_verify_finds_a_missing_segment_and_extra_bytes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, [batch(10 * i, 1) for i in range(3)], segment_bytes=1)
    first, second, _ = segment_paths(folder)
    second.unlink()
    with first.open("ab") as file:
        file.write(b"x")

    assert main(["verify", str(folder)]) == 1
    printed = capsys.readouterr().out
    assert "1 bytes that the index does not name" in printed
    assert "events 1 to 1 are missing before it" in printed


def test_verify_finds_a_segment_of_another_log(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "other", [batch(0, 2), batch(20, 2)], segment_bytes=1)
    for path in (tmp_path / "other").glob(f"{2:020d}.*"):
        shutil.copy(path, log)

    assert main(["verify", "--json", str(log)]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert (first["damage"], first["blocks"]) == ([], 1)
    assert second["damage"] == ["its header belongs to another segment or log"]


def test_verify_stops_at_a_segment_that_is_damaged_throughout(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, [batch(10 * i, 1) for i in range(15)])
    path = segment_paths(folder)[0]
    data = bytearray(path.read_bytes())
    for i in range(15):
        data[data.index(b"access.log %d " % (10 * i))] ^= 1
    path.write_bytes(data)

    assert main(["verify", "--json", str(folder)]) == 1
    (verdict,) = json.loads(capsys.readouterr().out)
    numbers = [line.split(":")[0] for line in verdict["damage"]]
    assert numbers == [*(f"block {i}" for i in range(1, 11)), "the rest was not checked"]


def test_verify_tells_what_the_index_does_not_name(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after a crash between the block and its entry: no damage in the last segment."""
    with segment_paths(log)[1].open("ab") as file:
        file.write(b"xyz")

    assert main(["verify", str(log)]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == ["    3 bytes not in the index yet"]
    segment_paths(log)[1].with_suffix(".index").unlink()
    assert main(["verify", "--json", str(log)]) == 0
    last = json.loads(capsys.readouterr().out)[1]
    assert (last["end"], last["blocks"]) == (2, 0)
    assert last["unindexed"] == segment_paths(log)[1].stat().st_size


def test_verify_finds_a_gap_in_the_index(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = segment_paths(log)[1].with_suffix(".index")
    header, block = index.as_objects(index.decode(path.read_bytes())[0])
    shifted = replace(block, position=block.position + 1, length=block.length - 1)
    path.write_bytes(header.encode() + shifted.encode())

    assert main(["verify", "--json", str(log)]) == 1
    damage = json.loads(capsys.readouterr().out)[1]["damage"]
    assert damage[-1] == f"{path.name}: positions with gaps"


@pytest.mark.parametrize(
    ("items", "count", "code"),
    [
        ("00 04 6869", 1, 0),
        ("02 0261 0262 00 02 78", 1, 0),
        ("00 02 78 00 02 78", 3, 1),  # fewer events
        ("00 00 00 00", 1, 1),  # more
        ("00 04 61", 1, 1),  # a body that is longer than the block
    ],
)
def test_verify_looks_into_the_items(
    folder: Path, items: str, count: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(folder) as writer:
        writer.append(bytes.fromhex(items), count, [])
        writer.commit()

    assert main(["verify", str(folder)]) == code
    assert ("block 1: " in capsys.readouterr().out) == bool(code)


def test_cat_prints_a_body_a_line(log: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["cat", str(log), "--from", "1", "--to", "3"]) == 0
    assert capfdbinary.readouterr().out == b"".join(line + b"\n" for line in lines(10, 2))
    assert main(["cat", str(log)]) == 0
    assert capfdbinary.readouterr().out.splitlines() == lines(0, 4)


def test_cat_prints_json_with_headers_and_offset(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(folder) as writer:
        writer.append(b"\x02\x02a\x02b\0\x02x" + b"\0\x02\xff", 2, [])
        writer.commit()

    assert main(["cat", "--json", str(folder)]) == 0
    text, binary = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (text["offset"], text["headers"], text["body"]) == (0, {"a": "b"}, "x")
    assert (binary["offset"], binary["headers"], binary["body_base64"]) == (1, {}, "/w==")


def test_a_wrong_command_exits_with_2(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", str(log / "nowhere")]) == 2
    assert "holds no landing log" in capsys.readouterr().err
    assert main(["cat", str(log), "--to", "9"]) == 2
    assert "has no offset 9" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        main(["sing", str(log)])
    assert left.value.code == 2


def test_damage_exits_with_1(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flip(segment_paths(log)[0], segment_paths(log)[0].stat().st_size - 20)

    assert main(["cat", str(log)]) == 1
    assert "its checksum differs" in capsys.readouterr().err


def test_a_pipe_that_is_closed_is_no_error(folder: Path) -> None:
    with opened(folder) as writer:
        for start in range(0, 200_000, 400):
            writer.append(*batch(start, 40))
        writer.commit()
    command = [sys.executable, "-m", "pyspark_flume.landing", "cat", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout and process.stderr
    assert process.stdout.readline() == lines(0, 1)[0] + b"\n"
    process.stdout.close()

    assert process.stderr.read() == b""
    assert process.wait() == 0


def test_help_lists_the_commands_and_exit_codes() -> None:
    command = [sys.executable, "-m", "pyspark_flume.landing", "--help"]
    environment = os.environ | {"COLUMNS": "80"}
    text = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert all(word in text.stdout for word in ("ls", "verify", "cat", "Exit codes"))
