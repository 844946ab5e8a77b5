"""The page on costs, `docs/costs.md`, from the code that computes them."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from ..markdown import dollars, quantity, table, wrapped
from . import deployed
from . import load as assumed
from .bill import A_YEAR, INFREQUENT, Estimate, Line, Part, estimate
from .load import Batches
from .prices import AS_OF, KEYS, MILLION, PRICES, READ_UNITS, WRITE_UNITS, Price

LOADS: Final = {
    1_000: "1 thousand",
    1_000_000: "1 million",
    10_000_000: "10 million",
    100_000_000: "100 million",
    1_000_000_000: "1 billion",
}
"""Events a month, with their names on the page."""

_CALCULATED: Final = (1_000, 1_000_000, 1_000_000_000)
"""The loads whose arithmetic is on the page."""

_COLUMNS: Final = ("$ a month, by events a month", *LOADS.values())

_FINER_SNAPSHOTS: Final = 20

_WINDOWS: Final = (1, 5)
"""Batching windows in seconds."""

_SHORT_RETENTION: Final = deployed.DEVELOPMENT_LOG_RETENTION_DAYS

_DECISION_WRITES: Final = 4
_DECISION_READS: Final = 2

_PERSIST_TURNS: Final = round(assumed.PERSIST_TURNS_PER_SECOND)
_PROJECT_TURNS: Final = round(assumed.PROJECT_TURNS_PER_SECOND)


def summary() -> str:
    """The sums, as a table in Markdown, for the README."""
    usual = _bills(estimate)
    return table(
        _COLUMNS,
        [
            *((part.value, *(dollars(bill.dollars_of(part)) for bill in usual)) for part in Part),
            ("**sum**", *(f"**{text}**" for text in _sums(usual))),
            ("sum with `development=True`", *_sums(_bills(partial(estimate, development=True)))),
        ],
    )


def page() -> str:
    """The whole page, as Markdown."""
    parts = (
        *("# What a pipeline costs", _INTRODUCTION, summary()),
        *("## Item by item", _items()),
        *("## The arithmetic", *(_arithmetic(events) for events in _CALCULATED)),
        *("## What is assumed", _ASSUMPTIONS),
        *("## How batches form", _BATCHES, _batch_sizes(), _ENDS, _batches()),
        *("## What saves money", _SAVING, _levers(), _SAVING_NOTES),
        *("## What a decision costs", _DECISIONS),
        *("## What each option adds", _options(), _INDEXES, _FREE_OPTIONS),
        *("## A development stack", _DEVELOPMENT, _development(), _what_stays(), _LOCAL),
        *("## Prices", _PRICES, _price_list()),
        *("## What is not included", _NOT_IN_IT),
    )
    return "\n\n".join(parts) + "\n"


_INTRODUCTION: Final = f"""\
<!-- Generated: python -m cp_event_source.pages.costs > docs/costs.md -->

