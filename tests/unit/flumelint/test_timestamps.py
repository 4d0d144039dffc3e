"""The header `timestamp` is named when an interceptor makes a text of it."""

from __future__ import annotations

import pytest

from flumelint import Options, check
from flumelint.rules.rule import BASE, changed
from flumelint.rules.timestamps import groups_of


def conf(regex: str, names: str = "timestamp") -> str:
    serializers = [f"s{number}" for number, _ in enumerate(names.split())]
    start = "a1.sources.r1.interceptors.i1"
    lines = [f"{start}.serializers = {' '.join(serializers)}"]
    lines += [
        f"{start}.serializers.{each}.name = {name}"
        for each, name in zip(serializers, names.split(), strict=True)
    ]
    return changed(
        BASE,
        (
            "a1.sources.r1.channels",
            f"a1.sources.r1.interceptors = i1\n{start}.type = regex_extractor\n"
            f"{start}.regex = {regex}\n" + "\n".join(lines) + "\na1.sources.r1.channels",
        ),
    )


def severities(text: str) -> list[str]:
    found = check(text, options=Options())
    return [each.severity.value for each in found if each.rule == "timestamp-is-text"]


@pytest.mark.parametrize(
    "regex", [r"^(\\d+)", r"^(\\d{13}) ", "^([0-9]{10}[0-9]{3})", r"^\\((\\d+)\\)"]
)
def test_digits_may_be_milliseconds(regex: str) -> None:
    assert severities(conf(regex)) == []


@pytest.mark.parametrize("regex", [r"^(\\S+)", r"\\[([^\\]]+)\\]", r"(?<time>.*?) "])
def test_a_text_is_no_time(regex: str) -> None:
    assert severities(conf(regex)) == ["risky"]


def test_each_serializer_has_a_group_of_its_own() -> None:
    assert severities(conf(r"^(\\w+) (?:x) (\\d+)", "level timestamp")) == []
    assert severities(conf(r"^(\\d+) (\\w+)", "number timestamp")) == ["risky"]


def test_groups_that_do_not_capture_have_no_number() -> None:
    assert groups_of(r"(?:a)(b(c))[(](?<d>e)\)(?=f)") == ["b(c)", "c", "e"]
