"""Finds what a program itself has printed in its log, which has Spark's log and traces, too."""

import re
from collections.abc import Sequence

JVM_TRACE = re.compile(r"\s+at [\w.$]+[/\w.$<>]*\(|Caused by: |\s+\.\.\. \d+ more")
TRACEBACK = "Traceback (most recent call last)"
BETWEEN_TRACES = re.compile(r"|The above exception was the direct .*|During handling of the .*")
PRINTED = ("(", "|", "+", "---")
"""The beginnings of what pprint and show print."""
FAILED = "flumelab: the program failed:"
"""What the log has before the lines that explain a failure."""
SPARK_LOG = re.compile(r"\d\d:\d\d:\d\d (?:WARN|ERROR|INFO|FATAL) |WARNING: Using incubator ")
EMPTY_BATCH = re.compile(r"^-{43}\nTime: .*\n-{43}\n(?:\n|\Z)", re.M)
"""What pprint prints of a batch without rows."""
_PYTHONS_FRAME = (
    r'  File "(?:[^"]*/pyspark\b[^"]*|[^"]*/lib/python[^"]*|<frozen [^"]*)", line .*\n(?:    .*\n)*'
)
WORKERS_END = re.compile(
    r"^Traceback .*\n(?=(?: .*\n)*  File \"[^\"]*/pyspark\b)"
    rf"(?:{_PYTHONS_FRAME})+\w.*(?:\n|\Z)"
    r"(?:\n(?:During handling|The above exception) .*\n\n(?=Traceback ))?"
    r"|^Traceback \(most recent call last\):\s*\Z",
    re.M,
)
"""What PySpark prints if a Python worker ends in the middle of its work: a trace without a frame of
the user's. If the worker is killed meanwhile, only the first line is there."""


class _LoggedTrace:
    """Recognises a Python trace in an entry of Spark's log; one that the program prints is kept."""

    def __init__(self) -> None:
        self._in_entry = self._in_trace = self._at_end = False

    def begin(self, entry: str) -> None:
        """Begin with the first line of an entry."""
        self._in_entry, self._in_trace, self._at_end = True, TRACEBACK in entry, False

    def has(self, line: str) -> bool:
        """Whether the next line belongs to the entry's trace."""
        if self._in_entry and line.startswith(TRACEBACK):
            self._in_trace, self._at_end = True, False
        elif self._in_trace and not line.startswith((" ", "\t")):
            if not self._at_end:
                self._at_end = True  # the exception itself
            elif not BETWEEN_TRACES.fullmatch(line):
                self._in_entry = self._in_trace = False
        elif not self._in_trace:
            self._in_entry = False
        return self._in_trace


def own_lines(text: str, failure: Sequence[str] = ()) -> list[str]:
    """Return the lines that the program has printed: no log entry, nor a trace below one.

    A batch of which `pprint` has printed no row is left out, too.

    :param failure: the lines that explain why it has failed; what follows them is left out
    """
    lines = text.splitlines()
    if failure and failure[0] in lines:
        lines = lines[: lines.index(failure[0])]
        if lines and lines[-1].endswith(FAILED):  # the program may have printed a part of a line
            lines[-1] = lines[-1].removesuffix(FAILED)
    own: list[str] = []
    entry, trace = 0, _LoggedTrace()
    for line in WORKERS_END.sub("", "\n".join(lines)).split("\n"):
        if SPARK_LOG.match(line):
            entry = len(own)
            trace.begin(line)
        elif trace.has(line):
            continue
        elif JVM_TRACE.match(line):
            del own[entry:]
        elif not line.startswith("flumelab:"):
            own.append(line)
            if line.startswith(PRINTED):
                entry = len(own)
    shown = EMPTY_BATCH.sub("", "\n".join(own)).split("\n")
    return shown if any(line.strip() for line in shown) else []
