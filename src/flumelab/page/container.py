"""The service `page` of compose.yaml: it shows the lab of its network and volumes, and no more.

    python -m flumelab.page.container

It has no way to the engine, so it finds out which parts run by their names and ports: a name
resolves while its container runs. Variables: `LAB_PROFILES` and `LAB_PROGRAM` say which lesson
runs, `LAB_CONF` is the agent's conf and `RESULTS_URL` the result store, as in compose.yaml.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from flumelab.errors import LabError
from flumelab.lessons import catalogue
from flumelab.lessons.catalogue import Lesson
from flumelab.own.services import FLUME
from flumelab.page.container_parts import (
    METRICS_PORT,
    UI_PORT,
    ContainerEvidence,
    Containers,
    agent_of,
)
from flumelab.page.control import Control
from flumelab.page.place import Place
from flumelab.page.sampler import Sampler
from flumelab.page.serve import serve
from flumelab.settings import LOOPBACK

EVERYWHERE = "0.0.0.0"  # noqa: S104 - of the container; compose.yaml publishes it on loopback
PORT = 4145
DATA = Path("/data")
HOSTS = ("localhost", LOOPBACK, "[::1]", "page")


UNSEEN = (
    "This page runs in a container, which has no way to the logs of the others: "
    "flumelab status on the host tells what they say."
)


def lesson_of(environment: Mapping[str, str]) -> Lesson:
    """Return the lesson that the profiles and the program name."""
    profiles = environment.get("LAB_PROFILES", "").split(",")
    for name in catalogue.LAB_LESSONS:
        if name in profiles:
            return catalogue.find(name)
    program = environment.get("LAB_PROGRAM", "")
    for lesson in catalogue.LESSONS.values():
        if program == lesson.program.file:
            return lesson
    return catalogue.find(catalogue.DEFAULT)


def place_of(environment: Mapping[str, str]) -> Place:
    """Return the lab of this container's network."""
    lesson = lesson_of(environment)
    flume = agent_of(lesson) or FLUME
    root = Path(environment.get("LAB_ROOT", "/opt/lab"))
    conf = root / "flume-conf" / (environment.get("LAB_CONF") or lesson.conf)
    metrics = DATA / "metrics"
    containers = Containers(lesson, metrics)
    return Place(
        runtime="docker",
        lesson=lesson,
        program=lesson.program.file,
        conf=conf,
        flume=(flume, METRICS_PORT),
        spark=(lesson.program.service, UI_PORT),
        spool=DATA / "spool",
        ledger=DATA / "ledger/ledger.jsonl",
        metrics=metrics,
        landing=DATA / "landing",
        progress=DATA / "checkpoint",
        results_url=environment.get("RESULTS_URL", "sqlite:////data/results/results.db"),
        parts=containers.parts,
        evidence=ContainerEvidence(lesson, conf, containers.parts, containers.is_cut),
        root=root,
        agent=flume,
        is_cut=containers.is_cut,
        unseen=UNSEEN,
    )


def main() -> None:
    """Serve the page on all addresses of the container; compose.yaml publishes it on loopback."""
    place = place_of(os.environ)

    def serving(_url: str) -> None:
        print(f"the page is served on port {PORT}", flush=True)

    try:
        serve(
            lambda tell: Sampler(lambda: place, tell),
            (EVERYWHERE, PORT),
            Control(),
            HOSTS,
            serving,
        )
    except LabError as error:
        sys.exit(f"page: {error}")


if __name__ == "__main__":
    main()
