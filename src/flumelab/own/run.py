"""Runs a user's program, conf and log unchanged, and compares what each hop has counted."""

import codecs
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flumelab import flume_metrics
from flumelab.errors import LabError
from flumelab.own import adapt, feed, hops, inputs, services
from flumelab.own import conf as confs
from flumelab.own.adapt import Folders, Replacement
from flumelab.own.conf import SPARK_SINK, Component
from flumelab.own.file_ports import FilePorts
from flumelab.own.hops import Hops
from flumelab.own.inputs import LogFile
from flumelab.own.run_end import explain_end, first_error
from flumelab.own.run_guards import (
    alone,
    interrupted_by_signals,
    paths_explained,
    signals_ignored,
)
from flumelab.own.run_signs import RunSigns
from flumelab.own.services import FLUME, PROGRAM, OwnState, Wish
from flumelab.runtimes import commands
from flumelab.runtimes.local_evidence import LocalEvidence
from flumelab.runtimes.local_start import Launch
from flumelab.runtimes.port_probe import answers, free_port, require_unused
from flumelab.runtimes.processes import Processes
from flumelab.runtimes.runtime import Report
from flumelab.settings import Settings
from flumelab.signs import Sign

START_SECONDS_MAX = 110
FLUME_STOP_SECONDS_MAX = 45
PROGRAM_STOP_SECONDS_MAX = 90
QUIET_SECONDS = 8.0
"""Hops that differ and have not changed for this long will no longer agree."""
WAIT_SECONDS_MAX = 300.0
REPORT_SECONDS = 30.0
END_SECONDS_MAX = 45
"""From the end of its streams until the program itself ends."""
KILL_AFTER_SECONDS = 15
"""From SIGTERM, for what is left at the end."""
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Outcome:
    """The result of a run.

    :param hops: the numbers after everything has stopped
    :param output: what the program has printed
    :param failure: the lines that explain why the program has failed; empty if it has not
    :param signs: what was stuck, lost or odd during the run
    """

    hops: Hops
    output: str
    failure: Sequence[str]
    signs: Sequence[Sign] = ()


