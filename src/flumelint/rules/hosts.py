"""Rules about the names of hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flumelint.findings import Report, Severity
from flumelint.model import SINK, SOURCE, Conf
from flumelint.resolve import is_alive
from flumelint.rules.rule import BASE, changed, rule

_URL = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://(?P<host>[\w.-]*).*|(?P<name>[\w.-]+):\d+)", re.IGNORECASE
)
# The keys that take a host: those of sources that listen, and of sinks that connect.
_HOSTS = {
    SOURCE: (
        ("bind", ("avro", "thrift", "netcat", "netcatudp", "http")),
        ("host", ("syslogtcp", "syslogudp", "multiport_syslogtcp")),
    ),
    SINK: (("hostname", ("avro", "thrift")),),
}
TO_RECEIVER = changed(
    BASE,
    (
        "type = logger\n",
        "type = avro\na1.sinks.k1.hostname = collector\na1.sinks.k1.port = 4141\n",
    ),
)


@rule(
    "url-for-host",
    Severity.IDLE,
    summary="a host is written as a URL, or with its port",
    flume="Flume takes the whole value for the name of a host. An avro sink logs `Invalid "
    "hostname: h1` and tries again without end; a source cannot open its port.",
    harm="A sink sends nothing, and its channel fills; a source gets nothing.",
    wrong=changed(TO_RECEIVER, ("= collector", "= http://collector")),
    right=TO_RECEIVER,
)
def url_for_host(conf: Conf) -> Iterator[Report]:
    for component in conf.components(SOURCE, SINK):
        for key, types in _HOSTS[component.kind]:
            setting = component.get(key)
            if not setting or not component.is_a(*types) or not is_alive(component):
                continue
            if setting.known and (found := _URL.fullmatch(setting.value)):
                host = found["host"] or found["name"]
                yield Report(
                    setting.span,
                    f"Flume takes {setting.value} for the name of a host",
                    f"write {host}" if host else "write the host alone",
                )
