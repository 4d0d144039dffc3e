"""Each event of a file is stored once, however its batches are cut and how often they come."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark_flume.errors import LandingError
from pyspark_flume.events.event_positions import scan_events
from pyspark_flume.events.record import decode_events, encode_event
from pyspark_flume.ingest.group_commit import GroupCommit
from pyspark_flume.ingest.line_identity import identify
from pyspark_flume.landing import Landing, LandingWriter, disk

from tests.support.receiver import bodies, line_event, lines_of

A = lines_of("a", [0, 10, 20, 30, 40, 50])
B = lines_of("b", [0, 7, 9, 100])
PLAIN = encode_event({}, b"plain")


def take(folder: Path, *batches: Sequence[bytes], segment_bytes: int = 1 << 20) -> list[bool]:
    """Whether each of these batches, submitted one after the other, was stored."""

    async def run() -> list[bool]:
        with LandingWriter.open(folder, identify, segment_bytes) as writer:
            group_commit = GroupCommit(writer)
            committing = asyncio.create_task(group_commit.run())
            answers = []
            for batch in batches:
                events = scan_events(memoryview(b"".join(batch)), len(batch))
                answers.append(await group_commit.submit(events))
            committing.cancel()
            group_commit.close()
            return answers

    return asyncio.run(run())


def events_of(folder: Path) -> list[bytes]:
    return [encode_event(*event) for event in _events(folder)]


def _events(folder: Path) -> list[tuple[dict[str, str], bytes]]:
    log = Landing(folder)
    blocks = log.blocks(log.earliest(), log.latest())
    return [event for block in blocks for event in decode_events(bytes(block.items))]


@pytest.mark.parametrize(
    ("batches", "stored"),
    [
        pytest.param([A, A], A, id="twice"),
        pytest.param([A[:3], A[2:]], A, id="overlapping"),
        pytest.param([A[2:4], A], A[2:4] + A[:2] + A[4:], id="the middle first"),
        pytest.param([A[::-1], A], A[::-1], id="backwards"),
        pytest.param([A + A], A, id="twice in a batch"),
        pytest.param([[A[0], A[0], A[1], A[0]]], A[:2], id="thrice in a batch"),
        pytest.param([A[::2], A], A[::2] + A[1::2], id="every other first"),
        pytest.param([A[:2] + B + A[2:], B + A], A[:2] + B + A[2:], id="two files"),
        pytest.param([[PLAIN, PLAIN], [PLAIN]], [PLAIN] * 3, id="without identity"),
        pytest.param(
            [[PLAIN, *A[:2], PLAIN], [PLAIN, *A, PLAIN]],
            [PLAIN, *A[:2], PLAIN, PLAIN, *A[2:], PLAIN],
            id="with and without identity in a batch",
        ),
    ],
)
def test_an_event_is_stored_once(
    tmp_path: Path, batches: list[list[bytes]], stored: list[bytes]
) -> None:
    assert take(tmp_path, *batches) == [True] * len(batches)
    assert events_of(tmp_path) == stored


def test_an_event_is_known_after_a_restart_and_in_the_next_segment(tmp_path: Path) -> None:
    for _ in range(3):
        take(tmp_path, A, [PLAIN], B[:2], B, segment_bytes=1)
    assert len(Landing(tmp_path).segments()) > 3
    assert Counter(events_of(tmp_path)) == Counter([*A, *B, *[PLAIN] * 3])


def test_lines_that_were_cut_at_other_places_are_stored_where_any_byte_of_them_is_new(
    tmp_path: Path,
) -> None:
    known = [line_event("a", 0, 10), line_event("a", 10, 20)]
    within, beyond = line_event("a", 5, 15), line_event("a", 15, 25)

    take(tmp_path, known, [within, beyond])

    assert events_of(tmp_path) == [*known, beyond]


@pytest.mark.parametrize(
    "headers",
    [
        {"file": "a", "offset": "0"},
        {"file": "a", "offset": "0", "end": ""},
        {"file": "a", "offset": "5", "end": "5"},
        {"file": "a", "offset": "-1", "end": "5"},
        {"offset": "0", "end": "5"},
    ],
)
def test_half_an_identity_is_none(tmp_path: Path, headers: dict[str, str]) -> None:
    event = encode_event(headers, b"x")

    take(tmp_path, [event, event], [event])

    assert bodies(tmp_path) == [b"x"] * 3


def test_an_empty_batch_that_brings_nothing_new_makes_no_block(tmp_path: Path) -> None:
    take(tmp_path, A, A, A)

    assert Landing(tmp_path).segments()[0].blocks == 1


@pytest.mark.parametrize("calls_failing", [1, 2])
def test_what_could_not_be_stored_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls_failing: int
) -> None:
    async def run() -> None:
        with LandingWriter.open(tmp_path, identify) as writer:
            group_commit = GroupCommit(writer)
            committing = asyncio.create_task(group_commit.run())
            monkeypatch.setattr(disk, "fdatasync", Failing(calls_failing, disk.fdatasync))
            batches = [A[:2], A[1:], B, A]
            events = [scan_events(memoryview(b"".join(batch)), len(batch)) for batch in batches]
            while not all(await asyncio.gather(*map(group_commit.submit, events))):
                pass
            committing.cancel()
            group_commit.close()

    asyncio.run(run())

    assert Counter(events_of(tmp_path)) == Counter([*A, *B])


def test_a_batch_that_comes_after_the_failure_is_not_stored_if_it_is_answered_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It comes when the thread has failed, and the loop does not know that yet."""

    async def run() -> list[bool]:
        loop = asyncio.get_running_loop()
        late: list[asyncio.Future[bool]] = []
        with LandingWriter.open(tmp_path, identify) as writer:
            group_commit = GroupCommit(writer)
            commit = writer.commit

            def submit_late() -> None:
                late.append(group_commit.submit(scan_events(encode_event({}, b"late"), 1)))
                submitted.set()

            def failing() -> float:
                try:
                    return commit()
                except LandingError:
                    if not late:
                        loop.call_soon_threadsafe(submit_late)
                        assert submitted.wait(20)
                    raise

            monkeypatch.setattr(writer, "commit", failing)
            monkeypatch.setattr(disk, "fdatasync", Failing(2, disk.fdatasync))
            committing = asyncio.create_task(group_commit.run())
            answers = [await group_commit.submit(scan_events(PLAIN, 1))]
            answers.append(await late[0])
            for _ in range(2):
                answers.append(await group_commit.submit(scan_events(PLAIN, 1)))
            committing.cancel()
            group_commit.close()
        return answers

    submitted = threading.Event()
    caplog.set_level(logging.INFO)
    assert asyncio.run(run()) == [False, False, False, True]
    assert bodies(tmp_path) == [b"plain"]
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


