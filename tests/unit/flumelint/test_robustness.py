"""Any bytes may come in, and long files are checked at once."""

from __future__ import annotations

import gc
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flumelint import check
from flumelint.files import File
from flumelint.fixes import apply
from flumelint.graph import FORMATS as GRAPHS
from flumelint.guarantee import guarantees
from flumelint.linter import Options, check_documents
from flumelint.properties import decode, parse
from flumelint.reader import read
from flumelint.report import FORMATS
from flumelint.routing import route
from flumelint.rules import all_rules
from flumelint.rules.backslashes import SPOOL
from flumelint.rules.rule import changed

WORDS = """
a1 a2 . = : # \\ , ; ' " ${env:X} ${ } / -- é \u00a0
sources channels sinks sinkgroups source channel sink type selector mapping default interceptors
processor priority r1 c1 k1 g1 memory avro spooldir multiplexing 100 -1
"""
PIECES = [
    *WORDS.split(),
    "\n",
    "\t",
    "\u00a0",
    "a1.sources = r1\n",
    "a1.channels = c1 c2\n",
    "a1.sinks = k1 k2\n",
    "a1.sinkgroups = g1\n",
    "a1.sources.r1.selector.type = multiplexing\n",
    "a1.sources.r1.channels = c1\n",
    "a1.sinks.k1.channel = c1\n",
    "a1.channels.c1.type = memory\n",
    "a1.sinkgroups.g1.sinks = k1 k2\n",
    " ",
    "\r\n",
]
LINES = 10_000
TRIES_MAX = 10  # a busy machine may be slow at first
SECONDS_MAX = 1.0  # of CPU: other programs may run beside the test
PACE_SECONDS = 0.08  # of CPU: what `_pace` takes on a machine on which the second holds


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes_are_checked_without_a_crash(content: bytes) -> None:
    check(content)


@settings(deadline=None, max_examples=600)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_anything_like_a_conf_is_checked_and_shown_without_a_crash(text: str) -> None:
    found = check(text)
    for finding in found:
        assert finding.line >= 1
        assert finding.column >= 1
    for report in FORMATS.values():
        report(found, ["-"])
    conf = read(parse(text), {})
    guarantees(conf)
    for draw in GRAPHS.values():
        draw(conf)
    for source in conf.components("source"):
        route(source, {"kind": "gift"})


LINES_OF_EXAMPLES = sorted(
    {line for rule in all_rules().values() for line in f"{rule.wrong}\n{rule.right}".splitlines()}
)


@settings(deadline=None, max_examples=400)
@given(st.lists(st.sampled_from([*LINES_OF_EXAMPLES, *PIECES]), max_size=60).map("\n".join))
def test_any_mixture_of_the_examples_is_checked_mended_and_shown(text: str) -> None:
    once, _ = apply(text, check)
    assert apply(once, check) == (once, 0)

    conf = read(parse(text), {})
    guarantees(conf)
    for draw in GRAPHS.values():
        draw(conf)


@settings(deadline=None, max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_a_second_fix_changes_nothing_whatever_the_text(text: str) -> None:
    once, _ = apply(text, check)

    assert apply(once, check) == (once, 0)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*PIECES, "```\n", "```properties\n", "~~~\n"])).map("".join))
def test_any_page_is_checked_without_a_crash(text: str) -> None:
    check_documents(File("page.md", text, "utf-8", markdown=True).documents(), Options())


def large_conf(agents: int = 0) -> str:
    """A conf of many lines: agents with sources, channels, sinks and groups."""
    lines: list[str] = []
    number = 0
    while len(lines) < LINES:
        number += 1
        a = f"agent{number}" if agents else "a1"
        c, r, k = f"c{number}", f"r{number}", f"k{number}"
        lines += [
            f"{a}.sources.{r}.type = netcat",
            f"{a}.sources.{r}.channels = {c}",
            f"{a}.sources.{r}.port = {number}  # not a comment",
            f"{a}.channels.{c}.type = memory",
            f"{a}.channels.{c}.capacity = 1000",
            f"{a}.sinks.{k}.type = avro",
            f"{a}.sinks.{k}.channel = {c}",
            f"{a}.sinks.{k}.batchSize = 10",
            f"{a}.sinks.{k}.path = a \\",
            f"   b é {number}",
        ]
        if agents:
            lines += [f"{a}.sources = {r}", f"{a}.channels = {c},", f"{a}.sinks = {k}"]
    if not agents:
        every = range(1, number + 1)
        lines += [
            f"a1.{kind} = " + " ".join(f"{kind[0]}{n}" for n in every) for kind in ("channels",)
        ]
        lines += ["a1.sources = " + " ".join(f"r{n}" for n in every)]
        lines += ["a1.sinks = " + " ".join(f"k{n}" for n in every)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        large_conf(),
        large_conf(agents=1),
        "word " * LINES + "\n",
        "a1.sources = r1\n" * LINES,
        "a1.channels = c1\n" + "".join(f"a1.sinks.k{n}.channel=c1\n" for n in range(LINES)),
        "# flumelint: ignore=prose-line\n" * LINES,
        "\\\n" * LINES,
    ],
    ids=["one agent", "agents", "one line", "equal lines", "not listed", "pragmas", "backslashes"],
)
def test_ten_thousand_lines_are_checked_within_a_second(text: str) -> None:
    all_rules()  # loads the rules, which every run does once
    check("a1.sources = r1\n")
    gc.freeze()  # what other tests have left is not searched, as in a process of its own
    try:
        # A shared core is at times half as fast, so each try is measured against its moment.
        tries = ((_seconds(text), max(1.0, _pace() / PACE_SECONDS)) for _ in range(TRIES_MAX))

        assert any(seconds < SECONDS_MAX * slowness for seconds, slowness in tries)
    finally:
        gc.unfreeze()


def _pace() -> float:
    """The seconds of a fixed piece of work that is much like the linter's."""
    start = time.process_time()
    for number in range(400_000):
        str(number).split("5")
    return time.process_time() - start


def _seconds(text: str) -> float:
    start = time.process_time()
    check(text)
    return time.process_time() - start


def test_bytes_that_are_not_utf_8_are_read_as_iso_8859_1() -> None:
    assert decode(b"a = \xe9") == ("a = é", "iso-8859-1")
    assert decode("a = é".encode()) == ("a = é", "utf-8")


def test_a_spool_folder_with_a_nul_in_its_name_is_checked() -> None:
    text = changed(SPOOL, ("/var/spool/flume", "/var/spool\0/flume"))

    assert "reads-unfinished-files" not in {each.rule for each in check(text)}
