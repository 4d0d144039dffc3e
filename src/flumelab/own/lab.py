"""A user's program and agent as processes: prepared, started, fed, counted and stopped."""

import functools
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from flumelab import conf_check, flume_metrics
from flumelab.errors import LabError
from flumelab.own import conf as confs
from flumelab.own import feed, hops, printed, source_files, stored
from flumelab.own.conf import AgentConf, Component
from flumelab.own.file_ports import FilePorts
from flumelab.own.hops import Hop, Hops
from flumelab.own.inputs import LogFile
from flumelab.own.printed import Comparison
from flumelab.own.program_feed import ProgramFeed
from flumelab.own.run_end import explain_end, first_error
from flumelab.own.run_guards import signals_ignored
from flumelab.own.services import FLUME, PROGRAM, OwnState, Wish
from flumelab.runtimes.port_probe import answers, free_port
from flumelab.runtimes.processes import Processes
from flumelab.runtimes.runtime import Report
from flumelab.settings import Settings

CHANNEL_SECONDS_MAX = 30
CHANNEL_QUIET_SECONDS = 6
"""An avro sink waits 3 s for a batch to fill, and sends what it has then."""
FLUME_STOP_SECONDS_MAX = 45
PROGRAM_STOP_SECONDS_MAX = 90
END_SECONDS_MAX = 45
"""From the end of its streams until the program itself ends."""
KILL_AFTER_SECONDS = 15
"""From SIGTERM, for what is left at the end."""
REPORT_SECONDS = 10.0
POLL_SECONDS = 0.5
END_POLL_SECONDS = 0.1


@dataclass
class Known:
    """What is known of a lab once it has started.

    :param conf: the agent as it runs, with the lab's replacements; None without Flume
    :param fed: the name of the source that takes a log; None if no source, or more than one, can
    :param sent: lines that the lab has sent; None if it has sent nothing
    :param before: the sources' files that an agent before this one has read; None if they cannot
        be told apart
    :param keys: with `Wish.count`, the lines that the lab has sent, by their key
    """

    conf: AgentConf | None
    fed: str | None = None
    sent: int | None = None
    before: Sequence[str] | None = None
    keys: Counter[str] = field(default_factory=Counter)


