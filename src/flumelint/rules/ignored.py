"""Rules about lines that Flume reads and throws away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flumelint.findings import Edit, Report, Severity
from flumelint.model import KINDS, Conf, Ignored, is_needed
from flumelint.names import nearest
from flumelint.properties import Span
from flumelint.rules.rule import BASE, changed, rule

_SEPARATOR = re.compile(r"[=:]")
PLURALS = {kind: f"{kind}s" for kind in KINDS}


def is_flume(conf: Conf) -> bool:
    """Whether the file has an agent at all; other property files are no business of ours."""
    return any(agent.lists for agent in conf.agents.values())


def is_prose(conf: Conf, ignored: Ignored) -> bool:
    """Whether an ignored line was never meant as an assignment."""
    raw = conf.document.raw(ignored.assignment.span)
    return not _SEPARATOR.search(raw) or not re.match(r"[\w.$\\-]+\s*[=:]", raw)


@rule(
    "no-agent",
    Severity.IDLE,
    whole=True,
    summary="the file configures no agent",
    flume="Flume logs `No configuration found for this host:a1` and runs on with nothing to do.",
    harm="The agent stays up and does nothing, whatever its name is.",
    wrong="sources = r1\nchannels = c1\nsinks = k1\n",
    right=BASE,
)
def no_agent(conf: Conf) -> Iterator[Report]:
    if not is_flume(conf) and not conf.agents:
        yield Report(
            Span(0, len(conf.document.line(1)) if conf.document.text else 0),
            "the file configures no agent",
            "begin each key with the agent's name: a1.sources = r1",
        )


@rule(
    "prose-line",
    Severity.IGNORED,
    summary="a line of prose has no # before it",
    flume="Java takes the first word for a key and the rest for its value, and Flume logs "
    "`Configuration property ignored`. A backslash at its end joins the next line to it.",
    harm="A reader takes the line for a comment, and Flume for a setting. If its first word looks "
    "like a key, the line sets something.",
    wrong=changed(BASE, ("a1.channels.c1.type", "The channel holds events\na1.channels.c1.type")),
    right=changed(BASE, ("a1.channels.c1.type", "# The channel holds events\na1.channels.c1.type")),
)
def prose_line(conf: Conf) -> Iterator[Report]:
    if not is_flume(conf):
        return
    for block in _blocks(conf):
        count = len(block)
        yield Report(
            block[0],
            "this line is neither an assignment nor a comment"
            if count == 1
            else f"these {count} lines are neither assignments nor comments",
            "put # before it" if count == 1 else "put # before each",
            fix=_hashes(conf, block),
        )


def _blocks(conf: Conf) -> Iterator[list[Span]]:
    """Yield the lines of prose; those that follow each other together."""
    block: list[Span] = []
    last = 0
    for ignored in conf.ignored:
        prose = ignored.reason != "value" and is_prose(conf, ignored)
        if not prose and not _is_bare_word(conf, ignored):
            continue
        span = ignored.assignment.span
        first, _ = conf.document.position(span.start)
        if block and first > last + 1:
            yield block
            block = []
        block.append(span)
        last, _ = conf.document.position(span.end)
    if block:
        yield block


def _hashes(conf: Conf, block: list[Span]) -> tuple[Edit, ...]:
    """Return the edits that put a # before each line; none if a line goes on in the next one."""
    if any(set(conf.document.raw(span)) & {"\n", "\r"} for span in block):
        return ()
    return tuple(Edit(Span(span.start, span.start), "# ") for span in block)


def _is_bare_word(conf: Conf, ignored: Ignored) -> bool:
    raw = conf.document.raw(ignored.assignment.span)
    return ignored.reason == "value" and not _SEPARATOR.search(raw) and "." not in raw.strip(".")


@rule(
    "empty-value",
    Severity.IGNORED,
    summary="a key has no value",
    flume="Flume logs `Configuration property ignored: a1.channels.c1.capacity =` and uses the "
    "default.",
    harm="The key looks set, or emptied, and is neither.",
    wrong=changed(BASE, ("capacity = 1000", "capacity =")),
    right=BASE,
)
def empty_value(conf: Conf) -> Iterator[Report]:
    if not is_flume(conf):
        return
    for ignored in conf.ignored:
        if ignored.reason == "value" and not _is_bare_word(conf, ignored):
            key = ignored.assignment.key
            yield Report(
                key.span,
                f"{key.text.strip()} has no value, so Flume ignores the line",
                "write a value, or delete the line",
            )


