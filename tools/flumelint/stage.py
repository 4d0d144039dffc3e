"""What an example needs to run: its conf with free ports and folders of its own, and events."""

from __future__ import annotations

import random
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flumelint.model import Component, Conf, Setting
from flumelint.properties import parse
from flumelint.reader import read
from tools.flumelint.scenes import Scene

FILE_LINE = re.compile(r"^# file: (\S+)\n", re.MULTILINE)
PORT_LINE = re.compile(r"^[^#\n]*\bports?\s*[=:]\s*(\d{2,6})(?:[ \t]+(\d{2,6}))*", re.MULTILINE)
# An absolute path at the start of a word; programs stay where they are.
HDFS = re.compile(r"hdfs://[\w.-]+(?::\d+)?/")
PATH = re.compile(r"(?<![\w:/.*\\\]})^$-])/(?!bin/|usr/|dev/|proc/|[ \n]|$)(?=[\w.])")
VOLATILE = [
    (re.compile(r"/[\w/.-]*/flumelint-[a-z0-9_]{8}\b"), ""),  # the folder of the whole run
    (re.compile(r"@[0-9a-f]{6,8}\b"), "@…"),
    (re.compile(r"\b(?:hashcode|0x)[: ]?[0-9a-f]{6,}\b"), "…"),
    (re.compile(r"\b1[0-9]{12}\b"), "TIME"),
    (re.compile(r"inode: \d+"), "inode: N"),
    (re.compile(r"\b(producer|consumer)-\d+\b"), r"\1-N"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,\d]*"), "TIME"),
    (re.compile(r"/(127\.0\.0\.1):(?:[3-6]\d{4})\b"), r"/\1:PORT"),
]
AGENT = re.compile(r"^#\s*flumelint:\s*agent=(\S+)", re.MULTILINE)  # as --name says
LISTENERS = {
    "netcat": "netcat",
    "syslogtcp": "syslog",
    "multiport_syslogtcp": "syslog",
    "avro": "avro",
    "http": "http",
    "netcatudp": "udp",
    "syslogudp": "udp",
}


RECEIVER = """\
receiver.sources = in
receiver.channels = kept
receiver.sources.in.type = avro
receiver.sources.in.bind = 127.0.0.1
receiver.sources.in.port = {port}
receiver.sources.in.channels = kept
receiver.channels.kept.type = memory
receiver.sinks = shown
receiver.sinks.shown.type = logger
receiver.sinks.shown.channel = kept
"""
PORT_RANGE = (20000, 32000)  # below those that the system gives to clients
_used: set[int] = set()


@dataclass
class Stage:
    """A case for Prove.java, and the way back from its ports and folders to the example's."""

    case: dict[str, Any]
    folder: Path
    hosts: list[Path]
    ports: dict[int, str]
    sent: int

    def original(self, text: str) -> str:
        """A text of the log as if the example had run as it is written."""
        for folder in [*self.hosts, self.folder]:
            text = text.replace(str(folder), "")
        for port, written in self.ports.items():
            text = re.sub(rf"\b{port}\b", written, text)
        for pattern, by in VOLATILE:
            text = pattern.sub(by, text)
        return text


def staged(
    name: str, example: str, scene: Scene, scratch: Path, own_files: tuple[str, ...] = ()
) -> Stage:
    """Write an example's files into a folder of its own, and say what to send.

    :param own_files: `Rule.files`, which the example looks for in its FOLDER
    """
    folder = scratch / name.replace("/", "-")
    folder.mkdir()
    texts = [replaced(text, scene) for text in texts_of(example)]
    # A machine an agent, or one for all.
    hosts = [folder / f"host{number}" if scene.apart else folder for number in range(len(texts))]
    for path in own_files:
        fill(folder / "files" / path, scene.lines)
    texts = [text.replace("FOLDER", "/files") if own_files else text for text in texts]
    ports = {free_port(): written for written in ports_of("\n".join(texts))}
    agents, feeds, models, files = [], [], [], 0
    for number, text in enumerate(texts):
        conf = folder / f"flume{number or ''}.conf"
        moved = local(move_paths(text, hosts[number], scene.hdfs))
        for port, written in ports.items():
            moved = re.sub(rf"(?<=[\s=:,]){written}\b", str(port), moved)
        conf.write_text(moved, encoding="utf-8")
        model = read(parse(moved, str(conf)), {})
        models.append(model)
        names = AGENT.findall(text) or [its.name for its in model.agents.values() if its.lists]
        names = names or ["a1"]
        agents += [{"name": each, "file": str(conf)} for each in names]
        files += prepare(model, scene)
        feeds += feeds_of(model, scene)
    for path, content in scene.files.items():
        fill(folder / path.lstrip("/"), content)
    feeds += [
        {"kind": kind, "path": str(folder / path.lstrip("/")), "late": True}
        for kind, paths in (("append", scene.appended), ("rotate", scene.rotated))
        for path in paths
    ]
    own = {written: port for port, written in ports.items()}
    case = {
        "id": name,
        "agents": agents,
        "receivers": [] if scene.wire else receivers(models, folder),
        "feeds": feeds,
        "bodies": scene.bodies,
        "headers": scene.headers,
        "holdMillis": int(scene.hold * 1000),
        "expected": scene.expected if name.endswith("/right") else 0,
        "restarts": scene.restarts,
        "folder": str(folder),
        "web": [own[port] for port in scene.web if port in own],
        "wire": [own[port] for port in scene.wire if port in own],
        "looks": scene.shows,
    }
    lines = scene.lines.count("\n")
    return Stage(case, folder, hosts, ports, len(scene.bodies) * len(feeds) + lines * files)


