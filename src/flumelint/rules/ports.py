"""Rules about ports: who listens there, who connects, and whether both speak the same way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from flumelint.findings import Report, Severity
from flumelint.model import SINK, SOURCE, Component, Conf, Setting
from flumelint.places import sinks_of, truth
from flumelint.resolve import is_alive
from flumelint.rules.rule import BASE, changed, rule, rule_for_files

TCP, UDP = "TCP", "UDP"
# The types that listen: protocol, key of the address, key of the port.
LISTENERS = {
    "avro": (TCP, "bind", "port"),
    "thrift": (TCP, "bind", "port"),
    "netcat": (TCP, "bind", "port"),
    "netcatudp": (UDP, "bind", "port"),
    "http": (TCP, "bind", "port"),
    "syslogtcp": (TCP, "host", "port"),
    "syslogudp": (UDP, "host", "port"),
    "multiport_syslogtcp": (TCP, "host", "ports"),
}
EVERY = ("0.0.0.0", "::", "*")  # noqa: S104 - compared, not bound
HERE = ("localhost", "127.0.0.1", "::1")
PORT_MAX = 65535


@dataclass(frozen=True)
class Listener:
    """A source that listens on a port."""

    source: Component
    protocol: str
    host: str
    port: int
    setting: Setting


def listeners(conf: Conf) -> Iterator[Listener]:
    """Yield each port on which a source that Flume starts listens."""
    for source in conf.components(SOURCE):
        for type_, (protocol, host_key, port_key) in LISTENERS.items():
            setting = source.get(port_key)
            if not source.is_a(type_) or not is_alive(source) or not setting or not setting.known:
                continue
            host = source.get(host_key)
            if host and not host.known:
                continue
            name = _host(host.value) if host else EVERY[0]
            for word in setting.value.split():
                if word.isdecimal() and 0 < int(word[:9]) <= PORT_MAX:
                    yield Listener(source, protocol, name, int(word), setting)


def _host(name: str) -> str:
    lowered = name.strip().lower()
    if lowered in HERE:
        return "localhost"
    return EVERY[0] if lowered in EVERY else lowered


AVRO = changed(
    BASE,
    ("r1.type = netcat", "r1.type = avro"),
    ("port = 44444", "port = 4141"),
    (
        "k1.type = logger\n",
        "k1.type = avro\na1.sinks.k1.hostname = collector\na1.sinks.k1.port = 4141\n",
    ),
)


@rule(
    "port-used-twice",
    Severity.IDLE,
    summary="two sources of an agent listen on the same port",
    flume="The second source does not start, and Flume logs `Address already in use`. The agent "
    "stays up.",
    harm="Nothing arrives at the second source.",
    wrong=changed(BASE, ("a1.sources = r1", "a1.sources = r1 r2"))
    + "\na1.sources.r2.type = netcat\na1.sources.r2.bind = 127.0.0.1\n"
    "a1.sources.r2.port = 44444\na1.sources.r2.channels = c1\n",
    right=changed(BASE, ("a1.sources = r1", "a1.sources = r1 r2"))
    + "\na1.sources.r2.type = netcat\na1.sources.r2.bind = 127.0.0.1\n"
    "a1.sources.r2.port = 44445\na1.sources.r2.channels = c1\n",
)
def port_used_twice(conf: Conf) -> Iterator[Report]:
    seen: dict[int, list[Listener]] = {}
    for new in listeners(conf):
        same_port = seen.setdefault(new.port, [])
        for old in same_port:
            same_host = new.host == old.host or EVERY[0] in (new.host, old.host)
            if (
                same_host
                and (new.port, new.protocol) == (old.port, old.protocol)
                and new.source.agent is old.source.agent
                and new.source is not old.source
            ):
                yield Report(
                    new.setting.span,
                    f"{old.source} listens on port {new.port}, too, so {new.source} fails",
                    f"give {new.source} another port",
                    related=(old.setting.span, str(old.source)),
                )
                break
        same_port.append(new)


@rule(
    "sink-feeds-own-source",
    Severity.RISKY,
    summary="an agent sends its events to itself, in a circle",
    flume="The sink sends to the port on which a source of the same agent listens, and that "
    "source's events reach the sink again.",
    harm="Each event goes round for ever. The channel fills, and the sink seems to send a lot.",
    wrong=changed(AVRO, ("hostname = collector", "hostname = localhost")),
    right=AVRO,
)
def sink_feeds_own_source(conf: Conf) -> Iterator[Report]:
    sources = _by_port(listeners(conf))
    for sink in _senders(conf):
        for target in sources.get(sink.text("port"), ()):
            if sink.agent is target.source.agent and _reaches(sink, target):
                names = _reachable(target.source, sources)
                port = sink.get("port")
                if port and sink.text("channel") in names:
                    yield Report(
                        port.span,
                        f"the sink sends to {target.source} of its own agent, in a circle",
                        "send to the next agent's host and port",
                        related=(target.setting.span, str(target.source)),
                    )
                    break


def _by_port(found: Iterable[Listener]) -> dict[str, list[Listener]]:
    by_port: dict[str, list[Listener]] = {}
    for each in found:
        by_port.setdefault(str(each.port), []).append(each)
    return by_port


def _senders(conf: Conf) -> Iterator[Component]:
    for sink in conf.components(SINK):
        if sink.is_a("avro", "thrift") and is_alive(sink):
            yield sink


def _reaches(sink: Component, target: Listener) -> bool:
    """Whether a sink surely connects to a source: the same port, protocol and host."""
    host, port = sink.get("hostname"), sink.get("port")
    if not host or not port or not host.known or port.value != str(target.port):
        return False
    name = _host(host.value)
    if not sink.is_a(target.source.type):
        return False
    return name == target.host or (name == "localhost" and target.host == EVERY[0])


def _reachable(source: Component, sources: Mapping[str, Sequence[Listener]]) -> set[str]:
    """Return the channels that a source's events reach, also through sinks of the same agent."""
    agent, found, todo = source.agent, set[str](), [source]
    while todo:
        for name in set(todo.pop().text("channels").split()) - found:
            found.add(name)
            for sink in sinks_of(agent, name):
                targets = sources.get(sink.text("port"), ())
                todo += [target.source for target in targets if _reaches(sink, target)]
    return found


