"""What `flumelab classroom` does: up, status, down."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flumelab import lab_files
from flumelab.classroom import cost, places, progress_seen, roll
from flumelab.classroom.roll import Roll
from flumelab.errors import LabError
from flumelab.learn import read, turns
from flumelab.runtimes import local_build
from flumelab.runtimes.port_probe import answers, require_unused
from flumelab.runtimes.processes import Processes
from flumelab.runtimes.runtime import Report
from flumelab.runtimes.servers import SERVERS
from flumelab.settings import LOOPBACK, Port, Settings

PAGE = "page"
PAGE_SECONDS_MAX = 30
STOP_SECONDS_MAX = 10
NAME_COLUMNS = 24
MIB = 1 << 20


def up(
    configured: Settings,
    learners: int,
    accounts: bool,
    checks: int,
    first_port: int,
    preset: str,
    report: Report,
) -> Roll:
    """Make the folders that are missing, and start the page; raises `LabError`."""
    folder = roll.folder_of(configured)
    of = roll.new(folder, learners, first_port, preset, checks, accounts)
    known = roll.read(folder)
    if known and (known.accounts, known.first_port) != (accounts, first_port):
        raise LabError(
            f"{folder} has a class with other accounts or ports; call up as before, or remove it"
        )
    if accounts:
        places.require_accounts_possible(configured.root, folder)
    if known is None:
        _require_ports_unused(of)
    lab_files.require_own(configured.root)
    local_build.build(configured.root, (), report)
    try:
        local_build.build(configured.root, SERVERS, report)  # learners cannot write there
    except LabError as error:
        report(f"exercises that need a server will not run: {error}")
    turns.make(folder / "turns", checks)
    exercises = read.all_of(configured.root)
    for learner in of.all():
        places.make(of, learner, configured.root, exercises)
    roll.write(of)
    _start_page(configured, of, restart=known is not None and known != of)
    return of


def _require_ports_unused(of: Roll) -> None:
    for learner in of.all():
        for variable, number in of.ports(learner).items():
            require_unused(Port(variable, number, "a learner's lab"))


def _start_page(configured: Settings, of: Roll, restart: bool) -> None:
    running = Processes(of.folder / PAGE)
    if PAGE in running.running():
        if not restart:
            return
        running.stop(PAGE, STOP_SECONDS_MAX)
    require_unused(configured.port("class_port"))
    command = [sys.executable, "-m", "flumelab.classroom.page", str(of.folder)]
    running.start(PAGE, [*command, str(configured.class_port)], os.environ, configured.root)
    running.wait_until(PAGE, lambda: answers(configured.class_port), PAGE_SECONDS_MAX)


def told(of: Roll, configured: Settings) -> Iterator[str]:
    """Yield what a teacher does next."""
    first = of.learner(1)
    yield f"{of.learners} learners in {of.folder}; {of.checks} checks run at once"
    if of.accounts:
        yield f"accounts {first.account} to {of.learner(of.learners).account}, locked; for each:"
        yield f"  sudo passwd {first.account}    or a key in {first.folder}/.ssh/authorized_keys"
        yield f"a learner:  ssh {first.account}@this-server    then    flumelab learn"
    else:
        yield f"a learner:  cd {first.folder}    then    bin/flumelab learn"
    yield f"the class:  http://{LOOPBACK}:{configured.class_port}/    flumelab classroom status"


def status(configured: Settings) -> dict[str, Any]:
    """Return the class as `flumelab classroom status --json` prints it; raises `LabError`."""
    of = _required(configured)
    names = [each.name for each in read.all_of(configured.root)]
    costs = cost.of_all(of)
    seen = progress_seen.of_all(of, names)
    return {
        "page": {
            "up": PAGE in Processes(of.folder / PAGE).running(),
            "url": f"http://{LOOPBACK}:{configured.class_port}/",
        },
        "checks": {"running": turns.taken(of.folder / "turns"), "at_once": of.checks},
        "exercises": len(names),
        "learners": [
            {
                **vars(each),
                "folder": str(learner.folder),
                "account": learner.account,
                "ports": of.ports(learner),
                "cost": vars(costs[learner.number]),
            }
            for learner, each in zip(of.all(), seen, strict=True)
        ],
    }


def table(now: dict[str, Any]) -> Iterator[str]:
    """Yield the class in lines of at most 80 columns."""
    yield f"{'learner':<{NAME_COLUMNS + 3}} {'done':>6}  {'now':<20} {'changed':>9} {'memory':>9}"
    for each in now["learners"]:
        name = f"{each['number']:>2} {each['name']}"
        done = f"{len(each['done'])}/{now['exercises']}"
        memory = f"{each['cost']['pss'] / MIB:,.0f} MiB" if each["cost"]["processes"] else "-"
        yield (
            f"{name:<{NAME_COLUMNS + 3}} {done:>6}  {each['now'][:20]:<20} "
            f"{_ago(each['changed']):>9} {memory:>9}"
        )
    page = now["page"]
    yield f"page: {page['url'] if page['up'] else 'down; flumelab classroom up starts it'}"


def _ago(changed: float) -> str:
    minutes = int((time.time() - changed) / 60)
    if not changed:
        return "-"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


def down(configured: Settings, accounts: bool, report: Report) -> dict[str, Any]:
    """End the page and the learners' processes; return how many there were."""
    of = _required(configured)
    report("ending what the learners run")
    processes = cost.end_all(of, STOP_SECONDS_MAX)
    Processes(of.folder / PAGE).stop(PAGE, STOP_SECONDS_MAX)
    removed = 0
    if accounts and of.accounts:
        removed = sum(places.remove_account(learner) for learner in of.all())
    return {"processes": processes, "accounts": removed, "folder": str(of.folder)}


def _required(configured: Settings) -> Roll:
    folder: Path = roll.folder_of(configured)
    of = roll.read(folder)
    if of is None:
        raise LabError(f"{folder} has no class; flumelab classroom up --learners N makes one")
    return of
