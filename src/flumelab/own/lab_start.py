"""Starts a user's program and agent, each part once its receiver is ready."""

import codecs
import shutil
from collections.abc import Sequence
from pathlib import Path

from flumelab.errors import LabError
from flumelab.own import adapt, flume_jars, requirements, saved, services, source_files
from flumelab.own.adapt import Ask, Folders
from flumelab.own.conf import SPARK_SINK, AgentConf
from flumelab.own.lab import OwnLab
from flumelab.own.run_end import first_error
from flumelab.own.services import FLUME, PROGRAM
from flumelab.runtimes.local_start import Launch
from flumelab.runtimes.port_probe import answers, require_unused

START_SECONDS_MAX = 110
SPARKS_OWN = ("spark-warehouse", "metastore_db", "derby.log")


def start(lab: OwnLab, ask: Ask | None = None) -> None:
    """Empty the lab's folder and start what the files need; raises `LabError`."""
    state, wish = lab.state, lab.wish
    jars = flume_jars.jars_of(wish.flume_jars)
    for name in (FLUME, PROGRAM):  # of a run that was killed
        lab.processes.stop(name, 0)
    shutil.rmtree(state.folder, ignore_errors=True)
    for folder in (state.work, state.metrics):
        folder.mkdir(parents=True, exist_ok=True)
    _link_files(state.work, (wish.program.absolute().parent, Path.cwd()))
    if wish.requirements:
        lab.report(f"installing the packages of {wish.requirements}")
        requirements.install(wish.requirements, state.packages)
    folders = Folders(state.paths, wish.mapped, ask)
    if lab.known.conf:
        _write_conf(lab, lab.known.conf, folders)
    saved.show(lab)
    for launch in _launches(lab, jars, folders):
        _start(lab, launch)


def _link_files(work: Path, folders: Sequence[Path]) -> None:
    """Let the program find what is beside it, and in the current folder, by a relative path."""
    for folder in folders:
        for file in folder.iterdir():
            link = work / file.name
            hidden = file.name.startswith(".") or file.name in SPARKS_OWN
            if not hidden and not link.is_symlink():
                link.symlink_to(file)


def _write_conf(lab: OwnLab, conf: AgentConf, folders: Folders) -> None:
    """Write the agent's copy of the conf, and report what it replaces."""
    replacements = adapt.adapt(conf, folders, lab.known.fed)
    for each in replacements:
        if each.told:
            lab.report(each.told)
    if conf.file.read_bytes().startswith(codecs.BOM_UTF8):
        lab.report(
            f"{conf.file}: the byte order mark is left out, as Flume takes it for a part of the "
            "first line's key"
        )
    lab.state.conf.write_bytes(adapt.text_of(conf, replacements))
    lab.known.conf = conf.with_settings({each.key: each.value for each in replacements})
    if not lab.wish.log:
        before = source_files.already_read(lab.known.conf)
        lab.known.before = None if before is None else list(map(str, before))


def _launches(lab: OwnLab, jars: Sequence[Path], folders: Folders) -> list[Launch]:
    """Return the order of the start: a program that Flume pushes to comes before Flume.

    A program that fetches from Flume comes after it.
    """
    program = services.program(
        lab.wish, folders.mapped, lab.settings, lab.state, lab.ports.program_is_ready
    )
    conf = lab.known.conf
    if not conf:
        return [program]
    flume = services.flume(conf.agent, jars, lab.settings, lab.state)
    pulls = any(sink.type == SPARK_SINK for sink in conf.sinks.values())
    return [flume, program] if pulls else [program, flume]


def _start(lab: OwnLab, launch: Launch) -> None:
    for port in launch.ports:
        require_unused(port)
    for number in lab.ports.of_service(launch.service):
        if answers(number):
            raise LabError(
                f"port {number} of {lab.wish.conf} is in use; end what listens there, or write "
                "another port into your files"
            )
    lab.report(f"starting {launch.title}")
    lab.processes.start(launch.service, launch.command, launch.environment, launch.folder)
    try:
        lab.processes.wait_until(launch.service, launch.is_ready, START_SECONDS_MAX)
    except LabError:
        if launch.service in lab.processes.dead():
            _explain_no_start(lab, launch.service)
        raise
    finally:
        lab.tell_news()


def _explain_no_start(lab: OwnLab, service: str) -> None:
    """Raise `LabError` where more is known than the end of a log shows."""
    if service == FLUME and (error := first_error(lab.state.flume_log)):
        raise LabError(
            f"{lab.wish.conf}: Flume ended while it was starting: {error}; correct the conf "
            f"({lab.state.flume_log})"
        ) from None
    progress = lab.state.read_progress()
    failure = progress.get("failure")
    if service == PROGRAM and isinstance(failure, list) and failure:
        raise LabError("\n".join(failure)) from None
    if service == PROGRAM and progress.get("ended") is not None:
        raise LabError(
            f"{lab.wish.program} ended with exit code {progress['ended']} before it received "
            f"anything; its output is in {lab.state.output}"
        ) from None
