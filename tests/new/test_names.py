"""Guarantee: names that the pipeline takes work in the generated code, or are refused with the rule."""

import pytest

from cp_event_source.inputs.arguments import MAX_NAME_LENGTH
from cp_event_source.layer.domain_python_layer import MAX_LAYER_NAME_LENGTH
from cp_event_source.new.names import MAX_IDENTIFIER_LENGTH, BadNames, names_of


@pytest.mark.parametrize(
    ("domain", "pascal", "snake", "kebab"),
    [
        ("File", "File", "file", "file"),
        ("PurchaseOrder", "PurchaseOrder", "purchase_order", "purchase-order"),
        ("Purchase Order", "PurchaseOrder", "purchase_order", "purchase-order"),
        ("Order-Item", "OrderItem", "order_item", "order-item"),
        ("HTTPServer2", "HTTPServer2", "http_server2", "http-server2"),
        ("B2B", "B2B", "b2_b", "b2-b"),
        ("class", "Class", "class", "class"),
        ("@acme/orders=v1", "AcmeOrdersV1", "acme_orders_v1", "acme-orders-v1"),
    ],
)
def test_a_domain_has_names_in_python_and_in_pulumi(domain: str, pascal: str, snake: str, kebab: str) -> None:
    names = names_of(domain)
    assert (names.domain, names.pascal, names.snake, names.kebab) == (domain, pascal, snake, kebab)


def test_without_events_a_domain_gets_three_that_show_a_fold() -> None:
    assert names_of("Purchase Order").events == (
        "PurchaseOrderCreated",
        "PurchaseOrderRenamed",
        "PurchaseOrderClosed",
    )


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ("OrderShipped", "SHIPPED"),
        ("PaymentReceived", "PAYMENT_RECEIVED"),
        ("order.paid", "ORDER_PAID"),
        ("Order", "ORDER"),
        ("Überwiesen", "ÜBERWIESEN"),
        ("!", "!"),
        ("OrderRenamed", None),
    ],
)
def test_an_event_says_what_the_object_has_become(event: str, status: str | None) -> None:
    assert names_of("Order", ["OrderPlaced", event]).status_after(event) == status


def test_the_unknown_event_of_the_tests_is_unknown() -> None:
    names = names_of("File", ["FileArchived", "FileArchivedAgain"])
    assert names.unknown_event() not in names.events


@pytest.mark.parametrize(
    ("domain", "events", "message"),
    [
        ("", [], "--domain: must not be blank; got ''"),
        (" File", [], "--domain: must consist of ASCII letters"),
        ("Dokümente", [], "--domain: must consist of ASCII letters"),
        ("Fi\nle", [], "--domain: must consist of ASCII letters"),
        ('Fi"le', [], "--domain: must consist of ASCII letters"),
        ("3D Model", [], "--domain: must begin with a letter, since a class and a folder are named after it; got '3D"),
        ("---", [], "--domain: must begin with a letter"),
        ("F" * 41, [], "--domain: must have at most 40 characters here, since resources are named after it; got 41"),
        ("Ab" * 20, [], "got 59 ('ab-ab-"),
        ("File", [""], "--event: EventName: must be a non-empty string"),
        ("File", ["e" * 257], "--event: EventName: must be at most 256 bytes of UTF-8"),
        ("File", ["\udc80"], "--event: EventName: must be Unicode text"),
        ("File", ["A", "B", "A"], "--event: must name each event once; got 'A' 2 times"),
    ],
)
def test_a_name_that_cannot_work_is_refused_with_the_rule(domain: str, events: list[str], message: str) -> None:
    with pytest.raises(BadNames, match=r"^--") as refused:
        names_of(domain, events)
    assert message in str(refused.value)


def test_all_bad_names_are_reported_at_once() -> None:
    with pytest.raises(BadNames) as refused:
        names_of("3D", ["", "A", "A"])
    assert [line.split(" must")[0] for line in str(refused.value).splitlines()] == [
        "--domain:",
        "--event: EventName:",
        "--event:",
    ]


def test_the_longest_name_is_one_that_the_component_and_the_layer_take() -> None:
    longest = names_of("F" * MAX_IDENTIFIER_LENGTH).kebab
    assert len(longest) <= MAX_NAME_LENGTH
    assert len(f"{longest}-domain") <= MAX_LAYER_NAME_LENGTH
