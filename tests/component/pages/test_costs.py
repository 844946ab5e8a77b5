"""What a pipeline costs: the arithmetic, that it is of what is deployed and measured, and that the page shows it."""

import io
import re
import subprocess
import sys
from contextlib import redirect_stdout
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import events, layers, pipeline
from cp_event_source.inputs import arguments, functions
from cp_event_source.inputs.functions import PERSIST_MEMORY_MB, PROJECT_MEMORY_MB
from cp_event_source.pages.costs import PRICES, Batches, Estimate, Line, Part, deployed, estimate, load, page, prices
from cp_event_source.pages.costs.bill import INFREQUENT
from cp_event_source.pages.costs.page import LOADS
from cp_event_source.resources import persist_function, project_function, queues
from tests.docs.markdown import REPOSITORY, blocks

from ..deployment import Deployment, deployed_with

NUMBERS_OF_EVENTS = st.just(0) | st.floats(0, 11).map(lambda exponent: int(10**exponent))
"""Of any magnitude, each as likely."""
LADDER = [0, *(int(10 ** (step / 10)) for step in range(111))]
"""Ever a quarter more."""
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "development": st.booleans(),
        "alarms": st.booleans(),
        "dashboard": st.booleans(),
        "log_retention_days": st.sampled_from(functions.LOG_RETENTION_DAYS),
        "key_given": st.booleans(),
        "events_per_snapshot": st.integers(arguments.MIN_EVENTS_PER_SNAPSHOT, arguments.MAX_EVENTS_PER_SNAPSHOT),
        "months": st.integers(1, 120),
        "batches": st.sampled_from(Batches),
    },
)

CLOUDWATCHS_OWN_BYTES = 26
"""Of each line of a log (CloudWatch's pricing)."""


def line_of(bill: Estimate, item: str) -> Line:
    (found,) = [line for line in bill.lines if line.item == item]
    return found


class TestTheArithmetic:
    @given(NUMBERS_OF_EVENTS, OPTIONS)
    def test_the_sum_is_that_of_the_lines_and_of_the_parts(self, number: int, options: dict[str, Any]) -> None:
        bill = estimate(number, **options)
        assert bill.dollars == pytest.approx(sum(line.price.times(line.quantity) for line in bill.lines))
        assert bill.dollars == pytest.approx(sum(bill.dollars_of(part) for part in Part))

    @given(NUMBERS_OF_EVENTS, OPTIONS)
    def test_nothing_is_cheaper_than_nothing(self, number: int, options: dict[str, Any]) -> None:
        assert all(line.dollars >= 0 for line in estimate(number, **options).lines)

    @given(OPTIONS)
    def test_more_events_make_no_line_cheaper(self, options: dict[str, Any]) -> None:
        for less, more in pairwise(estimate(number, **options).lines for number in LADDER):
            for before, after in zip(less, more, strict=True):
                assert after.dollars >= before.dollars * (1 - 1e-9), after.item

    @given(NUMBERS_OF_EVENTS, OPTIONS)
    def test_a_pipeline_gets_no_cheaper_as_events_are_stored(self, number: int, options: dict[str, Any]) -> None:
        months = options.pop("months", 12)
        assert (
            estimate(number, months=months + 1, **options).dollars >= estimate(number, months=months, **options).dollars
        )

    @pytest.mark.parametrize("option", ["alarms", "dashboard"])
    @given(number=NUMBERS_OF_EVENTS, options=OPTIONS)
    def test_an_option_only_adds(self, option: str, number: int, options: dict[str, Any]) -> None:
        with_it, without = (estimate(number, **options | {option: on}) for on in (True, False))
        for added, plain in zip(with_it.lines, without.lines, strict=True):
            assert added.dollars >= plain.dollars
        assert with_it.dollars > without.dollars

    @given(NUMBERS_OF_EVENTS, OPTIONS)
    def test_a_shared_key_saves_one_key(self, number: int, options: dict[str, Any]) -> None:
        own, shared = (estimate(number, **options | {"key_given": given}) for given in (False, True))
        assert own.dollars - shared.dollars == pytest.approx(prices.KEYS.dollars, abs=1e-4)

    @given(NUMBERS_OF_EVENTS, OPTIONS)
    def test_a_development_stack_never_costs_more(self, number: int, options: dict[str, Any]) -> None:
        development, usual = (estimate(number, **options | {"development": on}) for on in (True, False))
        for cheap, dear in zip(development.lines, usual.lines, strict=True):
            assert cheap.dollars <= dear.dollars

    @given(st.integers(0, 10**9))
    def test_one_input_turns_off_all_that_a_development_stack_does_without(self, number: int) -> None:
        bill = estimate(number, development=True)
        for item in ("alarms", "dashboard", "tables: restorable to any second"):
            assert line_of(bill, item).quantity == 0

    @given(NUMBERS_OF_EVENTS)
    def test_how_batches_come_lies_between_its_ends(self, number: int) -> None:
        full, usual, alone = (
            estimate(number, batches=each).dollars for each in (Batches.FULL, Batches.AS_THEY_COME, Batches.ALONE)
        )
        assert full <= usual * (1 + 1e-9)
        assert usual <= alone * (1 + 1e-9)

    def test_few_events_come_alone_and_many_fill_batches(self) -> None:
        few, many = load.load(1_000_000), load.load(10**11)
        assert few.persist_invocations == few.project_invocations == few.rows == 1_000_000
        assert many.persist_invocations == 10**11 / 10
        assert many.project_invocations == 10**11 / 100

    @pytest.mark.parametrize(
        "bad", [{"events_per_month": -1}, {"months": 0}, {"log_retention_days": 0}, {"events_per_snapshot": 0}]
    )
    def test_numbers_that_no_pipeline_has_are_refused(self, bad: dict[str, Any]) -> None:
        (name,) = bad
        with pytest.raises(ValueError, match=f"^{name}: "):
            estimate(**{"events_per_month": 1000} | bad)


