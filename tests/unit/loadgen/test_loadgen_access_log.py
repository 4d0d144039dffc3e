from __future__ import annotations

import hashlib
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.scenarios import access_log
from loadgen.scenarios.access_log import PAGES, AccessLog

ACCOUNT = AccessLog(1).account
EXCERPT = Path(__file__).parents[2] / "data" / "access_excerpt.log"


def urls_of(line: bytes) -> dict[str, int]:
    batch = ACCOUNT(line)
    assert batch.lines == 1
    assert batch.malformed == 1 - len(batch.urls)
    return dict(batch.urls)


START = b"192.0.2.1 - - [01/Jan/2026:00:00:00 +0000] "
COMMON = START + b'"GET /page HTTP/1.1" 200 5'


@pytest.mark.parametrize(
    ("request_field", "url"),
    [
        (b'"GET / HTTP/1.1"', "/"),
        (b'"GET /a?q=b%20c&d=%C3%A9 HTTP/1.0"', "/a?q=b%20c&d=%C3%A9"),
        (b'"OPTIONS * HTTP/2"', "*"),
        ('"GET /é HTTP/1.1"'.encode(), "/é"),
        (b'"GET /\xe9 HTTP/1.1"', "/\ufffd"),
        (b'"GET /a"b HTTP/1.1"', '/a"b'),
        (b'"GET /\xe2\x80\xa8 HTTP/1.1"', "/\u2028"),  # only ASCII white space ends a URL
        (b'"GET /\xc2\xa0x HTTP/1.1"', "/\u00a0x"),
        (b'"GET /\x0bx HTTP/1.1"', None),
        (b'"get / HTTP/1.1"', None),
        (b'"GET  HTTP/1.1"', None),
        (b'"GET /a b HTTP/1.1"', None),
        (b'"GET / HTTP/1.1', None),
        (b'"GET / HTTP/"', None),
        (b'"GET /"', None),
        (b'"-"', None),
    ],
)
def test_the_url_is_the_target_of_the_request_field(request_field: bytes, url: str | None) -> None:
    for rest in (b" 200 5", b' 200 5 "-" "-"', b" 304 -\r"):
        assert urls_of(START + request_field + rest) == ({} if url is None else {url: 1})


@pytest.mark.parametrize(
    "line",
    [
        COMMON,
        COMMON + b"\r",
        COMMON + b' "" ""',
        COMMON + b' "https://a.example/?q=\\"x\\"" "back\\\\slash" \t\r',
        COMMON + b' "-" "caf\xe9 [x] \xe2\x80\xa8"',
        COMMON.replace(b"200 5", b"304 -"),
        COMMON.replace(b"192.0.2.1 - -", b"2001:db8::1 id user name"),
        COMMON.replace(b"192.0.2.1 - -", b"[::1] - \xff"),
        COMMON.replace(b"01/Jan/2026:00:00:00 +0000", b"no time at all"),
    ],
)
def test_a_whole_line_of_the_common_or_combined_format_is_well_formed(line: bytes) -> None:
    assert urls_of(line) == {"/page": 1}


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"\r\n",
        b"\x00",
        b'"GET /page HTTP/1.1" 200 5',
        b" " + COMMON,
        COMMON + b"x",
        COMMON + b' "-"',
        COMMON + b' "-" "Mozilla',  # like line 8899 of the log that the lab replays
        COMMON + b' "-" "-" "-"',
        COMMON + b' "-" "a"b"',
        COMMON + b' "-" "\\"',
        COMMON + b'  "-" "-"',
        COMMON[:-2],
        COMMON.replace(b"200", b"20"),
        COMMON.replace(b"200", b"2000"),
        COMMON.replace(b"192.0.2.1 - -", b"192.0.2.1 -"),
        COMMON.replace(b"192.0.2.1 - -", b"192.0.2.1 - us[er"),
        COMMON.replace(b"[", b"").replace(b"]", b""),
        COMMON.replace(b"01/Jan/2026:00:00:00 +0000", b""),
    ],
)
def test_any_other_line_is_malformed(line: bytes) -> None:
    assert urls_of(line) == {}


