"""A lab of a user's own files that stays up: fed in two ways, asked, and stopped."""

import gzip
import json
import sys
from pathlib import Path

from tests.support.own_files import (
    EXCERPT,
    INTERCEPTOR,
    LINES,
    STREAMS,
    OwnFiles,
    hops,
    interceptor_jar,
)
from tests.support.terminal import Terminal
from tests.support.waiting import wait_for


def test_own_files_stay_up_and_are_fed_asked_and_stopped(tmp_path: Path) -> None:
    files = OwnFiles(tmp_path, "status_totals.py", "spool.conf")
    assert files.conf
    raw = "a1.sources.r1.decodeErrorPolicy = REPLACE\n"
    files.conf.write_text(files.conf.read_text() + INTERCEPTOR + raw)
    interceptor_jar(tmp_path / "plugins.d/drops/lib")
    lab, spool = files.lab, tmp_path / "spool"
    options = ["--count", r'" (\d{3}) ', "--flume-jar", str(tmp_path / "plugins.d")]
    command = [sys.executable, "-m", "flumelab", "up", "--runtime", "local", *files.given, *options]
    arguments = [str(files.program), "localhost", files.port]
    try:
        with Terminal([*command, *arguments], lab.environment) as terminal:
            asked = "/home/maria_dev/spool does not exist. Use which folder?"
            wait_for(lambda: asked in terminal.text, f"{asked}: {terminal.text}")
            told = f"source r1 reads {spool}; put files there, or use flumelab feed"
            terminal.press(f"{spool}\r", told)
            assert terminal.process.wait(60) == 0
        state = lab.json("status")
        assert [(s["name"], s["state"]) for s in state["services"]] == [
            ("flume", "running"), ("program", "running"),
        ]  # fmt: skip
        assert lab.json("doctor")["signs"] == []

        (tmp_path / "mine.log").write_bytes(EXCERPT)
        (tmp_path / "mine.log").rename(spool / "mine.log")
        for _ in range(2):  # Flume reads a name once, so the second copy gets another
            lab.ok("feed", "--replay", str(files.log))
        lab.ok("feed", "--lines", "100", "--rate", "100", "--seed", "7")
        lab.ok("feed", "--replay", str(files.log), "--lines", "50")
        balance = lab.json("ledger", "--wait", "60")
        expected = 2 * LINES + EXCERPT.count(b"\n") + 100 + 50
        assert hops(balance) == dict.fromkeys(STREAMS, expected)
        assert balance["agree"], balance
        page = lab.json("top", "--once")  # what the live page shows
        hops_shown = ("input", "source:r1", "channel:c1", "sink:k1", "receiver", "batches")
        assert {hop["id"]: hop["lines"] for hop in page["hops"]} == dict.fromkeys(
            hops_shown, expected
        )
        assert page["ledger"]["says"] == "no truth known: hops agree"
        assert balance["count"]["right"], balance["count"]

        # Flume reads a compressed file as it is, so the input has the lines of its bytes.
        packed = gzip.compress(EXCERPT * 9)
        (spool / ".packed.log.gz").write_bytes(packed)
        (spool / ".packed.log.gz").rename(spool / "packed.log.gz")
        expected += packed.count(b"\n") + (packed[-1:] != b"\n")
        # Its letters are no lines of a log, so --wait would wait in vain for the right counts.
        agreed = dict.fromkeys(STREAMS, expected)
        wait_for(lambda: hops(lab.json("ledger")) == agreed, f"each hop has {expected} lines")
        counted = lab.json("ledger")["count"]
        assert counted["differences"]["none"]["counted"] == 0
        checked = lab.run("doctor", "--json")
        assert checked.returncode == 1
        assert [sign["sign"] for sign in json.loads(checked.stdout)["signs"]] == ["compressed-read"]

        (spool / ".odd.log").write_text("DROP\n")
        (spool / ".odd.log").rename(spool / "odd.log")
        shown = lab.run("ledger", "--wait", "1")
        assert "no truth known: hops differ at channel c1" in shown.stdout
        assert shown.returncode == 1

        for command in ("run", "up"):
            refused = lab.run(command, *files.given, str(files.program))
            assert "is up in" in refused.stderr and "run flumelab down first" in refused.stderr

        down = lab.ok("down")
        assert "no truth known: hops differ at channel c1" in down
        assert lab.run("status").stdout == "The lab is down; flumelab up starts it.\n"
    finally:
        lab.run("down")
