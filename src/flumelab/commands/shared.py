"""What several commands do: choose the runtime, check the machine, start a lab, send lines."""

import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import unpacked
from flumelab import conf_check, doctor, lab_signs, settings, terminal_output
from flumelab.errors import LabError
from flumelab.lessons import catalogue
from flumelab.own import labs
from flumelab.own.labs import StayingLab
from flumelab.runtimes.choice import RuntimeName, choose
from flumelab.runtimes.docker import DockerRuntime
from flumelab.runtimes.local import LocalRuntime
from flumelab.runtimes.runtime import Runtime, Service
from flumelab.settings import Settings


def report(text: str) -> None:
    """Print what is being done; what goes on does not end because nobody reads it any more."""
    with contextlib.suppress(OSError):  # the terminal is closed, or a pipe such as `| head`
        print(f"flumelab: {text}", file=sys.stderr, flush=True)


def print_json(value: Any) -> None:
    """Print a result for a machine."""
    json.dump(value, sys.stdout, indent=2)
    print()


def runtime_of(name: RuntimeName) -> Runtime:
    """Return the runtime of an option."""
    return choose(name, settings.load())


def own_lab(name: RuntimeName) -> StayingLab | None:
    """Return the lab of the user's own files that is up, if there is one."""
    return labs.find(name, settings.load(), report, lab_signs.of_evidence)


def require_ready(runtime: Runtime, ports: bool) -> None:
    """Raise `LabError` if this machine lacks something."""
    configured = settings.load()
    checks = doctor.examine(runtime.name, configured, ports)
    if missing := [check for check in checks if not check.ok]:
        if all(check.name.startswith("port ") for check in missing):
            _require_no_lab_of_ours(configured, [check.name for check in missing])
        terminal_output.console(stderr=True).print(terminal_output.checks(missing))
        raise LabError(f"this machine is not ready for the {runtime.name} runtime; see above")


def _require_no_lab_of_ours(configured: Settings, ports: Sequence[str]) -> None:
    """Raise `LabError` if it is the user's own lab that occupies the ports."""
    for up in (LocalRuntime(configured), DockerRuntime(configured)):
        services: list[Service] = []
        with contextlib.suppress(LabError):  # there may be no Docker
            services = up.services()
        if any(service.state != "stopped" for service in services):
            raise LabError(
                f"your {up.name} lab is up and uses {', '.join(ports)}; "
                f"stop it first: flumelab down --runtime {up.name}"
            )


def start_lesson(runtime: Runtime, name: str, build: bool = True) -> None:
    """Start a lesson's lab; raises `LabError`.

    :param build: False to take what was built before, even if its sources have changed
    """
    lesson = catalogue.find(name)
    if name not in catalogue.LAB_LESSONS:
        raise LabError(f"{name} runs in a lab of its own; use flumelab run {name}")
    require_ready(runtime, ports=not runtime.services())
    if build:
        runtime.build(report)
    elif not runtime.is_built():
        raise LabError("the lab is not built yet; run flumelab build")
    conf_check.of_lesson(lesson.conf, settings.load().root, report)
    runtime.up(lesson, report)


def send(
    runtime: Runtime,
    lines: int | None,
    rate: float,
    seed: int,
    replay: Path | None,
    more: Sequence[str] = (),
) -> int:
    """Send lines into a lesson's lab, and return the generator's exit code; raises `LabError`."""
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
