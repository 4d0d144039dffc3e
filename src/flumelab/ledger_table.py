"""The table that `flumelab ledger` prints: every hop, and the verdict."""

from rich.console import Group, RenderableType
from rich.text import Text

from flumelab.ledger import Balance
from flumelab.terminal_output import count_table, cut

DIFFERENCES_SHOWN = 10
HOP_SOURCES = {
    "generated": "its own ledger",
    "spooled": "files in the spool directory",
    "Flume received": "put into its channel",
    "Flume sent": "answered OK by Spark",
    "counted": "result store",
}


def verdict(balance: Balance) -> RenderableType:
    """Every hop, its loss compared with the hop before, and the verdict."""
    table = count_table("hop", "lines", "missing")
    before = balance.generated
    for name, lines in balance.hops:
        missing = before - lines
        table.add_row(
            Text.assemble(name, (f"  {HOP_SOURCES[name]}", "dim")),
            f"{lines:,}",
            Text(f"{missing:,}", "red" if missing else "dim"),
        )
        before = lines
    shown: list[RenderableType] = [table]
    if balance.malformed:
        shown.append(Text(f"of those counted, {balance.malformed:,} are malformed lines", "dim"))
    words = verdict_of(balance)
    if balance.settled:
        shown.append(Text(words, "bold green"))
    elif balance.balanced:
        shown.append(Text(words, "bold yellow"))
    else:
        shown += [Text(words, "bold red"), _differences(balance)]
    return Group(*shown)


def verdict_of(balance: Balance) -> str:
    """The verdict in words, for the terminal and for the page."""
    if balance.settled:
        return "BALANCED: nothing lost, nothing counted twice"
    if balance.balanced:
        return _hops_differ(balance)
    return f"NOT BALANCED: {_imbalance(balance)}"


def _imbalance(balance: Balance) -> str:
    parts = []
    if balance.foreign:
        parts.append(f"{balance.foreign:,} lines in the spool directory are not the generator's")
    elif balance.spooled < balance.generated:
        missing = balance.generated - balance.spooled
        parts.append(f"{missing:,} generated lines are not in the spool directory")
    if balance.subfolders:
        folders = ", ".join(f"{name}/" for name in balance.subfolders)
        parts.append(
            f"{sum(balance.subfolders.values()):,} lines in sub-folders ({folders}) are not in "
            "spooled; a conf with recursiveDirectorySearch reads them"
        )
    if balance.differences or not parts:
        parts.append(f"{balance.lost:,} lost, {balance.duplicated:,} counted twice")
    return "; ".join(parts)


def _hops_differ(balance: Balance) -> str:
    start = f"COUNTED RIGHT, but the hops differ at {balance.differs_at}:"
    if balance.flume_received > balance.spooled:
        more = balance.flume_received - balance.spooled
        return (
            f"{start} Flume received {more:,} more lines than the spool directory's files have. "
            "After a kill it puts a batch in again; otherwise it reads files elsewhere, such as in "
            "a sub-folder, or removes what it has read (deletePolicy = immediate)."
        )
    return f"{start} an agent that is killed loses the last second of its counters."


def _differences(balance: Balance) -> RenderableType:
    table = count_table("URL", "generated", "counted")
    for url, (generated, counted) in list(balance.differences.items())[:DIFFERENCES_SHOWN]:
        table.add_row(cut(url), f"{generated:,}", f"{counted:,}")
    more = len(balance.differences) - DIFFERENCES_SHOWN
    if more <= 0:
        return table
    return Group(table, Text(f"{more:,} more (--json has all)", "dim"))