class TestOfWhatIsDeployed:
    def test_alarms(self, deployment: Deployment) -> None:
        alarms = [each.inputs for each in deployment.resources if each.type.endswith(":MetricAlarm")]
        metrics = [
            len([query for query in each.get("metricQueries", [{"metric": {}}]) if "metric" in query])
            for each in alarms
        ]
        assert (len(alarms), sum(metrics)) == (deployed.ALARMS, deployed.ALARM_METRICS)

    def test_one_dashboard_and_one_key(self, deployment: Deployment) -> None:
        assert deployment.only("Dashboard")
        assert deployment.only("Key")

    def test_nothing_that_is_billed_is_left_out(self, deployment: Deployment) -> None:
        billed = {"Dashboard", "EventBus", "Function", "Key", "LogGroup", "MetricAlarm", "Queue", "Table"}
        free = {
            *("EventBusPolicy", "EventRule", "EventSourceMapping", "EventTarget", "FunctionEventInvokeConfig"),
            *("Permission", "Policy", "QueuePolicy", "Role", "RolePolicy", "TopicPolicy"),
            "Topic",  # but for the messages that alarms send
        }
        assert {type_ for type_, _ in deployment.names()} == billed | free

    def test_a_development_stack_has_none_of_what_its_bill_has_not(self) -> None:
        deployment = deployed_with(development=True)
        types = {type_ for type_, _ in deployment.names()}
        assert types.isdisjoint({"MetricAlarm", "Dashboard"})
        tables = [each.inputs for each in deployment.resources if each.type.endswith(":Table")]
        assert [table["pointInTimeRecovery"]["enabled"] for table in tables] == [False] * 3

    def test_a_key_that_is_given_is_not_made(self) -> None:
        key = "arn:aws-cn:kms:cn-north-1:111122223333:key/1a2b"
        assert "Key" not in {type_ for type_, _ in deployed_with(kms_key_arn=key).names()}

    def test_numbers(self) -> None:
        assert deployed.PERSIST_GB * 1024 == PERSIST_MEMORY_MB
        assert deployed.PROJECT_GB * 1024 == PROJECT_MEMORY_MB
        assert deployed.PERSIST_BATCH == persist_function.BATCH_SIZE
        assert deployed.PROJECT_BATCH == project_function.BATCH_SIZE
        assert deployed.EVENTS_PER_SNAPSHOT == arguments.DEFAULT_EVENTS_PER_SNAPSHOT
        assert deployed.LOG_RETENTION_DAYS == functions.DEFAULT_LOG_RETENTION_DAYS
        assert deployed.DEVELOPMENT_LOG_RETENTION_DAYS == functions.DEVELOPMENT_LOG_RETENTION_DAYS
        assert deployed.DATA_KEY_REUSE_SECONDS == queues.DATA_KEY_REUSE_SECONDS


