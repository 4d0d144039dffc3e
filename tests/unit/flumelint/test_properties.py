"""Files are read as java.util.Properties reads them, and each token knows its place."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flumelint.properties import Document, Span, escape, parse

# Reads a file in base64 from each line; answers with its pairs as UTF-16 code units.
JAVA = """
import java.io.*; import java.util.*;
public class Read {
    public static void main(String[] none) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null; ) {
            var read = new Properties();
            var out = new StringBuilder();
            try {
                read.load(new ByteArrayInputStream(Base64.getDecoder().decode(line)));
                for (String key : new TreeSet<>(read.stringPropertyNames()))
                    for (String text : List.of(key, read.getProperty(key))) {
                        for (char unit : text.toCharArray()) out.append((int) unit).append(' ');
                        out.append(';');
                    }
            } catch (IllegalArgumentException malformed) { out.append("malformed"); }
            System.out.println(out);
        }
    }
}
"""


class Java:
    """One JVM that reads any number of files."""

    def __init__(self, source: Path) -> None:
        self._process = subprocess.Popen(
            ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", str(source)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self, content: bytes) -> str:
        assert self._process.stdin
        assert self._process.stdout
        print(base64.b64encode(content).decode(), file=self._process.stdin, flush=True)
        return self._process.stdout.readline().rstrip("\n")

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=10)


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Java]:
    if not shutil.which("java"):
        pytest.skip("java is not installed")
    source = tmp_path_factory.mktemp("java") / "Read.java"
    source.write_text(JAVA)
    process = Java(source)
    yield process
    process.close()


def units(text: str) -> list[int]:
    content = text.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(content[at : at + 2]) for at in range(0, len(content), 2)]


def as_java(document: Document) -> str:
    """What the Java program prints for what we read."""
    if document.malformed:
        return "malformed"
    pairs = {each.key.text: each.value.text for each in document.assignments}
    texts = [text for key in sorted(pairs, key=units) for text in (key, pairs[key])]
    return "".join("".join(f"{unit} " for unit in units(text)) + ";" for text in texts)


HARD_CASES = [
    "a = b\nc=d\ne:f\ng h\n",
    "  a.b  =  c d  \n",
    "# note\n! note\n\n \t\nkey\n",
    "a = b \\\n   c \\\n  d\ne = f\n",
    "a = b \\\n# not a note\n",
    "\\\n# a note\na = b\n",
    "a = b\\\\\nc = d\\\\\\\ne\n",
    "a = ^\\d{14} \\w \\\\d \\t|\\n|\\:\n",
    "a\\ b = c\nd\\=e = f\ng\\:h : i\n",
    "path = C:\\spark\\bin\n",
    "path = C:\\users\n",
    "a = \\u0041\\u00e9 \\ud83d\\ude00 \\ud83d\n",
    "a = 1\r\nb = 2\rc = 3\n",
    "a =\nb:\nc\n=d\n",
    "a == b\na2 =: b\na3 : = b\na4 \t b\n",
    "last = no newline \\",
    "\\",
    "\\\n",
    "\\\r\n",
    "a=1\na=2\n",
    "a = \u00e9\u00a0\n",
]


@pytest.mark.parametrize("text", HARD_CASES, ids=repr)
def test_hard_cases_come_out_as_java_reads_them(java: Java, text: str) -> None:
    content = text.encode("iso-8859-1")

    assert as_java(parse(content.decode("iso-8859-1"))) == java.read(content)


@settings(deadline=None, max_examples=1000)
@given(content=st.text(st.sampled_from("ab.=: \t\f\\\\\\\n\n\r#!u0041f\u00e9"), max_size=24))
def test_any_text_comes_out_as_java_reads_it(java: Java, content: str) -> None:
    assert as_java(parse(content)) == java.read(content.encode("iso-8859-1"))


@settings(deadline=None)
@given(content=st.binary(max_size=60))
def test_any_bytes_come_out_as_java_reads_them(java: Java, content: bytes) -> None:
    assert as_java(parse(content.decode("iso-8859-1"))) == java.read(content)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_an_escaped_value_is_read_back_as_it_was(value: str) -> None:
    assert [each.value.text for each in parse(f"key = {escape(value)}\n").assignments] == [value]


def shown(document: Document, span: Span) -> tuple[int, int, str]:
    line, column = document.position(span.start)
    return line, column, document.raw(span)


def test_keys_and_values_know_their_places() -> None:
    document = parse("# a note\r\n  a.b = c1 c2 \r\n\r\nd:e")
    first, second = document.assignments

    assert shown(document, first.key.span) == (2, 3, "a.b")
    assert shown(document, first.value.span) == (2, 9, "c1 c2 ")
    assert [(word, shown(document, span)[:2]) for word, span in first.value.words()] == [
        ("c1", (2, 9)),
        ("c2", (2, 12)),
    ]
    assert shown(document, second.value.span) == (4, 3, "e")
    assert [document.raw(span) for span in document.comments] == ["# a note"]


def test_a_word_behind_a_continued_line_knows_its_place() -> None:
    document = parse("a = b \\\n    c \\\n  d\n")
    (assignment,) = document.assignments

    assert assignment.value.text == "b c d"
    assert [shown(document, span) for _, span in assignment.value.words()] == [
        (1, 5, "b"),
        (2, 5, "c"),
        (3, 3, "d"),
    ]
    assert document.raw(assignment.span) == "a = b \\\n    c \\\n  d"


def test_a_word_behind_escapes_knows_its_place() -> None:
    document = parse("k = \\u0041\\t\\d x\n")
    (assignment,) = document.assignments

    assert assignment.value.text == "A\td x"
    assert shown(document, assignment.value.part(2, 3)) == (1, 13, "\\d")
    assert shown(document, assignment.value.part(4, 5)) == (1, 16, "x")


@settings(deadline=None)
@given(st.text(st.sampled_from("ab.=: \t\f\\\\\n\r#!u0041"), max_size=40))
def test_every_place_is_inside_the_text(text: str) -> None:
    document = parse(text)
    for assignment in document.assignments:
        for token in (assignment.key, assignment.value):
            spans = [token.span, *(span for _, span in token.words())]
            for span in spans:
                assert 0 <= span.start <= span.end <= len(text)
            for word, span in token.words():
                assert word
                assert span.start < span.end
