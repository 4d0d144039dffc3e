"""Into which channels an event goes, by its headers: Flume's channel selectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flumelint.model import Component

HEADER = "flume.selector.header"  # what a multiplexing selector reads if it names no header
CHANNEL_KEYS = ("selector.mapping.", "selector.optional.")
CLASSES = {
    "org.apache.flume.channel.replicatingchannelselector": "replicating",
    "org.apache.flume.channel.multiplexingchannelselector": "multiplexing",
    "org.apache.flume.channel.loadbalancingchannelselector": "load_balancing",
}


@dataclass(frozen=True)
class Route:
    """Where an event goes.

    :param channels: those that must take it; the source tries again until they do
    :param optional: those that may fail: the event is then lost there
    :param one_of: whether one of `channels` takes it, in turn
    :param reason: why, in one phrase
    :param known: whether the selector is one of Flume's own
    """

    channels: tuple[str, ...]
    optional: tuple[str, ...]
    reason: str
    one_of: bool = False
    known: bool = True


def selector_type(source: Component) -> str:
    """Return ``replicating``, ``multiplexing`` or ``load_balancing``, or a custom class."""
    written = source.text("selector.type", "replicating").lower()
    return CLASSES.get(written, written)


def channels_of(source: Component) -> tuple[str, ...]:
    """Return the channels that the source names and the agent has."""
    channels = source.agent.channels
    names = dict.fromkeys(source.text("channels").split())
    return tuple(name for name in names if name in channels and channels[name].settings)


def may_choose(source: Component, channel: str) -> bool:
    """Whether a source may put an event into one of its channels.

    Only of a multiplexing selector whose channels are all known it is sure that it never does.
    """
    if selector_type(source) != "multiplexing":
        return True
    lists = [
        setting
        for key, setting in source.settings.items()
        if key == "selector.default" or key.startswith(CHANNEL_KEYS)
    ]
    return any(not each.known or channel in each.value.split() for each in lists)


def route(source: Component, headers: Mapping[str, str]) -> Route:
    """Return where an event with these headers goes, after the source's interceptors."""
    type_ = selector_type(source)
    all_channels = channels_of(source)
    if type_ == "multiplexing":
        return _multiplexed(source, _with_constants(source, headers))
    if type_ == "load_balancing":
        policy = source.text("selector.policy", "round_robin").lower()
        return Route(all_channels, (), f"load_balancing, {policy}", one_of=True)
    if type_ == "replicating":
        optional = source.text("selector.optional").split()
        return Route(
            tuple(name for name in all_channels if name not in optional),
            tuple(name for name in all_channels if name in optional),
            "replicating: every event goes to every channel",
        )
    return Route(all_channels, (), f"the selector {type_} is a custom class", known=False)


def _multiplexed(source: Component, headers: Mapping[str, str]) -> Route:
    header = source.text("selector.header", HEADER)
    value = headers.get(header)
    mapping = source.get(f"selector.mapping.{value}") if value and value.strip() else None
    if value is None:
        told = f"no header {header}"
    else:
        told = f"{header} = {value}" if mapping else f"{header} = {value} has no mapping"
    chosen = mapping or source.get("selector.default")
    required = tuple(chosen.value.split()) if chosen else ()
    optional = source.text(f"selector.optional.{value}").split() if value else []
    for name in required:
        if name in optional:
            optional.remove(name)  # once, as Flume does
    reason = told if mapping else f"{told}: default" if chosen else f"{told}, and no default"
    return Route(required, tuple(optional), reason)


def _with_constants(source: Component, headers: Mapping[str, str]) -> dict[str, str]:
    result = dict(headers)
    for name in source.text("interceptors").split():
        found = _static(source, name)
        if found and not (found[2] and found[0] in result):
            result[found[0]] = found[1]
    return result


def constant_headers(source: Component) -> dict[str, str]:
    """Return the headers that interceptors set to one value for every event."""
    constants: dict[str, str] = {}
    for name in source.text("interceptors").split():
        type_ = source.text(f"interceptors.{name}.type").lower()
        found = _static(source, name)
        if found and (not found[2] or found[0] in constants):
            if not found[2]:
                constants[found[0]] = found[1]
        elif not found and type_ not in ("timestamp", "host", "uuid", "regex_filter"):
            constants.clear()  # it may set any header
    return constants


def header_setters(source: Component) -> list[str]:
    """Return the interceptors whose headers are not known here: they come from the event."""
    found = []
    for name in source.text("interceptors").split():
        type_ = source.text(f"interceptors.{name}.type")
        if not _static(source, name) and type_.lower() != "regex_filter":
            found.append(f"{name} ({type_.rpartition('.')[2] or 'no type'})")
    return found


def _static(source: Component, interceptor: str) -> tuple[str, str, bool] | None:
    """Return a static interceptor's header, its value, and whether an existing value stays."""
    keys = f"interceptors.{interceptor}."
    if source.text(f"{keys}type").lower() not in (
        "static",
        "org.apache.flume.interceptor.staticinterceptor$builder",
    ):
        return None
    preserve = source.text(f"{keys}preserveExisting", "true").lower() == "true"
    return source.text(f"{keys}key", "key"), source.text(f"{keys}value", "value"), preserve