def replaced(text: str, scene: Scene) -> str:
    """An example with what the scene has otherwise, where it is in it."""
    for old, new in scene.instead.items():
        text = text.replace(old, new)
    return text


def receivers(models: list[Conf], folder: Path) -> list[str]:
    """Confs of agents for the ports that avro sinks send to and that nobody opens."""
    opened = {each.text("port") for its in models for each in its.components("source")}
    wanted = [
        each.text("port")
        for its in models
        for each in its.components("sink")
        if each.is_a("avro") and each.text("port").isdigit()
    ]
    confs = []
    for port in dict.fromkeys(wanted):
        if port not in opened:
            conf = folder / f"receiver-{port}.conf"
            conf.write_text(RECEIVER.format(port=port))
            confs.append(str(conf))
    return confs


def local(text: str) -> str:
    """Let each other host be this one, and HDFS a folder."""
    text = re.sub(
        r"(?m)^([^#\n]*\.(?:hostname|host|bind)\s*=\s*)(?!\d)[a-z][\w.-]*[ \t]*$",
        r"\g<1>127.0.0.1",
        text,
    )
    return re.sub(r"(kafka\.bootstrap\.servers\s*=\s*)[a-z][\w-]*(:\d+)", r"\g<1>127.0.0.1\2", text)


def texts_of(example: str) -> list[str]:
    """The files of an example: one, or each that begins with ``# file: NAME``."""
    first, *rest = FILE_LINE.split(example)
    return rest[1::2] or [first]


def ports_of(text: str) -> list[str]:
    found = re.findall(r"hdfs://[\w.-]+:(\d+)", text)
    for match in PORT_LINE.finditer(text):
        found += re.findall(r"\b\d{2,5}\b", match[0].split("=")[-1])
    return list(dict.fromkeys(found))


def move_paths(text: str, folder: Path, hdfs: bool) -> str:
    """Put the folder before each absolute path that is a value, not in comments.

    :param hdfs: whether an address in HDFS stays one, on this machine
    """
    lines = []
    for line in text.split("\n"):
        key, equals, value = line.partition("=")
        if equals and not line.lstrip().startswith(("#", "!")):
            if hdfs:
                line = key + equals + re.sub(r"(hdfs://)[\w.-]+", r"\g<1>127.0.0.1", value)
                lines.append(line)
                continue
            moved = HDFS.sub(f"file:{folder}/", value)
            line = key + equals + PATH.sub(lambda _: f"{folder}/", moved)
        lines.append(line)
    return "\n".join(lines)


def prepare(conf: Conf, scene: Scene) -> int:
    """Make the folders and files that the components want; return how many are full of events."""
    full = 0
    for component in conf.components():
        if component.is_a("spooldir") and (folder := component.text("spoolDir")):
            full += fill(Path(folder) / "in.log", scene.lines)
        elif component.is_a("file_roll") and (folder := component.text("sink.directory")):
            if Path(folder).is_absolute():
                Path(folder).mkdir(parents=True, exist_ok=True)
        elif component.is_a("taildir"):
            full += sum(fill(matching(each.value), scene.lines) for each in groups(component))
        elif component.is_a("exec"):
            words = re.findall(r"/\S*/flumelint-[^\s;|&'\"]+", component.text("command"))
            for path in words:
                full += fill(Path(path), scene.lines)
    return full


def groups(component: Component) -> list[Setting]:
    """The patterns whose folder could be one: an expression is none."""
    found = component.below("filegroups.").values()
    return [each for each in found if not re.search(r"[*+?]", each.value.rpartition("/")[0])]


def matching(pattern: str) -> Path:
    """A file that a file group's pattern matches: its last part is a regular expression."""
    parent, _, last = pattern.rpartition("/")
    name = re.sub(r"\[.*?\][*+]?|\\d[*+]?|\.\*|\.\+", "1", last).replace("\\", "")
    return Path(parent) / name


def fill(path: Path, content: str) -> int:
    if not path.is_absolute():
        return 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    except OSError:
        return 0  # what an example says of a path may be what is wrong with it
    return 1


def feeds_of(conf: Conf, scene: Scene) -> list[dict[str, Any]]:
    """What listens in the conf, whether or not Flume will start it."""
    feeds = []
    for source in conf.components("source"):
        for alias, kind in LISTENERS.items():
            text = source.text("port") or source.text("ports")
            port = re.match(r"\d+", text)
            if source.is_a(alias) and port and int(port[0]) < 65536:
                feeds.append({"kind": kind, "port": int(port[0]), "deflate": scene.deflate})
    return feeds


def free_port() -> int:
    """A port that nobody else has, in no range that the system gives to clients."""
    while True:
        port = random.randrange(*PORT_RANGE)
        if port not in _used and can_be_bound(port):
            _used.add(port)
            return port


def can_be_bound(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
