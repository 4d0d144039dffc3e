"""The local runtime: the same confs and programs as plain processes, with state in one folder."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from flumelab import flume_metrics
from flumelab.counts import Counts
from flumelab.errors import LabError
from flumelab.ledger import HopCounts
from flumelab.lessons import catalogue
from flumelab.lessons.catalogue import Input, Lesson
from flumelab.runtimes import commands, local_build, sub_folders
from flumelab.runtimes.local_evidence import LocalEvidence
from flumelab.runtimes.local_start import LINK, Launch, LessonServices
from flumelab.runtimes.local_state import StateFolder
from flumelab.runtimes.port_probe import require_unused
from flumelab.runtimes.processes import Processes
from flumelab.runtimes.runtime import Report, Service, growing_log_options
from flumelab.runtimes.servers import SERVERS, Servers
from flumelab.settings import LOOPBACK, Settings

# A busy laptop may need this long; an idle one needs a tenth of it.
START_SECONDS_MAX = 120
# Flume drains its channel for up to 20 s, and waits 10 s for a file that it is reading.
FLUME_STOP_SECONDS_MAX = 45
DRIVER_STOP_SECONDS_MAX = 60


class LocalRuntime:
    """A Flume agent, a driver and a generator on this host."""

    name = "local"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._state = StateFolder(settings.state / "local")
        self._processes = Processes(self._state.folder)

    def services_of(self, lesson: Lesson) -> LessonServices:
        """Return what starts the services of a lesson."""
        return LessonServices(lesson, self._settings, self._state)

    def build(self, report: Report, servers: Sequence[str] = ()) -> None:
        """Build the jars with Maven, and install the connector into PySpark."""
        local_build.build(self._settings.root, servers, report)

    def is_built(self) -> bool:
        """Look for Flume's runtime, which is built first."""
        return local_build.is_built(self._settings.root)

    def up(self, lesson: Lesson, report: Report) -> None:
        """Start what is not running yet; if anything fails, stop everything again."""
        stages = self.services_of(lesson).stages()
        wanted = {launch.service for stage in stages for launch in stage}
        with self._state.locked():
            running = self._processes.running().keys()
            if others := running - wanted:
                raise LabError(
                    f"{self._state.folder}: {', '.join(sorted(others))} still running;"
                    " run flumelab down first"
                )
            if not wanted - running:
                report(f"{lesson.program.service} is up already")
                return
            for name in self._processes.dead():
                report(f"{name} ended without a stop; it continues from its state")
                self._processes.stop(name, 0)
            self._state.create()
            self._state.lesson.write_text(f"{lesson.name}\n")
            try:
                for stage in stages:
                    self._start([la for la in stage if la.service not in running], report)
            except BaseException:
                self._stop_all(report)
                raise

    def down(self, report: Report) -> None:
        """Stop Flume first, so that the driver still counts what Flume has sent."""
        if not self._state.folder.exists():
            report("no lab is up")
            return
        with self._state.locked():
            if not self.services():
                report("no lab is up")
            self._stop_all(report)

    def kill(self, service: str) -> None:
        """Send SIGKILL to the service's processes; it is then shown as stopped."""
        self._processes.kill(service)

    def start(self, service: str, report: Report) -> None:
        """Start the process again; it continues from its state."""
        with self._state.locked():
            running, dead = self._processes.running(), self._processes.dead()
            if not running | dead:
                raise LabError("the lab is down; flumelab up starts it")
            if service not in dead:
                fact = "runs already" if service in running else "is no part that has ended"
                raise LabError(f"{service} {fact}; flumelab status shows the parts")
            settings = replace(self._settings, link=LINK in running | dead)
            lesson = catalogue.find(self._state.lesson.read_text().strip())
            stages = LessonServices(lesson, settings, self._state).stages()
            self._processes.stop(service, 0)
            self._start([la for stage in stages for la in stage if la.service == service], report)

    def cut(self) -> None:
        """Create the file that the link looks for."""
        self._require_link()
        self._state.cut.touch()

    def mend(self) -> None:
        """Remove that file."""
        self._require_link()
        self._state.cut.unlink(missing_ok=True)

    def services(self) -> list[Service]:
        """All services but the generator, which runs only while it feeds."""
        running, dead = self._processes.running(), self._processes.dead()
        addresses = {"flume": flume_metrics.url(self._settings.metrics_port)}
        ui = f"http://{LOOPBACK}:{self._settings.ui_port}"
        return [
            Service(
                name,
                "running" if name in running else "stopped",
                addresses.get(name, ui) if name in running else "",
            )
            for name in sorted(running | dead, key=_stop_order)
        ]

    def feed(self, options: Sequence[str], replay: Path | None, quiet: bool = False) -> int:
        """Run the generator in the foreground, on this terminal."""
        command = [sys.executable, "-m", "loadgen", *self._state.generator_options, *options]
        if replay:
            command += ["--replay", str(replay.absolute())]
        return subprocess.run(
            command,
            cwd=self._settings.root,
            env=os.environ | self._running_servers().client_variables(),
            stdout=subprocess.DEVNULL if quiet else None,
            check=False,
        ).returncode

    def counts(self) -> Counts:
        """Read the result store."""
        from flumelab.programs.result_store import ResultStore  # SQLAlchemy: a fifth of a second

        self._state.create()
        servers = self._running_servers()
        url = servers.results_url if "db" in servers.names else self._state.results_url
        return ResultStore(url).counts()

    def hop_counts(self) -> HopCounts:
        """Ask each hop in turn."""
        self._state.create()
        audit = self._loadgen("loadgen.audit", *self._state.generator_options)
        generated = audit["generated"]
        return HopCounts(
            generated=Counts(generated["urls"], generated["malformed"]),
            spooled=audit["spooled"],
            flume_runs=flume_metrics.all_runs(
                (file.read_text() for file in self._state.metrics.glob("*.json")),
                self._settings.metrics_port,
            ),
            counted=self.counts(),
            subfolders=audit["subfolders"],
            subfolders_read=sub_folders.read_by_flume(self.evidence(), audit["subfolders"]),
        )

    def evidence(self) -> LocalEvidence:
        """Ask the processes; the drivers' logs have UTC."""
        port = self._settings.metrics_port
        return LocalEvidence(self._processes, port, utc=True, cut=self._state.cut)

    def target_options(self, lesson: Lesson) -> Sequence[str]:
        """Name the receiver's port for a socket, or else a server or the spool directory."""
        if lesson.program.reads is Input.SOCKET:
            return ["--to", f"tcp://{LOOPBACK}:{self._settings.receiver_port}"]
        if lesson.appends:
            return growing_log_options(str(self._state.spool))
        return self._servers(lesson.servers).target_options() if lesson.servers else []

    def expected(self, options: Sequence[str]) -> Any:
        """Read the generator's ledger."""
        return self._loadgen("loadgen.expected", *self._state.ledger_options, *options)

    def wipe(self, report: Report) -> None:
        """Remove the folder with everything that the processes wrote."""
        if self.services():
            self.down(report)
        self._state.remove()

    def clear_for_next(self, report: Report) -> None:
        """Do the same as `wipe`: lessons share nothing, because each program has its own Spark."""
        self.wipe(report)

    def log_tail(self, service: str, lines: int) -> str:
        """Read the service's log file."""
        log = self._state.logs / f"{service}.log"
        return "".join(log.read_text(errors="replace").splitlines(keepends=True)[-lines:])

    def print_logs(self, service: str | None, follow: bool) -> None:
        """Run `tail`, which every Unix has."""
        logs = sorted(self._state.logs.glob(f"{service or '*'}.log"))
        if not logs:
            raise LabError(f"{self._state.logs} has no log of {service or 'any service'}")
        without_headers = ["-q"] if service else []
        following = ["-f"] if follow else []
        command = ["tail", "-n", "200", *without_headers, *following, *map(str, logs)]
        subprocess.run(command, check=False)

    def _servers(self, names: Sequence[str]) -> Servers:
        return Servers.among(names, self._settings, self._state.folder)

    def _running_servers(self) -> Servers:
        return self._servers(list(self._processes.running()))

    def _require_link(self) -> None:
        if LINK not in self._processes.running():
            raise LabError(
                "the lab has no link that could be cut; run flumelab down, then flumelab up --link"
            )

    def _start(self, launches: Sequence[Launch], report: Report) -> None:
        for launch in launches:
            for port in launch.ports:
                require_unused(port)
            report(f"starting {launch.title}")
            self._processes.start(launch.service, launch.command, launch.environment, launch.folder)
        for launch in launches:
            self._processes.wait_until(launch.service, launch.is_ready, START_SECONDS_MAX)

    def _stop_all(self, report: Report) -> None:
        known = self._processes.running() | self._processes.dead()
        failed = None
        for name in sorted(known, key=_stop_order):
            report(f"stopping {name}")
            seconds = FLUME_STOP_SECONDS_MAX if name == "flume" else DRIVER_STOP_SECONDS_MAX
            try:
                if not self._processes.stop(name, seconds):
                    report(f"{name} did not end within {seconds} s and was killed")
            except OSError as error:  # it has ended, but that cannot be noted: the disk is full
                failed = error
        if failed:
            raise failed

    def _loadgen(self, module: str, *options: str) -> Any:
        """Run a module of the generator and return the JSON that it prints."""
        return json.loads(
            commands.run([sys.executable, "-m", module, *options], self._settings.root)
        )


def _stop_order(service: str) -> int:
    """The place in the order of the flow: a service may end once those before it have ended."""
    if service in SERVERS:
        return 3
    return {"flume": 0, "receiver": 1, LINK: 2}.get(service, 2)
