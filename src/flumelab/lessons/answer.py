"""The answer of a lesson: which of the generator's numbers its programs must find."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flumelab.counts import MALFORMED


@dataclass(frozen=True)
class Answer:
    """Which part of the output of `loadgen.expected` a lesson must find.

    :param part: ``totals``, ``windows``, ``sessions`` or ``faults``
    :param value: what is added up for each key: ``events``, or one of the scenario's own sums
    :param options: options of `loadgen.expected`
    :param repeated: ``(start, prefix)``: keys with this start must also be found with this prefix
    """

    part: str = "totals"
    value: str = "events"
    options: tuple[str, ...] = ()
    repeated: tuple[str, str] | None = None

    def rows(self, expected: Mapping[str, Any]) -> dict[str, int]:
        """Return the keys that the result store must hold, each with its value.

        The key of a window is ``START KEY``, of a session ``USER START END`` and of a fault
        ``TIME DEVICE``, with times written as in the lines; the value of a fault is 1.
        """
        rows = self._rows_of_part(expected)
        if self.repeated:
            start, prefix = self.repeated
            rows |= {prefix + key: rows[key] for key in rows if key.startswith(start)}
        malformed = {MALFORMED: expected["malformed"]} if expected["malformed"] else {}
        return rows | malformed

    def _rows_of_part(self, expected: Mapping[str, Any]) -> dict[str, int]:
        match self.part:
            case "totals":
                return {key: sums[self.value] for key, sums in expected["totals"].items()}
            case "windows":
                windows = expected["windows"]
                return {f"{w['start']} {w['key']}": w[self.value] for w in windows}
            case "faults":
                return {f"{f['time']} {f['device']}": 1 for f in expected["faults"]}
            case _:
                sessions = expected["sessions"]
                return {f"{s['user']} {s['start']} {s['end']}": s[self.value] for s in sessions}
