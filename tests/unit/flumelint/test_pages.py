"""The page of the rules and the picture show what the program says today."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from flumelint import check
from flumelint.cli import main
from flumelint.report.as_text import as_text
from flumelint.report.colors import colored
from flumelint.rules import all_rules
from tools.flumelint.pages import PAGE, SAMPLE, pages

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("file", pages(), ids=lambda file: file.name)
def test_a_page_is_made_from_the_rules(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == pages()[file], "run make lint-page"


def test_each_rule_has_a_heading() -> None:
    headings = re.findall(r"^### (\S+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert headings == sorted(all_rules())


def test_the_rules_that_the_page_names_exist() -> None:
    top = PAGE.read_text(encoding="utf-8").partition("<!-- rules:")[0]
    named = set(re.findall(r"\b(?:ignore|ignore-file)=([\w,-]+)", top))
    named |= set(re.findall(r'^([\w-]+) = "risky"$|\["([\w-]+)"\]', top, re.MULTILINE)[0])

    for names in named - {"", "fail-on", "vendor"}:
        assert set(names.split(",")) <= set(all_rules())


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
