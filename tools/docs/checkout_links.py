"""What a page on GitHub may have, and a site has to be given: links to folders, HTML's pictures."""

import shutil
from pathlib import Path, PurePosixPath
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

PICTURES = "docs/images"
"""Named by `<picture>` in the README, which Sphinx passes on as it is."""


class FolderLinks(SphinxPostTransform):
    """Leads to a folder's README, or leaves the words without a link: a site lists no folder."""

    default_priority = 8  # before MyST says that it finds no such page

    def run(self, **kwargs: Any) -> None:
        """Called by Sphinx for each page."""
        page = self.env.current_document.docname
        for link in list(self.document.findall(pending_xref)):
            folder = (Path(self.env.doc2path(page)).parent / link["reftarget"]).resolve()
            if link["reftype"] != "myst" or not folder.is_dir():
                continue
            shown = nodes.inline("", "", *link.children)
            readme = str(PurePosixPath(folder.relative_to(self.env.srcdir)) / "README")
            if readme in self.env.found_docs:
                link.replace_self(make_refnode(self.app.builder, page, readme, None, shown))
            else:
                link.replace_self(shown)


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_post_transform(FolderLinks)
    app.connect("build-finished", _copy_pictures)
    return {"parallel_read_safe": True}


def _copy_pictures(app: Sphinx, failed: Exception | None) -> None:
    if not failed:
        shutil.copytree(app.srcdir / PICTURES, app.outdir / PICTURES, dirs_exist_ok=True)
