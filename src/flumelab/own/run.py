"""Runs a user's program, conf and log as they are, and compares what each hop has counted."""

import codecs
import contextlib
import fcntl
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
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

START_SECONDS_MAX = 110
FLUME_STOP_SECONDS_MAX = 45
PROGRAM_STOP_SECONDS_MAX = 90
QUIET_SECONDS = 8.0
"""Hops that differ and have not moved for so long will not agree any more."""
WAIT_SECONDS_MAX = 300.0
REPORT_SECONDS = 30.0
ERROR_LETTERS = 300
END_SECONDS_MAX = 45
"""From the end of its streams until the program itself ends."""
KILL_AFTER_SECONDS = 15
"""From SIGTERM, for what is left at the end."""
POLL_SECONDS = 0.5
NEVER_LISTENED_SECONDS = 60.0  # a program may load a model first


@dataclass(frozen=True)
class Outcome:
    """What a run has shown.

    :param hops: the numbers after everything has stopped
    :param output: what the program has printed
    :param failure: the lines that explain why the program has failed; empty if it has not
    """

    hops: Hops
    output: str
    failure: Sequence[str]


class OwnRun:
    """One run, in a state folder that begins empty; `files`: those of the user's log."""

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
        self._ready_since = 0.0

    def run(self) -> Outcome:
        """Start, feed, wait until nothing moves, stop in the order of the flow, and compare.

        Raises `LabError` if something cannot be started or fed.
        """
        with paths_explained(), alone(self._state.folder), _interrupted_by_signals():
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
        self._stop()
        failure += explain_end(self._state.read_progress())
        if failure and PROGRAM not in self._processes.running():
            self._report(f"the program's log is {self._state.output}")
        hops = self._hops(lines_in)
        if not hops.agree and (error := first_error(self._state.flume_log)):
            self._report(f"Flume's log has an error: {error} ({self._state.flume_log})")
        return Outcome(hops, self._state.output.read_text(errors="replace"), failure)

    def _end_processes(self) -> None:
        """End what is left; a second Ctrl-C must not leave it running."""
        before = [signal.signal(each, signal.SIG_IGN) for each in _INTERRUPTING]
        if self._processes.running():
            self._report("ending what is left of the run")
        for name in (FLUME, PROGRAM):
            self._processes.stop(name, KILL_AFTER_SECONDS)
        for each, handler in zip(_INTERRUPTING, before, strict=True):
            signal.signal(each, handler)

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
        """Start a program that Flume pushes to first, and one that asks Flume second."""
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
        for number in self._ports_of_the_conf(launch.service):
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

    def _program_is_ready(self) -> bool:
        """Flume needs a program that listens where a sink sends; any other one has to run."""
        progress = self._state.read_progress()
        if not progress:
            return False
        self._ready_since = self._ready_since or time.monotonic()
        sends = self._pushed_ports()
        listens = self._listens()
        if not sends:
            return True
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

    def _require_a_sink(self) -> None:
        """Raise `LabError` where a program listens, but no sink sends."""
        listens = self._listens()
        if self._conf and listens and not self._conf.spark_sinks():
            sinks = ", ".join(f"{s.name} ({s.type})" for s in self._conf.sinks.values()) or "none"
            raise LabError(
                f"{self._wish.program} listens on port {_joined(listens)}, but no sink of "
                f"{self._wish.conf} sends to Spark; sinks: {sinks}. Give one the type avro"
            )

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
        """Wait until all hops agree, or until none has moved for a while."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        last, since = None, time.monotonic()
        told = since
        while time.monotonic() < deadline and PROGRAM in self._processes.running():
            self._require_a_sink()
            now = self._hops(lines_in)
            if time.monotonic() - told > REPORT_SECONDS:
                told = time.monotonic()
                self._report(", ".join(f"{hop.name}: {hop.lines:,}" for hop in now.hops))
            if now != last:
                last, since = now, time.monotonic()
            if now.agree or time.monotonic() - since > QUIET_SECONDS:
                return
            time.sleep(POLL_SECONDS)

    def _stop(self) -> None:
        """Flume first: what it has sent is counted before the program ends."""
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
        ports = self._listens() & self._pushed_ports()
        return hops.of(self._conf, runs, self._state.read_progress(), lines_in, ports or None)

    def _pushed_ports(self) -> frozenset[int]:
        sinks = self._conf.spark_sinks() if self._conf else []
        return frozenset(int(sink.settings["port"]) for sink in sinks if sink.type != SPARK_SINK)

    def _ports_of_the_conf(self, service: str) -> list[int]:
        """Ports that the service opens by the conf: Flume a source's, the program a sink's."""
        if service == PROGRAM or not self._conf:
            return sorted(self._pushed_ports())
        opened = [s for s in self._conf.sinks.values() if s.type == SPARK_SINK]
        opened += self._conf.sources.values()
        ports = " ".join(s.settings.get("port") or s.settings.get("ports", "") for s in opened)
        return [int(port) for port in ports.split() if port.isdecimal()]

    def _listens(self) -> frozenset[int]:
        listens = self._state.read_progress().get("listens")
        return frozenset(listens) if isinstance(listens, list) else frozenset()


_INTERRUPTING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def _interrupted_by_signals() -> Iterator[None]:
    """Let a closed terminal and a `kill` end the run as Ctrl-C does: with its processes."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = [signal.signal(each, interrupt) for each in _INTERRUPTING]
    try:
        yield
    finally:
        for each, handler in zip(_INTERRUPTING, before, strict=True):
            signal.signal(each, handler)


@contextlib.contextmanager
def paths_explained() -> Iterator[None]:
    """Turn an error at a path, such as a folder that cannot be made, into a `LabError`."""
    try:
        yield
    except OSError as error:
        if not error.filename:
            raise
        raise LabError(
            f"{error.filename}: {error.strerror}; let the lab write there, or choose another place "
            "with --map or LAB_STATE"
        ) from None


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep a second run out of the folder of a run; raises `LabError` in the second."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LabError(
                f"{folder} is used by another run; wait for its end, or set LAB_STATE to another "
                "folder"
            ) from None
        yield


def explain_end(progress: Mapping[str, object]) -> list[str]:
    """Return the lines that explain a program's end; none for one that ended with 0."""
    failure, code = progress.get("failure"), progress.get("ended")
    if isinstance(failure, list) and failure:
        return failure
    if code is None and not progress.get("streams_ended"):
        return ["The program was killed, or it ended its own process: it has left no exit code"]
    return [f"The program ended with exit code {code}"] if code else []


def first_error(log: Path) -> str | None:
    """Return the first error in an agent's log, in one short line; None where there is none."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    for line in lines:
        if " ERROR " in line:
            return " | ".join(line.split(" ERROR ", 1)[1].split(" | ")[:2]).strip()[:ERROR_LETTERS]
    return None


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
    """Return the port, or a free one if a lab that is up has it."""
    return free_port() if answers(port) else port
