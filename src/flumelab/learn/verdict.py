"""The verdict of a check: right, wrong, or could not check."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Result(StrEnum):
    """What a check can find. A fault of the machine never counts against the learner."""

    RIGHT = "right"
    WRONG = "wrong"
    UNKNOWN = "could not check"

    @property
    def exit_code(self) -> int:
        """0, 1 or 2."""
        return list(Result).index(self)


@dataclass(frozen=True)
class Verdict:
    """The verdict of one check.

    :param cause: the id of the cause that was recognised
    :param message: what is wrong and why, in a few lines; of a wrong or unknown result
    :param expected: and :param found: values by key
    :param seconds: from the start of the check to the verdict; `steps` says what took how long
    """

    exercise: str
    result: Result
    cause: str = ""
    message: str = ""
    expected: Mapping[str, int] = field(default_factory=dict)
    found: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0
    lines: int = 0
    seconds: float = 0.0
    steps: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As `flumelab learn check --json` prints it."""
        return {
            **vars(self),
            "result": self.result.value,
            "seconds": round(self.seconds, 2),
            "steps": {name: round(seconds, 2) for name, seconds in self.steps.items()},
        }
