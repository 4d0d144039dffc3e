"""Hadoop's MiniYARNCluster as a process, and what its users can ask."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import requests
from pyspark_flume.testing.logged_process import LoggedProcess

HERE = Path(__file__).parent
START_SECONDS_MAX = 120
ASK_SECONDS_MAX = 20


class MiniYarn(LoggedProcess):
    """A ResourceManager and two NodeManagers in one JVM; they are up once this returns.

    :param folder: for its conf, its log and the folders of its containers
    """

    def __init__(self, folder: Path) -> None:
        self.conf = folder / "conf"
        self.conf.mkdir(parents=True)
        self._work = folder / "nodes"
        site = self.conf / "yarn-site.xml"
        command = [
            f"{_java_home()}/bin/java", "-cp", f"{HERE / 'target/lib'}/*",
            f"-Dtest.build.data={self._work}", str(HERE / "MiniYarn.java"), str(site),
        ]  # fmt: skip
        # Containers take their Java from the environment of the NodeManager.
        super().__init__(command, folder / "yarn.log", {"JAVA_HOME": str(_java_home())})
        try:
            self.wait_until(site.exists, "YARN is up", START_SECONDS_MAX)
        except BaseException:
            self.kill()
            raise
        properties = ElementTree.parse(site).iter("property")  # noqa: S314 - it has written it
        values = {each.findtext("name"): each.findtext("value") for each in properties}
        self._address = values["yarn.resourcemanager.webapp.address"]

    def output_of(self, application: str) -> str:
        """Return what an application's master has written to its standard output."""
        # The first container of the first attempt is the master's.
        found = self._work.glob(f"*/*/*-logDir-*/{application}/container_*_01_000001/stdout")
        return "".join(each.read_text("utf-8", "replace") for each in found)

    def end(self, application: str) -> None:
        """End an application, as ``yarn application -kill`` does."""
        answer = requests.put(
            f"http://{self._address}/ws/v1/cluster/apps/{application}/state",
            json={"state": "KILLED"},
            timeout=ASK_SECONDS_MAX,
        )
        answer.raise_for_status()


def application_in(text: str) -> str | None:
    """Return the application that spark-submit has named in its log."""
    found = re.search(r"\bapplication_\d+_\d+\b", text)
    return found[0] if found else None


def _java_home() -> Path:
    """Return the folder of this machine's Java."""
    stated = os.environ.get("JAVA_HOME")
    if stated:
        return Path(stated)
    program = shutil.which("java")
    if not program:
        raise SystemExit("yarn: there is no java; install Java 17 or later")
    return Path(program).resolve().parents[1]
