"""Every rule finds its wrong example, and nothing in its right one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flumelint import Options, Severity, check_documents
from flumelint.rules import all_rules
from flumelint.rules.rule import Rule
from tests.support.lint_mistakes import documents

RULES = list(all_rules().values())


def in_folder(rule: Rule, example: str, folder: Path) -> str:
    """The example with a folder that holds the files which the rule looks for."""
    for name in rule.files:
        (folder / name).touch()
    return example.replace("FOLDER", str(folder)) if rule.files else example


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_finds_its_wrong_example(rule: Rule, tmp_path: Path) -> None:
    found = check_documents(documents(in_folder(rule, rule.wrong, tmp_path)), Options())

    assert rule.name in {each.rule for each in found}, found


# Where one mistake has two faces: the name is wrong here, so something is missing there.
FOLLOW = {
    "channel-without-source": {"channel-without-sink"},
    "comma-in-list": {"channel-without-sink"},
    "not-connected": {"channel-without-sink"},
    "unknown-channel": {"channel-without-sink"},
    "group-uses-sink": {"failover-priorities"},
    "group-without-sinks": {"failover-priorities"},
    "singular-kind": {"channel-without-sink", "not-connected"},
    "file-group-without-pattern": {"file-group-not-listed"},
    "invisible-character": {"unknown-channel"},
    "listed-but-not-configured": {"configured-but-not-listed"},
    "malformed-unicode-escape": {"unknown-key"},
}
GRAVE = [rule for rule in RULES if rule.severity in (Severity.LOSES_DATA, Severity.IDLE)]


@pytest.mark.parametrize("rule", GRAVE, ids=lambda rule: rule.name)
def test_the_wrong_example_of_a_grave_rule_has_one_mistake(rule: Rule, tmp_path: Path) -> None:
    """So that it can be given to learners as a conf with one silent mistake."""
    found = check_documents(documents(in_folder(rule, rule.wrong, tmp_path)), Options())
    own = [each for each in found if each.rule == rule.name]
    others = {each.rule for each in found if each.severity is not Severity.NOTE} - {rule.name}

    assert len(own) == 1
    assert own[0].severity in (Severity.LOSES_DATA, Severity.IDLE)
    assert others == FOLLOW.get(rule.name, set())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_right_example_is_clean(rule: Rule, tmp_path: Path) -> None:
    found = check_documents(documents(in_folder(rule, rule.right, tmp_path)), Options())

    allowed = {rule.name} if rule.severity is Severity.NOTE else set()
    assert [each for each in found if each.severity is not Severity.NOTE] == []
    assert not {each.rule for each in found} & ({rule.name} - allowed)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_told_in_words_and_sentences(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", rule.name)
    assert rule.summary
    assert not rule.summary.endswith(".")
    for text in (rule.flume, rule.harm):
        assert text.endswith((".", ".`"))
    assert rule.wrong != rule.right
