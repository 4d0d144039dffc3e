"""The images of compose.yaml, which are built again only if their sources have changed."""

import subprocess
from collections.abc import Sequence

from flumelab.runtimes import flume_extras
from flumelab.runtimes.build_stamp import BuildStamp
from flumelab.runtimes.docker_compose import DockerCompose
from flumelab.runtimes.runtime import Report
from flumelab.runtimes.servers import SERVERS
from flumelab.settings import Settings

# A group of images is built together. Every lesson needs the base group.
BASE = "base"
IMAGES = {BASE: ("loadgen", "flume", "spark"), "own": ("own",)} | {
    server: (server,) for server in SERVERS
}
BUILT_BY = {"spark": "spark-master"}
"""The service that builds an image, if the two have different names."""
SOURCES = {
    BASE: [
        *("connector", "runtimes", "docker", "flume-conf", "loadgen", "requirements", "spark-apps"),
        *("spark-conf", "src", "compose.yaml", "pyproject.toml"),
    ],
    "own": [
        *("connector", "runtimes", "docker", "flume-conf", "requirements", "spark-apps"),
        *("spark-conf", "src", "compose.own.yaml", "pyproject.toml"),
    ],
    "kafka": [
        *("connector/java/pom.xml", "runtimes/pom.xml", "runtimes/kafka", "docker/kafka"),
        *("docker/Dockerfile", "docker/apt-install", "docker/healthy", "docker/trust-ca"),
    ],
    "s3": [
        *("connector/java/pom.xml", "runtimes/pom.xml", "runtimes/s3-server", "docker/s3"),
        *("docker/Dockerfile", "docker/apt-install", "docker/healthy", "docker/trust-ca"),
    ],
    "db": ["docker/db", "docker/Dockerfile", "docker/apt-install", "docker/healthy"],
}


class DockerImages:
    """The images of one checkout, under the prefix that the settings name."""

    def __init__(self, settings: Settings, compose: DockerCompose) -> None:
        self._settings = settings
        self._compose = compose

    def build(self, groups: Sequence[str], report: Report) -> None:
        """Build the images of these groups, unless they are current."""
        stale = [group for group in groups if not self._is_current(group)]
        if not stale:
            return
        images = [image for group in stale for image in IMAGES[group]]
        report(f"building the images of {', '.join(images)} (first time: minutes)")
        self._compose.output("build", "--quiet", *(BUILT_BY.get(image, image) for image in images))
        for group in stale:
            self._stamp(group).write()

    def exist(self, group: str) -> bool:
        """Whether all images of a group were built once."""
        names = [f"{self._settings.images}-{image}" for image in IMAGES[group]]
        command = ["docker", "image", "inspect", "--format", "{{.Id}}", *names]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def _is_current(self, group: str) -> bool:
        return self.exist(group) and self._stamp(group).is_current()

    def _stamp(self, group: str) -> BuildStamp:
        settings = self._settings
        file = settings.state / f"images-{settings.images}-{group}.built"
        return BuildStamp(file, settings.root, SOURCES[group], flume_extras.chosen())
