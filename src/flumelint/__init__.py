"""flumelint names the mistakes in a Flume configuration that Flume tolerates in silence."""

from flumelint.findings import Finding, Severity
from flumelint.linter import Options, check, check_documents

__version__ = "0.1.0"

__all__ = [
    "Finding",
    "Options",
    "Severity",
    "check",
    "check_documents",
]
