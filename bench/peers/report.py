"""The comparison as Markdown."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill

from bench import prices
from bench.report import Cell, Table, shown

from .compared import Compared
from .measure import TROUBLES, Cost, Read, Result, Scale

UNFAIR = """
The peers are libraries for a program that decides on a command and needs the new state at once. They append each event
under the next version of its object, so in the order of arrival, and leave it to the program to recognize an event that
it had before. This pipeline takes facts that happened elsewhere. Late and repeated events are its case and not theirs;
two writers at once are theirs. Compare the peers with this project's
[decisions](../how-to/refuse-what-may-not-happen.md), which are for the same programs.

A decided event gets its time when it is decided. So a decision is as wrong about late facts as the peers: they have the
order of their arrival. Send such facts over the bus. Each event here is a command with the event's id and the time when
it was first sent, so a decision recognizes an event that it had before. No program refuses an event.

Only calls of DynamoDB are counted. This pipeline also takes a bus, queues, a stream and two Lambda functions, and some
time until the row is there; the [costs](../costs.md) have the whole bill. A peer and a decision run in a program that
you have anyway.

Node compiles what runs often, and Python does not. Compare the CPU times of castore and event-store-adapter-js with
each other, and those in Python with each other. The client of AWS takes most of each.

The functions' client is set up for speed. The others are as their documentation shows them. boto3's versions differ,
because eventsourcing has an environment of its own.

On the endpoint, every read sees every earlier write. On AWS, the reads of get-apply-put, event-store-adapter-js and
eventsourcing are eventually consistent: they cost half as much as those of castore, of the project function and of a
decision, and may miss a recent write. A state read of a decision also has the events that are stored and not yet in the
row; its row alone can be read as the pipeline's.

Each stores what its own form has. This pipeline also keeps the bus's attributes of an event, which the others do not
get.

get-apply-put keeps no history: nothing can be rebuilt, audited or corrected. castore and eventsourcing keep no row that
another program can read: the library must fold the state. A state read of this pipeline shows only what its functions
have folded so far.

castore and eventsourcing can do more than the documentation of their adapters for DynamoDB shows, such as caches and
read models, and eventsourcing has snapshots. eventsourcing-dynamodb demands an eventsourcing below 9.4.

AWS does not say what the index entries of a transaction cost. They are counted once, in favour of
event-store-adapter-js.
"""
LOSSES = """
Asynchronous: a producer of facts does not know the new state when it has sent its event.

More parts: two functions, three tables, four queues and two rules, where a library adds one or two tables.
"""
DECISION_LOSSES = """
Three calls in turn, one of them a transaction, where castore and eventsourcing make two calls and no transaction.

More parts: the tables are a pipeline's, and its project function rebuilds the rows. A library adds one or two tables.
"""
_LITTLE = 0.1
"""Times that differ by less than this share count as equal."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of each of the compared programs. Less is better."""

    name: str
    of: Callable[[Result], float | None]
    """None if it cannot do this, or does it wrong."""
    little: float = 0


def page(results: Sequence[Result], missing: Mapping[Compared, str], scale: Scale) -> str:
    """All that was measured, as sections of Markdown. The first results are this pipeline's and its decisions'."""
    own, decided, *others = results
    unmeasured = [f"{compared.name} was not measured: {why}." for compared, why in missing.items()]
    sections = [
        _section("All in one table", [_summary(results, scale)]),
        _section("What is unfair about it", lines=[*unmeasured, *paragraphs(UNFAIR)]),
        _section("Where this pipeline loses", lines=[*paragraphs(LOSSES), *losses(own, others, scale)]),
        _section("Where a decision loses", lines=[*paragraphs(DECISION_LOSSES), *losses(decided, others, scale)]),
        _section("A single event", [_single_events(results, length) for length in results[0].alone]),
        _section("The state, and a rebuild", [_reads(results, scale), _rebuilds(results, scale)]),
        _section("Wrong states", [_wrong(results, scale)]),
        _section("Versions", [_versions(results)]),
    ]
    return "\n".join(sections)


