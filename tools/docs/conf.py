"""Sphinx's settings for the site; `tools.docs.site` builds it.

The folder of the sources is the checkout, so that a page may link to any file of it: the site gets
a copy of each file to which a page links. Warnings are errors.
"""

project = "Flume to Spark"
author = copyright = "The project's contributors"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "tools.docs.checkout_links",
    "tools.docs.sidebar",
]
include_patterns = [
    "*.md",
    "docs/**.md",
    "exercises/*/README.md",
    "examples/*/README.md",
    "connector/README.md",
    "src/flumelint/README.md",
]
exclude_patterns = [".*", "**/.*", "**/target", "dist", "tests"]  # not even looked into
root_doc = "docs/index"
suppress_warnings = ["toc.not_included"]  # the sidebar has the pages that docs/index.md lists

myst_heading_anchors = 6  # as GitHub names them
myst_enable_extensions = ["fieldlist"]
default_role = "py:obj"  # `Landing` in a docstring; what is no name of the API stays code
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
maximum_signature_line_length = 80
add_module_names = False
python_use_unqualified_type_names = True

html_theme = "furo"
html_extra_path = ["index.html"]  # leads to docs/index.html
html_static_path = ["static"]
html_css_files = ["wide.css"]
html_title = "Flume to Spark, again"
html_copy_source = False
html_show_sphinx = False
html_show_search_summary = False  # it is fetched, which a browser does not allow for files
html_use_index = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
