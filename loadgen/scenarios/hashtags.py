"""Scenario `hashtags`: short messages with up to three hashtags each; their popularity changes.

    2026-01-01T00:00:03Z ada learning about #spark #café
    time, user, message

Words are separated by white space; a hashtag is a word that begins with "#".
"""

from __future__ import annotations

import re
from itertools import accumulate, islice

from loadgen.scenarios.event_scenario import START, TIME, EventScenario, second_of
from loadgen.scenarios.random_column import RandomColumn, zipf
from loadgen.scenarios.scenario import Events

# The ledger's rule: a time that exists, a space, a user without white space, white space, and the
# rest, which may be empty.
MESSAGE = re.compile(rf"(?P<time>{TIME}) \S+(?P<words>\s.*)", re.DOTALL)

GAPS = {0: 60, 1: 30, 2: 10}  # seconds between two messages: two per second
TOP_SECONDS = 60  # seconds for which a hashtag is the most popular one
TAGS_PER_MESSAGE = {0: 15, 1: 45, 2: 25, 3: 15}

TAGS = [
    "#spark", "#flume", "#kafka", "#hadoop", "#python", "#scala", "#java", "#sql", "#streaming",
    "#bigdata", "#data", "#opensource", "#café", "#monday", "#music", "#football", "#weather",
    "#travel", "#food", "#books", "#news", "#science", "#space", "#climate", "#art", "#film",
    "#games", "#running", "#cycling", "#garden", "#photo", "#maps", "#history", "#language",
    "#school", "#exam", "#coffee", "#tea", "#cats", "#dogs",
]  # fmt: skip
USERS = [
    "ada", "alan", "annie", "barbara", "dennis", "donald", "edsger", "frances", "grace", "jean",
    "john", "karen", "katherine", "ken", "linus", "margaret", "niklaus", "radia", "tony", "zoë",
]  # fmt: skip
WORDS = [
    "learning about", "who else likes", "that was", "good morning from", "never again",
    "one more day of", "reading on", "back to", "no words for", "today:",
]  # fmt: skip


class Hashtags(EventScenario):
    """Hashtags by Zipf's law; event time starts at 2026-01-01 UTC and only advances.

    Each minute of event time the next hashtag becomes the most popular one, and all others sink by
    one place.
    """

    fields = ("time", "hashtags")
    key = "hashtags"
    sums = ()
    malformed_rests = (
        "",
        " ada",
        "ada #spark",
        "\tada #spark",
        "  #spark #flume",
        "+01:00 ada #spark",
    )

    def __init__(self, seed: int, malformed: float = 0.0) -> None:
        super().__init__(seed, malformed)
        self._now = START
        self._gaps = RandomColumn(f"gaps {seed}", GAPS.items())
        self._users = RandomColumn(f"users {seed}", zipf(f" {user} " for user in USERS))
        self._words = RandomColumn(f"words {seed}", zipf(WORDS))
        self._sizes = RandomColumn(f"sizes {seed}", TAGS_PER_MESSAGE.items())
        self._places = RandomColumn(f"places {seed}", zipf(range(len(TAGS))))

    def draw(self, lines: int) -> tuple[Events, list[str]]:
        times = list(accumulate(self._gaps.draw(lines), initial=self._now))[1:]
        self._now = times[-1]
        sizes = self._sizes.draw(lines)
        places = iter(self._places.draw(sum(sizes)))
        tags = [
            [
                TAGS[(place - (time - START) // TOP_SECONDS) % len(TAGS)]
                for place in islice(places, size)
            ]
            for time, size in zip(times, sizes, strict=True)
        ]
        users, words = self._users.draw(lines), self._words.draw(lines)
        rests = [
            user + " ".join([text, *mentioned])
            for user, text, mentioned in zip(users, words, tags, strict=True)
        ]
        return {"time": times, "hashtags": tags}, rests

    def read(self, line: str) -> tuple[int, list[str]] | None:
        if not (message := MESSAGE.fullmatch(line)):
            return None
        time = second_of(message["time"])
        tags = [word for word in message["words"].split() if word.startswith("#")]
        return None if time is None else (time, tags)
