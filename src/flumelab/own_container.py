"""Runs a user's program in the image `own`: its files are mounted, and variables name them.

    LAB_FILES=. LAB_PROGRAM_FILE=my_program.py LAB_CONF_FILE=my.conf LAB_INPUT=access.log \\
        docker compose run --rm --build own

The names are relative to `LAB_FILES`. Further variables: `LAB_AGENT`, `LAB_COUNT`,
`LAB_REQUIREMENTS` and `LAB_PROGRAM_ARGS`, which is split as a shell would. If the container gets
arguments, it runs `flumelab` with them instead.
"""

import os
import shlex
import sys
from collections.abc import Mapping

from flumelab import cli

OPTIONS = {
    "LAB_CONF_FILE": "--conf",
    "LAB_AGENT": "--agent",
    "LAB_INPUT": "--input",
    "LAB_COUNT": "--count",
    "LAB_REQUIREMENTS": "--requirements",
}


def arguments(environment: Mapping[str, str]) -> list[str]:
    """Return the arguments of `flumelab` that the variables stand for."""
    found = ["run", "--runtime", "local"]
    for variable, option in OPTIONS.items():
        if value := environment.get(variable):
            found += [option, value]
    given = environment.get("LAB_PROGRAM_ARGS", "")
    try:
        program = shlex.split(given)
    except ValueError as error:
        sys.exit(f"flumelab: LAB_PROGRAM_ARGS={given}: {error}; write it as for a shell")
    return [*found, environment["LAB_PROGRAM_FILE"], "--", *program]


def main() -> None:
    """Run `flumelab`."""
    if not sys.argv[1:]:
        if not os.environ.get("LAB_PROGRAM_FILE"):
            sys.exit("flumelab: LAB_PROGRAM_FILE is not set; set it to a program in LAB_FILES")
        sys.argv[1:] = arguments(os.environ)
    cli.main()


if __name__ == "__main__":
    main()
