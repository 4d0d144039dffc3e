"""Rules about batches, transactions and capacities that do not fit into each other."""

from __future__ import annotations

from collections.abc import Iterator

from flumelint.findings import Report, Severity
from flumelint.model import CHANNEL, SINK, SOURCE, Component, Conf
from flumelint.resolve import (
    batch_of,
    capacity_of,
    exceeds_capacity,
    transaction_of,
)
from flumelint.rules.rule import BASE, changed, rule


@rule(
    "transaction-over-capacity",
    Severity.IDLE,
    summary="a channel's transactions may be larger than the channel",
    flume="Flume removes the channel and logs `Transaction Capacity of Memory Channel cannot be "
    "higher than the capacity.` Then it removes its sources and sinks.",
    harm="Nothing runs. The default capacity of a memory channel is only 100 events.",
    wrong=changed(BASE, ("c1.capacity", "c1.transactionCapacity")),
    right=changed(BASE, ("c1.type", "c1.transactionCapacity = 1000\na1.channels.c1.type")),
)
def transaction_over_capacity(conf: Conf) -> Iterator[Report]:
    for channel in conf.components(CHANNEL):
        setting = channel.get("transactionCapacity") or channel.get("capacity")
        if not setting or not channel.listed or not exceeds_capacity(channel):
            continue
        capacity, transaction = capacity_of(channel), transaction_of(channel)
        default = "" if channel.get("capacity") else ", the default"
        yield Report(
            setting.span,
            f"a transaction of {channel} may have {transaction:,} events, more than its capacity "
            f"of {capacity:,}{default}; so Flume removes the channel",
            f"write {channel.prefix}capacity = {transaction} or more",
        )


@rule(
    "batch-over-transaction",
    Severity.IDLE,
    summary="a batch is larger than the transactions of its channel",
    flume="Flume removes the source or sink and logs `Incompatible sink and channel settings "
    "defined`. A custom class it checks only if the class says how large its batches are.",
    harm="Nothing is read, or nothing is taken out.",
    wrong=changed(
        BASE,
        ("k1.type = logger", "k1.type = null"),
        ("k1.channel =", "k1.batchSize = 500\na1.sinks.k1.channel ="),
    ),
    right=changed(
        BASE,
        ("k1.type = logger", "k1.type = null"),
        ("k1.channel =", "k1.batchSize = 100\na1.sinks.k1.channel ="),
    ),
)
def batch_over_transaction(conf: Conf) -> Iterator[Report]:
    for component in conf.components(SOURCE, SINK):
        batch = batch_of(component)
        if not batch or not component.listed:
            continue
        key, size = batch
        for name in component.text("channels" if component.kind == SOURCE else "channel").split():
            channel = component.agent.channels.get(name)
            limit = transaction_of(channel) if channel and channel.settings else None
            if channel and limit is not None and size > limit:
                setting = component.get(key)
                yield _too_large(component, channel, size, limit, key, setting is None)


def _too_large(
    component: Component, channel: Component, size: int, limit: int, key: str, default: bool
) -> Report:
    setting = component.get(key)
    told = ", the default," if default else ""
    return Report(
        setting.span if setting else component.place,
        f"a batch of {component} has {size:,} events{told} and a transaction of {channel} "
        f"{limit:,}, so Flume removes {component.kind} {component.name}",
        f"write {component.prefix}{key} = {limit}, or {channel.prefix}transactionCapacity = {size}"
        + (f" and capacity = {size}" if size > (capacity_of(channel) or size) else ""),
    )
