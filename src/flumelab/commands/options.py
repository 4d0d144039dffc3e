"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from flumelab.lessons import catalogue
from flumelab.runtimes.choice import RuntimeName

RuntimeOption = Annotated[
    RuntimeName,
    typer.Option(
        help="auto: the one that is up; else, in a checkout, Docker if an engine answers; "
        "else local."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
LinkOption = Annotated[
    bool, typer.Option("--link", help="Connect sink and receiver so that flumelab cut can cut it.")
]
LessonOption = Annotated[str, typer.Option(help=f"The lesson: {', '.join(catalogue.LAB_LESSONS)}.")]
LinesOption = Annotated[
    int | None,
    typer.Option(min=0, help="Lines to send (default: 10,000, or all of a replayed file)."),
]
RateOption = Annotated[float, typer.Option(min=0, help="Lines a second; 0: as fast as possible.")]
SeedOption = Annotated[int, typer.Option(help="The same seed gives the same lines.")]
ConfOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Your Flume configuration.")]
