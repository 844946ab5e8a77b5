"""Rows that expired: an object that has events and no row may be right."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from cp_event_source.deployed.batches import batches
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.operate.deep import Deep
from cp_event_source.operate.findings import Finding, Kind

_AT_A_TIME: Final = 200


def expiry_attribute(pipeline: Pipeline) -> str | None:
    """The attribute by whose time rows expire; None if they do not.

    Raises:
        botocore.exceptions.ClientError: the table cannot be described.
    """
    answer = pipeline.clients("dynamodb").describe_time_to_live(TableName=pipeline.domain_table)
    description = answer["TimeToLiveDescription"]
    if description["TimeToLiveStatus"] not in {"ENABLED", "ENABLING"}:
        return None
    return str(description["AttributeName"])


def without_expired(
    findings: Iterable[Finding], attribute: str | None, deep: Deep | None, now: float
) -> Iterator[Finding]:
    """The findings without those of rows that expired. Only a fold tells which of the rows that are gone did.

    Args:
        findings: what was found.
        attribute: the attribute by whose time rows expire; None if they do not.
        deep: what folds objects; None if nothing may be folded. Then a row that is gone is a finding, but not to be
            rebuilt.
        now: the time in POSIX seconds.
    """
    if attribute is None:
        yield from findings
        return
    for some in batches(findings, _AT_A_TIME):
        gone = [each.domain_id for each in some if each.kind == Kind.NO_ROW.value]
        expired = _expired(deep, gone, attribute, now) if deep is not None and gone else set()
        for each in some:
            if each.kind != Kind.NO_ROW.value:
                yield each
            elif deep is None:
                yield replace(
                    each,
                    text=f"{each.text}; it was lost, or expired by {attribute}",
                    remedy="cp-event-source verify --deep tells which",
                    is_rebuildable=False,
                )
            elif each.domain_id not in expired:
                yield each


def _expired(deep: Deep, domain_ids: Iterable[str], attribute: str, now: float) -> set[str]:
    return {
        domain_id for domain_id, attributes in deep.folds(domain_ids) if _is_past(attributes.get(attribute, {}), now)
    }


def _is_past(value: Mapping[str, Any], now: float) -> bool:
    return "N" in value and Decimal(value["N"]) <= Decimal(now)
