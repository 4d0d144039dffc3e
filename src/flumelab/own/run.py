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
from flumelab.own.run_guards import Interrupted, alone, paths_explained
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
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Outcome:
    """The result of a run.

    :param hops: the numbers after everything has stopped
    :param output: what the program has printed
    :param failure: the lines that explain why the program has failed; empty if it has not
    :param signs: what was stuck, lost or odd during the run
    :param compared: what the program printed beside the lab's count; None without `--count`
    :param interrupted: the exit code for the signal that has ended the run; None if none has
    """

    hops: Hops
    output: str
    failure: Sequence[str]
    signs: Sequence[Sign] = ()
    compared: Comparison | None = None
    interrupted: int | None = None


class OwnRun:
    """One run, in a state folder that starts empty; `files`: the files of the user's log."""

    def __init__(self, wish: Wish, settings: Settings, report: Report) -> None:
        self._report = report
        self._lab = OwnLab.new(wish, settings, report)
        self.files = log_files(wish, report)
        evidence = LocalEvidence(self._lab.processes, self._lab.settings.metrics_port)
        self._signs = RunSigns(evidence, report)
        self._flume_failure: list[str] | None = None
        self._told_failure = False

    def run(self, ask: Ask | None = None) -> Outcome:
        """Start, feed, wait until no number changes, stop in the order of the flow, and compare.

        A first signal only ends the wait: what Spark has stored is counted. A second one ends all.
        Raises `LabError` if something cannot be started or fed, and `Interrupted` for a signal
        that comes before the program has a stream.
        """
        lab = self._lab
        with paths_explained(), alone(lab.state.folder):
            saved.require_down(lab.state, lab.processes)
            with guarded(lab.state.folder):
                try:
                    return self._until_the_end(ask)
                except Interrupted as signal:
                    if not lab.state.read_progress().get("active"):
                        raise
                    self._report(
                        "interrupted; the lab still counts what Spark has stored; press Ctrl-C "
                        "again to end at once"
                    )
                    return self._end(signal.code)
                finally:
                    lab.end_processes()

    def _until_the_end(self, ask: Ask | None) -> Outcome:
        start(self._lab, ask)
        if self.files:
            self._lab.feed(self.files)
            saved.show(self._lab)
        self._wait()
        return self._end()

    def _end(self, interrupted: int | None = None) -> Outcome:
        lab = self._lab
        if self._flume_failure is None:  # a signal may come in the middle of the stop
            self._flume_failure = lab.flume_failure()
        self._signs.look()
        lab.stop()
        lab.tell_news()
        self._tell_failure()
        failure = [*self._flume_failure, *lab.end_of_program()]
        if failure and PROGRAM not in lab.processes.running():
            self._report(f"the program's log is {lab.state.output}")
        hops = lab.hops()
        signs = self._signs.found
        error = first_error(lab.state.flume_log)
        if hops.agree is False and error and not signs:
            self._report(f"Flume's log has an error: {error} ({lab.state.flume_log})")
        output = lab.state.output.read_text(errors="replace")
        return Outcome(hops, output, failure, signs, lab.comparison(), interrupted)

    def _tell_failure(self) -> None:
        """Report the line that has failed, as soon as it is known: the rest takes seconds."""
        failure = self._lab.state.read_progress().get("failure")
        if failure and isinstance(failure, list) and not self._told_failure:
            self._report(failure[0])
            self._told_failure = True

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
            self._tell_failure()
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
