"""Confs are read as java.util.Properties reads them."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flumelab.errors import LabError
from flumelab.own.properties import Property, escape, parse

PRINT_AS_JAVA_READS = """
import java.io.*; import java.nio.file.*; import java.util.*;
public class Read {
    public static void main(String[] files) throws Exception {
        for (String file : files) {
            Properties read = new Properties();
            try (Reader text = Files.newBufferedReader(Path.of(file))) { read.load(text); }
            StringBuilder out = new StringBuilder();
            for (String key : new TreeSet<>(read.stringPropertyNames())) {
                for (String s : List.of(key, read.getProperty(key))) {
                    for (char c : s.toCharArray()) out.append((int) c).append(' ');
                    out.append(';');
                }
            }
            System.out.println(out);
        }
    }
}
"""
HARD_CASES = [
    "a = b\nc=d\ne:f\ng h\n",
    "  a.b  =  c d  \n",
    "# note\n! note\n\n \t\nkey\n",
    "a = b \\\n   c \\\n  d\ne = f\n",
    "a = b \\\n# not a note\n",
    "a = b\\\\\nc = d\\\\\\\ne\n",
    "a = ^\\d{14} \\w \\\\d \\t|\\n|\\:\n",
    "a\\ b = c\nd\\=e = f\ng\\:h : i\n",
    "path = C:\\spark\\bin\n",
    "a = \\u0041\\u00e9\n",
    "a = 1\r\nb = 2\rc = 3\n",
    "a =\nb:\nc\n=d\n",
    "a == b\na2 =: b\na3 : = b\na4 \t b\n",
    "last = no newline \\",
    "a=1\na=2\n",
]


def as_java(pairs: dict[str, str]) -> str:
    texts = [text for pair in sorted(pairs.items()) for text in pair]
    return "".join("".join(f"{ord(c)} " for c in text) + ";" for text in texts)


def test_hard_cases_come_out_as_java_reads_them(tmp_path: Path) -> None:
    if not shutil.which("java"):
        pytest.skip("java is not installed")
    source = tmp_path / "Read.java"
    source.write_text(PRINT_AS_JAVA_READS)
    files = []
    for number, text in enumerate(HARD_CASES):
        files.append(tmp_path / f"{number}.properties")
        files[-1].write_bytes(text.encode())
    printed = subprocess.run(
        ["java", "-Xshare:auto", str(source), *map(str, files)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for text, java in zip(HARD_CASES, printed, strict=True):
        ours = {found.key: found.value for found in parse(text)}
        assert as_java(ours) == java, json.dumps(text)


def test_each_assignment_knows_the_line_on_which_it_begins() -> None:
    assert parse("# a note\na = 1 \\\n  2\n\nb = 3\n") == [
        Property("a", "1 2", 2),
        Property("b", "3", 5),
    ]


def test_a_malformed_unicode_escape_is_one_line_with_its_place() -> None:
    with pytest.raises(LabError, match=r"^line 2: \\uzz is not a character; write four"):
        parse("a = 1\nb = C:\\uzz\n")


@settings(deadline=None)
@given(st.text(max_size=30))
def test_an_escaped_value_is_read_back_as_it_was(value: str) -> None:
    assert [found.value for found in parse(f"key = {escape(value)}\n")] == [value]


@settings(deadline=None)
@given(st.text(st.sampled_from("a=: \t\\\n\r#!u0\f"), max_size=60))
def test_no_text_makes_the_parser_fail_otherwise_than_with_its_own_error(text: str) -> None:
    try:
        parse(text)
    except LabError as error:
        assert "is not a character" in str(error)
