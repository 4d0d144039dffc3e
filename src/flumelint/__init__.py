"""flumelint names the mistakes in a Flume configuration that Flume tolerates in silence."""

from flumelint.findings import Finding, Severity
from flumelint.linter import Options, check, check_documents, starts_nothing
from flumelint.properties import Assignment, Document, escape, parse
from flumelint.version import VERSION

__version__ = VERSION

__all__ = [
    "Assignment",
    "Document",
    "Finding",
    "Options",
    "Severity",
    "check",
    "check_documents",
    "escape",
    "parse",
    "starts_nothing",
]
