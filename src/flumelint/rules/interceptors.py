"""Rules about the interceptors of a source."""

from __future__ import annotations

from collections.abc import Iterator

from flumelint.findings import Report, Severity
from flumelint.model import SOURCE, Component, Conf
from flumelint.names import nearest
from flumelint.rules.rule import BASE, changed, rule

WITH_INTERCEPTOR = changed(
    BASE,
    (
        "a1.sources.r1.channels",
        "a1.sources.r1.interceptors = i1\n"
        "a1.sources.r1.interceptors.i1.type = timestamp\n"
        "a1.sources.r1.channels",
    ),
)


def _configured(source: Component) -> list[str]:
    return list(dict.fromkeys(key.split(".")[0] for key in source.below("interceptors.")))


@rule(
    "interceptor-not-configured",
    Severity.IDLE,
    whole=True,
    summary="a source lists an interceptor that has no type",
    flume="Flume removes the source and logs `Type not specified for interceptor i2`.",
    harm="The source reads nothing.",
    wrong=changed(WITH_INTERCEPTOR, ("interceptors = i1", "interceptors = i1 i2")),
    right=WITH_INTERCEPTOR,
)
def interceptor_not_configured(conf: Conf) -> Iterator[Report]:
    for source in conf.components(SOURCE):
        listed = source.get("interceptors")
        if not listed or not listed.known or not source.listed:
            continue
        known = _configured(source)
        for name, span in listed.words():
            if name.startswith(("#", "//")):
                break
            if source.get(f"interceptors.{name}.type") or "," in name:
                continue
            near = nearest(name, (each for each in known if each not in listed.value.split()))
            yield Report(
                span,
                f"the interceptor {name} of {source} has no type, so Flume removes the source",
                f"write {near}" if near else f"write {source.prefix}interceptors.{name}.type = …",
                tuple(known),
            )


@rule(
    "interceptor-not-listed",
    Severity.IGNORED,
    whole=True,
    summary="an interceptor has settings, but the source does not list it",
    flume="Flume does not run the interceptor and logs nothing.",
    harm="Headers that a selector or a sink's path needs are missing; events that were to be "
    "filtered pass.",
    wrong=changed(WITH_INTERCEPTOR, ("a1.sources.r1.interceptors = i1\n", "")),
    right=WITH_INTERCEPTOR,
)
def interceptor_not_listed(conf: Conf) -> Iterator[Report]:
    for source in conf.components(SOURCE):
        setting = source.get("interceptors")
        if setting and not setting.known:
            continue
        listed = setting.value.replace(",", " ").split() if setting else []
        for name in _configured(source):
            if name in listed or not source.listed:
                continue
            first = next(iter(source.below(f"interceptors.{name}.").values()), None)
            if not first:
                continue
            yield Report(
                first.rest_span,
                f"{source} does not list the interceptor {name}, so Flume does not run it",
                f"add {name} to {source.prefix}interceptors"
                if setting
                else f"write {source.prefix}interceptors = {name}",
                related=(setting.span, "the list of interceptors") if setting else None,
            )
