"""Programs from their start to their verdict, in a lab of their own that leaves nothing behind."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flumelab.counts import MALFORMED
from flumelab.errors import LabError
from flumelab.lessons.catalogue import App
from flumelab.runtimes.runtime import OUTPUT_LINES, Runtime, Say, require_running
from flumelab.settings import Settings

WAIT_SECONDS = 180
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Result:
    """What the generator knows and what the program found, by key; and the end of its output."""

    app: App
    expected: Mapping[str, int]
    found: Mapping[str, int]
    output: str
    seconds: float

    @property
    def differences(self) -> dict[str, tuple[int | None, int | None]]:
        """``{key: (expected, found)}``; None where one has no such key."""
        keys = sorted(self.expected.keys() | self.found.keys())
        pairs = {key: (self.expected.get(key), self.found.get(key)) for key in keys}
        return {key: (wanted, found) for key, (wanted, found) in pairs.items() if wanted != found}

    @property
    def right(self) -> bool:
        """There is something to find, and all of it was found, and nothing else."""
        return bool(self.expected) and not self.differences

    def as_json(self) -> dict[str, Any]:
        """As `flumelab run --json` prints it."""
        return {
            "app": self.app.name,
            "right": self.right,
            "expected": dict(self.expected),
            "found": dict(self.found),
            "output": self.output,
            "seconds": round(self.seconds, 1),
        }


def own(settings: Settings) -> Settings:
    """A lab beside the usual one, with the same ports and images."""
    return replace(settings, state=settings.state / "run", project=f"{settings.project}-run")


def run(runtime: Runtime, chosen: Sequence[App], feed: Sequence[str], say: Say) -> Iterator[Result]:
    """Each from its start to its result, one after another.

    Each starts with nothing, and nothing is left in the end. Raises `LabError` where one can't be
    started or fed, or ends of itself. A wrong answer is given after three minutes.
    """
    runtime.wipe(say)
    try:
        for number, app in enumerate(chosen):
            if number:
                runtime.clear(say)
            yield _run(runtime, app, feed, say)
    finally:
        runtime.wipe(say)


def _run(runtime: Runtime, app: App, feed: Sequence[str], say: Say) -> Result:
    started = time.monotonic()
    runtime.build(say, app.servers)
    runtime.up(app, say)
    options = ["--scenario", app.scenario, *runtime.way(app), *feed]
    if code := runtime.feed(options, None, quiet=True):
        raise LabError(f"the generator ended with exit code {code}; see above")
    expected = app.answer.keys(runtime.expected(["--scenario", app.scenario, *app.answer.options]))
    say(f"waiting for {len(expected):,} right keys")
    found = _wait(runtime, app, expected)
    output = "\n".join(runtime.tail(p.service, OUTPUT_LINES) for p in app.programs)
    return Result(app, expected, found, output, time.monotonic() - started)


def _wait(runtime: Runtime, app: App, expected: Mapping[str, int]) -> dict[str, int]:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        asked = time.monotonic()
        counts = runtime.counts()
        found = counts.urls | ({MALFORMED: counts.malformed} if counts.malformed else {})
        if found == expected or time.monotonic() > deadline:
            return found
        require_running(runtime, app)
        time.sleep(max(POLL_SECONDS, time.monotonic() - asked))
