from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen import ledger
from loadgen.errors import LedgerError

ENTRY = ledger.Entry(
    name="access-log-000001.log",
    lines=3,
    bytes=300,
    sha256="ab" * 32,
    first_event_time=datetime.fromisoformat("2026-01-01T00:00:00+00:00"),
    last_event_time=None,
    urls={"/": 1, "/é": 1},
    malformed=1,
)
LINE = (
    '{"name":"access-log-000001.log","lines":3,"bytes":300,"sha256":"' + "ab" * 32 + '",'
    '"first_event_time":"2026-01-01T00:00:00+00:00","last_event_time":null,'
    '"urls":{"/":1,"/\\u00e9":1},"malformed":1}\n'
)


def test_an_entry_is_one_line_of_json() -> None:
    assert ENTRY.encode() == LINE
    assert ledger.Entry.decode(LINE) == ENTRY


WITH_EVENTS = ledger.Entry(
    name="orders-000001.log",
    lines=2,
    bytes=90,
    sha256="cd" * 32,
    first_event_time=None,
    last_event_time=None,
    urls={},
    malformed=0,
    events={"time": [1767225600, 1767225602], "product": ["milk", "é"]},
)


def test_a_scenario_with_events_has_them_in_place_of_urls() -> None:
    line = (
        '{"name":"orders-000001.log","lines":2,"bytes":90,"sha256":"' + "cd" * 32 + '",'
        '"first_event_time":null,"last_event_time":null,"malformed":0,'
        '"events":{"time":[1767225600,1767225602],"product":["milk","\\u00e9"]}}\n'
    )
    assert WITH_EVENTS.encode() == line
    assert ledger.Entry.decode(line) == WITH_EVENTS


@settings(deadline=None)
@given(st.dictionaries(st.text(), st.integers(1)))
def test_any_url_is_read_back_as_it_was_written(urls: dict[str, int]) -> None:
    entry = ledger.Entry("n", sum(urls.values()), 0, "", None, None, urls, 0)
    assert entry.encode().count("\n") == 1
    assert ledger.Entry.decode(entry.encode()) == entry


def test_an_absent_ledger_is_empty(tmp_path: Path) -> None:
    assert ledger.read(tmp_path / "none.jsonl") == []


@pytest.mark.parametrize("length", [1, 20, len(LINE) - 1])
def test_a_torn_last_line_is_ignored(tmp_path: Path, length: int) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text(LINE + LINE[:length])
    assert ledger.read(path) == [ENTRY]
    assert ledger.read(str(path)) == [ENTRY]


@pytest.mark.parametrize(
    "bad",
    ["", "{}", "[]", "null", "7", "{", '{"urls":3}', LINE[:-1].replace('"lines":3', '"lines":4'),
     LINE[:-1].replace("2026-01-01T", "2026-13-01T"), LINE[:-1].replace("300", "Infinity"),
     LINE[:20], "\udcff", LINE[:-1].replace("urls", "hits"),
     WITH_EVENTS.encode()[:-1].replace('"milk",', ""),
     WITH_EVENTS.encode()[:-1].replace('"lines":2', '"lines":3'),
     WITH_EVENTS.encode()[:-1].replace('"time":[', '"when":[')],
)  # fmt: skip
def test_a_corrupt_line_is_an_error_that_names_file_and_line(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(f"{LINE}{bad}\n{LINE}".encode(errors="surrogateescape"))
    with pytest.raises(LedgerError, match=re.escape(f"{path} line 2: not a ledger entry (")) as e:
        ledger.read(path)
    assert "\n" not in str(e.value)


def test_an_unreadable_ledger_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=re.escape(f"{tmp_path}: Is a directory; ")):
        ledger.read(tmp_path)


def test_a_total_is_the_sum_of_its_entries() -> None:
    total = ledger.total([ENTRY, ENTRY])
    assert (total.files, total.lines, total.bytes, total.malformed) == (2, 6, 600, 2)
    assert total.urls == {"/": 2, "/é": 2}
    assert ledger.total([]) == ledger.Total()
