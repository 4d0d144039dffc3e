"""Rules about selectors: which of a source's channels get an event."""

from __future__ import annotations

from collections.abc import Iterator

from flumelint.findings import Report, Severity
from flumelint.model import SOURCE, Component, Conf, Setting
from flumelint.names import nearest
from flumelint.routing import CHANNEL_KEYS, constant_headers, selector_type
from flumelint.rules.rule import BASE, changed, rule

MULTIPLEXING = changed(
    BASE,
    ("type = netcat", "type = avro"),  # its events have headers
    ("a1.channels = c1", "a1.channels = c1 c2"),
    ("a1.sinks = k1", "a1.sinks = k1 k2"),
    (
        "a1.sources.r1.channels = c1\n",
        """\
a1.sources.r1.channels = c1 c2
a1.sources.r1.selector.type = multiplexing
a1.sources.r1.selector.header = kind
a1.sources.r1.selector.mapping.gift = c1 c2
a1.sources.r1.selector.default = c1
""",
    ),
) + ("\na1.channels.c2.type = memory\n\na1.sinks.k2.type = logger\na1.sinks.k2.channel = c2\n")


def _selectors(conf: Conf, *types: str) -> Iterator[Component]:
    for source in conf.components(SOURCE):
        if source.listed and source.get("channels") and selector_type(source) in types:
            yield source


@rule(
    "selector-without-default",
    Severity.LOSES_DATA,
    whole=True,
    summary="a multiplexing selector has no default",
    flume="Flume drops each event whose header is missing, or has a value without a mapping. It "
    "logs nothing and counts nothing.",
    harm="Events vanish, and the source's counters say that they were accepted.",
    wrong=changed(MULTIPLEXING, ("a1.sources.r1.selector.default = c1\n", "")),
    right=MULTIPLEXING,
)
def selector_without_default(conf: Conf) -> Iterator[Report]:
    for source in _selectors(conf, "multiplexing"):
        type_ = source.get("selector.type")
        if type_ and not source.get("selector.default"):
            header = source.text("selector.header", "flume.selector.header")
            yield Report(
                type_.span,
                f"events without a mapped value of the header {header} are dropped",
                f"write {source.prefix}selector.default = …",
                tuple(source.text("channels").split()),
            )


@rule(
    "selector-names-unknown-channel",
    Severity.IDLE,
    whole=True,
    summary="a selector names a channel that is not one of the source's",
    flume="Flume removes the source and logs `Selector channel not found: c3`. It splits the list "
    "at each single space, so two spaces make an empty name.",
    harm="The source reads nothing.",
    wrong=changed(MULTIPLEXING, ("default = c1", "default = c3")),
    right=MULTIPLEXING,
)
def selector_names_unknown_channel(conf: Conf) -> Iterator[Report]:
    for source in _selectors(conf, "multiplexing", "replicating"):
        channels = source.get("channels")
        if not channels or not channels.known:
            continue
        known = channels.value.replace(",", " ").split()
        for setting in _channel_lists(source):
            for name, span in setting.words() if setting.known else ():
                if name.startswith(("#", "//")):
                    break
                if name not in known:
                    near = nearest(name, known)
                    bare = name.strip(",;")
                    yield Report(
                        span,
                        f"the selector names the channel {name}, which {source} does not have",
                        f"write {bare}, without the separator"
                        if bare in known
                        else f"write {near}"
                        if near
                        else f"add {name} to {source.prefix}channels",
                        tuple(known),
                    )
            if _has_empty_name(setting) and selector_type(source) == "multiplexing":
                yield Report(
                    setting.span,
                    "between two channels there is more than one space, which makes an empty name",
                    f"write {' '.join(setting.value.split())}",
                )


def _has_empty_name(setting: Setting) -> bool:
    value = setting.value
    return setting.known and ("  " in value or "\t" in value) and "#" not in value


def _channel_lists(source: Component) -> Iterator[Setting]:
    """Yield the selector's settings that name channels."""
    if selector_type(source) == "multiplexing":
        for key, setting in source.settings.items():
            if key == "selector.default" or key.startswith(CHANNEL_KEYS):
                yield setting
    elif optional := source.get("selector.optional"):
        yield optional


