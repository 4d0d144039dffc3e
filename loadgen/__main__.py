"""`python -m loadgen`: make lines, publish them batch by batch, and report on the run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack, closing

from loadgen import options
from loadgen.errors import exit_code
from loadgen.outlets import outlet_of
from loadgen.pace import Pace
from loadgen.replay import Replay
from loadgen.report import Report
from loadgen.scenarios import SCENARIOS, Batch
from loadgen.stop_signal import StopSignal

BatchOf = Callable[[int], Batch]  # returns up to that many lines, and none at the end


def main(arguments: list[str] | None = None) -> int:
    """Run with these arguments (default: the process's own) and return the exit code."""
    return exit_code(lambda: _run(arguments))


def _run(arguments: list[str] | None) -> None:
    stop = StopSignal()
    stop.listen()
    given = options.parse(arguments)
    pace = Pace(given.rate)
    report = Report(pace, given.json)
    scenario = SCENARIOS[given.scenario](given.seed, given.malformed)
    with ExitStack() as stack:
        batch_of: BatchOf = scenario.generate
        if given.replay:
            replay = stack.enter_context(closing(Replay(given.replay, scenario, stop)))
            batch_of = replay.next_batch
        outlet = stack.enter_context(closing(outlet_of(given, stop, report.say)))
        report.recovered(outlet.recover())
        try:
            while not stop.received:
                wanted = given.lines_per_file
                if given.lines is not None:
                    wanted = min(wanted, given.lines - report.lines)
                if not wanted or not (batch := batch_of(wanted)).lines:
                    break
                _wait_until_due(report.lines + batch.lines, pace, stop, report)
                report.add(outlet.publish(batch, given.scenario), batch)
                report.progress()
        finally:
            report.end_progress()
        report.summary(stop)
        if given.stay and not stop.received:
            report.ready()
            stop.wait()
            report.ended(stop)


def _wait_until_due(lines: int, pace: Pace, stop: StopSignal, report: Report) -> None:
    """Wait until that many lines are due; a signal to stop ends the wait."""
    while not stop.received and (seconds := pace.seconds_until_due(lines)):
        report.progress()
        stop.wait(min(seconds, 1.0))


if __name__ == "__main__":
    sys.exit(main())
