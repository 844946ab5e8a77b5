"""Guarantee: a row that expired is no finding where a fold can tell, and a row that is gone otherwise always is one."""

from pathlib import Path
from typing import Any

import pytest

from cp_event_source.operate.deep import Deep
from cp_event_source.operate.expiry import expiry_attribute, without_expired
from cp_event_source.operate.findings import Finding, Kind, finding
from cp_event_source.operate.metered import Metered
from cp_event_source.operate.pace import Pace
from tests.handler.given import stored
from tests.operate.tables import EVENTS, ROWS, Tables, silence

NOW = 1_767_225_600
LOGIC = """
class Note:
    def __init__(self, domain_id, expires_at=None):
        self.domain_id, self.expires_at = domain_id, expires_at

    def apply(self, payload):
        self.expires_at = payload


class Domain:
    @staticmethod
    def create_new(domain_id):
        return Note(domain_id)

    @staticmethod
    def from_dynamo_item(item):
        return Note(item["DomainId"], item["ExpiresAt"])

    @staticmethod
    def to_dynamo_item(note):
        return {"DomainId": note.domain_id, "ExpiresAt": note.expires_at}
"""
EXPIRES: dict[str, Any] = {
    "expired": NOW - 1,
    "just-expired": NOW,
    "not-yet": NOW + 1,
    "never": None,
    "a-text": str(NOW - 1),
}


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    """Objects with events and no row."""
    made = Tables()
    for domain_id, expires_at in EXPIRES.items():
        made.put_events(
            stored(1, NOW + 99, DomainId=domain_id),
            stored(2, expires_at, DomainId=domain_id),
        )
    made.db.settle()
    return made


def lost_rows() -> list[Finding]:
    return [finding(each, Kind.NO_ROW, "2 events stored, and no row", is_rebuildable=True) for each in EXPIRES]


def deep_of(tables: Tables, folder: Path) -> Deep:
    (folder / "domain_handler.py").write_text(LOGIC)
    return Deep(Metered(tables.client, Pace(1e9, tables.clock)), EVENTS, ROWS, "File", [folder], None)


def test_a_fold_tells_which_rows_expired(tables: Tables, tmp_path: Path) -> None:
    with silence():
        left = list(without_expired(lost_rows(), "ExpiresAt", deep_of(tables, tmp_path), NOW))
    assert [each.domain_id for each in left] == ["not-yet", "never", "a-text"]
    assert left == [each for each in lost_rows() if each.domain_id in {"not-yet", "never", "a-text"}]


def test_without_a_fold_a_row_that_is_gone_is_a_finding_that_nothing_rebuilds() -> None:
    left = list(without_expired(lost_rows(), "ExpiresAt", None, NOW))
    assert [each.domain_id for each in left] == list(EXPIRES)
    assert {each.text for each in left} == {"2 events stored, and no row; it was lost, or expired by ExpiresAt"}
    assert not any(each.is_rebuildable for each in left)
    assert all("--deep" in each.remedy for each in left)


def test_other_findings_stay_as_they_are_and_where_they_were(tables: Tables, tmp_path: Path) -> None:
    others = [finding("expired", Kind.REPEATED_ID, "an id", is_rebuildable=False)]
    others += [finding(str(number), Kind.BEHIND, "behind", is_rebuildable=True) for number in range(450)]
    with silence():
        deep = deep_of(tables, tmp_path)
        assert list(without_expired([*others, *lost_rows()[:1]], "ExpiresAt", deep, NOW)) == others


def test_where_rows_do_not_expire_nothing_changes() -> None:
    assert list(without_expired(lost_rows(), None, None, NOW)) == lost_rows()


@pytest.mark.parametrize(("status", "found"), [("ENABLED", "ExpiresAt"), ("ENABLING", "ExpiresAt"), ("DISABLED", None)])
def test_the_table_tells_whether_its_rows_expire(status: str, found: str | None) -> None:
    tables = Tables()
    tables.db.time_to_live = {"TimeToLiveStatus": status, "AttributeName": "ExpiresAt"}
    assert expiry_attribute(tables.pipeline) == found
