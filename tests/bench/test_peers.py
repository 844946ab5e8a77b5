"""Guarantee: the comparison with peers counts right, compares all with the same truth, and hides nothing.

No peer is needed: this pipeline, its decisions and the handler without guards run in the environment of the tests.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from bench.peers.compared import ALL, GET_APPLY_PUT, THIS_PROJECT, THIS_PROJECT_DECIDED, DriverError, Used
from bench.peers.domain import history, right_state
from bench.peers.dynamodb import PeersDynamoDB
from bench.peers.measure import TROUBLES, Cost, Pairs, Read, Result, Scale, Trouble, measured, troubled
from bench.peers.report import DECISION_LOSSES, LOSSES, UNFAIR, losses, page, paragraphs
from tests.docs.markdown import REPOSITORY
from tests.doubles.aws import AwsError, Usage
from tests.doubles.clients import wire

PEERS = REPOSITORY / "bench" / "peers"
PAGE = (REPOSITORY / "docs" / "explanation" / "compared-with-peers.md").read_text()
TINY = Scale((3, 12), 5, runs=1, warm_up=0, long_runs=1, alone=2, reads=12, objects=2, events_each=5, pairs=1)


def entry(number: int, shard: str = "0", size: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "pkey": {"S": shard},
        "skey": {"S": f"{number:05}"},
        "aid": {"S": "a"},
        "seq_nr": {"N": str(number)},
        "payload": {"B": b"x" * size},
        **more,
    }


def key_of(item: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("pkey", "skey")}


@pytest.fixture
def db() -> PeersDynamoDB:
    return tables()


def tables() -> PeersDynamoDB:
    db = PeersDynamoDB()
    db.create_table("journal", "pkey", "skey")
    db.create_index("journal", "all", "aid", "seq_nr", range_type="N", projects_all=True)
    db.create_table("plain", "pkey", "skey")
    return db


def units(
    db: PeersDynamoDB, operation: str, request: dict[str, Any]
) -> dict[tuple[str, str], tuple[int, float, float]]:
    """What a call used, by resource and operation: calls, write units, read units."""
    db.counters.reset()
    db.handle(operation, request)
    return {name: (used.calls, used.wcu, used.rcu) for name, used in db.counters.usage.items() if used != Usage()}


class TestUnits:
    """By the rules that AWS documents; `bench/peers/dynamodb.py` names the pages."""

    def test_a_batch_is_one_call_and_each_write_costs_its_own_size(self, db: PeersDynamoDB) -> None:
        writes = [{"PutRequest": {"Item": entry(number, size=1_500 * number)}} for number in (0, 1)]
        assert units(db, "BatchWriteItem", {"RequestItems": {"plain": writes}}) == {
            ("plain", "BatchWriteItem"): (1, 1 + 2, 0)
        }

    def test_a_transaction_is_one_call_and_each_write_costs_twice(self, db: PeersDynamoDB) -> None:
        db.handle("PutItem", {"TableName": "plain", "Item": entry(1, size=2_500)})
        update = {
            "TableName": "plain",
            "Key": key_of(entry(1)),
            "UpdateExpression": "SET #v = :v",
            "ExpressionAttributeNames": {"#v": "version"},
            "ExpressionAttributeValues": {":v": {"N": "2"}},
        }
        actions = [{"Update": update}, {"Put": {"TableName": "journal", "Item": entry(2)}}]
        assert units(db, "TransactWriteItems", {"TransactItems": actions}) == {
            ("plain", "TransactWriteItems"): (1, 2 * 3, 0),
            ("journal", "TransactWriteItems"): (0, 2 * 1, 0),
            ("journal.all", "index"): (0, 1, 0),
        }

    @pytest.mark.parametrize(
        ("after", "of_the_index"),
        [
            (entry(1), 0),
            (entry(1, payload={"B": b"other"}), 1),
            (entry(1, seq_nr={"N": "7"}), 2),
            ({name: value for name, value in entry(1).items() if name != "aid"}, 1),
        ],
        ids=["unchanged", "changed", "another key", "no longer in the index"],
    )
    def test_an_index_costs_what_a_write_changes_in_it(
        self, db: PeersDynamoDB, after: dict[str, Any], of_the_index: int
    ) -> None:
        db.handle("PutItem", {"TableName": "journal", "Item": entry(1)})
        used = units(db, "PutItem", {"TableName": "journal", "Item": after})
        assert used.get(("journal.all", "index"), (0, 0, 0)) == (0, of_the_index, 0)

    def test_an_index_of_keys_costs_nothing_if_the_keys_stay(self, db: PeersDynamoDB) -> None:
        db.create_index("plain", "keys", "aid", "seq_nr", range_type="N", projects_all=False)
        first = units(db, "PutItem", {"TableName": "plain", "Item": entry(1, size=5_000)})
        second = units(db, "PutItem", {"TableName": "plain", "Item": entry(1, size=6_000)})
        assert (first["plain.keys", "index"], ("plain.keys", "index") in second) == ((0, 1, 0), False)

    def test_a_query_of_an_index_costs_half_a_unit_for_each_4_kb(self, db: PeersDynamoDB) -> None:
        for number in range(4):
            db.handle("PutItem", {"TableName": "journal", "Item": entry(number, shard=str(number), size=3_000)})
        request = {
            "TableName": "journal",
            "IndexName": "all",
            "KeyConditionExpression": "aid = :a AND seq_nr >= :n",
            "ExpressionAttributeValues": {":a": {"S": "a"}, ":n": {"N": "1"}},
        }
        assert units(db, "Query", request) == {("journal.all", "Query"): (1, 0, 1.5)}
        with pytest.raises(AwsError, match="Consistent reads are not supported"):
            db.handle("Query", {**request, "ConsistentRead": True})


def outcome(client: Any, operation: str, request: dict[str, Any]) -> Any:
    try:
        reply = getattr(client, operation)(**request)
    except ClientError as error:
        codes = [reason["Code"] for reason in error.response.get("CancellationReasons", [])]
        return error.response["Error"]["Code"], codes
    not_compared = {"ResponseMetadata", "ConsumedCapacity", "ItemCollectionMetrics"}  # moto sends them unasked
    return {name: value for name, value in reply.items() if name not in not_compared}


@contextmanager
def moto() -> Iterator[Any]:
    with mock_aws():
        client: Any = boto3.client("dynamodb", "us-east-1")
        names = (("pkey", "S"), ("skey", "S"), ("aid", "S"), ("seq_nr", "N"))
        key = [{"AttributeName": "pkey", "KeyType": "HASH"}, {"AttributeName": "skey", "KeyType": "RANGE"}]
        index = {
            "IndexName": "all",
            "KeySchema": [{"AttributeName": "aid", "KeyType": "HASH"}, {"AttributeName": "seq_nr", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "ALL"},
        }
        client.create_table(
            TableName="journal",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in names],
            KeySchema=key,
            GlobalSecondaryIndexes=[index],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def test_batches_transactions_and_indexes_do_what_moto_does() -> None:
    """Each with all of a real client. What they cost is above: moto does not count it by AWS's rules."""
    own = boto3.client("dynamodb", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    wire(own, tables())
    new = {"ConditionExpression": "attribute_not_exists(pkey) AND attribute_not_exists(skey)"}
    set_version = {
        "TableName": "journal",
        "Key": key_of(entry(1)),
        "UpdateExpression": "SET #v=:after, #s = :s",
        "ConditionExpression": "#v = :before",
        "ExpressionAttributeNames": {"#v": "version", "#s": "seq_nr"},
        "ExpressionAttributeValues": {":before": {"N": "1"}, ":after": {"N": "2"}, ":s": {"N": "9"}},
    }
    put = {"Put": {"TableName": "journal", "Item": entry(3, version={"N": "1"}), **new}}
    read = {
        "TableName": "journal",
        "IndexName": "all",
        "KeyConditionExpression": "#aid = :aid AND #seq_nr >= :seq_nr",
        "ExpressionAttributeNames": {"#aid": "aid", "#seq_nr": "seq_nr"},
        "ExpressionAttributeValues": {":aid": {"S": "a"}, ":seq_nr": {"N": "2"}},
    }
    writes = [{"PutRequest": {"Item": entry(number, version={"N": "1"})}} for number in (1, 2)]
    calls: list[tuple[str, dict[str, Any]]] = [
        ("batch_write_item", {"RequestItems": {"journal": writes}}),
        ("query", read),
        ("transact_write_items", {"TransactItems": [{"Update": set_version}, put]}),
        ("query", read),
        ("transact_write_items", {"TransactItems": [{"Update": set_version}, put]}),  # both conditions fail
        ("query", read),
        ("get_item", {"TableName": "journal", "Key": key_of(entry(1)), "ConsistentRead": True}),
    ]
    outcomes = [outcome(own, *call) for call in calls]  # before moto starts, which hears what any client sends
    with moto() as client:
        assert outcomes == [outcome(client, *call) for call in calls]


@given(st.lists(st.integers(1, 20), min_size=1, max_size=5), st.sampled_from(TROUBLES))
def test_a_stream_has_each_event_at_most_as_late_and_as_often_as_its_name_says(
    lengths: list[int], trouble: Trouble
) -> None:
    histories = [history(account, range(length)) for account, length in enumerate(lengths)]
    stream = troubled(histories, trouble)
    for account, events_of_it in enumerate(histories):
        ids = [event["EventId"] for event in events_of_it]
        arriving = [event["EventId"] for event in stream if event["DomainId"] == events_of_it[0]["DomainId"]]
        times = Counter(arriving)
        assert sum(times.values()) == len(ids) + (-(-len(ids) // 10) if trouble.twice else 0), account
        assert times.keys() == set(ids)
        if not trouble.late:
            assert list(dict.fromkeys(arriving)) == ids
        else:
            places = {event_id: place for place, event_id in enumerate(dict.fromkeys(arriving))}
            assert all(abs(places[event_id] - place) <= 5 for place, event_id in enumerate(ids))


def test_the_right_state_is_the_fold_in_the_order_of_time() -> None:
    first, second, third = history(0, range(3))
    assert right_state([third, first, second]) == {"Balance": 1 + 2 + 3, "Entries": 3, "Last": third["EventId"]}


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return measured([THIS_PROJECT, THIS_PROJECT_DECIDED, GET_APPLY_PUT], TINY, lambda _: None)


class TestMeasured:
    """This pipeline, its decisions and the handler without guards, through TLS, in processes of their own."""

    def test_the_calls_and_units_of_a_single_event(self, results: list[Result]) -> None:
        own, decided, other = (result.alone[10] for result in results)
        assert (own.used, own.number) == (Used({"PutItem": 2 * 2, "GetItem": 2}, wcu=4, rcu=2), 2)
        calls = {"GetItem": 2, "Query": 2, "TransactWriteItems": 2}
        assert (decided.used, decided.number) == (Used(calls, wcu=2 * 2 * 2, rcu=2 * 2), 2)
        assert (other.used, other.number) == (Used({"GetItem": 2, "PutItem": 2}, wcu=2, rcu=1), 2)

    def test_full_batches(self, results: list[Result]) -> None:
        own, *others = (result.full for result in results)
        assert own is not None
        assert own.used.calls == {"PutItem": 100 + 10, "BatchGetItem": 1}
        assert others == [None, None]

    def test_cpu_time_is_measured(self, results: list[Result]) -> None:
        assert all(result.alone[10].seconds > 0 and result.reads[12].cost.seconds > 0 for result in results)

    def test_the_pipeline_is_right_and_the_handler_without_guards_is_not(self, results: list[Result]) -> None:
        own, _, other = results
        assert own.is_right()
        assert not other.is_right()
        in_order, _, twice, _ = (other.wrong[trouble] for trouble in TROUBLES)
        assert (in_order, twice) == (0, TINY.objects)
        assert (other.pairs, own.pairs) == (Pairs(lost=1, errors=0), Pairs(lost=0, errors=0))

    def test_a_decision_recognizes_a_repeated_event_and_gives_late_events_the_order_of_arrival(
        self, results: list[Result]
    ) -> None:
        _, decided, other = results
        late = other.wrong[TROUBLES[1]]  # this handler has the order of arrival as well
        assert late > 0
        assert [decided.wrong[trouble] for trouble in TROUBLES] == [0, late, 0, late]

    def test_of_two_decisions_at_once_none_is_lost_and_none_fails(self, results: list[Result]) -> None:
        assert results[1].pairs == Pairs(lost=0, errors=0)

    def test_the_project_function_rebuilds_decided_events(self, results: list[Result]) -> None:
        own, decided = (result.rebuild for result in results[:2])
        assert own is not None
        assert decided is not None
        assert decided.right
        assert decided.cost.used.calls == own.cost.used.calls

    def test_the_state_after_a_history_is_compared_with_the_fold(self, results: list[Result]) -> None:
        assert all(read.right for result in results for read in result.reads.values())

    def test_the_page_has_all_of_them_and_says_who_is_missing_and_where_this_project_loses(
        self, results: list[Result]
    ) -> None:
        castore = next(each for each in ALL if each.name == "castore")
        text = page(results, {castore: "npm is not installed"}, TINY)
        assert "- castore was not measured: npm is not installed." in text
        of_the_pipeline, of_a_decision = text.partition("## Where a decision loses")[::2]
        assert "- Write units of a single event: 2. Less: get-apply-put 1." in of_the_pipeline
        assert "- Write units of a single event: 4. Less: get-apply-put 1." in of_a_decision
        assert re.findall(r"^## (.*)$", PAGE, re.MULTILINE) == re.findall(r"^## (.*)$", text, re.MULTILINE)


def result_with(name: str, *, rcu: float, right: bool) -> Result:
    cost = Cost(Used({}, 1, rcu), 1, 0.001)
    result = Result(replace(GET_APPLY_PUT, name=name), {}, rebuild=Read(cost, right))
    result.alone = {10: cost, TINY.long_history: cost}
    result.reads = dict.fromkeys(TINY.histories, Read(cost, right))
    return result


def test_only_who_is_right_can_be_better() -> None:
    own, better, wrong = (
        result_with("own", rcu=5, right=True),
        result_with("better", rcu=2, right=True),
        result_with("wrong", rcu=1, right=False),
    )
    found = [line for line in losses(own, [better, wrong], TINY) if "12 events" in line]
    assert found == [
        "Read units of the state after 12 events: 5. Less: better 2.",
        "Read units of a rebuild of 12 events: 5. Less: better 2.",
    ]
    assert list(losses(result_with("own", rcu=1, right=True), [better], TINY)) == []


def test_what_is_not_installed_is_named() -> None:
    assert THIS_PROJECT.missing() == ""
    there = replace(GET_APPLY_PUT, needs=REPOSITORY / ".venv-nothing")
    assert there.missing().startswith(".venv-nothing is not there")
    assert replace(GET_APPLY_PUT, command=("no-such-program",)).missing() == "no-such-program is not installed"


def test_of_two_decisions_at_once_the_second_is_made_again() -> None:
    first, *pair = history(0, range(3))
    decided = THIS_PROJECT_DECIDED
    with decided.started() as driver, decided.second(driver) as other, ThreadPoolExecutor(2) as threads:
        driver.deliver([first])
        driver.used()
        driver.hold_two_writes()
        list(threads.map(lambda writer, event: writer.deliver([event]), (driver, other), pair))
        assert driver.used().calls == {"GetItem": 3, "Query": 3, "TransactWriteItems": 3}
        assert driver.state(first["DomainId"])[0]["Entries"] == 3


def test_an_error_of_a_driver_is_not_taken_for_a_result() -> None:
    with GET_APPLY_PUT.started() as driver, pytest.raises(DriverError, match="KeyError"):
        driver.deliver([{}])


class TestThePage:
    """docs/explanation/compared-with-peers.md has a result, and what the command says about it."""

    @pytest.mark.parametrize(
        "paragraph",
        [each for text in (UNFAIR, LOSSES, DECISION_LOSSES) for each in paragraphs(text)],
        ids=lambda text: text[:30],
    )
    def test_it_has_what_is_unfair_and_what_is_lost(self, paragraph: str) -> None:
        assert paragraph in " ".join(PAGE.split())

    @pytest.mark.parametrize("compared", ALL, ids=lambda compared: compared.name)
    def test_it_has_each_of_them_in_each_table(self, compared: Any) -> None:
        assert PAGE.count(f"\n| {compared.name} ") == 8

    def test_the_readme_names_its_best_and_worst_line(self) -> None:
        readme = " ".join((REPOSITORY / "README.md").read_text().split())
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.splitlines() if line.startswith("|")]
        summary = {row[0]: row for row in rows if len(row) == 9}
        own, others = summary["this project"], [summary[each.name] for each in ALL[2:]]
        assert own[5] == "0 of 40"
        assert {other[5] for other in others} == {"40 of 40"}
        assert "no wrong state among 40 objects, and 40 with each of the others" in readme
        mine, castores = (float(row[7].split()[2]) for row in (own, summary["castore"]))
        assert f"{mine / castores:.1f} times the CPU time of castore for 10,000 events" in readme

    def test_its_versions_are_the_pinned_ones(self) -> None:
        pinned = json.loads((PEERS / "package.json").read_text())["dependencies"]
        pinned |= dict(re.findall(r"^([\w-]+)==(\S+)", (PEERS / "requirements.txt").read_text(), re.MULTILINE))
        found = re.findall(r"(@?[\w/-]*(?:castore|event|client)[\w/-]*) (\d[\w.]*)", PAGE.partition("## Versions")[2])
        assert len(found) >= 8
        assert {name: pinned[name] for name, _ in found} == dict(found)


def test_the_lock_has_hashes_and_names_no_registry() -> None:
    packages = json.loads((PEERS / "package-lock.json").read_text())["packages"]
    assert [name for name, each in packages.items() if name and "integrity" not in each] == []
    assert [name for name, each in packages.items() if "resolved" in each] == []
