"""flumelint names the mistakes in a Flume configuration that Flume tolerates in silence."""

from flumelint.findings import Finding, Severity
from flumelint.linter import Options, check, check_documents, starts_nothing
from flumelint.properties import Assignment, Document, escape, parse
from flumelint.rules import all_rules
from flumelint.rules.rule import Rule
from flumelint.version import VERSION

__version__ = VERSION

__all__ = [
    "Assignment",
    "Document",
    "Finding",
    "Options",
    "Rule",
    "Severity",
    "all_rules",
    "check",
    "check_documents",
    "escape",
    "parse",
    "starts_nothing",
]
