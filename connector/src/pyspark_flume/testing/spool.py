"""A spool directory."""

import os
from pathlib import Path

COMPLETED = ".COMPLETED"
"""What Flume appends to the name of a file that it has read."""


def require_plain(name: str) -> None:
    """Raise `ValueError` for a name that Flume's spooldir source would not read."""
    if not name or name.startswith(".") or "/" in name or name.endswith(COMPLETED):
        raise ValueError(
            f"{name!r}: give a plain file name that does not begin with a dot, nor end with "
            f"{COMPLETED}"
        )


class Spool:
    """A folder that Flume's spooldir source reads.

    :param path: it is created
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, data: str | bytes | Path) -> Path:
        """Put a complete file into the folder in one step, as Flume requires.

        :param data: its content, or the `Path` of a file that has it

        Raises `ValueError` for a hidden name, which Flume would not read, and for one that was used
        before, at which the source would stop for good.
        """
        require_plain(name)
        target = self.path / name
        if target.exists() or target.with_name(f"{name}{COMPLETED}").exists():
            raise ValueError(f"{target}: the name was used before; give each file its own")
        hidden = self.path / f".{name}.tmp"
        content = data.read_bytes() if isinstance(data, Path) else data
        hidden.write_bytes(content.encode() if isinstance(content, str) else content)
        return hidden.rename(target)
