"""What the commands print, in 80 columns at most; without colour if the output is a file."""

import sys
from collections.abc import Sequence
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from flumelab.counts import Counts
from flumelab.doctor import Check
from flumelab.ledger import HopCounts
from flumelab.lesson_run import LessonResult
from flumelab.lessons.catalogue import Lesson
from flumelab.runtimes.runtime import Service
from flumelab.signs import Level, Sign

WIDTH = 80
URL_COLUMNS = 50


def console(stderr: bool = False) -> Console:
    """Return a console of at most 80 columns."""
    stream = sys.stderr if stderr else sys.stdout
    own = Console(file=stream, highlight=False)
    return Console(file=stream, highlight=False, width=min(own.width, WIDTH))


def urls(hops: HopCounts, rows: int = 10) -> RenderableType:
    """The most frequent URLs, with Spark's counts next to the generator's."""
    table = count_table("URL", "counted", "generated", "")
    generated, counted = hops.generated.totals, hops.counted.totals
    for url in sorted(generated, key=lambda url: -generated[url])[:rows]:
        same = counted.get(url, 0) == generated[url]
        table.add_row(
            cut(url),
            f"{counted.get(url, 0):,}",
            f"{generated[url]:,}",
            Text("=", "green") if same else Text("…", "yellow"),
        )
    lines = hops.generated.total + hops.generated.malformed
    done = hops.counted.total + hops.counted.malformed
    return Group(table, Text(f"{done:,} of {lines:,} lines counted", "dim"))


def counts(counted: Counts, rows: int) -> RenderableType:
    """The URLs with the most hits."""
    table = count_table("URL", "hits")
    for url, hits in list(counted.totals.items())[:rows]:
        table.add_row(cut(url), f"{hits:,}")
    more = len(counted.totals) - rows
    note = f"{counted.total:,} lines, {counted.malformed:,} malformed"
    if more > 0:
        note += f"; {more:,} more URLs (--json has all)"
    return Group(table, Text(note, "dim"))


def lessons(catalogue: list[Lesson]) -> RenderableType:
    """A row for each lesson."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for lesson in catalogue:
        table.add_row(Text(lesson.name, "bold"), lesson.shows)
    return table


def result(result: LessonResult, rows: int = 10) -> RenderableType:
    """The last lines of the output, the keys found next to the right ones, and the verdict."""
    table = count_table("key", "found", "expected")
    differences = result.differences
    shown = list(differences) or sorted(result.expected, key=lambda key: -result.expected[key])
    for key in shown[:rows]:
        found, expected = result.found.get(key), result.expected.get(key)
        style = "red" if key in differences else ""
        table.add_row(Text(cut(key), style), _number(found), _number(expected))
    more = len(shown) - rows
    parts: list[RenderableType] = [Text(result.output, "dim", overflow="ellipsis"), table]
    if more > 0:
        parts.append(Text(f"{more:,} more (--json has all)", "dim"))
    keys = len(result.expected)
    if result.right:
        verdict = Text(f"RIGHT: all {keys:,} keys have the generator's values", "bold green")
    else:
        wrong = f"WRONG: {len(differences):,} of the generator's {keys:,} keys differ"
        verdict = Text(wrong, "bold red")
    return Group(*parts, verdict, Text(f"{result.seconds:.0f} s", "dim"))


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def services(known: list[Service]) -> RenderableType:
    """A row for each service."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for service in known:
        style = {"running": "green", "starting": "yellow"}.get(service.state, "red")
        table.add_row(service.name, Text(service.state, style), service.address)
    return table


def with_signs(first: RenderableType, found: Sequence[Sign]) -> None:
    """Print something, and below it the signs."""
    console().print(first)
    if found:
        console().print(signs(found))


def signs(found: Sequence[Sign]) -> RenderableType:
    """A paragraph for each sign: level, part and time, then the sentence."""
    styles = {Level.WARNING: "bold yellow"}
    return Group(
        *(
            Text.assemble(
                (f"{str(sign.level).upper()} {sign.part}", styles.get(sign.level, "bold red")),
                (f" since {_clock(sign.since)}" if sign.since else "", "dim"),
                f": {sign.sentence}",
            )
            for sign in found
        )
    )


def _clock(seconds: float) -> str:
    """The local time, with the date unless it is today's."""
    then, now = datetime.fromtimestamp(seconds), datetime.now()
    return f"{then:%H:%M:%S}" if then.date() == now.date() else f"{then:%d %b %H:%M}"


def checks(done: list[Check]) -> RenderableType:
    """A row for each check, and below a failed one what to do."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for check in done:
        mark = Text("ok", "green") if check.ok else Text("FAIL", "bold red")
        table.add_row(mark, check.name, check.found)
        if not check.ok:
            table.add_row("", "", Text(check.remedy, "bold"))
    return table


def count_table(first: str, *numbers: str) -> Table:
    """Return a table with a column of names, `first`, and columns of numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column(first, no_wrap=True, min_width=min(URL_COLUMNS, 46))
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def cut(url: str) -> str:
    """Shorten a URL to `URL_COLUMNS`."""
    return url if len(url) <= URL_COLUMNS else f"{url[: URL_COLUMNS - 1]}…"
