"""The picture of a conf: sources, channels, sinks and groups, and what connects them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from flumelint.model import CHANNEL, SINK, SOURCE, Agent, Component, Conf
from flumelint.resolve import alive
from flumelint.routing import selector_type

COLUMNS = (SOURCE, CHANNEL, SINK)
BOX_WIDTH, BOX_HEIGHT, GAP, ROW = 200, 60, 150, 84  # px
MARGIN, TITLE = 20, 34  # px
LABEL_MAX = 24  # characters between two boxes


@dataclass(frozen=True)
class Arrow:
    """Events go from one component to another, for a reason: a header's value, or optional."""

    source: Component
    target: Component
    label: str = ""


def arrows(agent: Agent) -> Iterator[Arrow]:
    """Yield what connects the components that have settings."""
    for source in agent.sources.values():
        for name in dict.fromkeys(source.text("channels").split()):
            channel = agent.channels.get(name)
            if channel:
                yield Arrow(source, channel, _label(source, name))
    for sink in agent.sinks.values():
        channel = agent.channels.get(sink.text("channel"))
        if channel:
            yield Arrow(channel, sink)


def _label(source: Component, channel: str) -> str:
    """Return when a source's selector chooses a channel; empty for always."""
    type_ = selector_type(source)
    if type_ == "replicating":
        return "optional" if channel in source.text("selector.optional").split() else ""
    if type_ != "multiplexing":
        return type_.rpartition(".")[2]
    header = source.text("selector.header", "flume.selector.header")
    told = [
        f"{header} = {value}"
        for value, setting in source.below("selector.mapping.").items()
        if channel in setting.value.split()
    ]
    told += [
        f"{header} = {value}, optional"
        for value, setting in source.below("selector.optional.").items()
        if channel in setting.value.split()
    ]
    if channel in source.text("selector.default").split():
        told.append("default")
    return " | ".join(told) or "never"


def _turn(sink: Component) -> str:
    """Return the group of a sink, and its priority; empty for a sink without a group."""
    if sink.kind != SINK:
        return ""
    for group in sink.agent.sinkgroups.values():
        if sink.name in group.text("sinks").split():
            type_ = group.text("processor.type", "no processor").rpartition(".")[2]
            priority = group.text(f"processor.priority.{sink.name}")
            return f"{group.name}: {type_}{f', priority {priority}' if priority else ''}"
    return ""


def _box(component: Component) -> list[str]:
    """Return a component's lines: its name, its type or that it does not run, and its group."""
    type_ = component.type.rpartition(".")[2] or component.type or "no type"
    told = type_ if _runs(component) else f"{type_}: does not run"
    return [line for line in (component.name or "?", told, _turn(component)) if line]


def _runs(component: Component) -> bool:
    return component.name in alive(component.agent)[component.kind]


def as_text(conf: Conf) -> str:
    """Draw with characters: a line an arrow, a block a source."""
    lines: list[str] = []
    for agent in conf.agents.values():
        lines.append(f"agent {agent.name}")
        paths = list(arrows(agent))
        for start in agent.sources.values():
            lines += _branches(start, paths)
        reached = {id(arrow.target) for arrow in paths if arrow.source.kind == SOURCE}
        for channel in agent.channels.values():
            if id(channel) not in reached:
                lines += _branches(channel, paths)
        ends = {id(arrow.target) for arrow in paths}
        lines += [f"  {_one_line(each)}" for each in agent.sinks.values() if id(each) not in ends]
    return "\n".join(lines)


def _branches(start: Component, paths: list[Arrow], depth: int = 1) -> Iterator[str]:
    yield "  " * depth + _one_line(start) if depth == 1 else ""
    for arrow in paths:
        if arrow.source is start:
            label = f" [{arrow.label}]" if arrow.label else ""
            yield f"{'  ' * (depth + 1)}──▶ {_one_line(arrow.target)}{label}"
            yield from list(_branches(arrow.target, paths, depth + 2))[1:]


def _one_line(component: Component) -> str:
    name, told, *group = _box(component)
    return f"{name} ({told}){''.join(f' [{each}]' for each in group)}"


