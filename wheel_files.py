"""Put the lab's files into the wheel: below flumelab/lab/, in the places that a checkout has.

Maven builds Flume's runtime first: ``flumelab build --runtime local``.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from pathspec import GitIgnoreSpec

FLUME = "runtimes/flume/target/flume"
NAMES = (
    *("compose.yaml", "compose.own.yaml", "docker", "flume-conf", "spark-apps", "spark-conf"),
    *("loadgen", "exercises", "solutions", "experiments", "presets", ".env"),
    # What the images are built from.
    *(".dockerignore", "pyproject.toml", "wheel_files.py", "README.md", "LICENSE", "requirements"),
    *("connector", "runtimes", "src"),
)


class LabFilesHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the files, unless the package is installed from the checkout, or into an image."""

    _copy: tempfile.TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before a build. `version` is "editable" for a checkout."""
        root = Path(self.root)
        if version == "editable" or not (root / "compose.yaml").exists():
            return
        if not (root / FLUME / "lib").is_dir():
            raise FileNotFoundError(f"{FLUME} is missing: flumelab build --runtime local")
        # hatchling puts each file into one place only, but the package's own are needed in two.
        self._copy = tempfile.TemporaryDirectory()
        for file in self._files(root):
            copy = Path(self._copy.name, file.relative_to(root))
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, copy)
        build_data["force_include"][self._copy.name] = "flumelab/lab"

    def finalize(self, version: str, build_data: dict[str, Any], artifact: str) -> None:
        """Called by hatchling after a build."""
        if self._copy:
            self._copy.cleanup()

    def _files(self, root: Path) -> Iterator[Path]:
        ignored = GitIgnoreSpec.from_lines((root / ".gitignore").read_text("utf-8").splitlines())
        for name in NAMES:
            for file in (root / name, *sorted((root / name).rglob("*"))):
                path = file.relative_to(root).as_posix()
                if file.is_file() and "src/test/" not in path and not ignored.match_file(path):
                    yield file
        yield from (file for file in sorted((root / FLUME).rglob("*")) if file.is_file())
