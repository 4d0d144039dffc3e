"""The whole lab as plain processes: real Flume, real Spark, every URL counted as generated."""

import gzip
import json
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from flumelab import as_typed
from flumelab.own.snapshot import take
from flumelab.runtimes import flume_class_archive
from flumelab.runtimes.local_build import CLASS_ARCHIVE, flume_home
from flumelab.runtimes.local_evidence import LocalEvidence
from flumelab.runtimes.processes import Processes
from flumelab.signs import Level, Sign, find
from tests.support.lab import ROOT, LocalLab
from tests.support.page import PageServer
from tests.support.ports import free_port
from tests.support.prometheus import Metrics, scrape
from tests.support.terminal import Terminal
from tests.support.waiting import accepts, wait_for

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


def test_both_jvms_have_their_classes_from_an_archive(lab: LocalLab) -> None:
    driver = lab.process("url-counts").children(recursive=True)
    [jvm] = [process for process in driver if process.name() == "java"]
    assert str(CLASS_ARCHIVE) in {mapped.path for mapped in jvm.memory_maps()}
    archive = flume_class_archive.file(flume_home(ROOT))
    assert str(archive) in {mapped.path for mapped in lab.process("flume").memory_maps()}


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


def test_top_gives_the_ledgers_numbers_as_the_pages_api_does(lab: LocalLab) -> None:
    ledger = lab.balanced()
    state = lab.json("top", "--once")
    lines = {hop["id"]: hop["lines"] for hop in state["hops"]}
    assert lines["generator"] == lines["spool"] == ledger["generated"]
    assert lines["sink:spark"] == ledger["flume_sent"]
    assert state["ledger"]["verdict"] == "balanced"
    assert {link["lines"] for link in state["links"]} <= {0, None}
    shown = lab.ok("top", "--once")
    assert "BALANCED" in shown
    assert max(map(len, shown.splitlines())) <= 80, shown
    assert re.search(rf"^channel buffer.* {ledger['flume_received']:,} ", shown, re.MULTILINE)


def test_the_page_serves_the_same_state_and_tells_prometheus_its_numbers(
    lab: LocalLab, tmp_path: Path
) -> None:
    ledger = lab.balanced()
    server = PageServer(lab.environment, tmp_path / "page.log")
    try:
        wait_for(lambda: "flumelab_ledger_lines" in scrape(server.port).text, "the first sample")
        found, state = Metrics(scrape(server.port).text), server.state()
    finally:
        server.stop()
    assert found.value("flumelab_ledger_lines", hop="counted") == ledger["generated"]
    assert found.value("flumelab_ledger_verdict", verdict="balanced") == 1
    assert found.value("flumelab_part_state", part="flume", state="running") == 1
    top = lab.json("top", "--once")
    assert top.keys() == state.keys()
    assert [hop["lines"] for hop in top["hops"]] == [hop["lines"] for hop in state["hops"]]


def test_top_prints_plain_lines_into_a_pipe(lab: LocalLab) -> None:
    command = [sys.executable, "-m", "flumelab", "top", "--runtime", "local"]
    piped = subprocess.Popen(
        command, cwd=ROOT, env=lab.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        first = piped.stdout.readline().decode()  # type: ignore[union-attr]
        piped.send_signal(signal.SIGINT)
        rest, errors = piped.communicate(timeout=20)
    finally:
        piped.kill()
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d generator access-log: lines=\d+ rate=\S+ lag=.* running\n", first
    )
    assert b"\x1b" not in rest
    assert errors == b""
    pipe = ["bash", "-c", f"{' '.join(command)} --json | head -n 1"]
    head = subprocess.run(
        pipe, cwd=ROOT, env=lab.environment, capture_output=True, timeout=60, check=True
    )
    assert json.loads(head.stdout)["lab"]["lesson"] == "url-counts"
    assert head.stderr == b""


