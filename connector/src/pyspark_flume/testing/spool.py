"""A spool directory."""

from pathlib import Path


def require_plain(name: str) -> None:
    """Raise `ValueError` for a name that Flume's spooldir source would not read."""
    if not name or name.startswith(".") or "/" in name:
        raise ValueError(f"{name!r}: give a plain file name that does not begin with a dot")


class Spool:
    """A folder that Flume's spooldir source reads.

    :param path: it is created
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, data: str | bytes) -> Path:
        """Put a complete file into the folder in one step, as Flume requires.

        Raises `ValueError` for a hidden name, which Flume would not read, and for one that was used
        before, at which the source would stop for good.
        """
        require_plain(name)
        target = self.path / name
        if target.exists() or target.with_name(f"{name}.COMPLETED").exists():
            raise ValueError(f"{target}: the name was used before; give each file its own")
        hidden = self.path / f".{name}.tmp"
        hidden.write_bytes(data.encode() if isinstance(data, str) else data)
        return hidden.rename(target)
