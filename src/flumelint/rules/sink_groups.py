"""Rules about sink groups: failover, load balancing, and groups that take their sinks along."""

from __future__ import annotations

from collections.abc import Iterator

from flumelint.findings import Edit, Report, Severity
from flumelint.model import SINKGROUP, Component, Conf, configured
from flumelint.names import nearest
from flumelint.rules.rule import BASE, changed, rule

TWO_SINKS = (
    changed(BASE, ("a1.sinks = k1", "a1.sinks = k1 k2\na1.sinkgroups = g1"))
    + """\
a1.sinks.k2.type = logger
a1.sinks.k2.channel = c1

a1.sinkgroups.g1.sinks = k1 k2
a1.sinkgroups.g1.processor.type = failover
a1.sinkgroups.g1.processor.priority.k1 = 10
a1.sinkgroups.g1.processor.priority.k2 = 5
"""
)


def _groups(conf: Conf) -> Iterator[Component]:
    return (group for group in conf.components(SINKGROUP) if group.listed and group.settings)


def _is(group: Component, *types: str) -> bool:
    return group.text("processor.type").lower() in types


def _sinks(group: Component) -> list[str]:
    """Return the sinks that a group gets: those it names and the agent starts."""
    known = group.agent.sinks
    return [name for name in group.text("sinks").split() if name in known and known[name].settings]


@rule(
    "group-uses-sink",
    Severity.IDLE,
    summary="a sink group has `sink`; the key of a group is `sinks`",
    flume="Flume finds no `sinks` and stops reading the conf with a NullPointerException.",
    harm="No component of the file runs.",
    wrong=changed(TWO_SINKS, ("g1.sinks =", "g1.sink =")),
    right=TWO_SINKS,
)
def group_uses_sink(conf: Conf) -> Iterator[Report]:
    for group in _groups(conf):
        wrong = group.get("sink")
        if wrong:
            both = group.get("sinks")
            yield Report(
                wrong.rest_span,
                f"{group} has `sink`, which no group reads",
                "delete this line: sinks is set, too" if both else "write sinks",
                fix=() if both else (Edit(wrong.rest_span, "sinks"),),
                severity=Severity.IGNORED if both else None,
            )


@rule(
    "group-without-sinks",
    Severity.IDLE,
    whole=True,
    summary="a sink group has no sinks",
    flume="Flume stops reading the conf with a NullPointerException.",
    harm="No component of the file runs.",
    wrong=changed(TWO_SINKS, ("a1.sinkgroups.g1.sinks = k1 k2\n", "")),
    right=TWO_SINKS,
)
def group_without_sinks(conf: Conf) -> Iterator[Report]:
    for group in _groups(conf):
        if not group.get("sinks") and not group.get("sink"):
            yield Report(
                next(iter(group.settings.values())).key_span,
                f"{group} has no sinks, so Flume reads nothing of the file",
                f"write {group.prefix}sinks = …",
                tuple(configured(group.agent.sinks)),
            )


@rule(
    "group-names-unknown-sink",
    Severity.IGNORED,
    whole=True,
    summary="a sink group names a sink that the agent does not have",
    flume="Flume logs `sinkgroup 'g1' sink not found: 'kk2',  sink not added`.",
    harm="The group has one sink less than it seems: failover has nowhere to go. A group without "
    "any sink is removed.",
    wrong=changed(TWO_SINKS, ("g1.sinks = k1 k2", "g1.sinks = k1 kk2")),
    right=TWO_SINKS,
)
def group_names_unknown_sink(conf: Conf) -> Iterator[Report]:
    for group in _groups(conf):
        setting = group.get("sinks")
        known = configured(group.agent.sinks)
        for name, span in setting.words() if setting and setting.known else ():
            if name.startswith(("#", "//")):
                break
            if name.strip(",;") in group.agent.sinks or "," in name:
                continue
            near = nearest(name, known)
            yield Report(
                span,
                f"{group} names the sink {name}, which {group.agent.name} does not have",
                f"write {near}" if near else "name a sink of the agent",
                tuple(known),
            )


@rule(
    "sink-in-two-groups",
    Severity.IGNORED,
    summary="two sink groups name the same sink",
    flume="Flume gives the sink to one of them and logs for the other one `sink 'k1' in use by "
    "another group: 'g1', sink not added`.",
    harm="One of the groups has one sink less than it seems.",
    wrong=changed(TWO_SINKS, ("sinkgroups = g1", "sinkgroups = g1 g2"))
    + "a1.sinkgroups.g2.sinks = k1 k2\na1.sinkgroups.g2.processor.type = failover\n",
    right=TWO_SINKS,
)
def sink_in_two_groups(conf: Conf) -> Iterator[Report]:
    owners: dict[tuple[str, str], Component] = {}
    for group in _groups(conf):
        setting = group.get("sinks")
        for name, span in setting.words() if setting and setting.known else ():
            owner = owners.setdefault((group.agent.name, name), group)
            if owner is not group:
                yield Report(
                    span,
                    f"{group} names the sink {name}, which is in {owner} already",
                    "name each sink in one group",
                )


