"""The commands on a lab that is up, a lesson's or one of the user's own files."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from flumelab import (
    as_typed,
    conf_check,
    doctor,
    lab_signs,
    ledger_table,
    settings,
    terminal_output,
)
from flumelab.commands.options import (
    ConfOption,
    JsonOption,
    LessonOption,
    LinesOption,
    LinkOption,
    RateOption,
    RuntimeOption,
    SeedOption,
)
from flumelab.commands.own_files import NO_FILES, OwnFiles, with_own_files
from flumelab.commands.shared import (
    own_lab,
    print_json,
    report,
    require_ready,
    runtime_of,
    send,
    start_lesson,
)
from flumelab.errors import LabError
from flumelab.lessons import catalogue
from flumelab.own import command as own_command
from flumelab.runtimes.choice import RuntimeName, choose
from flumelab.waiting import wait_until_settled

commands = typer.Typer()

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
    str | None, typer.Option(metavar="rename|copy|name", help="… and how (default: rename).")
]
BuildOption = Annotated[
    bool, typer.Option("--build/--no-build", help="Build what has changed first, or leave it.")
]
ProgramArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PROGRAM [-- ARGUMENT…]]", help="A program of your own (….py)."),
]


@commands.command()
def build(runtime: RuntimeOption = RuntimeName.auto) -> None:
    """Build the jars or images that the lab needs. up does this if needed."""
    chosen = runtime_of(runtime)
    require_ready(chosen, ports=False)
    chosen.build(report)


@commands.command()
@with_own_files
def up(
    program: ProgramArgument = None,
    lesson: LessonOption = catalogue.DEFAULT,
    own: OwnFiles = NO_FILES,
    runtime: RuntimeOption = RuntimeName.auto,
    link: LinkOption = False,
    build: BuildOption = True,
) -> None:
    """Start the lab and wait until it is ready: a lesson's, or one of your own files.

    A lesson's lab is not fed. Your own program starts with your conf, your log is sent if you give
    one, and both stay up; flumelab status, feed, ledger, logs and down then work on them.
    """
    if program:
        own_command.up(own.wish(program), runtime, report)
        return
    if own.any:
        raise LabError("--conf and the like need a program of yours; name it: flumelab up my.py")
    if own_lab(runtime):
        raise LabError("a lab of your own files is up; run flumelab down first")
    start_lesson(choose(runtime, replace(settings.load(), link=link)), lesson, build)


@commands.command()
def down(runtime: RuntimeOption = RuntimeName.auto) -> None:
    """Stop the lab; its state stays."""
    if lab := own_lab(runtime):
        raise typer.Exit(lab.down())
    runtime_of(runtime).down(report)


@commands.command()
def status(runtime: RuntimeOption = RuntimeName.auto, as_json: JsonOption = False) -> None:
    """Show every service, and what is stuck, since when, why, and what to do.

    The exit code is 1 if the lab is not up, or if lines do not move or are lost.
    """
    if lab := own_lab(runtime):
        raise typer.Exit(lab.status(as_json))
    chosen = runtime_of(runtime)
    services = chosen.services()
    signs = lab_signs.of(chosen, lab_signs.hops_of(chosen)) if services else []
    if as_json:
        print_json(
            {
                "runtime": chosen.name,
                "services": [vars(s) for s in services],
                "signs": [sign.as_json() for sign in signs],
            }
        )
    elif services:
        terminal_output.with_signs(terminal_output.services(services), signs)
    else:
        print(as_typed.text("The lab is down; flumelab up starts it."))
    up = services and all(service.state == "running" for service in services)
    raise typer.Exit(0 if up and not lab_signs.stop_lines(signs) else 1)


@commands.command()
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
    if lab := own_lab(runtime):
        if rotate_every or rotate_by:
            raise LabError("--rotate-every and --rotate-by are for the lesson growing-log")
        raise typer.Exit(lab.feed(replay, _generator_options(lines, rate, seed, replay)))
    chosen = runtime_of(runtime)
    if not chosen.services():
        raise LabError("the lab is down; flumelab up starts it")
    rotation = ["--rotate-every", str(rotate_every)] if rotate_every else []
    rotation += ["--rotate-by", rotate_by] if rotate_by else []
    raise typer.Exit(send(chosen, lines, rate, seed, replay, rotation))


def _generator_options(lines: int | None, rate: float, seed: int, replay: Path | None) -> list[str]:
    """What a lab of own files passes to the generator; nothing for a log that is sent whole."""
    options = [] if replay else ["--seed", str(seed)]
    options += ["--lines", str(lines)] if lines is not None else []
    return options + (["--rate", str(rate)] if rate else [])


@commands.command()
def counts(
    runtime: RuntimeOption = RuntimeName.auto,
    as_json: JsonOption = False,
    top: Annotated[int, typer.Option(min=1, help="URLs to show.")] = 20,
) -> None:
    """Show what Spark has counted."""
    if own_lab(runtime):
        raise LabError(
            "your own program writes into no result store; flumelab logs program shows its output"
        )
    counted = runtime_of(runtime).counts()
    if as_json:
        print_json({"urls": counted.totals, "malformed": counted.malformed})
    else:
        terminal_output.console().print(terminal_output.counts(counted, top))


@commands.command()
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
    if lab := own_lab(runtime):
        raise typer.Exit(lab.ledger(as_json, wait))
    chosen = runtime_of(runtime)
    result = wait_until_settled(chosen, wait)
    signs = lab_signs.of(chosen, result.hops)
    if as_json:
        print_json(result.as_json() | {"signs": [sign.as_json() for sign in signs]})
    else:
        terminal_output.with_signs(ledger_table.verdict(result), signs)
    raise typer.Exit(0 if result.balanced else 1)


@commands.command()
def logs(
    service: Annotated[str | None, typer.Argument(help="One service (default: all).")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep printing as the logs grow.")
    ] = False,
    runtime: RuntimeOption = RuntimeName.auto,
) -> None:
    """Print the services' logs."""
    if lab := own_lab(runtime):
        raise typer.Exit(lab.print_logs(service, follow))
    runtime_of(runtime).print_logs(service, follow)


@commands.command("doctor")
def examine(
    runtime: RuntimeOption = RuntimeName.auto, conf: ConfOption = None, as_json: JsonOption = False
) -> None:
    """Show what this machine lacks, and how to install it; of a running lab, what is stuck.

    The lab's confs are checked, too. With --conf your own conf is checked, and nothing else;
    flumelint tells more.
    """
    if conf:
        raise typer.Exit(_examine_conf(conf, as_json))
    chosen = runtime_of(runtime)
    services, lab = chosen.services(), own_lab(runtime)
    ports = not (services or lab)
    checks = doctor.examine(chosen.name, settings.load(), ports)
    checks += doctor.of_confs(conf_check.of_the_lab(settings.load().root))
    signs = lab.signs() if lab else []
    if services:
        signs = lab_signs.of(chosen, lab_signs.hops_of(chosen))
    ok = all(check.ok for check in checks) and not lab_signs.stop_lines(signs)
    if as_json:
        print_json(
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


def _examine_conf(conf: Path, as_json: bool) -> int:
    """Print flumelint's findings in a conf of the user's own, and return the exit code."""
    checks = doctor.of_confs([conf])
    ok = all(check.ok for check in checks)
    if as_json:
        print_json({"ok": ok, "checks": [check.as_json() for check in checks]})
    else:
        terminal_output.console().print(terminal_output.checks(checks))
    return 0 if ok else 1
