"""The command line. Commands parse, ask the runtime, and print; other modules do the work."""

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

import unpacked
from flumelab import (
    conf_check,
    doctor,
    lab_signs,
    ledger_table,
    lesson_run,
    settings,
    terminal_output,
)
from flumelab.errors import LabError
from flumelab.learn.command import learn
from flumelab.lessons import catalogue
from flumelab.live_commands import JsonOption, LinkOption, RuntimeOption, hint, live
from flumelab.own import command as own_command
from flumelab.own import labs
from flumelab.own.labs import StayingLab
from flumelab.runtimes import local_build
from flumelab.runtimes.choice import RuntimeName, choose
from flumelab.runtimes.runtime import Runtime
from flumelab.waiting import show_until_balanced, wait_until_settled

cli = typer.Typer(
    name="flumelab",
    help="A lab in which Apache Flume feeds Apache Spark, and every line is counted once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
cli.registered_commands += live.registered_commands
cli.add_typer(learn)

LessonOption = Annotated[str, typer.Option(help=f"The lesson: {', '.join(catalogue.LAB_LESSONS)}.")]
LinesOption = Annotated[
    int | None,
    typer.Option(min=0, help="Lines to send (default: 10,000, or all of a replayed file)."),
]
RateOption = Annotated[float, typer.Option(min=0, help="Lines a second; 0: as fast as possible.")]
SeedOption = Annotated[int, typer.Option(help="The same seed gives the same lines.")]
ReplayOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Send this log unchanged; .gz, .bz2, .xz and .zst are unpacked."
    ),
]
RotateEveryOption = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="In growing-log: begin a new log after N lines."),
]
RotateByOption = Annotated[
    str | None, typer.Option(metavar="rename|copy|name", help="… and how (default: name).")
]
NamesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="LESSON…|PROGRAM [-- ARGUMENT…]",
        help="Names that flumelab lessons lists, or a program of your own.",
    ),
]
ProgramArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PROGRAM [-- ARGUMENT…]]", help="A program of your own (….py)."),
]
MalformedOption = Annotated[
    float,
    typer.Option(min=0, max=1, metavar="FRACTION", help="Make this part of the lines malformed."),
]
# Options for the user's own program.
ConfOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Your Flume configuration.")]
AgentOption = Annotated[str | None, typer.Option(help="The conf's agent (default: the only one).")]
LogOption = Annotated[
    Path | None,
    typer.Option("--input", metavar="FILE|FOLDER", help="Your log, also .gz, .bz2, .xz, .zst."),
]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="PATH=FOLDER", help="Use FOLDER for a PATH in your files."),
]
SubmitOption = Annotated[
    list[str] | None, typer.Option("--submit-arg", help="One more argument of spark-submit.")
]
RequirementsOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Packages that your program imports.")
]
FlumeJarOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--flume-jar", metavar="FILE|FOLDER", help="One more jar for Flume, or a folder of jars."
    ),
]
CountOption = Annotated[
    str | None,
    typer.Option(metavar="REGEX", help="Count your log by this, and compare the output."),
]


@cli.command()
def build(runtime: RuntimeOption = RuntimeName.auto) -> None:
    """Build the jars or images that the lab needs. up does this if needed."""
    chosen = _runtime(runtime)
    _require_ready(chosen, ports=False)
    chosen.build(_report)


@cli.command()
def up(
    program: ProgramArgument = None,
    lesson: LessonOption = catalogue.DEFAULT,
    conf: ConfOption = None,
    agent: AgentOption = None,
    log: LogOption = None,
    mapped: MapOption = None,
    submit: SubmitOption = None,
    requirements: RequirementsOption = None,
    flume_jars: FlumeJarOption = None,
    runtime: RuntimeOption = RuntimeName.auto,
    link: LinkOption = False,
) -> None:
    """Start the lab and wait until it is ready: a lesson's, or one of your own files.

    A lesson's lab is not fed. Your own program starts with your conf, your log is sent if you give
    one, and both stay up; flumelab status, feed, ledger, logs and down then work on them.
    """
    if program:
        wish = own_command.wish_of(
            program, conf, agent, log, mapped, submit, requirements, flume_jars
        )
        own_command.up(wish, runtime, _report)
        return
    if conf or agent or log or mapped or submit or requirements or flume_jars:
        raise LabError("--conf and the like need a program of yours; name it: flumelab up my.py")
    if _own(runtime):
        raise LabError("a lab of your own files is up; run flumelab down first")
    _up(choose(runtime, replace(settings.load(), link=link)), lesson)


