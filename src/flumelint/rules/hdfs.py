"""Rules about the HDFS sink: the names of its files, and when it closes them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flumelint.findings import Report, Severity
from flumelint.model import SINK, Component, Conf
from flumelint.places import sources_of, truth
from flumelint.resolve import is_alive
from flumelint.rules.rule import BASE, changed, rule

_TIME = re.compile(r"%[A-Za-z%](?!\w*\})")
# Sources that surely set no header `timestamp`.
UNTIMED = ("exec", "spooldir", "taildir", "netcat", "netcatudp", "seq", "stress", "avrolegacy")
WEB_PORTS = {
    50070: "the NameNode's web page",
    9870: "the NameNode's web page",
    8088: "YARN's web page",
}
DEFAULTS = {"hdfs.rollInterval": 30, "hdfs.rollSize": 1024, "hdfs.rollCount": 10}

HDFS = changed(
    BASE,
    (
        "k1.type = logger\n",
        "k1.type = hdfs\n"
        "a1.sinks.k1.hdfs.path = hdfs://namenode:8020/events\n"
        "a1.sinks.k1.hdfs.rollInterval = 600\n"
        "a1.sinks.k1.hdfs.rollSize = 0\n"
        "a1.sinks.k1.hdfs.rollCount = 0\n",
    ),
)


def _hdfs_sinks(conf: Conf) -> Iterator[Component]:
    for sink in conf.components(SINK):
        if sink.is_a("hdfs") and is_alive(sink):
            yield sink


@rule(
    "time-escape-without-timestamp",
    Severity.IDLE,
    summary="the path of an HDFS sink has a time, but no event has a timestamp",
    flume="The sink takes the time from the header `timestamp`, which no source here sets. It logs "
    "`Expected timestamp in the Flume event headers, but it was null` and tries again without end.",
    harm="Nothing is written, and the channel fills.",
    wrong=changed(HDFS, ("8020/events", "8020/events/%Y-%m-%d")),
    right=changed(
        HDFS,
        ("8020/events\n", "8020/events/%Y-%m-%d\na1.sinks.k1.hdfs.useLocalTimeStamp = true\n"),
    ),
)
def time_escape_without_timestamp(conf: Conf) -> Iterator[Report]:
    for sink in _hdfs_sinks(conf):
        if truth(sink, "hdfs.useLocalTimeStamp") or sink.get("hdfs.useLocalTimeStamp") is not None:
            local = sink.settings["hdfs.useLocalTimeStamp"]
            if local.value.lower() == "true" or not local.known:
                continue
        channel = sink.agent.channels.get(sink.text("channel"))
        sources = sources_of(channel) if channel else []
        if not sources or not all(_is_untimed(source) for source in sources):
            continue
        for key in ("hdfs.path", "hdfs.filePrefix"):
            setting = sink.get(key)
            found = _TIME.search(setting.assignment.value.text) if setting else None
            if setting and found:
                yield Report(
                    setting.part(found),
                    f"`{found[0]}` needs the header timestamp, which {sources[0]} does not set",
                    f"write {sink.prefix}hdfs.useLocalTimeStamp = true, or give {sources[0]} an "
                    "interceptor of type timestamp",
                )
                break


def is_by_time(sink: Component) -> bool:
    """Whether the sink's path has the time of the event in it."""
    texts = (sink.text("hdfs.path"), sink.text("hdfs.filePrefix"))
    local = sink.text("hdfs.useLocalTimeStamp").lower() == "true"
    return sink.is_a("hdfs") and not local and any(_TIME.search(text) for text in texts)


def _is_untimed(source: Component) -> bool:
    """Whether a source's events have no timestamp; unsure with custom classes."""
    harmless = ("host", "static", "uuid", "regex_filter", "search_replace", "remove_header")
    for name in source.text("interceptors").split():
        start = f"interceptors.{name}."
        if source.text(f"{start}type").lower() not in harmless:
            return False
        if source.text(f"{start}key") == "timestamp":
            return False
    return source.is_a(*UNTIMED) and not source.text("deserializer", "LINE").count(".")


