"""Rules about the lists of an agent: what they name, and what they leave out."""

from __future__ import annotations

from collections.abc import Iterator

from flumelint.findings import Edit, Report, Severity
from flumelint.model import CHANNEL, FILTER, KIND_WORDS, KINDS, SINK, SINKGROUP, SOURCE, Conf, names
from flumelint.names import nearest
from flumelint.rules.rule import BASE, changed, rule

WORST = {SOURCE: Severity.IDLE, CHANNEL: Severity.IDLE, SINK: Severity.IDLE}


@rule(
    "listed-but-not-configured",
    Severity.IDLE,
    summary="a list names a component that has no settings",
    flume="Flume drops the name. For a channel it logs nothing at all.",
    harm="What was meant to run does not run: a misspelt name drops the component, and a dropped "
    "channel takes its sources and sinks with it.",
    wrong=changed(BASE, ("a1.sinks = k1", "a1.sinks = k1 k2")),
    right=BASE,
)
def listed_but_not_configured(conf: Conf) -> Iterator[Report]:
    """A comma in a list, and a comment behind it, have rules of their own."""
    for component in conf.components():
        if component.listed is None or component.settings:
            continue
        if "," in component.name or ";" in component.name or _is_comment(conf, component.name):
            continue
        known = names(component.agent.components[component.kind])
        near = nearest(component.name, known)
        yield Report(
            component.listed,
            f"{component} has no settings, so Flume drops it",
            f"write {near}, or configure {component.prefix}type"
            if near
            else f"configure {component.prefix}type, or take {component.name} out of the list",
            tuple(known),
            severity=Severity.IGNORED if component.kind in (SINKGROUP, FILTER) else None,
        )


def _is_comment(conf: Conf, name: str) -> bool:
    return any("#" in word or "//" in word for word in (name,))


@rule(
    "comma-in-list",
    Severity.IDLE,
    summary="a list has a comma; Flume's lists are separated by spaces",
    flume="The comma becomes part of the name. Flume finds no settings for the name `c1,` and "
    "drops it; for a channel it logs nothing.",
    harm="All but the last component of the list are missing.",
    wrong=changed(
        BASE, ("a1.channels = c1\n", "a1.channels = c1, c2\na1.channels.c2.type = memory\n")
    ),
    right=BASE,
)
def comma_in_list(conf: Conf) -> Iterator[Report]:
    """Lists of components, and the lists of channels and sinks that they are connected to."""
    for agent in conf.agents.values():
        settings = [agent.lists[kind] for kind in KINDS if kind in agent.lists]
        settings += [
            each[key]
            for kind, key in ((SOURCE, "channels"), (SINKGROUP, "sinks"), (SOURCE, "interceptors"))
            for each in (component.settings for component in agent.components[kind].values())
            if key in each
        ]
        for setting in settings:
            text = setting.assignment.value.text
            for separator in ",;":
                if separator not in text:
                    continue
                start = text.index(separator)
                written = " ".join(text.replace(separator, " ").split())
                yield Report(
                    setting.part((start, start + 1)),
                    f"{setting.key} has a `{separator}`, which becomes part of a name",
                    f"separate the names by spaces: {written}",
                    fix=(Edit(setting.span, written),),
                )


@rule(
    "configured-but-not-listed",
    Severity.IGNORED,
    summary="a component has settings, but no list names it",
    flume="Flume logs `Processing:k2` for each setting and does not start the component.",
    harm="The component looks configured, but no event ever reaches it.",
    wrong=BASE + "\na1.sinks.k2.type = logger\na1.sinks.k2.channel = c1\n",
    right=changed(BASE, ("a1.sinks = k1", "a1.sinks = k1 k2"))
    + "\na1.sinks.k2.type = logger\na1.sinks.k2.channel = c1\n",
)
def configured_but_not_listed(conf: Conf) -> Iterator[Report]:
    for component in conf.components():
        if component.listed is not None:
            continue
        agent, list_key = component.agent, f"{component.agent.name}.{component.kind}s"
        listed = agent.lists.get(component.kind)
        first = next(iter(component.settings.values()))
        if listed:
            remedy = f"add {component.name} to {list_key}, or delete its settings"
        else:
            remedy = f"write {list_key} = {component.name}"
        yield Report(
            first.key_span,
            f"no list names {component}, so Flume does not start it",
            remedy,
            related=(listed.span, f"the list of {KIND_WORDS[component.kind]}s") if listed else None,
        )