@cli.command()
def down(runtime: RuntimeOption = RuntimeName.auto) -> None:
    """Stop the lab; its state stays."""
    if lab := _own(runtime):
        raise typer.Exit(lab.down())
    _runtime(runtime).down(_report)


@cli.command()
def status(runtime: RuntimeOption = RuntimeName.auto, as_json: JsonOption = False) -> None:
    """Show every service, and what is stuck, since when, why, and what to do.

    The exit code is 1 if the lab is not up, or if lines do not move or are lost.
    """
    if lab := _own(runtime):
        raise typer.Exit(lab.status(as_json))
    chosen = _runtime(runtime)
    services = chosen.services()
    signs = lab_signs.of(chosen, lab_signs.hops_of(chosen)) if services else []
    if as_json:
        _print_json(
            {
                "runtime": chosen.name,
                "services": [vars(s) for s in services],
                "signs": [sign.as_json() for sign in signs],
            }
        )
    elif services:
        terminal_output.with_signs(terminal_output.services(services), signs)
    else:
        print("The lab is down; flumelab up starts it.")
    up = services and all(service.state == "running" for service in services)
    raise typer.Exit(0 if up and not lab_signs.stop_lines(signs) else 1)


@cli.command()
def feed(
    lines: LinesOption = None,
    rate: RateOption = 0,
    seed: SeedOption = 1,
    replay: ReplayOption = None,
    rotate_every: RotateEveryOption = None,
    rotate_by: RotateByOption = None,
    runtime: RuntimeOption = RuntimeName.auto,
) -> None:
    """Send more lines into the running lab."""
    if lab := _own(runtime):
        if not replay or lines is not None or rate:
            raise LabError(
                "a lab of your own files takes whole logs only; give --replay FILE, without "
                "--lines and --rate"
            )
        raise typer.Exit(lab.feed(replay))
    chosen = _runtime(runtime)
    _require_up(chosen)
    rotation = ["--rotate-every", str(rotate_every)] if rotate_every else []
    rotation += ["--rotate-by", rotate_by] if rotate_by else []
    raise typer.Exit(_feed(chosen, lines, rate, seed, replay, rotation))


@cli.command()
def counts(
    runtime: RuntimeOption = RuntimeName.auto,
    as_json: JsonOption = False,
    top: Annotated[int, typer.Option(min=1, help="URLs to show.")] = 20,
) -> None:
    """Show what Spark has counted."""
    if _own(runtime):
        raise LabError(
            "your own program writes into no result store; flumelab logs program shows its output"
        )
    counted = _runtime(runtime).counts()
    if as_json:
        _print_json({"urls": counted.totals, "malformed": counted.malformed})
    else:
        terminal_output.console().print(terminal_output.counts(counted, top))


@cli.command()
def ledger(
    runtime: RuntimeOption = RuntimeName.auto,
    as_json: JsonOption = False,
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Wait until they balance.")
    ] = 0,
) -> None:
    """Show how many lines each hop has, whether any was lost or counted twice, and why.

    The exit code is 0 if they balance, and 1 if not. In a lab of your own files the hops are
    compared with each other, as no generator knows the truth.
    """
    if lab := _own(runtime):
        raise typer.Exit(lab.ledger(as_json, wait))
    chosen = _runtime(runtime)
    result = wait_until_settled(chosen, wait)
    signs = lab_signs.of(chosen, result.hops)
    if as_json:
        _print_json(result.as_json() | {"signs": [sign.as_json() for sign in signs]})
    else:
        terminal_output.with_signs(ledger_table.verdict(result), signs)
    raise typer.Exit(0 if result.balanced else 1)


@cli.command()
def logs(
    service: Annotated[str | None, typer.Argument(help="One service (default: all).")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep printing as the logs grow.")
    ] = False,
    runtime: RuntimeOption = RuntimeName.auto,
) -> None:
    """Print the services' logs."""
    if lab := _own(runtime):
        raise typer.Exit(lab.print_logs(service, follow))
    _runtime(runtime).print_logs(service, follow)


