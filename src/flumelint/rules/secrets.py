"""Rules about values that should not be in a conf: passwords, and blanks to be filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flumelint.findings import Report, Severity
from flumelint.model import Conf, Setting
from flumelint.rules.rule import BASE, changed, rule

_SECRET = re.compile(
    r"(?:password|passwd|secret|secretKey|accessKey|accessToken|apiKey|token)$", re.I
)
_JAAS = re.compile(r"""password\s*=\s*["']?(?P<word>[^"'\s;$<][^"'\s;]*)""", re.I)
_BLANK = re.compile(
    r"<(?:[A-Za-z][^<>\n/]*)?>|\[(?:your|path to|enter|required)\b[^\]\[]*\]|^\s*(?i:enter \w.*)$|"
    r"\bYOUR[_ -][A-Z]\w*|\byour[_-]\w+|"
    r"\b(?:CHANGE_?ME|FILL_?ME|TODO|REPLACE_\w+)\b|\{\{[^{}]*\}\}|__[A-Z_]+__|"
    r"(?<![\w%])[xX]{3,}(?!\w)|\*{3,}",
)
_FREE = re.compile(r"regex|pattern|query|sql|statement|serializer|format", re.IGNORECASE)
TLS = changed(
    BASE,
    ("type = netcat", "type = avro"),
    (
        "port = 44444\n",
        "port = 44444\na1.sources.r1.ssl = true\na1.sources.r1.keystore = /etc/flume/agent.jks\n"
        "a1.sources.r1.keystore-password = ${env:KEYSTORE_PASSWORD:-}\n",
    ),
)


def _blank(setting: Setting) -> re.Match[str] | None:
    return _BLANK.search(setting.assignment.value.text)


@rule(
    "placeholder-left",
    Severity.RISKY,
    summary="a value is still a blank to be filled in",
    flume="Flume takes the value as it is.",
    harm="The component connects to nothing, or does not start.",
    wrong=changed(BASE, ("127.0.0.1", "<your-host>")),
    right=BASE,
)
def placeholder_left(conf: Conf) -> Iterator[Report]:
    for setting in conf.settings:
        found = _blank(setting)
        if found and not _FREE.search(setting.rest):
            yield Report(
                setting.part(found), f"`{found[0]}` is a blank to be filled in", "write the value"
            )


@rule(
    "secret-in-conf",
    Severity.RISKY,
    summary="a password stands in the conf",
    flume="Flume logs the conf when it starts with -Dorg.apache.flume.log.printconfig=true; "
    "otherwise it does nothing with it but use it.",
    harm="Who can read the file, or its history in git, has the password.",
    wrong=changed(TLS, ("${env:KEYSTORE_PASSWORD:-}", "hunter2")),
    right=TLS,
)
def secret_in_conf(conf: Conf) -> Iterator[Report]:
    for setting in conf.settings:
        value = setting.assignment.value.text
        if "${" in value or _blank(setting):
            continue
        if _SECRET.search(setting.rest) and setting.value.lower() not in ("", "null", "none"):
            span = setting.span
        elif setting.rest.endswith("jaas.config") and (found := _JAAS.search(value)):
            span = setting.part(found.span("word"))
        else:
            continue
        name = re.sub(r"\W+", "_", setting.rest).upper()
        yield Report(
            span, "anyone who reads the file has this secret", f"write ${{env:{name}}} and set it"
        )
