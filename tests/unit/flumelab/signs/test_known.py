"""The list of known signs fits together."""

from __future__ import annotations

import re
import string

import pytest

from flumelab.signs.known import Known, known
from flumelab.signs.snapshot import Kind

NAME = re.compile(r"[a-z]+(-[a-z]+)+")


def fields(*texts: str) -> set[str]:
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("entry", known().values(), ids=known())
def test_each_sign_fills_its_texts_with_what_its_line_gives(entry: Known) -> None:
    assert NAME.fullmatch(entry.name)
    assert (entry.seen == "log") == bool(entry.kinds) == bool(entry.contains)
    assert set(entry.kinds) <= set(Kind)
    if entry.seen == "log":
        given = set(entry.line.groupindex) if entry.line else set()
        assert fields(entry.place, entry.fact, entry.remedy, entry.moves) <= given | {"part"}
        assert set(entry.over.groupindex if entry.over else ()) <= given
    names = list(known())
    assert all(names.index(other) < names.index(entry.name) for other in entry.unless)


@pytest.mark.parametrize("entry", known().values(), ids=known())
def test_each_sign_is_a_sentence_of_place_fact_and_remedy(entry: Known) -> None:
    for text in (entry.place, entry.fact, entry.remedy):
        assert text == text.strip()
        assert not text.endswith((".", ";"))