MIB = 1 << 20
HOSTILE = {
    "quotes": b'"' * MIB,
    "spaces": b"a - " + b" " * MIB,
    "words": b"a " * (MIB // 2),
    "brackets": b"a - - " + b"[" * MIB,
    "brackets after spaces": b"a - -" + b" [" * (MIB // 2),
    "a time that begins often": b"a - -" + b" [" * (MIB // 2) + COMMON[COMMON.index(b"]") :] + b"x",
    "a time that begins often, then an open quote": (
        b"a - -" + b" [" * (MIB // 4) + COMMON[COMMON.index(b"]") :] + b' "' + b"x" * (MIB // 2)
    ),
    "times": b"a - -" + b" [x]" * (MIB // 4),
    "requests": b"a - -" + b' [x] "GET / HTTP/1.1"' * (MIB // 21),
    "versions": START + b'"GET ' + b" HTTP/1" * (MIB // 7),
    "digits": COMMON + b"1" * MIB + b"x",
    "white space": COMMON + b" " * MIB + b"x",
    "backslashes": COMMON + b' "-" "' + b"\\" * MIB,
    "escaped quotes": COMMON + b' "' + b'\\"' * (MIB // 2),
    "fields": COMMON + b' "-"' * (MIB // 4),
    "an open user agent": COMMON + b' "-" "' + b"x" * MIB,
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_line_of_a_mebibyte_costs_well_under_a_second(line: bytes) -> None:
    start = time.process_time()
    assert urls_of(line) == {}
    assert time.process_time() - start < 1.0


def test_a_real_excerpt_is_accounted_for() -> None:
    batch = ACCOUNT(EXCERPT.read_bytes())
    assert (batch.lines, batch.malformed, sum(batch.urls.values())) == (36, 1, 35)
    assert batch.urls["/projects/xdotool/"] == 2
    assert "/scripts/grok-py-test/configlib.py" not in batch.urls  # the unclosed user agent
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


SOME = [
    COMMON,
    COMMON + b"\r",
    COMMON.replace(b"page", b"\xe4\x85") + b' "\xff" "-"',
    COMMON + b' "-',
]


@settings(deadline=None)  # on a busy machine, the time of an example means nothing
@given(st.lists(st.one_of(st.binary(), st.sampled_from(SOME))), st.booleans())
def test_any_bytes_are_accounted_for_line_by_line(lines: list[bytes], newline: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if newline and lines else b"")
    expected = [line.decode("utf-8", "replace") for line in data.split(b"\n")]
    if data.endswith(b"\n") or not data:
        expected.pop()
    rule = re.compile(  # the copy in the Spark programs
        r'\S+ \S+ [^\[]+ \[[^\]]+\] "[A-Z]+ (\S+) HTTP/[\d.]+" \d{3} (?:\d+|-)'
        r'(?: "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*")?\s*',
        re.ASCII,
    )
    urls = [match[1] for match in map(rule.fullmatch, expected) if match]
    batch = ACCOUNT(data)
    assert batch.data == data
    assert batch.lines == len(expected)
    assert sorted(url for url, n in batch.urls.items() for _ in range(n)) == sorted(urls)
    assert batch.malformed == len(expected) - len(urls)


def test_the_rule_agrees_with_every_request_that_can_be_drawn() -> None:
    requests = {text: target for (text, target), _ in access_log._requests()}
    requests |= {f"] {text}": None for text in access_log.MALFORMED_REQUESTS}
    for text, target in requests.items():
        lines = "".join(f"192.0.2.1 - - [t{text}{tail}" for tail, _ in access_log._tails())
        batch = ACCOUNT(lines.encode())
        assert batch.urls == ({target: batch.lines} if target else {})


@settings(deadline=None, max_examples=50)
@given(st.integers(), st.sampled_from([0.0, 0.1, 1.0]), st.integers(1, 300))
def test_what_was_drawn_is_what_the_lines_say(seed: int, fraction: float, lines: int) -> None:
    drawn = AccessLog(seed, fraction).generate(lines)
    assert drawn == ACCOUNT(drawn.data)
    assert drawn.malformed == lines or fraction < 1.0


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


def test_the_fraction_of_malformed_lines_is_as_asked_for() -> None:
    assert AccessLog(1).generate(10_000).malformed == 0
    assert 900 < AccessLog(1, 0.1).generate(10_000).malformed < 1100
    assert AccessLog(1, 1.0).generate(100).malformed == 100
