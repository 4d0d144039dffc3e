"""Compares what was measured with the theory and with the learner's prediction."""

import re
from dataclasses import dataclass
from enum import StrEnum

from flumelab.errors import LabError
from flumelab.experiments.theory import Bound, Theory


class Verdict(StrEnum):
    """Whether the theory holds. Unknown is never a pass."""

    true = "true"
    false = "false"
    unknown = "unknown"

    @property
    def exit_code(self) -> int:
        """0 true, 1 false, 2 unknown."""
        return list(Verdict).index(self)


@dataclass(frozen=True)
class Measured:
    """What was read at the end, in lines of the load.

    :param lost: lines that were never counted
    :param twice: lines that were counted once more than they should, added up
    :param foreign: lines that were counted and that the generator did not make
    """

    counted: int
    lost: int
    twice: int
    foreign: int = 0


@dataclass(frozen=True)
class Prediction:
    """What the learner wrote down before."""

    lost: Bound
    twice: Bound

    def is_right(self, measured: Measured) -> bool:
        """Whether both numbers are as predicted."""
        return self.lost.holds(measured.lost) and self.twice.holds(measured.twice)


def bound(text: str) -> Bound:
    """Read ``1000`` or ``0-1000``; raises `LabError` for anything else."""
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", re.sub(r"[\s,_]", "", text))
    if not found:
        raise LabError(f"{text} is not a number of lines; write 1000, or 0-1000 if it varies")
    least = int(found[1])
    most = int(found[2] or least)
    if most < least:
        raise LabError(f"{text}: {most} is less than {least}; write the smaller number first")
    return Bound(least, most)


def judge(theory: Theory, measured: Measured | None, doubt: str = "") -> tuple[Verdict, str]:
    """Return the verdict and a sentence for it.

    :param measured: None if nothing could be read
    :param doubt: why what was measured says nothing about the theory
    """
    if doubt:
        return Verdict.unknown, doubt
    if not measured or not measured.counted:
        return Verdict.unknown, "nothing was counted, so nothing is shown"
    if measured.foreign > theory.foreign:
        return Verdict.false, f"{measured.foreign:,} counted lines are not the generator's"
    wrong = []
    if not theory.lost.holds(measured.lost):
        wrong.append(f"{measured.lost:,} lost, theory: {theory.lost}")
    if not theory.twice.holds(measured.twice):
        wrong.append(f"{measured.twice:,} twice, theory: {theory.twice}")
    if wrong:
        return Verdict.false, "; ".join(wrong)
    return Verdict.true, "what was measured is within the theory"
