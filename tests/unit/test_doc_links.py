"""Links lead somewhere, and each file of the repo that a text names is there."""

from __future__ import annotations

import ast
import io
import os
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

from flumelab.cli import CommandsAndGroups, cli

ROOT = Path(__file__).parents[2]
NO_SOURCES = {"target", "dist", "build", "node_modules"}  # what tools make, and hidden folders


@cache
def tree() -> frozenset[str]:
    """The paths of all source files, relative to the root."""
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name == ".github" or (name not in NO_SOURCES and name[0] != ".")
        ]
        found += [(Path(folder) / name).relative_to(ROOT).as_posix() for name in files]
    return frozenset(found)


@cache
def ends() -> frozenset[str]:
    """Each path and folder of the tree from each of its parts on: ``a/b/c``, ``b/c``, ``c``."""
    found = set()
    for path in tree():
        parts = path.split("/")
        for last in range(1, len(parts) + 1):
            found |= {"/".join(parts[first:last]) for first in range(last)}
    return frozenset(found)


PAGES = sorted(path for path in tree() if path.endswith(".md"))

# --- links ---

FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6} +(.*?) *#*$", re.MULTILINE)


def links(page: str) -> Iterator[str]:
    """The targets of a page's links to other places of the repo."""
    text = FENCED.sub("", (ROOT / page).read_text(encoding="utf-8"))
    for inline, reference in LINK.findall(text):
        target = inline or reference
        if not re.match(r"[a-z][a-z+.-]*:", target):
            yield target


def anchors(page: Path) -> set[str]:
    """What may follow the ``#`` in a link to a page, by GitHub's rule for its headings."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        repeated = sum(1 for known in found if re.fullmatch(rf"{re.escape(anchor)}(-\d+)?", known))
        found.add(f"{anchor}-{repeated}" if repeated else anchor)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_each_link_leads_to_a_file_and_a_heading(page: str) -> None:
    wrong = []
    for target in links(page):
        path, _, anchor = unquote(target).partition("#")
        place = (ROOT / page).parent / path if path else ROOT / page
        if not place.resolve().is_relative_to(ROOT.resolve()) or not place.exists():
            wrong.append(f"{target}: no such file")
        elif anchor and (place.is_dir() or anchor not in anchors(place)):
            wrong.append(f"{target}: no such heading")
    assert wrong == []


def test_each_page_of_the_docs_can_be_reached_from_the_index() -> None:
    reached, left = set(), ["docs/index.md"]
    while left:
        page = left.pop()
        if page in reached or page not in PAGES:
            continue
        reached.add(page)
        for target in links(page):
            place = (ROOT / page).parent / unquote(target).partition("#")[0]
            left.append(Path(os.path.relpath(place.resolve(), ROOT.resolve())).as_posix())
    assert [page for page in PAGES if page.startswith("docs/") and page not in reached] == []


# --- files, folders, modules and commands that a text names ---

KINDS = "py|pth|conf|md|toml|ya?ml|xml|java|avpr|properties|sh"
FILE = re.compile(
    rf"(?<![\w./*…<>{{}}$-])(?:\.\./)*((?:[\w.-]+/)*[\w-][\w.-]*\.(?:{KINDS}))(?![\w/*-])"
)
FOLDERS = (
    "benchmarks|connector|docker|docs|exercises|experiments|flume-conf|loadgen|requirements|"
    "runtimes|solutions|spark-apps|spark-conf|src|tests"
)
PATH = re.compile(rf"(?<![\w./*…<>{{}}$:-])(?:\.\./)*((?:{FOLDERS})/[\w./-]*\w)")
MODULE = re.compile(
    r"(?<![\w./-])((?:pyspark_flume|flumelab|flumelint|loadgen)(?:\.[A-Za-z_]\w*)+)"
)
MAKE = re.compile(r"(?:`|^|\s{4}|and )make ([a-z][a-z-]*)\b(?!:)", re.MULTILINE)
FLUMELAB = re.compile(r"[`/]flumelab ([a-z][a-z-]*)")
URL = re.compile(r"[a-z][a-z0-9]*://\S+")

# Files that are the reader's own or another project's.
FOREIGN = {
    "answers.toml",  # a learner's predictions
    "app.py",
    "counts.py",  # the program of docs/tutorial/first-query.md
    "flume.conf",  # its conf
    "findings.xml",  # of a CI job in docs/flumelint.md
    "my.conf",
    "my_program.py",
    "shout.py",  # the program in SparkContainer's docstring
    "storagelevel.py",  # PySpark's
}
# In a lesson a file without a folder is a program or a conf, not one of that name elsewhere.
LESSONS = ("spark-apps/", "flume-conf/", "spark-conf/", "docs/", "README.md")
HOMES = {".py": "spark-apps", ".conf": "flume-conf"}


def said_in_python(text: str) -> str:
    """The comments and docstrings of a Python file."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    said = [token.string for token in tokens if token.type == tokenize.COMMENT]
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]
    return "\n".join(said + [ast.get_docstring(node) or "" for node in nodes])