def as_mermaid(conf: Conf) -> str:
    """Return a Mermaid flow chart, as GitHub shows it in a page."""
    lines = ["flowchart LR"]
    for number, agent in enumerate(conf.agents.values()):
        ids: dict[int, str] = {}
        lines.append(f'  subgraph agent{number}["agent {_quoted(agent.name)}"]')
        for kind in COLUMNS:
            for component in agent.components[kind].values():
                ids[id(component)] = key = f"n{number}_{len(ids)}"
                text = "<br/>".join(_quoted(part) for part in _box(component))
                left, right = {SOURCE: ("[", "]"), CHANNEL: ("[(", ")]"), SINK: ("[/", "/]")}[kind]
                lines.append(f'    {key}{left}"{text}"{right}')
        for arrow in arrows(agent):
            label = f'|"{_quoted(arrow.label)}"|' if arrow.label else ""
            lines.append(f"    {ids[id(arrow.source)]} -->{label} {ids[id(arrow.target)]}")
        lines.append("  end")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return "".join(f"#{ord(c)};" if c in '"<>&#;' or not c.isprintable() else c for c in text)


def as_svg(conf: Conf) -> str:
    """Return an SVG picture: a column each for sources, channels and sinks."""
    parts: list[str] = []
    top = MARGIN
    for agent in conf.agents.values():
        drawn, height = _agent_svg(agent, top)
        parts += drawn
        top += height + MARGIN
    width = 2 * MARGIN + 3 * BOX_WIDTH + 2 * GAP
    style = (
        "text{font:13px sans-serif;fill:#1f2933}.t{font-weight:bold}.s{font-size:11px;fill:#52606d}"
        "rect{fill:#fff;stroke:#3e4c59}.off{stroke-dasharray:4 3;stroke:#b42318}"
        "path{fill:none;stroke:#3e4c59}"
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top}" '
            f'viewBox="0 0 {width} {top}" role="img">',
            f"<style>{style}</style>",
            '<defs><marker id="a" markerWidth="8" markerHeight="8" refX="7" refY="4" '
            'orient="auto"><path d="M0,0 L8,4 L0,8 z" style="fill:#3e4c59"/></marker></defs>',
            f'<rect width="{width}" height="{top}" style="stroke:none"/>',
            *parts,
            "</svg>",
        ]
    )


def _agent_svg(agent: Agent, top: int) -> tuple[list[str], int]:
    places: dict[int, tuple[int, int]] = {}
    parts = [f'<text class="t" x="{MARGIN}" y="{top + 16}">agent {_xml(agent.name)}</text>']
    for column, kind in enumerate(COLUMNS):
        for row, component in enumerate(agent.components[kind].values()):
            x, y = MARGIN + column * (BOX_WIDTH + GAP), top + TITLE + row * ROW
            places[id(component)] = (x, y)
            parts += _box_svg(component, x, y)
    for arrow in arrows(agent):
        (x1, y1), (x2, y2) = places[id(arrow.source)], places[id(arrow.target)]
        parts += _arrow_svg(
            arrow.label, x1 + BOX_WIDTH, y1 + BOX_HEIGHT // 2, x2, y2 + BOX_HEIGHT // 2
        )
    rows = max((len(agent.components[kind]) for kind in COLUMNS), default=0)
    return parts, TITLE + rows * ROW


def _box_svg(component: Component, x: int, y: int) -> list[str]:
    name, *told = _box(component)
    off = "" if _runs(component) else ' class="off"'
    lines = [
        f'<text class="s" x="{x + 10}" y="{y + 35 + 16 * number}">{_xml(_short(line, 30))}</text>'
        for number, line in enumerate(told)
    ]
    return [
        f"<g><title>{_xml(' - '.join([name, *told]))}</title>"
        f'<rect{off} x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>',
        f'<text class="t" x="{x + 10}" y="{y + 18}">{_xml(_short(name, 26))}</text>',
        *lines,
        "</g>",
    ]


def _arrow_svg(label: str, x1: int, y1: int, x2: int, y2: int) -> list[str]:
    middle = (x1 + x2) // 2
    line = f'<path marker-end="url(#a)" d="M{x1},{y1} C{middle},{y1} {middle},{y2} {x2},{y2}"/>'
    if not label:
        return [line]
    place = f'x="{middle}" y="{(y1 + y2) // 2 - 6}" text-anchor="middle"'
    text = f"<title>{_xml(label)}</title>{_xml(_short(label, LABEL_MAX))}"
    return [line, f'<text class="s" {place}>{text}</text>']


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _xml(text: str) -> str:
    return escape("".join(c if c.isprintable() else "?" for c in text))


FORMATS = {"text": as_text, "mermaid": as_mermaid, "svg": as_svg}
