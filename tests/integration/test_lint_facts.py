"""The linter's facts about Flume are made anew, from its jars and by running it."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from tools.flumelint import make_components, prove


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    if not shutil.which("java"):
        pytest.skip("Java is missing: install Java 17 or later")
    try:
        make_components.class_path()
    except make_components.FlumeMissing as missing:
        pytest.skip(str(missing))


def test_the_keys_are_those_that_flumes_bytecode_reads() -> None:
    text = make_components.text_of(make_components.components())

    assert make_components.OUTPUT.read_text() == text, (
        "python -m tools.flumelint.make_components writes it anew"
    )


def test_flume_does_with_each_wrong_example_what_its_rule_says() -> None:
    """All wrong and right examples run in real agents, in one JVM; the records are made anew.

    36 agents at a time share the machine, and a busy one makes Flume log warnings about time. So
    the rules whose records differ run once more, by themselves.
    """
    recorded = json.loads(prove.OUTPUT.read_text())
    records = prove.observe()
    if differing := _differing(records, recorded):
        records |= prove.observe(differing)

    broken = {name: its for name, its in records.items() if not all(its["proven"].values())}
    assert broken == {}
    assert _differing(records, recorded) == [], "make lint-proof writes it anew"


def _differing(records: dict[str, Any], recorded: dict[str, Any]) -> list[str]:
    """The rules whose records are not the same."""
    now, then = prove.steady(records), prove.steady(recorded)
    return [name for name in now.keys() | then.keys() if now.get(name) != then.get(name)]
