"""Runs a user's program in the image `own`: its files are mounted, and variables name them.

    LAB_FILES=. LAB_PROGRAM_FILE=my_program.py LAB_CONF_FILE=my.conf LAB_INPUT=access.log \\
        docker compose -f compose.own.yaml run --rm own

The names are relative to `LAB_FILES`. Further variables: `LAB_AGENT`, `LAB_COUNT`,
`LAB_COUNT_EACH`, `LAB_REQUIREMENTS`, `LAB_FLUME_JARS` (jars, or folders of jars) and
`LAB_PROGRAM_ARGS`; the last two are split as a shell would.

The argument `run`, the default, runs the files to their end, and copies the logs into `/logs` if a
folder is mounted there. `up` starts them, and they stay until the container is stopped; `stay` only
waits for that. With other arguments the container runs `flumelab`.
"""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from flumelab import cli, settings
from flumelab.own.services import OwnState

LOGS = Path("/logs")
OPTIONS = {
    "LAB_CONF_FILE": "--conf",
    "LAB_AGENT": "--agent",
    "LAB_INPUT": "--input",
    "LAB_COUNT": "--count",
    "LAB_COUNT_EACH": "--count-each",
    "LAB_REQUIREMENTS": "--requirements",
}


def arguments(environment: Mapping[str, str], command: str = "run") -> list[str]:
    """Return the arguments of `flumelab` that the variables stand for."""
    found = [command, "--runtime", "local"]
    for variable, option in OPTIONS.items():
        if value := environment.get(variable):
            found += [option, value]
    for jar in _words(environment, "LAB_FLUME_JARS"):
        found += ["--flume-jar", jar]
    return [*found, environment["LAB_PROGRAM_FILE"], "--", *_words(environment, "LAB_PROGRAM_ARGS")]


def main() -> None:
    """Run `flumelab`."""
    given = sys.argv[1:] or ["run"]
    if given == ["stay"]:
        _stay()
        return
    if given not in (["run"], ["up"]):
        cli.main()
        return
    if not os.environ.get("LAB_PROGRAM_FILE"):
        sys.exit("flumelab: LAB_PROGRAM_FILE is not set; set it to a program in LAB_FILES")
    sys.argv[1:] = arguments(os.environ, given[0])
    if given == ["run"]:
        try:
            cli.main()
        finally:
            keep_logs(OwnState(settings.load().state / "own").logs, LOGS)
        return
    try:
        cli.main()
    except SystemExit as end:
        if end.code:
            raise
    _stay()


def keep_logs(logs: Path, place: Path) -> None:
    """Copy a run's logs into the folder that is mounted for them, or say how to mount one."""
    files = sorted(logs.iterdir()) if logs.is_dir() else []
    if files:
        print(f"flumelab: {_kept(files, place)}", file=sys.stderr)


def _kept(files: Sequence[Path], place: Path) -> str:
    names = " and ".join(file.name for file in files)
    if not place.is_dir():
        return (
            f"{names} will be lost with this container; to keep them: mkdir -m 777 logs && "
            f'docker compose -f compose.own.yaml run --rm -v "$PWD/logs:{place}" own'
        )
    try:
        for file in files:
            shutil.copyfile(file, place / file.name)
    except OSError as error:
        return f"{error.filename}: {error.strerror}; let all write there: chmod 777 logs"
    return f"{names} are in the folder that is mounted at {place}"


def _stay() -> None:
    """Serve the live page until the container is stopped, then stop the lab that is up in it."""
    stopped = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda _signal, _frame: stopped.set())
    command = [sys.executable, "-m", "flumelab", "page", "--runtime", "local"]
    page = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stopped.wait()
    page.terminate()
    sys.argv[1:] = ["down", "--runtime", "local"]
    cli.main()


def _words(environment: Mapping[str, str], variable: str) -> list[str]:
    given = environment.get(variable, "")
    try:
        return shlex.split(given)
    except ValueError as error:
        sys.exit(f"flumelab: {variable}={given}: {error}; write it as for a shell")


if __name__ == "__main__":
    main()
