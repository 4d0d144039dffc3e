"""The command line. A command parses, asks the runtime, and shows; the work is elsewhere."""

import json
import sys
import time
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.live import Live

from flumelab import doctor, settings, view
from flumelab.errors import LabError
from flumelab.ledger import Balance, balance
from flumelab.lessons import catalogue as apps
from flumelab.lessons import run as lessons
from flumelab.lessons.catalogue import App
from flumelab.runtimes.docker import DockerRuntime
from flumelab.runtimes.local import LocalRuntime
from flumelab.runtimes.runtime import Runtime, require_running

cli = typer.Typer(
    name="flumelab",
    help="A lab in which Apache Flume feeds Apache Spark, and every line is counted once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

DEMO_WAIT_SECONDS = 180
POLL_SECONDS = 0.5
SETTLE_SECONDS = 3.0


class RuntimeName(StrEnum):
    """Where the lab runs."""

    auto = "auto"
    docker = "docker"
    local = "local"


RuntimeOption = Annotated[
    RuntimeName,
    typer.Option(help="auto: the one that is up, else Docker where an engine answers, else local."),
]
AppOption = Annotated[str, typer.Option(help=f"The program: {', '.join(apps.LAB)}.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
LinesOption = Annotated[
    int | None, typer.Option(min=0, help="Lines to send (10,000; of a replayed file, all).")
]
RateOption = Annotated[float, typer.Option(min=0, help="Lines a second; 0: as fast as it can.")]
SeedOption = Annotated[int, typer.Option(help="Same seed, same lines.")]
ReplayOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Send this log unchanged instead.")
]


@cli.command()
def build(runtime: RuntimeOption = RuntimeName.auto) -> None:
    """Make what the lab starts from: jars or images. up does it where needed."""
    chosen = _runtime(runtime)
    _require_ready(chosen, ports=False)
    chosen.build(_say)


@cli.command()
def up(app: AppOption = apps.DEFAULT, runtime: RuntimeOption = RuntimeName.auto) -> None:
    """Start the lab and wait until it is ready; feeds nothing."""
    _up(_runtime(runtime), app)


@cli.command()
def down(runtime: RuntimeOption = RuntimeName.auto) -> None:
    """Stop the lab; its state stays."""
    _runtime(runtime).down(_say)


@cli.command()
def status(runtime: RuntimeOption = RuntimeName.auto, as_json: JsonOption = False) -> None:
    """Show every service; exit code 1 where the lab is not up."""
    chosen = _runtime(runtime)
    services = chosen.services()
    if as_json:
        _print_json({"runtime": chosen.name, "services": [vars(s) for s in services]})
    elif services:
        view.console().print(view.services(services))
    else:
        print("The lab is down; flumelab up starts it.")
    if not services or any(service.state != "running" for service in services):
        raise typer.Exit(1)


@cli.command()
def feed(
    lines: LinesOption = None,
    rate: RateOption = 0,
    seed: SeedOption = 1,
    replay: ReplayOption = None,
    runtime: RuntimeOption = RuntimeName.auto,
) -> None:
    """Send more lines into the running lab."""
    chosen = _runtime(runtime)
    _require_up(chosen)
    raise typer.Exit(_feed(chosen, lines, rate, seed, replay))


@cli.command()
def counts(
    runtime: RuntimeOption = RuntimeName.auto,
    as_json: JsonOption = False,
    top: Annotated[int, typer.Option(min=1, help="URLs to show.")] = 20,
) -> None:
    """Show what Spark has counted."""
    counted = _runtime(runtime).counts()
    if as_json:
        _print_json({"urls": counted.urls, "malformed": counted.malformed})
    else:
        view.console().print(view.counts(counted, top))


@cli.command()
def ledger(
    runtime: RuntimeOption = RuntimeName.auto,
    as_json: JsonOption = False,
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Wait until it balances.")
    ] = 0,
) -> None:
    """Show every hop's number and whether any line was lost or counted twice.

    Exit code 0 where balanced, 1 where not.
    """
    result = _settle(_runtime(runtime), wait)
    if as_json:
        _print_json(result.as_json())
    else:
        view.console().print(view.verdict(result))
    raise typer.Exit(0 if result.balanced else 1)


@cli.command()
def logs(
    service: Annotated[str | None, typer.Argument(help="One service (default: all).")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they grow.")] = False,
    runtime: RuntimeOption = RuntimeName.auto,
) -> None:
    """Print the services' logs."""
    _runtime(runtime).logs(service, follow)


@cli.command("doctor")
def examine(runtime: RuntimeOption = RuntimeName.auto, as_json: JsonOption = False) -> None:
    """Say what is missing on this machine and the command that mends it."""
    chosen = _runtime(runtime)
    checks = doctor.examine(chosen.name, settings.load(), ports=not chosen.services())
    ok = all(check.ok for check in checks)
    if as_json:
        _print_json(
            {"runtime": chosen.name, "ok": ok, "checks": [check.as_json() for check in checks]}
        )
    else:
        print(f"runtime: {chosen.name}")
        view.console().print(view.checks(checks))
    raise typer.Exit(0 if ok else 1)


@cli.command("apps")
def list_apps(as_json: JsonOption = False) -> None:
    """List the programs that `run` runs."""
    if as_json:
        _print_json([{"name": app.name, "shows": app.shows} for app in apps.APPS.values()])
    else:
        view.console().print(view.apps(list(apps.APPS.values())))


@cli.command()
def run(
    names: Annotated[list[str], typer.Argument(help="Programs that flumelab apps lists.")],
    lines: Annotated[int, typer.Option(min=1, help="Lines to send.")] = 10_000,
    rate: RateOption = 2_000,
    seed: SeedOption = 1,
    malformed: Annotated[
        float, typer.Option(min=0, max=1, metavar="FRACTION", help="Spoil this part of them.")
    ] = 0,
    runtime: RuntimeOption = RuntimeName.auto,
    as_json: JsonOption = False,
) -> None:
    """Run programs from their start, feed them, and compare each key with the generator's truth.

    Each has a lab of its own, which begins with nothing and leaves nothing. Exit code 0 where every
    key is right, 1 where not. With --json a list, of one program that one's result.
    """
    found = [apps.find(name) for name in names]
    chosen = _runtime(runtime, lessons.own(settings.load()))
    _require_ready(chosen, ports=not chosen.services())
    feed = ["--lines", str(lines), "--rate", str(rate), "--seed", str(seed)]
    feed += ["--malformed", str(malformed)]
    results = []
    for result in lessons.run(chosen, found, feed, _say):
        results.append(result)
        if not as_json:
            view.console().print(f"{result.app.name}:", view.answer(result))
    if as_json:
        printed = [result.as_json() for result in results]
        _print_json(printed if len(printed) > 1 else printed[0])
    raise typer.Exit(0 if all(result.right for result in results) else 1)


@cli.command()
def demo(
    app: AppOption = apps.DEFAULT,
    lines: LinesOption = None,
    runtime: RuntimeOption = RuntimeName.auto,
) -> None:
    """Start the lab, feed it, show the counts as they come, then the verdict (make lab)."""
    started = time.monotonic()
    chosen = _runtime(runtime)
    _up(chosen, app)
    if code := _feed(chosen, lines, rate=0, seed=1, replay=None):
        raise typer.Exit(code)
    _watch(chosen, apps.find(app))
    result = _settle(chosen, wait=5)
    console = view.console()
    console.print()
    console.print(view.verdict(result))
    print(f"\n{time.monotonic() - started:.0f} s. The lab runs on; try next:")
    print("  .venv/bin/flumelab feed --lines 200000   send more")
    print("  .venv/bin/flumelab ledger --wait 60      and see whether it balances")
    print(f"  .venv/bin/flumelab logs -f {app}    the top ten of every second")
    print("  make down                                stop it; the state stays")
    raise typer.Exit(0 if result.balanced else 1)


def main() -> None:
    """The console script: every `LabError` is one message and exit code 1."""
    try:
        cli()
    except LabError as error:
        print(f"flumelab: {error}", file=sys.stderr)
        sys.exit(1)


def _runtime(name: RuntimeName, configured: settings.Settings | None = None) -> Runtime:
    configured = configured or settings.load()
    local, docker = LocalRuntime(configured), DockerRuntime(configured)
    if name is RuntimeName.local:
        return local
    if name is RuntimeName.docker:
        return docker
    if any(service.state == "running" for service in local.services()):
        return local
    engine = doctor.docker_engine()
    if engine and docker.services():
        return docker
    # What is left of a local lab that died is shown and stopped there.
    return local if local.services() or not engine else docker


def _up(runtime: Runtime, app_name: str) -> None:
    app = apps.find(app_name)
    if app_name not in apps.LAB:
        raise LabError(f"{app_name} is a lesson of its own; flumelab run {app_name}")
    _require_ready(runtime, ports=not runtime.services())
    runtime.build(_say)
    runtime.up(app, _say)


def _require_ready(runtime: Runtime, ports: bool) -> None:
    checks = doctor.examine(runtime.name, settings.load(), ports)
    if missing := [check for check in checks if not check.ok]:
        view.console(stderr=True).print(view.checks(missing))
        raise LabError(f"this machine is not ready for the {runtime.name} runtime; see above")


def _feed(runtime: Runtime, lines: int | None, rate: float, seed: int, replay: Path | None) -> int:
    if replay and not replay.is_file():
        raise LabError(f"{replay} is not a file; give --replay a log to send")
    options = ["--rate", str(rate)]
    if not replay:
        options += ["--seed", str(seed)]
    if lines is not None:
        options += ["--lines", str(lines)]
    return runtime.feed(options, replay)


def _require_up(runtime: Runtime) -> None:
    if not runtime.services():
        raise LabError("the lab is down; flumelab up starts it")


def _settle(runtime: Runtime, wait: float) -> Balance:
    """The balance, at once or as soon as it is settled.

    Flume's counters may trail a balance by a moment; those of an agent that was killed never catch
    up, so a balance is not held back for long.
    """
    deadline = time.monotonic() + wait
    while True:
        asked = time.monotonic()
        result = balance(runtime.evidence())
        if result.balanced:
            deadline = min(deadline, time.monotonic() + SETTLE_SECONDS)
        if result.settled or time.monotonic() >= deadline:
            return result
        _pause(asked)


def _watch(runtime: Runtime, app: App) -> None:
    """Show the counts until all lines are counted, or it is too late."""
    console = view.console()
    deadline = time.monotonic() + DEMO_WAIT_SECONDS
    asked = time.monotonic()
    evidence = runtime.evidence()
    with Live(console=console, auto_refresh=False, transient=False) as live:
        while True:
            live.update(view.urls(evidence), refresh=console.is_terminal)
            if balance(evidence).balanced or time.monotonic() > deadline:
                return
            require_running(runtime, app)
            _pause(asked)
            asked = time.monotonic()
            evidence = replace(evidence, counted=runtime.counts())
            if balance(evidence).duplicated:  # or somebody feeds as well
                evidence = runtime.evidence()


def _pause(asked: float) -> None:
    """For as long as the answer took: asking takes CPU from those who count."""
    time.sleep(max(POLL_SECONDS, time.monotonic() - asked))


def _say(text: str) -> None:
    print(f"flumelab: {text}", file=sys.stderr, flush=True)


def _print_json(value: Any) -> None:
    json.dump(value, sys.stdout, indent=2)
    print()