def losses(own: Result, others: Sequence[Result], scale: Scale) -> Iterator[str]:
    """Each measure in which others are better."""
    for measure in _measures(scale):
        mine = measure.of(own)
        if mine is None:
            continue
        figures = [(value, each.compared.name) for each in others if (value := measure.of(each)) is not None]
        better = [(value, name) for value, name in sorted(figures) if value < mine * (1 - measure.little)]
        if better:
            listed = ", ".join(f"{name} {_short(value)}" for value, name in better)
            yield f"{measure.name}: {_short(mine)}. Less: {listed}."


def _measures(scale: Scale) -> Sequence[Measure]:
    last, far = scale.histories[-1], scale.long_history
    return (
        Measure("Write units of a single event", lambda result: result.alone[10].wcu),
        Measure("Read units of a single event", lambda result: result.alone[10].rcu),
        Measure(f"Read units of a single event after {far:,} others", lambda result: result.alone[far].rcu),
        Measure("CPU of a single event, ms", lambda result: 1e3 * result.alone[10].seconds, _LITTLE),
        Measure(
            f"CPU of a single event after {far:,} others, ms", lambda result: 1e3 * result.alone[far].seconds, _LITTLE
        ),
        Measure(f"Read units of the state after {last:,} events", lambda result: _if_right(result.reads[last], _rcu)),
        Measure(
            f"CPU of the state after {last:,} events, ms", lambda result: _if_right(result.reads[last], _ms), _LITTLE
        ),
        Measure(f"Read units of a rebuild of {last:,} events", lambda result: _if_right(result.rebuild, _rcu)),
        Measure(f"CPU of a rebuild of {last:,} events, ms", lambda result: _if_right(result.rebuild, _ms), _LITTLE),
        Measure(
            f"Bytes stored for each of {last:,} events, with indexes and rows",
            lambda result: result.bytes_per_event if result.compared.keeps_history else None,
        ),
    )


def _if_right(read: Read | None, of: Callable[[Cost], float]) -> float | None:
    return of(read.cost) if read is not None and read.right else None


def _rcu(cost: Cost) -> float:
    return cost.rcu


def _ms(cost: Cost) -> float:
    return 1e3 * cost.seconds


def _summary(results: Sequence[Result], scale: Scale) -> Table:
    last = scale.histories[-1]
    rows = [
        (
            result.compared.name,
            _calls(result.alone[10]),
            round(result.alone[10].wcu, 2),
            round(result.alone[10].rcu, 2),
            round(_ms(result.alone[10]), 2),
            f"{result.wrong[TROUBLES[-1]]} of {scale.objects}",
            _read(result.reads[last]),
            _read(result.rebuild),
            round(result.bytes_per_event),
        )
        for result in results
    ]
    return Table(
        (
            "",
            "calls for a single event",
            "WCU",
            "RCU",
            "CPU, ms",
            "wrong states, events late and repeated",
            f"state after {last:,} events",
            f"rebuild of {last:,} events",
            "bytes stored per event",
        ),
        rows,
        "",
        "A single event comes to an object with some ten events. CPU: of the client's process, with TLS; the median of "
        f"{scale.runs} runs of {scale.alone} events, and of {scale.long_runs} runs of a long history.",
    )


def _single_events(results: Sequence[Result], length: int) -> Table:
    rows: list[Sequence[Cell]] = []
    for result in results:
        rows.append((result.compared.name, *_cells(result.alone[length])))
        if result.full is not None and length == 10:
            rows.append((f"{result.compared.name}, full batches", *_cells(result.full)))
    return Table(
        ("", "calls", "WCU", "RCU", "$ per million, DynamoDB", "CPU, ms", "$ per million, CPU on Lambda"),
        rows,
        f"After {length:,} others of its object",
        "Full batches: ten messages, and a hundred events of ten objects." if length == 10 else "",
    )