def test_the_keys_of_top_feed_show_the_log_and_kill_after_a_question(lab: LocalLab) -> None:
    before = lab.balanced()
    command = [str(ROOT / ".venv/bin/flumelab"), "top", "--runtime", "local"]
    port = free_port()
    environment = {**lab.environment, "LAB_PAGE_PORT": str(port), "BROWSER": "true"}
    with Terminal(command, environment) as terminal:
        terminal.press("", until="q quit")
        terminal.press("f", until="done: flumelab feed --lines 10000 --rate 2000")
        terminal.press("k", until="this row is a folder")
        terminal.press("jj?", until="Its lag is what has passed the hop before it")
        terminal.press("x\x1b[B\x1b[B", until="q quit")
        terminal.press("k", until="kill flume, as a crash would? y or n")
        terminal.press("n", until="not killed")
        terminal.press("l", until="the end of flume's log; any key goes back")
        terminal.press(" ", until="q quit")
        terminal.press("w", until=f"the page is at http://127.0.0.1:{port}/")
        wait_for(lambda: accepts(port), "the page is served")
        terminal.press("q", until="")
        assert terminal.process.wait(20) == 0
        assert not accepts(port), "the page ends with top"
        assert terminal.is_cooked()
    assert lab.balanced()["counted"] == before["counted"] + 10_000


def test_top_needs_80_columns(lab: LocalLab) -> None:
    command = [str(ROOT / ".venv/bin/flumelab"), "top", "--runtime", "local"]
    with Terminal(command, lab.environment, columns=60) as terminal:
        assert terminal.process.wait(20) == 1
        wait_for(lambda: "60 columns; flumelab top needs 80" in terminal.text, terminal.text)


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


def test_a_driver_that_counts_nothing_of_what_its_receiver_accepts_is_named(lab: LocalLab) -> None:
    """Its Java stores and answers OK; the program's Python, which each batch needs, hangs."""
    before = lab.balanced()
    drivers = [  # with what has started it
        process
        for process in lab.processes("url-counts")
        if process.name().startswith("python") and "url_counts.py" in " ".join(process.cmdline())
    ]
    evidence = LocalEvidence(Processes(lab.state), lab.ports[1], utc=True)

    def found() -> Sign | None:
        seen = lab.json("ledger")
        counted = seen["counted"] + seen["malformed"]
        hops = [("Flume sent", seen["flume_sent"]), ("counted", counted)]
        signs = find(take(evidence, hops, still_seconds=2))
        return next((sign for sign in signs if sign.name == "not-counted"), None)

    for driver in drivers:
        driver.suspend()
    try:
        lab.ok("feed", "--lines", "100")
        sign = wait_for(found, "the sign is there")
    finally:
        for driver in drivers:
            driver.resume()
    assert (sign.part, sign.level) == ("url-counts", Level.STUCK)
    assert sign.fact.startswith(f"Flume has sent {before['flume_sent'] + 100:,} lines, and ")
    lab.balanced()
    assert found() is None


def test_a_stop_in_the_middle_keeps_every_count_loses_nothing_and_repeats_nothing(
    lab: LocalLab,
) -> None:
    before = lab.balanced()
    lab.ok("feed", "--lines", "50000")
    lab.ok("down")
    assert lab.processes() == []
    assert lab.json("ledger")["counted"] > before["counted"]
    lab.ok("up")
    result = lab.balanced()
    assert result["counted"] == before["counted"] + 50_000
    assert (result["lost"], result["duplicated"]) == (0, 0)
    assert result["flume_sent"] == result["generated"], "the counters of both runs add up"


def test_the_help_names_every_command() -> None:
    """A unit test asks each command for its own help."""
    flumelab = str(ROOT / ".venv/bin/flumelab")
    out = subprocess.run([flumelab, "--help"], capture_output=True, text=True, check=True).stdout
    named = re.findall(r"^  ([a-z][a-z-]+)  ", out, re.MULTILINE)
    former = {"demo"}
    assert set(named) == set(as_typed.WORDS) - former


def test_doctor_speaks_json(lab: LocalLab) -> None:
    examined = json.loads(lab.ok("doctor", "--json"))
    assert examined["ok"]
    assert {"name", "ok", "found", "remedy"} == set(examined["checks"][0])


def test_lines_that_the_generator_did_not_make_are_named_and_never_balance(
    lab: LocalLab, tmp_path: Path
) -> None:
    """This comes last, since the hops differ from now on."""
    before = lab.balanced()
    lines = EXCERPT.read_bytes().splitlines(keepends=True)[:20]
    (tmp_path / "mine.log").write_bytes(b"".join(lines))
    (tmp_path / "mine.log").rename(lab.state / "spool/mine.log")
    sent = before["flume_sent"] + len(lines)
    wait_for(lambda: lab.json("ledger")["flume_sent"] == sent, "Flume has sent them")
    done = lab.run("ledger", "--wait", "2")
    assert done.returncode == 1
    said = " ".join(done.stdout.split())
    assert "NOT BALANCED: 20 lines in the spool directory are not the generator's" in said