@rule(
    "selector-keys-without-multiplexing",
    Severity.IGNORED,
    whole=True,
    summary="a selector has mappings, but is not a multiplexing one",
    flume="Without selector.type the selector is a replicating one. It ignores header, mappings "
    "and default, and logs nothing.",
    harm="Every event goes to every channel.",
    wrong=changed(MULTIPLEXING, ("a1.sources.r1.selector.type = multiplexing\n", "")),
    right=MULTIPLEXING,
)
def selector_keys_without_multiplexing(conf: Conf) -> Iterator[Report]:
    for source in _selectors(conf, "replicating", "load_balancing"):
        for key, setting in source.settings.items():
            if key.startswith("selector.mapping.") or key in (
                "selector.header",
                "selector.default",
            ):
                yield Report(
                    setting.key_span,
                    f"a {selector_type(source)} selector does not read {key}: every event goes to "
                    "every channel"
                    if selector_type(source) == "replicating"
                    else f"a load_balancing selector does not read {key}",
                    f"write {source.prefix}selector.type = multiplexing",
                )
                break


@rule(
    "channel-never-selected",
    Severity.IGNORED,
    whole=True,
    summary="a multiplexing selector never chooses one of the source's channels",
    flume="Flume starts the channel and its sinks and says nothing.",
    harm="The channel stays empty, and its sinks have nothing to do.",
    wrong=changed(MULTIPLEXING, ("mapping.gift = c1 c2", "mapping.gift = c1")),
    right=MULTIPLEXING,
)
def channel_never_selected(conf: Conf) -> Iterator[Report]:
    for source in _selectors(conf, "multiplexing"):
        lists = list(_channel_lists(source))
        channels = source.get("channels")
        if not channels or not channels.known or not all(each.known for each in lists):
            continue
        chosen = {name for each in lists for name in each.value.replace(",", " ").split()}
        for name, span in channels.words():
            if name not in chosen and name in source.agent.channels:
                yield Report(
                    span,
                    f"the selector of {source} never chooses {name}",
                    f"name {name} in a mapping or in the default",
                )


@rule(
    "unreachable-mapping",
    Severity.IGNORED,
    summary="an interceptor sets the selector's header to one value, so other mappings never apply",
    flume="A static interceptor gives each event without the header the same value. Flume does not "
    "compare it with the mappings.",
    harm="What the mapping was to separate goes to one channel.",
    wrong=changed(
        MULTIPLEXING,
        (
            "a1.sources.r1.selector.type",
            """\
a1.sources.r1.interceptors = i1
a1.sources.r1.interceptors.i1.type = static
a1.sources.r1.interceptors.i1.key = kind
a1.sources.r1.interceptors.i1.value = order
a1.sources.r1.interceptors.i1.preserveExisting = false
a1.sources.r1.selector.type""",
        ),
    ),
    right=MULTIPLEXING,
)
def unreachable_mapping(conf: Conf) -> Iterator[Report]:
    for source in _selectors(conf, "multiplexing"):
        header = source.text("selector.header", "flume.selector.header")
        value = constant_headers(source).get(header)
        if value is None:
            continue
        for key, setting in source.below("selector.mapping.").items():
            if key != value:
                yield Report(
                    setting.rest_span,
                    f"an interceptor of {source} always sets {header} to {value}, so no event has "
                    f"the value {key}",
                    "delete the mapping, or let the interceptor read the value from the event",
                )


@rule(
    "mapping-of-another-header",
    Severity.RISKY,
    whole=True,
    summary="a multiplexing selector names no header",
    flume="Flume reads the header flume.selector.header, which hardly any source sets.",
    harm="All events go to the default; without a default they are dropped.",
    wrong=changed(MULTIPLEXING, ("a1.sources.r1.selector.header = kind\n", "")),
    right=MULTIPLEXING,
)
def mapping_of_another_header(conf: Conf) -> Iterator[Report]:
    for source in _selectors(conf, "multiplexing"):
        type_ = source.get("selector.type")
        if type_ and not source.get("selector.header"):
            yield Report(
                type_.span,
                f"the selector of {source} names no header, so it reads flume.selector.header",
                f"write {source.prefix}selector.header = …",
            )
