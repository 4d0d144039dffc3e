"""The docs as pages that a browser opens from files: each Markdown file becomes a page.

    site/README.html  site/docs/index.html …        beside them  lab/  (the checkout)

A link to another page leads to it, and a link to any other file leads into the checkout.
"""

import html
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from markdown_it import MarkdownIt
from markdown_it.token import Token

HTML_LINK = re.compile(r'\b(src|srcset)="([^":]+)"')
STYLE = """\
body { max-width: 52rem; margin: 0 auto; padding: 1rem; line-height: 1.5;
  font-family: system-ui, "DejaVu Sans", sans-serif; color-scheme: light dark; }
pre { overflow-x: auto; padding: 0.7rem; border: 1px solid #8884; border-radius: 0.4rem;
  line-height: 1.25; }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.9em; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid #8886; padding: 0.25rem 0.6rem; text-align: left;
  vertical-align: top; }
img { max-width: 100%; }
nav { border-bottom: 1px solid #8886; padding-bottom: 0.4rem; }
"""
PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{up}style.css">
</head>
<body>
<nav><a href="{up}docs/index.html">Documentation</a> · <a href="{up}README.html">The lab</a> ·
<a href="{up}docs/tutorial/exercises.html">Exercises</a></nav>
{body}</body>
</html>
"""


def write(root: Path, names: Iterable[str], site: Path) -> list[str]:
    """Render the Markdown files among `names`, which are paths in `root`; return the pages."""
    pages = [name for name in names if name.endswith(".md")]
    for name in pages:
        target = site / page_name(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_page((root / name).read_text("utf-8"), name, pages), "utf-8")
    (site / "style.css").write_text(STYLE, "utf-8")
    return pages


def page_name(name: str) -> str:
    """The page's path in the site, for a Markdown file's path in the checkout."""
    return f"{name.removesuffix('.md')}.html"


def _page(text: str, name: str, pages: Sequence[str]) -> str:
    # Our own pages have HTML, such as a picture for each colour scheme.
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = parser.parse(text)
    known: dict[str, int] = {}
    title = ""
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            words = _text(tokens[place + 1])
            title = title or words
            token.attrSet("id", _unique(slug(words), known))
        for inner in (token, *(token.children or ())):
            _redirect(inner, name, pages)
    body = parser.renderer.render(tokens, parser.options, {})
    up = "../" * (len(PurePosixPath(name).parts) - 1)
    return PAGE.format(title=html.escape(title or name), up=up, body=body)


def _redirect(token: Token, name: str, pages: Sequence[str]) -> None:
    for attribute in ("href", "src"):
        target = token.attrGet(attribute)
        if isinstance(target, str):
            token.attrSet(attribute, link(target, name, pages))
    if token.type in ("html_block", "html_inline"):
        token.content = HTML_LINK.sub(
            lambda found: f'{found[1]}="{link(found[2], name, pages)}"', token.content
        )


def link(target: str, name: str, pages: Sequence[str]) -> str:
    """Return where a link of a page leads in the site; one to the web stays as it is."""
    path, mark, anchor = target.partition("#")
    if not path or re.match(r"[a-z]+:", path):
        return target
    folder = PurePosixPath(name).parent
    found = os.path.normpath(folder / path)
    to = page_name(found) if found in pages else f"../lab/{found}"
    return os.path.relpath(to, folder) + mark + anchor


def _text(inline: Token) -> str:
    parts = inline.children or []
    return "".join(each.content for each in parts if each.type in ("text", "code_inline"))


def slug(words: str) -> str:
    """Return a heading's anchor, as GitHub makes it."""
    kept = re.sub(r"[^\w\- ]", "", words.strip().lower())
    return kept.replace(" ", "-")


def _unique(anchor: str, known: dict[str, int]) -> str:
    count = known.get(anchor, 0)
    known[anchor] = count + 1
    return f"{anchor}-{count}" if count else anchor
