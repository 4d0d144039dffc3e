"""The catalogue of lessons: the programs of each, what feeds them, and the answer."""

from dataclasses import dataclass
from enum import StrEnum

from flumelab.errors import LabError
from flumelab.lessons.answer import Answer

LAB_LESSONS = ("url-counts", "pull", "structured", "growing-log")
"""The lessons that `flumelab up` can start; each has a service of its own in compose.yaml."""
SECOND = "second"
"""The service that runs a lesson's second program."""

EVENTS = Answer()
QUANTITY, CENTS, FAULTS = Answer(value="quantity"), Answer(value="cents"), Answer("faults")
GIFTS_TOO = Answer(value="quantity", repeated=("gift-", "wrap "))
HOURS = Answer("windows", options=("--window", "3600", "--late", "3600"))
ALL_HOURS = Answer("windows", options=("--window", "3600"))
SESSIONS = Answer("sessions", options=("--gap", "1800"))


class Input(StrEnum):
    """The way in which a program gets its lines."""

    PUSH = "push"
    """Flume sends to a receiver inside the program."""
    PULL = "pull"
    """The program fetches from a SparkSink in Flume."""
    LANDING = "landing"
    """Flume sends to a separate receiver, and the program reads the receiver's landing log."""
    SOCKET = "socket"
    """The program reads a TCP socket of the generator. This and the following use no Flume."""
    FILES = "files"
    """The program reads the generator's files."""
    KAFKA = "kafka"
    """The program reads a topic that the generator writes to."""
    S3 = "s3"
    """The program reads a bucket that the generator writes to."""


_THROUGH_FLUME = {Input.PUSH, Input.PULL, Input.LANDING}


@dataclass(frozen=True)
class Program:
    """A file in spark-apps/, the service that runs it, and where it gets its lines from."""

    file: str
    service: str
    reads: Input

    @property
    def has_receiver(self) -> bool:
        """Whether a receiver inside the program occupies one of Spark's cores."""
        return self.reads in (Input.PUSH, Input.PULL, Input.SOCKET)


@dataclass(frozen=True)
class Lesson:
    """One or two programs, what feeds them, and the answer that they must find.

    :param shows: what a reader learns from it, in a few words
    :param scenario: the generator's scenario, a module of loadgen/scenarios
    :param conf: the agent's file in flume-conf/, if the lesson uses Flume
    :param servers: the servers that it needs: ``kafka``, ``s3``, ``db``
    :param appends: whether the generator appends to a log, instead of spooling whole files
    """

    name: str
    shows: str
    programs: tuple[Program, ...]
    scenario: str
    answer: Answer
    conf: str
    servers: tuple[str, ...] = ()
    appends: bool = False

    @property
    def program(self) -> Program:
        """The first program, after which the lesson is named."""
        return self.programs[0]

    @property
    def uses_flume(self) -> bool:
        """Whether a Flume agent delivers the lines."""
        return self.program.reads in _THROUGH_FLUME

    @property
    def uses_landing_log(self) -> bool:
        """Whether it needs a separate receiver."""
        return any(program.reads is Input.LANDING for program in self.programs)


def _lesson(
    name: str,
    file: str,
    shows: str,
    scenario: str = "access-log",
    answer: Answer = EVENTS,
    conf: str = "access-log.conf",
    reads: Input = Input.PUSH,
    servers: tuple[str, ...] = (),
    second: str | None = None,
    appends: bool = False,
) -> Lesson:
    """A lesson whose second program, if any, reads a landing log."""
    programs = [Program(file, _service(name, reads), reads)]
    if second:
        programs.append(Program(second, SECOND, Input.LANDING))
    return Lesson(name, shows, tuple(programs), scenario, answer, conf, servers, appends)


def _service(lesson: str, reads: Input) -> str:
    if lesson in LAB_LESSONS:
        return lesson
    if reads is Input.LANDING:
        return "query"
    return "stream" if reads in _THROUGH_FLUME else "reader"


def _query(
    name: str, file: str, shows: str, scenario: str = "access-log", answer: Answer = EVENTS
) -> Lesson:
    """A lesson in Structured Streaming, whose program reads a landing log."""
    conf = "exactly-once.conf"
    return _lesson(name, file, shows, scenario, answer, conf, Input.LANDING)


# fmt: off
LESSONS = {
    lesson.name: lesson
    for lesson in [
        _lesson("url-counts", "url_counts.py", "URLs: a window of 300 s, and totals"),
        _lesson("pull", "url_counts_pull.py", "the same, fetched from Flume",
            conf="pull.conf", reads=Input.PULL),
        _query("structured", "url_counts_structured.py", "the same, each line once"),
        _lesson("stateless", "stateless.py", "map, filter, flatMap, reduceByKey, transform",
            "hashtags"),
        _lesson("running-totals", "running_totals.py", "updateStateByKey: sold so far",
            "orders", QUANTITY),
        _lesson("sessions", "sessions.py", "updateStateByKey: each user's sessions",
            "actions", SESSIONS),
        _query("session-windows", "session_windows.py", "sessions as windows",
            "actions", SESSIONS),
        _lesson("windows", "windows.py", "batch 1 s, window 3 s, slide 2 s", "hashtags"),
        _lesson("popular", "popular.py", "300 s by 1 s, with and without inverse function",
            "hashtags"),
        _lesson("top-sellers", "top_sellers.py", "what sold best in the past hour",
            "orders", CENTS),
        _query("output-modes", "output_modes.py", "complete, update and append output",
            "orders", QUANTITY),
        _query("late-events", "late_events.py", "windows of event time, and a watermark",
            "actions", HOURS),
        _query("sql", "actions_sql.py", "the same in SQL", "actions", HOURS),
        _lesson("from-socket", "from_socket.py", "lines from a TCP socket", reads=Input.SOCKET),
        _lesson("from-files", "from_files.py", "files of a folder", reads=Input.FILES),
        _lesson("from-kafka", "from_kafka.py", "a Kafka topic",
            reads=Input.KAFKA, servers=("kafka",)),
        _lesson("s3-to-mysql", "s3_to_mysql.py", "JSON logs from S3, by JDBC into MariaDB",
            "actions", ALL_HOURS, reads=Input.S3, servers=("s3", "db")),
        _lesson("clusters", "clusters.py", "streaming k-means follows a drift", "sensors"),
        _query("anomalies", "anomalies.py", "a trained pipeline finds broken sensors",
            "sensors", FAULTS),
        _lesson("fan-out", "fan_out_sales.py", "one agent feeds two programs, by a header",
            "orders", GIFTS_TOO, "fan-out.conf", second="fan_out_wrapping.py"),
        _lesson("growing-log", "growing_log.py", "a log that grows and is rotated, each line once",
            conf="growing-log.conf", reads=Input.LANDING, appends=True),
    ]
}
# fmt: on
DEFAULT = "url-counts"
SERVICES = {lesson.program.service for lesson in LESSONS.values()}
"""The services that run a lesson's first program; at most one of them is up at a time."""


def find(name: str) -> Lesson:
    """Return the lesson of that name; raises `LabError`, which lists all names."""
    try:
        return LESSONS[name]
    except KeyError:
        raise LabError(f"no lesson named {name}; choose one of {', '.join(LESSONS)}") from None
