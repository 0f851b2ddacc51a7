"""Sphinx: the Markdown of the repository as it stands, and the API reference. `make docs` builds it.

The source folder is the root of the repository, so that links between pages are the same here and on a
forge.
"""

import glitch_explorer

project = "Gravity Spy Glitch Explorer"
author = "the contributors"
version = release = glitch_explorer.__version__

root_doc = "docs/index"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
include_patterns = [
    "*.md",
    "docs/**.md",
    "config/README.md",
    "profiles/README.md",
    "resources/**.md",
]
exclude_patterns = [".venv", ".git", ".snakemake", "build", "results", "src", "tests"]

#: Headings are anchors, as on a forge; a test checks those that are cited.
myst_heading_anchors = 3

#: Types stand in the signature; shapes, units and meaning in the docstring.
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
default_role = "code"
napoleon_use_rtype = False
#: Only the library's own names have to lead somewhere; others would need the network. The protocol in
#: `views.shard` is what `sources.strain.Strain` fulfils.
nitpick_ignore_regex = [
    (r"py:.*", r"(?!glitch_explorer\b).*"),
    (r"py:class", r"glitch_explorer\.views\.shard\.Strain"),
]

html_theme = "furo"
html_title = project
html_extra_path = ["extra"]
html_copy_source = False
