"""``flumelint explain``, ``graph`` and ``route``: they show and change nothing."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import IO

from flumelint.errors import BadUse
from flumelint.explain import explain
from flumelint.files import collect
from flumelint.graph import FORMATS
from flumelint.guarantee import sinks_told, sorted_sinks
from flumelint.model import Component, Conf
from flumelint.properties import parse
from flumelint.reader import read
from flumelint.resolve import alive, is_alive
from flumelint.routing import Route, header_setters, route
from flumelint.rules import all_rules
from flumelint.settings import rules_named


def explain_rules(names: Sequence[str], out: IO[str]) -> None:
    """Print the pages of rules, or the list of all."""
    rules = all_rules()
    if not names:
        for rule in rules.values():
            print(f"{rule.severity.value:<11} {rule.name:<36} {rule.summary}", file=out)
        return
    pages = [explain(rules[name]) for name in rules_named(tuple(names), "explain")]
    print("\n\n".join(pages), file=out)


def show_graph(name: str, format_: str, environ: Mapping[str, str], out: IO[str]) -> None:
    """Print the picture of a file."""
    conf = _conf(name, environ)
    if not conf.agents:
        raise BadUse(f"{name} configures no agent; give a conf with a1.sources, a1.channels …")
    print(FORMATS[format_](conf), file=out)


def show_route(given: argparse.Namespace, environ: Mapping[str, str], out: IO[str]) -> bool:
    """Print where an event goes from each source; return whether one of them drops it."""
    headers = dict(_header(text) for text in given.header)
    conf = _conf(given.file, environ)
    sources = [
        source
        for source in conf.components("source")
        if is_alive(source)
        and given.source in (None, source.name)
        and given.agent in (None, source.agent.name)
    ]
    if not sources:
        wanted = f"source {given.source}" if given.source else "source"
        raise BadUse(f"no {wanted} of {given.file} runs; flumelint {given.file} says why")
    routes = [(source, route(source, headers)) for source in sources]
    if given.format == "json":
        print(json.dumps([_as_json(*each) for each in routes], indent=2), file=out)
    else:
        for source, found in routes:
            print("\n".join(_told(source, found)), file=out)
            if setters := header_setters(source):
                print(f"  if {', '.join(setters)} has set no other headers before", file=out)
    return any(not found.channels and not found.optional for _, found in routes)


def _told(source: Component, found: Route) -> list[str]:
    place = f"{source.agent.name}: {source.name}"
    if not found.channels and not found.optional:
        return [f"{place} → dropped ({found.reason})"]
    lines = []
    for name in (*found.channels, *found.optional):
        channel = source.agent.channels.get(name)
        running = sorted_sinks(channel, alive(source.agent)["sink"]) if channel else []
        sinks = sinks_told(running) if running else "no sink"
        told = [found.reason, *(["optional"] if name in found.optional else [])]
        if found.one_of:
            told.append("one of these")
        lines.append(f"{place} → {name} → {sinks} ({', '.join(told)})")
    return lines


def _as_json(source: Component, found: Route) -> dict[str, object]:
    return {
        "agent": source.agent.name,
        "source": source.name,
        "channels": list(found.channels),
        "optional": list(found.optional),
        "one_of": found.one_of,
        "known": found.known,
        "reason": found.reason,
        "header_setters": header_setters(source),
    }


def _header(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise BadUse(f"--header {text}: is no header; write NAME=VALUE")
    return name, value


def _conf(name: str, environ: Mapping[str, str]) -> Conf:
    files = collect([name], markdown=False, exclude=())
    if len(files) != 1:
        raise BadUse(f"{name} has {len(files)} confs; name one file")
    return read(parse(files[0].text, files[0].name, files[0].encoding), environ)
