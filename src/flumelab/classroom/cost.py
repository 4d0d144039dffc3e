"""What each learner's processes cost: their memory and their share of the CPU.

Memory is the proportional set size (PSS): a page that several processes share counts for each of
them in part, so that the sum over learners is what the machine gives.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import psutil

from flumelab.classroom.roll import Roll
from flumelab.runtimes.processes import all_processes, wait_until_ended


@dataclass
class Cost:
    """The cost of one learner.

    :param pss: bytes, as above
    :param rss: bytes; what several processes share counts for each of them
    :param cpu_seconds: CPU time of the processes that run now
    """

    processes: int = 0
    pss: int = 0
    rss: int = 0
    cpu_seconds: float = 0.0


def of_all(roll: Roll) -> dict[int, Cost]:
    """Return the cost of each learner, by number; only root sees the processes of accounts."""
    costs = {learner.number: Cost() for learner in roll.all()}
    for number, process in processes(roll):
        try:
            memory = process.memory_full_info()
            times = process.cpu_times()
        except psutil.Error:
            continue
        cost = costs[number]
        cost.processes += 1
        cost.pss += getattr(memory, "pss", memory.rss)
        cost.rss += memory.rss
        cost.cpu_seconds += times.user + times.system
    return costs


def processes(roll: Roll) -> Iterator[tuple[int, psutil.Process]]:
    """Yield the processes of learners, each with the learner's number."""
    numbers = {str(learner.folder): learner.number for learner in roll.all()}
    for process in all_processes():
        try:
            number = numbers.get(process.environ().get("LAB_CHECKOUT", ""))
        except psutil.Error:
            continue
        if number:
            yield number, process


def end_all(roll: Roll, seconds: float) -> int:
    """End all learners' processes, and kill those that stay; return how many there were."""
    ended = [process for _, process in processes(roll)]
    for process in ended:
        _tell(process.terminate)
    alive = wait_until_ended(ended, seconds)
    for process in alive:
        _tell(process.kill)
    wait_until_ended(alive, seconds)
    return len(ended)


def _tell(signal: Callable[[], object]) -> None:
    with suppress(psutil.NoSuchProcess):
        signal()
