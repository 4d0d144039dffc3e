"""Checks one file: runs it with fresh lines, and compares what it left with the generator's truth.

Everything here runs in the checker's process. The learner's program is another process; from it
the checker takes nothing but the rows in the result store and the text of its output.
"""

import random
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from flumelab import flume_metrics
from flumelab.errors import LabError
from flumelab.learn import feeding, learner_error, linted, messages, predictions
from flumelab.learn.causes import Outcome
from flumelab.learn.exercise import Check, Exercise, Kind, Load, Run
from flumelab.learn.read import lesson_with
from flumelab.learn.verdict import Result, Verdict
from flumelab.ledger import RECEIVED, SENT
from flumelab.lessons.answer import Answer
from flumelab.lessons.catalogue import Lesson
from flumelab.runtimes.runtime import Report, Runtime
from flumelab.settings import Settings

POLL_SECONDS = 0.1
OUTPUT_LINES = 400
WAVE_SECONDS_MAX = 20
STUCK_SECONDS = 7.0  # Flume's own sink tries to connect every five
START_SECONDS = 12.0  # Flume is starting
BATCH_SECONDS = 1.2  # a little more than a batch interval
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
        return cls(seed, random.Random(f"lines {seed}").randint(low, high))

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
        """Note that a step is done."""
        self.steps[name] = time.monotonic() - self.started

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
    one.runtime.up(lesson, one.report)
    one.step("started")
    target = one.runtime.target_options(lesson)
    sent = 0
    for end, options in one.given.waves(load):
        if sent:
            _await_wave(one, lesson, sent)
        _feed_wave(one, lesson, [*target, *options], with_fault=not sent)
        sent = end
    one.step("fed")

    @cache
    def truth(options: tuple[str, ...]) -> Mapping[str, Any]:
        expected: Mapping[str, Any] = one.runtime.expected(["--scenario", load.scenario, *options])
        return expected

    def other(options: Mapping[str, Any]) -> Mapping[str, int]:
        answer = Answer(options["part"], options["value"], tuple(options["options"]))
        return answer.rows(truth(answer.options))

    expected = _wanted(check, truth(check.answer.options))
    if not expected:
        raise LabError("the generator made nothing to find; check again")
    found, hops, ended = _wait(one, lesson, run, expected)
    output = one.runtime.log_tail(lesson.program.service, OUTPUT_LINES)
    error = learner_error.find(output, one.file) if ended else None
    return Outcome(
        expected=expected,
        found=found,
        hops=hops,
        ended=ended,
        error=str(error or ""),
        source=one.file.read_text("utf-8", "replace"),
        output=output,
        log=one.runtime.log_tail("flume", OUTPUT_LINES) if lesson.uses_flume else "",
        other=other,
    )


def _feed_wave(one: CheckRun, lesson: Lesson, options: Sequence[str], with_fault: bool) -> None:
    run, _, _ = _parts(one.exercise)
    if run.fault and with_fault:
        feeding.feed_with_fault(
            one.runtime, lesson, options, run.fault, lambda: _hops(one, lesson)["sent"], one.report
        )
    else:
        feeding.feed(one.runtime, options)


def _await_wave(one: CheckRun, lesson: Lesson, lines: int) -> None:
    """Wait until the lines of the waves so far are counted, or until nothing more happens."""
    deadline = one.started + WAVE_SECONDS_MAX
    found: dict[str, int] = {}
    since = time.monotonic()
    while time.monotonic() < deadline and lesson.program.service not in _stopped(one):
        now_found = one.runtime.counts().by_key()
        if now_found != found:
            found, since = now_found, time.monotonic()
        if _hops(one, lesson).get("sent", lines) < lines:
            since = time.monotonic()
        elif time.monotonic() - since > (BATCH_SECONDS if found else 4 * BATCH_SECONDS):
            return
        time.sleep(POLL_SECONDS)


def _wait(
    one: CheckRun, lesson: Lesson, run: Run, expected: Mapping[str, int]
) -> tuple[dict[str, int], dict[str, int], bool]:
    """Wait until the numbers stay as they are; return them, the hops, and if the program ended."""
    deadline = one.started + run.seconds
    found: dict[str, int] = {}
    hops: dict[str, int] = {}
    since = time.monotonic()
    while True:
        before = found, hops
        found, hops = one.runtime.counts().by_key(), _hops(one, lesson)
        now = time.monotonic()
        if (found, hops) != before:
            since = now
            if found and not before[0]:
                one.step("first count")
            if found == expected:
                one.step("right count")
        if lesson.program.service in _stopped(one):
            return one.runtime.counts().by_key(), hops, True
        if now - since >= _patience(run, found == expected, hops) or now >= deadline:
            return found, hops, False
        time.sleep(POLL_SECONDS)


def _patience(run: Run, right: bool, hops: Mapping[str, int]) -> float:
    """How long nothing may change until the verdict, in seconds."""
    if hops.get("sent", hops["generated"]) >= hops["generated"]:
        return run.settle if right else run.quiet
    return STUCK_SECONDS if hops.get("received") else START_SECONDS


def _wanted(check: Check, truth: Mapping[str, Any]) -> dict[str, int]:
    rows = check.answer.rows(truth)
    return {key: value for key, value in rows.items() if re.search(check.keys, key)}


def _hops(one: CheckRun, lesson: Lesson) -> dict[str, int]:
    hops = {"generated": one.given.lines}
    if not lesson.uses_flume:
        return hops
    metrics = flume_metrics.current_run(one.settings.metrics_port)
    for name, (kind, counter) in (("received", RECEIVED), ("sent", SENT)):
        hops[name] = sum(
            int(counters.get(counter, 0))
            for component, counters in metrics.items()
            if component.startswith(f"{kind}.")
        )
    return hops


def _stopped(one: CheckRun) -> set[str]:
    stopped = {each.name for each in one.runtime.services() if each.state == "stopped"}
    if "flume" in stopped and one.exercise.kind is not Kind.CONF:
        raise LabError(f"Flume ended:\n{one.runtime.log_tail('flume', 15)}")
    return stopped


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
        return one.verdict(Result.RIGHT, **rows)
    cause, message = messages.of(one.exercise, outcome)
    return one.verdict(Result.WRONG, cause, message, **rows)


def _parts(exercise: Exercise) -> tuple[Run, Load, Check]:
    assert exercise.run and exercise.load and exercise.check
    return exercise.run, exercise.load, exercise.check
