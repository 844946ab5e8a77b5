"""Elements in batches, so that memory holds one at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batches(elements: Iterable[T], size: int) -> Iterator[list[T]]:
    """The elements in their order, `size` at a time; the last batch may have fewer. It reads no further than asked."""
    left = iter(elements)
    while some := list(islice(left, size)):
        yield some
