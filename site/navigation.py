"""The navigation of the site, from the index of the documentation. Needs no Sphinx, so that tests can run it."""

import re

PROJECT = {"The project": ["../examples/README", "../CHANGELOG", "../CONTRIBUTING", "../SECURITY"]}


def sections(index: str) -> dict[str, list[str]]:
    """The pages of each section, relative to the index and without their endings.

    Args:
        index: the text of `docs/README.md`: its headings are the sections, its links the pages in their order.
    """
    found = {
        section.splitlines()[0]: re.findall(r"^- \[[^]]+\]\(([^)#]+)\.md\)", section, re.MULTILINE)
        for section in index.split("\n## ")[1:]
    }
    return found | PROJECT


def contents(index: str) -> str:
    """A hidden table of contents for each section, as MyST has it."""
    return "".join(
        "\n".join(["", "```{toctree}", ":hidden:", f":caption: {caption}", "", *pages, "```", ""])
        for caption, pages in sections(index).items()
    )
