"""The list of Flume's components, and the page that shows it.

`python -m tests.support.flume_components` writes the page's tables anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "runtimes" / "flume"
FLUME_HOME = RUNTIME / "target" / "flume"
PAGE = ROOT / "docs" / "reference" / "flume-components.md"
BEGIN, END = "<!-- components: begin -->\n", "<!-- components: end -->\n"

KINDS = {
    "source": "Sources",
    "channel": "Channels",
    "sink": "Sinks",
    "interceptor": "Interceptors",
    "extractor": "Serializers of the regex_extractor interceptor",
    "deserializer": "Deserializers of the spooldir source",
    "handler": "Handlers of the http source",
    "serializer": "Serializers of the sinks",
    "selector": "Channel selectors",
    "processor": "Sink processors",
    "configfilter": "Config filters",
    "monitor": "Monitors: -Dflume.monitoring.type=",
}


@dataclass(frozen=True)
class Component:
    """A line of components.txt, which explains the fields."""

    kind: str
    alias: str
    name: str
    jars: str
    needs: str


def components() -> list[Component]:
    lines = (RUNTIME / "components.txt").read_text().splitlines()
    return [Component(*line.split()) for line in lines if line and not line.startswith("#")]


def tables() -> str:
    """The page's tables: what is written in a conf file, and where its jars are."""
    text = []
    where = {"default": "default", "yours": "yours", "none": "none released"}
    for kind, title in KINDS.items():
        text += ["", f"## {title}", "", "| `type` | class | jars |", "|---|---|---|"]
        for its in components():
            if its.kind == kind:
                alias = "" if its.alias == "-" else f"`{its.alias}`"
                jars = where.get(its.jars, f"extra `{its.jars}`")
                text.append(f"| {alias} | `{its.name}` | {jars} |")
    return "\n".join(text[1:]) + "\n"


def page_tables() -> str:
    """The tables as they are on the page."""
    return PAGE.read_text().split(BEGIN)[1].split(END)[0]


if __name__ == "__main__":
    before, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(before + BEGIN + tables() + END + rest.split(END)[1])
