"""Guarantee: a typical mistake is shown before anything is deployed, by a message that names it, with file and line."""

import importlib.util
from pathlib import Path

import pytest

from cp_event_source.layer.contract_check import check_domain_layer
from cp_event_source.layer.findings import Report

from .page import page
from .table import GOOD, MISTAKES, Mistake

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "mistakes.md"
KIT = importlib.util.find_spec("cp_event_source.testing")

BY_CHECK = [each for each in MISTAKES if each.by == "check"]
BY_KIT = [each for each in MISTAKES if each.by == "kit"]


def write(mistake: Mistake, folder: Path) -> Path:
    layer = folder / "layer"
    for name, content in mistake.layer().items():
        path = layer / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return layer


def test_the_layer_that_the_mistakes_are_made_in_has_none(tmp_path: Path) -> None:
    (tmp_path / "domain_handler.py").write_text(GOOD)
    assert check_domain_layer(tmp_path) == Report((), ())


@pytest.mark.parametrize("mistake", BY_CHECK, ids=lambda each: each.title)
def test_the_check_shows_it(mistake: Mistake, tmp_path: Path) -> None:
    report = check_domain_layer(write(mistake, tmp_path) / mistake.folder)
    found = report.errors if mistake.level == "error" else report.warnings
    (finding,) = [each for each in found if mistake.message in each and (mistake.place() in each)]
    if mistake.place():
        assert finding.startswith(f"{mistake.place()}: ")
    if mistake.level == "warning":
        assert report.errors == ()


@pytest.mark.skipif(KIT is None, reason="the test kit is not part of this package")
@pytest.mark.parametrize("mistake", BY_KIT, ids=lambda each: each.title)
def test_the_kit_shows_it(mistake: Mistake, tmp_path: Path) -> None:
    from cp_event_source.testing import event, load  # type: ignore[import-not-found,unused-ignore]

    layer = load(write(mistake, tmp_path), seconds_per_event=0.5)
    events = [event(name, payload) for name, payload in mistake.events]

    def run() -> None:
        if mistake.call == "given":
            layer.given(*events).then(mistake.row)
        else:
            getattr(layer, mistake.call)(events)

    with pytest.raises(AssertionError) as shown:
        run()
    assert mistake.message in str(shown.value)
    assert mistake.place() in str(shown.value)


def test_most_mistakes_are_shown_by_the_check_or_the_kit() -> None:
    assert len(MISTAKES) >= 43
    assert len(BY_CHECK) + len(BY_KIT) >= 35
    assert len({each.title for each in MISTAKES}) == len(MISTAKES)


def test_the_page_is_made_from_the_table() -> None:
    assert PAGE.read_text() == page(), "run: .venv/bin/python -m tests.mistakes.page > docs/reference/mistakes.md"
