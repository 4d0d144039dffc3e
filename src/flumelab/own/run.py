"""Runs a user's program, conf and log unchanged, and compares what each hop has counted."""

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
from flumelab.own.hops import Hops
from flumelab.own.inputs import LogFile
from flumelab.own.services import FLUME, PROGRAM, OwnState, Wish
from flumelab.runtimes import commands
from flumelab.runtimes.local_start import Launch
from flumelab.runtimes.port_probe import answers, free_port, require_unused
from flumelab.runtimes.processes import Processes
from flumelab.runtimes.runtime import Report
from flumelab.settings import Settings

START_SECONDS_MAX = 120
FLUME_STOP_SECONDS_MAX = 45
PROGRAM_STOP_SECONDS_MAX = 90
QUIET_SECONDS = 8.0
"""Hops that differ and have not changed for this long will no longer agree."""
WAIT_SECONDS_MAX = 300.0
POLL_SECONDS = 0.5
NEVER_LISTENED_SECONDS = 20.0


@dataclass(frozen=True)
class Outcome:
    """The result of a run.

    :param hops: the numbers after everything has stopped
    :param output: what the program has printed
    :param failure: the lines that explain why the program has failed; empty if it has not
    """

    hops: Hops
    output: str
    failure: Sequence[str]


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
        self.files, self._fed = self._look_at_the_log()
        self._ready_since = 0.0

    def run(self) -> Outcome:
        """Start, feed, wait until no number changes, stop in the order of the flow, and compare.

        Raises `LabError` if something cannot be started or fed.
        """
        if not self._wish.program.is_file():
            raise LabError(f"{self._wish.program} does not exist; name a Python program")
        for name in (FLUME, PROGRAM):  # left by a run that was killed
            self._processes.stop(name, 0)
        shutil.rmtree(self._state.folder, ignore_errors=True)
        for folder in (self._state.work, self._state.metrics):
            folder.mkdir(parents=True)
        self._install_packages()
        try:
            for launch in self._launches():
                self._start(launch)
            lines_in = self._feed()
            self._wait(lines_in)
            self._stop()
            failure = self._state.read_progress().get("failure")
            return Outcome(
                self._hops(lines_in),
                self._state.output.read_text(errors="replace"),
                failure if isinstance(failure, list) else [],
            )
        finally:
            for name in (FLUME, PROGRAM):
                self._processes.stop(name, PROGRAM_STOP_SECONDS_MAX)

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
        program = services.program(self._wish, self._settings, self._state, self._program_is_ready)
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
        self._state.conf.write_bytes(adapt.text_of(self._conf, replacements))
        self._fed = _as_it_runs(self._fed, replacements)

    def _start(self, launch: Launch) -> None:
        for port in launch.ports:
            require_unused(port)
        self._report(f"starting {launch.title}")
        self._processes.start(launch.service, launch.command, launch.environment, launch.folder)
        self._processes.wait_until(launch.service, launch.is_ready, START_SECONDS_MAX)

    def _program_is_ready(self) -> bool:
        """Whether a program that Flume pushes to listens, and any other program runs."""
        progress = self._state.read_progress()
        if not progress:
            return False
        self._ready_since = self._ready_since or time.monotonic()
        sends = self._pushed_ports()
        if not sends:
            return True
        listens = self._listens()
        if listens and not listens & sends:
            raise LabError(
                f"{self._wish.program} listens on port {_joined(listens)}, but the sinks of "
                f"{self._wish.conf} send to port {_joined(sends)}; let both name the same port"
            )
        if not listens and time.monotonic() - self._ready_since > NEVER_LISTENED_SECONDS:
            raise LabError(
                f"{self._wish.program} listens on no port, but the sinks of {self._wish.conf} "
                f"send to port {_joined(sends)}; it lacks FlumeUtils.createStream"
            )
        return any(answers(port) for port in listens & sends)

    def _feed(self) -> int | None:
        if not self._fed:
            return None
        self._report(f"feeding {self._wish.log} into source {self._fed.name}")
        return feed.feed(self._fed, self.files)

    def _wait(self, lines_in: int | None) -> None:
        """Wait until all hops agree, or until none has changed for a while."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        last, since = None, time.monotonic()
        while time.monotonic() < deadline and PROGRAM in self._processes.running():
            now = self._hops(lines_in)
            if now != last:
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

    def _hops(self, lines_in: int | None) -> Hops:
        files = (file.read_text() for file in self._state.metrics.glob("*.json"))
        runs = flume_metrics.all_runs(files, self._settings.metrics_port) if self._conf else ()
        ports = self._listens() & self._pushed_ports()
        return hops.of(self._conf, runs, self._state.read_progress(), lines_in, ports or None)

    def _pushed_ports(self) -> frozenset[int]:
        sinks = self._conf.spark_sinks() if self._conf else []
        return frozenset(int(sink.settings["port"]) for sink in sinks if sink.type != SPARK_SINK)

    def _listens(self) -> frozenset[int]:
        listens = self._state.read_progress().get("listens")
        return frozenset(listens) if isinstance(listens, list) else frozenset()


def _as_it_runs(source: Component | None, replacements: Sequence[Replacement]) -> Component | None:
    if not source:
        return None
    changed = {
        each.key.removeprefix(source.prefix): each.value
        for each in replacements
        if each.key.startswith(source.prefix)
    }
    return replace(source, settings={**source.settings, **changed})


def _joined(ports: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(ports)))


def _unused(port: int) -> int:
    """Return the port, or a free one if a running lab has it."""
    return free_port() if answers(port) else port
