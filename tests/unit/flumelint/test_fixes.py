"""Fixes mend what they can, keep comments and order, and change nothing the second time."""

from __future__ import annotations

import pytest

from flumelint import Finding, Options, check_documents
from flumelint.findings import Edit, Severity
from flumelint.fixes import apply
from flumelint.properties import Span, parse
from flumelint.rules import all_rules
from flumelint.rules.rule import BASE, Rule, changed

COMMENTED = "# first\n" + BASE.replace(
    "\na1.channels.c1.type", "\n! the buffer\na1.channels.c1.type"
)
FIXABLE = {
    "comma-in-list": "a1.channels = c1, c2\n",
    "source-uses-channel": "a1.sources.r1.channel = c1\n",
    "sink-uses-channels": "a1.sinks.k1.channels = c1\n",
}


def find(text: str) -> list[Finding]:
    return check_documents([parse(text, "example.conf")], Options())


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.name)
def test_a_fixed_example_has_nothing_left_to_fix(rule: Rule) -> None:
    once, _ = apply(rule.wrong, find)
    twice, count = apply(once, find)

    assert (twice, count) == (once, 0)
    assert not [found for found in find(once) if found.fix]


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.name)
def test_a_fix_keeps_the_comments_and_their_order(rule: Rule) -> None:
    before = parse(rule.wrong)
    after = parse(apply(rule.wrong, find)[0])
    kept = [after.raw(span) for span in after.comments]
    for span in before.comments:
        while kept and kept[0] != before.raw(span):
            kept.pop(0)  # a comment that a fix has made
        assert kept, before.raw(span)
        kept.pop(0)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (("a1.channels = c1", "a1.channels = c1,"), ("", "")),
        (("r1.channels = c1", "r1.channel = c1"), ("", "")),
        (("k1.channel = c1", "k1.channels = c1"), ("", "")),
        (("a1.sinks.k1.channel", "a1.sink.k1.channel"), ("", "")),
        (("a1.sinks = k1", "a1.sink = k1"), ("", "")),
        (
            ("k1.channel = c1", "k1.channel = c1   # its channel"),
            ("a1.sinks.k1.channel", "# its channel\na1.sinks.k1.channel"),
        ),
        (("capacity = 1000\n", "capacity = 1000\na1.channels.c1.capacity : 1000\n"), ("", "")),
        (
            ("a1.sinks.k1.type", "The sink\na1.sinks.k1.type"),
            ("a1.sinks.k1.type", "# The sink\na1.sinks.k1.type"),
        ),
    ],
    ids=lambda change: change[1].strip()[:40],
)
def test_a_mistake_becomes_what_was_meant(wrong: tuple[str, str], right: tuple[str, str]) -> None:
    expected = changed(COMMENTED, right) if right[0] else COMMENTED

    assert apply(changed(COMMENTED, wrong), find)[0] == expected


def test_many_mistakes_in_one_file_are_all_mended() -> None:
    wrong = changed(
        COMMENTED,
        ("a1.channels = c1", "a1.channels = c1, # the only one"),
        ("r1.channels = c1", "r1.channel = c1 # to it"),
        ("k1.channel = c1", "k1.channels = c1 # from it"),
    )
    fixed, count = apply(wrong, find)

    assert count >= 3
    assert "a1.sources.r1.channels = c1\n" in fixed
    assert "a1.sinks.k1.channel = c1\n" in fixed
    for comment in ("# the only one", "# to it", "# from it"):
        assert f"\n{comment}\n" in f"\n{fixed}"
    assert [found for found in find(fixed) if found.fix] == []


def test_a_value_that_means_its_number_sign_is_left_alone() -> None:
    text = changed(BASE, ("a1.sources.r1.type = netcat", "a1.sources.r1.type = exec"))
    text += 'a1.sources.r1.command = sed "s/ # /x/" # not ours to judge\n'

    assert apply(text, find)[0] == text


def test_fixes_that_overlap_are_applied_one_after_the_other() -> None:
    def find_a(text: str) -> list[Finding]:
        return [
            Finding("-", 1, 1, 1, 1, Severity.STYLE, "any", "", "", (), (edit,), "")
            for at in range(len(text) - 1)
            if text[at : at + 2] == "aa"
            for edit in [Edit(Span(at, at + 2), "a")]
        ]

    assert apply("aaaa", find_a)[0] == "a"
