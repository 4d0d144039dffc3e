"""The command ``flumelint``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from flumelint.explain import explain
from flumelint.findings import Severity
from flumelint.linter import Options, check_documents
from flumelint.names import nearest
from flumelint.properties import Document, decode, parse
from flumelint.report import FORMATS
from flumelint.rules import all_rules

CLEAN, FOUND, BAD_USE, FAILED = 0, 1, 2, 3


class BadUse(Exception):
    """What the user asked for cannot be done; the text says why and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    try:
        given = list(sys.argv[1:] if arguments is None else arguments)
        if given[:1] == ["explain"]:
            return _explain(given[1:])
        return _lint(given)
    except BadUse as error:
        print(f"flumelint: {error}", file=sys.stderr)
        return BAD_USE


def _lint(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("flumelint", description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--format", choices=FORMATS, default="text")
    options = parser.parse_args(arguments)
    documents = [_document(name) for name in options.files]
    findings = check_documents(documents, Options(environ=os.environ))
    print(FORMATS[options.format](findings, [document.path for document in documents]))
    return FOUND if any(found.severity is not Severity.NOTE for found in findings) else CLEAN


def _document(name: str) -> Document:
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise BadUse(f"cannot read {name}: {error.strerror}; give a conf file") from None
    text, encoding = decode(content)
    return parse(text, name, encoding)


def _explain(arguments: Sequence[str]) -> int:
    rules = all_rules()
    if not arguments:
        print("\n".join(f"{name:<32} {rule.severity.value}" for name, rule in rules.items()))
        return CLEAN
    for name in arguments:
        if name not in rules:
            near = nearest(name, rules)
            hint = f"did you mean {near}?" if near else "flumelint explain lists all rules"
            raise BadUse(f"there is no rule {name}; {hint}")
        print(explain(rules[name]))
    return CLEAN


if __name__ == "__main__":
    sys.exit(main())
