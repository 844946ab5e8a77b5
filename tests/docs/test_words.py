"""Guarantee: code and documentation use the glossary's words, and none that it replaced."""

import re
from pathlib import Path

import pytest

from .markdown import FOR_THE_REGISTRY, REPOSITORY, pages

REPLACED = {
    "anew": "again",
    "likewise": "also, or the sentence itself",
    "mend": "fix",
    "for good": "permanently",
    "at the most": "at most",
    "as ever": "still",
    "so many": "the number",
    "behind it": "after it, or before it",
    "deadly": "what crashes the process",
    "trial": "crash probe",
    "recipe": "configuration of a fold",
    "share of a batch": "one domain object's records in the batch",
    "grave": "critical",
}
"""Words that slowed readers, and what to write instead."""

NAMES = ("stream-age-grave", "`Trial`", "`grave: `")
"""Names that stay: of resources, and of what the changelog says was replaced."""

CODE = sorted(
    path
    for folder in ("handler", "cp_event_source", "examples", "bench")
    for path in (REPOSITORY / folder).rglob("*.py")
    if not path.is_relative_to(REPOSITORY / "cp_event_source" / "handler") and "node_modules" not in path.parts
)
FOUND = re.compile(rf"\b({'|'.join(REPLACED)})(s|ed|ing)?\b", re.IGNORECASE)


@pytest.mark.parametrize(
    "file", [*pages(), *FOR_THE_REGISTRY, *CODE], ids=lambda file: str(file.relative_to(REPOSITORY))
)
def test_no_replaced_word_is_left(file: Path) -> None:
    text = file.read_text()
    for name in NAMES:
        text = text.replace(name, "")
    found = {match[1].lower() for match in FOUND.finditer(text)}
    assert {word: REPLACED[word] for word in found} == {}


def test_a_replaced_word_is_found() -> None:
    assert [match[1] for match in FOUND.finditer("It is mended for good, and folded anew.")] == [
        "mend",
        "for good",
        "anew",
    ]
