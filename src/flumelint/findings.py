"""What a rule finds, with its place and, where it is safe, the edits that mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from flumelint.properties import Span


class Severity(Enum):
    """What a finding costs, the worst first. A note is no mistake and never fails a run."""

    LOSES_DATA = "loses-data"
    IDLE = "idle"
    IGNORED = "ignored"
    RISKY = "risky"
    STYLE = "style"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)

    def is_at_least(self, other: Severity) -> bool:
        """Whether this is as bad as `other`, or worse."""
        return self.rank <= other.rank


@dataclass(frozen=True)
class Edit:
    """Replace a stretch of the text."""

    span: Span
    text: str


@dataclass(frozen=True)
class Report:
    """What a rule yields.

    :param span: the very token
    :param message: one fact, without a full stop
    :param remedy: what to do, as an order: ``write channels``
    :param names: the valid names, if there are several
    :param fix: edits that belong together; only such that cannot change what was meant
    :param severity: if it differs from the rule's own
    :param related: a second place and what is there
    """

    span: Span
    message: str
    remedy: str = ""
    names: tuple[str, ...] = ()
    fix: tuple[Edit, ...] = ()
    severity: Severity | None = None
    related: tuple[Span, str] | None = None


@dataclass(frozen=True)
class Replacement:
    """An edit by its place: lines and columns from 1; the end is behind the last character."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


@dataclass(frozen=True)
class Finding:
    """A report with its file, its place (from 1), its rule and severity."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    severity: Severity
    rule: str
    message: str
    remedy: str
    names: tuple[str, ...]
    fix: tuple[Edit, ...]
    source_line: str
    related: tuple[int, str] | None = None
    replacements: tuple[Replacement, ...] = ()

    @property
    def text(self) -> str:
        """Fact and remedy in one line."""
        return f"{self.message}; {self.remedy}" if self.remedy else self.message

    def as_json(self) -> dict[str, object]:
        """As ``--format json`` prints it."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "severity": self.severity.value,
            "rule": self.rule,
            "message": self.text,
            "fixable": bool(self.fix),
        }
