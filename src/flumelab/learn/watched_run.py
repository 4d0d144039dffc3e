"""Watches a run from outside: what is counted, how far Flume is, whether the program still runs."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flumelab.errors import LabError
from flumelab.learn.exercise import Run
from flumelab.learn.flume_hops import flume_hops
from flumelab.learn.learner_error import agent_error
from flumelab.learn.pulse import Pulse
from flumelab.lessons.catalogue import Lesson
from flumelab.runtimes.runtime import Runtime

FLUME = "flume"
POLL_SECONDS = 0.1
LOG_LINES = 400
STUCK_SECONDS = 6.0  # Flume's own sink tries to connect every five
WAVE_SECONDS_MAX = 20.0
WAVE_STILL_SECONDS = 3.0
LAST_WAVE_SECONDS_MIN = 10.0  # whatever the waves before it have taken
BEATS_RIGHT, BEATS_WRONG = 1, 3
"""The micro-batches after which a number that has not changed will not change.

Right numbers are of all lines, so one more batch shows whether it adds anything. Wrong ones may
wait for a window that slides every two seconds.
"""
BLIND_SECONDS_RIGHT, BLIND_SECONDS_WRONG = 2.5, 6.0  # … where nobody can count micro-batches
TRIGGER_SECONDS = 2.5
"""By then a query that is triggered each second has looked for new lines; in between it rests."""
SLOWNESS_MAX = 3.0
BEHIND_PART_MAX = 0.4  # of a check's time; a program that is less far behind has shown its numbers


@dataclass
class WatchedRun:
    """One run of a lesson.

    :param lines: what was sent so far
    :param knows_conf: whether the conf is the lab's own, so that a dead agent is no one's mistake
    :param before: Flume's counters at the start, which belong to earlier runs
    :param step: is told the name of what has just happened
    """

    runtime: Runtime
    lesson: Lesson
    run: Run
    metrics_port: int
    pulse: Pulse
    knows_conf: bool
    before: Mapping[str, int]
    step: Callable[[str], None]
    started: float = field(default_factory=time.monotonic)
    lines: int = 0
    found: dict[str, int] = field(default_factory=dict)
    hops: dict[str, int] = field(default_factory=dict)
    ended: bool = False
    _beats: int = 0
    _since: float = field(default_factory=time.monotonic)
    _moved: float = field(default_factory=time.monotonic)

    def until_counted(self, lines: int) -> None:
        """Wait until the lines so far are counted, or until nothing more happens."""
        self.lines = lines
        deadline = time.monotonic() + WAVE_SECONDS_MAX * slowness()
        while time.monotonic() < deadline:
            self._look()
            if self.ended or (self._arrived and (self._is_wave_over or self._was_counted)):
                return
            time.sleep(POLL_SECONDS)

    def until_settled(self, lines: int, expected: Mapping[str, int]) -> None:
        """Wait until the numbers will not change any more, or the program ends.

        Raises `LabError` if the time is over before Flume could do anything, or while Spark is
        still far behind.
        """
        self.lines, begun = lines, time.monotonic()
        while True:
            self._look()
            if self.found == expected:
                self.step("right count")
            if self.ended or self._is_settled(expected):
                return
            least = begun + LAST_WAVE_SECONDS_MIN * slowness()
            if time.monotonic() > max(least, self.started + self.run.seconds * slowness()):
                self._require_flume()
                self._require_spark()
                return
            time.sleep(POLL_SECONDS)

    def sent(self) -> int:
        """Ask Flume how many events it has sent."""
        return self._hops().get("sent", 0)

    def _look(self) -> None:
        # Asked first: what these micro-batches have changed is seen below.
        self._beats = self.pulse.beats() if self.pulse.is_known else 0
        found, hops = self.runtime.counts().by_key(), self._hops()
        stopped = {each.name for each in self.runtime.services() if each.state == "stopped"}
        if FLUME in stopped and self.knows_conf:
            raise LabError(f"Flume ended:\n{self.runtime.log_tail(FLUME, 15)}")
        if self.lesson.program.service in stopped:
            self.ended = True
            found = self.runtime.counts().by_key()
        if (found, hops) != (self.found, self.hops):
            if found and not self.found:
                self.step("first count")
            self._since = time.monotonic()
            if hops != self.hops:
                self._moved = self._since
            self.found, self.hops = found, hops
            self._beats = 0
            self.pulse.mark()

    @property
    def _is_wave_over(self) -> bool:
        """Whether the wave is counted and a pause has followed, or it will not be counted."""
        if self.found:
            return self._is_still(1, BLIND_SECONDS_RIGHT)
        return self._queries_have_looked and self._is_still(BEATS_WRONG, BLIND_SECONDS_RIGHT)

    @property
    def _queries_have_looked(self) -> bool:
        """Whether each query was triggered since the last change, and has looked for new lines."""
        return time.monotonic() - self._since >= TRIGGER_SECONDS * slowness()

    @property
    def _was_counted(self) -> bool:
        """Whether the wave was counted a while ago, though the numbers may change for ever."""
        still = time.monotonic() - self._moved
        behind = self.pulse.seconds_behind() if self.pulse.is_known else 0.0
        return bool(self.found) and still >= WAVE_STILL_SECONDS * slowness() and behind < still

    @property
    def _arrived(self) -> bool:
        """Whether Flume has sent all lines so far."""
        return not self.lesson.uses_flume or self.hops["sent"] >= self.lines

    def _is_settled(self, expected: Mapping[str, int]) -> bool:
        still = time.monotonic() - self._since
        if not self._arrived:
            heard = "received" in self.hops or self._conf_failed
            return heard and still >= STUCK_SECONDS * slowness()
        if self.found == expected:  # of all lines: a query finds nothing more at its next trigger
            return still >= self.run.settle and self._is_still(BEATS_RIGHT, BLIND_SECONDS_RIGHT)
        is_quiet = still >= self.run.quiet * slowness() and self._queries_have_looked
        return is_quiet and self._is_still(BEATS_WRONG, BLIND_SECONDS_WRONG)

    @property
    def _conf_failed(self) -> bool:
        """Whether the agent could not use the learner's conf; it runs, and answers nobody."""
        return not self.knows_conf and bool(agent_error(self.runtime.log_tail(FLUME, LOG_LINES)))

    def _is_still(self, beats: int, blind_seconds: float) -> bool:
        """Whether enough micro-batches have been finished since the last change."""
        if self.pulse.is_known:
            return self._beats >= beats
        return time.monotonic() - self._since >= blind_seconds * slowness()

    def _hops(self) -> dict[str, int]:
        """Lines by hop; without `received` as long as the agent does not answer."""
        hops = {"generated": self.lines}
        if not self.lesson.uses_flume:
            return hops
        hops["sent"] = 0
        for name, all_runs in flume_hops(self.metrics_port).items():
            hops[name] = max(0, all_runs - self.before.get(name, 0))
        return hops

    def _require_flume(self) -> None:
        if self.lesson.uses_flume and "received" not in self.hops and self.knows_conf:
            raise LabError(
                "Flume did not answer in time: the machine is too busy; close what you do not need "
                "and check again"
            )

    def _require_spark(self) -> None:
        """A program that is behind has not shown its numbers yet, right or wrong."""
        behind = self.pulse.seconds_behind() if self.pulse.is_known else 0
        if behind > BEHIND_PART_MAX * (time.monotonic() - self.started):
            raise LabError(
                f"Spark is {behind:.0f} s behind: the machine is too busy, or your program is "
                "slower than its input; close what you do not need and check again"
            )


def slowness() -> float:
    """How much longer things take on this machine now than on an idle one, at least 1."""
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    return min(max(1.0, load), SLOWNESS_MAX)
