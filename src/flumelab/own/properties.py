"""Java properties files, read as `java.util.Properties.load` reads them.

See "Class Properties" in the Java SE 17 API. Flume reads its confs this way: a backslash at the
end of a line continues it, other backslashes escape, and `=`, `:` or white space ends a key.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flumelab.errors import LabError

BLANKS = " \t\f"
ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
LINE_END = re.compile(r"\r\n|\r|\n")
HEX_DIGITS = 4  # of \uXXXX


@dataclass(frozen=True)
class Property:
    """One assignment; `line` is the number of the line on which it begins, from 1."""

    key: str
    value: str
    line: int


def parse(text: str) -> list[Property]:
    """Return every assignment of `text`, in the order of the file, duplicates included.

    Java uses the last of several assignments to one key. Raises `LabError` for a malformed
    `\\uXXXX`, which Java refuses.
    """
    return [_property(line, number) for number, line in _logical_lines(text)]


def escape(value: str) -> str:
    """Return `value` as it is written after ``key = ``."""
    escaped = value.replace("\\", "\\\\")
    for letter, character in ESCAPES.items():
        escaped = escaped.replace(character, f"\\{letter}")
    escaped = re.sub(r"[^\x00-\x7f]", _utf16, escaped)  # Flume reads a conf as ISO-8859-1
    return f"\\{escaped}" if escaped[:1] == " " else escaped


def _utf16(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + HEX_DIGITS]}" for at in range(0, len(units), HEX_DIGITS))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each assignment with its first line's number; continuation lines are joined."""
    lines = LINE_END.split(text)
    number = 0
    while number < len(lines):
        first = number + 1
        line = lines[number].lstrip(BLANKS)
        number += 1
        if not line or line[0] in "#!":
            continue
        while _continues(line):
            line = line[:-1]
            if number == len(lines):
                break
            line += lines[number].lstrip(BLANKS)
            number += 1
        yield first, line


def _continues(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _property(line: str, number: int) -> Property:
    end = 0
    while end < len(line) and line[end] not in "=:" + BLANKS:
        end += 2 if line[end] == "\\" else 1
    value = line[end:].lstrip(BLANKS)
    if value[:1] in ("=", ":") and value:
        value = value[1:].lstrip(BLANKS)
    return Property(_unescape(line[:end], number), _unescape(value, number), number)


def _unescape(text: str, number: int) -> str:
    if "\\" not in text:
        return text
    out = []
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if character != "\\":
            out.append(character)
            continue
        escaped = text[position : position + 1]
        position += 1
        if escaped == "u":
            digits = text[position : position + HEX_DIGITS]
            if not re.fullmatch(r"[0-9a-fA-F]{4}", digits):
                raise LabError(
                    f"line {number}: \\u{digits} is not a character; "
                    "write four hexadecimal digits, or two backslashes for a backslash"
                )
            out.append(chr(int(digits, 16)))
            position += HEX_DIGITS
        else:
            out.append(ESCAPES.get(escaped, escaped))
    joined = "".join(out).encode("utf-16", "surrogatepass")  # two escapes may be one character
    return joined.decode("utf-16", "surrogatepass")
