from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.scenarios.access_log import PAGES, AccessLog

ACCOUNT = AccessLog(1).account
EXCERPT = Path(__file__).parents[2] / "data" / "access_excerpt.log"


def urls_of(line: bytes) -> dict[str, int]:
    batch = ACCOUNT(line)
    assert batch.lines == 1
    assert batch.malformed == 1 - len(batch.urls)
    return dict(batch.urls)


@pytest.mark.parametrize(
    ("line", "url"),
    [
        (b'1.2.3.4 - - [x] "GET / HTTP/1.1" 200 5 "-" "-"', "/"),
        (b'1.2.3.4 - - [x] "GET /a?q=b%20c&d=%C3%A9 HTTP/1.0" 304 -', "/a?q=b%20c&d=%C3%A9"),
        (b'"OPTIONS * HTTP/2" 200', "*"),
        (b'"GET /cr HTTP/1.1" 200 5\r', "/cr"),
        (b'"GET /no/closing HTTP/1.1" 200 5 "-" "Mozilla', "/no/closing"),
        ('"GET /é HTTP/1.1"'.encode(), "/é"),
        (b'"GET /\xe9 HTTP/1.1"', "/\ufffd"),
        (b'\xff "GET /a"b HTTP/1.1"', '/a"b'),
        (b'"GET /\xe2\x80\xa8 HTTP/1.1"', None),  # U+2028 is white space
        (b'"GET /\xc2\xa0x HTTP/1.1"', None),  # so is a no-break space
        (b'"get / HTTP/1.1"', None),
        (b'"GET  HTTP/1.1"', None),
        (b'"GET /a b HTTP/1.1"', None),
        (b'"GET / HTTP/1.1', None),
        (b'"GET / HTTP/"', None),
        (b'"-" 408 - "GET / HTTP/1.1"', None),  # only the first quoted field counts
        (b"\n", None),
        (b"\r\n", None),
        (b"\x00", None),
    ],
)
def test_the_url_is_the_target_of_the_first_quoted_field(line: bytes, url: str | None) -> None:
    assert urls_of(line) == ({} if url is None else {url: 1})


def test_a_real_excerpt_is_accounted_for() -> None:
    batch = ACCOUNT(EXCERPT.read_bytes())
    assert (batch.lines, batch.malformed, sum(batch.urls.values())) == (36, 0, 36)
    assert batch.urls["/projects/xdotool/"] == 2
    assert batch.urls["/scripts/grok-py-test/configlib.py"] == 1  # the unclosed user agent
    assert batch.urls["/blog/tags/is%20it%20done%20yet"] == 1
    assert str(batch.first_event_time) == "2015-05-17 10:05:03+00:00"
    assert str(batch.last_event_time) == "2015-05-20 14:05:16+00:00"


def test_event_times_are_compared_as_instants_and_only_of_well_formed_lines() -> None:
    batch = ACCOUNT(
        b'a - - [01/Jan/2020:00:00:00 +0000] "-" 408 -\n'
        b'a - - [01/Feb/2020:00:30:00 +0000] "GET / HTTP/1.1" 200 1\n'
        b'a - - [01/Feb/2020:01:00:00 +0100] "GET / HTTP/1.1" 200 1\n'
        b'a - - [31/Feb/2020:00:00:00 +0000] "GET / HTTP/1.1" 200 1\n'
    )
    assert str(batch.first_event_time) == "2020-02-01 01:00:00+01:00"
    assert str(batch.last_event_time) == "2020-02-01 00:30:00+00:00"


@settings(deadline=None)  # how long an example takes says nothing on a busy machine
@given(st.lists(st.one_of(st.binary(), st.just(b'x "GET /\xe4 HTTP/1.1"\r\xff'))), st.booleans())
def test_any_bytes_are_accounted_for_line_by_line(lines: list[bytes], newline: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if newline and lines else b"")
    expected = [line.decode("utf-8", "replace") for line in data.split(b"\n")]
    if data.endswith(b"\n") or not data:
        expected.pop()
    rule = re.compile(r'^[^"]*"[A-Z]+ (\S+) HTTP/[0-9.]+"')
    urls = [match[1] for match in map(rule.search, expected) if match]
    batch = ACCOUNT(data)
    assert batch.data == data
    assert batch.lines == len(expected)
    assert sorted(url for url, n in batch.urls.items() for _ in range(n)) == sorted(urls)
    assert batch.malformed == len(expected) - len(urls)


@settings(deadline=None, max_examples=50)
@given(st.integers(), st.sampled_from([0.0, 0.1, 1.0]), st.integers(1, 300))
def test_what_was_drawn_is_what_stands_in_the_lines(seed: int, spoilt: float, lines: int) -> None:
    drawn = AccessLog(seed, spoilt).generate(lines)
    assert drawn == ACCOUNT(drawn.data)
    assert drawn.malformed == lines or spoilt < 1.0


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_a_run_has_the_same_lines_however_it_is_cut(cuts: list[int]) -> None:
    whole, parts = AccessLog(7, 0.1), AccessLog(7, 0.1)
    expected = whole.generate(sum(cuts)).data
    assert b"".join(parts.generate(cut).data for cut in cuts) == expected


def test_a_seed_means_these_bytes_on_every_python() -> None:
    data = AccessLog(1, 0.01).generate(1000).data
    assert hashlib.sha256(data).hexdigest()[:16] == "9cdda723b18254d9"
    assert AccessLog(2, 0.01).generate(1000).data != data


def test_traffic_is_heavy_tailed_and_as_odd_as_real_traffic() -> None:
    batch = AccessLog(1).generate(20_000)
    counts = sorted(batch.urls.values(), reverse=True)
    assert len(PAGES) == len(set(PAGES))
    assert 300 < len(counts) <= len(PAGES)
    assert counts[0] > 100 * counts[len(counts) // 2]
    assert any("?" in url for url in batch.urls)
    assert any("%20" in url for url in batch.urls)
    for status in (200, 206, 301, 304, 403, 404, 500):
        assert re.search(rb'" %d ' % status, batch.data)
    assert re.search(rb'HTTP/1.1" 304 - "', batch.data)


def test_event_time_only_advances() -> None:
    scenario = AccessLog(1)
    batches = [scenario.generate(500) for _ in range(5)]
    times = [t for b in batches for t in (b.first_event_time, b.last_event_time) if t]
    assert times == sorted(times)
    assert len(times) == 10
    assert str(times[0]) == "2026-01-01 00:00:00+00:00"


def test_the_asked_for_part_of_the_lines_is_spoilt() -> None:
    assert AccessLog(1).generate(10_000).malformed == 0
    assert 900 < AccessLog(1, 0.1).generate(10_000).malformed < 1100
    assert AccessLog(1, 1.0).generate(100).malformed == 100
