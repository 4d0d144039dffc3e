"""What lies in the spool directory and is not read, each as a sentence with what to do."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath

import unpacked


def unread(ignored: Iterable[str], subfolders: Mapping[str, int]) -> Iterator[str]:
    """Yield a sentence for each file and folder that the lab's confs leave out.

    :param ignored: files whose names the confs' `ignorePattern` matches, as the user knows them
    :param subfolders: lines in each sub-folder
    """
    for file in ignored:
        suffix = PurePath(file).suffix
        if suffix in unpacked.READERS:
            yield (
                f"{file} is ignored: it is compressed, and Flume would send its bytes as they are; "
                f"send its lines with flumelab feed --replay {file}"
            )
        elif suffix == ".zip":
            yield f"{file} is ignored: it is an archive; unzip it and feed each file with --replay"
        else:
            yield (
                f"{file} is ignored: its name marks it as temporary; rename it once it is complete"
            )
    for folder, lines in subfolders.items():
        yield (
            f"{folder}/ has {lines:,} lines that do not count as spooled: the lab's confs read no "
            "sub-folders; move the files up, or use a conf with recursiveDirectorySearch"
        )
