"""Arbitrary JSON and arbitrary events, from ordinary to hostile."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from cp_event_source.handler.events.domain_event import DomainEvent
from cp_event_source.handler.events.event_time import instant
from cp_event_source.handler.values import exact_json


def decimal_of(coefficient: int, exponent: int) -> Decimal:
    """coefficient * 10**exponent, with exactly these digits (1.0 stays 1.0), whatever the decimal context."""
    return Decimal(f"{coefficient}E{exponent}")


decimals = st.builds(
    decimal_of,
    st.integers(-1_000, 1_000) | st.integers(-(10**40), 10**40),
    st.integers(-4, 4) | st.integers(-200, 200),
)
numbers = st.integers() | st.integers(-(10**140), 10**140) | decimals

texts = st.text(max_size=12) | st.text(st.characters(), max_size=6)
"""Lone surrogates among them: JSON can spell them."""

json_texts_of_numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,45})(\.[0-9]{1,45})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)


def _read(text: str) -> Any:
    return exact_json.loads(text)


scalars = st.none() | st.booleans() | json_texts_of_numbers.map(_read) | texts

json_values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
"""What `exact_json.loads` gives back."""

json_texts = st.one_of(
    json_values.map(lambda value: exact_json.dumps(value)),
    st.text(st.sampled_from('{}[]:,"\\ \n\t01.eE+-truefalsn/u'), max_size=20),
    st.lists(st.sampled_from(["{", "}", "[", "]", ":", ",", '"a"', "1", "-0.5", "null", " ", "\r\n"]), max_size=12).map(
        "".join
    ),
)
"""JSON, nearly JSON, and what only looks like it."""

identifiers = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@st.composite
def events(draw: st.DrawFn, payloads: st.SearchStrategy[Any] = json_values) -> DomainEvent:
    """A domain event that keeps the contract."""
    time = draw(st.datetimes()).isoformat()
    return DomainEvent(
        domain_id=draw(identifiers),
        event_time=time,
        instant=instant(time),
        event_id=draw(identifiers),
        user_id=draw(identifiers),
        event_type="DOMAIN",
        event_name=draw(identifiers),
        domain_name=draw(identifiers),
        version=draw(st.integers(-(10**38) + 1, 10**38 - 1)),
        payload=draw(payloads),
        correlation_id=draw(st.none() | identifiers),
        ip_address=draw(st.none() | identifiers),
        extensions=draw(st.dictionaries(texts, payloads, max_size=3)),
    )


invalid_attributes = st.recursive(
    st.one_of(
        st.text(max_size=3).map(lambda text: {"S": text}),
        st.sampled_from(("-1", "0", "1.5", "1E+2")).map(lambda number: {"N": number}),
        st.binary(max_size=3).map(lambda value: {"B": value}),
        st.sampled_from(({"NULL": True}, {"BOOL": False}, {"SS": ["a"]}, {"NS": ["1"]})),
    ),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda values: {"L": values})
        | st.dictionaries(st.sampled_from(("EventKey", "Until", "Marks", "S")), inner, max_size=2).map(
            lambda members: {"M": members}
        )
    ),
    max_leaves=4,
)
"""Attribute values that a manual edit may put in place of a note."""


def attribute_values(
    texts: st.SearchStrategy[str], names: st.SearchStrategy[str], binary: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    """Attribute values with these texts, names in maps, and binary values."""
    return st.recursive(
        st.one_of(
            st.builds(lambda text: {"S": text}, texts),
            st.builds(lambda number: {"N": str(number)}, st.integers()),
            st.builds(lambda value: {"BOOL": value}, st.booleans()),
            st.just({"NULL": True}),
            st.builds(lambda value: {"B": value}, binary),
            st.builds(lambda values: {"BS": values}, st.lists(binary, min_size=1, max_size=2)),
            st.builds(lambda values: {"SS": values}, st.lists(texts, min_size=1, max_size=2)),
            st.just({"NS": ["1", "2.5"]}),
        ),
        lambda inner: (
            st.builds(lambda values: {"L": values}, st.lists(inner, max_size=3))
            | st.builds(lambda values: {"M": values}, st.dictionaries(names, inner, max_size=3))
        ),
        max_leaves=6,
    )