@cli.command("doctor")
def examine(
    runtime: RuntimeOption = RuntimeName.auto, conf: ConfOption = None, as_json: JsonOption = False
) -> None:
    """Show what this machine lacks, and how to install it; of a running lab, what is stuck.

    The lab's confs are checked, too, or with --conf your own; flumelint tells more.
    """
    chosen = _runtime(runtime)
    services = chosen.services()
    ports = not (services or _own(runtime))
    checks = doctor.examine(chosen.name, settings.load(), ports)
    checks += doctor.of_confs([conf] if conf else conf_check.of_the_lab(settings.load().root))
    signs = lab_signs.of(chosen, lab_signs.hops_of(chosen)) if services else []
    ok = all(check.ok for check in checks) and not lab_signs.stop_lines(signs)
    if as_json:
        _print_json(
            {
                "runtime": chosen.name,
                "ok": ok,
                "checks": [check.as_json() for check in checks],
                "signs": [sign.as_json() for sign in signs],
            }
        )
    else:
        print(f"runtime: {chosen.name}")
        terminal_output.with_signs(terminal_output.checks(checks), signs)
    raise typer.Exit(0 if ok else 1)


@cli.command("lessons")
def list_lessons(as_json: JsonOption = False) -> None:
    """List the lessons."""
    lessons = list(catalogue.LESSONS.values())
    if as_json:
        _print_json([{"name": lesson.name, "shows": lesson.shows} for lesson in lessons])
    else:
        terminal_output.console().print(terminal_output.lessons(lessons))


@cli.command()
def run(
    names: NamesArgument,
    lines: Annotated[int, typer.Option(min=1, help="Lines to send into a lesson.")] = 10_000,
    rate: RateOption = 2_000,
    seed: SeedOption = 1,
    malformed: MalformedOption = 0,
    conf: ConfOption = None,
    agent: AgentOption = None,
    log: LogOption = None,
    mapped: MapOption = None,
    submit: SubmitOption = None,
    requirements: RequirementsOption = None,
    flume_jars: FlumeJarOption = None,
    count: CountOption = None,
    runtime: RuntimeOption = RuntimeName.auto,
    as_json: JsonOption = False,
) -> None:
    """Run lessons, or a program of your own, and check the numbers.

    A lesson is compared with the generator's numbers, key by key. Your own program runs unchanged,
    with your conf and your log, and the lines at each hop are compared. Each run has its own lab,
    which starts empty. The exit code is 0 if everything is right, and 1 if not. --json prints a
    list, or, for one lesson, its result alone.
    """
    if names[0].endswith(".py"):
        wish = own_command.wish_of(
            names, conf, agent, log, mapped, submit, requirements, flume_jars
        )
        raise typer.Exit(own_command.run(wish, count, runtime, as_json, _report))
    if conf or agent or log or mapped or submit or requirements or flume_jars or count:
        raise LabError(
            f"{names[0]} is a lesson, with a conf and a log of its own; name a program (….py) to "
            "use yours"
        )
    lessons = [catalogue.find(name) for name in names]
    chosen = choose(runtime, lesson_run.settings_of_runs(settings.load()))
    _require_ready(chosen, ports=not chosen.services())
    feed = ["--lines", str(lines), "--rate", str(rate), "--seed", str(seed)]
    feed += ["--malformed", str(malformed)]
    results = []
    for result in lesson_run.run(chosen, lessons, feed, _report):
        results.append(result)
        if not as_json:
            terminal_output.console().print(
                f"{result.lesson.name}:", terminal_output.result(result)
            )
    if as_json:
        printed = [result.as_json() for result in results]
        _print_json(printed if len(printed) > 1 else printed[0])
    raise typer.Exit(0 if all(result.right for result in results) else 1)


@cli.command(
    "flume-ng",
    context_settings={
        "allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": [],
    },
)  # fmt: skip
def flume_ng(context: typer.Context) -> None:
    """Run Flume's own command with the lab's Flume, e.g. flume-ng agent -n a1 -f my.conf."""
    configured = settings.load()
    if not settings.is_image():
        local_build.build(configured.root, (), _report)
    command = local_build.flume_home(configured.root) / "bin/flume-ng"
    os.execv(command, [str(command), *context.args])  # noqa: S606 - a list, without a shell