@rule(
    "tls-with-deflate",
    Severity.RISKY,
    summary="an Avro sink has TLS and compression",
    flume="Flume 1.11 compresses what TLS has already encrypted. That saves nothing, and the first "
    "bytes on the wire are no TLS.",
    harm="A receiver that expects TLS refuses the sink, as the one of pyspark-flume does.",
    wrong=changed(
        AVRO,
        (
            "k1.port = 4141\n",
            "k1.port = 4141\na1.sinks.k1.ssl = true\na1.sinks.k1.compression-type = deflate\n",
        ),
    ),
    right=changed(AVRO, ("k1.port = 4141\n", "k1.port = 4141\na1.sinks.k1.ssl = true\n")),
)
def tls_with_deflate(conf: Conf) -> Iterator[Report]:
    for sink in conf.components(SINK):
        compression = sink.get("compression-type")
        if not sink.is_a("avro") or not compression or not truth(sink, "ssl"):
            continue
        if compression.value.lower() == "deflate":
            yield Report(
                compression.span,
                "the sink compresses what TLS has encrypted, so its bytes are no TLS any more",
                "use TLS or compression, not both",
                related=(sink.settings["ssl"].span, "TLS is on"),
            )


_RECEIVER = """\
b1.sources = in
b1.channels = c1
b1.sinks = out

b1.sources.in.type = avro
b1.sources.in.bind = collector
b1.sources.in.port = 4141
b1.sources.in.channels = c1

b1.channels.c1.type = memory

b1.sinks.out.type = logger
b1.sinks.out.channel = c1
"""


# Both agents may run on one host, so each has a port of its own.
_SENDER = changed(AVRO, ("r1.port = 4141\n", "r1.port = 4140\n"))


@rule_for_files(
    "compression-differs",
    Severity.IDLE,
    summary="a sink compresses and the source it sends to does not, or the reverse",
    flume="The source cannot read the sink's bytes. It logs that a list is excessively large, say, "
    "and closes the connection. The sink tries again without end.",
    harm="Nothing arrives, and the sink's channel fills.",
    wrong=changed(
        _SENDER, ("k1.port = 4141\n", "k1.port = 4141\na1.sinks.k1.compression-type = deflate\n")
    )
    + "\n"
    + _RECEIVER,
    right=_SENDER + "\n" + _RECEIVER,
)
def compression_differs(confs: Sequence[Conf]) -> Iterator[tuple[Conf, Report]]:
    """Compression and TLS at both ends, where the confs show that they are connected."""
    targets = _by_port(each for conf in confs for each in listeners(conf))
    for conf in confs:
        for sink in _senders(conf):
            for target in targets.get(sink.text("port"), ()):
                if not _reaches(sink, target):
                    continue
                for key, word in (("compression-type", "compression-type"), ("ssl", "ssl")):
                    ours, theirs = _way(sink, key), _way(target.source, key)
                    if ours is not None and theirs is not None and ours != theirs:
                        yield (
                            conf,
                            Report(
                                (sink.get(key) or sink.settings["port"]).span,
                                f"{sink} has {word} = {ours}, {target.source} of "
                                f"{target.source.agent.name} has {theirs}",
                                f"write the same {word} at both ends",
                            ),
                        )


def _way(component: Component, key: str) -> str | None:
    setting = component.get(key)
    if setting and not setting.known:
        return None
    if key == "ssl":
        return str(truth(component, key)).lower()
    return "deflate" if setting and setting.value.lower() == "deflate" else "none"