def said_after_hashes(text: str) -> str:
    """The comments of a file in which ``#`` begins one."""
    return "\n".join(re.findall(r"(?:^|\s)#(.*)", text))


def said_in_java(text: str) -> str:
    """The comments of a Java or XML file."""
    return "\n".join(re.findall(r"/\*.*?\*/|//.*|<!--.*?-->", text, re.DOTALL | re.MULTILINE))


def said(path: str) -> str:
    """What a file tells its readers: a page as a whole, of code the comments and docstrings."""
    text = (ROOT / path).read_text(encoding="utf-8")
    kind = Path(path).suffix
    if kind == ".md":
        return text
    if kind == ".py":
        return said_in_python(text)
    if kind in (".java", ".xml"):
        return said_in_java(text)
    return said_after_hashes(text)


def has_text(path: str) -> bool:
    """Whether people write and read this file: not a lock, a licence or data."""
    if path.startswith(("requirements/", "tests/data/")) or path == "LICENSE":
        return False
    kinds = (".md", ".py", ".java", ".xml", ".conf", ".toml", ".yaml", ".properties", "")
    return Path(path).suffix in kinds


TEXTS = sorted(path for path in tree() if has_text(path))


def names(module: Path) -> set[str]:
    """What a module defines, imports or lists in a table."""
    nodes = list(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))
    found = {node.id for node in nodes if isinstance(node, ast.Name)}
    found |= {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}
    constants = [node.value for node in nodes if isinstance(node, ast.Constant)]
    found |= {value for value in constants if isinstance(value, str)}
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return found | {node.name for node in nodes if isinstance(node, kinds)}


def is_module(dotted: str) -> bool:
    """Whether a dotted name is that of a module, or of something in one."""
    package, *rest = dotted.split(".")
    homes = [path for path in tree() if f"/{path}".endswith(f"/{package}/__init__.py")]
    if not homes:
        return False
    folder = (ROOT / min(homes, key=len)).parent
    for part in rest:
        if part.isupper():  # as in pyspark_flume.COMMAND
            return True
        if (folder / f"{part}.py").exists():
            left = rest[rest.index(part) + 1 :]
            return not left or left[0] in names(folder / f"{part}.py")
        if not (folder / part).is_dir():
            return part in names(folder / "__init__.py")
        folder = folder / part
    return True


@cache
def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@cache
def lab_commands() -> set[str]:
    commands = [(each.name, each.callback) for each in cli.registered_commands]
    groups = set(CommandsAndGroups.GROUPS)
    return groups | {name or callback.__name__ for name, callback in commands if name or callback}


def is_there(file: str, named_in: str) -> bool:
    """Whether a file or folder that a text names is in the tree, where the text says."""
    home = HOMES.get(Path(file).suffix)
    if home and "/" not in file and named_in.startswith(LESSONS):
        return f"{home}/{file}" in tree()
    return file.removeprefix("./") in ends()


def wrong_names(text: str, named_in: str = "") -> list[str]:
    """The files, folders, modules and targets that a text names and the repo does not have."""
    text = URL.sub("", text)
    files = set(FILE.findall(text)) - FOREIGN
    # What a build makes is known by the folder that it is made in.
    files |= {path.partition("/target")[0] for path in PATH.findall(text)}
    wrong = [file for file in sorted(files) if not is_there(file, named_in)]
    modules = set(MODULE.findall(text)) - ends()  # flumelint.md is a page
    wrong += [name for name in sorted(modules) if not is_module(name)]
    wrong += [f"make {name}" for name in sorted(set(MAKE.findall(text)) - make_targets())]
    return wrong + [f"flumelab {n}" for n in sorted(set(FLUMELAB.findall(text)) - lab_commands())]


@pytest.mark.parametrize("path", TEXTS)
def test_each_file_of_the_repo_that_a_text_names_is_there(path: str) -> None:
    assert wrong_names(said(path), path) == []


@pytest.mark.parametrize(
    ("text", "named_in", "wrong"),
    [
        ("as in actions_of_nobody.py", "Makefile", ["actions_of_nobody.py"]),
        ("see ledger.py", "loadgen/report.py", []),
        ("see ledger.py", "spark-apps/windows.py", ["ledger.py"]),
        ("see `flume-conf/nowhere.conf`.", "docs/index.md", ["flume-conf/nowhere.conf"]),
        ("flume-conf/access-log.conf, access-log.conf and spark-apps/", "docs/index.md", []),
        ("built into connector/target/lab.jar, as pom.xml says", "Makefile", []),
        ("python -m loadgen.nothing", "README.md", ["loadgen.nothing"]),
        ("`make nothing`; make sure that `make test` passes", "README.md", ["make nothing"]),
        (
            "`flumelab nothing`, `flumelab ledger`: flumelab counts",
            "README.md",
            ["flumelab nothing"],
        ),
        ("https://example.org/docs/nowhere.md", "README.md", []),
    ],
)
def test_a_name_that_leads_nowhere_is_found(text: str, named_in: str, wrong: list[str]) -> None:
    assert wrong_names(text, named_in) == wrong