def _cells(cost: Cost) -> Sequence[Cell]:
    return (
        _calls(cost),
        round(cost.wcu, 2),
        round(cost.rcu, 2),
        round(prices.capacity(cost.wcu, cost.rcu), 3),
        round(_ms(cost), 2),
        round(prices.cpu(cost.seconds), 4),
    )


def _calls(cost: Cost) -> str:
    return ", ".join(f"{_short(number / cost.number)} {name}" for name, number in sorted(cost.used.calls.items()))


def _reads(results: Sequence[Result], scale: Scale) -> Table:
    return Table(
        ("", *(f"{length:,} events" for length in scale.histories)),
        [(result.compared.name, *(_read(result.reads[length]) for length in scale.histories)) for result in results],
        "The state of one object, read, by the length of its history",
        "This pipeline and get-apply-put: one GetItem with boto3's Table. A decision: `Objects.get`.",
    )


def _rebuilds(results: Sequence[Result], scale: Scale) -> Table:
    last = scale.histories[-1]
    rows: list[Sequence[Cell]] = []
    for result in results:
        if result.rebuild is None:
            rows.append((result.compared.name, "impossible: it keeps no events", "", "", "", ""))
            continue
        cost = result.rebuild.cost
        speed = f"{round(last / cost.seconds):,}" if result.rebuild.right else "**wrong state**"
        rows.append(
            (result.compared.name, _calls(cost), round(cost.wcu, 2), round(cost.rcu, 2), round(_ms(cost), 1), speed)
        )
    return Table(
        ("", "calls", "WCU", "RCU", "CPU, ms", "events/s"),
        rows,
        f"A rebuild: all {last:,} events of an object, read and folded",
        "This pipeline also checks that states survive their stored form, and writes the row and its snapshots; it "
        "rebuilds rows of decided events as well. event-store-adapter-js reads only the first page of a query, 1 MB.",
    )


def _read(read: Read | None) -> str:
    if read is None:
        return "impossible"
    wrong = "" if read.right else ", **wrong**"
    return f"{_short(read.cost.rcu)} RCU, {_short(_ms(read.cost))} ms{wrong}"


def _wrong(results: Sequence[Result], scale: Scale) -> Table:
    rows: list[Sequence[Cell]] = []
    for result in results:
        both = f"{result.pairs.lost} wrong, {result.pairs.errors} told"
        rows.append((result.compared.name, *(result.wrong[trouble] for trouble in TROUBLES), both))
    return Table(
        ("", *(trouble.name for trouble in TROUBLES), f"two writers at once, {scale.pairs} times"),
        rows,
        f"Of {scale.objects} objects with {scale.events_each} events each, those that are not the fold by EventTime",
        "The domain keeps a sum, a count and the last entry. Two writers: both read the object before either writes. "
        "Wrong: an event is lost. Told: a writer gets an error, and its event comes again. A call that decides does so "
        "again on the new state if it comes second.",
    )


def _versions(results: Sequence[Result]) -> Table:
    rows = [
        (result.compared.name, ", ".join(f"{name} {result.versions[name]}" for name in result.compared.packages))
        for result in results
    ]
    return Table(("", "versions"), rows)


def _short(number: float) -> str:
    return shown(round(number, 2))


def _wrapped(line: str) -> str:
    if line.startswith("|"):
        return line
    indent = "  " if line.startswith("- ") else ""
    return fill(line, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text, each on one line."""
    return [" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n")]


def _section(title: str, tables: Sequence[Table] = (), lines: Sequence[str] = ()) -> str:
    text = [f"## {title}", ""]
    for table in tables:
        text += [*(_wrapped(line) for line in table.lines()), ""]
    text += [_wrapped(f"- {line}") for line in lines]
    return "\n".join(text).rstrip() + "\n"
