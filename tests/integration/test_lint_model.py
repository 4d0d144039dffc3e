"""flumelint sees the same components and routes as Flume's own classes, on any conf."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flumelint.model import Conf
from flumelint.properties import parse
from flumelint.reader import read
from flumelint.resolve import alive, starts_nothing
from flumelint.routing import route
from tests.support.flume import FLUME_HOME

EXAMPLES = 300  # of each test; thousands were tried once
# Reads a conf in base64 from each line. After `load`: the components of agent a1 that Flume's
# validation keeps. After `route`: the channels that its selector gives an event.
JAVA = """
import java.io.*; import java.util.*; import java.util.stream.*;
import org.apache.flume.*; import org.apache.flume.channel.*; import org.apache.flume.conf.*;
import org.apache.flume.event.*;
public class Ask {
    static String sorted(Stream<String> names) {
        return names.distinct().sorted().collect(Collectors.joining(" "));
    }
    static String load(Properties conf) {
        var agent = new FlumeConfiguration(conf).getConfigurationFor("a1");
        if (agent == null) return "none";
        var sets = List.of(agent.getSourceSet(), agent.getChannelSet(), agent.getSinkSet(),
            agent.getSinkgroupSet());
        return sets.stream().map(set -> sorted(set.stream())).collect(Collectors.joining("|"));
    }
    static Map<String, String> below(Properties conf, String prefix) {
        var found = new HashMap<String, String>();
        for (String key : conf.stringPropertyNames())
            if (key.startsWith(prefix))
                found.put(key.substring(prefix.length()), conf.getProperty(key));
        return found;
    }
    static String route(Properties conf) {
        var channels = new ArrayList<Channel>();
        for (String name : conf.getProperty("a1.sources.r1.channels").split("\\s+")) {
            Channel channel = new MemoryChannel(); channel.setName(name); channels.add(channel);
        }
        var settings = below(conf, "a1.sources.r1.selector.");
        var selector = ChannelSelectorFactory.create(channels, settings);
        var event = EventBuilder.withBody(new byte[0], below(conf, "header."));
        return sorted(selector.getRequiredChannels(event).stream().map(Channel::getName))
            + "|" + sorted(selector.getOptionalChannels(event).stream().map(Channel::getName));
    }
    public static void main(String[] none) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null; ) {
            var asked = line.split(" ");
            var conf = new Properties();
            conf.load(new ByteArrayInputStream(Base64.getDecoder().decode(asked[1])));
            String answer;
            try { answer = asked[0].equals("load") ? load(conf) : route(conf); }
            catch (RuntimeException error) { answer = "died"; }
            System.out.println("=" + answer);
        }
    }
}
"""


class Flume:
    """One JVM with Flume's classes that answers questions about confs."""

    def __init__(self, source: Path) -> None:
        self._process = subprocess.Popen(
            [
                *("java", "-XX:TieredStopAtLevel=1", "-Dorg.apache.logging.log4j.level=OFF"),
                *("-cp", f"{FLUME_HOME / 'lib'}/*", str(source)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, question: str, conf: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        line = base64.b64encode(conf.encode("iso-8859-1")).decode() or "Cg=="
        print(question, line, file=self._process.stdin, flush=True)
        for answer in self._process.stdout:
            if answer.startswith("="):
                return answer[1:].rstrip("\n")
        raise AssertionError("the JVM ended")

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=10)


@pytest.fixture(scope="module")
def flume(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flume]:
    if not (FLUME_HOME / "lib").is_dir():
        pytest.skip(f"{FLUME_HOME} is missing: mvn -f runtimes/pom.xml package")
    source = tmp_path_factory.mktemp("java") / "Ask.java"
    source.write_text(JAVA)
    asked = Flume(source)
    yield asked
    asked.close()


def conf_of(text: str) -> Conf:
    return read(parse(text), {})


def sinks_in_two_groups(conf: Conf) -> bool:
    groups = conf.agents["a1"].sinkgroups.values()
    named = [name for group in groups for name in set(group.text("sinks").split())]
    return len(named) > len(set(named))


NAMES = {"sources": "r1 r2", "channels": "c1 c2", "sinks": "k1 k2", "sinkgroups": "g1 g2"}
WORDS = ["r1", "r2", "c1", "c2", "k1", "k2", "g1", "c1,", "#", "c9", "memory"]
KEYS = ["type", "channels", "channel", "sinks", "sink", "processor.type", "selector.type", ""]


@st.composite
def confs(draw: st.DrawFn) -> str:
    """Confs that are mostly right, and wrong in a few places."""
    lines = []
    for kind, names in NAMES.items():
        if draw(st.integers(0, 9)):
            listed = draw(st.lists(st.sampled_from([*names.split(), "x1"]), min_size=1, max_size=3))
            lines.append(f"a1.{kind} = {' '.join(listed)}")
        for name in names.split():
            connected = {"sources": "channels", "sinks": "channel", "sinkgroups": "sinks"}.get(kind)
            right = {"sources": "netcat", "channels": "memory", "sinks": "logger"}.get(kind)
            if right and draw(st.integers(0, 9)):
                lines.append(f"a1.{kind}.{name}.type = {right}")
            if connected and draw(st.integers(0, 9)):
                values = ["c1", "c2", "c1 c2"] if kind != "sinkgroups" else ["k1", "k2", "k1 k2"]
                lines.append(f"a1.{kind}.{name}.{connected} = {draw(st.sampled_from(values))}")
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from([*NAMES, "sink", "source"]))
        name, key = draw(st.sampled_from(WORDS)), draw(st.sampled_from(KEYS))
        value = " ".join(draw(st.lists(st.sampled_from(WORDS), max_size=2)))
        lines.append(f"{draw(st.sampled_from(['a1', 'a2', ' a1']))}.{kind}.{name}.{key} = {value}")
    return "\n".join(draw(st.permutations(lines))) + "\n"


@settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(text=confs())
def test_the_same_components_run(flume: Flume, text: str) -> None:
    answer = flume.ask("load", text)
    conf = conf_of(text)
    if answer == "died":
        assert starts_nothing(conf)
        return
    ours = alive(conf.agents["a1"]) if "a1" in conf.agents else None
    if answer == "none":
        assert not ours or not (ours["source"] or ours["sink"])
        return
    assert ours
    sources, channels, sinks, groups = (set(names.split()) for names in answer.split("|"))
    assert (ours["source"], ours["sink"]) == (sources, sinks)
    if not sinks_in_two_groups(conf):  # else the order of a hash table decides
        assert ours["sinkgroup"] == groups
    assert ours["channel"] <= channels  # those that nothing uses are removed later


CHANNELS = ["c1", "c2", "c3"]


@st.composite
def selectors(draw: st.DrawFn) -> str:
    """A source with a selector, and the headers of an event."""
    channels = draw(st.lists(st.sampled_from(CHANNELS), min_size=1, unique=True))
    lists = st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=2).map(" ".join)
    lines = [
        "a1.sources = r1",
        f"a1.channels = {' '.join(channels)}",
        f"a1.sources.r1.channels = {' '.join(channels)}",
        *(f"a1.channels.{name}.type = memory" for name in channels),
    ]
    keys = {
        "type": st.sampled_from(["multiplexing", "MULTIPLEXING", "replicating"]),
        "header": st.sampled_from(["kind", "other"]),
        "mapping.gift": lists,
        "mapping.order": lists,
        "optional.gift": lists,
        "default": lists,
    }
    for key, values in keys.items():
        if draw(st.integers(0, 3)):
            lines.append(f"a1.sources.r1.selector.{key} = {draw(values)}")
    for header in ("kind", "other", "flume.selector.header"):
        if draw(st.booleans()):
            lines.append(f"header.{header} = {draw(st.sampled_from(['gift', 'order', 'x']))}")
    return "\n".join(lines) + "\n"


@settings(deadline=None, max_examples=EXAMPLES)
@given(text=selectors())
def test_an_event_goes_into_the_same_channels(flume: Flume, text: str) -> None:
    answer = flume.ask("route", text)
    if answer == "died":  # a channel that the source does not have: a rule of its own
        return
    pairs = {each.key.text: each.value.text for each in parse(text).assignments}
    headers = {
        key.removeprefix("header."): value
        for key, value in pairs.items()
        if key.startswith("header.")
    }
    found = route(next(conf_of(text).components("source")), headers)
    required, optional = (set(names.split()) for names in answer.split("|"))

    assert (set(found.channels), set(found.optional)) == (required, optional)
