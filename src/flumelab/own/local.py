"""A lab of the user's own files that stays up, as processes of this host."""

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from flumelab import flume_metrics, terminal_output
from flumelab.errors import LabError
from flumelab.own import generated, inputs, saved, shown
from flumelab.own.adapt import Ask
from flumelab.own.lab import OwnLab
from flumelab.own.lab_start import start
from flumelab.own.printed import Comparison
from flumelab.own.run import log_files
from flumelab.own.run_guards import alone, interrupted_by_signals, paths_explained
from flumelab.own.services import FLUME, PROGRAM, Wish
from flumelab.own.source_files import folders_of
from flumelab.runtimes.evidence import Evidence
from flumelab.runtimes.local_evidence import LocalEvidence
from flumelab.runtimes.runtime import Report, Service
from flumelab.settings import LOOPBACK, Settings
from flumelab.signs import Sign
from flumelab.signs.sign import Level

SignsOf = Callable[[Evidence, Sequence[tuple[str, int]]], Sequence[Sign]]

POLL_SECONDS = 0.5
LOG_LINES = 200
INTERVAL_SECONDS_MAX = 5.0
"""With longer batches, what was just sent is not counted yet, and nothing is stuck."""


def up(wish: Wish, ask: Ask | None, settings: Settings, report: Report) -> None:
    """Start the files, feed the log if there is one, and return while everything runs.

    Raises `LabError`; then nothing is left running.
    """
    lab = OwnLab.new(wish, settings, report)
    files = log_files(wish, report)
    with paths_explained(), alone(lab.state.folder):
        saved.require_down(lab.state, lab.processes)
        try:
            start(lab, ask)
            if files:
                lab.feed(files)
            saved.write(lab)
        except BaseException:
            lab.end_processes()
            raise
    conf = lab.known.conf
    for source in conf.sources.values() if conf else ():
        for folder in folders_of(source):
            report(f"source {source.name} reads {folder}; put files there, or use flumelab feed")


class LocalOwnLab:
    """The commands on a lab that is up in the settings' folder. Each returns the exit code.

    :param signs_of: finds the known signs of what is stuck; it also takes lines at hops
    """

    def __init__(self, settings: Settings, report: Report, signs_of: SignsOf) -> None:
        self._lab = saved.read(settings, report)
        self._signs_of = signs_of

    def status(self, as_json: bool) -> int:
        """Print each process, and why one has ended."""
        services = self._services()
        failure = self._failure()
        signs = self._signs(failure)
        if as_json:
            state = {"runtime": "local", "services": [vars(service) for service in services]}
            told = {"signs": [sign.as_json() for sign in signs], "failure": failure}
            print(json.dumps({**state, **told}, indent=2))
        else:
            shown.services(services, failure)
            terminal_output.console().print(terminal_output.signs(signs))
        stopped = any(service.state != "running" for service in services)
        return 1 if stopped or any(sign.level is not Level.WARNING for sign in signs) else 0

    def feed(self, log: Path | None, options: Sequence[str]) -> int:
        """Send a log or a folder of logs; with options, what the generator makes of them."""
        if options and log and log.is_dir():
            raise LabError(f"{log} is a folder; give --replay a file to send it at a rate")
        lab = self._lab
        with paths_explained(), alone(lab.state.folder):
            if options:
                replay = ["--replay", str(log.absolute())] if log else []
                lines = self._feed_generated([*options, *replay])
            else:
                assert log
                files, left_out = inputs.files_of(log)
                for sentence in left_out:
                    lab.report(sentence)
                lines = lab.feed(files)
                saved.write(lab)
        print(f"sent {lines:,} lines")
        return 0

    def _feed_generated(self, options: Sequence[str]) -> int:
        lines = 0
        with closing(generated.batches(options, self._lab.settings.root)) as batches:
            for batch in batches:
                lines += self._lab.feed_generated(batch)
                saved.write(self._lab)  # so that flumelab ledger knows of it meanwhile
        return lines

    def signs(self) -> list[Sign]:
        """Return what is stuck, lost or odd."""
        return self._signs(self._failure())

    def ledger(self, as_json: bool, wait: float) -> int:
        """Print the hops.

        :param wait: seconds to wait until they agree
        """
        deadline = time.monotonic() + wait
        hops, compared = self._lab.hops(), self._lab.comparison()
        while not (hops.agree and _is_right(compared)) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            hops, compared = self._lab.hops(), self._lab.comparison()
        failure = self._failure()
        signs = [] if hops.agree else self._signs(failure)
        if as_json:
            result = hops.as_json(str(self._lab.wish.program))
            told = {"failure": failure, "signs": [sign.as_json() for sign in signs]}
            count = {"count": compared.as_json()} if compared else {}
            print(json.dumps({**result, **told, **count}, indent=2))
        else:
            shown.hops(hops, failure, compared)
            terminal_output.console().print(terminal_output.signs(signs))
        return 1 if hops.agree is False or failure or not _is_right(compared) else 0

    def print_logs(self, service: str | None, follow: bool) -> int:
        """Run `tail`, which every Unix has."""
        known = {PROGRAM: self._lab.state.output, FLUME: self._lab.state.flume_log}
        if service and service not in known:
            raise LabError(f"{service} has no log; the logs are {PROGRAM} and {FLUME}")
        logs = [file for name, file in known.items() if service in (None, name) and file.exists()]
        following = ["-f"] if follow else []
        command = ["tail", "-n", str(LOG_LINES), *following, *map(str, logs)]
        return subprocess.run(command, check=False).returncode

    def down(self) -> int:
        """Stop in the order of the flow, and print the last numbers."""
        lab = self._lab
        with paths_explained(), alone(lab.state.folder), interrupted_by_signals():
            failure = lab.flume_failure()
            try:
                lab.empty_channel()
                lab.stop()
                failure += lab.end_of_program()
                hops = lab.hops()
            finally:
                lab.end_processes()
                lab.state.lab.unlink()
        shown.hops(hops, failure, lab.comparison())
        return 0

    def _failure(self) -> list[str]:
        return [*self._lab.flume_failure(), *self._lab.program_failure()]

    def _signs(self, failure: list[str]) -> list[Sign]:
        """The known signs; a part's end is left out if its failure is explained."""
        evidence = LocalEvidence(self._lab.processes, self._lab.settings.metrics_port)
        interval = float(str(self._lab.state.read_progress().get("interval") or 0))
        hops = self._lab.hops().for_signs if interval <= INTERVAL_SECONDS_MAX else []
        found = self._signs_of(evidence, hops)
        return [sign for sign in found if not failure or sign.name != "part-ended"]

    def _services(self) -> list[Service]:
        running = self._lab.processes.running()
        ports = self._lab.settings
        addresses = {
            PROGRAM: f"http://{LOOPBACK}:{ports.ui_port}",
            FLUME: flume_metrics.url(ports.metrics_port),
        }
        names = [*([FLUME] if self._lab.known.conf else []), PROGRAM]
        listed = [Service(name, "running", addresses[name]) for name in names]
        stopped = {"state": "stopped", "address": ""}
        return [s if s.name in running else replace(s, **stopped) for s in listed]


def _is_right(compared: Comparison | None) -> bool:
    return compared is None or compared.right
