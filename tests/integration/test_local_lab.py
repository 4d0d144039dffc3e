"""The whole lab as plain processes: real Flume, real Spark, every URL counted as generated."""

import gzip
import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from flumelab.runtimes.local_build import CLASS_ARCHIVE
from tests.support.lab import ROOT, LocalLab

EXCERPT = ROOT / "tests/data/access_excerpt.log"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory):
    lab = LocalLab(tmp_path_factory.mktemp("lab"))
    lab.ok("up")
    yield lab
    lab.end()


def test_up_feeds_nothing(lab: LocalLab) -> None:
    before = lab.balanced()
    assert (before["generated"], before["spooled"], before["counted"]) == (0, 0, 0)


def test_spark_has_logged_no_warning(lab: LocalLab) -> None:
    log = (lab.state / "logs/url-counts.log").read_text()
    assert "FlumeReceiver: Flume receiver listens on" in log
    assert not re.search(r" WARN |Warning: ", log), log


def test_sparks_jvm_has_its_classes_from_the_archive(lab: LocalLab) -> None:
    driver = lab.process("url-counts").children(recursive=True)
    [jvm] = [process for process in driver if process.name() == "java"]
    assert str(CLASS_ARCHIVE) in {mapped.path for mapped in jvm.memory_maps()}


def test_every_url_is_counted_as_generated(lab: LocalLab) -> None:
    lab.ok("feed", "--lines", "10000")
    result = lab.balanced()
    hops = ("generated", "spooled", "flume_received", "flume_sent", "counted")
    assert {result[hop] for hop in hops} == {10_000}
    assert (result["malformed"], result["lost"], result["duplicated"]) == (0, 0, 0)
    assert len(lab.urls()) > 100


def test_a_replayed_log_adds_exactly_what_an_independent_count_finds(lab: LocalLab) -> None:
    before, ledger_before = lab.urls(), lab.balanced()
    lab.ok("feed", "--replay", str(EXCERPT))
    after = lab.balanced()
    # Independent of the generator's parser and of the program's: whole lines end in a quote here.
    lines = EXCERPT.read_text().splitlines()
    good = [line for line in lines if line.endswith('"')]
    assert lab.urls() - before == Counter(line.split(" ")[6] for line in good)
    assert after["malformed"] - ledger_before["malformed"] == len(lines) - len(good) == 1
    assert after["generated"] == (
        after["counted"] + after["malformed"] + after["lost"] - after["duplicated"]
    )


def test_a_compressed_log_is_replayed_and_in_the_spool_folder_it_is_named(
    lab: LocalLab, tmp_path: Path
) -> None:
    before = lab.balanced()
    packed = tmp_path / "access.log.gz"
    packed.write_bytes(gzip.compress(EXCERPT.read_bytes()))
    lab.ok("feed", "--replay", str(packed))
    after = lab.balanced()
    lines = len(EXCERPT.read_bytes().splitlines())
    assert after["generated"] - before["generated"] == lines
    assert after["malformed"] - before["malformed"] == 1

    mine = lab.state / "spool/access.log.gz"
    packed.rename(mine)
    half = lab.state / "spool/access.log.tmp"
    half.write_text("half a li")
    lab.ok("feed", "--lines", "1000")  # Flume has looked at the folder when these have come
    assert lab.balanced()["counted"] == after["counted"] + 1_000
    signs = {sign["sign"]: sign for sign in lab.json("status")["signs"]}
    assert signs.keys() == {"compressed-ignored", "temporary-ignored"}
    assert signs["compressed-ignored"]["place"] == str(mine)
    command = "flumelab feed --replay access.log.gz"
    assert command in signs["compressed-ignored"]["remedy"]
    assert command in " ".join(lab.ok("status").split())  # exit code 0: nothing is lost
    for file in (mine, half):
        file.unlink()


def test_a_damaged_archive_is_one_line(lab: LocalLab, tmp_path: Path) -> None:
    log = tmp_path / "a.log.zst"
    log.write_text("not compressed\n")
    done = lab.run("feed", "--replay", str(log))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(f"flumelab: {log} cannot be read: ")


