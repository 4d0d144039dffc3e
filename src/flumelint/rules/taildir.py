"""Rules about the TAILDIR source: which files it finds, and where it notes how far it has read."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from flumelint.findings import Report, Severity
from flumelint.guarantee import GROWING_LOG
from flumelint.model import SOURCE, Component, Conf
from flumelint.places import compiled, file_groups, normal, path_settings, place, truth
from flumelint.resolve import is_alive
from flumelint.rules.backslashes import SPOOL
from flumelint.rules.rule import BASE, changed, rule

POSITIONS = "~/.flume/taildir_position.json"  # the default
_IN_FOLDER = re.compile(r"[*?\[{(|]|\\[dws]|\.\+")
# A star behind a letter or at the start: a shell's pattern, no expression.
_GLOB = re.compile(r"^[*?]|(?<![.\])}\\*+?])(?<!\\[a-zA-Z])[*](?![*+?])")

TAIL = changed(
    BASE,
    ("type = netcat", "type = TAILDIR"),
    ("a1.sources.r1.bind = 127.0.0.1\n", "a1.sources.r1.positionFile = /var/lib/flume/app.json\n"),
    (
        "a1.sources.r1.port = 44444\n",
        "a1.sources.r1.filegroups = app\na1.sources.r1.filegroups.app = /var/log/app/.*log\n",
    ),
)


def _tails(conf: Conf) -> Iterator[Component]:
    for source in conf.components(SOURCE):
        if source.is_a("taildir", GROWING_LOG) and source.listed:
            yield source


@rule(
    "file-group-without-pattern",
    Severity.IDLE,
    summary="`filegroups` names a group that has no pattern",
    flume="Flume leaves the group out and logs nothing. If no group is left, the source fails with "
    "`Mapping for tailing files is empty or invalid`.",
    harm="The files of the group are never read.",
    wrong=changed(TAIL, ("filegroups = app", "filegroups = web")),
    right=TAIL,
)
def file_group_without_pattern(conf: Conf) -> Iterator[Report]:
    for source in _tails(conf):
        listed = source.get("filegroups")
        for name, span in listed.words() if listed else ():
            if name.startswith("#"):
                break  # a comment behind the list has a rule of its own
            if name not in file_groups(source) and "," not in name and "$" not in name:
                yield Report(
                    span,
                    f"the file group {name} has no pattern, so its files are never read",
                    f"write {source.prefix}filegroups.{name} = /folder/expression",
                    tuple(file_groups(source)),
                    severity=Severity.IGNORED if _has_a_group(source) else None,
                )


def _has_a_group(source: Component) -> bool:
    return bool(set(source.text("filegroups").split()) & set(file_groups(source)))


@rule(
    "file-group-not-listed",
    Severity.IGNORED,
    summary="a file group has a pattern, but `filegroups` does not name it",
    flume="Flume reads only the groups that `filegroups` names; it logs nothing about the others.",
    harm="The files of the group are never read.",
    wrong=TAIL + "\na1.sources.r1.filegroups.web = /var/log/web/.*log\n",
    right=changed(TAIL, ("filegroups = app", "filegroups = app web"))
    + "\na1.sources.r1.filegroups.web = /var/log/web/.*log\n",
)
def file_group_not_listed(conf: Conf) -> Iterator[Report]:
    for source in _tails(conf):
        listed = source.get("filegroups")
        if not listed or not listed.known:
            continue
        names = listed.value.split()
        for name, setting in file_groups(source).items():
            if name not in names:
                yield Report(
                    setting.rest_span,
                    f"filegroups does not name {name}, so its files are never read",
                    f"write {source.prefix}filegroups = {' '.join([*names, name])}",
                    related=(listed.span, "the list of file groups"),
                )


@rule(
    "folder-pattern",
    Severity.IDLE,
    summary="a file group has a pattern in the folder's name",
    flume="Only the part behind the last `/` is an expression. Flume takes the folder's name as it "
    "is written, does not find it, and does not start the source: `Directory does not exist`.",
    harm="Nothing is read, and Flume tries again every few seconds without end.",
    wrong=changed(TAIL, ("/var/log/app/.*log", "/var/log/.*/app.log")),
    right=changed(TAIL, ("/var/log/app/.*log", "/var/log/app/app.log")),
)
def folder_pattern(conf: Conf) -> Iterator[Report]:
    for source in _tails(conf):
        for setting in file_groups(source).values():
            folder, slash, _ = setting.value.rpartition("/")
            found = _IN_FOLDER.search(folder)
            if found and setting.known:
                yield Report(
                    setting.span,
                    f"`{found[0]}` stands in the folder's name, which Flume takes literally",
                    "name one folder for each file group; only the file's name is an expression",
                )
            elif not slash and setting.known:
                yield Report(
                    setting.span,
                    "the pattern has no folder, and Flume fails without one",
                    "write the folder's whole path before the expression",
                )


@rule(
    "glob-for-regex",
    Severity.RISKY,
    summary="a shell's pattern stands where Flume wants a regular expression",
    flume="The value is a regular expression that has to match the whole name. With a `*` at its "
    "start the source fails with PatternSyntaxException. Elsewhere a `*` repeats the character "
    "before it: `app.log*` matches `app.lo` and `app.logg`, but not `app.log.1`.",
    harm="Files that are meant are not read, or files are read that should be left alone.",
    wrong=changed(TAIL, ("/var/log/app/.*log", "/var/log/app/*.log")),
    right=changed(TAIL, ("/var/log/app/.*log", "/var/log/app/.*\\\\.log")),
)
def glob_for_regex(conf: Conf) -> Iterator[Report]:
    for source in conf.components(SOURCE):
        keys = [source.get(key) for key in ("ignorePattern", "includePattern")]
        spools = source.is_a("spooldir")
        patterns = [each for each in keys if each] if spools else []
        if source.is_a("taildir", GROWING_LOG):
            patterns += file_groups(source).values()
        for setting in patterns:
            name = setting.value if spools else setting.value.rpartition("/")[2]
            found = _GLOB.search(name)
            if not found:
                continue
            fails = found.start() == 0
            yield Report(
                setting.span,
                f"`{name}` is a shell's pattern; as an expression it "
                + ("is invalid, and the source fails" if fails else "matches other names"),
                f"write an expression, such as {_as_regex(name)}",
                severity=Severity.IDLE if fails else None,
            )


def _as_regex(glob: str) -> str:
    dots = re.sub(r"(?<!\\)\.", r"\\\\.", glob)
    return dots.replace("*", ".*")


@rule(
    "position-file-in-group",
    Severity.STYLE,
    summary="a TAILDIR source reads its own position file",
    flume="The source follows the file that it writes every three seconds (writePosInterval). The "
    "file has no line end, so it becomes an event only when it has not changed for idleTimeout, by "
    "default 120 seconds. Flume logs nothing.",
    harm="With an idleTimeout that is shorter than writePosInterval, events arrive that nobody "
    "wrote, without end.",
    wrong=changed(
        TAIL,
        (
            "/var/lib/flume/app.json\n",
            "/var/log/app/positions.log\na1.sources.r1.idleTimeout = 1000\n",
        ),
    ),
    right=TAIL,
)
def position_file_in_group(conf: Conf) -> Iterator[Report]:
    for source in _tails(conf):
        file = place(source, "positionFile")
        if not file:
            continue
        for name, setting in file_groups(source).items():
            folder, pattern = posixpath.split(setting.value)
            expression = compiled(pattern)
            if not setting.known or normal(folder) != posixpath.dirname(file.path):
                continue
            if expression and expression.fullmatch(posixpath.basename(file.path)):
                yield Report(
                    file.setting.span,
                    f"the file group {name} matches the position file, so it is read as well",
                    "put positionFile into another folder",
                    related=(setting.span, f"the pattern of {name}"),
                    severity=Severity.RISKY if _is_idle_between_notes(source) else None,
                )


def _is_idle_between_notes(source: Component) -> bool:
    idle, interval = source.number("idleTimeout", 120_000), source.number("writePosInterval", 3000)
    return idle is not None and interval is not None and idle < interval


@rule(
    "position-file-shared",
    Severity.RISKY,
    summary="two TAILDIR sources of an agent have the same position file",
    flume="Each source writes the whole file with only its own positions. "
    f"Without `positionFile` it is {POSITIONS}. Flume logs nothing.",
    harm="After a restart, the source that did not write last has lost its positions: it reads its "
    "files from the start again, or, with `skipToEnd`, leaves out what came meanwhile.",
    wrong=changed(TAIL, ("a1.sources = r1", "a1.sources = r1 r2"))
    + "\na1.sources.r2.type = TAILDIR\na1.sources.r2.channels = c1\n"
    "a1.sources.r2.positionFile = /var/lib/flume/app.json\n"
    "a1.sources.r2.filegroups = web\na1.sources.r2.filegroups.web = /var/log/web/.*log\n",
    right=changed(TAIL, ("a1.sources = r1", "a1.sources = r1 r2"))
    + "\na1.sources.r2.type = TAILDIR\na1.sources.r2.channels = c1\n"
    "a1.sources.r2.positionFile = /var/lib/flume/web.json\n"
    "a1.sources.r2.filegroups = web\na1.sources.r2.filegroups.web = /var/log/web/.*log\n",
)
def position_file_shared(conf: Conf) -> Iterator[Report]:
    for agent in conf.agents.values():
        first: dict[str, Component] = {}
        for source in agent.sources.values():
            setting = source.get("positionFile")
            if (
                not is_alive(source)
                or not source.is_a("taildir", GROWING_LOG)
                or (setting and not setting.known)
            ):
                continue
            path = normal(setting.value) if setting else POSITIONS
            other = first.setdefault(path, source)
            if other is not source:
                skips = truth(source, "skipToEnd") or truth(other, "skipToEnd")
                yield Report(
                    setting.span if setting else source.place,
                    f"{other} has the same position file, {path}; each overwrites the other's",
                    f"give {source} a positionFile of its own",
                    related=(other.place, str(other)),
                    severity=Severity.LOSES_DATA if skips else None,
                )


@rule(
    "tilde-in-path",
    Severity.RISKY,
    summary="a path begins with `~`, which only a shell replaces",
    flume="Flume takes `~` as the name of a folder in the folder it was started in. A source does "
    "not start: `Directory does not exist`. A file channel makes a folder `~`.",
    harm="The files are not read, or are written where nobody looks for them.",
    wrong=changed(SPOOL, ("/var/spool/flume", "~/spool")),
    right=SPOOL,
)
def tilde_in_path(conf: Conf) -> Iterator[Report]:
    for component in conf.components():
        for setting in path_settings(component):
            for found in re.finditer(r"(?:^|(?<=,))\s*(~)(?=/|$)", setting.assignment.value.text):
                reads = setting.rest.startswith(("spoolDir", "filegroups"))
                yield Report(
                    setting.part(found.span(1)),
                    "Flume does not replace `~` by the home folder",
                    "write the whole path, or ${env:HOME}",
                    severity=Severity.IDLE if reads and is_alive(component) else None,
                )
