"""Threats to a pipeline, the response to each, and the tests that show it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Threat:
    """One threat."""

    threat: str
    behaviour: str
    """As Markdown; links are relative to `docs/`."""
    tests: tuple[str, ...]
    """Files in the repository."""


THREATS: Final = (
    Threat(
        "A producer forges `UserId` or `IpAddress`",
        "They are stored as the producer's claims. The bus's own facts (account, source, id and time) are stored "
        "beside them in `Bus`, where no producer can write.",
        ("tests/handler/test_persist.py", "tests/corpus/test_envelopes.py"),
    ),
    Threat(
        "An event of another domain arrives",
        "The rule's pattern and the persist function both compare `DomainName`. IAM cannot do this: a principal that "
        "may put events may put events of any domain.",
        ("tests/component/resources/test_routing.py", "tests/corpus/test_envelopes.py"),
    ),
    Threat(
        "An event is replayed, or comes twice",
        "The persist function recognises it by its key and content, and nothing changes.",
        ("tests/handler/aws/test_events_table.py", "tests/histories/test_histories.py"),
    ),
    Threat(
        "An event rewrites history: known `EventId` and `EventTime`, other content",
        "The stored event is never overwritten. The other event is quarantined and counted, and an alarm fires.",
        ("tests/handler/aws/test_events_table.py", "tests/corpus/test_outcomes.py"),
    ),
    Threat(
        "An event is dated in the future, so that it stays the newest for years",
        "`EventTime` may be ahead by at most `max_future_skew_seconds`. A later event is quarantined.",
        ("tests/handler/events/test_event_time.py", "tests/corpus/test_envelopes.py"),
    ),
    Threat(
        "A broken or huge event arrives",
        "It is quarantined at once and whole, with a reason that names the field. No other event waits.",
        ("tests/corpus/test_outcomes.py", "tests/fuzz/test_persist.py"),
    ),
    Threat(
        "The domain logic fails, hangs or crashes on a payload",
        "Its domain object is parked, with the reason. All others continue.",
        ("tests/handler/projection/test_projection.py", "tests/handler/domain/test_time_limit.py"),
    ),
    Threat(
        "Names from an event get into DynamoDB's expressions",
        "Data from an event is passed as a value, never as part of an expression.",
        ("tests/handler/aws/test_events_table.py", "tests/handler/aws/test_domain_table.py"),
    ),
    Threat(
        "Personal data gets into logs",
        "The pipeline's own log lines and traces hold ids, names, sizes and classes of errors. They never hold "
        "`Payload`, `UserId`, `IpAddress` or an error's text, which may contain values. What the domain logic prints "
        "or logs goes to the project function's log group as it is; logs are encrypted. A message in the parked queue "
        "may contain an error's text; the queue is encrypted.",
        ("tests/corpus/test_secrets.py",),
    ),
    Threat(
        "A person asks you to erase their data from an append-only store",
        "An operator's `cp-event-source erase` puts a tombstone over the event under the same key (a redrive could "
        "undo a plain delete), and rebuilds the object: [how, and what else holds the data]"
        "(how-to/erase-personal-data.md).",
        ("tests/handler/projection/test_erasure.py", "tests/corpus/test_written_by_hand.py"),
    ),
    Threat(
        "A principal that may put events requests many rebuilds",
        "A domain object has one rebuild at a time, and a newer request does not starve an older one. An alarm counts "
        "requests. `functions.project_reserved_concurrency` limits them.",
        ("tests/handler/projection/test_rebuild.py", "tests/component/resources/monitoring/test_alarms.py"),
    ),
    Threat(
        "Two services decide at the same time, or one decides twice",
        "An event is decided only if the row is the one that was read, in one transaction with the row. A command's "
        "events have ids of their own, so a repeated command finds them.",
        ("tests/model/test_real_code.py", "tests/faults/test_single_faults.py", "tests/decide/test_hot_object.py"),
    ),
    Threat(
        "Another stack gets too many rights",
        "The component offers five policies to attach. Those to publish, to read rows and to read events allow no "
        "write to a table. Operators may write events. Who decides may write events and rows; IAM cannot demand the "
        "conditions of these writes, so give this policy only to services that you trust with the domain.",
        ("tests/component/resources/test_access.py",),
    ),
)
