"""The options for a program, conf and log of the user's own, which `run` and `up` have."""

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from flumelab.commands.options import ConfOption
from flumelab.errors import LabError
from flumelab.own.command import parse_map
from flumelab.own.services import Wish


@dataclass(frozen=True)
class OwnFiles:
    """The values of the options; each field is one option."""

    conf: ConfOption = None
    agent: Annotated[str | None, typer.Option(help="The conf's agent (default: the only one).")] = (
        None
    )
    log: Annotated[
        Path | None,
        typer.Option("--input", metavar="FILE|FOLDER", help="Your log, also .gz, .bz2, .xz, .zst."),
    ] = None
    mapped: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="PATH=FOLDER", help="Use FOLDER for a PATH in your files."),
    ] = None
    submit: Annotated[
        list[str] | None, typer.Option("--submit-arg", help="One more argument of spark-submit.")
    ] = None
    requirements: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Packages that your program imports.")
    ] = None
    flume_jars: Annotated[
        list[Path] | None,
        typer.Option(
            "--flume-jar",
            metavar="FILE|FOLDER",
            help="One more jar for Flume, or a folder of jars.",
        ),
    ] = None
    count: Annotated[
        str | None,
        typer.Option(metavar="REGEX", help="Count your log by this, and compare the output."),
    ] = None
    count_each: Annotated[
        str | None,
        typer.Option(metavar="REGEX", help="As --count, but for each match in a line."),
    ] = None

    @property
    def any(self) -> bool:
        """Whether one of the options is given."""
        return any(astuple(self))

    def wish(self, names: Sequence[str]) -> Wish:
        """Return what the user asks for; raises `LabError`.

        :param names: the program, then its arguments
        """
        program, *arguments = names
        if not program.endswith(".py"):
            raise LabError(
                f"{program} is not a Python program (….py); a lesson is named by --lesson"
            )
        if self.count and self.count_each:
            raise LabError("--count and --count-each are two ways to count; leave one out")
        return Wish(
            program=Path(program),
            conf=self.conf,
            agent=self.agent,
            log=self.log,
            mapped=parse_map(self.mapped or ()),
            submit=self.submit or (),
            requirements=self.requirements,
            flume_jars=self.flume_jars or (),
            arguments=arguments,
            count=self.count_each or self.count,
            count_each=bool(self.count_each),
        )


NO_FILES = OwnFiles()


def with_own_files(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options in place of its parameter `own`: Typer has no groups of them."""
    hints = get_type_hints(OwnFiles, include_extras=True)
    options = [
        inspect.Parameter(
            each.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=each.default,
            annotation=hints[each.name],
        )
        for each in fields(OwnFiles)
    ]

    @functools.wraps(command)
    def with_options(**given: Any) -> None:
        own = OwnFiles(**{each.name: given.pop(each.name) for each in options})
        command(**given, own=own)

    its = list(inspect.signature(command, eval_str=True).parameters.values())
    place = [each.name for each in its].index("own")
    its[place : place + 1] = options
    parameters = vars(with_options)
    parameters["__signature__"] = inspect.Signature(its)
    with_options.__annotations__ = {each.name: each.annotation for each in its}
    return with_options
