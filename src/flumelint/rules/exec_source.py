"""Rules about the exec source: what its command needs a shell for, and what it loses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flumelint.findings import Report, Severity
from flumelint.model import SOURCE, Component, Conf, Setting
from flumelint.places import truth
from flumelint.resolve import is_alive
from flumelint.rules.rule import BASE, changed, rule

_SHELLS = re.compile(r"(?:\S*/)?(?:ba|da|k|z|c)?sh")
_OPERATOR = re.compile(
    r"(?:^|\s)(\|\|?|&&|\d?>>?(?:&\d)?\S*|<|;)(?=\s|$)|(?<=\S)(;)(?=\s|$)|(\$\(|`)"
)
_PIPED = re.compile(r"(?:^|\s)(\|[\w/])")
_GLOB = re.compile(r"(?:^|(?<=\s))(?=\S*/)(?![^\s*]*[=?&])([^\s'\"*]*[*][^\s'\"]*)(?=\s|$)")
_VARIABLE = re.compile(r"(?:^|[\s/=])(\$\w+|~(?=/|\s|$))")
_QUOTE = re.compile(r"(?:^|\s)['\"]")
_ENDS = re.compile(r"(?:sudo\s+)?(?:\S*/)?(cat|head|ls|echo|grep|sort|wc|seq|printf)\b")
_TAIL = re.compile(r"(?:sudo\s+)?(?:\S*/)?tail\s+(?P<options>(?:-\S+\s+|[+\d]\S*\s+)*)")

EXEC = changed(
    BASE,
    ("type = netcat", "type = exec"),
    (
        "a1.sources.r1.bind = 127.0.0.1\na1.sources.r1.port = 44444\n",
        "a1.sources.r1.command = journalctl --follow\na1.sources.r1.restart = true\n",
    ),
)
_COMMAND = "journalctl --follow"
_TAILDIR = changed(
    EXEC,
    ("type = exec", "type = TAILDIR"),
    (
        f"a1.sources.r1.command = {_COMMAND}\na1.sources.r1.restart = true\n",
        "a1.sources.r1.positionFile = /var/lib/flume/app.json\n"
        "a1.sources.r1.filegroups = app\na1.sources.r1.filegroups.app = /var/log/app.log\n",
    ),
)


def _commands(conf: Conf) -> Iterator[tuple[Component, Setting]]:
    for source in conf.components(SOURCE):
        command = source.get("command")
        if source.is_a("exec") and command and is_alive(source):
            yield source, command


@rule(
    "shell-syntax-without-shell",
    Severity.RISKY,
    summary="an exec source's command needs a shell and has none",
    flume="Without `shell`, Flume splits the command at white space and starts the first word. "
    "Pipes, redirections, quotes, `*`, `~` and `$NAME` reach the program as they are written: "
    "with `tail` before a pipe, `|`, `grep` and `error` are files to follow, too. If the program "
    "ends, Flume tells its exit code at INFO.",
    harm="Events are not filtered, lines such as `==> log <==` come as events, or nothing comes.",
    wrong=changed(EXEC, (_COMMAND, "cat /data/list | grep two")),
    right=changed(EXEC, (_COMMAND, "cat /data/list | grep two\na1.sources.r1.shell = /bin/sh -c")),
)
def shell_syntax_without_shell(conf: Conf) -> Iterator[Report]:
    for source, command in _commands(conf):
        if source.get("shell"):
            continue
        text = command.assignment.value.text
        program, _, rest = command.value.partition(" ")
        if _SHELLS.fullmatch(program) and re.match(r"\s*-\w*c\s+['\"]", rest):
            yield Report(
                command.span,
                "Flume splits the command at white space, also between quotes, so the shell gets "
                "only the first word",
                f"write {source.prefix}shell = {program} -c, and the command without {program} -c "
                "and quotes",
                severity=Severity.IDLE,
            )
            continue
        found = _first(text, command)
        if found:
            what, start, end, severity = found
            yield Report(
                command.part((start, end)),
                f"{what} needs a shell, and Flume starts none",
                f"write {source.prefix}shell = /bin/sh -c",
                severity=severity,
            )


def _first(text: str, command: Setting) -> tuple[str, int, int, Severity | None] | None:
    """Return what needs a shell, where, and what it costs."""
    for pattern, severity in (
        (_OPERATOR, None),
        (_PIPED, None),
        (_GLOB, Severity.IDLE),
        (_VARIABLE, Severity.IDLE),
        (_QUOTE, None),
    ):
        found = pattern.search(text)
        if found and command.known:
            group = next((i for i in range(1, (found.lastindex or 0) + 1) if found[i]), 0)
            what = found[group].strip()
            return f"`{what}`", found.start(group), found.end(group), severity
    return None


def _has_option(tail: re.Match[str] | None, pattern: str) -> bool:
    """Whether a match of `_TAIL` has an option that a pattern describes."""
    return any(re.fullmatch(pattern, each) for each in (tail["options"].split() if tail else []))


@rule(
    "tail-stops-at-rotation",
    Severity.RISKY,
    summary="`tail -f` keeps reading a file that has been rotated away",
    flume="Flume only sees that the command still runs. With -f, tail follows the open file, not "
    "its name: after a rotation nothing arrives any more, and nothing is logged.",
    harm="From the first rotation on, all lines are missing.",
    wrong=changed(EXEC, (_COMMAND, "tail -f /var/log/app.log")),
    right=_TAILDIR,
)
def tail_stops_at_rotation(conf: Conf) -> Iterator[Report]:
    for source, command in _commands(conf):
        text = command.assignment.value.text
        found = _TAIL.match(text.lstrip()) if not source.get("shell") else _TAIL.search(text)
        if _has_option(found, r"-\w*f|--follow|--follow=descriptor"):
            yield Report(
                command.span,
                "`tail -f` does not follow the file's name, so a rotation ends it in silence",
                "use type = TAILDIR, or at least `tail -F`",
            )


@rule(
    "tail-without-position",
    Severity.RISKY,
    summary="an exec source tails a file and does not remember how far it has read",
    flume="The exec source keeps no position. Each start of the agent, and each restart of the "
    "command, begins at the last ten lines of the file.",
    harm="Lines that are written while the agent is down are lost, and ten lines come twice. When "
    "the channel is full, lines are lost, too.",
    wrong=changed(EXEC, (_COMMAND, "tail -F /var/log/app.log")),
    right=_TAILDIR,
)
def tail_without_position(conf: Conf) -> Iterator[Report]:
    for _, command in _commands(conf):
        found = _TAIL.match(command.assignment.value.text.lstrip())
        if _has_option(found, r"-\w*F|--follow=name"):
            yield Report(
                command.span,
                "the source forgets its position; a restart loses lines and repeats others",
                "use type = TAILDIR, which notes its position in a file",
            )


@rule(
    "command-ends",
    Severity.RISKY,
    summary="an exec source's command ends by itself",
    flume="When the command ends, Flume logs `Command [cat /data/list] exited with` 0 or 143 at "
    "INFO. The source stays, looks alive, and never runs the command again.",
    harm="What is written to the file later never arrives.",
    wrong=changed(EXEC, (f"{_COMMAND}\na1.sources.r1.restart = true\n", "cat /data/list\n")),
    right=EXEC,
)
def command_ends(conf: Conf) -> Iterator[Report]:
    for source, command in _commands(conf):
        found = _ENDS.match(command.value)
        if found and not truth(source, "restart") and not re.search(r"\btail\b", command.value):
            yield Report(
                command.span,
                f"`{found[1]}` ends, and then the source does nothing any more",
                f"write {source.prefix}restart = true to run it again, or use type = TAILDIR",
            )