The cost of one domain's pipeline, in dollars a month, at list prices of us-east-1 and without free tiers. This is an
estimate: the page shows the arithmetic and [the assumptions](#what-is-assumed). To compute other loads, use the code:

<!-- not run: as a Pulumi program; the tests of the costs run it -->
```python
from cp_event_source.costs import estimate

bill = estimate(20_000_000, months=3, dashboard=False)
print(f"{{bill.dollars:.2f}}")
for line in bill.lines:
    print(f"{{line.item}}: {{line.quantity:,.0f}} {{line.price.unit}} = ${{line.dollars:.2f}}")
```

After {A_YEAR} months at the same load, with all events of these months stored:"""

_ASSUMPTIONS: Final = wrapped(f"""\
- A month has {assumed.DAYS} days. A GB has {assumed.GB:,} bytes. AWS's GB is larger, so quantities in GB are up to
  seven percent too high here.
- Events are spread evenly, in order, and sent once. A measured event of half a kilobyte takes {assumed.EVENT_BYTES}
  bytes in the table and one write unit. DynamoDB adds {assumed.ITEM_OVERHEAD_BYTES} bytes to an item.
- The events of a batch belong to at most {assumed.OBJECTS_IN_A_BATCH} domain objects. Each costs one read and one write
  of its row, as measured. Rows and snapshots have at most {assumed.ROW_BYTES:,} bytes.
- A domain object has {assumed.EVENTS_OF_AN_OBJECT} events in total.
- An invocation of the persist function ({deployed.PERSIST_GB} GB) takes {assumed.PERSIST_SECONDS} s, plus
  {assumed.PERSIST_SECONDS_OF_AN_EVENT} s per event. An invocation of the project function
  ({deployed.PROJECT_GB:.2f} GB) takes {assumed.PROJECT_SECONDS} s, plus {assumed.PROJECT_SECONDS_OF_AN_OBJECT} s per
  domain object and {assumed.PROJECT_SECONDS_OF_AN_EVENT} s per event. Most of this time is waiting for DynamoDB. The
  [measured](performance.md) CPU time is less than a tenth of it.
- A cold start takes {assumed.COLD_START_SECONDS} s. Each function has at most one in {assumed.WARM_SECONDS // 60}
  minutes.
- Log bytes, as measured: {assumed.PERSIST_LOG_BYTES} per invocation of the persist function, plus
  {assumed.PERSIST_LOG_BYTES_OF_AN_EVENT} per event; {assumed.PROJECT_LOG_BYTES} per invocation of the project function,
  plus {assumed.PROJECT_LOG_BYTES_OF_AN_OBJECT} per domain object and {assumed.PROJECT_LOG_BYTES_OF_AN_EVENT} per event.
  Lambda adds {assumed.LAMBDA_LOG_BYTES} per invocation, which is not measured.
- Lambda traces the first invocation of each function in a second, and {assumed.SAMPLED_SHARE:.0%} of the others. If the
  producer's call is traced, or explicitly not traced, the functions follow it.
- {assumed.PERSIST_POLLERS} pollers of Lambda wait at the empty queue for {assumed.LONG_POLL_SECONDS} s each time. They
  are counted in full at any load.
- The functions send {len(deployed.METRICS)} metrics when all is well
  ({", ".join(f"`{name}`" for name in deployed.METRICS)}). AWS bills each for the hours in which it is sent. Metrics
  that report trouble are billed only while there is trouble.
- SQS requests the key again after {deployed.DATA_KEY_REUSE_SECONDS // 60} minutes, DynamoDB after
  {assumed.TABLE_KEY_SECONDS // 60}, for each principal. Both have many machines and may request it more often. Each
  cold start requests it once.
""")

_BATCHES: Final = wrapped(f"""\
By default, nothing waits for a batch to fill: an event is stored and projected at once, and a batch is what is there
when Lambda asks. So the cost of an event depends on how events arrive. AWS promises nothing about that. This page uses
this model:
- {assumed.PERSIST_POLLERS} pollers of the queue are busy with a batch for {assumed.PERSIST_TURN_SECONDS} s. Up to
  {_PERSIST_TURNS} events a second, each event comes alone. Above that, they come in {_PERSIST_TURNS} batches a second,
  up to {deployed.PERSIST_BATCH} events per batch.
- {assumed.STREAM_SHARDS} shards of the stream are polled {assumed.PROJECT_POLLS_PER_SECOND} times a second each. Up to
  {_PROJECT_TURNS} events a second, each event comes alone. Above that, they come in {_PROJECT_TURNS} batches a second,
  up to {deployed.PROJECT_BATCH} events per batch.
- With a batching window, each poller and each shard waits for that long, or until its batch is full.
""")

_ENDS: Final = wrapped("""\
Where a batch has one event, events come alone. In bursts or from a backlog, events fill batches at any load. The two
extremes and the model, for the events of the month:
""")

_SAVING: Final = wrapped("""\
The whole bill of a month without and with inputs that change it. All are fields of `functions`, but for
`domain_events_table_class`:
""")

_SAVING_NOTES: Final = wrapped(f"""\
- **A batching window** costs time: an event waits in the queue and in the stream for up to the window each, so a row
  may be late by twice as much. At a queue with very low traffic, Lambda may wait for [20 s](performance.md#latency),
  however short the window is. The default is 0, because a row is often read right after its event, and at a million
  events a month there is nothing to save: events are further apart than any window. From some ten million on, a window
  of a few seconds saves more than any other input. Batches stay within {deployed.PERSIST_BATCH} and
  {deployed.PROJECT_BATCH} events: a window makes them fuller and not larger, because the functions' memory and time are
  for these.
- **Tracing** in the mode `PassThrough` leaves the decision to your producers: the functions trace what arrives with a
  sampled trace. The default is `Active`, as Security Hub's Lambda.7 asks for; in a development stack it is
  `PassThrough`.
- **Log levels.** With `log_level` `WARNING`, an event that went well has no line, so you cannot follow it through the
  logs. Metrics, and with them alarms and the dashboard, are the same. With `system_log_level` `WARN`, Lambda's lines of
  start, end, duration and memory are gone; its metrics of them are the same.
- **The class for infrequent access** pays when the storage of the events table costs more than half of its writes:
  under a steady load after some months, and the more the longer the events are kept. AWS allows two changes of a
  table's class in 30 days.
- **Memory** is not among them: less than the default is too little for the largest batches.
""")

_INDEXES: Final = wrapped("""\
An index costs one write unit per KB for each write of a row that changes an attribute which it holds, and two if the
write changes the value of a key. With the projection `ALL` every write does, because the map `CpEventSource` changes
each time. With `KEYS_ONLY`, a write that leaves the keys as they are costs nothing. What an index holds is also stored.
""")

_FREE_OPTIONS: Final = wrapped("""\
These inputs cost nothing: `cp_event_bus`, `publishers`, `tags`; of `monitoring` the topic, the actions and the
thresholds; of `functions` reserved concurrency and signed code (except its file in S3). Protection from deletion and
the policies for other stacks cost nothing either. The endpoints of a VPC of yours are not in this bill. Under a small
and steady load nearly every invocation is traced, and traces may be the largest item: [what saves
money](#what-saves-money).
""")

_DECISIONS: Final = wrapped(f"""\
An event that a service [decides](how-to/refuse-what-may-not-happen.md) comes neither over the bus nor through the
functions. DynamoDB bills a transaction twice. With an event and a row of up to a kilobyte each, a decision takes
{_DECISION_WRITES} write units, instead of two for an event over the bus, and {_DECISION_READS} read units: measured by
`python -m bench.decisions`. A million decisions cost
${dollars(WRITE_UNITS.times(_DECISION_WRITES * MILLION) + READ_UNITS.times(_DECISION_READS * MILLION))}. Each further
attempt after a lost race costs the same again. Many stored events that are not yet projected, or an old command's time,
cost more reads. The service itself and the key's requests of its role come on top. A pipeline without deciders costs
what it did.
""")

_DEVELOPMENT: Final = wrapped(f"""\
The input `development=True` turns off what a stack does not need if you may discard its events: alarms, the dashboard,
restoring tables to an earlier time, and logs older than {_SHORT_RETENTION} days. `monitoring.alarms`,
`monitoring.dashboard` and `functions.log_retention_days` turn each of them on again.
""")

_LOCAL: Final = """\
On your own machine, [`cp-event-source local`](reference/command-line.md) costs nothing."""

_PRICES: Final = wrapped(f"""\
List prices of us-east-1, as of {AS_OF}. AWS's own pages are authoritative. In other regions, much costs up to some tens
of percent more.
""")

_NOT_IN_IT: Final = wrapped("""\
- Free tiers. The permanent ones (per month: a million requests of SQS and of Lambda, 25 GB of tables, 5 GB of logs,
  100,000 traces, 20,000 requests of KMS, ten alarm metrics, ten custom metrics, three dashboards) cover a small
  pipeline that has its own account, except its key and most of its alarms.
- Events that are late, sent twice or wrong, and rebuilds: [the cost of each](performance.md#2-a-late-event). The index
  of parked domain objects costs nothing while it is empty. The first event of a domain object costs a few more reads.
- Events larger than a kilobyte (each KB is a write unit, and is stored), larger rows, and domain logic that computes
  for long.
- Consumers of the domain table: their functions, and what they read. Reading its stream costs a Lambda function
  nothing.
- Messages that alarms send, searches in the logs, restores, backups, an archive of the bus, traffic to other regions.
- Support, taxes, discounts.
""")


def _items() -> str:
    bills = _bills(estimate)
    rows: list[Sequence[str]] = []
    for part in Part:
        of_part = [[line for line in bill.lines if line.part is part] for bill in bills]
        rows += [(lines[0].item, *(dollars(line.dollars) for line in lines)) for lines in zip(*of_part, strict=True)]
        rows.append((f"*{part.value}*", *(f"*{dollars(bill.dollars_of(part))}*" for bill in bills)))
    rows.append(("**sum**", *(f"**{text}**" for text in _sums(bills))))
    return table(_COLUMNS, rows)


def _arithmetic(events: int) -> str:
    bill = estimate(events)
    rows = [(line.item, _product(line), dollars(line.dollars)) for line in bill.lines]
    return table(
        (f"{events:,} events a month", "arithmetic", "$"), [*rows, ("**sum**", "", f"**{dollars(bill.dollars)}**")]
    )


def _batches() -> str:
    rows = [
        (
            batches.value,
            *(dollars(estimate(events, batches=batches).dollars_of(Part.EVENTS)) for events in LOADS),
        )
        for batches in (Batches.ALONE, Batches.AS_THEY_COME, Batches.FULL)
    ]
    return table(_COLUMNS, rows)


def _batch_sizes() -> str:
    def row(what: str, how: assumed.Running) -> list[str]:
        loads = [assumed.load(events, how=how) for events in LOADS]
        sizes = [(each.persist_events_in_a_batch, each.project_events_in_a_batch) for each in loads]
        return [what, *(f"{persist:.1f}, {project:.1f}" for persist, project in sizes)]

    return table(
        ("events in a batch, persist and project", *LOADS.values()),
        [
            row(f"window of {window} s" if window else "by default", assumed.Running(window))
            for window in (0, *_WINDOWS)
        ],
    )


def _levers() -> str:
    long = max(_WINDOWS)
    rows = [
        ("by default", *_sums(_bills(estimate))),
        *(
            (f"`batching_window_seconds={window}`", *_sums(_bills(partial(estimate, batching_window_seconds=window))))
            for window in _WINDOWS
        ),
        ('`tracing="PassThrough"`', *_sums(_bills(partial(estimate, tracing="PassThrough")))),
        ('`system_log_level="WARN"`', *_sums(_bills(partial(estimate, system_log_level="WARN")))),
        ('`log_level="WARNING"`', *_sums(_bills(partial(estimate, log_level="WARNING")))),
        (
            f'`domain_events_table_class="{INFREQUENT}"`',
            *_sums(_bills(partial(estimate, events_table_class=INFREQUENT))),
        ),
        (
            f"all of these, with {long} s",
            *_sums(
                _bills(
                    partial(
                        estimate,
                        batching_window_seconds=long,
                        tracing="PassThrough",
                        system_log_level="WARN",
                        log_level="WARNING",
                        events_table_class=INFREQUENT,
                    )
                )
            ),
        ),
    ]
    return table(_COLUMNS, rows)


def _price_list() -> str:
    rows = [
        (f"[{price.of}]({price.source})", _amount(price), f"{price.per:,} {_unit(price, price.per)}", price.note)
        for price in PRICES
    ]
    return table(("what", "$", "per", "how it is counted"), rows)


def _options() -> str:
    default = _bills(estimate)
    less_kept = partial(estimate, log_retention_days=_SHORT_RETENTION)
    not_restorable = partial(
        estimate, development=True, alarms=True, dashboard=True, log_retention_days=deployed.LOG_RETENTION_DAYS
    )
    rows = [
        (
            f"`monitoring.alarms`, on by default: {deployed.ALARMS} alarms, on {deployed.ALARM_METRICS} metrics",
            *_difference(default, _bills(partial(estimate, alarms=False))),
        ),
        ("`monitoring.dashboard`, on by default", *_difference(default, _bills(partial(estimate, dashboard=False)))),
        (
            "a key of its own, by default; `kms_key_arn` can name a shared key instead",
            *_difference(default, _bills(partial(estimate, key_given=True))),
        ),
        ("each of that key's first two yearly rotations", *[_added(KEYS.dollars)] * len(LOADS)),
        (
            f"`functions.log_retention_days`: {deployed.LOG_RETENTION_DAYS}, by default, instead of {_SHORT_RETENTION}",
            *_difference(default, _bills(less_kept)),
        ),
        (
            "tables that can be restored to any second; only `development` turns it off",
            *_difference(default, _bills(not_restorable)),
        ),
        (
            f"`events_per_snapshot`: {_FINER_SNAPSHOTS} instead of {deployed.EVENTS_PER_SNAPSHOT}",
            *_difference(_bills(partial(estimate, events_per_snapshot=_FINER_SNAPSHOTS)), default),
        ),
        (
            "each of `domain_table_indexes`, if each write of a row changes what it holds",
            *(_added(WRITE_UNITS.times(assumed.load(events).rows)) for events in LOADS),
        ),
        (
            "`domain_table_ttl_attribute`: DynamoDB's own deletions; each is a record of the rows' stream",
            *[_added(0)] * len(LOADS),
        ),
        (
            "`permissions_boundary`, `region`, and of `functions` all that is not above",
            *[_added(0)] * len(LOADS),
        ),
    ]
    return table(_COLUMNS, rows)


def _development() -> str:
    shared_key = _bills(partial(estimate, development=True, key_given=True))
    rows = [
        ("by default", *_sums(_bills(estimate))),
        ("`development=True`", *_sums(_bills(partial(estimate, development=True)))),
        ("`development=True`, and a shared `kms_key_arn`", *_sums(shared_key)),
    ]
    return table(_COLUMNS, rows)


def _what_stays() -> str:
    bill = estimate(min(LOADS), development=True)
    left = [
        f"{line.item} (${dollars(line.dollars)})" for line in bill.lines if line.part is Part.STANDING and line.quantity
    ]
    return wrapped(
        f"What stays: {', '.join(left)}. Encryption is never turned off. Development stacks can share a key with "
        "`kms_key_arn`; its policy must allow what `key_policy_statements` returns. Metrics cost nothing in hours "
        "without events."
    )


def _bills(of: Callable[[int], Estimate]) -> list[Estimate]:
    return [of(events) for events in LOADS]


def _sums(bills: Sequence[Estimate]) -> list[str]:
    return [dollars(bill.dollars) for bill in bills]


def _difference(more: Sequence[Estimate], less: Sequence[Estimate]) -> list[str]:
    return [_added(this.dollars - that.dollars) for this, that in zip(more, less, strict=True)]


def _added(amount: float) -> str:
    return f"+{dollars(amount)}"


def _product(line: Line) -> str:
    price = line.price
    per = {1: "", MILLION: "/M"}.get(price.per, f"/{price.per:,}")
    return f"{quantity(line.quantity)} {_unit(price, line.quantity)} \u00d7 ${_amount(price)}{per}"


def _amount(price: Price) -> str:
    return f"{price.dollars:.2f}" if price.dollars == round(price.dollars, 2) else f"{price.dollars:g}"


def _unit(price: Price, number: float) -> str:
    return price.unit.removesuffix("s") if number == 1 else price.unit
