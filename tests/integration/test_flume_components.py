"""Each component of Flume is started by real Flume; the page lists what came of it."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from flumelint.component_data import component_data
from tests.support.flume_components import FLUME_HOME, components, page_tables, tables
from tests.support.ports import free_ports

JAVA = Path(__file__).parent / "java"
PORTS = 300  # more than one for each component, started and configured
CLOSED = "http://127.0.0.1:1/"  # where the twitter source shall ask
PRINTED = ("known", "found", "ran", "without")
CHECKED_AT_START = {"morphlineFile"}  # without it the sink is configured, and does not start
EXTRAS = {its.jars for its in components()} - {"default", "yours", "none"}


def there() -> set[str]:
    """The extras that this runtime was built with: their folders are filled."""
    folders = {"kafka": "kafka", "hdfs": "hadoop", "hbase2": "hbase2"}
    assert folders.keys() == EXTRAS
    lib = FLUME_HOME / "plugins.d"
    return {name for name, folder in folders.items() if any((lib / folder).glob("lib/*.jar"))}


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What StartComponents prints, in words."""
    if not (FLUME_HOME / "lib").is_dir():
        pytest.skip(f"{FLUME_HOME} is missing: mvn -f runtimes/pom.xml package")
    folder = tmp_path_factory.mktemp("components")
    jars = [*FLUME_HOME.glob("lib/*.jar"), *FLUME_HOME.glob("plugins.d/*/lib/*.jar")]
    twitter = [f"-Dtwitter4j.{name}BaseURL={CLOSED}" for name in ("stream", "rest", "userStream")]
    class_path = ":".join([*map(str, jars), str(folder)])
    sources = sorted(map(str, JAVA.glob("*.java")))
    subprocess.run(
        ["javac", "-nowarn", "-d", str(folder), "-cp", class_path, *sources],
        check=True,
        timeout=300,
    )
    done = subprocess.run(
        [
            *("java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
            *(f"-Duser.home={folder}", *twitter, "-cp", class_path),
            *("StartComponents", str(FLUME_HOME / "components.txt"), str(folder)),
            *map(str, free_ports(PORTS)),
        ],
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = [line.split() for line in done.stdout.splitlines()]
    return [words for words in found if words and words[0] in PRINTED]


def test_the_list_has_each_type_of_flumes_enums(lines: list[list[str]]) -> None:
    listed = {(its.kind, its.alias, its.name) for its in components()}
    known = {tuple(words[1:]) for words in lines if words[0] == "known"}
    assert len(known) > 50
    assert known - listed == set()


def test_the_list_has_each_component_in_flumes_jars(lines: list[list[str]]) -> None:
    listed = {(its.kind, its.name) for its in components()}
    found = {tuple(words[1:]) for words in lines if words[0] == "found"}
    assert len(found) > 50
    assert found - listed == set()


def test_each_component_starts_or_its_extra_is_named(lines: list[list[str]]) -> None:
    came = {(words[1], words[2]): words[3:] for words in lines if words[0] == "ran"}
    wrong = []
    for its in components():
        result = came[its.kind, its.name]
        starts = result[0] in ("ok", "server")
        # The hbase sink says itself that the jars of hbase2 are not those of its version.
        lacks = result[0] == "missing" or "HBase major version" in " ".join(result)
        if its.jars == "default" or its.jars in there():
            good = starts
        else:  # a serializer is only called by its sink, which lacks the class
            good = lacks or (starts and its.kind == "serializer")
        if not good:
            wrong.append((its.kind, its.name, result))
    assert wrong == []
    assert len(came) == len(components())


def test_the_linter_knows_the_keys_without_which_flume_refuses(lines: list[list[str]]) -> None:
    wrong = []
    answers = [words[2:] for words in lines if words[0] == "without"]
    for name, key, answer in answers:
        its = next(each for each in component_data().all if each.cls == name)
        required = key in its.keys and its.keys[key].required
        required |= any(key in choice for choice in its.one_of)
        if key in CHECKED_AT_START or key.startswith("filegroups."):
            continue
        if required != (answer == "refused"):
            wrong.append(f"{name} {key} {answer}")
    assert "\n".join(wrong) == ""
    assert len([answer for *_, answer in answers if answer == "refused"]) > 20


def test_no_class_is_twice_on_the_class_path() -> None:
    """Of one class in two versions the first jar on the path would win, whichever that is."""
    names: dict[str, str] = {}
    for jar in sorted([*FLUME_HOME.glob("lib/*.jar"), *FLUME_HOME.glob("plugins.d/*/lib/*.jar")]):
        for name in zipfile.ZipFile(jar).namelist():
            if name.endswith(".class") and not name.startswith("META-INF/") and "-info" not in name:
                assert name not in names, f"{name} is in {jar.name} and in {names[name]}"
                names[name] = jar.name


def test_the_page_lists_what_is_so() -> None:
    assert page_tables() == tables(), "python -m tests.support.flume_components writes it anew"
