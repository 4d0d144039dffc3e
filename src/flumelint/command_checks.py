"""``flumelint FILE…``: checks files, and mends them with ``--fix``."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from flumelint import fixes, resolve
from flumelint.errors import BadUse
from flumelint.files import STDIN, File, collect
from flumelint.findings import Finding, Severity
from flumelint.guarantee import guarantees
from flumelint.linter import Options, check_documents, conf_of, unknown_rules_ignored
from flumelint.names import nearest
from flumelint.properties import Document
from flumelint.reader import read
from flumelint.report import FORMATS
from flumelint.report.as_text import as_text, broken
from flumelint.report.colors import colored
from flumelint.rules import all_rules
from flumelint.settings import Settings, find, load, rules_named, severity_named

NOTHING_RUNS = "nothing-runs"
"""``--fail-on nothing-runs``: only a conf with which Flume surely does nothing fails."""


def check_files(
    given: argparse.Namespace, environ: Mapping[str, str], out: IO[str], err: IO[str]
) -> bool:
    """Check, and with ``--fix`` or ``--diff`` mend; return whether the run fails."""
    settings = load(Path(given.config) if given.config else find(Path.cwd()))
    options = _options(given, settings, environ)
    files = collect(given.files, given.markdown, settings.exclude)
    if given.skip_others:
        files = [file for file in files if file.looks_like_flume]
    elif not files:
        raise BadUse(f"there is no conf in {', '.join(given.files)}; name a conf or another folder")
    if given.fix or given.diff:
        mended = [_mended(file, options) for file in files]
        if given.diff:
            changes = [
                fixes.diff(old.name, old.text, new.text)
                for old, new in zip(files, mended, strict=True)
            ]
            print("".join(changes), end="", file=out)
            return any(changes)
        to_stdout = _write(files, mended, out)
        files, out = mended, err if to_stdout else out
    documents = [each for file in files for each in file.documents()]
    _warn_of_unknown_rules(documents, err)
    findings = check_documents(documents, options)
    if given.no_notes:
        findings = [found for found in findings if found.severity is not Severity.NOTE]
    names = [file.name for file in files]
    if given.format == "text":
        columns = shutil.get_terminal_size().columns if out.isatty() else None
        report = as_text(findings, names, columns)
        report += "" if given.no_flows else _guarantees(files, environ, columns)
    else:
        report = FORMATS[given.format](findings, names)
    if given.format == "text" and _is_colored(given.color, out, environ):
        report = colored(report)
    if report:
        _print(report, out)
    if given.fail_on == NOTHING_RUNS:
        return any(resolve.starts_nothing(conf_of(each, options)) for each in documents)
    fail_on = severity_named(given.fail_on, "--fail-on") if given.fail_on else settings.fail_on
    return any(found.severity.is_at_least(fail_on) for found in findings)


def _warn_of_unknown_rules(documents: Sequence[Document], err: IO[str]) -> None:
    for document in documents:
        for line, name in unknown_rules_ignored(document):
            near = nearest(name, all_rules())
            remedy = f"did you mean {near}?" if near else "flumelint explain lists all rules"
            print(f"{document.path}:{line}: warning: no rule {name}; {remedy}", file=err)


def _print(report: str, out: IO[str]) -> None:
    """Print; a reader that goes away (`| head`) does not change the exit code."""
    try:
        print(report, file=out, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())


def _options(given: argparse.Namespace, settings: Settings, environ: Mapping[str, str]) -> Options:
    return Options(
        environ=environ,
        agent=given.agent or settings.agent,
        ignore={*settings.ignore, *rules_named(_split(given.ignore), "--ignore")},
        only={*(rules_named(_split(given.only), "--only") or settings.only)},
        severities=settings.severity,
        per_file_ignore=settings.per_file_ignore,
    )


def _split(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for value in values for name in value.split(",") if name)


def _mended(file: File, options: Options) -> File:
    def find_in(text: str) -> list[Finding]:
        changed = File(file.name, text, file.encoding, file.markdown)
        return check_documents(changed.documents(), options)

    text, _ = fixes.apply(file.text, find_in)
    return File(file.name, text, file.encoding, file.markdown)


def _write(before: Sequence[File], after: Sequence[File], out: IO[str]) -> bool:
    """Write what has changed; return whether it went to standard output."""
    to_stdout = False
    for old, new in zip(before, after, strict=True):
        if new.name == STDIN:
            _write_bytes(out, new)
            to_stdout = True
        elif new.text != old.text:
            try:
                Path(new.name).write_bytes(new.text.encode(new.encoding))
            except OSError as error:
                fact = f"cannot write {new.name}: {error.strerror}"
                raise BadUse(f"{fact}; give yourself the right to write it") from None
    return to_stdout


def _write_bytes(out: IO[str], file: File) -> None:
    if out is sys.stdout and hasattr(out, "buffer"):
        out.flush()
        out.buffer.write(file.text.encode(file.encoding))
        out.buffer.flush()
    else:
        out.write(file.text)


def _is_colored(wish: str, out: IO[str], environ: Mapping[str, str]) -> bool:
    """Whether to colour: as wished, else on a terminal, unless NO_COLOR says no."""
    if wish != "auto":
        return wish == "always"
    return out.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def _guarantees(files: Sequence[File], environ: Mapping[str, str], columns: int | None) -> str:
    """Return a line for each flow; with its file if there are several."""
    lines = [
        f"{document.path}: {line}" if len(files) > 1 else line
        for file in files
        for document in file.documents()
        for line in guarantees(read(document, environ))
    ]
    return "".join(f"\n{part}" for line in lines for part in broken(line, columns))
