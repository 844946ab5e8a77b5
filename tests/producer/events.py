"""Events for the tests, and payloads of every kind that a producer may pass."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from cp_event_source.producer import DomainEvent


def an_event(payload: Any = None, **fields: Any) -> DomainEvent:
    """A FileUploaded event of the file `f`."""
    given = {"domain_name": "File", "domain_id": "f", "event_name": "FileUploaded", "user_id": "ada"} | fields
    return DomainEvent(payload=payload, **given)


def detail_of(event: DomainEvent) -> dict[str, Any]:
    """The event's detail, read by the standard parser with numbers as decimals."""
    detail = json.loads(event.detail, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_json)
    assert isinstance(detail, dict)
    return detail


def _no_json(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


texts = st.text(st.characters())  # including lone surrogates
numbers = st.one_of(
    st.integers(),
    st.integers(-(10**38), 10**38),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.builds(Decimal, st.from_regex(r"-?[0-9]{1,60}\.[0-9]{1,60}(E[+-]?[0-9]{1,4})?", fullmatch=True)),
)
payloads: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), texts, numbers),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple), st.dictionaries(texts, inner, max_size=4)
    ),
    max_leaves=20,
)
