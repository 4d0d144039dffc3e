"""Runs lessons from start to verdict, each in its own lab, which is removed afterwards.

This is not part of `flumelab.lessons`, because the runtimes use that package, and a run uses the
runtimes.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flumelab import conf_check
from flumelab.errors import LabError
from flumelab.lessons.catalogue import Lesson
from flumelab.runtimes.runtime import OUTPUT_LINES, Report, Runtime, require_programs_running
from flumelab.settings import Settings, load

WAIT_SECONDS = 180
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class LessonResult:
    """The generator's numbers and those that the programs found, and the end of their output."""

    lesson: Lesson
    expected: Mapping[str, int]
    found: Mapping[str, int]
    output: str
    seconds: float

    @property
    def differences(self) -> dict[str, tuple[int | None, int | None]]:
        """``{key: (expected, found)}`` where the two differ; None for a key that is missing."""
        keys = sorted(self.expected.keys() | self.found.keys())
        pairs = {key: (self.expected.get(key), self.found.get(key)) for key in keys}
        return {key: (wanted, found) for key, (wanted, found) in pairs.items() if wanted != found}

    @property
    def right(self) -> bool:
        """Whether something was expected, and the programs found exactly that."""
        return bool(self.expected) and not self.differences

    def as_json(self) -> dict[str, Any]:
        """As `flumelab run --json` prints it."""
        return {
            "lesson": self.lesson.name,
            "right": self.right,
            "expected": dict(self.expected),
            "found": dict(self.found),
            "output": self.output,
            "seconds": round(self.seconds, 1),
        }


def settings_of_runs(settings: Settings) -> Settings:
    """Return the settings of a lab next to the usual one, with the same ports and images."""
    return replace(settings, state=settings.state / "run", project=f"{settings.project}-run")


def run(
    runtime: Runtime, lessons: Sequence[Lesson], feed: Sequence[str], report: Report
) -> Iterator[LessonResult]:
    """Run lessons one after another and yield each one's result; `feed`: the generator's options.

    Each lesson starts empty, and nothing is left afterwards. Raises `LabError` if a lesson cannot
    be started or fed, or if a program ends by itself. A wrong answer is yielded after three
    minutes.
    """
    runtime.wipe(report)
    try:
        for number, lesson in enumerate(lessons):
            if number:
                runtime.clear_for_next(report)
            yield _run(runtime, lesson, feed, report)
    finally:
        runtime.wipe(report)


def _run(runtime: Runtime, lesson: Lesson, feed: Sequence[str], report: Report) -> LessonResult:
    started = time.monotonic()
    runtime.build(report, lesson.servers)
    conf_check.of_lesson(lesson.conf, load().root, report)
    runtime.up(lesson, report)
    scenario = ["--scenario", lesson.scenario]
    if code := runtime.feed(
        [*scenario, *runtime.target_options(lesson), *feed], replay=None, quiet=True
    ):
        raise LabError(f"the generator ended with exit code {code}; see above")
    expected = lesson.answer.rows(runtime.expected([*scenario, *lesson.answer.options]))
    report(f"waiting for {len(expected):,} right keys")
    found = _wait(runtime, lesson, expected)
    output = "\n".join(runtime.log_tail(p.service, OUTPUT_LINES) for p in lesson.programs)
    return LessonResult(lesson, expected, found, output, time.monotonic() - started)


def _wait(runtime: Runtime, lesson: Lesson, expected: Mapping[str, int]) -> dict[str, int]:
    deadline = time.monotonic() + WAIT_SECONDS
    found: dict[str, int] = {}
    while True:
        asked, before = time.monotonic(), found
        found = runtime.counts().by_key()
        if found == expected or time.monotonic() > deadline:
            return found
        if found == before:
            require_programs_running(runtime, lesson)
        time.sleep(max(POLL_SECONDS, time.monotonic() - asked))
