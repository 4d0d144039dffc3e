"""Runs a user's program in the image `own`: its files are mounted, and variables name them.

    LAB_FILES=. LAB_PROGRAM_FILE=my_program.py LAB_CONF_FILE=my.conf LAB_INPUT=access.log \\
        docker compose -f compose.own.yaml run --rm own

The names are relative to `LAB_FILES`. Further variables: `LAB_AGENT`, `LAB_COUNT`,
`LAB_COUNT_EACH`, `LAB_REQUIREMENTS`, `LAB_FLUME_JARS` (jars, or folders of jars) and
`LAB_PROGRAM_ARGS`; the last two are split as a shell would.

The argument `run`, the default, runs the files to their end; `up` starts them, and they stay until
the container is stopped; `stay` only waits for that. With other arguments the container runs
`flumelab`.
"""

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping

from flumelab import cli

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
    try:
        cli.main()
    except SystemExit as end:
        if end.code or given == ["run"]:
            raise
    _stay()


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
