"""Reads the items in DynamoDB's replies, in place of botocore's parser.

botocore's parser builds every value again by the service's model. That takes ten times as long as reading the JSON, and
was most of the time of a rebuild. The reply and the result have one form, except for binary values, which are base64
text in the reply and bytes in the result. Everything else about a call stays botocore's: signature, retries, errors,
and the check of the reply's checksum.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any, Final

from ..values.attribute_value import Item
from ..values.collector import collector_paused

_ITEMS_OF: Final[Mapping[str, Callable[[Mapping[str, Any]], Iterable[Item]]]] = {
    "GetItem": lambda reply: [reply["Item"]] if "Item" in reply else (),
    "BatchGetItem": lambda reply: chain.from_iterable(reply["Responses"].values()),
    "Query": lambda reply: reply["Items"],
}
"""The items in the replies to each operation. The other parts of these replies hold keys, and no key is binary."""

_MAY_BE_BINARY: Final = ('"B"', '"BS"', "\\u00")
"""A reply without any of these has no binary value: JSON may write the name B in two ways."""


def read_items(
    operation_model: Any, response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    """Handle botocore's event `before-parse`: read a reply with items, and leave nothing of it for botocore's parser.

    botocore's parser gets any reply that is not as expected, so that it reports what is wrong with it.

    Args:
        operation_model: the operation.
        response_dict: the reply.
        customized_response_dict: what botocore adds to the result of its parser.
    """
    items_of = _ITEMS_OF.get(operation_model.name)
    if items_of is None or response_dict["status_code"] != 200:
        return
    try:
        text = response_dict["body"].decode()
        with collector_paused():  # a page of 1 MB has a hundred thousand objects, and none of them is garbage
            reply = json.loads(text)
        items = items_of(reply)
        if any(mark in text for mark in _MAY_BE_BINARY):
            for item in items:
                _read_binary(item.values())
    except (AttributeError, KeyError, TypeError, ValueError):
        return
    customized_response_dict.update(reply)
    response_dict["body"] = b"{}"


def _read_binary(attributes: Iterable[dict[str, Any]]) -> None:
    """Replace the base64 text of all binary values by their bytes."""
    for attribute in attributes:
        for kind, value in attribute.items():
            match kind:
                case "M":
                    _read_binary(value.values())
                case "L":
                    _read_binary(value)
                case "B":
                    attribute[kind] = base64.b64decode(value)
                case "BS":
                    attribute[kind] = [base64.b64decode(element) for element in value]
