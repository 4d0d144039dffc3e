"""The page of all commands, from Typer's and argparse's own declarations.

``python -m tools.docs.commands_page`` writes docs/reference/commands.md anew.
"""

import argparse
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import typer
from pyspark_flume import poller, receiver
from pyspark_flume.landing import __main__ as landing
from typer.core import TyperGroup
from typer.main import get_command

import flumelint.cli
from flumelab.cli import cli

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"
HEAD = """\
# Commands

<!-- python -m tools.docs.commands_page -->
This page is made from the code: it shows what `--help` shows. The last option of each command is
`--help`, which is left out here.
"""
Rows = Iterable[tuple[str, str]]


class _Declared(BaseException):  # flumelint catches each Exception
    """Ends a program that is about to read its arguments; carries the parser."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser


def page() -> str:
    """Return the whole page."""
    lab = get_command(cli)
    parts = [HEAD, *_of_typer(lab, typer.Context(lab, info_name="flumelab"), 2)]
    for command in ([], ["explain"], ["graph"], ["route"]):
        parts += _of_parser(_parser(flumelint.cli.main, [*command, "-"]), 2 + bool(command))
    parts += _of_parser(_parser(receiver.main, []), 2)
    parts += _of_parser(_parser(poller.main, []), 2)
    parts += _of_parser(_parser(landing.main, []), 2)
    return "\n".join(parts)


def _of_typer(command: Any, context: typer.Context, level: int) -> Iterator[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    records = [(param, param.get_help_record(context)) for param in command.get_params(context)]
    told = [(param, record) for param, record in records if record and param.name != "help"]
    arguments = [record for param, record in told if param.param_type_name == "argument"]
    options = [record for param, record in told if param.param_type_name == "option"]
    yield _section(level, context.command_path, command.help or "", usage)
    yield from _table("argument", arguments)
    yield from _table("option", options)
    if isinstance(command, TyperGroup):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner and not inner.hidden:
                below = typer.Context(inner, info_name=name, parent=context)
                yield from _of_typer(inner, below, level + 1)


def _of_parser(parser: argparse.ArgumentParser, level: int) -> Iterator[str]:
    shown = [each for each in parser._actions if each.dest != "help"]
    below = [each for each in shown if isinstance(each, argparse._SubParsersAction)]
    positional = [each for each in shown if not each.option_strings and each not in below]
    options = [each for each in shown if each.option_strings]
    usage = " ".join(
        [parser.prog, *(["[OPTIONS]"] if options else []), *(["COMMAND …"] if below else [])]
        + [f"{each.metavar}{'…' if each.nargs == '*' else ''}" for each in positional]
    )
    yield _section(level, parser.prog, parser.description or "", usage)
    yield from _table("argument", [(str(each.metavar), _help(each)) for each in positional])
    yield from _table("option", [(_invocation(each), _help(each)) for each in options])
    for each in below:
        for inner in each.choices.values():
            yield from _of_parser(inner, level + 1)


def _parser(main: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> Any:
    """Return the parser that a program makes before it reads its arguments."""

    def stop(parser: argparse.ArgumentParser, *_: object) -> None:
        raise _Declared(parser)

    with mock.patch.object(argparse.ArgumentParser, "parse_args", stop):
        try:
            main(arguments)
        except _Declared as declared:
            return declared.parser
    raise TypeError(f"{main.__module__} reads no arguments")


def _invocation(action: argparse.Action) -> str:
    names = ", ".join(action.option_strings)
    choices = "|".join(map(str, action.choices or ()))
    value = "" if action.nargs == 0 else str(action.metavar or choices or action.dest.upper())
    return f"{names} {value}".strip()


def _help(action: argparse.Action) -> str:
    return (action.help or "") % {"default": action.default}


def _section(level: int, title: str, text: str, usage: str) -> str:
    return f"{'#' * level} `{title}`\n\n{_plain(text)}\n\n```console\n{usage}\n```\n"


def _plain(text: str) -> str:
    """Return a help text as Markdown: what looks like HTML there is none."""
    return re.sub(r"<(?=[a-zA-Z/!])", r"\<", text.strip())


def _table(heading: str, rows: Rows) -> Iterator[str]:
    lines = [f"| `{_cell(name)}` | {_cell(_plain(text))} |" for name, text in rows]
    if lines:
        yield "\n".join([f"| {heading} | meaning |", "|---|---|", *lines, ""])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
