"""The result of a run as one JSON document, which `--json` prints. Its shape: docs/reference/command-line.md."""

import base64
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from cp_event_source.deployed.difference import Difference
from cp_event_source.deployed.queue_messages import Message
from cp_event_source.deployed.verify import Verification
from cp_event_source.handler.values import exact_json
from cp_event_source.handler.values.attribute_value import decode
from cp_event_source.local.consumers import Output
from cp_event_source.local.drain import Traffic
from cp_event_source.local.rebuilds import Rebuild
from cp_event_source.local.run import Stack

if TYPE_CHECKING:
    from cp_event_source.handler.projection.rows import DomainRow

SHAPE: Final = 1
"""The version of the shape. A member may be added to it; if one changes its meaning or goes, the version is higher."""


def document(
    *,
    stacks: Iterable[Stack] = (),
    sent: Mapping[tuple[str, str], int] | None = None,
    unmatched: int = 0,
    traffics: Sequence[Traffic] = (),
    rebuilds: Iterable[tuple[str, Rebuild]] = (),
    outputs: Iterable[Output] = (),
    verifications: Sequence[Verification] | None = None,
    errors: Iterable[str] = (),
    exit_code: int,
) -> str:
    """The document as one line of text.

    Args:
        stacks: the programs.
        sent: how many events and rebuild requests matched the rules of each domain.
        unmatched: how many matched none.
        traffics: the pipelines and what was sent to them.
        rebuilds: the results of rebuild requests, each with its domain.
        outputs: what other functions wrote.
        verifications: the comparisons with the folds; None if nobody asked for them.
        errors: why the exit code is not 0.
        exit_code: the command's.
    """
    return exact_json.dumps(
        {
            "shape": SHAPE,
            "exit_code": exit_code,
            "errors": list(errors),
            "stacks": [
                {
                    "project": stack.project,
                    "stack": stack.name,
                    "folder": str(stack.folder),
                    "outputs": _json(stack.outputs),
                }
                for stack in stacks
            ],
            "sent": {
                "matched": [
                    {"domain": domain, "kind": kind, "count": count} for (kind, domain), count in (sent or {}).items()
                ],
                "unmatched": unmatched,
            },
            "domains": [_domain(traffic) for traffic in traffics],
            "rebuilds": [
                {
                    "domain": domain,
                    "domain_id": result.domain_id,
                    "events": result.events,
                    "problem": result.problem,
                }
                for domain, result in rebuilds
            ],
            "functions": [
                {"name": each.function, "invocations": each.invocations, "output": list(each.lines)} for each in outputs
            ],
            "verification": None if verifications is None else [_verification(each) for each in verifications],
        }
    )


def _domain(traffic: Traffic) -> dict[str, Any]:
    pipeline = traffic.pipeline
    state, rows = traffic.look(), pipeline.rows()
    waiting = Counter(event.domain_id for event in pipeline.events())
    return {
        "domain": pipeline.domain_name,
        "component": pipeline.name,
        "counts": {
            "stored": state.stored,
            "duplicates": state.duplicates,
            "not_stored_yet": max(state.ingesting, len(state.unaccounted)),
            "rows": len(rows),
            "not_projected_yet": len(state.behind),
            "parked": state.parked,
            "waiting": state.waiting,
            "quarantined": state.quarantined,
            "expired": state.expired,
        },
        "rows": [_row(row) for row in rows.values()],
        "parked": [
            _parked(row, waiting[row.domain_id] - row.state.applied.count) for row in rows.values() if row.parked
        ],
        "quarantined": [_quarantined(message) for message in pipeline.quarantined()],
        "expired": [message.body for message in pipeline.expired_batches()],
    }


def _row(row: "DomainRow") -> dict[str, Any]:
    return {
        "domain_id": row.domain_id,
        "attributes": {name: _json(decode(value)) for name, value in row.state.attributes.items()},
        "events_applied": row.state.applied.count,
        "checkpoint": row.state.checkpoint,
        "logic_version": row.logic_version,
        "parked": row.parked is not None,
    }


def _parked(row: "DomainRow", waiting: int) -> dict[str, Any]:
    parked = row.parked
    assert parked is not None  # noqa: S101  # for the type checker
    return {
        "domain_id": row.domain_id,
        "event_id": parked.event_id,
        "event_key": parked.event_key,
        "event_name": parked.event_name,
        "cause": parked.cause.value,
        "error": parked.error,
        "reason": parked.reason,
        "phase": parked.phase,
        "place": parked.place,
        "since": parked.since,
        "waiting": max(0, waiting),
    }


def _quarantined(message: Message) -> dict[str, Any]:
    attributes = message.attributes
    try:
        body = json.loads(message.body)
    except ValueError:
        body = None
    detail = body.get("detail") if isinstance(body, dict) else None
    event_id = detail.get("EventId") if isinstance(detail, dict) else None
    return {
        "reason_code": attributes.get("ReasonCode") or attributes.get("ERROR_CODE", ""),
        "reason": attributes.get("Reason") or attributes.get("ERROR_MESSAGE", ""),
        "event_id": event_id if isinstance(event_id, str) else None,
        "message": message.body,
    }


def _verification(verification: Verification) -> dict[str, Any]:
    return {
        "domain": verification.domain_name,
        "objects": verification.objects,
        "differences": [_difference(each) for each in verification.differences],
        "not_compared": [
            {"domain_id": domain_id, "reason": reason} for domain_id, reason in verification.not_compared.items()
        ],
    }


def _difference(difference: Difference) -> dict[str, str]:
    return {
        "domain_id": difference.domain_id,
        "attribute": difference.attribute,
        "row": difference.before,
        "fold": difference.after,
    }


def _json(value: Any) -> Any:
    """A value in what JSON has: a set as a sorted array, bytes as base64 text; numbers keep all their digits."""
    if isinstance(value, Mapping):
        return {str(name): _json(element) for name, element in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((_json(element) for element in value), key=lambda each: (isinstance(each, str), each))
    if isinstance(value, list | tuple):
        return [_json(element) for element in value]
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, float):
        return Decimal(repr(value))
    return value if value is None or isinstance(value, str | int | Decimal) else str(value)
