"""Write an SBOM for each of the lab's images, as CycloneDX: ``python -m tools.release.images``.

syft reads the images, which ``docker compose build`` has made before: Debian's packages, jars, and
Python packages. The documents end in dist/sboms/.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tools.release.go import ProgramMissing, go_program

ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "dist/sboms"
PREFIX = os.environ.get("LAB_IMAGES") or os.environ.get("COMPOSE_PROJECT_NAME") or "flumelab"
"""As in compose.yaml."""
OWN_PREFIX = os.environ.get("LAB_IMAGES") or "flumelab"
"""As in compose.own.yaml, which is a Compose project of its own."""
SYFT = "github.com/anchore/syft/cmd/syft@v1.57.1"
KINDS = {
    "loadgen": {"deb", "pypi"},
    "flume": {"deb", "maven"},
    "spark": {"deb", "maven", "pypi"},
    "own": {"deb", "maven", "pypi"},
    "notebook": {"deb", "maven", "pypi"},
    "kafka": {"deb", "maven"},
    "s3": {"deb", "maven"},
    "db": {"deb"},
    "prometheus": {"deb", "golang"},
}
"""What each image contains; an SBOM without one of these is wrong."""


class SbomMissing(Exception):
    """An image cannot be described, or not as a whole."""


def main() -> int:
    """Describe the images that were asked for; the first failure ends it."""
    parser = argparse.ArgumentParser(description="Write an SBOM for each image of the lab.")
    parser.add_argument("images", nargs="*", help=f"without any, all: {', '.join(KINDS)}")
    parser.add_argument("--prefix", help="of the images' names, if not that of the Compose files")
    asked = parser.parse_args()
    unknown = [name for name in asked.images if name not in KINDS]
    if unknown:
        parser.error(f"{', '.join(unknown)}: the images are {', '.join(KINDS)}")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    try:
        for name in asked.images or KINDS:
            document = OUTPUT / f"{name}.cdx.json"
            prefix = asked.prefix or (OWN_PREFIX if name == "own" else PREFIX)
            scan(f"{prefix}-{name}", document)
            found = kinds(json.loads(document.read_text("utf-8")))
            check(name, found)
            counted = ", ".join(f"{number} {kind}" for kind, number in sorted(found.items()))
            print(f"{document.relative_to(ROOT)}: {counted}", flush=True)
    except (SbomMissing, ProgramMissing) as missing:
        print(f"sbom: {missing}")
        return 1
    return 0


def scan(image: str, document: Path) -> None:
    """Let syft write the SBOM of an image.

    :raises SbomMissing: there is no such image, or syft has failed
    :raises ProgramMissing: there is no syft
    """
    if not shutil.which("docker"):
        raise SbomMissing("there is no docker here")
    inspect = ["docker", "image", "inspect", "--format", "{{.Id}}", image]
    found = subprocess.run(inspect, capture_output=True, text=True, check=False)
    if found.returncode:
        told = found.stderr.strip()
        own = image.endswith("-own")
        build = "-f compose.own.yaml build own" if own else "--profile '*' build"
        raise SbomMissing(f"{told}\nIf it is not built: docker compose {build}")
    syft = go_program("syft", SYFT)
    command = [*syft, "scan", f"docker:{image}", "-q", "-o", f"cyclonedx-json={document}"]
    here = os.environ | {"SYFT_CHECK_FOR_APP_UPDATE": "false"}
    if subprocess.run(command, env=here, check=False).returncode:
        raise SbomMissing(f"syft has failed with {image}; its message stands above")


def kinds(document: dict[str, object]) -> Counter[str]:
    """Return how many components an SBOM has of each kind of package."""
    components = document.get("components", [])
    assert isinstance(components, list)
    urls = (str(each.get("purl", "")) for each in components)
    return Counter(url.removeprefix("pkg:").partition("/")[0] for url in urls if url)


def check(name: str, found: Counter[str]) -> None:
    """Check that an SBOM has all kinds of packages that its image has.

    :raises SbomMissing: it lacks some
    """
    lacking = KINDS[name] - found.keys()
    if lacking:
        raise SbomMissing(f"the SBOM of {name} names no package of {', '.join(sorted(lacking))}")


if __name__ == "__main__":
    sys.exit(main())