class TestOfWhatIsMeasured:
    """The functions' own code upon the doubles, with events as in the measurements."""

    @pytest.fixture(autouse=True)
    def traced(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A line of the log has the trace's id, as on Lambda."""
        monkeypatch.setenv(
            "_X_AMZN_TRACE_ID", "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1"
        )

    @pytest.mark.parametrize("number", [1, 10])
    def test_logs_of_persist(self, number: int) -> None:
        lines = persist_lines(number)
        counted = load.PERSIST_LOG_BYTES + load.PERSIST_LOG_BYTES_OF_AN_EVENT * number
        assert size_of(lines) == pytest.approx(counted, rel=0.1)

    @pytest.mark.parametrize(("number", "objects"), [(1, 1), (20, 10), (100, 10)])
    def test_logs_of_project(self, number: int, objects: int) -> None:
        lines = project_lines(number, objects)
        counted = (
            load.PROJECT_LOG_BYTES
            + load.PROJECT_LOG_BYTES_OF_AN_OBJECT * objects
            + load.PROJECT_LOG_BYTES_OF_AN_EVENT * number
        )
        assert size_of(lines) == pytest.approx(counted, rel=0.1)

    def test_metrics(self) -> None:
        sent = {
            name for line in (*persist_lines(1), *project_lines(1, 1)) for name in re.findall(r'"Name":"(\w+)"', line)
        }
        assert sorted(sent) == sorted(deployed.METRICS)

    def test_calls(self) -> None:
        """In full batches, as the measurements have them: a write an event, a read and a write an object and batch."""
        work = load.load(1000, Batches.FULL)
        (cost, _size) = measured(k=10)
        assert (work.rows / 1000, 1 / deployed.EVENTS_PER_SNAPSHOT) == (0.1, 0.01)
        assert cost == (0.1 + 0.01, 0.1)

    def test_an_event(self) -> None:
        (table,) = re.findall(r"\| a new event .*\|\s+([\d,]+) \|\s+[\d.]+ \|$", performance_page(), re.MULTILINE)
        assert int(table) == load.EVENT_BYTES


class TestThePage:
    def test_is_what_the_code_prints(self) -> None:
        printed = subprocess.run(
            [sys.executable, "-m", "cp_event_source.pages.costs"],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert printed == page()
        assert (REPOSITORY / "docs" / "costs.md").read_text() == printed, "generate docs/costs.md again"

    def test_needs_no_pulumi(self) -> None:
        program = "import sys, cp_event_source.costs; sys.exit('pulumi' in sys.modules)"
        subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True)

    def test_has_every_item_of_every_load(self) -> None:
        text = page()
        for number in LOADS:
            for line in estimate(number).lines:
                assert f"\n| {line.item} | " in text

    def test_tells_of_every_input_what_it_costs(self) -> None:
        unpriced = {"cp_domain_name", "cp_domain_logic_layer", "max_future_skew_seconds"}
        text = page()
        assert {name for name in arguments.CpEventSourceArgs.__annotations__ if f"`{name}" not in text} == unpriced

    def test_has_every_price_with_its_source(self) -> None:
        text = page()
        bills = (estimate(1), estimate(1, events_table_class=INFREQUENT))
        assert set(PRICES) == {line.price for bill in bills for line in bill.lines}
        for price in PRICES:
            assert f"[{price.of}]({price.source}) | " in text

    def test_its_example_runs(self) -> None:
        (block,) = blocks(REPOSITORY / "docs" / "costs.md")
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(block.text, {})
        assert len(printed.getvalue().splitlines()) == 1 + len(estimate(1).lines)

    def test_its_lines_add_up(self) -> None:
        """As a reader adds them up, in cents."""
        for number in (1_000, 1_000_000):
            (table,) = re.findall(rf"\| {number:,} events a month .*?\n\n", page(), re.DOTALL)
            *lines, total = (
                float(cell.replace(",", "")) for cell in re.findall(r"\| \**([\d,.]+)\** \|$", table, re.MULTILINE)
            )
            assert sum(lines) == pytest.approx(total, abs=0.005 * len(lines))


def persist_lines(number: int) -> list[str]:
    layer = layers.file_layer()
    messages = [
        {
            "messageId": f"{each}",
            "body": events.body(layer, events.domain_id(), each),
            "attributes": {"SentTimestamp": "1767225600123"},
        }
        for each in range(number)
    ]
    return printed_by(lambda: pipeline.Pipeline().persist().handle_batch(messages))


def project_lines(number: int, objects: int) -> list[str]:
    layer = layers.file_layer()
    arrived = {"ArrivedAt": {"S": "2026-01-01T00:00:00.123+00:00"}}
    items = [events.item(layer, events.domain_id(each % objects), each) | arrived for each in range(number)]
    tables = pipeline.Pipeline()
    tables.store(items)
    project = tables.projection(layer)
    return printed_by(lambda: pipeline.take(project, events.records(items)))


def printed_by(act: Any) -> list[str]:
    printed = io.StringIO()
    with redirect_stdout(printed):
        act()
    return printed.getvalue().splitlines()


def size_of(lines: list[str]) -> int:
    return sum(len(line) + CLOUDWATCHS_OWN_BYTES for line in lines)


def performance_page() -> str:
    return (REPOSITORY / "docs" / "performance.md").read_text()


def measured(*, k: int) -> tuple[tuple[float, float], int]:
    """Write and read units of an event, k of each domain object in a batch of a hundred, and the row's size."""
    (row,) = re.findall(rf"^\| k = {k}, history of 10 .*$", performance_page(), re.MULTILINE)
    *_, wcu, rcu, size, _dollars, _end = (cell.strip() for cell in row.split("|"))
    return (float(wcu), float(rcu)), int(size)


LEVERS: list[dict[str, Any]] = [
    {"batching_window_seconds": 5},
    {"tracing": "PassThrough"},
    {"system_log_level": "WARN"},
    {"log_level": "WARNING"},
]


class TestWhatSavesMoney:
    @pytest.mark.parametrize("lever", LEVERS)
    @given(events=st.integers(0, 10**10), months=st.integers(1, 60), batches=st.sampled_from(Batches))
    def test_never_costs_more(self, lever: dict[str, Any], events: int, months: int, batches: Batches) -> None:
        usual = estimate(events, months=months, batches=batches)
        saving = estimate(events, months=months, batches=batches, **lever)
        assert saving.dollars <= usual.dollars * (1 + 1e-9)

    @given(events=st.integers(0, 10**10), shorter=st.integers(0, 60), longer=st.integers(0, 60))
    def test_a_longer_window_never_makes_more_work(self, events: int, shorter: int, longer: int) -> None:
        shorter, longer = sorted((shorter, longer))
        less = load.load(events, how=load.Running(longer))
        more = load.load(events, how=load.Running(shorter))
        assert less.persist_invocations <= more.persist_invocations
        assert less.project_invocations <= more.project_invocations
        assert less.rows <= more.rows

    @pytest.mark.parametrize("lever", LEVERS)
    def test_the_input_is_one_that_the_component_has(self, lever: dict[str, Any]) -> None:
        deployed_with(functions=lever)

    def test_the_class_for_infrequent_access_trades_storage_for_writes(self) -> None:
        usual, other = estimate(10**8), estimate(10**8, events_table_class=INFREQUENT)
        changed = {line.item for line, that in zip(usual.lines, other.lines, strict=True) if line != that}
        assert changed == {"events table: one write per event", "events table"}
        assert estimate(10**8, months=1, events_table_class=INFREQUENT).dollars > estimate(10**8, months=1).dollars
        assert other.dollars < usual.dollars

    @pytest.mark.parametrize(
        ("name", "value"),
        [("tracing", "Off"), ("log_level", "TRACE"), ("system_log_level", "ERROR"), ("events_table_class", "GLACIER")],
    )
    def test_an_unknown_word_is_refused(self, name: str, value: str) -> None:
        with pytest.raises(ValueError, match=f"^{name}: must be one of .*; found '{value}'"):
            estimate(1, **{name: value})  # type: ignore[arg-type]
