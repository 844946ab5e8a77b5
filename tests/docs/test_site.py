"""Guarantee: the documentation site has every page, its links have targets, and it loads nothing from elsewhere."""

import os
import re
import runpy
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .markdown import REPOSITORY, pages

SPHINX = REPOSITORY / ".venv-site" / "bin" / "sphinx-build"
INDEX = REPOSITORY / "docs" / "README.md"
NAVIGATION: dict[str, Any] = runpy.run_path(str(REPOSITORY / "site" / "navigation.py"))


def test_the_navigation_has_every_page_of_the_documentation_once() -> None:
    listed = [
        (INDEX.parent / f"{page}.md").resolve()
        for section in NAVIGATION["sections"](INDEX.read_text()).values()
        for page in section
    ]
    assert sorted(listed) == sorted(page for page in pages() if page not in {INDEX, REPOSITORY / "README.md"})


def test_the_navigation_has_the_sections_of_the_index_in_their_order() -> None:
    index = "# Documentation\n\n## Do\n\n- [B](b.md): b\n- [A](../a.md)\n\n## Look up\n\n- [C](c.md#d)\n- [D](d.md)\n"
    found = list(NAVIGATION["sections"](index).items())
    assert found[:2] == [("Do", ["b", "../a"]), ("Look up", ["d"])]
    assert "\n:caption: Do\n\nb\n../a\n```\n" in NAVIGATION["contents"](index)


@pytest.mark.skipif(
    not SPHINX.exists() and "CI" not in os.environ, reason="the generator has its own environment: run `make site`"
)
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    """A link without a target is a warning, and so is a page that the navigation does not have."""
    site = tmp_path / "site"
    arguments = ["--quiet", "--fail-on-warning", "--keep-going", "-c", "site", "-d", str(tmp_path / "doctrees")]
    built = subprocess.run([SPHINX, *arguments, ".", site], cwd=REPOSITORY, capture_output=True, text=True)
    assert (built.returncode, built.stderr) == (0, "")
    made = {str(page.relative_to(site).with_suffix(".md")) for page in site.rglob("*.html")}
    assert {str(page.relative_to(REPOSITORY)) for page in pages()} - {"README.md"} <= made
    for page in site.rglob("*.html"):
        loaded = re.findall(r"<(?:script|img|iframe|link)\b[^>]*?\b(?:src|href)=\"([^\"]+)\"", page.read_text())
        assert loaded or page.name == "index.html"
        assert [address for address in loaded if "//" in address] == [], page.name
    for sheet in site.rglob("*.css"):
        assert re.findall(r"url\([\"']?(?:https?:)?//|@import", sheet.read_text()) == [], sheet.name
