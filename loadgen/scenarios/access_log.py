"""Scenario `access-log`: a web server's log in Apache's combined format.

https://httpd.apache.org/docs/2.4/logs.html#combined
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from itertools import accumulate, compress
from random import Random
from time import gmtime, strftime

from loadgen.scenarios.random_column import RandomColumn, zipf
from loadgen.scenarios.scenario import Batch, Scenario

# The ledger's rule for a well-formed line, of which the Spark programs have their own copy: a
# complete line of the combined format, or of the common format, which lacks the last two fields. It
# is applied to a line without its "\n", decoded as UTF-8 with errors="replace". \s and \d are ASCII
# only, as in Java, so a no-break space is part of a URL. A line that does not match is malformed.
# No text can be divided between two neighbouring parts in many ways, so matching a hostile line
# takes time in proportion to its length. For this reason a user name has no "[", although Apache
# allows it.
QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"'  # the same as "(?:[^"\\]|\\.)*", in half its time
WELL_FORMED = re.compile(
    r"\S+ \S+ [^\[]+ "  # client, identity, user
    r"\[(?P<time>[^\]]+)\] "
    r'"[A-Z]+ (?P<url>\S+) HTTP/[\d.]+" '  # with its query string and its escapes unchanged
    r"\d{3} (?:\d+|-)"  # status, bytes
    rf"(?: {QUOTED} {QUOTED})?\s*",  # referer, user agent
    re.ASCII,
)
TIME = "%d/%b/%Y:%H:%M:%S %z"
TIME_UTC = TIME.replace("%z", "+0000")

START = 1_767_225_600  # 2026-01-01T00:00:00Z
GAPS = {0: 92, 1: 6, 2: 1, 3: 1}  # seconds between two lines: 11/s, as on a busy small site

TOPICS = [
    "flume", "spark", "hadoop", "kafka", "hive", "avro", "parquet", "arrow", "yarn", "hdfs",
    "zookeeper", "python", "scala", "java", "sql", "streaming", "windows", "watermarks",
    "checkpoints", "channels", "sinks", "sources", "backpressure", "joins",
]  # fmt: skip
PAGES = [
    *("/", "/favicon.ico", "/style.css", "/images/logo.png", "/feed?format=rss", "/robots.txt"),
    *(f"/blog/{topic}/" for topic in TOPICS),
    *(f"/images/{topic}.png" for topic in TOPICS),
    *(f"/search?q={topic}" for topic in TOPICS),
    *(f"/blog/{year}/{topic}.html" for year in range(2026, 2018, -1) for topic in TOPICS),
    *(f"/search?q={topic}%20{word}&page=1" for topic in TOPICS for word in ("jobs", "caf%C3%A9")),
    *(f"/download/{topic}-{minor}.0.tar.gz" for minor in range(3, 0, -1) for topic in TOPICS),
]
# Addresses that RFC 5737 and RFC 3849 reserve for documentation: they belong to nobody.
CLIENTS = [
    *(f"{net}.{host}" for host in range(1, 255) for net in ("192.0.2", "198.51.100", "203.0.113")),
    *(f"2001:db8::{host:x}" for host in range(1, 255)),
]
OUTCOMES = {
    ("GET", 200): 890, ("GET", 304): 45, ("GET", 404): 22, ("GET", 301): 16, ("GET", 206): 10,
    ("HEAD", 200): 8, ("POST", 200): 4, ("GET", 403): 2, ("GET", 500): 2, ("OPTIONS", 200): 1,
}  # fmt: skip
WITHOUT_BODY = {("GET", 304), ("HEAD", 200), ("OPTIONS", 200)}
REFERERS = [
    "-", "https://lab.example/", "https://lab.example/blog/", "https://search.example/?q=flume+avro",
    "https://news.example/item?id=8080", "https://lab.example/search?q=spark%20jobs",
]  # fmt: skip
AGENTS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/139.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (compatible; Labbot/2.1; +https://bot.example/)",
    "FeedReader/4.2",
    "curl/8.14.1",
    "-",
]
# Each replaces the request, its status and its size, and breaks the rule in a different way.
MALFORMED_REQUESTS = [
    '"-" 408 -',
    '"GET /blog/flume/ HT',
    '"get /robots.txt HTTP/1.1" 400 226',
    '"GET /search?q=flume spark HTTP/1.1" 400 226',
    '"GET  HTTP/1.1" 400 226',
    r'"\x16\x03\x01\x02" 400 226',
]


class AccessLog(Scenario):
    """Clients and pages by Zipf's law; event time starts at 2026-01-01 UTC and only advances.

    The site is the same for every seed; the seed decides which client requests what, and when.
    """

    fields = ()
    key = "url"
    sums = ()

    def __init__(self, seed: int, malformed: float = 0.0) -> None:
        self._now = START
        self._gaps = RandomColumn(f"gaps {seed}", GAPS.items())
        self._clients = RandomColumn(
            f"clients {seed}", zipf(f"{client} - - [" for client in CLIENTS)
        )
        self._requests = RandomColumn(f"requests {seed}", _requests())
        self._tails = RandomColumn(f"tails {seed}", _tails())
        self._malformed = malformed
        self._chance = Random(f"spoil {seed}").random
        self._malformed_requests = RandomColumn(
            f"spoilt {seed}", [((f"] {text}", None), 1) for text in MALFORMED_REQUESTS]
        )

    def generate(self, lines: int) -> Batch:
        """Make the next `lines` (1 or more) lines; their truth is what was drawn, not parsed."""
        seconds = list(accumulate(self._gaps.draw(lines), initial=self._now))[1:]
        self._now = seconds[-1]
        stamps = {second: strftime(TIME_UTC, gmtime(second)) for second in set(seconds)}
        requests = self._requests.draw(lines)
        if self._malformed:
            for line in [i for i in range(lines) if self._chance() < self._malformed]:
                [requests[line]] = self._malformed_requests.draw(1)
        targets = [target for _, target in requests]

        # One join over interleaved columns takes half the time of a formatted string per line.
        parts = [""] * (4 * lines)
        parts[0::4] = self._clients.draw(lines)
        parts[1::4] = [stamps[second] for second in seconds]
        parts[2::4] = [text for text, _ in requests]
        parts[3::4] = self._tails.draw(lines)

        counts = Counter(targets)
        if counts[None]:
            seconds = list(compress(seconds, targets))
        return Batch(
            data="".join(parts).encode("ascii"),
            lines=lines,
            urls={url: count for url, count in counts.items() if url},
            malformed=counts[None],
            first_event_time=_parsed(stamps[seconds[0]]) if seconds else None,
            last_event_time=_parsed(stamps[seconds[-1]]) if seconds else None,
        )

    def account(self, data: bytes) -> Batch:
        """Find the truth about given lines, by the rule `WELL_FORMED`."""
        texts = data.decode("utf-8", "replace").split("\n")
        if not texts[-1]:
            texts.pop()
        matches = [match for match in map(WELL_FORMED.fullmatch, texts) if match]
        stamps = dict.fromkeys(match["time"] for match in matches)
        times = sorted(time for time in map(_parsed, stamps) if time)
        return Batch(
            data=data,
            lines=len(texts),
            urls=Counter(match["url"] for match in matches),
            malformed=len(texts) - len(matches),
            first_event_time=times[0] if times else None,
            last_event_time=times[-1] if times else None,
        )


def _requests() -> list[tuple[tuple[str, str | None], float]]:
    """Return, for each page and outcome, the text between time and referer, its URL, a weight."""
    site = Random("site")
    requests: list[tuple[tuple[str, str | None], float]] = []
    for page, popularity in zipf(PAGES):
        size = site.randint(100, 999) * site.choice((1, 1, 10, 10, 10, 100, 1000))
        for (method, status), weight in OUTCOMES.items():
            length = "-" if (method, status) in WITHOUT_BODY else size if status < 300 else 226
            version = site.choice(("1.1", "1.1", "1.1", "1.0", "2.0"))
            text = f'] "{method} {page} HTTP/{version}" {status} {length}'
            requests.append(((text, page), popularity * weight))
    return requests


def _tails() -> list[tuple[str, float]]:
    return [
        (f' "{referer}" "{agent}"\n', likely * common)
        for referer, likely in zipf(REFERERS)
        for agent, common in zipf(AGENTS)
    ]


def _parsed(stamp: str) -> datetime | None:
    try:
        return datetime.strptime(stamp, TIME)
    except ValueError:
        return None
