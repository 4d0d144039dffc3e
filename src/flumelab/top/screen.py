"""What `flumelab top` draws, in 80 columns: a title, a row for each hop, reasons, the keys."""

import time
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from flumelab.top.rows import Row, State, sparkline

SPARK_COLUMNS = 12
NAME_COLUMNS = 22
OLD_SECONDS = 3.0
STYLES = {"running": "green", "starting": "yellow", "stuck": "bold red", "dead": "bold red"}
VERDICTS = {"balanced": "bold green", "right": "bold yellow", "unbalanced": "bold red"}
TRENDS = {"grows": "↑", "shrinks": "↓", "steady": "="}
KEYS = "↑↓ row  f feed  k kill  u start  l log  w page  ? help  q quit"
HELP = """\
↑ ↓    choose a row
f      feed: send 10,000 lines at 2,000 a second
k      kill the part of the row, as a crash would (it asks first)
u      start what does not run: flumelab up --no-build
l      the end of the log of the row's part
w      open the live page in a browser
?      this help
q      quit; the lab goes on

A row is a hop. Its lag is what has passed the hop before it and not yet this
one, in lines and in seconds: ↑ it grows, ↓ it shrinks, = it is steady. The bars
are the lines a second of the last seconds, the newest on the right."""


def screen(
    state: State, rows: Sequence[Row], chosen: int | None = None, message: str = ""
) -> RenderableType:
    """Return the whole screen.

    :param chosen: the row that the keys act on; None without keys
    :param message: what the last key did, or what it asks
    """
    parts: list[RenderableType] = [_title(state), _table(rows, chosen), *_reasons(state, rows)]
    ledger = state["ledger"]
    if ledger:
        parts.append(Text(ledger["says"], VERDICTS.get(ledger["verdict"], "")))
    if chosen is not None:
        parts += [Text(message or " ", "bold"), Text(KEYS, "dim")]
    return Group(*parts)


def _title(state: State) -> Text:
    lab = state["lab"]
    age = time.time() - state["time"]
    old = f"  data is {age:.0f} s old" if age > OLD_SECONDS else ""
    name = lab["lesson"] or lab["program"]
    return Text.assemble(
        (f"{name} ", "bold"),
        (f"({lab['runtime']})  ", "dim"),
        f"{time.strftime('%H:%M:%S', time.localtime(state['time']))}  ",
        (lab["says"] if lab["state"] != "broken" else "broken", STYLES.get(lab["state"], "red")),
        (old, "bold yellow"),
    )


def _table(rows: Sequence[Row], chosen: int | None) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("hop", no_wrap=True, width=NAME_COLUMNS)
    for name, width in (("lines", 11), ("lines/s", 7)):
        table.add_column(name, justify="right", no_wrap=True, width=width)
    table.add_column("rate", no_wrap=True, width=SPARK_COLUMNS)
    table.add_column("lag", justify="right", no_wrap=True, width=9)
    table.add_column("s", justify="right", no_wrap=True, width=5)
    table.add_column("state", no_wrap=True, width=8)
    for number, row in enumerate(rows):
        table.add_row(*_cells(row), style="reverse" if number == chosen else "")
    return table


def _cells(row: Row) -> list[Text | str]:
    trend = TRENDS.get(row.trend, "")
    full = f" {row.fill:.0f}% full" if row.fill is not None else ""
    room = NAME_COLUMNS - len(full)
    name = row.name if len(row.name) <= room else f"{row.name[: room - 1]}…"
    return [
        f"{name}{full}",
        _number(row.lines),
        _number(row.rate),
        Text(sparkline(row.rates, SPARK_COLUMNS), "cyan"),
        Text(f"{_number(row.lag)}{trend}", "yellow" if row.trend == "grows" else ""),
        "-" if row.seconds is None else f"{row.seconds:.1f}",
        Text(row.state, STYLES.get(row.state, "dim")),
    ]


def _reasons(state: State, rows: Sequence[Row]) -> list[Text]:
    """Return why parts are dead or stuck, also parts that no row is in, each reason once."""
    found = [part["reason"] for part in state["parts"]] + [row.reason for row in rows]
    return [Text(reason, "red") for reason in dict.fromkeys(found) if reason]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"