@rule(
    "key-without-agent",
    Severity.IGNORED,
    summary="a key does not begin with an agent's name",
    flume="Flume logs `Configuration property ignored: capacity = 5`.",
    harm="The agent lacks the setting; a list that is lost this way stops all of it.",
    wrong=changed(BASE, ("a1.sinks.k1.type", "capacity = 5\na1.sinks.k1.type")),
    right=BASE,
)
def key_without_agent(conf: Conf) -> Iterator[Report]:
    if not is_flume(conf):
        return
    agents = [agent.name for agent in conf.agents.values() if agent.lists]
    for ignored in conf.ignored:
        if ignored.reason in ("agent", "key") and not is_prose(conf, ignored):
            key = ignored.assignment.key
            yield Report(
                key.span,
                f"the key {key.text.strip() or 'is empty'} has no agent's name before it, so Flume "
                "ignores the line",
                f"write {agents[0]}.{key.text.strip('. ')}"
                if len(agents) == 1
                else "begin the key with the agent's name",
                tuple(f"{name}." for name in agents),
            )


@rule(
    "singular-kind",
    Severity.IDLE,
    summary="a key says source, channel or sink where Flume wants the plural",
    flume="Flume logs `Invalid property specified: sink.k1.channel` and `Configuration property "
    "ignored`.",
    harm="The component lacks the setting, or the agent lacks the whole list.",
    wrong=changed(BASE, ("a1.sinks.k1.channel", "a1.sink.k1.channel")),
    right=BASE,
)
def singular_kind(conf: Conf) -> Iterator[Report]:
    for ignored, agent, word, span in _unknown_kinds(conf):
        if word in PLURALS:
            behind = ignored.assignment.key.text.strip().removeprefix(f"{agent}.{word}")
            right = f"{agent}.{PLURALS[word]}{behind}"
            yield Report(
                span,
                f"Flume knows no `{word}` of an agent, so it ignores the line",
                f"write {right}",
                fix=(Edit(span, PLURALS[word]),),
                severity=None if is_needed(right) else Severity.IGNORED,
            )


@rule(
    "no-such-property",
    Severity.IGNORED,
    summary="a key is neither a list of an agent nor a setting of a component",
    flume="Flume logs `Invalid property specified: sinkgroups.sinks` and `Configuration property "
    "ignored`.",
    harm="What the line was to set is not set.",
    wrong=BASE + "a1.sinkgroups.sinks = k1\n",
    right=BASE,
)
def no_such_property(conf: Conf) -> Iterator[Report]:
    plurals = list(PLURALS.values())
    agents = [agent.name for agent in conf.agents.values() if agent.lists]
    for ignored, agent, word, span in _unknown_kinds(conf):
        if word in PLURALS:
            continue
        if word in plurals:
            yield _without_rest(ignored, agent, word)
            continue
        if agent in plurals and len(agents) == 1:
            yield _without_agent(ignored, agents[0])
            continue
        near = nearest(word, plurals)
        yield Report(
            span,
            f"Flume knows no `{word}` of an agent, so it ignores the line",
            f"write {agent}.{near}" if near else "delete the line, or put # before it",
            tuple(plurals),
        )


def _without_agent(ignored: Ignored, agent: str) -> Report:
    """Report a key that begins with a kind: ``sinks.k1.type``."""
    key = ignored.assignment.key
    return Report(
        key.span,
        f"{key.text.strip()} has no agent's name before it, so Flume ignores the line",
        f"write {agent}.{key.text.strip()}",
    )


def _without_rest(ignored: Ignored, agent: str, word: str) -> Report:
    """Report a key that ends behind the component's name: ``a1.sinkgroups.sinks``."""
    key = ignored.assignment.key
    if word == "sinkgroups":
        remedy = f"name the group: {agent}.sinkgroups = g1 and {agent}.sinkgroups.g1.sinks = …"
    else:
        remedy = f"name a setting: {key.text.strip()}.type = …"
    return Report(
        key.span, f"{key.text.strip()} names no setting, so Flume ignores the line", remedy
    )


def _unknown_kinds(conf: Conf) -> Iterator[tuple[Ignored, str, str, Span]]:
    """Yield ignored assignments with their agent, the word behind it, and the word's place."""
    if not conf.agents:
        return
    for ignored in conf.ignored:
        if ignored.reason != "kind" or is_prose(conf, ignored):
            continue
        key = ignored.assignment.key
        agent, _, rest = key.text.strip().partition(".")
        word = rest.split(".")[0]
        start = key.text.index(agent) + len(agent) + 1
        yield ignored, agent, word, key.part(start, start + len(word))
