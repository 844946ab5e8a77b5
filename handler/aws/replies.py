"""Reads the items in DynamoDB's replies, in place of botocore's parser.

botocore's parser builds every value again by the service's model. That takes ten times as long as reading the JSON, and
was most of the time of a rebuild. An item in the reply and in the result have one form, except for binary values, which
are base64 text in the reply and bytes in the result, and for nulls, which botocore drops. Everything else about a call
stays botocore's: the other parts of the reply, signature, retries, errors, and the check of the reply's checksum.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any, Final

from ..values.attribute_value import Item
from ..values.collector import collector_paused

_ITEMS_OF: Final[Mapping[str, tuple[str, Callable[[Any], Iterable[Item]]]]] = {
    "GetItem": ("Item", lambda item: [item]),
    "BatchGetItem": ("Responses", lambda tables: chain.from_iterable(tables.values())),
    "Query": ("Items", lambda items: items),
}
"""The part of the replies to each operation that has items, and the items in it."""

_MAY_DIFFER: Final = ('"B"', '"BS"', "\\u00", "null")
"""A reply without any of these has no binary value and no null: JSON may write the name B in two ways."""


def read_items(
    operation_model: Any, response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    """Handle botocore's event `before-parse`: read a reply's items, and leave the rest of it for botocore's parser.

    botocore's parser gets the whole of any reply that is not as expected. It knows what is wrong, and what to drop.

    Args:
        operation_model: the operation.
        response_dict: the reply.
        customized_response_dict: what botocore adds to the result of its parser.
    """
    if operation_model.name not in _ITEMS_OF or response_dict["status_code"] != 200:
        return
    name, items_of = _ITEMS_OF[operation_model.name]
    try:
        text = response_dict["body"].decode()
        with collector_paused():  # a page of 1 MB has a hundred thousand objects, and none of them is garbage
            reply = json.loads(text)
        part = reply.pop(name)
        if any(mark in text for mark in _MAY_DIFFER):
            for item in items_of(part):
                _read_binary(item.values())
    except (AttributeError, KeyError, TypeError, ValueError):
        return
    customized_response_dict[name] = part
    response_dict["body"] = json.dumps(reply).encode()


def _read_binary(attributes: Iterable[dict[str, Any]]) -> None:
    """Replace the base64 text of all binary values by their bytes. Raises TypeError at a null."""
    for attribute in attributes:
        for kind, value in attribute.items():
            if value is None:
                raise TypeError(kind)
            match kind:
                case "M":
                    _read_binary(value.values())
                case "L":
                    _read_binary(value)
                case "B":
                    attribute[kind] = base64.b64decode(value)
                case "BS":
                    attribute[kind] = [base64.b64decode(element) for element in value]