class OwnRun:
    """One run, in a state folder that starts empty; `files`: the files of the user's log."""

    def __init__(self, wish: Wish, settings: Settings, report: Report) -> None:
        self._wish = wish
        self._settings = replace(
            settings,
            ui_port=_unused(settings.ui_port),
            metrics_port=_unused(settings.metrics_port),
        )
        self._report = report
        self._state = OwnState(settings.state / "own")
        self._processes = Processes(self._state.folder)
        self._conf = confs.read(wish.conf, wish.agent) if wish.conf else None
        if self._conf:
            confs.require_connected(self._conf)
        self.files, self._fed = self._look_at_the_log()
        self._ports = FilePorts(wish, self._conf, self._state)
        evidence = LocalEvidence(self._processes, self._settings.metrics_port)
        self._signs = RunSigns(evidence, report)

    def run(self) -> Outcome:
        """Start, feed, wait until no number changes, stop in the order of the flow, and compare.

        Raises `LabError` if something cannot be started or fed.
        """
        with paths_explained(), alone(self._state.folder), interrupted_by_signals():
            for name in (FLUME, PROGRAM):  # of a run that was killed
                self._processes.stop(name, 0)
            shutil.rmtree(self._state.folder, ignore_errors=True)
            for folder in (self._state.work, self._state.metrics):
                folder.mkdir(parents=True, exist_ok=True)
            self._install_packages()
            try:
                return self._run()
            finally:
                self._end_processes()

    def _run(self) -> Outcome:
        for launch in self._launches():
            self._start(launch)
        lines_in = self._feed()
        self._wait(lines_in)
        failure = self._flume_failure()
        self._signs.look()
        self._stop()
        failure += explain_end(self._state.read_progress())
        if failure and PROGRAM not in self._processes.running():
            self._report(f"the program's log is {self._state.output}")
        hops = self._hops(lines_in)
        signs = self._signs.found
        if not (hops.agree or signs) and (error := first_error(self._state.flume_log)):
            self._report(f"Flume's log has an error: {error} ({self._state.flume_log})")
        return Outcome(hops, self._state.output.read_text(errors="replace"), failure, signs)

    def _end_processes(self) -> None:
        """End what is left; a second Ctrl-C must not leave it running."""
        with signals_ignored():
            if self._processes.running():
                self._report("ending what is left of the run")
            for name in (FLUME, PROGRAM):
                self._processes.stop(name, KILL_AFTER_SECONDS)

    def _flume_failure(self) -> list[str]:
        if FLUME not in self._processes.dead():
            return []
        error = first_error(self._state.flume_log) or "its log has no error, so it was killed"
        return [f"Flume ended before the lab stopped it: {error} ({self._state.flume_log})"]

    def _look_at_the_log(self) -> tuple[list[LogFile], Component | None]:
        if not self._wish.log:
            return [], None
        if not self._conf:
            raise LabError("--input needs --conf: the log goes into a source of the agent")
        files, left_out = inputs.files_of(self._wish.log)
        for sentence in left_out:
            self._report(sentence)
        return files, feed.source_to_feed(self._conf)

    def _install_packages(self) -> None:
        file = self._wish.requirements
        if not file:
            return
        self._report(f"installing the packages of {file}")
        pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        commands.run([*pip, "--target", str(self._state.packages), "-r", str(file)], Path.cwd())

    def _launches(self) -> list[Launch]:
        """Return the order of the start: a program that Flume pushes to comes before Flume.

        A program that fetches from Flume comes after it.
        """
        program = services.program(
            self._wish, self._settings, self._state, self._ports.program_is_ready
        )
        if not self._conf:
            return [program]
        self._write_conf()
        flume = services.flume(self._conf.agent, self._settings, self._state)
        pulls = any(sink.type == SPARK_SINK for sink in self._conf.sinks.values())
        return [flume, program] if pulls else [program, flume]

    def _write_conf(self) -> None:
        assert self._conf
        folders = Folders(self._state.paths, self._wish.mapped)
        replacements = adapt.adapt(self._conf, folders, self._fed.name if self._fed else None)
        for each in replacements:
            if each.told:
                self._report(each.told)
        if self._conf.file.read_bytes().startswith(codecs.BOM_UTF8):
            self._report(
                f"{self._conf.file}: the byte order mark is left out, as Flume takes it for a part "
                "of the first line's key"
            )
        self._state.conf.write_bytes(adapt.text_of(self._conf, replacements))
        self._fed = _as_it_runs(self._fed, replacements)

    def _start(self, launch: Launch) -> None:
        for port in launch.ports:
            require_unused(port)
        for number in self._ports.of_service(launch.service):
            if answers(number):
                raise LabError(
                    f"port {number} of {self._wish.conf} is in use; end what listens there, or "
                    "write another port into your files"
                )
        self._report(f"starting {launch.title}")
        self._processes.start(launch.service, launch.command, launch.environment, launch.folder)
        try:
            self._processes.wait_until(launch.service, launch.is_ready, START_SECONDS_MAX)
        except LabError:
            if launch.service in self._processes.dead():
                self._explain_no_start(launch.service)
            raise

    def _explain_no_start(self, service: str) -> None:
        """Raise `LabError` where more is known than the end of a log shows."""
        if service == FLUME and (error := first_error(self._state.flume_log)):
            raise LabError(
                f"{self._wish.conf}: Flume ended while it was starting: {error}; correct the conf "
                f"({self._state.flume_log})"
            ) from None
        progress = self._state.read_progress()
        failure = progress.get("failure")
        if service == PROGRAM and isinstance(failure, list) and failure:
            raise LabError("\n".join(failure)) from None
        if service == PROGRAM and progress.get("ended") is not None:
            raise LabError(
                f"{self._wish.program} ended with exit code {progress['ended']} before it received "
                f"anything; its output is in {self._state.output}"
            ) from None

    def _feed(self) -> int | None:
        if not self._fed:
            return None
        for sentence in feed.warnings(self._fed, self.files):
            self._report(sentence)
        self._report(f"feeding {self._wish.log} into source {self._fed.name}")
        try:
            return feed.feed(self._fed, self.files)
        except LabError as error:
            if failure := self._flume_failure():
                raise LabError(f"{error}. {failure[0]}") from None
            raise

    def _wait(self, lines_in: int | None) -> None:
        """Wait until all hops agree, or until none has changed for a while."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        last, since = None, time.monotonic()
        told = since
        while time.monotonic() < deadline and PROGRAM in self._processes.running():
            self._ports.require_a_sink()
            self._signs.look_at_times()
            now = self._hops(lines_in)
            if time.monotonic() - told > REPORT_SECONDS:
                told = time.monotonic()
                self._report(", ".join(f"{hop.name}: {hop.lines:,}" for hop in now.hops))
            if now != last or self._state.read_progress().get("waiting"):
                last, since = now, time.monotonic()
            if now.agree or time.monotonic() - since > QUIET_SECONDS:
                return
            time.sleep(POLL_SECONDS)

    def _stop(self) -> None:
        """Stop Flume first, so that the program still counts what Flume has sent."""
        if self._conf:
            self._report("stopping Flume")
            self._processes.stop(FLUME, FLUME_STOP_SECONDS_MAX)
        self._report("stopping the program once it has counted what it received")
        self._state.stop.touch()
        deadline = time.monotonic() + PROGRAM_STOP_SECONDS_MAX
        while PROGRAM in self._processes.running() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            if self._state.read_progress().get("streams_ended"):
                deadline = time.monotonic() + END_SECONDS_MAX
                break
        while PROGRAM in self._processes.running() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        if PROGRAM in self._processes.running():
            self._report(f"{self._wish.program} does not end by itself; the lab ends it")

    def _hops(self, lines_in: int | None) -> Hops:
        files = (file.read_text() for file in self._state.metrics.glob("*.json"))
        runs = flume_metrics.all_runs(files, self._settings.metrics_port) if self._conf else ()
        ports = self._ports.listens() & self._ports.pushed()
        return hops.of(self._conf, runs, self._state.read_progress(), lines_in, ports or None)


def _as_it_runs(source: Component | None, replacements: Sequence[Replacement]) -> Component | None:
    if not source:
        return None
    changed = {
        each.key.removeprefix(source.prefix): each.value
        for each in replacements
        if each.key.startswith(source.prefix)
    }
    return replace(source, settings={**source.settings, **changed})


def _unused(port: int) -> int:
    """Return the port, or a free one if a running lab has it."""
    return free_port() if answers(port) else port
