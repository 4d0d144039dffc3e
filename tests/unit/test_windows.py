"""flumelint works, and loadgen says what it can do, on a Python that has only what Windows has.

Nothing has run on Windows itself: docs/reference/platforms.md.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flumelint.rules.rule import BASE, changed
from loadgen.ledger import Entry
from loadgen.scenarios.orders import Orders
from tests.support.like_windows import run_like_windows

ADDRESSES = (("--spool", "spool"), ("--append", "spool/a.log"), ("--to", "tcp://127.0.0.1:0"))


def test_flumelint_checks_and_mends_a_conf_and_keeps_its_line_ends(tmp_path: Path) -> None:
    conf = tmp_path / "a.conf"
    wrong = changed(BASE, ("a1.channels = c1", "a1.channels = c1,"))
    conf.write_bytes(f"# é → ü\n{wrong}".replace("\n", "\r\n").encode())
    found = run_like_windows("flumelint", conf)
    assert (found.returncode, found.stderr) == (1, b"")
    assert "comma-in-list" in found.stdout.decode()

    mended = run_like_windows("flumelint", "--fix", conf)
    assert (mended.returncode, mended.stderr) == (0, b"")
    assert conf.read_bytes() == f"# é → ü\n{BASE}".replace("\n", "\r\n").encode()


@pytest.mark.parametrize("words", [("--help",), ("explain",), ("explain", "comma-in-list")])
def test_flumelint_prints_what_the_consoles_encoding_lacks(words: tuple[str, ...]) -> None:
    shown = run_like_windows("flumelint", *words)
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert shown.stdout.decode("utf-8")


@pytest.mark.parametrize("module", ["loadgen", "loadgen.audit", "loadgen.expected"])
def test_the_generator_shows_its_help(module: str) -> None:
    shown = run_like_windows(module, "--help")
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert shown.stdout.startswith(b"usage: python -m loadgen")


def test_a_ledger_from_elsewhere_says_what_a_program_must_find(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    ledger.write_text(Entry.of("orders-000001.log", Orders(1).generate(50)).encode(), "ascii")
    told = run_like_windows("loadgen.expected", "--ledger", ledger, "--scenario", "orders")
    assert (told.returncode, told.stderr) == (0, b"")
    assert json.loads(told.stdout)["lines"] == 50


@pytest.mark.parametrize(("option", "place"), ADDRESSES)
def test_generating_is_refused_in_one_line_and_leaves_no_file(
    tmp_path: Path, option: str, place: str
) -> None:
    (tmp_path / "spool").mkdir()
    ledger = tmp_path / "ledger.jsonl"
    to = place if "://" in place else tmp_path / place
    refused = run_like_windows("loadgen", option, to, "--ledger", ledger)
    locked = ledger if "://" in place else tmp_path / "spool"
    assert refused.stderr.decode().splitlines() == [
        f"loadgen: {locked}: Windows cannot lock it; run loadgen on Linux or in WSL"
    ]
    assert refused.returncode == 1
    assert [file.name for file in tmp_path.rglob("*")] == ["spool"]
