"""What may be done to a pipeline, what it does then, and which test shows it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Threat:
    """One threat."""

    threat: str
    behaviour: str
    """Markdown, links from the page's place included."""
    tests: tuple[str, ...]
    """Files in the repository."""


THREATS: Final = (
    Threat(
        "A producer forges `UserId` or `IpAddress`",
        "They are what it claims, and stored as such. What the bus itself knows, account, source, id and time, is "
        "stored beside them in `Bus`, where no producer can write.",
        ("tests/handler/test_persist.py", "tests/corpus/test_envelopes.py"),
    ),
    Threat(
        "An event of another domain",
        "The rule's pattern and the persist function both compare `DomainName`. IAM cannot: who may put events may put "
        "those of any domain.",
        ("tests/component/resources/test_routing.py", "tests/corpus/test_envelopes.py"),
    ),
    Threat(
        "An event is replayed, or comes twice",
        "It is known by its key and content, and changes nothing.",
        ("tests/handler/test_events_table.py", "tests/histories/test_histories.py"),
    ),
    Threat(
        "An event rewrites history: known `EventId` and `EventTime`, other content",
        "What is stored is never overwritten. The other is quarantined, counted and alarmed.",
        ("tests/handler/test_events_table.py", "tests/corpus/test_outcomes.py"),
    ),
    Threat(
        "An event dated into the future, to be the last word for years",
        "`EventTime` may be ahead by `max_future_skew_seconds` at most; what is later is quarantined.",
        ("tests/handler/test_event_time.py", "tests/corpus/test_envelopes.py"),
    ),
    Threat(
        "A broken or huge event",
        "It is quarantined at once, whole, with a reason that names the field; nothing else waits.",
        ("tests/corpus/test_outcomes.py", "tests/fuzz/test_persist.py"),
    ),
    Threat(
        "A payload that domain logic fails at, hangs at or dies of",
        "Its domain object is parked, with the reason; all others go on.",
        ("tests/handler/test_projection.py", "tests/handler/test_time_limit.py"),
    ),
    Threat(
        "Names from an event in DynamoDB's expressions",
        "What comes from an event is a value, never a part of an expression.",
        ("tests/handler/test_events_table.py", "tests/handler/test_domain_table.py"),
    ),
    Threat(
        "Personal data in logs",
        "Logs and traces hold ids, names, sizes and classes of errors; never `Payload`, `UserId`, `IpAddress` or an "
        "error's text, which may carry values. A message in the parked queue may: the queue is encrypted.",
        ("tests/corpus/test_secrets.py",),
    ),
    Threat(
        "A person asks to be forgotten, in a store that only appends",
        "An operator's role puts a tombstone over the event under the same key (a plain delete could be undone by a "
        "redrive), then asks for a rebuild: [how, and what else holds it](how-to/erase-personal-data.md).",
        ("tests/handler/test_erasure.py", "tests/corpus/test_written_by_hand.py"),
    ),
    Threat(
        "Whoever may put events asks for rebuilds",
        "A domain object has one at a time, and a newer request does not starve an older one. Requests are counted and "
        "alarmed; `project_reserved_concurrency` limits them.",
        ("tests/handler/test_rebuild.py", "tests/component/resources/monitoring/test_alarms.py"),
    ),
    Threat(
        "A neighbouring stack is given too much",
        "Three policies to attach: publish, read rows, read events. None writes to a table.",
        ("tests/component/resources/test_access.py",),
    ),
)
