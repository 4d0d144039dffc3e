"""The page of the rules and the picture show what the program says today."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from flumelint import check
from flumelint.cli import main
from flumelint.report.as_text import as_text
from flumelint.report.colors import colored
from flumelint.rules import all_rules
from flumelint.rules.rule import BASE
from flumelint.settings import load
from tools.flumelint.pages import PAGE, SAMPLE, pages

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("file", pages(), ids=lambda file: file.name)
def test_a_page_is_made_from_the_rules(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == pages()[file], "run make lint-page"


def test_each_rule_has_a_heading() -> None:
    headings = re.findall(r"^### (\S+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert headings == sorted(all_rules())


TOP = PAGE.read_text(encoding="utf-8").partition("<!-- rules:")[0]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TOP, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """The page's commands: those of its first block, and those for a CI job."""
    found = [line.partition("  ")[0] for block in blocks("sh") for line in block.splitlines()]
    found += re.findall(r"flumelint --format [^|\n>]*", "\n".join(blocks("yaml")))
    return [line.strip() for line in found if line.startswith("flumelint")]


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_page_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf").mkdir()
    for name in ("flume.conf", "conf/flume.conf"):
        (tmp_path / name).write_text(BASE)

    assert main(shlex.split(command)[1:]) == 0


def test_the_settings_of_the_page_are_read(tmp_path: Path) -> None:
    (toml,) = blocks("toml")
    (tmp_path / "pyproject.toml").write_text(toml)
    settings = load(tmp_path / "pyproject.toml")

    assert settings.agent == "a1"
    assert settings.per_file_ignore


def test_the_python_of_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flume.conf").write_text(SAMPLE)
    (python,) = blocks("python")
    exec(compile(python, "page", "exec"), {})  # noqa: S102 - our own page

    assert "comma-in-list" in capsys.readouterr().out


def test_the_comments_of_the_page_switch_rules_off() -> None:
    named = re.findall(r"\b(?:ignore|ignore-file)=([\w,-]+)", TOP)

    assert len(named) == 2
    assert {rule for names in named for rule in names.split(",")} <= set(all_rules())


def test_the_github_matcher_reads_what_is_printed() -> None:
    text = as_text(check(SAMPLE.lstrip(), path="web.conf"), ["web.conf"])
    content = (ROOT / "src/flumelint/github_matcher.json").read_text()
    matchers = json.loads(content)["problemMatcher"]
    found = [
        (matcher["severity"], match[1], int(match[2]), int(match[3]), match[5])
        for line in text.splitlines()
        for matcher in matchers
        if (match := re.search(matcher["pattern"][0]["regexp"], line))
    ]

    assert ("error", "web.conf", 2, 22, "comma-in-list") in found
    assert len(found) == len(check(SAMPLE.lstrip()))
    assert {severity for severity, *_ in found} == {"error", "warning"}


def test_the_command_says_where_the_matcher_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--matcher"]) == 0
    assert json.loads(Path(capsys.readouterr().out.strip()).read_text())


def test_every_conf_of_the_lab_is_clean(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)

    code = main(["--no-notes", "--no-flows", "--markdown", "."])
    assert code == 0, capsys.readouterr().out


def test_colours_change_nothing_but_colours() -> None:
    text = as_text(check(SAMPLE.lstrip(), path="web.conf"), ["web.conf"])

    assert colored(text) != text
    assert re.sub(r"\x1b\[[\d;]*m", "", colored(text)) == text
