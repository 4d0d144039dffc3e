from __future__ import annotations

from collections import Counter

import pytest

from loadgen.scenarios.event_scenario import START
from loadgen.scenarios.hashtags import TAGS, TOP_SECONDS, Hashtags

STAMP = b"2026-01-01T00:00:03Z"


@pytest.mark.parametrize(
    ("rest", "tags"),
    [
        (b" ada #spark", ["#spark"]),
        (b" ada on #spark and #flume\r", ["#spark", "#flume"]),
        (b" ada #a #a #A", ["#a", "#a", "#A"]),
        (b" ada no tag at all, C# neither", []),
        (b" ada ", []),
        (b" #ada #spark", ["#spark"]),
        (" zoë #café".encode(), ["#café"]),
        (b" ada \t #a,b #", ["#a,b", "#"]),
        (b" ada #\xff", ["#\ufffd"]),
        (b"", None),
        (b" ada", None),
        (b"  ada #spark", None),
        (b"\tada #spark", None),
        (b" ", None),
    ],
)
def test_a_hashtag_is_a_word_that_begins_with_a_hash(rest: bytes, tags: list[str] | None) -> None:
    batch = Hashtags(1).account(STAMP + rest)
    expected = {"time": [START + 3], "hashtags": [tags]}
    assert batch.events == ({"time": [], "hashtags": []} if tags is None else expected)
    assert batch.malformed == (tags is None)


def mentions(minutes: int) -> list[Counter[str]]:
    events = Hashtags(1).generate(minutes * 130).events
    assert events
    found = [Counter[str]() for _ in range(minutes)]
    for time, tags in zip(events["time"], events["hashtags"], strict=True):
        if (minute := (time - START) // TOP_SECONDS) < minutes:
            found[minute].update(tags)
    return found


def test_each_minute_another_hashtag_is_on_top_and_then_sinks() -> None:
    found = mentions(30)
    assert len(TAGS) == len(set(TAGS))
    leaders = [TAGS[-minute % len(TAGS)] for minute in range(30)]
    right = [
        minute for minute in range(30) if found[minute].most_common(1)[0][0] == leaders[minute]
    ]
    assert len(right) > 25  # as in real life, chance decides some minutes
    sinking = [sum((found[m + after][leaders[m]] for m in range(15)), 0) for after in (0, 3, 12)]
    assert sinking[0] > 2 * sinking[1] > 4 * sinking[2]


def test_messages_have_up_to_three_hashtags() -> None:
    batch = Hashtags(1).generate(10_000)
    assert batch.events
    sizes = Counter(map(len, batch.events["hashtags"]))
    assert sorted(sizes) == [0, 1, 2, 3]
    assert min(sizes.values()) > 1_000
    assert list(batch.events["time"]) == sorted(batch.events["time"])
