"""Runs a user's program, conf and log unchanged, and compares what each hop has counted."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from flumelab.own import inputs, saved
from flumelab.own.adapt import Ask
from flumelab.own.guard import guarded
from flumelab.own.hops import Hops
from flumelab.own.inputs import LogFile
from flumelab.own.lab import OwnLab
from flumelab.own.lab_start import start
from flumelab.own.printed import Comparison
from flumelab.own.run_end import first_error
from flumelab.own.run_guards import alone, interrupted_by_signals, paths_explained
from flumelab.own.run_signs import RunSigns
from flumelab.own.services import PROGRAM, Wish
from flumelab.runtimes.local_evidence import LocalEvidence
from flumelab.runtimes.runtime import Report
from flumelab.settings import Settings
from flumelab.signs import Sign

QUIET_SECONDS = 8.0
"""Hops that differ and have not changed for this long will no longer agree."""
QUIET_IN_CHANNEL_SECONDS = 30.0
"""The same while lines wait in the channel: on a busy machine a receiver connects late."""
WAIT_SECONDS_MAX = 300.0
REPORT_SECONDS = 30.0
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Outcome:
    """The result of a run.

    :param hops: the numbers after everything has stopped
    :param output: what the program has printed
    :param failure: the lines that explain why the program has failed; empty if it has not
    :param signs: what was stuck, lost or odd during the run
    :param compared: what the program printed beside the lab's count; None without `--count`
    """

    hops: Hops
    output: str
    failure: Sequence[str]
    signs: Sequence[Sign] = ()
    compared: Comparison | None = None


class OwnRun:
    """One run, in a state folder that starts empty; `files`: the files of the user's log."""

    def __init__(self, wish: Wish, settings: Settings, report: Report) -> None:
        self._report = report
        self._lab = OwnLab.new(wish, settings, report)
        self.files = log_files(wish, report)
        evidence = LocalEvidence(self._lab.processes, self._lab.settings.metrics_port)
        self._signs = RunSigns(evidence, report)

    def run(self, ask: Ask | None = None) -> Outcome:
        """Start, feed, wait until no number changes, stop in the order of the flow, and compare.

        Raises `LabError` if something cannot be started or fed.
        """
        lab = self._lab
        with paths_explained(), alone(lab.state.folder), interrupted_by_signals():
            saved.require_down(lab.state, lab.processes)
            with guarded(lab.state.folder):
                try:
                    start(lab, ask)
                    if self.files:
                        lab.feed(self.files)
                        saved.show(lab)
                    self._wait()
                    return self._end()
                finally:
                    lab.end_processes()

    def _end(self) -> Outcome:
        lab = self._lab
        failure = lab.flume_failure()
        self._signs.look()
        lab.stop()
        lab.tell_news()
        failure += lab.end_of_program()
        if failure and PROGRAM not in lab.processes.running():
            self._report(f"the program's log is {lab.state.output}")
        hops = lab.hops()
        signs = self._signs.found
        error = first_error(lab.state.flume_log)
        if hops.agree is False and error and not signs:
            self._report(f"Flume's log has an error: {error} ({lab.state.flume_log})")
        output = lab.state.output.read_text(errors="replace")
        return Outcome(hops, output, failure, signs, lab.comparison())

    def _wait(self) -> None:
        """Wait until all hops agree, or until none has changed for a while."""
        lab = self._lab
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        last: object = None
        since = time.monotonic()
        told = since
        while time.monotonic() < deadline and PROGRAM in lab.processes.running():
            lab.require_a_sink()
            lab.tell_news()
            self._signs.look_at_times()
            now = lab.hops()
            progress = lab.state.read_progress()
            if time.monotonic() - told > REPORT_SECONDS:
                told = time.monotonic()
                self._report(
                    now.as_text() or f"{lab.wish.program} runs, and no stream or query yet"
                )
            state = now.counts, progress.get("active")
            if state != last or progress.get("waiting"):
                last, since = state, time.monotonic()
            # A stream of files shows nothing between its batches.
            still = QUIET_IN_CHANNEL_SECONDS if now.in_channel else QUIET_SECONDS
            quiet = max(still, 2 * float(str(progress.get("interval", 0))) + 2)
            if not progress.get("active"):
                # Its streams may start late; a program without streams ends by itself.
                quiet = WAIT_SECONDS_MAX
            if (now.agree and not now.unseen) or time.monotonic() - since > quiet:
                return
            time.sleep(POLL_SECONDS)


def log_files(wish: Wish, report: Report) -> list[LogFile]:
    """Return the files of `--input`, and report those that are left out; raises `LabError`."""
    if not wish.log:
        return []
    files, left_out = inputs.files_of(wish.log)
    for sentence in left_out:
        report(sentence)
    return files
