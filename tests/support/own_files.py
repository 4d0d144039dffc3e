"""A program, a conf and a log of the shapes that courses have, with ports that are free."""

import json
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

from tests.support.flume import FLUME_HOME
from tests.support.lab import LocalLab
from tests.support.ports import free_port

OWN = Path(__file__).parents[1] / "data" / "own"
EXCERPT = (OWN.parent / "access_excerpt.log").read_bytes()
COPIES = 20
LINES = COPIES * EXCERPT.count(b"\n")
FLUME = ["input", "source r1", "channel c1", "sink k1"]
STREAMS = [*FLUME, "Spark stored", "Spark counted"]


INTERCEPTOR = """
a1.sources.r1.interceptors = i1
a1.sources.r1.interceptors.i1.type = Drops$Builder
"""


def interceptor_jar(folder: Path) -> Path:
    """Make a jar with the interceptor, compiled as a user would, in a new folder."""
    folder.mkdir(parents=True)
    classes = folder.parent / "classes"
    command = ["javac", "-cp", f"{FLUME_HOME}/lib/*", "-d", str(classes), str(OWN / "Drops.java")]
    subprocess.run(command, check=True)
    jar = folder / "drops.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        for file in classes.glob("*.class"):
            archive.write(file, file.name)
    return jar


class OwnFiles:
    """Copies of a program and a conf of tests/data/own in a folder, and a log."""

    def __init__(self, folder: Path, program: str, conf: str = "") -> None:
        self.log = folder / "access.log"
        self.log.write_bytes(EXCERPT * COPIES)
        self.program = folder / program
        self.conf = folder / conf if conf else None
        ports: dict[str, str] = {}
        for file in filter(None, (self.program, self.conf)):
            text = (OWN / file.name).read_text()
            for port in re.findall(r"\b(?:9092|9093|9999|41414|44444|5140)\b", text):
                ports.setdefault(port, str(free_port()))
                text = re.sub(rf"\b{port}\b", ports[port], text)
            file.write_text(text)
        self.port = ports.get("9092", "")
        self.lab = LocalLab(folder / "state")

    @property
    def given(self) -> list[str]:
        """The options that name the conf."""
        return ["--conf", str(self.conf)] if self.conf else []

    def run(self, *options: str, arguments: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return what --json prints, with the command's exit code and what it told."""
        given = [*self.given, "--input", str(self.log), *options, "--json"]
        done = self.lab.run("run", *given, str(self.program), "--", *arguments)
        assert done.stdout, done.stderr
        return json.loads(done.stdout) | {"exit": done.returncode, "told": done.stderr}


def hops(result: dict[str, Any]) -> dict[str, int | None]:
    return {hop["name"]: hop["lines"] for hop in result["hops"]}
