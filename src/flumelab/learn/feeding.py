"""Sends the lines of a check, wave by wave, and lets the fault of an exercise happen meanwhile."""

import threading
import time
from collections.abc import Callable, Sequence

from flumelab.errors import LabError
from flumelab.learn.exercise import Fault
from flumelab.lessons.catalogue import Lesson
from flumelab.runtimes.runtime import Report, Runtime

POLL_SECONDS = 0.05
FAULT_SECONDS_MAX = 60


class NeverSent(LabError):
    """Flume has not sent as many events as the fault waits for."""


def feed(runtime: Runtime, options: Sequence[str]) -> None:
    """Run the generator once; raises `LabError` if it fails."""
    if code := runtime.feed(options, replay=None, quiet=True):
        raise LabError(f"the generator ended with exit code {code}; see above")


def feed_with_fault(
    runtime: Runtime,
    lesson: Lesson,
    options: Sequence[str],
    fault: Fault,
    sent: Callable[[], int],
    report: Report,
) -> None:
    """Run the generator, and kill a service once Flume has sent enough events.

    :param sent: asks how many that are

    Raises `NeverSent` if Flume never sends so many: then nothing has been tested.
    """
    failed: list[LabError] = []

    def send() -> None:
        try:
            feed(runtime, options)
        except LabError as error:
            failed.append(error)

    generator = threading.Thread(target=send)
    generator.start()
    try:
        deadline = time.monotonic() + FAULT_SECONDS_MAX
        while sent() < fault.after:
            if time.monotonic() > deadline:
                raise NeverSent(
                    f"Flume has not sent {fault.after:,} events; {fault.kill} still runs"
                )
            time.sleep(POLL_SECONDS)
        runtime.kill(fault.kill)
        if fault.start:
            runtime.up(lesson, report)
    finally:
        generator.join()
    if failed:
        raise failed[0]
