"""The command ``flumelint``: checks confs, mends them, explains rules, draws, and routes."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from flumelint.command_checks import NOTHING_RUNS, check_files
from flumelint.command_shows import explain_rules, show_graph, show_route
from flumelint.errors import BadUse
from flumelint.findings import Severity
from flumelint.graph import FORMATS as GRAPHS
from flumelint.report import FORMATS
from flumelint.version import VERSION

CLEAN, FOUND, BAD_USE, FAILED = 0, 1, 2, 3

EPILOG = """\
commands:
  flumelint FILE…               check confs, or those in a folder
  flumelint explain [RULE…]     what Flume does, and why it hurts; all rules
  flumelint graph FILE          draw sources, channels and sinks
  flumelint route FILE          say into which channels an event goes

exit codes:
  0  clean    1  findings    2  wrong use    3  a fault of flumelint itself

In a conf, a comment switches rules off for the next line, or for the file:
  # flumelint: ignore=RULE,RULE
  # flumelint: ignore-file=RULE
Settings: [tool.flumelint] in pyproject.toml, or .flumelint.toml.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    _write_alike(sys.stdout)
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(given)
        sys.stdout.flush()
        return code
    except BadUse as error:
        print(f"flumelint: {error}", file=sys.stderr)
        return BAD_USE
    except BrokenPipeError:
        # The reader went away.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        return CLEAN
    except Exception:
        traceback.print_exc()
        print("flumelint: this is a fault of flumelint; please report it", file=sys.stderr)
        return FAILED


def _run(given: list[str]) -> int:
    commands: dict[str, Callable[[list[str]], int]] = {
        "explain": _explain,
        "graph": _graph,
        "route": _route,
        "check": _check,
    }
    command = commands.get(given[0]) if given else None
    return command(given[1:]) if command else _check(given)


def _check(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        "flumelint",
        description="Names the mistakes in a Flume conf that Flume tolerates in silence.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    severities = [NOTHING_RUNS, *(each.value for each in Severity)]
    add = parser.add_argument
    add("files", nargs="*", metavar="FILE", help="a conf, a folder, or - for standard input")
    add("--format", choices=FORMATS, default="text", help="how findings are printed [text]")
    told = f"the mildest that fails: {', '.join(severities)} [style]"
    add("--fail-on", choices=severities, metavar="SEVERITY", help=told)
    add("--fix", action="store_true", help="mend what is safe to mend, in the files")
    add("--diff", action="store_true", help="show what --fix would change; write nothing")
    add("--markdown", action="store_true", help="check the fenced confs in Markdown pages, too")
    add("--agent", metavar="NAME", help="the agent that is started: it must be in each file")
    add("--ignore", action="append", default=[], metavar="RULE", help="switch a rule off")
    add("--only", action="append", default=[], metavar="RULE", help="run this rule only")
    add("--skip-others", action="store_true", help="pass over files that are no Flume confs")
    add("--color", choices=("auto", "always", "never"), default="auto", help="colours [auto]")
    add("--config", metavar="FILE", help="settings; else those of this folder or above")
    add("--no-notes", action="store_true", help="do not print notes")
    add("--no-flows", action="store_true", help="do not print what each flow promises")
    add("--matcher", action="store_true", help="print where the GitHub problem matcher is")
    add("--version", action="version", version=f"flumelint {VERSION}")
    options = parser.parse_args(arguments)
    if options.matcher:
        print(Path(__file__).with_name("github_matcher.json"))
        return CLEAN
    if not options.files:
        parser.print_usage(sys.stderr)
        raise BadUse("no file is given; name a conf, a folder, or - for standard input")
    return FOUND if check_files(options, os.environ, sys.stdout, sys.stderr) else CLEAN


def _explain(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("flumelint explain", description="Explains rules.")
    parser.add_argument("rules", nargs="*", metavar="RULE", help="without one: lists all rules")
    explain_rules(parser.parse_args(arguments).rules, sys.stdout)
    return CLEAN


def _graph(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        "flumelint graph", description="Draws sources, channels, sinks, groups and selectors."
    )
    parser.add_argument("file", metavar="FILE", help="a conf, or - for standard input")
    parser.add_argument("--format", choices=GRAPHS, default="text", help="how it is drawn [text]")
    options = parser.parse_args(arguments)
    show_graph(options.file, options.format, os.environ, sys.stdout)
    return CLEAN


def _route(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        "flumelint route", description="Says into which channels and sinks an event goes."
    )
    add = parser.add_argument
    add("file", metavar="FILE", help="a conf, or - for standard input")
    add("--header", action="append", default=[], metavar="NAME=VALUE", help="a header of the event")
    add("--source", metavar="NAME", help="only from this source")
    add("--agent", metavar="NAME", help="only in this agent")
    add("--format", choices=("text", "json"), default="text", help="how it is printed [text]")
    options = parser.parse_args(arguments)
    return FOUND if show_route(options, os.environ, sys.stdout) else CLEAN


def _write_alike(stream: IO[str]) -> None:
    """Let arrows and file names pass where the locale is C, and --diff keep a conf's line ends.

    Windows would write ``\\r\\n`` for each ``\\n``.
    """
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding="utf-8", errors="replace", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
