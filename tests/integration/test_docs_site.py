"""The site of the docs: nothing is missing in it, and a browser needs no network for it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pyspark_flume
import pyspark_flume.errors
import pyspark_flume.testing
import pytest

import flumelint
from tests.support.browser import open_browser

ROOT = Path(__file__).parents[2]
ASKS = re.compile(
    r"<(?:script|link|img|source|iframe|object)\b[^>]*?\b(?:src|href|srcset|data)=\"([^\"]*)"
)


def pages(site: Path) -> Iterator[tuple[Path, str]]:
    for page in sorted(site.rglob("*.html")):
        yield page, page.read_text(encoding="utf-8")


def index(site: Path) -> dict[str, object]:
    """What the search knows."""
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    return dict(json.loads(text.removeprefix("Search.setIndex(").removesuffix(")")))


def test_each_page_of_the_docs_is_in_the_site(site: Path) -> None:
    missing = [
        page
        for folder in ("docs", "exercises", "examples")
        for page in sorted((ROOT / folder).rglob("*.md"))
        if not (site / page.relative_to(ROOT)).with_suffix(".html").exists()
    ]
    assert missing == []


def test_the_sidebar_has_each_page_of_the_docs(site: Path) -> None:
    text = (site / "docs/index.html").read_text(encoding="utf-8")
    listed = set(
        re.findall(r'<li class="toctree-l1"><a class="reference internal" href="([^"]*)"', text)
    )
    made = {page.relative_to(site / "docs").as_posix() for page in (site / "docs").rglob("*.html")}
    assert made - listed == {"index.html"}
    assert "../ARCHITECTURE.html" in listed


def test_each_link_leads_to_a_page_or_file_of_the_site(site: Path) -> None:
    texts = dict(pages(site))
    broken = []
    for page, text in texts.items():
        for target in re.findall(r'(?:href|src|srcset)="([^"]*)"', text):
            path, _, anchor = target.partition("#")
            found = (page.parent / path.partition("?")[0]).resolve() if path else page
            if re.match(r"[a-z]+:", target):
                continue
            if not found.exists() or (
                anchor and found in texts and f'id="{anchor}"' not in texts[found]
            ):
                broken.append(f"{page.relative_to(site)}: {target}")
    assert broken == []


def test_no_page_asks_another_host_for_anything(site: Path) -> None:
    asked = {target for _, text in pages(site) for target in ASKS.findall(text) if "//" in target}
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        asked |= {
            url for url in re.findall(r"(?:url\(|@import)\s*[\"']?([^)\"']+)", text) if "//" in url
        }
    assert asked == set()


def test_the_search_knows_a_word_of_each_page(site: Path) -> None:
    known = index(site)
    names, words = known["docnames"], known["terms"]
    assert isinstance(names, list)
    assert isinstance(words, dict)
    found = {
        number
        for where in words.values()
        for number in ([where] if isinstance(where, int) else where)
    }
    assert [name for number, name in enumerate(names) if number not in found] == []
    assert {"docs/how-to/cluster", "docs/reference/commands", "README"} <= set(names)


def test_the_api_has_each_public_name(site: Path) -> None:
    text = (site / "docs/reference/python-api.html").read_text(encoding="utf-8")
    errors = [name for name in vars(pyspark_flume.errors) if name[0].isupper()]
    public = {
        "pyspark_flume": [name for name in pyspark_flume.__all__ if name not in errors],
        "pyspark_flume.errors": errors,
        "pyspark_flume.testing": pyspark_flume.testing.__all__,
        "flumelint": flumelint.__all__,
    }
    named = [f"{package}.{name}" for package, names in public.items() for name in names]
    assert [name for name in named if f'id="{name}"' not in text] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_finds_a_page_by_a_word_and_asks_for_files_only(site: Path, scheme: str) -> None:
    with open_browser() as browser:
        page = browser.new_page(color_scheme=scheme)
        asked: list[str] = []
        faults: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto((site / "index.html").as_uri())
        page.wait_for_url("**/docs/index.html")
        page.fill("input[name=q]", "noac")
        page.press("input[name=q]", "Enter")
        page.click("ul.search >> text=Run on a cluster")
        assert page.title().startswith("Run on a cluster")
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert faults == []
