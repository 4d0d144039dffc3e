"""Java properties files, read as `java.util.Properties.load` reads them, with every place kept.

See "Class Properties" in the Java SE 17 API. Flume reads its confs this way: a backslash at the
end of a line continues it, other backslashes escape, and `=`, `:` or white space ends a key.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter

BLANKS = " \t\f"
ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
HEX_DIGITS = 4  # of \uXXXX

_WORD = re.compile(r"[^ \t\n\x0b\f\r]+")  # as Java's \s+ parts them
_TRIMMED = "".join(map(chr, range(33)))
_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|$)")
_PLAIN = re.compile(r"([^=: \t\f]*)[ \t\f]*[=:]?[ \t\f]*")  # without escapes
_ESCAPED = re.compile(r"((?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the text: offsets of its first character and of the one behind its last."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Token:
    """A key or a value.

    :param text: as Java reads it, without escapes and line ends
    :param span: where it stands
    :param places: where each character of `text` stands; empty if they follow each other
    """

    text: str
    span: Span
    places: tuple[Span, ...] = ()

    def part(self, start: int, end: int) -> Span:
        """Return where ``text[start:end]`` stands."""
        if not self.places:
            return Span(self.span.start + start, self.span.start + end)
        if start >= len(self.places) or len(self.places) != len(self.text):
            return self.span
        first = self.places[start].start
        return Span(first, self.places[end - 1].end if end > start else first)

    def words(self) -> list[tuple[str, Span]]:
        """Return the parts between white space, each with its place."""
        return [
            (found[0], self.part(found.start(), found.end())) for found in _WORD.finditer(self.text)
        ]


@dataclass(frozen=True, slots=True)
class Assignment:
    """``key = value``; the span covers all its lines without the last line end."""

    key: Token
    value: Token
    span: Span


@dataclass(frozen=True, slots=True)
class Malformed:
    """A ``\\u`` without four hexadecimal digits. Java refuses the whole file because of it."""

    span: Span


@dataclass(frozen=True)
class Document:
    """A parsed file: what Java reads of it, and where everything stands.

    :param block: whether it is a block of a page, with blanks for what is before it
    """

    path: str
    text: str
    assignments: tuple[Assignment, ...]
    comments: tuple[Span, ...]
    malformed: tuple[Malformed, ...]
    encoding: str = "utf-8"
    block: bool = False
    _starts: list[int] = field(default_factory=list, repr=False)

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column, both from 1."""
        line = max(bisect_right(self._starts, offset), 1)
        return line, offset - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Return the text of a line, numbered from 1, without its end."""
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def line_span(self, number: int) -> Span:
        """Return where a line stands, its end included."""
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return Span(self._starts[number - 1], end)

    @cached_property
    def line_end(self) -> str:
        """The line end that the file uses."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def raw(self, span: Span) -> str:
        """Return the text of a span as it stands in the file."""
        return self.text[span.start : span.end]


def trim(text: str) -> str:
    """Remove what Java's `String.trim` removes: no more than ASCII's blanks and controls."""
    return text.strip(_TRIMMED)


def decode(content: bytes) -> tuple[str, str]:
    """Return the text of a file and its encoding: UTF-8 if it is that, else ISO-8859-1.

    Java reads every file as ISO-8859-1. Outside of comments this makes a difference only for
    characters that are not ASCII.
    """
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return content.decode("iso-8859-1"), "iso-8859-1"


def parse(text: str, path: str = "-", encoding: str = "utf-8", block: bool = False) -> Document:
    """Return every assignment, in the order of the file; of equal keys Java uses the last."""
    reader = _Reader(text)
    assignments = tuple(reader.assignments())
    return Document(
        path,
        text,
        assignments,
        tuple(reader.comments),
        tuple(reader.malformed),
        encoding,
        block,
        reader.starts or [0],
    )


