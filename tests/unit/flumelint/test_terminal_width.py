"""How the command prints to a terminal, and what it prints elsewhere."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest

from flumelint.cli import main
from flumelint.rules.rule import BASE, changed


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in an empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return Path("a.conf")


class Terminal(io.StringIO):
    """Something that is printed to and says it is a terminal."""

    def isatty(self) -> bool:
        return True


LONG = changed(
    BASE,
    ("bind = 127.0.0.1", "bind = 127.0.0.1\na1.sources.r1.interceptors = " + "i1 " * 60),
    ("k1.type = logger", "k1.type = logger\na1.sinks.k1." + "x" * 30 + " = " + "y" * 200),
    ("type = netcat", "type = netcat\na1.sources.r1.tokens\t=\t" + "\tword" * 30 + " # comment"),
)


@pytest.mark.parametrize("columns", [80, 60])
def test_no_line_is_longer_than_the_terminal(
    conf: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(columns))
    conf.write_text(LONG)

    assert main(["--color", "never", "a.conf"]) == 1

    lines = terminal.getvalue().splitlines()
    assert max(len(line.expandtabs()) for line in lines) <= columns
    carets = [number for number, line in enumerate(lines) if re.fullmatch(r"  \| *\^+", line)]
    assert len(carets) >= 3
    for number in carets:  # the token is above the carets
        start, end = lines[number].index("^"), len(lines[number])
        assert lines[number - 1][start:end].strip("…")
    assert any(line.startswith("    ") for line in lines), "a long line goes on, indented"


def test_a_shortened_line_still_shows_the_token(
    conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    conf.write_text(LONG)

    main(["--color", "never", "--only", "comment-behind-value", "a.conf"])

    lines = terminal.getvalue().splitlines()
    at = next(number for number, line in enumerate(lines) if "^" in line)
    start = lines[at].index("^")
    assert lines[at - 1][start : len(lines[at])] == "# comment"
    assert lines[at - 1].startswith("  | …")


def test_what_is_piped_keeps_a_line_a_finding(
    conf: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    conf.write_text(LONG)
    main(["--format", "json", "a.conf"])
    found = json.loads(capsys.readouterr().out)

    main(["a.conf"])

    heads = [line for line in capsys.readouterr().out.splitlines() if line.startswith("a.conf:")]
    assert len(heads) == len(found)
    assert all(line.endswith("]") for line in heads)
    assert max(map(len, heads)) > 80


def test_colours_are_on_the_broken_lines_of_a_terminal(
    conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    for name, value in {"COLUMNS": "60", "TERM": "xterm", "NO_COLOR": ""}.items():
        monkeypatch.setenv(name, value)
    conf.write_text(LONG)
    main(["a.conf"])
    colored = terminal.getvalue()

    assert "\x1b[31midle\x1b[0m: " in colored
    plain = re.sub(r"\x1b\[[\d;]*m", "", colored)
    assert max(len(line.expandtabs()) for line in plain.splitlines()) <= 60
