"""Names of files in a container, as the host knows them: messages name what the user can open."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def of_mounts(mounts: Sequence[str]) -> dict[str, str]:
    """Return the host's name for each place in a container: ``host:inside`` or ``…:ro``."""
    pairs = (mount.removesuffix(":ro").rsplit(":", 1) for mount in mounts)
    return {inside: _short(Path(host)) for host, inside in pairs}


def translation(names: Mapping[str, str]) -> Callable[[str], str]:
    """Return what replaces each of these names in a text, also at the start of a longer path."""
    longest = sorted(names, key=len, reverse=True)
    places = re.compile(rf"(?<![\w./-])({'|'.join(map(re.escape, longest))})(?![\w-])")
    return lambda text: places.sub(lambda found: names[found[1]], text)


def _short(path: Path) -> str:
    """A path below the current folder without that folder."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
