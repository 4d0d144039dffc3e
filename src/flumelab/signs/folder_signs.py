"""Signs in the folders that Flume reads."""

import re
from collections.abc import Iterator

from flumelab.signs.agent import Agent, Component, number
from flumelab.signs.file_names import COMPRESSED, TEMPORARY, is_ignored
from flumelab.signs.known import known
from flumelab.signs.sign import Sign
from flumelab.signs.snapshot import Folder, Kind, Snapshot

AVRO_FILE = b"Obj\x01"
"""A position file is an Avro container file, which begins with these bytes."""
HEADER_BYTES_MIN = 60
"""Its schema alone is longer."""
WRITE_SECONDS = 2.0
"""A file that is younger may be in the middle of a write."""
CANARY = re.compile(r"flume-spooldir-perm-check-\d+\.canary")


def folder_signs(snapshot: Snapshot) -> Iterator[Sign]:
    """Yield the signs in each spooldir source's folder."""
    part = snapshot.part(Kind.FLUME)
    for source in Agent(snapshot).sources:
        folder = snapshot.folders.get(source.settings.get("spoolDir", ""))
        if folder and source.is_a("spooldir"):
            yield from _position(part, source, folder, snapshot)
            yield from _empty(part, source, folder, snapshot)
            yield from _sub_folders(part, source, folder)
            yield from _names(part, source, folder)


def _position(part: str, source: Component, folder: Folder, snapshot: Snapshot) -> Iterator[Sign]:
    for file in folder.files:
        if not file.name.endswith("-main.meta") or snapshot.now - file.changed < WRITE_SECONDS:
            continue
        damage = ""
        if not file.size:
            damage = "empty"
        elif file.size < HEADER_BYTES_MIN or (file.head and not file.head.startswith(AVRO_FILE)):
            damage = "torn"
        if damage:
            yield known()["position-file-damaged"].sign(
                part,
                file.changed,
                file=f"{folder.path}/{file.name}",
                source=source.name,
                damage=damage,
            )


def _empty(part: str, source: Component, folder: Folder, snapshot: Snapshot) -> Iterator[Sign]:
    for file in folder.files:
        hidden = any(name.startswith(".") for name in file.name.split("/"))
        if file.size or hidden or snapshot.now - file.changed < WRITE_SECONDS:
            continue
        name = "canary-left-over" if CANARY.match(file.name) else "empty-file"
        if _is_read(source, file.name):
            yield known()[name].sign(
                part, file.changed, file=f"{folder.path}/{file.name}", source=source.name
            )


def _is_read(source: Component, name: str) -> bool:
    done = source.settings.get("fileSuffix", ".COMPLETED")
    deep = source.settings.get("recursiveDirectorySearch", "").lower() == "true"
    return (deep or "/" not in name) and not is_ignored(source, name.removesuffix(done))


def _sub_folders(part: str, source: Component, folder: Folder) -> Iterator[Sign]:
    if source.settings.get("recursiveDirectorySearch", "").lower() == "true":
        return
    below = [file for file in folder.files if "/" in file.name and not file.name.startswith(".")]
    if below:
        yield known()["files-not-read"].sign(
            part,
            min(file.changed for file in below),
            folder=folder.path,
            source=source.name,
            files=number(len(below), "file"),
            example=below[0].name,
            prefix=source.prefix,
        )


def _names(part: str, source: Component, folder: Folder) -> Iterator[Sign]:
    """Signs of files that are compressed, or that are not complete yet."""
    done = source.settings.get("fileSuffix", ".COMPLETED")
    for file in folder.files:
        if "/" in file.name or file.name.startswith("."):
            continue
        ignored = is_ignored(source, file.name)
        name = ""
        if COMPRESSED.fullmatch(file.name.removesuffix(done)):
            read = not ignored or file.name.endswith(done)
            name = "compressed-read" if read else "compressed-ignored"
        elif ignored and TEMPORARY.fullmatch(file.name):
            name = "temporary-ignored"
        if name:
            yield known()[name].sign(
                part,
                file.changed,
                file=f"{folder.path}/{file.name}",
                name=file.name,
                source=source.name,
                prefix=source.prefix,
            )