@rule(
    "small-hdfs-files",
    Severity.RISKY,
    summary="an HDFS sink closes its file after 10 events or 1 KiB",
    flume="A file is closed as soon as one of three limits is reached: rollInterval (30 seconds), "
    "rollSize (1024 bytes), rollCount (10 events). Who sets one keeps the defaults of the others.",
    harm="HDFS gets thousands of tiny files; each costs the NameNode memory and a job a task.",
    wrong=changed(HDFS, ("a1.sinks.k1.hdfs.rollCount = 0\n", "")),
    right=HDFS,
)
def small_hdfs_files(conf: Conf) -> Iterator[Report]:
    for sink in _hdfs_sinks(conf):
        small = [
            key
            for key in ("hdfs.rollCount", "hdfs.rollSize")
            if not sink.get(key) or (sink.get(key) and sink.number(key) == DEFAULTS[key])
        ]
        if not small:
            continue
        limits = {"hdfs.rollCount": "10 events", "hdfs.rollSize": "1024 bytes"}
        yield Report(
            sink.place,
            f"{sink} begins a new file after {' or '.join(limits[key] for key in small)}",
            f"write {' and '.join(f'{sink.prefix}{key} = 0' for key in small)}",
        )


@rule(
    "hdfs-file-never-rolled",
    Severity.RISKY,
    summary="an HDFS sink never closes its file",
    flume="With rollInterval, rollSize and rollCount at 0 and no idleTimeout, a file stays open, "
    "with `.tmp` at the end of its name, until the agent stops.",
    harm="Jobs that leave out `.tmp` see no data, and a killed agent leaves the file unfinished.",
    wrong=changed(HDFS, ("rollInterval = 600", "rollInterval = 0")),
    right=HDFS,
)
def hdfs_file_never_rolled(conf: Conf) -> Iterator[Report]:
    for sink in _hdfs_sinks(conf):
        numbers = [sink.number(key, default) for key, default in DEFAULTS.items()]
        if all(number == 0 for number in numbers) and not sink.number("hdfs.idleTimeout", 0):
            yield Report(
                sink.settings["hdfs.rollInterval"].span,
                f"{sink} never closes its file: all three limits are 0",
                f"write {sink.prefix}hdfs.rollInterval = 600, or hdfs.idleTimeout = 60",
            )


@rule(
    "codec-and-file-type",
    Severity.IDLE,
    summary="the file type of an HDFS sink and its codec do not go together",
    flume="Flume removes the sink: DataStream `does NOT support compressed output`, and for "
    "CompressedStream `It's essential to set compress codec`.",
    harm="Nothing is written, and the channel fills.",
    wrong=changed(
        HDFS, ("k1.hdfs.rollSize", "k1.hdfs.fileType = CompressedStream\na1.sinks.k1.hdfs.rollSize")
    ),
    right=changed(
        HDFS,
        (
            "k1.hdfs.rollSize",
            "k1.hdfs.fileType = CompressedStream\na1.sinks.k1.hdfs.codeC = gzip\n"
            "a1.sinks.k1.hdfs.rollSize",
        ),
    ),
)
def codec_and_file_type(conf: Conf) -> Iterator[Report]:
    for sink in _hdfs_sinks(conf):
        kind, codec = sink.get("hdfs.fileType"), sink.get("hdfs.codeC")
        if not kind or not kind.known:
            continue
        if kind.value.lower() == "compressedstream" and not codec:
            yield Report(
                kind.span,
                "CompressedStream needs a codec",
                f"write {sink.prefix}hdfs.codeC = gzip",
            )
        elif kind.value.lower() == "datastream" and codec:
            yield Report(
                codec.span,
                "DataStream takes no codec, so Flume removes the sink",
                f"write {sink.prefix}hdfs.fileType = CompressedStream, or take codeC out",
                related=(kind.span, "the file type"),
            )


@rule(
    "hdfs-web-port",
    Severity.IDLE,
    summary="the path of an HDFS sink names the port of a web page",
    flume="The sink speaks Hadoop's RPC to a port that speaks HTTP. It logs `RPC response "
    "has a length of 1213486160 exceeds maximum data length` and "
    "tries again without end.",
    harm="Nothing is written, and the channel fills.",
    wrong=changed(HDFS, ("8020", "9870")),
    right=HDFS,
)
def hdfs_web_port(conf: Conf) -> Iterator[Report]:
    for sink in _hdfs_sinks(conf):
        setting = sink.get("hdfs.path")
        found = (
            re.match(r"\s*hdfs://[^/:]+:(\d+)", setting.assignment.value.text) if setting else None
        )
        if setting and found and int(found[1]) in WEB_PORTS:
            yield Report(
                setting.part(found.span(1)),
                f"{found[1]} is the port of {WEB_PORTS[int(found[1])]}",
                "write the port of fs.defaultFS, often 8020 or 9000",
            )
