"""Finds the learner's own error: in the output of a program, or in the log of an agent."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BEGIN = "Traceback (most recent call last):"
_FRAME = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d+)')
_ERROR = re.compile(r"(?:[a-z_][\w.]*\.)?([A-Z]\w*\b.*)")
_AGENT_ERROR = re.compile(
    r" ERROR (?!SinkRunner)[^|\n]*\| (?:[\w$]+\.)*(?P<error>[\w$]*(?:Exception|Error)\b[^|\n]*)"
)
"""The lab's agents log an exception on the line of its message, the root cause first.

That a sink delivers nothing is no mistake of the conf yet: its receiver may still be starting.
"""
_WRAPPERS = ("Py4JJavaError", "Py4JError", "StreamingQueryException")


@dataclass(frozen=True)
class LearnerError:
    """An error's last line, with the place in the learner's file; line 0: elsewhere."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}: " if self.line else ""
        return f"{place}{self.text}"


def find(output: str, file: Path) -> LearnerError | None:
    """Return the error that a program ended with; None if its output has no traceback.

    Spark repeats the error of a Python worker inside its own: the worker's is the learner's.
    """
    found = list(_errors(output.splitlines(), file))
    inner = [each for each in found if not each.text.startswith(_WRAPPERS)]
    own = [each for each in inner if each.line] or [each for each in found if each.line]
    return next(iter(own or inner or found), None)


def agent_error(log: str) -> str:
    """Return the exception that Flume's log tells first with an ERROR; empty without one."""
    found = _AGENT_ERROR.search(log)
    return found["error"].strip() if found else ""


def _errors(lines: list[str], file: Path) -> Iterator[LearnerError]:
    for start, line in enumerate(lines):
        if _BEGIN not in line:
            continue
        place = 0
        for following in lines[start + 1 :]:
            if frame := _FRAME.match(following):
                if Path(frame["file"]).name == file.name:
                    place = int(frame["line"])
            elif following and not following[0].isspace() and following.strip(" ^~"):
                text = following.strip()
                yield LearnerError(file.name, place, _shortened(text))
                break


def _shortened(text: str) -> str:
    match = _ERROR.fullmatch(text)
    return match[1] if match else text
