"""Runs an experiment: load and fault, heal, wait until nothing moves, read, compare."""

import contextlib
import time
from collections import Counter
from pathlib import Path

from flumelab import conf_check
from flumelab.errors import LabError
from flumelab.experiments import (
    effect,
    flume_log,
    landed,
    micro_batches,
    needs,
    picture,
    result,
    theory,
    truth,
)
from flumelab.experiments.evidence import Evidence
from flumelab.experiments.experiment import LINK_HOPS, Experiment
from flumelab.experiments.lab import Lab, environment
from flumelab.experiments.load import Feed, truth_of
from flumelab.experiments.needs import CannotRun, Clock
from flumelab.experiments.plan import Plan
from flumelab.experiments.result import Result
from flumelab.experiments.strike import Striker
from flumelab.experiments.tap import Tap
from flumelab.experiments.truth import Truth
from flumelab.experiments.verdict import Measured, Prediction, judge
from flumelab.experiments.watch import Watch
from flumelab.lessons.catalogue import Input
from flumelab.own import conf as confs
from flumelab.runtimes.runtime import Report
from flumelab.settings import Settings

FAULT_SECONDS_MAX = 120  # from the first line until the last fault has struck
SETTLE_SECONDS_MAX = 180
QUIET_SECONDS = 4.0  # without any movement, once every line is where it should be
STUCK_SECONDS = 30.0  # … and if not: longer than any pause of a part that tries again
STILL_SECONDS = 6.0  # before a heal that waits until nothing moves
STARTS_MAX = 5
POLL_SECONDS = 0.05


def run(
    experiment: Experiment, settings: Settings, prediction: Prediction | None, report: Report
) -> Result:
    """Run it once in a lab of its own, and keep the result."""
    folder = result.new_folder(settings.state, experiment.name)
    started = time.monotonic()
    the_run = _Run(experiment, settings, folder, report)
    doubt = ""
    try:
        doubt = the_run.go()
    except CannotRun as error:
        doubt = f"it {error}"
    except LabError as error:
        doubt = f"the lab failed: {error}"
    finally:
        the_run.end()
    doubt = doubt or effect.missing(experiment, the_run.evidence.entries())
    measured = the_run.measured()
    verdict, why = judge(the_run.theory, measured, doubt)
    found = Result(
        experiment=experiment,
        verdict=verdict,
        why=why,
        theory=the_run.theory,
        measured=measured,
        prediction=prediction,
        hops=the_run.hops(),
        lost=truth.ranges(the_run.lost),
        twice=truth.ranges(number for number in the_run.twice if number),
        seconds=time.monotonic() - started,
        folder=folder,
    )
    found.save()
    (folder / "picture.html").write_text(picture.page(found, the_run.evidence.entries()), "utf-8")
    return found


