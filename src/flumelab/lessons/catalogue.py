"""The programs of the lab, each with what feeds it and what it must find."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flumelab.counts import MALFORMED
from flumelab.errors import LabError

LAB = ("url-counts", "pull", "structured")
"""Those that `flumelab up` starts, with services of their own in compose.yaml."""
SECOND = "second"
"""The service of an app's second program."""


@dataclass(frozen=True)
class Answer:
    """Which part of what `loadgen.expected` prints is a program's answer.

    :param part: ``totals``, ``windows``, ``sessions`` or ``faults``
    :param of: what is added up for each key: ``events``, or one of the scenario's own sums
    :param options: of `loadgen.expected`
    :param again: ``(start, prefix)``: keys with that start are found a second time, with the prefix
    """

    part: str = "totals"
    of: str = "events"
    options: tuple[str, ...] = ()
    again: tuple[str, str] | None = None

    def keys(self, expected: Mapping[str, Any]) -> dict[str, int]:
        """The result store's keys, and the value that each must have.

        A window's key is ``START KEY``, a session's ``USER START END``, a fault's
        ``TIME DEVICE``, with times as the lines have them; a fault's value is 1.
        """
        match self.part:
            case "totals":
                found = {key: sums[self.of] for key, sums in expected["totals"].items()}
            case "windows":
                found = {f"{w['start']} {w['key']}": w[self.of] for w in expected["windows"]}
            case "faults":
                found = {f"{f['time']} {f['device']}": 1 for f in expected["faults"]}
            case _:
                sessions = expected["sessions"]
                found = {f"{s['user']} {s['start']} {s['end']}": s[self.of] for s in sessions}
        if self.again:
            start, prefix = self.again
            found |= {prefix + key: found[key] for key in found if key.startswith(start)}
        malformed = {MALFORMED: expected["malformed"]} if expected["malformed"] else {}
        return found | malformed


@dataclass(frozen=True)
class App:
    """A lesson: `program` in spark-apps/, `conf` in flume-conf/, `scenario` of loadgen.

    `lands`: a receiver of its own takes in what Flume sends, and the program reads its landing log.
    `pulls`: the program fetches from Flume. Otherwise Flume sends to the program, or, where
    `source` is ``socket``, ``files``, ``kafka`` or ``s3``, there is no Flume: the program reads
    what the generator puts there. `servers`: those that it needs, of ``kafka``, ``s3``, ``db``.
    `second`: another program beside it, which reads the landing log of a receiver of its own.
    """

    name: str
    program: str
    shows: str
    scenario: str = "access-log"
    answer: Answer = Answer()
    conf: str = "access-log.conf"
    lands: bool = False
    pulls: bool = False
    source: str = "flume"
    servers: tuple[str, ...] = ()
    second: "App | None" = None

    @property
    def programs(self) -> "list[App]":
        """Itself and the second one."""
        return [self, self.second] if self.second else [self]

    @property
    def service(self) -> str:
        """The service of compose.yaml that runs it."""
        if self.name in (*LAB, SECOND):
            return self.name
        if self.source != "flume":
            return "reader"
        return "query" if self.lands else "stream"

    @property
    def receives(self) -> bool:
        """Whether a receiver of Spark's holds a core of it."""
        return self.source == "socket" or (self.source == "flume" and not self.lands)

    @property
    def listens(self) -> bool:
        """Whether Flume sends to the program itself."""
        return self.source == "flume" and not (self.lands or self.pulls)


def _query(
    name: str, program: str, shows: str, scenario: str = "access-log", answer: Answer = Answer()
) -> App:
    return App(name, program, shows, scenario, answer, conf="exactly-once.conf", lands=True)


QUANTITY, CENTS, FAULTS = Answer(of="quantity"), Answer(of="cents"), Answer("faults")
GIFTS_TOO = Answer(of="quantity", again=("gift-", "wrap "))
HOURS = Answer("windows", options=("--window", "3600", "--late", "3600"))
ALL_HOURS = Answer("windows", options=("--window", "3600"))
SESSIONS = Answer("sessions", options=("--gap", "1800"))

# fmt: off
APPS = {
    app.name: app
    for app in [
        App("url-counts", "url_counts.py", "URLs: a window of 300 s, and totals"),
        App("pull", "url_counts_pull.py", "the same, fetched from Flume",
            conf="pull.conf", pulls=True),
        _query("structured", "url_counts_structured.py", "the same, each line once"),
        App("stateless", "stateless.py", "map, filter, flatMap, reduceByKey, transform",
            "hashtags"),
        App("running-totals", "running_totals.py", "updateStateByKey: sold so far",
            "orders", QUANTITY),
        App("sessions", "sessions.py", "updateStateByKey: each user's sessions",
            "actions", SESSIONS),
        _query("session-windows", "session_windows.py", "sessions as windows",
            "actions", SESSIONS),
        App("windows", "windows.py", "batch 1 s, window 3 s, slide 2 s", "hashtags"),
        App("popular", "popular.py", "300 s by 1 s, with and without inverse function",
            "hashtags"),
        App("top-sellers", "top_sellers.py", "what sold best in the past hour", "orders", CENTS),
        _query("output-modes", "output_modes.py", "complete, update and append output",
            "orders", QUANTITY),
        _query("late-events", "late_events.py", "windows of event time, and a watermark",
            "actions", HOURS),
        _query("sql", "actions_sql.py", "the same in SQL", "actions", HOURS),
        App("from-socket", "from_socket.py", "lines from a TCP socket", source="socket"),
        App("from-files", "from_files.py", "files of a folder", source="files"),
        App("from-kafka", "from_kafka.py", "a Kafka topic", source="kafka", servers=("kafka",)),
        App("s3-to-mysql", "s3_to_mysql.py", "JSON logs from S3, by JDBC into MariaDB",
            "actions", ALL_HOURS, source="s3", servers=("s3", "db")),
        App("clusters", "clusters.py", "streaming k-means follows a drift", "sensors"),
        _query("anomalies", "anomalies.py", "a trained pipeline finds broken sensors",
            "sensors", FAULTS),
        App("fan-out", "fan_out_sales.py", "one agent feeds two programs, by a header",
            "orders", GIFTS_TOO, "fan-out.conf",
            second=App(SECOND, "fan_out_wrapping.py", "", lands=True)),
    ]
}
# fmt: on
DEFAULT = "url-counts"
SERVICES = {app.service for app in APPS.values()}


def find(name: str) -> App:
    """The app of that name; raises `LabError` with the names there are."""
    try:
        return APPS[name]
    except KeyError:
        raise LabError(f"no app named {name}; there is {', '.join(APPS)}") from None
