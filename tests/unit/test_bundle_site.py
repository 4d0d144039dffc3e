"""The docs as files: every link of every page leads to something."""

import re
import subprocess
from pathlib import Path

from tools.bundle import site

ROOT = Path(__file__).parents[2]


def test_a_link_to_a_page_leads_to_the_page_and_any_other_into_the_checkout() -> None:
    pages = ["docs/index.md", "docs/how-to/teach.md", "README.md"]
    assert site.link("how-to/teach.md#90-minutes", "docs/index.md", pages) == (
        "how-to/teach.html#90-minutes"
    )
    assert site.link("../../flume-conf/a.conf", "docs/how-to/teach.md", pages) == (
        "../../../lab/flume-conf/a.conf"
    )
    for same in ("https://flume.apache.org/x.md", "#here", "mailto:a@b"):
        assert site.link(same, "README.md", pages) == same


def test_headings_have_the_anchors_that_github_gives_them() -> None:
    assert site.slug("90 minutes: from a file to a `count`") == "90-minutes-from-a-file-to-a-count"


def test_every_link_of_the_docs_leads_somewhere(tmp_path: Path) -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, check=True)
    made = tmp_path / "site"
    pages = site.write(ROOT, listed.stdout.decode().splitlines(), made)
    assert "docs/index.md" in pages
    (tmp_path / "lab").symlink_to(ROOT)
    broken = []
    for page in made.rglob("*.html"):
        text = page.read_text()
        for target in re.findall(r'(?:href|src|srcset)="([^"]*)"', text):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            found = page.parent / path if path else page
            if not found.exists() or (
                anchor and found.suffix == ".html" and f'id="{anchor}"' not in found.read_text()
            ):
                broken.append(f"{page.relative_to(made)}: {target}")
    assert not broken