class _Run:
    """One run: its lab, its faults and what was seen."""

    def __init__(
        self, experiment: Experiment, settings: Settings, folder: Path, report: Report
    ) -> None:
        self._experiment, self._folder, self._report = experiment, folder, report
        self._lab = Lab(experiment, settings, folder, report)
        self.theory = theory.of(experiment, confs.read(self._lab.conf, conf_check.LAB_AGENT))
        self.evidence = Evidence()
        self._truth, self._lines = Truth([]), list[bytes]()
        self._tap: Tap | None = None
        self._watch: Watch | None = None
        self._counted: Counter[str] = Counter()
        self.lost: list[int] = []
        self.twice: list[int] = []

    def go(self) -> str:
        """Run; return why the result says nothing, or an empty string."""
        experiment, lab = self._experiment, self._lab
        needs.require(experiment)
        lab.prepare()
        self._truth, self._lines = truth_of(experiment, lab.settings.root, self._folder)
        clock = Clock(self._folder)
        extra = b"".join(self._lines[experiment.load.lines :])
        striker = Striker(lab, clock, extra)
        plan = Plan(experiment.faults, self.evidence, striker.strike)
        with contextlib.ExitStack() as stack:
            for disk in {fault.target for fault in experiment.faults if fault.verb == "fill"}:
                stack.enter_context(striker.disks[disk].mounted())
            notes = self._folder / "notes.jsonl"
            variables = {micro_batches.VARIABLE: str(notes)}
            if experiment.does("clock-back"):
                variables |= clock.variables(lab.settings.root)
            stack.enter_context(environment(variables))
            try:
                return self._load_and_fault(plan, striker, notes)
            finally:
                self._stop()
                notes.unlink(missing_ok=True)
                clock.remove()

    def _load_and_fault(self, plan: Plan, striker: Striker, notes: Path) -> str:
        lab, settings = self._lab, self._lab.settings
        ports = (settings.link_port, settings.receiver_port)
        self._tap = Tap(*ports, self.evidence, self._truth, plan.reached)
        lab.start()
        self._watch = Watch(settings, lab.state, notes, self.evidence)
        watch = self._watch
        rest = self._folder / "rest.log"
        feed = Feed(self._experiment, lab.runtime, watch.counts, rest, self._lines, self.evidence)
        self._report(f"{self._experiment.load.lines:,} lines, and the fault")
        struck, settled = self._wait_for_the_faults(plan, feed), False
        if struck:
            self._heal(striker)
            self._report("waiting until nothing moves")
            settled = self._settle(feed)
        self._counted = lab.counted()
        self.lost = self._truth.lost(self._counted)
        self.twice = self._truth.twice(self._counted)
        if plan.failed:
            return plan.failed
        if not struck:
            left = "; ".join(f"{fault} at {fault.at}" for fault in plan.left)
            return f"the fault never came: {left or f'heal at {self._experiment.heal_at}'}"
        return "" if settled else f"lines still moved after {SETTLE_SECONDS_MAX} s"

    def _wait_for_the_faults(self, plan: Plan, feed: Feed) -> bool:
        """Wait until it is time to heal; false if nothing moves any more and a fault is left."""
        experiment = self._experiment
        deadline = time.monotonic() + FAULT_SECONDS_MAX
        last, since = self._counts(), time.monotonic()
        while time.monotonic() < deadline and not plan.failed:
            if (counts := self._counts()) != last:
                last, since = counts, time.monotonic()
            for hop in counts.keys() - set(LINK_HOPS):
                plan.reached(hop, counts[hop])
            still = 0.0 if feed.runs else time.monotonic() - since
            heal = experiment.heal_at
            ready = still > STILL_SECONDS if experiment.heal_when_still else True
            if not plan.left and ready and (heal is None or counts[heal.hop] >= heal.lines):
                return True
            if still > STUCK_SECONDS:
                return False
            time.sleep(POLL_SECONDS)
        return False

    def _counts(self) -> dict[str, int]:
        seen = self._watch.counts if self._watch else None
        return {
            "generated": seen.generated if seen else 0,
            "received": seen.received if seen else 0,
            "sent": self._tap.sent if self._tap else 0,
            "answered": self._tap.answered if self._tap else 0,
            "counted": seen.counted if seen else 0,
        }

    def _heal(self, striker: Striker) -> None:
        assert self._tap
        self._lab.keep_logs("before-heal")
        flume_log.note(self._lab.state / "logs/flume.log", self.evidence)
        self.evidence.note("heal", text="the fault ends")
        if self.theory.forgets:
            self._tap.unanswered.clear()  # nobody is left who could send them again
        striker.heal(self._experiment)
        self._tap.mend()
        self._start_again(["flume"] if striker.has_stopped else [])

    def _start_again(self, stopped: list[str]) -> None:
        if names := [*self._lab.start(), *stopped]:
            self.evidence.note("up", text=", ".join(names))

    def _settle(self, feed: Feed) -> bool:
        """Wait until nothing moves; start what has died, as a supervisor would."""
        deadline = time.monotonic() + SETTLE_SECONDS_MAX
        last, since, starts = None, time.monotonic(), 0
        while time.monotonic() < deadline:
            counted = self._lab.counted().total()
            if (now := (self._counts(), counted)) != last:
                last, since = now, time.monotonic()
            quiet = QUIET_SECONDS if self._all_arrived(feed, counted) else STUCK_SECONDS
            if time.monotonic() - since >= quiet:
                return True
            if starts < STARTS_MAX and self._lab.dead():
                starts += 1
                self._lab.keep_logs(f"before-start-{starts}")
                self._start_again([])
                since = time.monotonic()
            time.sleep(0.3)
        return False

    def _all_arrived(self, feed: Feed, counted: int) -> bool:
        assert self._tap and self._watch
        held = self._tap.unanswered or self._watch.counts.fill or self._lab.unread_files()
        return not (held or feed.runs) and counted >= len(self._tap.stored)

    def measured(self) -> Measured | None:
        """What was read; None if nothing was."""
        if not self._counted:
            return None
        known = set(self._truth.keys)
        foreign = sum(times for key, times in self._counted.items() if key not in known)
        total = self._counted.total()
        return Measured(total, len(self.lost), len(self.twice) - foreign, foreign)

    def hops(self) -> dict[str, int]:
        """The ledger by hop, as each part reports it; empty if no line was sent."""
        if not self._watch:
            return {}
        counts = self._counts()
        hops = {
            "generated": len(self._truth),
            "put into the channel": counts["received"],
            "left the sink": counts["sent"],
            "answered OK": counts["answered"],
        }
        if self._experiment.reads is Input.LANDING:
            entries = self.evidence.entries()
            hops["in the landing log"] = sum(e["events"] for e in entries if e["kind"] == "landed")
        return hops | {"counted": self._counted.total()}

    def _stop(self) -> None:
        if self._watch:
            self._watch.stop()
            self._note_micro_batches(self._watch.notes.all)
        with contextlib.suppress(LabError):
            landed.note(self._lab.state / "landing", self._truth, self.evidence)
        self._lab.keep_logs("end")
        if self._tap:
            self._tap.close()
        self._lab.kill_all()

    def end(self) -> None:
        """Leave nothing running, and keep what was seen."""
        self.evidence.save(self._folder / "evidence.jsonl")
        self._lab.remove()

    def _note_micro_batches(self, notes: list[micro_batches.Note]) -> None:
        """Add the micro-batches that had lines."""
        seen: Counter[str] = Counter()
        for note in notes:
            name = note["name"]
            if note["keys"]:
                lines = truth.ranges(self._truth.members(note["keys"]))
                events = sum(note["keys"].values())
                seen[name] += 1
                again = seen[name] > 1
                self.evidence.note(
                    "batch", note["t"], name=name, lines=lines, events=events, again=again,
                    day=note["day"],
                )  # fmt: skip
            elif note["kind"] == "stored" and name in seen:
                self.evidence.note("stored", note["t"], name=name)