@cli.command()
def demo(
    lesson: LessonOption = catalogue.DEFAULT,
    lines: LinesOption = None,
    runtime: RuntimeOption = RuntimeName.auto,
) -> None:
    """Start the lab, feed it, and show the counts and the verdict (make lab)."""
    started = time.time()
    chosen = _runtime(runtime)
    if _own(runtime):
        raise LabError("a lab of your own files is up; run flumelab down first")
    _up(chosen, lesson)
    if code := _feed(chosen, lines, rate=0, seed=1, replay=None):
        raise typer.Exit(code)
    show_until_balanced(chosen, catalogue.find(lesson))
    result = wait_until_settled(chosen, 5)
    console = terminal_output.console()
    console.print()
    console.print(ledger_table.verdict(result))
    print(f"\n{_duration(started)}. The lab is still running; try next:")
    print("  .venv/bin/flumelab feed --lines 200000   send more")
    print("  .venv/bin/flumelab ledger --wait 60      and see whether it balances")
    print(f"  .venv/bin/flumelab logs -f {lesson}    the top ten of every second")
    print("  make down                                stop it; the state stays")
    print(f"  {hint(chosen.name)}")
    raise typer.Exit(0 if result.balanced else 1)


def flume_ng_script() -> None:
    """The console script `flume-ng`, which has the name of Flume's own command."""
    sys.argv.insert(1, "flume-ng")
    main()


def main() -> None:
    """The console script: print a `LabError` as a message and exit with 1."""
    try:
        cli()
    except LabError as error:
        print(f"flumelab: {error}", file=sys.stderr)
        sys.exit(1)


def _runtime(name: RuntimeName) -> Runtime:
    return choose(name, settings.load())


def _own(name: RuntimeName) -> StayingLab | None:
    """Return the lab of the user's own files that is up, if there is one."""
    return labs.find(name, settings.load(), _report, lab_signs.of_evidence)


def _up(runtime: Runtime, name: str) -> None:
    lesson = catalogue.find(name)
    if name not in catalogue.LAB_LESSONS:
        raise LabError(f"{name} runs in a lab of its own; use flumelab run {name}")
    _require_ready(runtime, ports=not runtime.services())
    runtime.build(_report)
    conf_check.of_lesson(lesson.conf, settings.load().root, _report)
    runtime.up(lesson, _report)


def _require_ready(runtime: Runtime, ports: bool) -> None:
    checks = doctor.examine(runtime.name, settings.load(), ports)
    if missing := [check for check in checks if not check.ok]:
        terminal_output.console(stderr=True).print(terminal_output.checks(missing))
        raise LabError(f"this machine is not ready for the {runtime.name} runtime; see above")


def _duration(started: float) -> str:
    """The seconds from make's start, and how many of them went before this command."""
    before = started - float(os.environ.get("LAB_STARTED") or started)
    whole = f"{time.time() - started + before:.0f} s"
    return f"{whole}, of which {before:.0f} s set up .venv" if before >= 2 else whole


def _feed(
    runtime: Runtime,
    lines: int | None,
    rate: float,
    seed: int,
    replay: Path | None,
    more: Sequence[str] = (),
) -> int:
    if replay and not replay.is_file():
        raise LabError(f"{replay} is not a file; give --replay a log to send")
    if replay:
        _require_readable(replay)
    options = [*_growing_log(runtime), "--rate", str(rate), *more]
    if not replay:
        options += ["--seed", str(seed)]
    if lines is not None:
        options += ["--lines", str(lines)]
    return runtime.feed(options, replay)


def _growing_log(runtime: Runtime) -> Sequence[str]:
    """The generator's options, if the lesson that is up has a log that grows."""
    up = {service.name for service in runtime.services()}
    lessons = (catalogue.LESSONS[name] for name in catalogue.LAB_LESSONS if name in up)
    return next((runtime.target_options(its) for its in lessons if its.appends), ())


def _require_readable(log: Path) -> None:
    """Read the beginning of a log: in Docker the generator does not know how its name ends."""
    try:
        with log.open("rb") as file:
            unpacked.reader(file, log.name).read(1)
    except (OSError, unpacked.DamagedError) as error:
        fact = getattr(error, "strerror", None) or error
        raise LabError(f"{log} cannot be read: {fact}; give --replay a complete file") from None


def _require_up(runtime: Runtime) -> None:
    if not runtime.services():
        raise LabError("the lab is down; flumelab up starts it")


def _report(text: str) -> None:
    print(f"flumelab: {text}", file=sys.stderr, flush=True)


def _print_json(value: Any) -> None:
    json.dump(value, sys.stdout, indent=2)
    print()