class Failing:
    """Fails the first `times` calls, then works."""

    def __init__(self, times: int, works: Callable[[int], None]) -> None:
        self._left, self._works = times, works

    def __call__(self, descriptor: int) -> None:
        self._left -= 1
        if self._left >= 0:
            raise OSError(5, "Input/output error")
        self._works(descriptor)


def test_drain_waits_for_all_that_was_submitted(tmp_path: Path) -> None:
    async def run() -> None:
        with LandingWriter.open(tmp_path, identify) as writer:
            group_commit = GroupCommit(writer)
            async with asyncio.timeout(1):
                await group_commit.drain()
            stored = [group_commit.submit(scan_events(PLAIN, 1)) for _ in range(3)]
            committing = asyncio.create_task(group_commit.run())
            async with asyncio.timeout(20):
                await group_commit.drain()
            assert all(each.result() for each in stored)
            committing.cancel()
            group_commit.close()

    asyncio.run(run())


@pytest.mark.parametrize(("senders", "in_loop"), [(1, True), (2, False)])
def test_only_a_lone_senders_batches_are_committed_in_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, senders: int, in_loop: bool
) -> None:
    assert _commits_in_loop(tmp_path, monkeypatch, senders) == {in_loop}


def test_a_commit_waits_for_other_work_on_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked = []

    def work() -> None:
        synced.wait(0.2)  # a commit in the loop would be done by then
        worked.append(synced.is_set())

    synced = threading.Event()
    _commits_in_loop(tmp_path, monkeypatch, 1, work, synced)

    assert worked == [False]


def _commits_in_loop(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    senders: int,
    work: Callable[[], None] | None = None,
    synced: threading.Event | None = None,
) -> set[bool]:
    """Whether the fsyncs of a batch ran in the event loop's thread."""
    in_loop, sync = set(), disk.fdatasync

    def recorded(descriptor: int) -> None:
        in_loop.add(threading.current_thread() is threading.main_thread())
        if synced:
            synced.set()
        sync(descriptor)

    async def run() -> None:
        with LandingWriter.open(folder, identify) as writer:
            monkeypatch.setattr(disk, "fdatasync", recorded)
            group_commit = GroupCommit(writer, lambda: senders == 1)
            committing = asyncio.create_task(group_commit.run())
            working = asyncio.create_task(group_commit.in_thread(work)) if work else None
            await asyncio.sleep(0)  # the work begins
            assert await group_commit.submit(scan_events(PLAIN, 1))
            if working:
                await working
            committing.cancel()
            group_commit.close()

    asyncio.run(run())
    return in_loop


# --- any batches --------------------------------------------------------------------------------


@st.composite
def sendings(draw: st.DrawFn) -> tuple[list[bytes], list[list[bytes]]]:
    """Some files' lines, and batches of them as sinks that were not answered send them."""
    every: list[bytes] = []
    for file in range(draw(st.integers(1, 3))):
        sizes = draw(st.lists(st.integers(1, 300), min_size=1, max_size=30))
        every += lines_of(f"file-{file}", [sum(sizes[:i]) for i in range(len(sizes) + 1)])
    batches = [every[first : first + 7] for first in range(0, len(every), 7)]
    for _ in range(draw(st.integers(0, 6))):
        first, last = draw(st.integers(0, len(every))), draw(st.integers(0, len(every)))
        piece = every[min(first, last) : max(first, last)]
        batches.append(piece + piece[: draw(st.integers(0, 5))] + [PLAIN])
    return every, draw(st.permutations([batch for batch in batches if batch]))


@settings(max_examples=60, deadline=None)
@given(sendings(), st.booleans())
def test_whatever_is_sent_in_whatever_order_each_line_is_stored_once(
    sending: tuple[list[bytes], list[list[bytes]]], restarted: bool
) -> None:
    every, batches = sending
    with tempfile.TemporaryDirectory() as folder:
        middle = len(batches) // 2 if restarted else len(batches)
        for part in (batches[:middle], batches[middle:]):
            assert all(take(Path(folder), *part, segment_bytes=2000))
        stored = events_of(Path(folder))
    plain = sum(batch.count(PLAIN) for batch in batches)
    assert Counter(stored) == Counter([*every, *[PLAIN] * plain])
