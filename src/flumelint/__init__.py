"""flumelint names the mistakes in a Flume configuration that Flume tolerates in silence."""

from flumelint.findings import Finding, Severity
from flumelint.linter import Options, check, check_documents
from flumelint.version import VERSION

__version__ = VERSION

__all__ = [
    "Finding",
    "Options",
    "Severity",
    "check",
    "check_documents",
]