def escape(value: str) -> str:
    """Return `value` as it is written after ``=``, in ASCII."""
    escaped = value.replace("\\", "\\\\")
    for letter, character in ESCAPES.items():
        escaped = escaped.replace(character, f"\\{letter}")
    escaped = re.sub(r"[^\x00-\x7f]", _utf16, escaped)
    return f"\\{escaped}" if escaped[:1] == " " else escaped


def _utf16(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + HEX_DIGITS]}" for at in range(0, len(units), HEX_DIGITS))


@dataclass
class _Line:
    """A logical line: its text, and for each of its pieces where it begins in line and file."""

    text: str
    pieces: list[tuple[int, int]]
    end: int

    def offset(self, index: int) -> int:
        """Return the place in the file of the character at `index`."""
        if len(self.pieces) == 1:
            return self.pieces[0][1] + index
        within, start = self.pieces[bisect_right(self.pieces, index, key=itemgetter(0)) - 1]
        return start + index - within


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.starts: list[int] = []
        self.comments: list[Span] = []
        self.malformed: list[Malformed] = []

    def assignments(self) -> Iterator[Assignment]:
        for line in self._logical_lines():
            plain = len(line.pieces) == 1 and "\\" not in line.text
            found = (_PLAIN if plain else _ESCAPED).match(line.text)
            assert found  # both match the empty text
            begin = line.pieces[0][1]
            if plain:
                key = Token(found[1], Span(begin, begin + found.end(1)))
                value = Token(line.text[found.end() :], Span(begin + found.end(), line.end))
            else:
                key = self._token(line, 0, found.end(1))
                value = self._token(line, found.end(), len(line.text))
            yield Assignment(key, value, Span(begin, line.end))

    def _physical_lines(self) -> Iterator[tuple[int, str]]:
        for found in _LINE.finditer(self.text):
            if found.start() == len(self.text) and self.starts:
                return
            self.starts.append(found.start())
            yield found.start(), found[1]

    def _logical_lines(self) -> Iterator[_Line]:
        """Join the pieces of continued lines.

        As in Java, a line of nothing but a backslash leaves the next one free to be a comment.
        """
        text, end, continued = "", 0, False
        pieces: list[tuple[int, int]] = []
        for start, line in self._physical_lines():
            stripped = line.lstrip(BLANKS)
            if not text:
                pieces = []
                if not stripped or stripped[0] in "#!":
                    if stripped:
                        end = start + len(line)
                        self.comments.append(Span(end - len(stripped), end))
                    continued = False
                    continue
            pieces.append((len(text), start + len(line) - len(stripped)))
            continued = (len(stripped) - len(stripped.rstrip("\\"))) % 2 == 1
            text += stripped[:-1] if continued else stripped
            end = start + len(line) - continued
            if not continued:
                yield _Line(text, pieces, end)
                text = ""
        if continued and (text or not self.text.endswith("\r\n")):  # Java 17 does just this
            yield _Line(text, pieces, end)

    def _token(self, line: _Line, start: int, end: int) -> Token:
        """Decode a stretch of a logical line."""
        first = line.offset(start) if start < len(line.text) else line.end
        span = Span(first, line.offset(end - 1) + 1 if end > start else first)
        out: list[str] = []
        places: list[Span] = []
        at = start
        while at < end:
            character, here = line.text[at], line.offset(at)
            at += 1
            if character == "\\" and at < end:
                character = line.text[at]
                at += 1
                if character == "u":
                    digits = line.text[at : min(at + HEX_DIGITS, end)]
                    if re.fullmatch(r"[0-9a-fA-F]{4}", digits, re.ASCII):
                        character = chr(int(digits, 16))
                        at += HEX_DIGITS
                    else:
                        self.malformed.append(Malformed(Span(here, here + 2 + len(digits))))
                else:
                    character = ESCAPES.get(character, character)
            out.append(character)
            places.append(Span(here, line.offset(at - 1) + 1))
        text = "".join(out)
        joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        return Token(joined, span, tuple(places))
