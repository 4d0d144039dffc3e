"""Checks one file: runs it with fresh lines, and compares what it left with the generator's truth.

Everything here runs in the checker's process. The learner's program is another process; from it
the checker takes nothing but the rows in the result store and the text of its output.
"""

import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from flumelab.errors import LabError, NotStarted
from flumelab.learn import feeding, learner_error, linted, messages, predictions
from flumelab.learn.causes import Outcome
from flumelab.learn.exercise import Check, Exercise, Kind, Load, Run
from flumelab.learn.pulse import Pulse
from flumelab.learn.read import lesson_with
from flumelab.learn.verdict import Result, Verdict
from flumelab.learn.warm_runtime import WarmRuntime
from flumelab.learn.warm_spark import WarmSpark
from flumelab.learn.watched_run import WatchedRun
from flumelab.lessons.answer import Answer
from flumelab.lessons.catalogue import Lesson
from flumelab.runtimes.runtime import Report, Runtime
from flumelab.settings import Settings

OUTPUT_LINES = 400
SEED_MAX = 1_000_000


@dataclass(frozen=True)
class Given:
    """What is sent to one check, which the text of the exercise does not name."""

    seed: int
    lines: int

    @classmethod
    def drawn(cls, load: Load, seed: int | None) -> "Given":
        """Draw the number of lines by the seed, and the seed by chance unless it is given."""
        seed = random.SystemRandom().randrange(1, SEED_MAX) if seed is None else seed
        low, high = load.lines
        batches = random.Random(f"lines {seed}").randint(-(-low // load.batch), high // load.batch)
        return cls(seed, batches * load.batch)

    def waves(self, load: Load) -> list[tuple[int, list[str]]]:
        """The generator's options for each wave, with the number of lines sent by its end."""
        common = ["--scenario", load.scenario, *load.options]
        if load.malformed:
            common += ["--malformed", str(load.malformed)]
        ends = [self.lines * wave // load.waves for wave in range(load.waves + 1)]
        return [
            (end, [*common, "--seed", str(self.seed + wave), "--lines", str(end - begin)])
            for wave, (begin, end) in enumerate(pairwise(ends))
        ]


@dataclass
class CheckRun:
    """One check while it runs."""

    exercise: Exercise
    file: Path
    given: Given
    runtime: Runtime
    settings: Settings
    report: Report
    started: float = field(default_factory=time.monotonic)
    steps: dict[str, float] = field(default_factory=dict)

    def step(self, name: str) -> None:
        """Note that a step is done, the first time."""
        self.steps.setdefault(name, time.monotonic() - self.started)

    def jvm(self) -> WarmSpark | None:
        """The JVM that the program is attached to; None in a container."""
        return self.runtime.jvm() if isinstance(self.runtime, WarmRuntime) else None

    def before(self) -> Mapping[str, int]:
        """What an agent that was running already has counted before this check."""
        return self.runtime.before if isinstance(self.runtime, WarmRuntime) else {}

    def verdict(self, result: Result, cause: str = "", message: str = "", **rows: Any) -> Verdict:
        """Make the verdict now."""
        seconds = time.monotonic() - self.started
        return Verdict(
            self.exercise.name, result, cause, message, seed=self.given.seed,
            lines=self.given.lines, seconds=seconds, steps=dict(self.steps), **rows,
        )  # fmt: skip


def check(one: CheckRun) -> Verdict:
    """Run the file and return the verdict; what has been started still runs."""
    try:
        return _before(one) or _after(one, _run(one))
    except feeding.NeverSent as error:
        log = one.runtime.log_tail("flume", OUTPUT_LINES)
        if unusable := messages.unusable_conf(one.exercise, log):
            return one.verdict(Result.WRONG, *unusable)
        return one.verdict(Result.UNKNOWN, "machine", str(error))
    except LabError as error:
        return one.verdict(Result.UNKNOWN, "machine", str(error))


def _before(one: CheckRun) -> Verdict | None:
    """The verdict, if the file alone decides it."""
    if not one.file.is_file():
        says = f"{one.file} is not there; flumelab learn reset {one.exercise.name} makes it anew"
        return one.verdict(Result.WRONG, "no-file", says)
    if one.exercise.kind is Kind.PROGRAM:
        try:
            compile(one.file.read_bytes(), one.file.name, "exec")
        except (SyntaxError, ValueError) as error:
            line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
            says = f"Python cannot read your program:\n{one.file.name}{line}: {error.args[0]}"
            return one.verdict(Result.WRONG, "error", says)
    if one.exercise.kind is Kind.ANSWERS:
        _, _, its = _parts(one.exercise)
        try:
            predictions.answers(one.file, its.measured)
        except predictions.NotAnswered as error:
            return one.verdict(Result.WRONG, "not-answered", str(error))
    if one.exercise.kind is Kind.CONF and (mistake := linted.mistake_in(one.file)):
        return one.verdict(Result.WRONG, *mistake)
    return None


def _run(one: CheckRun) -> Outcome:
    run, load, check = _parts(one.exercise)
    lesson = lesson_with(one.exercise, one.file, one.settings.root)
    if failed := _started(one, lesson):
        return failed
    one.step("started")
    # A second program has a Spark of its own, which is not asked: there, only time tells.
    with Pulse(one.jvm() if len(lesson.programs) == 1 else None) as pulse:
        watched = WatchedRun(
            one.runtime, lesson, run, one.settings.metrics_port, pulse,
            knows_conf=one.exercise.kind is not Kind.CONF, before=one.before(), step=one.step,
        )  # fmt: skip
        _feed(one, watched)
        truth = _Truth(one.runtime, load.scenario, check.keys)
        expected = truth.of(check.answer)
        if not expected:
            raise LabError("the generator made nothing to find; check again")
        watched.until_settled(one.given.lines, expected)
    output = one.runtime.log_tail(lesson.program.service, OUTPUT_LINES)
    error = learner_error.find(output, one.file)
    if error and not watched.ended and not error.line:
        error = None  # a program that goes on may have told an error of another's
    return Outcome(
        expected=expected,
        found=watched.found,
        hops=watched.hops,
        ended=watched.ended,
        error=str(error or ""),
        source=one.file.read_text("utf-8", "replace"),
        output=output,
        log=one.runtime.log_tail("flume", OUTPUT_LINES) if lesson.uses_flume else "",
        other=truth.of_options,
    )


def _started(one: CheckRun, lesson: Lesson) -> Outcome | None:
    """Start the lab; return the outcome if the learner's program ended meanwhile.

    In containers the start waits for the program, and fails with the end of its log.
    """
    try:
        one.runtime.up(lesson, one.report)
    except NotStarted as error:
        log = error.logs.get(lesson.program.service)
        if one.exercise.kind is Kind.PROGRAM and log is not None:
            own = learner_error.find(log, one.file)
            if own is None or own.line:
                source = one.file.read_text("utf-8", "replace")
                return Outcome({}, {}, ended=True, error=str(own or ""), source=source, output=log)
        raise
    return None


def _feed(one: CheckRun, watched: WatchedRun) -> None:
    """Send the waves; the first one may meet the exercise's fault."""
    run, load, _ = _parts(one.exercise)
    target = one.runtime.target_options(watched.lesson)
    for number, (end, options) in enumerate(one.given.waves(load)):
        if number:
            watched.until_counted(watched.lines)
        command = [*target, *options]
        if run.fault and not number:
            feeding.feed_with_fault(
                one.runtime, watched.lesson, command, run.fault, watched.sent, one.report
            )
        else:
            feeding.feed(one.runtime, command)
        watched.lines = end
        one.step(f"wave {number + 1}")


class _Truth:
    """The generator's numbers about the lines of a check."""

    def __init__(self, runtime: Runtime, scenario: str, keys: str) -> None:
        self._runtime = runtime
        self._scenario = scenario
        self._keys = keys
        self._known: dict[tuple[str, ...], Mapping[str, Any]] = {}

    def of(self, answer: Answer) -> dict[str, int]:
        """Return the right rows, of the keys that the exercise asks for."""
        if answer.options not in self._known:
            options = ["--scenario", self._scenario, *answer.options]
            self._known[answer.options] = self._runtime.expected(options)
        rows = answer.rows(self._known[answer.options])
        return {key: value for key, value in rows.items() if re.search(self._keys, key)}

    def of_options(self, options: Mapping[str, Any]) -> dict[str, int]:
        """Return the rows of another question."""
        return self.of(Answer(options["part"], options["value"], tuple(options["options"])))


def _after(one: CheckRun, outcome: Outcome) -> Verdict:
    if one.exercise.kind is Kind.ANSWERS:
        if outcome.ended:
            raise LabError(f"the exercise's own program ended: {outcome.error or outcome.output}")
        _, _, its = _parts(one.exercise)
        outcome = replace(
            outcome,
            expected=predictions.measured(outcome, its.measured),
            found=predictions.answers(one.file, its.measured),
        )
    rows: dict[str, Any] = {"expected": dict(outcome.expected), "found": dict(outcome.found)}
    if not outcome.ended and not outcome.differing:
        if not (lucky := messages.although_right(one.exercise, outcome)):
            return one.verdict(Result.RIGHT, **rows)
        return one.verdict(Result.WRONG, *lucky, **rows)
    cause, message = messages.of(one.exercise, outcome)
    return one.verdict(Result.WRONG, cause, message, **rows)


def _parts(exercise: Exercise) -> tuple[Run, Load, Check]:
    assert exercise.run and exercise.load and exercise.check
    return exercise.run, exercise.load, exercise.check
