"""The documentation's pages, their fenced code blocks and their links."""

import re
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]

FOR_THE_REGISTRY = [REPOSITORY / "docs" / name for name in ("_index.md", "installation-configuration.md")]
"""Pages that Pulumi's registry shows, in its own form of Markdown."""

_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_MARKER = re.compile(r"<!-- (?P<marker>[^>]*?) -->\s*\Z")
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)
_FORMER_HEADING = re.compile(r'^<a id="(?P<anchor>[\w-]+)"></a>$', re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced code block."""

    page: Path
    line: int
    language: str
    text: str
    marker: str
    """The HTML comment just before the block, or an empty text."""

    def __str__(self) -> str:
        return f"{self.page.relative_to(REPOSITORY)}:{self.line}"


def pages() -> list[Path]:
    """All pages of the documentation that this repository shows."""
    return [
        REPOSITORY / "README.md",
        REPOSITORY / "CONTRIBUTING.md",
        REPOSITORY / "CHANGELOG.md",
        REPOSITORY / "SECURITY.md",
        *sorted({*(REPOSITORY / "docs").rglob("*.md")} - {*FOR_THE_REGISTRY}),
        # What package managers write beside a program is none of the documentation.
        *sorted(
            path
            for path in (REPOSITORY / "examples").rglob("*.md")
            if not {"node_modules", "sdks", "venv"} & {*path.relative_to(REPOSITORY).parts}
        ),
    ]


def blocks(page: Path) -> list[Block]:
    """A page's code blocks, in order."""
    text = page.read_text()
    found = []
    for match in _FENCE.finditer(text):
        before = text[: match.start()]
        marker = _MARKER.search(before)
        found.append(
            Block(
                page=page,
                line=before.count("\n") + 1,
                language=match["language"],
                text=match["text"],
                marker=marker["marker"] if marker else "",
            )
        )
    return found


def links(page: Path) -> list[str]:
    """The targets of a page's links into the repository."""
    prose = _FENCE.sub("", page.read_text())
    targets = [match["target"] for match in _LINK.finditer(prose)]
    return [target for target in targets if not target.startswith(("https://", "mailto:"))]


def anchors(page: Path) -> set[str]:
    """The names that `#...` can have on a page: what GitHub derives from headings, and the anchors of old headings."""
    prose = _FENCE.sub("", page.read_text())
    titles = (match["title"].replace("`", "").lower() for match in _HEADING.finditer(prose))
    former = {match["anchor"] for match in _FORMER_HEADING.finditer(prose)}
    return former | {re.sub(r"[^\w\- ]", "", title).strip().replace(" ", "-") for title in titles}