def test_lines_that_are_not_utf8_fail_no_batch_and_are_malformed_where_the_rest_is(
    lab: LocalLab, tmp_path: Path
) -> None:
    before, ledger_before = lab.urls(), lab.balanced()
    request = b'1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /%s HTTP/1.1" 200 12 "-" "-"\n'
    log = tmp_path / "latin-1.log"
    log.write_bytes(b"\xff\xfe\x00\n" + request % b"caf\xe9" + b"\x80 " + request % b"plain")
    lab.ok("feed", "--replay", str(log))
    after = lab.balanced()
    assert lab.urls() - before == Counter({"/caf\ufffd": 1, "/plain": 1})
    assert after["malformed"] - ledger_before["malformed"] == 1


def test_200_000_lines_at_full_speed_balance(lab: LocalLab) -> None:
    before = lab.balanced()
    lab.ok("feed", "--lines", "200000", "--seed", "7")
    after = lab.balanced()
    assert after["counted"] - before["counted"] == 200_000
    assert (after["lost"], after["duplicated"]) == (0, 0)


def test_the_program_prints_the_top_ten(lab: LocalLab) -> None:
    out = lab.ok("logs", "url-counts")
    assert re.search(r"Time: \d{4}-\d\d-\d\d", out)
    assert re.search(r"^\('/', \d+\)$", out, re.MULTILINE)


def test_status_names_every_service_and_its_address(lab: LocalLab) -> None:
    status = lab.json("status")
    assert [(s["name"], s["state"]) for s in status["services"]] == [
        ("flume", "running"),
        ("url-counts", "running"),
    ]
    assert str(lab.ports[1]) in status["services"][0]["address"]
    assert status["signs"] == []


def test_output_fits_80_columns_and_has_no_colour_if_it_is_not_a_terminal(lab: LocalLab) -> None:
    for command in (["status"], ["counts"], ["ledger"], ["doctor"]):
        out = lab.ok(*command)
        assert "\x1b" not in out
        assert max(map(len, out.splitlines())) <= 80, out


def test_up_on_a_lab_that_is_up_says_so(lab: LocalLab) -> None:
    done = lab.run("up")
    assert (done.returncode, "up already" in done.stderr) == (0, True)


def test_a_second_copy_on_the_same_ports_is_refused_with_the_way_out(
    lab: LocalLab, tmp_path: Path
) -> None:
    second = LocalLab(tmp_path)
    second.environment.update(LAB_METRICS_PORT=str(lab.ports[1]))
    done = second.run("up")
    assert done.returncode == 1
    assert f"port {lab.ports[1]}" in done.stderr
    assert "LAB_METRICS_PORT" in done.stderr
    assert second.processes() == []


def test_a_missing_replay_file_is_one_line(lab: LocalLab) -> None:
    done = lab.run("feed", "--replay", "/no/such.log")
    assert done.returncode == 1
    assert done.stderr == "flumelab: /no/such.log is not a file; give --replay a log to send\n"


def test_a_stop_in_the_middle_keeps_every_count_loses_nothing_and_repeats_nothing(
    lab: LocalLab,
) -> None:
    before = lab.balanced()
    lab.ok("feed", "--lines", "100000")
    lab.ok("down")
    assert lab.processes() == []
    assert lab.json("ledger")["counted"] > before["counted"]
    lab.ok("up")
    result = lab.balanced()
    assert result["counted"] == before["counted"] + 100_000
    assert (result["lost"], result["duplicated"]) == (0, 0)
    assert result["flume_sent"] == result["generated"], "the counters of both runs add up"


def test_every_command_has_help() -> None:
    flumelab = str(ROOT / ".venv/bin/flumelab")
    out = subprocess.run([flumelab, "--help"], capture_output=True, text=True, check=True).stdout
    for command in (
        "up",
        "down",
        "status",
        "feed",
        "counts",
        "ledger",
        "logs",
        "doctor",
        "page",
        "kill",
        "cut",
        "mend",
    ):
        assert re.search(rf"^\s+{command} ", out, re.MULTILINE)
        done = subprocess.run([flumelab, command, "--help"], capture_output=True, check=False)
        assert done.returncode == 0


def test_doctor_speaks_json(lab: LocalLab) -> None:
    examined = json.loads(lab.ok("doctor", "--json"))
    assert examined["ok"]
    assert {"name", "ok", "found", "remedy"} == set(examined["checks"][0])
