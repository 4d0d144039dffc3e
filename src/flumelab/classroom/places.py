"""Makes each learner's folder, and an account of the system for it if the teacher wants one."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from flumelab.classroom.roll import Learner, Roll
from flumelab.errors import LabError
from flumelab.learn import mistakes
from flumelab.learn.exercise import Exercise, Kind

COPIED = ("exercises", "spark-apps", "flume-conf", "spark-conf")
"""What learners change, and the folders from which they are reached by a relative path."""
LINKED = (
    *("solutions", "experiments", "docs", "loadgen", "runtimes", "connector", "docker", "presets"),
    *("requirements", "src", "compose.yaml", "pyproject.toml", "README.md", "ARCHITECTURE.md"),
)
COMMANDS = ("flumelab", "flumelint", "flume-ng")
PROCESS_KIB_MAX = 2 << 20
"""A process that asks for more data than 2 GiB gets an error of its own, before the others suffer.

Spark's JVM needs about 1 GiB of it, with a heap of 480 MB.
"""
PROFILE = 'PATH="$HOME/bin:$PATH"\n'
COMMAND = """#!/bin/sh
# {title}: its folder, its ports and its share of the memory.
ulimit -d {kib} 2>/dev/null
{exports}
case $0 in /*) ;; *) export LAB_COMMAND="${{0%/*}}/flumelab" ;; esac
exec {program} "$@"
"""


def make(roll: Roll, learner: Learner, root: Path, exercises: Sequence[Exercise]) -> None:
    """Make a learner's folder; what is there already stays, but for the commands."""
    _write_commands(roll, learner)
    if learner.account and learner.folder.exists():
        return  # it is the account's: links in it could lead what root writes elsewhere
    learner.folder.mkdir(parents=True, exist_ok=True)
    answers = {each.file for each in exercises if each.kind is not Kind.FIND}
    for name in COPIED:
        if not (learner.folder / name).exists():
            shutil.copytree(
                root / name,
                learner.folder / name,
                ignore=lambda folder, names: _not_handed_out(Path(folder), names, answers),
            )
    links = {name: root / name for name in LINKED if (root / name).exists()}
    for name, target in {**links, "bin": _commands_of(roll, learner)}.items():
        if not (learner.folder / name).is_symlink():
            (learner.folder / name).symlink_to(target)
    (learner.folder / ".profile").write_text(PROFILE, "utf-8")
    if learner.account:
        _own(learner)


def _not_handed_out(folder: Path, names: list[str], answers: set[Path]) -> list[str]:
    """The teacher's own answers, and what Python leaves behind."""
    own = [name for name in names if folder / name in answers or name == "__pycache__"]
    return own + [
        name for name in names if str(folder).endswith(mistakes.FOLDER) and name.endswith(".conf")
    ]


def _commands_of(roll: Roll, learner: Learner) -> Path:
    """The folder of a learner's commands, which are the teacher's: they set ports and limits."""
    return roll.folder / "bin" / learner.folder.name


def _write_commands(roll: Roll, learner: Learner) -> None:
    folder = _commands_of(roll, learner)
    folder.mkdir(parents=True, exist_ok=True)
    variables = roll.variables(learner).items()
    exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables)
    for name in COMMANDS:
        file = folder / name
        program = shlex.quote(str(Path(sys.prefix) / "bin" / name))
        title = f"{name} of learner {learner.number}"
        text = COMMAND.format(title=title, kib=PROCESS_KIB_MAX, exports=exports, program=program)
        file.write_text(text, "utf-8")
        file.chmod(0o755)


def require_accounts_possible(root: Path, folder: Path) -> None:
    """Raise `LabError` if accounts cannot be made, or could not read the lab."""
    if os.geteuid() != 0 or not shutil.which("useradd"):
        raise LabError("accounts are made by root with useradd; run it with sudo, or without them")
    for path in (Path(sys.prefix), Path(sys.base_prefix), root, folder.parent):
        for each in (path, *path.parents):
            if each.exists() and not each.stat().st_mode & 0o001:
                raise LabError(
                    f"{each} is closed to other users, and learners must read {path}; "
                    f"chmod o+x {each}, or make the lab elsewhere, with a Python for all users"
                )


def _own(learner: Learner) -> None:
    """Make the account, locked until the teacher gives it a key or a password; give it the folder.

    Nobody but the account and root can read the folder.
    """
    known = subprocess.run(["id", learner.account], capture_output=True, check=False)
    if known.returncode:
        made = subprocess.run(
            ["useradd", "--no-create-home", "--shell", "/bin/bash", "--home-dir",
             str(learner.folder), "--user-group", learner.account],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if made.returncode:
            raise LabError(f"useradd {learner.account} failed: {made.stderr.strip()}")
    for path in (learner.folder, *learner.folder.rglob("*")):
        if not path.is_symlink():
            shutil.chown(path, learner.account, learner.account)
    learner.folder.chmod(0o700)


def remove_account(learner: Learner) -> bool:
    """Remove a learner's account, but not its folder; return whether there was one."""
    done = subprocess.run(["userdel", learner.account], capture_output=True, check=False)
    return done.returncode == 0