class OwnLab:
    """The processes of one program and agent, with their state in one folder."""

    def __init__(self, wish: Wish, known: Known, settings: Settings, report: Report) -> None:
        self.wish = wish
        self.known = known
        self.settings = settings
        self.state = OwnState(settings.state / "own")
        self.processes = Processes(self.state.folder)
        self.report = report
        self._told = 0
        self._program_feed = ProgramFeed(wish.program, self.state, report)
        self.ports = FilePorts(wish, known.conf, self.state)

    @classmethod
    def new(cls, wish: Wish, settings: Settings, report: Report) -> "OwnLab":
        """Return a lab that is not started; raises `LabError` for files that cannot run."""
        conf = confs.read(wish.conf, wish.agent) if wish.conf else None
        if conf:
            conf_check.require_work(conf.file, conf.agent, report)
            confs.require_connected(conf)
        fed = feed.source_to_feed(conf).name if conf and wish.log else None
        ports = replace(
            settings,
            ui_port=_unused(settings.ui_port),
            metrics_port=_unused(settings.metrics_port),
        )
        return cls(wish, Known(conf, fed), ports, report)

    def feed(self, files: Sequence[LogFile]) -> int:
        """Send files, and return the number of their lines; raises `LabError`."""
        if source := self._source_to_feed():
            for sentence in feed.warnings(source, files):
                self.report(sentence)
            for file in files:
                self.report(f"feeding {file.path} into source {source.name}")
        return self._send(source, files)

    def feed_generated(self, made: LogFile) -> int:
        """Send one batch of the generator's lines; the name of its file is changed if it must be.

        Returns the number of lines; raises `LabError`.
        """
        source = self._source_to_feed()
        if source and (name := feed.fitting_name(source, made.name)) != made.name:
            made = LogFile(made.path.rename(made.path.with_name(name)))
        return self._send(source, [made])

    def _source_to_feed(self) -> Component | None:
        """The source that takes a log; None without Flume. Raises `LabError`."""
        conf = self.known.conf
        if not conf:
            return None
        return conf.sources[self.known.fed] if self.known.fed else feed.source_to_feed(conf)

    def _send(self, source: Component | None, files: Sequence[LogFile]) -> int:
        try:
            if source:
                lines = feed.feed(source, files)
            else:
                lines = self._program_feed.send(files, self._why_ended)
        except LabError as error:
            if failure := self.flume_failure():
                raise LabError(f"{error}. {failure[0]}") from None
            raise
        self.known.sent = (self.known.sent or 0) + lines
        if self.wish.count:
            copies = lines // max(1, sum(file.count() for file in files))
            for key, number in self._count(files, self.wish.count).items():
                self.known.keys[key] += copies * number
        return lines

    def hops(self) -> Hops:
        """Return the numbers of this moment."""
        conf = self.known.conf
        files = (file.read_text() for file in self.state.metrics.glob("*.json"))
        runs = flume_metrics.all_runs(files, self.settings.metrics_port) if conf else ()
        ports = self.ports.listens() & self.ports.pushed()
        return hops.of(conf, runs, self.state.read_progress(), self._given(), ports or None)

    def tell_news(self) -> None:
        """Report what the program has had replaced since the last call."""
        told = self.state.read_progress().get("told")
        if isinstance(told, list):
            for sentence in told[self._told :]:
                self.report(sentence)
            self._told = len(told)

    def require_a_sink(self) -> None:
        """Raise `LabError` where a program listens, but no sink sends."""
        self.ports.require_a_sink()

    def flume_failure(self) -> list[str]:
        """Return the line that explains why Flume has ended by itself; none if it has not."""
        if FLUME not in self.processes.dead():
            return []
        error = first_error(self.state.flume_log) or "its log has no error, so it was killed"
        return [f"Flume ended before the lab stopped it: {error} ({self.state.flume_log})"]

    def end_of_program(self) -> list[str]:
        """Return the lines that explain a program's end; none if it was right."""
        return explain_end(self.state.read_progress())

    def program_failure(self) -> list[str]:
        """Return the lines that explain why the program has ended by itself; none if it runs.

        Once it has failed, its process may take a while to end.
        """
        failed = self.state.read_progress().get("failure")
        return self.end_of_program() if failed or self.has_ended else []

    @property
    def has_ended(self) -> bool:
        """Whether the program's process has ended."""
        return PROGRAM not in self.processes.running()

    def empty_channel(self) -> None:
        """Wait while the sink still takes events from Flume's channel.

        Flume stops in the middle of a batch: a memory channel loses what it holds then, and a batch
        that Spark has stored may not be in the sink's counter.
        """
        deadline = time.monotonic() + CHANNEL_SECONDS_MAX
        last, since = 0, time.monotonic()
        while waiting := self.hops().in_channel:
            now = time.monotonic()
            if waiting != last:
                last, since = waiting, now
            if now > deadline or now - since > CHANNEL_QUIET_SECONDS:
                self.report(f"Flume's channel still holds {waiting:,} lines")
                return
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop Flume first, so that the program still counts what Flume has sent."""
        if self.known.conf:
            self.report("stopping Flume")
            self.processes.stop(FLUME, FLUME_STOP_SECONDS_MAX)
        self.report("stopping the program once it has counted what it received")
        self.state.stop.touch()
        self._wait_for_the_end("streams_ended", PROGRAM_STOP_SECONDS_MAX)
        if self.state.read_progress().get("active"):
            self._wait_for_the_end("ended", END_SECONDS_MAX)
        if PROGRAM in self.processes.running():
            self.report(f"{self.wish.program} does not end by itself; the lab ends it")

    def end_processes(self) -> None:
        """End what is left; a second Ctrl-C must not leave it running."""
        with signals_ignored():
            if self.processes.running():
                self.report("ending what is left of the run")
            for name in (FLUME, PROGRAM):
                self.processes.stop(name, KILL_AFTER_SECONDS)

    def comparison(self) -> Comparison | None:
        """Return what the program has printed beside the lab's own count; None without `--count`.

        If it has printed nothing that can be compared, it is what the program has stored. The lab
        counts the same lines as the hop of the input.
        """
        if not self.wish.count:
            return None
        files = self._source_files()
        counted = self.known.keys if files is None else self._count(files, self.wish.count)
        columns = printed.columns_of(self.wish.count)
        output = self.state.output.read_text(errors="replace")
        compared = printed.compare(output, counted, columns)
        if compared.printed or compared.not_compared:
            return compared
        kept = stored.as_printed((self.state.paths, self.state.work))
        return printed.compare(kept, counted, columns)

    def _count(self, files: Sequence[LogFile], pattern: str) -> Counter[str]:
        return printed.count(files, pattern, self.wish.count_each)

    def _given(self) -> Hop | None:
        """The hop of the input: what the lab has sent, or else the lines in the sources' files."""
        files = self._source_files()
        if files is not None:
            lines = sum(_lines_of(file.path, *_version(file.path)) for file in files)
            return Hop("input", lines, "lines in the files that Flume reads")
        sent = self.known.sent
        return None if sent is None else Hop("input", sent, "lines of the log")

    def _source_files(self) -> list[LogFile] | None:
        """The files that this agent's sources read, as Flume reads them; None if not known."""
        known = self.known
        if not known.conf or known.before is None:
            return None
        files = source_files.files_of(known.conf)
        if files is None:
            return None
        return [LogFile(file, raw=True) for file in files if str(file) not in known.before]

    def _wait_for_the_end(self, step: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        told = time.monotonic()
        while PROGRAM in self.processes.running() and time.monotonic() < deadline:
            if self.state.read_progress().get(step):
                return
            if time.monotonic() - told > REPORT_SECONDS:
                told = time.monotonic()
                batches = self.state.read_progress().get("batches")
                counts = self.hops().counts[-1:]
                self.report(
                    f"Spark has {batches} {'batch' if batches == 1 else 'batches'} left to run; "
                    + ", ".join(f"{name}: {lines:,}" for name, lines in counts)
                    if batches
                    else f"waiting for {self.wish.program} to end"
                )
            time.sleep(END_POLL_SECONDS)

    def _why_ended(self) -> list[str] | None:
        return self.program_failure() if self.has_ended else None


def _version(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns


@functools.lru_cache(maxsize=10_000)
def _lines_of(file: Path, _size: int, _changed: int) -> int:
    """Count a file's lines again only when it has changed."""
    return LogFile(file, raw=True).count()


def _unused(port: int) -> int:
    """Return the port, or a free one if a running lab has it."""
    return free_port() if answers(port) else port
