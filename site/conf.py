"""The documentation site: the pages of `docs/` as they are, by Sphinx.

`make site` builds it into `build/site`. The navigation is the index, `docs/README.md`. The source folder is the
repository, so that links mean what they mean there. Nothing is loaded from another host.
"""

import re
import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

from navigation import contents

ROOT = Path(__file__).parents[1]
INDEX = "docs/README"

project = "cp-event-source"
version = release = re.search(r'"(.+)"', (ROOT / "cp_event_source" / "version.py").read_text().splitlines()[-1])[1]

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = INDEX
exclude_patterns = ["docs/_index.md", "docs/installation-configuration.md"]  # in the form of Pulumi's registry
include_patterns = ["docs/**.md", "examples/README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
# Links name headings as GitHub does.
myst_heading_anchors = 4
# It refuses a page that is in no index, a link without a target and a block that is not of its language.
nitpicky = True

html_theme = "furo"
html_title = "cp-event-source"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_static_path = ["static"]
html_css_files = ["site.css"]
templates_path = ["templates"]
html_additional_pages = {"index": "to_the_index.html"}
html_use_index = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"


def add_navigation(_app: Sphinx, page: str, source: list[str]) -> None:
    """Put what the index lists into the navigation, without a second list on the page."""
    if page == INDEX:
        source[0] += contents(source[0])


def leave_out_folders(app: Sphinx, page: str, source: list[str]) -> None:
    """The text of a link to a folder of the repository: a file goes with the site, a folder does not."""
    here = Path(app.env.doc2path(page)).parent

    def text(link: re.Match[str]) -> str:
        return link["text"] if (here / link["target"]).is_dir() else link[0]

    source[0] = re.sub(r"\[(?P<text>[^]\[]*)\]\((?P<target>[^)#:]+)\)", text, source[0])


def know_former_headings(app: Sphinx, tree: nodes.document) -> None:
    """Links may name what a heading was called before: pages keep it as `<a id="...">`."""
    slugs = app.env.metadata[app.env.current_document.docname].setdefault("myst_slugs", {})
    for html in tree.findall(nodes.raw):
        for anchor in re.findall(r'<a id="([\w-]+)">', html.astext()):
            slugs[anchor] = (0, anchor, anchor)


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", leave_out_folders)
    app.connect("source-read", add_navigation)
    app.connect("doctree-read", know_former_headings)
