"""The linter's facts about Flume are made anew, from its jars and by running it."""

from __future__ import annotations

import json
import shutil

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
    """All wrong and right examples run in real agents, in one JVM; the records are made anew."""
    records = prove.observe()

    broken = [
        f"{name}: {claim}"
        for name, its in records.items()
        for claim, held in its["proven"].items()
        if not held
    ]
    assert broken == []
    assert prove.steady(records) == prove.steady(json.loads(prove.OUTPUT.read_text())), (
        "make lint-proof writes it anew"
    )