@rule(
    "group-without-processor",
    Severity.IDLE,
    whole=True,
    summary="a sink group has no processor.type, or `default` for several sinks",
    flume="Flume removes the group and logs `SinkGroup g1 has been removed due to an error during "
    "configuration`; its sinks go with it.",
    harm="No sink of the group runs, and their channels fill up.",
    wrong=changed(TWO_SINKS, ("a1.sinkgroups.g1.processor.type = failover\n", "")),
    right=TWO_SINKS,
)
def group_without_processor(conf: Conf) -> Iterator[Report]:
    for group in _groups(conf):
        type_ = group.get("processor.type")
        if not type_:
            yield Report(
                (group.get("sinks") or next(iter(group.settings.values()))).key_span,
                f"{group} has no processor.type, so Flume removes it with its sinks",
                f"write {group.prefix}processor.type = failover, or load_balance",
                ("failover", "load_balance", "default"),
            )
        elif _is(group, "default") and len(_sinks(group)) > 1:
            yield Report(
                type_.span,
                f"the default processor takes one sink, so Flume removes {group} with its sinks",
                "write failover or load_balance",
                ("failover", "load_balance"),
            )


@rule(
    "load-balance-of-one",
    Severity.IDLE,
    whole=True,
    summary="a load_balance group has one sink",
    flume="Flume removes the group and logs `The LoadBalancingSinkProcessor cannot be used for a "
    "single sink.`; its sink goes with it.",
    harm="The sink does not run, and its channel fills up.",
    wrong=changed(
        TWO_SINKS,
        ("g1.sinks = k1 k2", "g1.sinks = k1"),
        ("type = failover", "type = load_balance"),
        ("a1.sinkgroups.g1.processor.priority.k1 = 10\n", ""),
        ("a1.sinkgroups.g1.processor.priority.k2 = 5\n", ""),
    ),
    right=changed(
        TWO_SINKS,
        ("type = failover", "type = load_balance"),
        ("a1.sinkgroups.g1.processor.priority.k1 = 10\n", ""),
        ("a1.sinkgroups.g1.processor.priority.k2 = 5\n", ""),
    ),
)
def load_balance_of_one(conf: Conf) -> Iterator[Report]:
    for group in _groups(conf):
        sinks = group.get("sinks")
        if _is(group, "load_balance") and sinks and sinks.known and len(set(_sinks(group))) == 1:
            yield Report(
                sinks.span,
                f"load_balance takes two sinks or more, so Flume removes {group} with its sink",
                "name another sink, or delete the group: a sink needs none",
            )


@rule(
    "failover-priorities",
    Severity.IGNORED,
    whole=True,
    summary="a failover group has a priority twice, a wrong one, or one for another sink",
    flume="Of two sinks with one priority Flume drops one, with `Sink k2 not added to "
    "FailverSinkProcessor as priorityduplicates that of sink …`. A priority that is no number, and "
    "one for a sink that is not in the group, are ignored without a word.",
    harm="The sink that was to take over does not exist when the first one fails.",
    wrong=changed(TWO_SINKS, ("priority.k2 = 5", "priority.k2 = 10")),
    right=TWO_SINKS,
)
def failover_priorities(conf: Conf) -> Iterator[Report]:
    for group in _groups(conf):
        if not _is(group, "failover"):
            continue
        seen: dict[int, str] = {}
        members = group.text("sinks").split()
        for name, setting in group.below("processor.priority.").items():
            priority = group.number(f"processor.priority.{name}")
            if not setting.known:
                continue
            if name not in members:
                near = nearest(name, members)
                yield Report(
                    setting.rest_span,
                    f"{group} has a priority for {name}, which is not one of its sinks",
                    f"write {near}" if near else "delete the line",
                    tuple(members),
                )
            elif priority is None:
                yield Report(
                    setting.span,
                    f"the priority of {name} is not a whole number, so Flume ignores it",
                    "write a number; the highest goes first",
                )
            elif priority in seen:
                yield Report(
                    setting.span,
                    f"{name} has the priority of {seen[priority]}, so Flume drops one of them",
                    "give each sink a priority of its own",
                    severity=Severity.IGNORED,
                )
            else:
                seen[priority] = name


@rule(
    "failover-across-channels",
    Severity.LOSES_DATA,
    summary="the sinks of a failover group read from different channels",
    flume="Flume says nothing. Only the sink with the highest priority runs; the others wait until "
    "it fails, and so do their channels.",
    harm="The channels of the waiting sinks fill up, and their sources stop.",
    wrong=changed(
        TWO_SINKS,
        ("a1.channels = c1", "a1.channels = c1 c2"),
        ("r1.channels = c1", "r1.channels = c1 c2"),
        ("k2.channel = c1", "k2.channel = c2"),
    )
    + "a1.channels.c2.type = memory\n",
    right=TWO_SINKS,
)
def failover_across_channels(conf: Conf) -> Iterator[Report]:
    for group in _groups(conf):
        channels = {name: group.agent.sinks[name].text("channel") for name in _sinks(group)}
        setting = group.get("sinks")
        if _is(group, "failover") and setting and len(set(channels.values()) - {""}) > 1:
            told = ", ".join(f"{sink} from {channel}" for sink, channel in channels.items())
            yield Report(
                setting.span,
                f"the sinks of {group} read from different channels: {told}",
                "let all of them read from one channel",
            )
