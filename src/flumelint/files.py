"""Finds the files to check, reads them, and picks the confs out of Markdown."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flumelint.errors import BadUse
from flumelint.properties import Document, decode, parse

CONF_SUFFIXES = (".conf", ".properties")
MARKDOWN_SUFFIXES = (".md", ".markdown")
FENCE_LANGUAGES = ("properties", "flume", "conf", "ini", "")
SKIPPED_FOLDERS = {"target", "node_modules", "__pycache__", "venv"}
STDIN = "-"

_LOOKS_LIKE_FLUME = re.compile(r"^[ \t]*[\w-]+\.(?:sources|channels|sinks)\b", re.MULTILINE)
_FENCE = re.compile(r"[ \t]*(?P<mark>`{3,}|~{3,})[ \t]*(?P<language>[\w-]*)")


@dataclass(frozen=True)
class File:
    """A file's name, text and encoding, and whether it is Markdown."""

    name: str
    text: str
    encoding: str
    markdown: bool = False

    @property
    def looks_like_flume(self) -> bool:
        """Whether a line begins with an agent's name and sources, channels or sinks."""
        return bool(_LOOKS_LIKE_FLUME.search(self.text))

    def documents(self) -> list[Document]:
        """Return what to check: the file, or each fenced conf of a Markdown page.

        A block keeps its place: what is before it becomes blank.
        """
        if not self.markdown:
            return [parse(self.text, self.name, self.encoding)]
        return [
            parse(re.sub(r"[^\r\n]", " ", self.text[:start]) + body, self.name, self.encoding, True)
            for start, body in _blocks(self.text)
            if _LOOKS_LIKE_FLUME.search(body)
        ]


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Yield the fenced blocks that may be confs: where each begins, and its text."""
    mark, wanted, start, offset = "", False, 0, 0
    for line in text.splitlines(keepends=True):
        fence = _FENCE.match(line)
        if not mark and fence:
            mark, start = fence["mark"], offset + len(line)
            wanted = fence["language"].lower() in FENCE_LANGUAGES
        elif mark and line.strip().startswith(mark) and not line.strip().strip(mark[0]):
            if wanted:
                yield start, text[start:offset]
            mark = ""
        offset += len(line)


def collect(names: Sequence[str], markdown: bool, exclude: Sequence[str]) -> list[File]:
    """Read the files that were named, and those in folders that look like Flume's confs.

    :param markdown: whether pages of Markdown are checked, too
    :param exclude: patterns of files that are left out
    """
    files: list[File] = []
    for name in dict.fromkeys(names):
        if name != STDIN and Path(name).is_dir():
            files += _in_folder(Path(name), markdown, exclude)
        elif name == STDIN or not _is_excluded(Path(name), exclude):
            files.append(_read(name, markdown))
    return files


def _in_folder(folder: Path, markdown: bool, exclude: Sequence[str]) -> Iterator[File]:
    suffixes = CONF_SUFFIXES + (MARKDOWN_SUFFIXES if markdown else ())
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS and f[0] != ".")
        for name in sorted(names):
            path = Path(parent) / name
            if path.suffix.lower() in suffixes and not _is_excluded(path, exclude):
                file = _read(str(path), markdown)
                if file.markdown or file.looks_like_flume:
                    yield file


def _is_excluded(path: Path, exclude: Sequence[str]) -> bool:
    return any(path.match(pattern) or _is_below(path, pattern) for pattern in exclude)


def _is_below(path: Path, pattern: str) -> bool:
    return any(parent.match(pattern) for parent in path.parents if parent.name)


def _read(name: str, markdown: bool) -> File:
    try:
        content = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except OSError as error:
        raise BadUse(f"cannot read {name}: {error.strerror}; name a conf or a folder") from None
    text, encoding = decode(content)
    is_page = Path(name).suffix.lower() in MARKDOWN_SUFFIXES or name == STDIN
    return File(name, text, encoding, markdown and is_page)
