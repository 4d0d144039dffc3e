"""What url_counts.py counts as a URL, and what as a malformed line."""

import importlib.util
import time
from pathlib import Path

import pytest

from flumelab.counts import MALFORMED
from flumelab.programs import parse
from loadgen.scenarios import SCENARIOS

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def program():
    spec = importlib.util.spec_from_file_location("url_counts", ROOT / "spark-apps/url_counts.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_lesson_and_the_other_programs_have_the_same_rule(program) -> None:
    assert program.LINE == parse.LINE


LINE = '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "{}" 200 12 "-" "curl/8"'


@pytest.mark.parametrize(
    ("request_line", "url"),
    [
        ("GET / HTTP/1.1", "/"),
        ("POST /a?b=%20c&d HTTP/1.0", "/a?b=%20c&d"),
        ("OPTIONS * HTTP/2.0", "*"),
        ("GET /a b HTTP/1.1", MALFORMED),
        ("get / HTTP/1.1", MALFORMED),
        ("GET /", MALFORMED),
        ("-", MALFORMED),
        ("", MALFORMED),
    ],
)
def test_the_url_is_the_target_as_written(program, request_line: str, url: str) -> None:
    assert program.url_of(LINE.format(request_line)) == url


def test_a_line_without_referer_and_agent_is_a_common_log_line(program) -> None:
    assert program.url_of('::1 - a [now] "GET /x HTTP/1.1" 304 -') == "/x"


@pytest.mark.parametrize("line", ["", "hello", LINE.format("GET / HTTP/1.1")[:-1]])
def test_anything_else_is_malformed(program, line: str) -> None:
    assert program.url_of(line) == MALFORMED


def test_bytes_that_are_not_text_do_not_fail_a_batch(program) -> None:
    assert program.url_of(program.to_text(b"\xff\xfe\x00")) == MALFORMED
    body = LINE.format("GET /caf\xe9 HTTP/1.1").encode("latin-1")
    assert program.url_of(program.to_text(body)) == "/caf�"


def test_program_and_generator_agree_on_a_real_log(program) -> None:
    data = (ROOT / "tests/data/access_excerpt.log").read_bytes()
    truth = SCENARIOS["access-log"](1, 0.0).account(data)
    found = [program.url_of(program.to_text(line)) for line in data.splitlines()]
    assert {url: found.count(url) for url in found if url != MALFORMED} == truth.urls
    assert found.count(MALFORMED) == truth.malformed > 0


@pytest.mark.parametrize("part", [" [", '" ', "\\", "- ", '"a" '])
def test_a_hostile_line_takes_no_long_time(program, part: str) -> None:
    line = "a b c [x] " + part * (500_000 // len(part))
    started = time.process_time()
    assert program.url_of(line) == MALFORMED
    assert time.process_time() - started < 2
