"""Notes: what cannot be checked here. They are no mistakes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flumelint.findings import Report, Severity
from flumelint.model import CHANNEL, SINK, SOURCE, Conf
from flumelint.rules.rule import BASE, changed, rule


@rule(
    "unset-variable",
    Severity.NOTE,
    summary="an environment variable is not set here",
    flume="Flume leaves `${env:NAME}` as it is written if the variable is not set when it starts.",
    harm="The value is then a folder or host of that odd name.",
    wrong=changed(BASE, ("bind = 127.0.0.1", "bind = ${env:BIND_ADDRESS}")),
    right=changed(BASE, ("bind = 127.0.0.1", "bind = ${env:BIND_ADDRESS:-127.0.0.1}")),
)
def unset_variable(conf: Conf) -> Iterator[Report]:
    told: set[str] = set()
    for setting in conf.settings:
        for name in setting.interpolated.unset:
            if name in told:
                continue
            told.add(name)
            found = re.search(re.escape(f"${{env:{name}"), setting.assignment.value.text)
            span = setting.part((found.start(), found.end() + 1)) if found else setting.span
            yield Report(
                span,
                f"{name} is not set here, so what depends on it is not checked",
                f"set {name}, or give a default: ${{env:{name}:-…}}",
            )


@rule(
    "custom-component",
    Severity.NOTE,
    summary="a component's class is not one of Flume's",
    flume="Flume loads the class from lib/ or plugins.d/. If it is not there, Flume loads nothing "
    "of the file.",
    harm="A misspelt key of a custom class is not found by this program either.",
    wrong=changed(BASE, ("k1.type = logger", "k1.type = com.example.MySink")),
    right=BASE,
)
def custom_component(conf: Conf) -> Iterator[Report]:
    for component in conf.components(SOURCE, CHANNEL, SINK):
        type_ = component.get("type")
        if type_ and type_.known and not component.data and "." in type_.value:
            yield Report(type_.span, f"{component} is a custom component: keys not checked")
