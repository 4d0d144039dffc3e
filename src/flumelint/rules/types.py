"""Rules about types: of components, and of the parts in them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from flumelint.component_data import ComponentData, component_data
from flumelint.findings import Report, Severity
from flumelint.model import Conf
from flumelint.names import nearest
from flumelint.parts import Part, parts
from flumelint.rules.rule import BASE, changed, rule

SAME_CLASS = 0.95  # of 1: a letter or two differ, or $Builder's dollar
FLUME = "org.apache.flume."
INSTALL = {
    "kafka": "LAB_FLUME_EXTRAS=kafka, or put kafka-clients into plugins.d/",
    "hdfs": "LAB_FLUME_EXTRAS=hdfs, or put hadoop-client-api and -runtime into plugins.d/",
    "hbase2": "LAB_FLUME_EXTRAS=hbase2, or put HBase's client into plugins.d/",
}


def _typed(conf: Conf) -> Iterator[Part]:
    """Yield the components and parts whose type is set and known."""
    for component in conf.components():
        for part in parts(component):
            if part.type and part.type.known and "#" not in part.type.value:
                yield part


@rule(
    "unknown-type",
    Severity.IDLE,
    summary="a type is neither one of Flume's nor a class",
    flume="Flume takes it for the name of a class, and cannot load it: `Unable to load sink type: "
    "looger, class: looger`. It stops reading the conf, so no component of the agent runs. For an "
    "interceptor or a serializer it removes the source or sink.",
    harm="One misspelt word stops the whole agent.",
    wrong=changed(BASE, ("k1.type = logger", "k1.type = looger")),
    right=BASE,
)
def unknown_type(conf: Conf) -> Iterator[Report]:
    for part in _typed(conf):
        type_ = part.type
        if part.data or not type_:
            continue
        name = type_.value
        known = component_data().aliases(part.interface)
        if not _is_flumes(part, name):
            continue
        near = _nearest_class(part, name) if "." in name else nearest(name, known)
        near = near or _class_named(part, name)
        yield Report(
            type_.span,
            f"{part} has the type {name}, which Flume 1.11 does not have",
            f"write {near}" if near else "write one of Flume's types, or a class",
            () if near else tuple(known),
            severity=Severity.RISKY if _may_be_a_class(name) and not near else None,
        )


def _may_be_a_class(name: str) -> bool:
    """Whether a word looks like a class that is in no package."""
    return name[:1].isupper() or name.endswith("$Builder")


def _is_flumes(part: Part, name: str) -> bool:
    """Whether a type ought to be Flume's: a word, or nearly the name of one of its classes.

    Other people's classes, too, are in packages that begin with org.apache.flume.
    """
    return "." not in name or _nearest_class(part, name) is not None


def _class_named(part: Part, name: str) -> str | None:
    """The class whose name without its package this is."""
    classes = [each.cls for each in component_data().all if each.interface == part.interface]
    return next((each for each in classes if each.rsplit(".", 1)[-1] == name), None)


def _nearest_class(part: Part, name: str) -> str | None:
    classes = [each.cls for each in component_data().all if each.interface == part.interface]
    found = get_close_matches(name, classes, n=1, cutoff=SAME_CLASS)
    return found[0] if found and name.startswith(FLUME) else None


@rule(
    "jars-missing",
    Severity.NOTE,
    summary="a component needs jars that the lab's Flume does not have at first",
    flume="Flume stops reading the conf and logs `java.lang.NoClassDefFoundError`.",
    harm="No component of the agent runs.",
    wrong=changed(
        BASE,
        (
            "k1.type = logger\n",
            "k1.type = hbase2\na1.sinks.k1.table = t\na1.sinks.k1.columnFamily = f\n",
        ),
    ),
    right=BASE,
)
def jars_missing(conf: Conf) -> Iterator[Report]:
    for part in _typed(conf):
        data = part.data
        if part.type and data and data.extra and data.extra != "none":
            yield Report(
                part.type.span,
                f"{part} needs {' and '.join(data.jars)}",
                _how_to_install(data),
            )


def _how_to_install(data: ComponentData) -> str:
    return f"in the lab: {INSTALL.get(data.extra, 'put them into a folder of plugins.d/')}"


@rule(
    "type-without-class",
    Severity.IDLE,
    summary="no jar of Flume 1.11 has the class of this type",
    flume="Flume knows the name, but its class is in no jar that was released with 1.11: `Unable "
    "to load sink type`. It stops reading the conf, so no component of the agent runs.",
    harm="Neither this sink nor any other component runs.",
    wrong=changed(BASE, ("k1.type = logger", "k1.type = elasticsearch")),
    right=BASE,
)
def type_without_class(conf: Conf) -> Iterator[Report]:
    for part in _typed(conf):
        if part.type and part.data and part.data.extra == "none":
            yield Report(
                part.type.span,
                f"{part} has the type {part.type.value}, which Flume 1.11 does not bring",
                "bring a jar with a sink of your own, and write its class",
            )
